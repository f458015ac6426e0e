/* SPDX-License-Identifier: MIT */
/* rotation.h - who leaves so that a newcomer finds a slot in a full server: a
 * peer that has had one for long, drawn by lot, never one of the best tenth. */
#ifndef DP_ROTATION_H
#define DP_ROTATION_H

#include "base/env.h"
#include "base/limits.h"

#include <devp2p/key.h>

/* A dp_seat is a peer, as this choice sees it. */
typedef struct dp_seat {
    uint64_t since; /* mono, of its connection */
    int score;
    bool kept; /* it never leaves, whatever its age and score */
} dp_seat;

/* dp_rotation_choose: all n peers are seats; who may leave has been one for
 * DP_ROTATE_AGE_NS.  The best tenth, one at least, are those with the highest
 * scores, of equal ones the oldest.  draw is any number.
 * Returns: the place of a seat, or n when nobody may leave. */
size_t dp_rotation_choose(
    const dp_seat *seats, size_t n, uint64_t draw, dp_now now);

/* A dp_rotation is when the next one leaves, and who left lately: they do not
 * come back before others had their chance.  NULL is one that never turns. */
typedef struct dp_rotation dp_rotation;

int dp_rotation_new(
    dp_rotation **out, const dp_env *env, uint32_t every_ms, dp_now now);
void dp_rotation_free(dp_rotation *r);

/* dp_rotation_when is when the next one leaves.  dp_rotation_next sets it anew:
 * half the time to one and a half, as draw says. */
uint64_t dp_rotation_when(const dp_rotation *r);
void dp_rotation_next(dp_rotation *r, uint64_t draw, dp_now now);

/* dp_rotation_note: id has left.  dp_rotation_rests: it did, and is to wait. */
void dp_rotation_note(dp_rotation *r, const devp2p_id *id, dp_now now);
bool dp_rotation_rests(const dp_rotation *r, const devp2p_id *id, dp_now now);

#endif
