/* SPDX-License-Identifier: MIT */
/* sim_traffic.h - the protocol that all nodes of a scenario speak: messages of
 * seeded sizes at seeded times, which both ends account for.
 *
 * Nodes with even numbers have handlers of the run style, the others those of
 * the event style; in a world of more than SIM_THREADED nodes all have these.
 */
#ifndef CLI_SIM_TRAFFIC_H
#define CLI_SIM_TRAFFIC_H

#include "sim_account.h"

enum { SIM_THREADED = 64 };

typedef struct sim_traffic sim_traffic;

typedef struct sim_traffic_config {
    devp2p_sim *sim;
    size_t nodes;     /* that will be added, at most */
    uint32_t pace_ms; /* between two bursts of one end, on average */
    uint32_t largest; /* bytes of the longest message, which is rare */
    uint32_t window;  /* bytes of a stream in flight, at most */
} sim_traffic_config;

/* sim_traffic_new: NULL without memory.  It is freed after the simulation. */
sim_traffic *sim_traffic_new(const sim_traffic_config *cfg);
void sim_traffic_free(sim_traffic *t);

/* sim_traffic_add adds a node that speaks the protocol: 0, or as
 * devp2p_sim_add.
 *
 * In: cfg - without protocols and on_event, which are set here. */
int sim_traffic_add(sim_traffic *t, devp2p_config *cfg);

/* sim_traffic_stop stops a node as devp2p_sim_stop does. */
void sim_traffic_stop(sim_traffic *t, devp2p_sim_node *node);

/* sim_traffic_settle falls silent, waits until the world has settled, and
 * checks that all connections are up and nothing is on its way: 0, or
 * ERR_CHECK. */
int sim_traffic_settle(sim_traffic *t);

/* sim_traffic_finish stops all nodes and checks that every connection ended in
 * due form: 0, or ERR_CHECK. */
int sim_traffic_finish(sim_traffic *t);

sim_sums sim_traffic_sums(const sim_traffic *t);

#endif
