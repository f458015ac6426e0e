/* SPDX-License-Identifier: MIT */
/* sim_crowd.c - scenarios about slots, and about nodes that come and go. */
#include "sim_scenario.h"

/* star: the hub never has more peers than slots; who finds none comes again. */
int sim_play_star(sim_stage *stage)
{
    devp2p_sim_node *hub = devp2p_sim_node_at(stage->sim, 0);
    size_t slots = devp2p_sim_count(stage->sim) / 2;
    int err = sim_start_all(stage);
    while (!err && !sim_over(stage)) {
        err = sim_pass(stage, 100);
        size_t n = devp2p_server_count(devp2p_sim_server(hub));
        if (n > slots)
            devp2p_sim_fail(
                stage->sim, "the hub has %zu peers and %zu slots", n, slots);
    }
    return err;
}

/* cut_one breaks the connection of a pair, if it has one, while much is queued
 * in front of a narrow link. */
static int cut_one(sim_stage *stage)
{
    size_t n = devp2p_sim_count(stage->sim);
    size_t i = sim_between(stage, 0, n - 1);
    size_t j = (i + sim_between(stage, 1, n - 1)) % n;
    devp2p_sim_node *a = devp2p_sim_node_at(stage->sim, i);
    devp2p_sim_node *b = devp2p_sim_node_at(stage->sim, j);
    return devp2p_sim_connected(a, b)
               ? sim_strike(stage, DEVP2P_SIM_RESET, a, b, 0)
               : 0;
}

/* churn: every two seconds or so a node stops, or one that stopped starts; half
 * of those that stop start again before they are gone.  In between connections
 * break. */
int sim_play_churn(sim_stage *stage)
{
    int err = sim_start_all(stage);
    while (!err && !sim_over(stage)) {
        devp2p_sim_node *node = sim_any(stage);
        bool runs = devp2p_sim_server(node) != NULL;
        if (runs)
            sim_traffic_stop(stage->traffic, node);
        if (!runs || sim_between(stage, 0, 1))
            err = devp2p_sim_start(node);
        if (!err)
            err = sim_pass(stage, sim_between(stage, 1, 4000));
        if (!err)
            err = cut_one(stage);
    }
    for (size_t i = 0; !err && i < devp2p_sim_count(stage->sim); i++) {
        devp2p_sim_node *node = devp2p_sim_node_at(stage->sim, i);
        if (!devp2p_sim_server(node))
            err = devp2p_sim_start(node);
    }
    return err;
}

/* storm: the hub is gone for up to ten seconds, three times; then all others
 * are at its door again. */
int sim_play_storm(sim_stage *stage)
{
    devp2p_sim_node *hub = devp2p_sim_node_at(stage->sim, 0);
    int err = sim_start_all(stage);
    for (int i = 0; !err && i < 3; i++) {
        int64_t away = (int64_t)sim_between(stage, 1, 10000);
        err = sim_pass(stage, stage->time_ms / 4);
        if (!err)
            err = sim_strike(stage, DEVP2P_SIM_CRASH, hub, NULL, away);
    }
    return err ? err : sim_pass(stage, stage->time_ms);
}
