/* SPDX-License-Identifier: MIT */
/* keep.h - the peer book and the world's store: what was kept comes at the
 * start, what changes goes there, one commit after the other.  A world that has
 * no store says so; the book lasts as long as the server then. */
#ifndef DP_KEEP_H
#define DP_KEEP_H

#include "base/world.h"

#include <devp2p/server.h>

typedef enum dp_keep_state {
    DP_KEEP_NEW = 0, /* the store was not asked, or had no room to answer */
    DP_KEEP_LOADING,
    DP_KEEP_OPEN
} dp_keep_state;

typedef struct dp_keep {
    dp_keep_state state;
    uint64_t at;    /* NEW: not asked before */
    uint64_t until; /* at the end: no longer than this; 0: it is not there */
    bool last;      /* nobody is connected any more */
} dp_keep;

/* dp_keep_turn asks the store for what it has, once.  dp_keep_ready: it has
 * answered, and commands may change what it has. */
void dp_keep_turn(devp2p_server *srv, dp_now now);
bool dp_keep_ready(const devp2p_server *srv);

/* dp_keep_store commits what the host wants stored. */
void dp_keep_store(devp2p_server *srv, dp_now now);

/* dp_keep_stop: the server stops, and nothing waits any more.  dp_keep_done: to
 * store is all there is left to be done, and that is done too, or cannot be, or
 * 2 * DP_HURRY_NS have passed since the stop.  dp_keep_when is when to look
 * again. */
void dp_keep_stop(devp2p_server *srv, dp_now now);
bool dp_keep_done(devp2p_server *srv, dp_now now);
uint64_t dp_keep_when(const devp2p_server *srv);

/* --- what the world tells --- */
void dp_keep_loaded(
    devp2p_server *srv, uint64_t token, int err, const dp_row *rows, size_t n);
void dp_keep_stored(devp2p_server *srv, uint64_t token, int err);

#endif
