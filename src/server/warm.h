/* SPDX-License-Identifier: MIT */
/* warm.h - large buffers that stay for a moment after their use, for the next
 * one: a system that gives memory page by page, and takes it back, works longer
 * at that than it takes to open a message of 1 MiB.
 *
 * It stands between an allocator and those who use memory for messages.  Sizes
 * from DP_WARM_MIN to DP_WARM_MAX are blocks: what is given back is kept, and
 * given out again, also for less than it holds.  All other sizes pass.  What is
 * held beyond what is asked for, kept blocks and the rest of those that are out
 * together, is never more than a limit.  When the allocator has no memory, all
 * that is kept goes back to it and it is asked once more.
 *
 * Any thread.  It is counted, since peers and what they hold may outlive the
 * server. */
#ifndef DP_WARM_H
#define DP_WARM_H

#include "base/env.h"
#include "base/now.h"

typedef struct dp_warm dp_warm;

/* A dp_warm_told hears, on any thread and under a lock, that something is kept
 * and a time has to be set for it: dp_warm_age is to be called soon. */
typedef void dp_warm_told(void *user);

/* dp_warm_new puts one above an allocator: 0, ERR_NOMEM.  dp_warm_free closes
 * it, and it is gone when nobody keeps it; NULL is fine. */
int dp_warm_new(dp_warm **out, const dp_env *under, size_t limit,
    dp_warm_told *told, void *user);
void dp_warm_free(dp_warm *w);

/* dp_warm_close gives back all that is kept, and keeps nothing from now on;
 * told is not called any more.  NULL is fine. */
void dp_warm_close(dp_warm *w);

/* dp_warm_above lets an env take its memory from here.  dp_warm_keep counts who
 * has a copy of such an env, dp_warm_drop discounts it; they do nothing for
 * another env. */
void dp_warm_above(dp_warm *w, dp_env *env);
void dp_warm_keep(const dp_env *env);
void dp_warm_drop(const dp_env *env);

/* dp_warm_age gives back what nobody needed for DP_WARM_NS, and returns when
 * that is to be looked at again.  On one thread. */
uint64_t dp_warm_age(dp_warm *w, dp_now now);

/* dp_warm_spare is what is held beyond what is asked for. */
size_t dp_warm_spare(dp_warm *w);

#endif
