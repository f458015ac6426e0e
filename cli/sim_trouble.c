/* SPDX-License-Identifier: MIT */
/* sim_trouble.c - scenarios in which something goes wrong all the time. */
#include "sim_scenario.h"

/* partition: after a quarter of the time the first half of the nodes is cut off
 * from the second, for half of the time. */
int sim_play_partition(sim_stage *stage)
{
    size_t n = devp2p_sim_count(stage->sim);
    int64_t apart = (int64_t)stage->time_ms / 2;
    int err = sim_start_all(stage);
    if (!err)
        err = sim_pass(stage, stage->time_ms / 4);
    for (size_t i = 0; i < n / 2; i++)
        for (size_t j = n / 2; !err && j < n; j++)
            err = sim_strike(stage, DEVP2P_SIM_PARTITION,
                devp2p_sim_node_at(stage->sim, i),
                devp2p_sim_node_at(stage->sim, j), apart);
    return err ? err : sim_pass(stage, stage->time_ms);
}

enum { MEET_MS = 60 * 1000 };

static bool all_at_hub(void *user)
{
    const sim_stage *stage = user;
    devp2p_sim_node *hub = devp2p_sim_node_at(stage->sim, 0);
    return devp2p_server_count(devp2p_sim_server(hub)) ==
           devp2p_sim_count(stage->sim) - 1;
}

/* flood: when all are connected to the hub of a star, up to twenty strangers a
 * second come to it with noise or with what a peer once said; it must not lose
 * a peer by that. */
int sim_play_flood(sim_stage *stage)
{
    devp2p_sim_node *hub = devp2p_sim_node_at(stage->sim, 0);
    int err = sim_start_all(stage);
    if (!err)
        err = devp2p_sim_run_until(stage->sim, MEET_MS, all_at_hub, stage);
    if (err == DEVP2P_ERR_TIMEOUT)
        devp2p_sim_fail(stage->sim, "not all nodes found the hub");
    while (!err && !sim_over(stage)) {
        bool noise = sim_between(stage, 0, 2) != 0;
        int64_t bytes = (int64_t)sim_between(stage, 0, 4096);
        err = sim_strike(stage, noise ? DEVP2P_SIM_NOISE : DEVP2P_SIM_REPLAY,
            hub, NULL, bytes);
        if (!err)
            err = sim_pass(stage, sim_between(stage, 50, 200));
        if (!err && !all_at_hub(stage))
            devp2p_sim_fail(stage->sim, "the hub lost a peer in the flood");
    }
    return err;
}

/* slow-readers: above 20 seconds a peer may give such a node up. */
int sim_play_slow_readers(sim_stage *stage)
{
    int err = sim_start_all(stage);
    while (!err && !sim_over(stage)) {
        int64_t ms = (int64_t)sim_between(stage, 1, 40000);
        err = sim_pass(stage, sim_between(stage, 1, 10000));
        if (!err)
            err = sim_strike(
                stage, DEVP2P_SIM_SLOW_READER, sim_any(stage), NULL, ms);
    }
    return err;
}

/* mixed: four regions with links of four kinds, and all faults by chance. */
int sim_play_mixed(sim_stage *stage)
{
    static const devp2p_sim_link links[] = {
        { .latency_us = 500 },
        { .latency_us = 80000, .jitter_us = 40000, .loss_ppm = 5000 },
        { .latency_us = 5000, .slice = 600, .window = 8 * 1024 },
        { .latency_us = 30000, .bytes_per_s = 256 * 1024, .loss_ppm = 500 },
    };
    enum { REGIONS = sizeof links / sizeof *links, MEAN_MS = 700 };
    uint64_t kinds = DEVP2P_SIM_BIT(DEVP2P_SIM_SERVER_FAULTS) - 1;
    int err = 0;
    for (unsigned a = 0; a < REGIONS; a++)
        for (unsigned b = 0; !err && b < REGIONS; b++)
            err = devp2p_sim_set_region_link(
                stage->sim, a, b, &links[a > b ? a : b]);
    for (size_t i = 0; !err && i < devp2p_sim_count(stage->sim); i++)
        err = devp2p_sim_set_region(devp2p_sim_node_at(stage->sim, i),
            (unsigned)sim_between(stage, 0, REGIONS - 1));
    if (!err)
        err = sim_start_all(stage);
    if (!err)
        err = devp2p_sim_chaos(stage->sim, kinds, MEAN_MS, stage->time_ms);
    return err ? err : sim_pass(stage, stage->time_ms);
}
