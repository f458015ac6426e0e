/* SPDX-License-Identifier: MIT */
/* flow.h - bytes a second: what a session may move in one direction, by a
 * rate of its own and by one that all sessions share.
 *
 * Bytes are paid for after they have moved: a session rests until its own, and
 * all that others moved before, are paid.  So those who share a rate that is
 * less than they want take turns, a quantum each, and nobody has to keep a list
 * of who waits. */
#ifndef DP_FLOW_H
#define DP_FLOW_H

#include "base/now.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A dp_rate is a bound of one direction; sessions of several loops may share
 * it. */
typedef struct dp_rate {
    uint32_t per_s;             /* bytes; 0: no bound */
    atomic_uint_least64_t paid; /* when all that has moved is paid */
} dp_rate;

/* A dp_rest is a pause of ours, which no clock of the peer counts. */
typedef struct dp_rest {
    bool on;
    uint64_t since, until;
} dp_rest;

typedef struct dp_flow {
    dp_rate own;
    dp_rate *shared; /* NULL: none */
    dp_rest rest;
} dp_flow;

/* dp_rest_begin begins a rest, or makes it longer; dp_rest_end ends one whose
 * time is over and returns how long it was, 0 for none.  NULL never rests. */
void dp_rest_begin(dp_rest *r, uint64_t until, dp_now now);
uint64_t dp_rest_end(dp_rest *r, dp_now now);

/* dp_rest_until is when a rest ends, DP_NEVER for none. */
static inline uint64_t dp_rest_until(const dp_rest *r)
{
    return r && r->on ? r->until : DP_NEVER;
}

void dp_flow_init(dp_flow *t, uint32_t per_s, dp_rate *shared);

/* dp_flow_room is how many bytes may move at once: none during a rest,
 * SIZE_MAX without a bound. */
size_t dp_flow_room(const dp_flow *t);

/* dp_flow_spend says that n bytes moved.  Who moves some in spite of a rest
 * rests longer. */
void dp_flow_spend(dp_flow *t, size_t n, dp_now now);

#endif
