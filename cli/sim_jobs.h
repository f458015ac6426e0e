/* SPDX-License-Identifier: MIT */
/* sim_jobs.h - seeds played by child processes.  Job j plays every J-th seed
 * from the j-th on, so it is always known which one a child that dies was at;
 * another child then plays the rest. */
#ifndef CLI_SIM_JOBS_H
#define CLI_SIM_JOBS_H

#include "sim_stage.h"

/* A sim_take_fn hears of a seed that has played; false ends it all. */
typedef bool sim_take_fn(void *user, const sim_outcome *out);

typedef struct sim_jobs {
    const sim_order *order; /* all but the seed */
    uint64_t from, count;
    unsigned jobs;
    sim_take_fn *take;
    void *user;
} sim_jobs;

/* sim_jobs_run plays all seeds: 0, or FAILED when it has said why it could not,
 * or that it was interrupted.  No child is left. */
int sim_jobs_run(const sim_jobs *plan);

#endif
