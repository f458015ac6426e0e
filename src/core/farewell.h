/* SPDX-License-Identifier: MIT */
/* farewell.h - the end of a session that still has something to say: what is
 * queued, then Disconnect, then the end of our side; input is thrown away
 * meanwhile, so that no reset overtakes the reason on its way (DESIGN 4, "Out",
 * 5). */
#ifndef DP_FAREWELL_H
#define DP_FAREWELL_H

#include "core/tx.h"

typedef struct dp_farewell {
    uint64_t until;
    size_t drained; /* input thrown away since the queues were done */
    bool flushing;  /* queues still go out */
    bool hurried;   /* the server stops: either part takes DP_HURRY_NS */
    bool shut;      /* our side has ended */
} dp_farewell;

/* dp_farewell_begin: reason is what the peer hears, DEVP2P_DISC_*; an error
 * code stays among us. */
void dp_farewell_begin(
    dp_farewell *f, dp_tx *tx, int reason, bool flush, dp_now now);

/* dp_farewell_hurry: it is over in twice DP_HURRY_NS, or before. */
void dp_farewell_hurry(dp_farewell *f, dp_now now);

/* dp_farewell_drain throws n bytes away; dp_farewell_more tells whether more
 * may come. */
void dp_farewell_drain(dp_farewell *f, size_t n);
bool dp_farewell_more(const dp_farewell *f);

typedef enum dp_farewell_step {
    DP_STAY = 0,
    DP_END_WRITING, /* once: all is written */
    DP_GONE         /* close the connection */
} dp_farewell_step;

/* dp_farewell_next moves on as far as it goes now; ended: the peer has ended
 * its side.  dp_farewell_moves: it would go on without waiting. */
dp_farewell_step dp_farewell_next(
    dp_farewell *f, dp_tx *tx, bool ended, dp_now now);
bool dp_farewell_moves(const dp_farewell *f, const dp_tx *tx, bool ended);

#endif
