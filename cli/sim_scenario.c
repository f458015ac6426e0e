/* SPDX-License-Identifier: MIT */
/* sim_scenario.c - the table of scenarios. */
#include "sim_scenario.h"

#include <string.h>

#define KB 1024
#define MB (1024 * KB)

/* Links.  Losses and short reads are faults too, of every stream. */
#define LAN                                 \
    {                                       \
        .latency_us = 500, .jitter_us = 200 \
    }
#define WAN                                                           \
    {                                                                 \
        .bytes_per_s = 4 * MB, .latency_us = 30000, .jitter_us = 9000 \
    }
#define LOSSY                                                           \
    {                                                                   \
        .bytes_per_s = 1 * MB, .latency_us = 20000, .jitter_us = 20000, \
        .loss_ppm = 20000                                               \
    }
/* on which much is on its way when somebody says goodbye */
#define NARROW                                                   \
    {                                                            \
        .latency_us = 30000, .jitter_us = 9000, .window = 4 * KB \
    }
#define SLICED                                               \
    {                                                        \
        .latency_us = 2000, .jitter_us = 2000, .slice = 1400 \
    }

#define BIT(kind) DEVP2P_SIM_BIT(DEVP2P_SIM_##kind)

static const sim_scenario pair = {
    .words = "Two nodes, or a chain of more, whose reads and writes are short",
    .nodes = 2,
    .seconds = 60,
    .topology = DEVP2P_SIM_CHAIN,
    .link = SLICED,
    .faults = BIT(SHORT_IO),
    .pace_ms = 200,
    .largest = 200 * KB,
    .play = sim_play_calm,
};

static const sim_scenario star = {
    .words = "All dial one node, which has slots for half of them",
    .nodes = 20,
    .seconds = 90,
    .topology = DEVP2P_SIM_STAR,
    .crowded = true,
    .link = LAN,
    .pace_ms = 1000,
    .largest = 200 * KB,
    .play = sim_play_star,
};

static const sim_scenario mesh = {
    .words = "Nodes with eight random connections each, over a wide area",
    .nodes = 16,
    .seconds = 60,
    .topology = DEVP2P_SIM_RANDOM,
    .degree = 8,
    .link = WAN,
    .pace_ms = 1000,
    .largest = 200 * KB,
    .play = sim_play_calm,
};

static const sim_scenario churn = {
    .words = "Nodes stop, with a goodbye, and start again; connections break",
    .nodes = 12,
    .seconds = 120,
    .topology = DEVP2P_SIM_RANDOM,
    .degree = 4,
    .link = NARROW,
    .faults = BIT(RESET),
    .pace_ms = 250,
    .largest = 200 * KB,
    .play = sim_play_churn,
};

static const sim_scenario partition = {
    .words = "One half is cut off from the other, and comes back",
    .nodes = 10,
    .seconds = 120,
    .topology = DEVP2P_SIM_RANDOM,
    .degree = 6,
    .link = WAN,
    .faults = BIT(PARTITION),
    .pace_ms = 1000,
    .largest = 200 * KB,
    .play = sim_play_partition,
};

static const sim_scenario flood = {
    .words = "Strangers send noise and replays to one node",
    .nodes = 6,
    .seconds = 60,
    .topology = DEVP2P_SIM_STAR,
    .link = LAN,
    .faults = BIT(NOISE) | BIT(REPLAY),
    .pace_ms = 500,
    .largest = 200 * KB,
    .play = sim_play_flood,
};

static const sim_scenario slow_readers = {
    .words = "Nodes read nothing for a while, up to 40 seconds",
    .nodes = 8,
    .seconds = 180,
    .topology = DEVP2P_SIM_RANDOM,
    .degree = 4,
    .link = WAN,
    .faults = BIT(SLOW_READER),
    .pace_ms = 100,
    .largest = 200 * KB,
    .play = sim_play_slow_readers,
};

static const sim_scenario reconnect_storm = {
    .words = "A node that all others dial crashes and returns",
    .nodes = 40,
    .seconds = 120,
    .topology = DEVP2P_SIM_STAR,
    .link = LAN,
    .faults = BIT(CRASH),
    .pace_ms = 2000,
    .largest = 16 * KB,
    .play = sim_play_storm,
};

static const sim_scenario simultaneous_dials = {
    .words = "Nodes dial each other at about the same time",
    .nodes = 2,
    .seconds = 10,
    .topology = DEVP2P_SIM_FULL,
    .link = LOSSY,
    .faults = BIT(LOSS) | BIT(REPLAY),
    .pace_ms = 500,
    .largest = 16 * KB,
    .play = sim_play_dials,
};

static const sim_scenario mixed = {
    .words = "Everything that can go wrong, on links of every kind",
    .nodes = 8,
    .seconds = 90,
    .topology = DEVP2P_SIM_RANDOM,
    .degree = 4,
    .link = LAN,
    .faults = BIT(SERVER_FAULTS) - 1,
    .pace_ms = 500,
    .largest = 2 * MB,
    .play = sim_play_mixed,
};

static const struct {
    const char *name;
    const sim_scenario *row;
} table[] = {
#define X(name, word) { word, &name },
    SIM_SCENARIOS(X)
#undef X
};

const sim_scenario *sim_scenario_at(size_t i, const char **name)
{
    if (i >= sizeof table / sizeof *table)
        return NULL;
    if (name)
        *name = table[i].name;
    return table[i].row;
}

const sim_scenario *sim_scenario_find(const char *name)
{
    const char *its;
    const sim_scenario *row;
    for (size_t i = 0; (row = sim_scenario_at(i, &its)) != NULL; i++)
        if (!strcmp(its, name))
            return row;
    return NULL;
}
