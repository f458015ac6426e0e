/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

#include "sim/dgram.h"
#include "sim/names.h"

/* --- events --- */

int dp_sim_event_init(
    dp_sim *sim, dp_sim_event *e, void (*fire)(dp_sim_event *e))
{
    int err = dp_timers_reserve(sim->heap, sim->events + 1);
    if (err)
        return err;
    sim->events++;
    e->timer.at = DP_NEVER;
    e->fire = fire;
    return 0;
}

void dp_sim_event_fini(dp_sim *sim, dp_sim_event *e)
{
    dp_timer_set(sim->heap, &e->timer, DP_NEVER);
    sim->events--;
}

void dp_sim_event_by(dp_sim *sim, dp_sim_event *e, uint64_t at)
{
    if (at < e->timer.at)
        dp_timer_set(sim->heap, &e->timer, at);
}

/* --- the clock --- */

static void move_clock(dp_sim *sim, uint64_t mono)
{
    if (mono > sim->now.mono)
        sim->now.mono = mono;
    sim->now.wall = dp_sim_wall(sim->now.mono);
}

bool dp_sim_step(dp_sim *sim)
{
    uint64_t at = dp_timers_first(sim->heap);
    dp_assert(!sim->loop && !sim->holder);
    if (at == DP_NEVER)
        return false;
    move_clock(sim, at);
    dp_timer *t = dp_timers_due(sim->heap, sim->now.mono);
    dp_sim_event *e = dp_of(t, dp_sim_event, timer);
    e->fire(e);
    return true;
}

bool dp_sim_run(
    dp_sim *sim, uint64_t until, bool (*done)(void *user), void *user)
{
    for (;;) {
        if (done && done(user))
            return true;
        uint64_t at = dp_timers_first(sim->heap);
        if (at == DP_NEVER || at > until)
            break;
        dp_sim_step(sim);
    }
    if (until != DP_NEVER)
        move_clock(sim, until);
    return false;
}

void dp_sim_must(dp_sim *sim, const char *waits_for)
{
    if (dp_sim_step(sim))
        return;
    dp_log(&sim->setup.env, DEVP2P_LOG_ERROR, "sim",
        "deadlock: nothing is left to happen while a thread waits for %s",
        waits_for);
    dp_assert(false);
}

dp_now dp_sim_now(const dp_sim *sim)
{
    return sim->now;
}

void dp_sim_latch(dp_sim *sim, bool shut)
{
    sim->latched = shut;
    for (dp_link *k = dp_list_first(&sim->nodes); k;
         k = dp_list_next(&sim->nodes, k))
        dp_sim_node_latch(dp_of(k, dp_node, link));
}

/* --- life --- */

int dp_sim_new(dp_sim **out, const dp_sim_setup *setup)
{
    dp_sim *sim = dp_alloc(&setup->env, sizeof *sim);
    if (!sim)
        return DEVP2P_ERR_NOMEM;
    sim->setup = *setup;
    int err = dp_timers_new(&sim->heap, &sim->setup.env);
    if (err) {
        dp_free(&setup->env, sim, sizeof *sim);
        return err;
    }
    move_clock(sim, DP_SIM_START);
    dp_chance_init(&sim->chance, setup->seed, 0);
    dp_list_init(&sim->nodes);
    dp_list_init(&sim->conns);
    dp_list_init(&sim->widows);
    sim->hosts.key = dp_sim_host_key;
    sim->hosts.key_len = DP_HOST_KEY;
    sim->pairs.key = dp_sim_pair_key;
    sim->pairs.key_len = DP_PAIR_KEY;
    dp_sim_pair_init(&sim->nowhere, sim);
    dp_list_init(&sim->flights);
    dp_list_init(&sim->nats);
    dp_list_init(&sim->names);
    dp_assert(pthread_mutex_init(&sim->mutex, NULL) == 0);
    dp_assert(pthread_cond_init(&sim->back, NULL) == 0);
    *out = sim;
    return 0;
}

void dp_sim_free(dp_sim *sim)
{
    if (!sim)
        return;
    dp_assert(dp_list_empty(&sim->nodes));
    for (dp_link *k; (k = dp_list_first(&sim->conns));)
        dp_sim_conn_free(dp_of(k, dp_conn, link));
    dp_index_free(&sim->pairs);
    dp_index_free(&sim->hosts);
    dp_sim_flights_free(sim);
    dp_sim_names_free(sim);
    dp_timers_free(sim->heap);
    pthread_cond_destroy(&sim->back);
    pthread_mutex_destroy(&sim->mutex);
    dp_env env = sim->setup.env;
    dp_free(&env, sim, sizeof *sim);
}
