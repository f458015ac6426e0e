/* SPDX-License-Identifier: MIT */
/* timer.h - a heap of deadlines; equal ones come out in the order they were
 * set, so that a simulation repeats itself. */
#ifndef DP_TIMER_H
#define DP_TIMER_H

#include "base/env.h"
#include "base/now.h"

/* A dp_timer is embedded where its owner is; at is DP_NEVER while it rests. */
typedef struct dp_timer {
    uint64_t at;
    size_t place; /* in the heap, 1-based; 0: rests */
} dp_timer;

typedef struct dp_timers dp_timers;

int dp_timers_new(dp_timers **out, const dp_env *env);
void dp_timers_free(dp_timers *h);

/* dp_timers_reserve makes room for n timers in all, so that dp_timer_set cannot
 * fail: ERR_NOMEM or 0. */
int dp_timers_reserve(dp_timers *h, size_t n);

/* dp_timer_set moves a timer to a deadline; DP_NEVER rests it. */
void dp_timer_set(dp_timers *h, dp_timer *t, uint64_t at);

/* dp_timers_first is the earliest deadline, DP_NEVER when all rest;
 * dp_timers_due rests and returns one that is due, NULL when none is. */
uint64_t dp_timers_first(const dp_timers *h);
dp_timer *dp_timers_due(dp_timers *h, uint64_t mono);

#endif
