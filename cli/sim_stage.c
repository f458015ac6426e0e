/* SPDX-License-Identifier: MIT */
/* sim_stage.c - a scenario from its row to its outcome. */
#include "sim_stage.h"

#include <stdio.h>

enum { WINDOW = 64 * 1024 }; /* of links that name none */
/* of a node with few connections, also when they come and go */
enum { SLOTS_ENOUGH = 64 };

/* --- what plays use --- */

int sim_start_all(sim_stage *stage)
{
    int err = 0;
    for (size_t i = 0; !err && i < devp2p_sim_count(stage->sim); i++)
        err = devp2p_sim_start(devp2p_sim_node_at(stage->sim, i));
    return err;
}

devp2p_sim_node *sim_any(sim_stage *stage)
{
    uint64_t n = devp2p_sim_count(stage->sim);
    return devp2p_sim_node_at(stage->sim, devp2p_sim_random(stage->sim, n));
}

uint64_t sim_between(sim_stage *stage, uint64_t least, uint64_t most)
{
    return least + devp2p_sim_random(stage->sim, most - least + 1);
}

/* left is how many ms of the time of the stage are left. */
static uint64_t left(const sim_stage *stage)
{
    uint64_t now = devp2p_sim_time_us(stage->sim) / 1000;
    return now < stage->time_ms ? stage->time_ms - now : 0;
}

int sim_pass(sim_stage *stage, uint64_t ms)
{
    return devp2p_sim_run(stage->sim, ms < left(stage) ? ms : left(stage));
}

bool sim_over(const sim_stage *stage)
{
    return left(stage) == 0;
}

int sim_strike(sim_stage *stage, devp2p_sim_fault_kind kind, devp2p_sim_node *a,
    devp2p_sim_node *b, int64_t amount)
{
    int err = devp2p_sim_fault(stage->sim, kind, a, b, amount);
    return err == DEVP2P_ERR_STATE ? 0 : err;
}

int sim_play_calm(sim_stage *stage)
{
    int err = sim_start_all(stage);
    return err ? err : sim_pass(stage, stage->time_ms);
}

/* --- one run --- */

/* slots is how many peers a node may have: a server makes room for as many, so
 * not all nodes of a large world have slots for all others. */
static uint32_t slots(const sim_order *order, size_t node)
{
    const sim_scenario *s = order->scenario;
    uint32_t nodes = (uint32_t)order->nodes;
    if (node == 0 && s->crowded) /* of which a third is for its own dials */
        return nodes / 2 + (nodes < 4 ? 1 : nodes / 4);
    bool all = s->topology == DEVP2P_SIM_FULL ||
               (s->topology == DEVP2P_SIM_STAR && node == 0);
    return all || nodes < SLOTS_ENOUGH ? nodes : SLOTS_ENOUGH;
}

/* populate adds the nodes and tells them of each other. */
static int populate(sim_stage *stage, const sim_order *order)
{
    const sim_scenario *s = order->scenario;
    int err = 0;
    for (size_t i = 0; !err && i < order->nodes; i++) {
        bool hub = s->crowded && i == 0; /* half of them may come */
        devp2p_config cfg = {
            .name = "simulated",
            .listen_addr = ":30303",
            .max_peers = slots(order, i),
            .io_threads = order->loops,
            .dial_ratio = hub ? 0 : DEVP2P_NONE,
            .log = order->log,
            .log_user = &stage->sim,
            .log_level = order->log_level,
        };
        err = sim_traffic_add(stage->traffic, &cfg);
    }
    return err ? err : devp2p_sim_topology(stage->sim, s->topology, s->degree);
}

/* play is a scenario from its beginning to the last goodbye. */
static int play(sim_stage *stage, const sim_order *order)
{
    int err = populate(stage, order);
    if (!err)
        err = order->scenario->play(stage);
    if (!err)
        err = sim_traffic_settle(stage->traffic);
    if (!err)
        err = sim_traffic_finish(stage->traffic);
    return err;
}

static void take_outcome(sim_outcome *out, const sim_stage *stage, int err)
{
    const char *failure = devp2p_sim_failure(stage->sim);
    out->hash = devp2p_sim_hash(stage->sim);
    out->time_us = devp2p_sim_time_us(stage->sim);
    out->sums = sim_traffic_sums(stage->traffic);
    for (int i = 0; i < DEVP2P_SIM_FAULT_KINDS; i++)
        out->faults[i] =
            devp2p_sim_fault_count(stage->sim, (devp2p_sim_fault_kind)i);
    if (failure)
        snprintf(out->failure, sizeof out->failure, "%s", failure);
    else if (err)
        snprintf(out->failure, sizeof out->failure, "it cannot be played: %s",
            devp2p_strerror(err));
}

void sim_perform(sim_outcome *out, const sim_order *order)
{
    sim_stage stage = { .seed = order->seed, .time_ms = order->time_ms };
    devp2p_sim_config how = {
        .seed = order->seed,
        .link = order->scenario->link,
        .test_crypto = order->test_crypto,
        .trace = order->trace,
        .trace_user = order->trace_user,
        .log = order->log,
        .log_user = &stage.sim,
        .log_level = order->log_level,
    };
    uint32_t window = order->scenario->link.window;
    *out = (sim_outcome){ .seed = order->seed };
    int err = devp2p_sim_new(&stage.sim, &how);
    if (!err) {
        stage.traffic = sim_traffic_new(&(sim_traffic_config){
            .sim = stage.sim,
            .nodes = order->nodes,
            .pace_ms = order->scenario->pace_ms,
            .largest = order->scenario->largest,
            .window = window ? window : WINDOW,
        });
        err = stage.traffic ? play(&stage, order) : DEVP2P_ERR_NOMEM;
    }
    if (stage.traffic)
        take_outcome(out, &stage, err);
    else
        snprintf(out->failure, sizeof out->failure, "there is no world: %s",
            devp2p_strerror(err));
    devp2p_sim_free(stage.sim);
    sim_traffic_free(stage.traffic);
}
