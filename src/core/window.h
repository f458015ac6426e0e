/* SPDX-License-Identifier: MIT */
/* window.h - the bytes that are sealed, or will be next, in the order of the
 * wire: a chunk of the pool, or DP_WINDOW bytes when more waits.  An empty
 * window holds no memory.
 *
 *      at        sent            sealed         filled         cap
 *      | written | to be written | to be sealed | room for more |
 */
#ifndef DP_WINDOW_H
#define DP_WINDOW_H

#include "base/limits.h"
#include "base/pool.h"
#include "crypto/frames.h"

typedef struct dp_window {
    const dp_env *env;
    dp_pool *pool;
    dp_dir dir;
    dp_frames job;
    bool lent;
    uint8_t *at;
    size_t cap, sent, sealed, filled;
    uint64_t fed, written; /* bytes since the beginning */
    uint64_t stuck;        /* since when nobody takes what is sealed */
} dp_window;

void dp_window_init(dp_window *w, const dp_env *env, dp_pool *pool);
void dp_window_fini(dp_window *w);

/* dp_window_open sees to it that there is memory, for want bytes if it is to be
 * made: 0 or ERR_NOMEM. */
int dp_window_open(dp_window *w, size_t want);

/* dp_window_room is how many bytes may be put behind filled, a multiple of 16:
 * none rather than too few for a frame's header, which the engine seals in one
 * piece.  dp_window_fill says how many were. */
size_t dp_window_room(const dp_window *w);
void dp_window_fill(dp_window *w, size_t n);

/* dp_window_pass puts bytes that are not to be sealed into a window that never
 * had any: 0 or ERR_NOMEM. */
int dp_window_pass(dp_window *w, const uint8_t *at, size_t n, dp_now now);

/* dp_window_lend makes a job of all that is to be sealed, NULL for nothing.
 * dp_window_take returns the error of the engine, after which nothing can be
 * sealed any more. */
dp_frames *dp_window_lend(dp_window *w);
int dp_window_take(dp_window *w, dp_now now);

/* dp_window_out lends what is to be written; nothing moves it before
 * dp_window_sent. */
size_t dp_window_out(const dp_window *w, const uint8_t **at);
void dp_window_sent(dp_window *w, size_t n, dp_now now);

/* dp_window_deadline: a peer that takes nothing until then is given up. */
uint64_t dp_window_deadline(const dp_window *w);

#endif
