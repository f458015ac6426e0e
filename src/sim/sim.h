/* SPDX-License-Identifier: MIT */
/* sim.h - a simulated world behind world.h: nodes with addresses of their own,
 * a virtual clock, links that delay and break, seeded chance.  One integer
 * repeats a run.  devp2p/sim.h is what users see of it.
 *
 * Everything happens on the thread that runs it, handlers of the run style
 * excepted: they have threads, of which one at a time runs. */
#ifndef DP_SIM_H
#define DP_SIM_H

#include "base/world.h"

#include <devp2p/sim.h>

typedef struct dp_sim dp_sim;

typedef struct dp_sim_setup {
    uint64_t seed;
    devp2p_sim_link link;       /* of pairs that have none of their own */
    devp2p_sim_trace_fn *trace; /* NULL: nobody listens */
    void *trace_user;
    dp_env env; /* memory and log */
} dp_sim_setup;

int dp_sim_new(dp_sim **out, const dp_sim_setup *setup);
void dp_sim_free(dp_sim *sim); /* after its worlds */

/* dp_sim_world adds a node; ip holds its address (the port is ignored), which
 * an older node loses that has it too.  A loopback address that no node has is
 * the node itself; any other address that no node has is unreachable. */
int dp_sim_world(dp_world **out, dp_sim *sim, const devp2p_addr *ip);

dp_now dp_sim_now(const dp_sim *sim); /* of the world, not of a node */

/* dp_sim_over: a world and all loops of its node have ended. */
bool dp_sim_over(const dp_world *w);

/* dp_sim_step does the next thing and moves the clock to it; false when nothing
 * is left.  dp_sim_run goes on until a moment, or until done says so: true.  It
 * is how a test lets time pass. */
bool dp_sim_step(dp_sim *sim);
bool dp_sim_run(
    dp_sim *sim, uint64_t until, bool (*done)(void *user), void *user);

/* dp_sim_latch holds the pools of all nodes shut: jobs wait until it is open.
 */
void dp_sim_latch(dp_sim *sim, bool shut);

/* dp_sim_raw makes a connection of two worlds, or of one with itself, that
 * belongs to nobody: out is what each may give to take, adopt and refuse.
 * Returns 0, ERR_NOMEM. */
int dp_sim_raw(dp_world *a, dp_world *b, int out[2]);

/* --- links --- */

/* dp_sim_set_link gives two nodes a link of their own, NULL takes it away: 0,
 * ERR_NOMEM.  Regions are below DEVP2P_SIM_REGIONS; a pair has its own link,
 * else that of its regions, else that of the setup.  A link of two worlds, and
 * what is held between them, ends with either: the next world at an address is
 * another one. */
int dp_sim_set_link(dp_sim *sim, const dp_world *a, const dp_world *b,
    const devp2p_sim_link *link);
void dp_sim_set_region(dp_world *w, unsigned region);
void dp_sim_set_region_link(
    dp_sim *sim, unsigned region, unsigned other, const devp2p_sim_link *link);

/* dp_sim_calm: from now on links neither lose nor shorten anything. */
void dp_sim_calm(dp_sim *sim);

/* --- faults ---
 * cut breaks all streams between two nodes (reset); sever loses their bytes
 * from now on and tells neither end.  hold stops what goes from one node to
 * another, streams and new connections, until it is false again: 0,
 * ERR_NOMEM. */
void dp_sim_cut(dp_sim *sim, const dp_world *a, const dp_world *b);
void dp_sim_sever(dp_sim *sim, const dp_world *a, const dp_world *b);
int dp_sim_hold(
    dp_sim *sim, const dp_world *from, const dp_world *to, bool held);

/* dp_sim_crash takes a node off the network without a word: its address is free
 * for another world, its streams are half-open until a world has that address
 * again, which answers them with a reset.  Its own loop goes on, cut off, so
 * that a server can end there. */
void dp_sim_crash(dp_world *w);

/* dp_sim_readdress gives a node another address; its streams are severed, its
 * listeners on every address listen there. */
void dp_sim_readdress(dp_world *w, const devp2p_addr *ip);

/* dp_sim_slow: the streams of a node give it nothing to read until it is false
 * again.  dp_sim_pause: a node stands still until a moment of the world. */
void dp_sim_slow(dp_world *w, bool slow);
void dp_sim_pause(dp_world *w, uint64_t until);

/* dp_sim_jump moves the wall clock of a node by so many ms; dp_sim_skew lets
 * both of its clocks run so many parts of a million faster from now on (above
 * -1,000,000).  dp_sim_mute: the next n draws of a node's randomness fail. */
void dp_sim_jump(dp_world *w, int64_t ms);
void dp_sim_skew(dp_world *w, int32_t ppm);
void dp_sim_mute(dp_world *w, uint64_t n);

/* dp_sim_overheard is what was first sent on the last connection that came to a
 * node; empty when there was none. */
devp2p_slice dp_sim_overheard(const dp_world *w);

/* --- what happened --- */

/* dp_sim_count counts a fault, dp_sim_counted tells how many there were. */
void dp_sim_count(dp_sim *sim, devp2p_sim_fault_kind kind);
uint64_t dp_sim_counted(const dp_sim *sim, devp2p_sim_fault_kind kind);

/* dp_sim_fold adds the time and bytes to the hash that identifies a run,
 * dp_sim_trace is the hash so far.  dp_sim_say writes a line of the trace, the
 * virtual time in seconds before it, if anybody listens. */
void dp_sim_fold(dp_sim *sim, const void *bytes, size_t len);
uint64_t dp_sim_trace(const dp_sim *sim);
void dp_sim_say(dp_sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
