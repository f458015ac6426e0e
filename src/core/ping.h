/* SPDX-License-Identifier: MIT */
/* ping.h - keepalive: when to ping, when a peer is dead, which of its pings
 * still get an answer (RLPx, "Ping (0x02)", "Pong (0x03)"). */
#ifndef DP_PING_H
#define DP_PING_H

#include "base/bucket.h"

typedef struct dp_ping {
    uint64_t next;  /* our next ping */
    uint64_t heard; /* the last byte, or the end of a pause of ours */
    dp_bucket answers;
    uint64_t unanswered; /* pings beyond the bucket */
} dp_ping;

void dp_ping_start(dp_ping *p, dp_now now);
void dp_ping_heard(dp_ping *p, dp_now now);

/* dp_ping_rest: for so long we did not listen. */
void dp_ping_rest(dp_ping *p, uint64_t ns, dp_now now);

/* dp_ping_due tells, once an interval, that a ping is due. */
bool dp_ping_due(dp_ping *p, dp_now now);

/* dp_ping_dead is the moment at which a silent peer is dead. */
uint64_t dp_ping_dead(const dp_ping *p);

/* dp_ping_answer tells whether a ping that came is answered; it counts those
 * that are not. */
bool dp_ping_answer(dp_ping *p, dp_now now);

#endif
