/* SPDX-License-Identifier: MIT */
/* sim_stage.h - one run of a scenario: an order, and what came of it. */
#ifndef CLI_SIM_STAGE_H
#define CLI_SIM_STAGE_H

#include "sim_scenario.h"

enum { SIM_SENTENCE = 512 };

typedef struct sim_order {
    const sim_scenario *scenario;
    uint64_t seed, time_ms;
    size_t nodes;
    uint32_t loops; /* of each */
    bool test_crypto;
    devp2p_sim_trace_fn *trace; /* nobody listens */
    void *trace_user;
    devp2p_log_fn *log; /* also of the nodes; its user is a devp2p_sim ** */
    devp2p_log_level log_level;
} sim_order;

/* A sim_outcome is a plain value: it also goes through a pipe. */
typedef struct sim_outcome {
    uint64_t seed, hash, time_us;
    uint64_t faults[DEVP2P_SIM_FAULT_KINDS];
    sim_sums sums;
    char failure[SIM_SENTENCE]; /* "" when all went well */
} sim_outcome;

/* sim_perform lets a scenario play. */
void sim_perform(sim_outcome *out, const sim_order *order);

#endif
