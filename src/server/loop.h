/* SPDX-License-Identifier: MIT */
/* loop.h - a loop of a server: a dp_world with the sessions that live on it.
 *
 * A server has cfg.io_threads loops, one by default.  The first one owns the
 * host: all that is per server and decides (host, gate and pool of curve work,
 * listener, mailbox, candidates, events).  What a session needs in its turns is
 * per loop: frame engine, chunks, timers, scratch, lists of lines, a copy of
 * dp_node_self that points to these.  A line lives on one loop from accept or
 * dial to its end; of all loops the one with the fewest lines gets it.  On the
 * first loop it calls the host, on another it has a relay (relay.h).
 *
 * A rate of bytes a second is one for all loops, counted in an atomic, and only
 * when there is one.  Of the totals of what waits each loop has an equal part
 * for good: a sum that all look at would be written by all of them for every
 * message, and a loan would have to be called back from a loop that sleeps.  So
 * the configuration asks for enough of both totals for each loop. */
#ifndef DP_LOOP_H
#define DP_LOOP_H

#include "base/list.h"
#include "base/timer.h"
#include "base/world.h"
#include "core/scratch.h"
#include "core/self.h"
#include "crypto/frames.h"

#include <devp2p/server.h>

#include <stdatomic.h>

typedef struct dp_loop dp_loop;

struct dp_loop {
    /* never changes */
    devp2p_server *srv;
    unsigned number; /* 0: the one of the host */
    dp_world *world;
    dp_node_self self; /* the server's, with what is of this loop */

    /* any thread */
    atomic_uintptr_t inside; /* the thread that is in an up call, 0: none */

    /* under the server's lock */
    devp2p_traffic told; /* moved, at the end of the last turn */

    /* of the loop */
    dp_budget recv, send; /* its shares of the totals */
    size_t sending;       /* of send, what the server's sending holds */
    devp2p_traffic moved;
    dp_engine *engine;
    dp_pool *pool;
    dp_timers *timers;
    dp_scratch scratch; /* of the message at hand */
    uint64_t turns;
    size_t unfolds;     /* bytes of long messages that it inflates, this turn */
    dp_list all, dirty; /* lines */
    size_t nlines;
    bool ended;
    bool hurried; /* the server stops */
    bool sealing; /* this turn: what is sent from now on waits for the next */
    bool started; /* of who starts the server; beside the first loop */

    /* of the first loop */
    size_t load; /* relays that it has; of the first one: none */
};

/* dp_loop_init makes a loop of what the server has settled: 0, ERR_NOMEM;
 * dp_loop_fini follows in either case, and frees all but the world. */
int dp_loop_init(
    dp_loop *l, devp2p_server *srv, unsigned number, dp_world *world);
void dp_loop_fini(dp_loop *l);

/* dp_loops_choose is where the next line is to live.  On the first loop. */
dp_loop *dp_loops_choose(devp2p_server *srv);

static inline dp_now dp_loop_now(const dp_loop *l)
{
    return l->world->ops->now(l->world);
}

/* dp_loop_inside: this thread is in an up call of this loop; dp_loop_enter and
 * _leave stand around every up call. */
bool dp_loop_inside(const dp_loop *l);
void dp_loop_enter(dp_loop *l);
void dp_loop_leave(dp_loop *l);

#endif
