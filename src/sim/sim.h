/* SPDX-License-Identifier: MIT */
/* sim.h - a simulated world: nodes with addresses of their own, a virtual
 * clock, links with delay, seeded chance.  One integer repeats a run.
 *
 * Everything happens on the thread that runs it, handlers of the run style
 * excepted: they have threads, of which one at a time runs. */
#ifndef DP_SIM_H
#define DP_SIM_H

#include "base/world.h"

typedef struct dp_sim dp_sim;

typedef struct dp_sim_setup {
    uint64_t seed;
    uint64_t delay_ns, jitter_ns; /* of a link, each way */
    size_t stream_bytes;          /* in flight at most; 0: 64 KiB */
    size_t slice_bytes; /* a read or write moves 1..slice bytes; 0: all */
    dp_env env;         /* memory and log */
} dp_sim_setup;

int dp_sim_new(dp_sim **out, const dp_sim_setup *setup);
void dp_sim_free(dp_sim *sim); /* after its worlds */

/* dp_sim_world adds a node; ip holds its address (the port is ignored).  A
 * loopback address that no node has is the node itself; any other address that
 * no node has is unreachable. */
int dp_sim_world(dp_world **out, dp_sim *sim, const devp2p_addr *ip);

dp_now dp_sim_now(const dp_sim *sim);

/* dp_sim_step does the next thing and moves the clock to it; false when nothing
 * is left.  dp_sim_run goes on until a moment, or until done says so: true.  It
 * is how a test lets time pass. */
bool dp_sim_step(dp_sim *sim);
bool dp_sim_run(
    dp_sim *sim, uint64_t until, bool (*done)(void *user), void *user);

/* dp_sim_latch holds the pools of all nodes shut: jobs wait until it is open.
 */
void dp_sim_latch(dp_sim *sim, bool shut);

/* dp_sim_cut breaks all streams between two nodes (reset); dp_sim_hold stops
 * the bytes of their streams without breaking them until it is false again. */
void dp_sim_cut(dp_sim *sim, const dp_world *a, const dp_world *b);
void dp_sim_hold(dp_sim *sim, const dp_world *a, const dp_world *b, bool held);

/* dp_sim_trace is a hash of every chunk of every stream so far. */
uint64_t dp_sim_trace(const dp_sim *sim);

#endif
