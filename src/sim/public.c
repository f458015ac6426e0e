/* SPDX-License-Identifier: MIT */
#include "sim/public.h"

#include "base/import.h"
#include "server/join.h"
#include "server/server.h"
#include "sim/check.h"
#include "sim/script.h"
#include "sim/stranger.h"
#include "sim/toy_curve.h"

#include <stdarg.h>
#include <stdio.h>

/* Streams of chance beside those of the world's nodes. */
enum { SCENARIO_STREAM = 1, FATE_STREAM = 2 };
#define OWN_STREAMS (UINT64_C(1) << 32)

#define PPM     1000000
#define LOOK_NS (50 * DP_MS)  /* how often settle looks */
#define DIAL_NS (10 * DP_SEC) /* a dial that is due has come to something */

/* --- life --- */

static int check_link(const devp2p_sim_link *l)
{
    if (l->loss_ppm > PPM || l->duplicate_ppm > PPM || l->reorder_ppm > PPM ||
        l->corrupt_ppm > PPM)
        return dp_fail(DEVP2P_ERR_INVALID,
            "link: a chance is not from 0 to 1,000,000 parts of a million");
    return 0;
}

static int fate_random(void *user, void *out, size_t len)
{
    dp_chance_fill(user, out, len);
    return 0;
}

static void make_lists(devp2p_sim *sim)
{
    dp_list_init(&sim->ending);
    dp_list_init(&sim->strangers);
    dp_list_init(&sim->scripts);
    dp_list_init(&sim->plans);
}

static int make(devp2p_sim *sim, const devp2p_sim_config *cfg)
{
    sim->env = (dp_env){ .alloc = dp_default_alloc,
        .random = fate_random,
        .random_user = &sim->fate,
        .log = cfg->log,
        .log_user = cfg->log_user,
        .log_level = cfg->log_level };
    dp_sim_setup setup = { .seed = cfg->seed,
        .link = cfg->link,
        .trace = cfg->trace,
        .trace_user = cfg->trace_user,
        .env = sim->env };

    make_lists(sim);
    dp_sim_index_init(sim);
    sim->curve = cfg->test_crypto ? &dp_toy_curve : NULL;
    dp_chance_init(&sim->chance, cfg->seed, OWN_STREAMS + SCENARIO_STREAM);
    dp_chance_init(&sim->fate, cfg->seed, OWN_STREAMS + FATE_STREAM);
    int err = dp_sim_new(&sim->world, &setup);
    return err ? err : dp_crypto_new(&sim->crypto, &sim->env, sim->curve);
}

int devp2p_sim_new_sized(
    devp2p_sim **out, const devp2p_sim_config *theirs, size_t config_size)
{
    const dp_env env = { .alloc = dp_default_alloc };
    devp2p_sim_config cfg = { 0 };
    int err = 0;

    *out = NULL;
    if (theirs)
        err = dp_import(&cfg, sizeof cfg, theirs, config_size,
            offsetof(devp2p_sim_config, test_crypto), "devp2p_sim_config");
    if (!err)
        err = check_link(&cfg.link);
    if (err)
        return err;
    devp2p_sim *sim = dp_alloc(&env, sizeof *sim);
    if (!sim)
        return dp_fail_plain(DEVP2P_ERR_NOMEM);
    err = make(sim, &cfg);
    if (err) {
        devp2p_sim_free(sim);
        return dp_fail_plain(err);
    }
    *out = sim;
    return 0;
}

/* leave lets all lives end, so that their memory can be given back. */
static void leave(devp2p_sim *sim)
{
    dp_sim_plans_free(sim);
    dp_scripts_end(sim);
    for (size_t i = 0; i < sim->nnodes; i++)
        dp_lifetime_end(sim->nodes[i], false);
    dp_strangers_end(sim);
    while (sim->world->running)
        dp_assert(dp_sim_step(sim->world));
    dp_lifetimes_bury(sim);
    dp_strangers_bury(sim);
}

void devp2p_sim_free(devp2p_sim *sim)
{
    if (!sim)
        return;
    if (sim->world)
        leave(sim);
    dp_scripts_free(sim);
    for (size_t i = 0; i < sim->nnodes; i++)
        dp_sim_node_free(sim->nodes[i]);
    dp_free(&sim->env, sim->nodes, sim->nnodes * sizeof(devp2p_sim_node *));
    dp_index_free(&sim->ids);
    dp_index_free(&sim->ips);
    dp_free(&sim->env, sim->links, sim->nlinks * sizeof *sim->links);
    dp_crypto_free(sim->crypto);
    dp_sim_free(sim->world);
    dp_env env = sim->env;
    dp_free(&env, sim, sizeof *sim);
}

void *dp_sim_longer(const dp_env *env, void *array, size_t n, size_t size)
{
    uint8_t *longer = dp_resize(env, array, n * size, (n + 1) * size);

    if (longer)
        memset(longer + n * size, 0, size);
    return longer;
}

/* --- time --- */

/* A wait is what ends a stretch of time. */
typedef struct wait {
    devp2p_sim *sim;
    devp2p_sim_done_fn *done;
    void *user;
    size_t running; /* worlds, when the ended ones were buried last */
} wait;

static bool over(void *user)
{
    wait *w = user;

    if (w->running != w->sim->world->running) {
        dp_lifetimes_bury(w->sim);
        dp_strangers_bury(w->sim);
        w->running = w->sim->world->running;
    }
    return w->sim->failure[0] || (w->done && w->done(w->user));
}

static int failed(const devp2p_sim *sim)
{
    return sim->failure[0] ? dp_fail(DEVP2P_ERR_CHECK, "%s", sim->failure) : 0;
}

/* pass lets time pass: 0 when done, ERR_TIMEOUT, ERR_CHECK. */
static int pass(
    devp2p_sim *sim, uint64_t ns, devp2p_sim_done_fn *done, void *user)
{
    wait w = { sim, done, user, SIZE_MAX };
    dp_now now = dp_sim_now(sim->world);
    bool early = dp_sim_run(sim->world, dp_after(now, ns), over, &w);
    int err = failed(sim);

    if (err)
        return err;
    return early ? 0 : dp_fail(DEVP2P_ERR_TIMEOUT, "the time is over");
}

/* in_ns turns milliseconds into what the world counts in. */
static uint64_t in_ns(uint64_t time_ms)
{
    return time_ms > DP_NEVER / DP_MS ? DP_NEVER : time_ms * DP_MS;
}

int devp2p_sim_run(devp2p_sim *sim, uint64_t time_ms)
{
    int err = pass(sim, in_ns(time_ms), NULL, NULL);

    return err == DEVP2P_ERR_TIMEOUT ? 0 : err;
}

int devp2p_sim_run_until(
    devp2p_sim *sim, uint64_t time_ms, devp2p_sim_done_fn *done, void *user)
{
    return pass(sim, in_ns(time_ms), done, user);
}

uint64_t devp2p_sim_time_us(const devp2p_sim *sim)
{
    return (dp_sim_mono(sim) - DP_SIM_START) / DP_US;
}

static void run_then(dp_plan *plan)
{
    plan->then(plan->sim, plan->user);
}

int devp2p_sim_after(
    devp2p_sim *sim, uint64_t time_ms, devp2p_sim_then_fn *then, void *user)
{
    dp_plan plan = { .run = run_then, .then = then, .user = user };

    return dp_sim_plan(sim, in_ns(time_ms), &plan);
}

uint64_t devp2p_sim_random(devp2p_sim *sim, uint64_t bound)
{
    return dp_chance_below(&sim->chance, bound);
}

uint64_t devp2p_sim_hash(const devp2p_sim *sim)
{
    return dp_sim_trace(sim->world);
}

/* --- links --- */

static int apply(const dp_own_link *l)
{
    if (!l->a->life || !l->b->life)
        return 0; /* it will, when both do */
    return dp_sim_set_link(
        l->a->sim->world, l->a->life->world, l->b->life->world, &l->link);
}

int dp_links_apply(devp2p_sim_node *node)
{
    const devp2p_sim *sim = node->sim;
    int err = 0;

    for (size_t i = 0; i < sim->nlinks && !err; i++)
        if (sim->links[i].a == node || sim->links[i].b == node)
            err = apply(&sim->links[i]);
    return err;
}

/* own_link finds the link of a pair, or makes one: NULL without memory. */
static dp_own_link *own_link(devp2p_sim_node *a, devp2p_sim_node *b)
{
    devp2p_sim *sim = a->sim;

    for (size_t i = 0; i < sim->nlinks; i++) {
        dp_own_link *l = &sim->links[i];
        if ((l->a == a && l->b == b) || (l->a == b && l->b == a))
            return l;
    }
    dp_own_link *links =
        dp_sim_longer(&sim->env, sim->links, sim->nlinks, sizeof *links);
    if (!links)
        return NULL;
    sim->links = links;
    links[sim->nlinks].a = a;
    links[sim->nlinks].b = b;
    return &links[sim->nlinks++];
}

int devp2p_sim_set_link(
    devp2p_sim_node *a, devp2p_sim_node *b, const devp2p_sim_link *link)
{
    int err = check_link(link);

    if (err)
        return err;
    dp_own_link *l = own_link(a, b);
    if (!l)
        return dp_fail_plain(DEVP2P_ERR_NOMEM);
    l->link = *link;
    return dp_fail_plain(apply(l));
}

static int check_region(unsigned region)
{
    if (region < DEVP2P_SIM_REGIONS)
        return 0;
    return dp_fail(DEVP2P_ERR_INVALID, "there are regions from 0 to %d",
        DEVP2P_SIM_REGIONS - 1);
}

int devp2p_sim_set_region(devp2p_sim_node *node, unsigned region)
{
    int err = check_region(region);

    if (err)
        return err;
    node->region = region;
    if (node->life)
        dp_sim_set_region(node->life->world, region);
    return 0;
}

int devp2p_sim_set_region_link(devp2p_sim *sim, unsigned region, unsigned other,
    const devp2p_sim_link *link)
{
    int err = check_region(region > other ? region : other);

    if (!err)
        err = check_link(link);
    if (!err)
        dp_sim_set_region_link(sim->world, region, other, link);
    return err;
}

/* --- checks --- */

void devp2p_sim_fail(devp2p_sim *sim, const char *format, ...)
{
    va_list args;
    uint64_t us = devp2p_sim_time_us(sim);

    if (sim->failure[0])
        return;
    int n = snprintf(sim->failure, sizeof sim->failure,
        "at %llu.%06llu s: ", (unsigned long long)(us / 1000000),
        (unsigned long long)(us % 1000000));
    va_start(args, format);
    vsnprintf(sim->failure + n, sizeof sim->failure - (size_t)n, format, args);
    va_end(args);
    dp_sim_say(sim->world, "check failed: %s", sim->failure);
}

const char *devp2p_sim_failure(const devp2p_sim *sim)
{
    return sim->failure[0] ? sim->failure : NULL;
}

/* room: a may dial b, and each has a slot for the other. */
static bool room(const devp2p_sim_node *a, const devp2p_sim_node *b)
{
    const dp_host *host = a->life->srv->host;

    return dp_host_dials(host) && dp_host_room(host, &b->self.id, false) &&
           dp_host_room(b->life->srv->host, &a->self.id, true);
}

/* missing finds a pair that is not connected: *a has *b as a static node.  When
 * it is late those are left out that b has made wait longer, until a dial that
 * was due then is over. */
static bool missing(const devp2p_sim *sim, bool late, const devp2p_sim_node **a,
    const devp2p_sim_node **b)
{
    for (size_t i = 0; i < sim->nnodes; i++) {
        *a = sim->nodes[i];
        for (size_t k = 0; (*a)->life && k < (*a)->nwishes; k++) {
            const dp_wish *w = &(*a)->wishes[k];
            *b = dp_sim_find(sim, &w->target.id);
            if (!*b || !(*b)->life || devp2p_sim_connected(*a, *b) ||
                !room(*a, *b))
                continue;
            if (!late || w->due + DIAL_NS < dp_server_now((*a)->life->srv).mono)
                return true;
        }
    }
    return false;
}

int devp2p_sim_settle(devp2p_sim *sim, uint64_t time_ms)
{
    const devp2p_sim_node *a = NULL, *b = NULL, *holds = NULL;
    uint64_t until = dp_after(dp_sim_now(sim->world), in_ns(time_ms));

    dp_sim_mend(sim);
    for (;;) {
        int err = pass(sim, LOOK_NS, NULL, NULL);
        if (err == DEVP2P_ERR_CHECK)
            return err;
        dp_sim_tell_again(sim);
        bool late = dp_sim_mono(sim) >= until;
        bool apart = missing(sim, late, &a, &b);
        if (apart && late)
            devp2p_sim_fail(sim, "node %zu is not connected to node %zu",
                a->number, b->number);
        if (!missing(sim, false, &a, &b) && dp_sim_idle(sim, &holds))
            return 0;
        if (late && !apart && !missing(sim, false, &a, &b))
            devp2p_sim_fail(
                sim, "node %zu still has something in a queue", holds->number);
    }
}
