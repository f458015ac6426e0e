/* SPDX-License-Identifier: MIT */
/* conduct.h - what the conduct of a node is worth, and what follows from it.
 * Scores are points from DP_SCORE_MIN to DP_SCORE_MAX, 0 for a stranger; half
 * of one is left after DP_SCORE_HALF_NS. */
#ifndef DP_CONDUCT_H
#define DP_CONDUCT_H

#include "base/now.h"

#include <devp2p/protocol.h>

/* dp_conduct_points is 0 for what is no devp2p_conduct. */
int dp_conduct_points(int conduct);

/* dp_conduct_add adds points within the range of a score. */
int dp_conduct_add(int score, int points);

/* dp_conduct_fade is what is left of a score that was taken at *since, which
 * moves to the last halving. */
int dp_conduct_fade(int score, uint64_t *since, uint64_t now);

/* A dp_backoff is how long a node is left alone, or stays out. */
typedef enum dp_backoff {
    DP_BACKOFF_NONE = 0,
    DP_BACKOFF_SHORT,
    DP_BACKOFF_MEDIUM,
    DP_BACKOFF_LONG
} dp_backoff;

dp_backoff dp_backoff_of_score(int score);

/* dp_backoff_ns is the time of a class for the n-th time in a row, from 1;
 * first is that of DP_BACKOFF_SHORT, 0 for none at all. */
uint64_t dp_backoff_ns(dp_backoff class, unsigned n, uint64_t first);

/* dp_conduct_of_end is what the end of a session shows of a peer: points.
 * Whoever sits between the two can break a frame's MAC or the connection, so
 * these show nothing. */
int dp_conduct_of_end(int code, bool remote);

/* dp_backoff_of_reason: how much of a DISC_* that the other end gave is about
 * us, and lasts. */
dp_backoff dp_backoff_of_reason(int reason);

/* dp_backoff_of_dial: how long a node is not dialled again that nobody named,
 * after a dial, or a connection that we had dialled, ended so.  remote: the
 * other end gave the reason. */
dp_backoff dp_backoff_of_dial(int code, bool remote);

#endif
