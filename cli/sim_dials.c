/* SPDX-License-Identifier: MIT */
/* sim_dials.c - simultaneous dials: nodes that have each other as static nodes
 * start at about the same time, on links that lose and delay, and must come to
 * one session a pair.  When the seed is odd a stranger repeats in between what
 * one of them said to another. */
#include "sim_scenario.h"

enum { APART_MS = 50, PATIENCE_MS = 10 * 1000 };

/* know_each_other: the topology has each dial all before it; this is the
 * reverse. */
static int know_each_other(sim_stage *stage)
{
    size_t n = devp2p_sim_count(stage->sim);
    int err = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; !err && j < n; j++)
            err = devp2p_sim_connect(devp2p_sim_node_at(stage->sim, i),
                devp2p_sim_node_at(stage->sim, j));
    return err;
}

/* start starts all nodes within APART_MS. */
static int start(sim_stage *stage)
{
    size_t n = devp2p_sim_count(stage->sim);
    int err = 0;
    for (size_t i = 0; !err && i < n; i++) {
        if (i > 0)
            err = sim_pass(stage, sim_between(stage, 0, APART_MS / (n - 1)));
        if (!err)
            err = devp2p_sim_start(devp2p_sim_node_at(stage->sim, i));
    }
    return err;
}

/* check: each node has one session with each other one. */
static void check(sim_stage *stage)
{
    size_t n = devp2p_sim_count(stage->sim);
    for (size_t i = 0; i < n; i++) {
        devp2p_sim_node *a = devp2p_sim_node_at(stage->sim, i);
        size_t peers = devp2p_server_count(devp2p_sim_server(a));
        if (peers != n - 1)
            devp2p_sim_fail(stage->sim, "node %zu has %zu sessions, not %zu", i,
                peers, n - 1);
        for (size_t j = i + 1; j < n; j++)
            if (!devp2p_sim_connected(a, devp2p_sim_node_at(stage->sim, j)))
                devp2p_sim_fail(stage->sim,
                    "nodes %zu and %zu dialled each other and did not meet", i,
                    j);
    }
}

int sim_play_dials(sim_stage *stage)
{
    int err = know_each_other(stage);
    if (!err)
        err = start(stage);
    if (!err && stage->seed % 2) {
        err = sim_pass(stage, sim_between(stage, 0, 2000));
        if (!err)
            err = sim_strike(stage, DEVP2P_SIM_REPLAY, sim_any(stage), NULL, 0);
    }
    if (!err)
        err = devp2p_sim_run(stage->sim, PATIENCE_MS);
    if (!err)
        check(stage);
    return err ? err : sim_pass(stage, stage->time_ms);
}
