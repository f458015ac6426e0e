/* SPDX-License-Identifier: MIT */
/* session.h - one RLPx connection, from its first byte to its last.
 *
 * No I/O, clock, thread or lock; one loop calls it and it never calls back.
 * Verbs say what happened; what the session wants leaves through lend, ec, next
 * and out, each asked after every verb until it gives nothing.  A session with
 * work out accepts every verb.  What an event or a lent pointer points at stays
 * until the next verb.
 *
 * Life: handshake -> AUTHED, judged -> our Hello out, theirs in -> READY,
 * judged -> messages -> SHUT -> DOWN.  It ends in DOWN exactly once, whatever
 * happens. */
#ifndef DP_SESSION_H
#define DP_SESSION_H

#include "base/buf.h"
#include "core/ec.h"
#include "core/meter.h"
#include "core/mux.h"
#include "core/packet.h"
#include "core/self.h"
#include "crypto/frames.h"
#include "wire/hello.h"

typedef struct dp_session dp_session;

typedef struct dp_session_setup {
    const dp_node_self *self;
    const devp2p_pubkey *dial; /* whom we dialled; NULL: it connected to us */
} dp_session_setup;

/* --- events --- */

typedef enum dp_session_event_kind {
    DP_AUTHED = 1, /* the handshake named the peer: judge */
    DP_READY,      /* its Hello agrees and we share something: judge */
    DP_MSG,        /* a message for a capability */
    DP_WRITABLE,   /* a capability that answered ERR_AGAIN is below half */
    DP_SHUT,       /* all is written: end our side of the connection */
    DP_DOWN,       /* the end: close the connection, free the session */
    DP_SENT        /* a message of a capability was written, if self wants it;
                      before DOWN */
} dp_session_event_kind;

typedef struct dp_session_event {
    dp_session_event_kind kind;
    size_t cap;          /* MSG, WRITABLE, SENT: index of dp_session_caps */
    uint64_t code;       /* MSG, SENT: relative to the capability */
    const uint8_t *body; /* MSG: decrypted; compressed if _snappy */
    size_t len, full;    /* MSG: bytes there; MSG, SENT: when inflated */
    int reason;          /* DOWN: DEVP2P_DISC_* or DEVP2P_ERR_* */
    bool remote;         /* DOWN: the peer sent the reason */
    bool reset;          /* DOWN: close at once, nothing is worth sending */
    size_t stalled;      /* DOWN: index of the capability whose reader stalled,
                            SIZE_MAX for none */
} dp_session_event;

int dp_session_new(dp_session **out, const dp_session_setup *setup, dp_now now);
void dp_session_free(dp_session *s); /* NULL is fine */

/* --- in: bytes, facts, time --- */

/* dp_session_room lends *at to read into; 0 means stop reading, be it for a
 * reader, a total or a rate. dp_session_recv
 * says that n bytes were put there, dp_session_eof that none will follow (err
 * 0) or that the connection broke (ERR_RESET, ERR_IO). */
size_t dp_session_room(dp_session *s, uint8_t **at);

/* dp_session_full: there is no such room; unlike the above it takes no memory
 * to be read into later. */
bool dp_session_full(dp_session *s);
void dp_session_recv(dp_session *s, size_t n, dp_now now);
void dp_session_eof(dp_session *s, int err, dp_now now);

/* dp_session_judge answers AUTHED and READY: 0, or the DEVP2P_DISC_* to leave
 * with.  Until READY is answered no message is opened. */
void dp_session_judge(dp_session *s, int verdict, dp_now now);

/* dp_session_send queues p for a capability and keeps it: 0, ERR_AGAIN at the
 * send mark (a WRITABLE follows), ERR_CLOSED before READY's verdict and after
 * the end began, ERR_INVALID for a code beyond the capability's length,
 * ERR_TOO_BIG when id and payload exceed a frame, or the payload its rule;
 * ERR_NOMEM (DOWN follows). */
int dp_session_send(dp_session *s, size_t cap, dp_packet *p, dp_now now);

/* dp_session_unmark: no send mark holds from now on, so that all that was
 * accepted already comes in front of the end. */
void dp_session_unmark(dp_session *s);

/* dp_session_took says that a reader is done with a MSG of so many inflated
 * bytes. */
void dp_session_took(dp_session *s, size_t cap, size_t full, dp_now now);

/* dp_session_keep gives away the memory that the body of the last MSG is in, if
 * it is a block of its own and still there; it counts in no total from then on.
 * dp_session_charge counts n bytes more in the receive total, for what a
 * message needs beside its inflated bytes; dp_session_discharge ends that. */
bool dp_session_keep(dp_session *s, dp_buf *out, const uint8_t *body);
void dp_session_charge(dp_session *s, size_t n);
void dp_session_discharge(dp_session *s, size_t n);

/* dp_session_close ends the session: what is queued goes out first if flush,
 * then Disconnect with reason (DEVP2P_DISC_*; an error code says nothing to the
 * peer).  The first reason stays. */
void dp_session_close(dp_session *s, int reason, bool flush, dp_now now);
void dp_session_tick(dp_session *s, dp_now now);

/* dp_session_hurry: a session that was closed is DOWN in twice DP_HURRY_NS at
 * the latest. */
void dp_session_hurry(dp_session *s, dp_now now);

/* --- work: out and back; at most one of each kind is out at a time --- */

/* dp_session_lend gives frames to open or to seal, NULL for none; what was lent
 * is run by dp_frames_run and given back with dp_session_take. */
dp_frames *dp_session_lend(dp_session *s, bool open, dp_now now);
void dp_session_take(dp_session *s, dp_frames *f, dp_now now);

/* dp_session_ec gives curve work, which the caller then owns, NULL for none;
 * dp_session_ec_done gives it back when it has run, and frees it. */
dp_ec *dp_session_ec(dp_session *s, dp_now now);
void dp_session_ec_done(dp_session *s, dp_ec *ec, dp_now now);

/* --- out: events, bytes, deadline --- */

bool dp_session_next(dp_session *s, dp_session_event *ev, dp_now now);

/* dp_session_out lends bytes to write, which stay in place until
 * dp_session_sent says how many went. */
size_t dp_session_out(dp_session *s, const uint8_t **at);
void dp_session_sent(dp_session *s, size_t n, dp_now now);

/* dp_session_deadline is the moment of the next tick; it may be early, and is
 * 0 while something waits to be asked for. */
uint64_t dp_session_deadline(const dp_session *s);

/* --- asking --- */

/* dp_session_peer is the peer's key from AUTHED on; dp_session_hello its Hello
 * and dp_session_caps the shared capabilities from READY on. */
const devp2p_pubkey *dp_session_peer(const dp_session *s);
const dp_hello *dp_session_hello(const dp_session *s);
bool dp_session_greeted(const dp_session *s); /* its Hello could be read */
const dp_caps *dp_session_caps(const dp_session *s);
bool dp_session_snappy(const dp_session *s);
bool dp_session_open(const dp_session *s); /* messages may be sent */

/* dp_session_lane is what the reader of a capability has not taken. */
dp_lane dp_session_lane(const dp_session *s, size_t cap);

/* dp_session_queued is the bytes that wait in a capability's send queue;
 * dp_session_unsent the messages accepted and not wholly given to the kernel.
 */
size_t dp_session_queued(const dp_session *s, size_t cap);
uint32_t dp_session_unsent(const dp_session *s, size_t cap);

/* dp_session_meter counts what it moved; by code from READY on. */
const dp_meter *dp_session_meter(const dp_session *s);

#endif
