/* SPDX-License-Identifier: MIT */
/* sim_scenario.h - the scenarios, each a row of a table.  A new one is a line
 * in SIM_SCENARIOS and a row; the tool, its help and its completion know it
 * from there. */
#ifndef CLI_SIM_SCENARIO_H
#define CLI_SIM_SCENARIO_H

#include "sim_traffic.h"

#define SIM_SCENARIOS(X)                        \
    X(pair, "pair")                             \
    X(star, "star")                             \
    X(mesh, "mesh")                             \
    X(churn, "churn")                           \
    X(partition, "partition")                   \
    X(flood, "flood")                           \
    X(slow_readers, "slow-readers")             \
    X(reconnect_storm, "reconnect-storm")       \
    X(simultaneous_dials, "simultaneous-dials") \
    X(mixed, "mixed")

/* SIM_NAMES is all their names as the arguments of a command: "pair|star". */
#define SIM_NAME(name, word) "|" word
#define SIM_NAMES            (&("" SIM_SCENARIOS(SIM_NAME))[1])

/* A sim_stage is a world in which a scenario plays: its nodes are added and
 * connected, none is started. */
typedef struct sim_stage {
    devp2p_sim *sim;
    sim_traffic *traffic;
    uint64_t seed, time_ms;
} sim_stage;

/* A sim_play_fn starts the nodes and lets the time of the stage pass: 0, or an
 * error of devp2p/sim.h.  What was planned with devp2p_sim_after has the stage
 * as long as the simulation. */
typedef int sim_play_fn(sim_stage *stage);

typedef struct sim_scenario {
    const char *words;
    unsigned nodes, seconds; /* when nobody says otherwise */
    devp2p_sim_topology_kind topology;
    unsigned degree; /* of a random one */
    bool crowded;    /* node 0 has slots for half of the others */
    devp2p_sim_link link;
    uint64_t faults;  /* that must happen, in one seed of many */
    unsigned pace_ms; /* see sim_traffic.h */
    unsigned largest;
    sim_play_fn *play;
} sim_scenario;

/* sim_scenario_find finds one by its name: NULL when there is none.
 * sim_scenario_at is the i-th one: NULL behind the last; name may be NULL. */
const sim_scenario *sim_scenario_find(const char *name);
const sim_scenario *sim_scenario_at(size_t i, const char **name);

/* What the rows play. */
sim_play_fn sim_play_calm;         /* sim_stage.c */
sim_play_fn sim_play_star;         /* sim_crowd.c */
sim_play_fn sim_play_churn;        /* sim_crowd.c */
sim_play_fn sim_play_storm;        /* sim_crowd.c */
sim_play_fn sim_play_partition;    /* sim_trouble.c */
sim_play_fn sim_play_flood;        /* sim_trouble.c */
sim_play_fn sim_play_slow_readers; /* sim_trouble.c */
sim_play_fn sim_play_mixed;        /* sim_trouble.c */
sim_play_fn sim_play_dials;        /* sim_dials.c */

/* sim_start_all starts every node: 0, or as devp2p_sim_start. */
int sim_start_all(sim_stage *stage);

/* sim_any draws a node, sim_between a number from least to most. */
devp2p_sim_node *sim_any(sim_stage *stage);
uint64_t sim_between(sim_stage *stage, uint64_t least, uint64_t most);

/* sim_pass lets so many ms pass, but not more than are left of the time of the
 * stage: 0, or as devp2p_sim_run.  sim_over tells whether none is left. */
int sim_pass(sim_stage *stage, uint64_t ms);
bool sim_over(const sim_stage *stage);

/* sim_strike lets a fault happen as devp2p_sim_fault does, or nothing when it
 * does not apply at the moment. */
int sim_strike(sim_stage *stage, devp2p_sim_fault_kind kind, devp2p_sim_node *a,
    devp2p_sim_node *b, int64_t amount);

#endif
