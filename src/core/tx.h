/* SPDX-License-Identifier: MIT */
/* tx.h - what goes out: a queue for each capability and class, and a scheduler
 * that puts frames into the window - the base protocol first, then class by
 * class the capabilities round robin by bytes, Disconnect last.  A frame enters
 * the window in slices, so a long one is never copied as a whole and never
 * stops the loop. */
#ifndef DP_TX_H
#define DP_TX_H

#include "base/list.h"
#include "core/feed.h"
#include "core/meter.h"
#include "core/packet.h"
#include "core/rules.h"
#include "core/share.h"
#include "core/window.h"

/* A dp_tx_item is one message of a capability, from send to its last byte
 * written. */
typedef struct dp_tx_item {
    dp_link link;
    dp_packet *packet; /* NULL once it is in the window, whole */
    uint64_t id, code;
    size_t queue;
    size_t wire;  /* bytes of its frame */
    size_t full;  /* of its payload, inflated */
    uint64_t end; /* where the frame ends in the window's stream */
} dp_tx_item;

/* A dp_tx_lane is what waits of one class. */
typedef struct dp_tx_lane {
    dp_list items;
    uint64_t served; /* bytes granted by the scheduler */
} dp_tx_lane;

typedef struct dp_tx_queue {
    dp_tx_lane *lanes; /* one for each class */
    size_t bytes;      /* of frames that are not in the window, whole */
    uint32_t unsent;   /* messages accepted and not wholly written */
    bool full;         /* answered AGAIN, owes a note */
} dp_tx_queue;

/* A dp_tx_base is what the base protocol still has to say. */
typedef struct dp_tx_base {
    const uint8_t *hello;
    size_t hello_len;
    unsigned pings, pongs;
    bool bye;
    uint8_t reason;
    bool snappy;      /* all but Hello is compressed */
    uint8_t small[8]; /* payload of the message at hand */
} dp_tx_base;

typedef struct dp_tx {
    const dp_env *env;
    dp_share share;
    uint32_t mark;    /* of a queue; set by the owner */
    bool unmarked;    /* neither mark nor total refuses any more */
    uint32_t classes; /* that are told apart, else one; set by the owner */
    size_t allowed;   /* bytes of capabilities that may enter the window; set by
                         the owner, SIZE_MAX: no bound */
    dp_meter *meter;  /* counts what was written, NULL: nobody does */
    dp_window window;
    dp_tx_base base;
    dp_feed feed;     /* the frame on its way into the window */
    dp_tx_item *item; /* whose it is, NULL: of the base protocol */
    dp_tx_queue *queues;
    size_t nqueues;
    size_t nfull;                /* queues that owe a note */
    size_t waiting;              /* bytes of all queues */
    uint32_t queued[DP_CLASSES]; /* messages of all queues */
    bool tells; /* what was written waits for dp_tx_written; set by the owner */
    uint64_t served[DP_CLASSES]; /* of the lane chosen last, before it was */
    dp_list flight;              /* items in the window, whole */
} dp_tx;

void dp_tx_init(dp_tx *tx, const dp_env *env, dp_pool *pool, dp_budget *total);
void dp_tx_fini(dp_tx *tx);

/* dp_tx_open makes n queues, the lanes of all behind them: 0 or ERR_NOMEM. */
int dp_tx_open(dp_tx *tx, size_t n);

/* What the base protocol says.  The Hello is borrowed; one Ping of ours waits
 * at most; behind a Disconnect nothing follows. */
void dp_tx_hello(dp_tx *tx, const uint8_t *payload, size_t len);
void dp_tx_ping(dp_tx *tx);
void dp_tx_pong(dp_tx *tx);
void dp_tx_bye(dp_tx *tx, uint8_t reason);

/* dp_tx_send queues and keeps p: 0, ERR_AGAIN, ERR_TOO_BIG, ERR_NOMEM. */
int dp_tx_send(
    dp_tx *tx, size_t queue, dp_class class, uint64_t id, dp_packet *p);

/* dp_tx_owing is a queue that answered AGAIN and is below half, SIZE_MAX for
 * none; dp_tx_noted says that its owner knows. */
size_t dp_tx_owing(const dp_tx *tx);
void dp_tx_noted(dp_tx *tx, size_t queue);

/* dp_tx_wants: dp_tx_lend would give something, the base protocol also beyond
 * what is allowed.  It fills the window and makes
 * *job of it, NULL for none: 0 or ERR_NOMEM. */
bool dp_tx_wants(const dp_tx *tx);
int dp_tx_lend(dp_tx *tx, dp_frames **job);

/* dp_tx_sent says that n bytes of the window were written.  What a tx that
 * tells wrote to its end is asked for with dp_tx_written, the oldest first;
 * until then it counts as unsent. */
void dp_tx_sent(dp_tx *tx, size_t n, dp_now now);
bool dp_tx_written(dp_tx *tx, dp_tx_item *out);
bool dp_tx_owes_news(const dp_tx *tx); /* _written would give something */

/* dp_tx_cut forgets the messages that have not begun to enter the window; they
 * stay unsent.  dp_tx_empty: nothing is left to be written. */
void dp_tx_cut(dp_tx *tx);
bool dp_tx_empty(const dp_tx *tx);

#endif
