/* SPDX-License-Identifier: MIT */
/* devp2p/protocol.h - peers, messages and the handlers of a protocol.
 *
 * A protocol is a name, a version, a length (how many message codes it needs)
 * and a handler, run for every peer that has the same capability.  The handler
 * comes in one of two styles:
 *
 * run      a function on a thread of its own, one per peer; it blocks in
 *          devp2p_read and devp2p_send*, and its return value ends the
 *          connection;
 * events   on_open, on_msg, on_writable, on_close on a loop of the server; they
 *          may not block, and no two of one peer ever overlap.  A server with
 *          io_threads above 1 has so many loops: each peer stays on one of
 *          them, and callbacks of different peers may run at the same time.
 *
 * What a handler returns ends the connection with a reason (RLPx,
 * "Disconnect"): 0 from run is QUITTING, a DEVP2P_DISC_x is x, an RLP error is
 * PROTOCOL_ERROR, ERR_CLOSED sends nothing, any other error is
 * SUBPROTOCOL_ERROR.  When the handler of one protocol ends, the connection
 * ends for all. */
#ifndef DEVP2P_PROTOCOL_H
#define DEVP2P_PROTOCOL_H

#include <devp2p/node.h>
#include <devp2p/packet.h>
#include <devp2p/rlp.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct devp2p_peer devp2p_peer; /* one connected node */
typedef struct devp2p_rw devp2p_rw;     /* one protocol of one peer */

/* A devp2p_msg is a message that was received: code is relative to the
 * protocol, payload its plain RLP (it may be empty).  The payload and what is
 * decoded from it stay until the next read, or until on_msg returns. */
typedef struct devp2p_msg {
    uint64_t code;
    devp2p_slice payload;
    uint64_t received_ms; /* Unix time */
    devp2p_arena *arena;  /* where decoded arrays land */
} devp2p_msg;

/* --- a protocol --- */

/* Thread: the peer's own.  peer and rw are borrowed until it returns. */
typedef int devp2p_run_fn(devp2p_peer *peer, devp2p_rw *rw, void *user);

/* Thread of the four: the loop of the peer, always the same one; two peers may
 * have different ones (devp2p_config.io_threads).  on_open returns 0 to go on.
 * on_msg may return DEVP2P_ERR_AGAIN: the message stays first and comes again
 * after on_writable, which is called once there is room to send, soon if there
 * is; or once more when the other end has left.  A long message is made plain
 * bit by bit before on_msg gets it; those of other protocols may come first.
 * on_close comes exactly once for each on_open that was called, nothing follows
 * it; reason is DEVP2P_DISC_* or DEVP2P_ERR_*, unsent counts the messages of
 * this rw that were accepted but not given to the kernel. */
typedef int devp2p_open_fn(devp2p_peer *peer, devp2p_rw *rw, void *user);
typedef int devp2p_msg_fn(devp2p_rw *rw, const devp2p_msg *msg, void *user);
typedef void devp2p_writable_fn(devp2p_rw *rw, void *user);
typedef void devp2p_close_fn(
    devp2p_rw *rw, int reason, uint32_t unsent, void *user);

/* --- rules of a protocol --- */

/* A devp2p_priority orders what waits to be sent to a peer: all that is URGENT
 * goes before what is NORMAL, that before what is BULK.  Protocols take turns
 * by bytes within a priority; what one protocol sends with one priority stays
 * in order. */
typedef enum devp2p_priority {
    DEVP2P_URGENT = 1,
    DEVP2P_NORMAL, /* without a rule */
    DEVP2P_BULK
} devp2p_priority;

/* A devp2p_rule says something about one message code; a table of them ends
 * with a row whose priority is 0, as { 0 } is.  The struct is frozen. */
typedef struct devp2p_rule {
    uint64_t code;            /* or DEVP2P_OTHER_CODES */
    devp2p_priority priority; /* of what we send */
    uint32_t max_size;   /* inflated bytes: a longer one is ERR_TOO_BIG of send;
                            who sends us one hears PROTOCOL_ERROR, before it is
                            inflated.  0: 16 MiB - 1 */
    uint32_t per_second; /* of a peer, with a burst of as many: what is beyond
                            waits, and all behind it.  0: no bound */
} devp2p_rule;

/* DEVP2P_OTHER_CODES is the code of the rule for all codes that have none of
 * their own; their per_second is one for all of them. */
#define DEVP2P_OTHER_CODES UINT64_MAX

/* A devp2p_next_fn gives the next node that may be dialled: 0; ERR_AGAIN when
 * there is none now (devp2p_server_wake says that there is one again); ERR_END
 * when none will ever come, and it is not called any more.  It may not block.
 * The node's address is where it is dialled; its id follows from its key.
 * Thread: the server's first loop. */
typedef int devp2p_next_fn(devp2p_node *out, void *user);

/* A devp2p_iter is a source of dial candidates; all zero is none. */
typedef struct devp2p_iter {
    devp2p_next_fn *next;
    void *user;
} devp2p_iter;

/* What the program says of a protocol of its own, and of a peer that runs it,
 * when somebody asks for a devp2p_node_info or devp2p_peer_info (info.h): any
 * text, such as JSON.  They write as snprintf does: cap bytes at most with the
 * NUL; they return the length of all of it, and are called again with more room
 * when that did not fit, 64 KiB at most; 0 or less when there is nothing to
 * tell, or not yet.  They may not wait for the server.
 * Thread: that of who asks; several at once. */
typedef int devp2p_node_info_fn(char *out, size_t cap, void *user);
typedef int devp2p_peer_info_fn(
    devp2p_peer *peer, char *out, size_t cap, void *user);

/* A devp2p_protocol row; a table of them ends with a NULL name.  Either run or
 * on_msg is set, not both; the other three callbacks are optional. */
typedef struct devp2p_protocol {
    const char *name; /* 1..64 printable ASCII */
    uint32_t version;
    uint32_t length; /* message codes 0..length-1; 0 is legal */
    void *user;
    devp2p_run_fn *run;
    devp2p_open_fn *on_open;
    devp2p_msg_fn *on_msg;
    devp2p_writable_fn *on_writable;
    devp2p_close_fn *on_close;
    const devp2p_rule *rules;       /* copied; ends with { 0 }; none */
    devp2p_iter dial_candidates;    /* whom to dial for this protocol; rows that
                                    share a source give it each */
    devp2p_node_info_fn *node_info; /* nothing is said */
    devp2p_peer_info_fn *peer_info; /* nothing is said */
} devp2p_protocol;

/* --- reading --- */

/* devp2p_read waits for the next message of a run-style rw.
 *
 * Returns: 0; ERR_CLOSED when the peer is gone (devp2p_peer_reason says why);
 *          ERR_NOMEM; ERR_STATE on an event-style rw.
 * Out:     msg - borrowed until the next read of this rw.
 * Thread:  the handler's; one reader at a time. */
DEVP2P_API DEVP2P_CHECK int devp2p_read(devp2p_rw *rw, devp2p_msg *msg);

/* devp2p_read_for is devp2p_read that gives up after a time.
 *
 * Returns: as devp2p_read, or ERR_TIMEOUT.
 * Out:     msg - as there.
 * In:      timeout_ms - milliseconds; 0 only looks, DEVP2P_FOREVER waits.
 * Thread:  as devp2p_read. */
DEVP2P_API DEVP2P_CHECK int devp2p_read_for(
    devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms);

/* devp2p_decode_struct decodes a list into a struct described by type; see
 * the macro devp2p_decode.
 *
 * Returns: 0, ERR_RLP_*, ERR_NOBUF when the arena is too small.
 * Out:     out - its slices borrow from the message.
 * Thread:  where the message is valid. */
DEVP2P_API DEVP2P_CHECK int devp2p_decode_struct(
    const devp2p_msg *msg, const devp2p_rlp_type *type, void *out);

/* devp2p_decode_list decodes a list of exactly n values; see the macro
 * devp2p_decode_items.  devp2p_decode_one decodes one value that stands bare,
 * not in a list; see devp2p_decode_value.
 *
 * Returns: as devp2p_decode_struct.
 * Out:     what dests, or dest, point at; slices borrow from the message.
 * Thread:  where the message is valid. */
DEVP2P_API DEVP2P_CHECK int devp2p_decode_list(
    const devp2p_msg *msg, const devp2p_dest *dests, size_t n);
DEVP2P_API DEVP2P_CHECK int devp2p_decode_one(
    const devp2p_msg *msg, const devp2p_dest *dest);

/* --- sending --- */

/* devp2p_send_raw sends a payload that is RLP already (or empty).
 *
 * The message is encoded and compressed on the calling thread.  A run-style rw
 * blocks while its send mark is reached; an event-style one answers ERR_AGAIN
 * and calls on_writable once there is room.
 *
 * Returns: 0 when accepted: it will be given to the kernel, or counted as
 * unsent when the connection ends; ERR_INVALID for a code at or above the
 *          protocol's length; ERR_TOO_BIG for a frame or by a rule; ERR_AGAIN;
 *          ERR_CLOSED; ERR_NOMEM.
 * In:      payload - copied.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_send_raw(
    devp2p_rw *rw, uint64_t code, devp2p_slice payload);

/* devp2p_send_struct sends a struct as a list (macro devp2p_send),
 * devp2p_send_list n values as a list (macro devp2p_send_items),
 * devp2p_send_one one bare value (macro devp2p_send_value).
 *
 * Returns: as devp2p_send_raw, or ERR_RLP_*.
 * In:      value, items, item - encoded before it returns, nothing is kept.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_send_struct(devp2p_rw *rw, uint64_t code,
    const devp2p_rlp_type *type, const void *value);
DEVP2P_API DEVP2P_CHECK int devp2p_send_list(
    devp2p_rw *rw, uint64_t code, const devp2p_item *items, size_t n);
DEVP2P_API DEVP2P_CHECK int devp2p_send_one(
    devp2p_rw *rw, uint64_t code, const devp2p_item *item);

/* devp2p_send_packet sends a message that was made before, maybe to many: its
 * payload is neither copied nor compressed again.
 *
 * Returns: as devp2p_send_raw; the first peer for which it is compressed may
 *          find no memory.
 * In:      packet - kept by what is sent.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_send_packet(
    devp2p_rw *rw, devp2p_packet *packet);

/* devp2p_rw_wait waits until an event-style rw is below its send mark; it is
 * for producers on threads of their own.
 *
 * Returns: 0, ERR_TIMEOUT, ERR_CLOSED, ERR_NOMEM, ERR_STATE on a loop of the
 *          server.
 * In:      timeout_ms - milliseconds, or DEVP2P_FOREVER.
 * Thread:  any but the server's loops. */
DEVP2P_API DEVP2P_CHECK int devp2p_rw_wait(devp2p_rw *rw, uint32_t timeout_ms);

/* --- an rw --- */

/* devp2p_rw_keep adds a reference, devp2p_rw_drop gives one back; every other
 * call on the rw of a closed connection returns ERR_CLOSED.
 *
 * Returns: keep returns its rw, now owned by the caller too.
 * Thread:  any. */
DEVP2P_API devp2p_rw *devp2p_rw_keep(devp2p_rw *rw);
DEVP2P_API void devp2p_rw_drop(devp2p_rw *rw);

/* devp2p_rw_peer is the peer of an rw, borrowed from it; NULL on an end of a
 * pipe without one.
 *
 * Returns: borrowed from the rw.
 * Thread:  any. */
DEVP2P_API devp2p_peer *devp2p_rw_peer(devp2p_rw *rw);

/* devp2p_rw_set_data stores one pointer of yours, devp2p_rw_data reads it.
 *
 * Returns: what was stored last, NULL at first; it stays yours.
 * Thread:  that of the handler. */
DEVP2P_API void devp2p_rw_set_data(devp2p_rw *rw, void *data);
DEVP2P_API void *devp2p_rw_data(devp2p_rw *rw);

/* --- a peer; every call is any-thread and answers also after the end --- */

typedef struct devp2p_cap {
    devp2p_slice name; /* bytes of the peer: devp2p_escape before printing */
    uint64_t version;
} devp2p_cap;

enum {
    DEVP2P_PEER_INBOUND = 1, /* it connected to us */
    DEVP2P_PEER_STATIC = 2,
    DEVP2P_PEER_TRUSTED = 4,
    DEVP2P_PEER_DYNAMIC = 8 /* we dialled it as a dial candidate */
};

/* devp2p_peer_keep adds a reference, devp2p_peer_drop gives one back; a kept
 * peer can be asked after its connection has ended.
 *
 * Returns: keep returns its peer, now owned by the caller too.
 * Thread:  any. */
DEVP2P_API devp2p_peer *devp2p_peer_keep(devp2p_peer *peer);
DEVP2P_API void devp2p_peer_drop(devp2p_peer *peer);

/* devp2p_peer_id is the node id, devp2p_peer_pubkey the public key.
 *
 * Returns: borrowed from the peer.
 * Thread:  any. */
DEVP2P_API const devp2p_id *devp2p_peer_id(const devp2p_peer *peer);
DEVP2P_API const devp2p_pubkey *devp2p_peer_pubkey(const devp2p_peer *peer);

/* devp2p_peer_name is the client name of the peer's Hello, escaped.
 *
 * Returns: borrowed from the peer.
 * Thread:  any. */
DEVP2P_API const char *devp2p_peer_name(const devp2p_peer *peer);

/* devp2p_peer_short_name writes the first 20 bytes of that name, and "..." if
 * there are more.
 *
 * Returns: out.
 * Out:     out - DEVP2P_SHORT_NAME bytes.
 * Thread:  any. */
#define DEVP2P_SHORT_NAME 84 /* 20 bytes that are escaped, and the rest */
DEVP2P_API char *devp2p_peer_short_name(
    char out[DEVP2P_SHORT_NAME], const devp2p_peer *peer);

/* devp2p_peer_node is the node that the peer is: where we dialled it; of one
 * that connected to us its address, and the port that its Hello names, which is
 * 0 for many.
 *
 * Out:     out - its host is empty, its udp the TCP port.
 * Thread:  any. */
DEVP2P_API void devp2p_peer_node(const devp2p_peer *peer, devp2p_node *out);

/* devp2p_peer_lifetime_ms tells how long it has been a peer, after the end how
 * long it was.
 *
 * Returns: milliseconds; 0 of a test peer.
 * Thread:  any. */
DEVP2P_API uint64_t devp2p_peer_lifetime_ms(const devp2p_peer *peer);

/* devp2p_peer_remote and devp2p_peer_local are the ends of the connection.
 *
 * Returns: borrowed from the peer.
 * Thread:  any. */
DEVP2P_API const devp2p_addr *devp2p_peer_remote(const devp2p_peer *peer);
DEVP2P_API const devp2p_addr *devp2p_peer_local(const devp2p_peer *peer);

/* devp2p_peer_flags tells what the peer was when it connected.
 *
 * Returns: a set of DEVP2P_PEER_*.
 * Thread:  any. */
DEVP2P_API uint32_t devp2p_peer_flags(const devp2p_peer *peer);

/* devp2p_peer_caps lists what the peer announced.
 *
 * Returns: the first of them, borrowed from the peer.
 * Out:     n - how many there are.
 * Thread:  any. */
DEVP2P_API const devp2p_cap *devp2p_peer_caps(
    const devp2p_peer *peer, size_t *n);

/* devp2p_peer_runs tells whether one of these versions of a protocol runs with
 * the peer, or ran: both have it, and none that is higher.  With a test peer
 * all runs that it announced.
 *
 * Returns: true if one does.
 * In:      versions - n of them.
 * Thread:  any. */
DEVP2P_API bool devp2p_peer_runs(const devp2p_peer *peer, const char *name,
    const uint32_t *versions, size_t n);

/* devp2p_peer_version is the version of the base protocol in the peer's Hello.
 *
 * Returns: the version; messages are compressed from 5 on.
 * Thread:  any. */
DEVP2P_API uint64_t devp2p_peer_version(const devp2p_peer *peer);

/* devp2p_peer_disconnect asks to end the connection; what was sent before goes
 * out first (up to 2 s), then the reason.
 *
 * In:      reason - DEVP2P_DISC_*.
 * Thread:  any. */
DEVP2P_API void devp2p_peer_disconnect(devp2p_peer *peer, int reason);

/* devp2p_peer_reason tells why the connection ended.
 *
 * Returns: 0 while it is up, else DEVP2P_DISC_* or DEVP2P_ERR_*.
 * Out:     remote - true when the peer sent the reason; may be NULL.
 * Thread:  any. */
DEVP2P_API int devp2p_peer_reason(const devp2p_peer *peer, bool *remote);

/* --- what was moved --- */

/* A devp2p_flow counts one direction: what the kernel was given, or what a
 * handler was. */
typedef struct devp2p_flow {
    uint64_t messages; /* of protocols */
    uint64_t plain;    /* bytes of their payloads, inflated */
    uint64_t wire; /* bytes of their frames; of a peer or a server every byte of
                      the connection, from its first on */
} devp2p_flow;

typedef struct devp2p_traffic {
    devp2p_flow in, out;
} devp2p_traffic;

/* DEVP2P_ALL_CODES asks for a protocol as a whole. */
#define DEVP2P_ALL_CODES UINT64_MAX

/* devp2p_peer_traffic counts what was moved on a peer's connection, as it was
 * at the end of the last turn; after the end it is the final count.
 *
 * Out:     out - all of it of one moment.
 * Thread:  any. */
DEVP2P_API void devp2p_peer_traffic(
    const devp2p_peer *peer, devp2p_traffic *out);

/* devp2p_peer_code_traffic counts one code of one protocol that runs with a
 * peer; codes from 32 on share one count, which each of them tells.
 *
 * Returns: 0; ERR_NOT_FOUND when the protocol is not shared with the peer.
 * Out:     out - as devp2p_peer_traffic; all zero after an error.
 * In:      code - or DEVP2P_ALL_CODES.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_peer_code_traffic(const devp2p_peer *peer,
    devp2p_traffic *out, const char *name, uint32_t version, uint64_t code);

/* --- conduct --- */

/* DEVP2P_CONDUCTS lists what a protocol may say of a peer: name, number, words.
 * Each is worth points, which the peer's score sums up: from 100, its best,
 * down to -1000.  Half of a score is left after 30 minutes.
 *
 *   USEFUL +5   LATE -5   UNASKED -10   USELESS -25   MALFORMED -100
 *   FALSE -250   HOSTILE -1000
 *
 * The library adds 5 for every 10 minutes of a connection at its end, takes 50
 * when the peer breaks the protocol and 10 when it falls silent.  Whom that
 * brings to -100 or below hears USELESS_PEER and stays out for 30 s, at -250
 * for 3 min, at -500 for 15 min; two, three times as long when it happens
 * again, an hour at most (backoff_ms).  Static and trusted nodes are spared. */
#define DEVP2P_CONDUCTS(X)                      \
    X(USEFUL, 1, "gave what was asked for")     \
    X(LATE, 2, "let a request time out")        \
    X(UNASKED, 3, "sent what nobody asked for") \
    X(USELESS, 4, "has nothing of use")         \
    X(MALFORMED, 5, "sent what cannot be read") \
    X(FALSE, 6, "sent what is not true")        \
    X(HOSTILE, 7, "did harm and nothing but harm")

typedef enum devp2p_conduct {
#define X(name, number, words) DEVP2P_CONDUCT_##name = number,
    DEVP2P_CONDUCTS(X)
#undef X
} devp2p_conduct;

/* devp2p_peer_report tells the server how a peer behaved.  It counts soon, and
 * none is lost while the peer is connected; about one that is gone,
 * devp2p_server_report tells it.
 *
 * Returns: 0; ERR_INVALID for what is no devp2p_conduct; ERR_CLOSED when the
 *          peer is gone, or going.
 * Thread:  any; it never waits. */
DEVP2P_API int devp2p_peer_report(devp2p_peer *peer, devp2p_conduct conduct);

/* devp2p_peer_score is what was reported and seen of a peer, as it was after
 * the last turn in which the peer was reported, or when it connected.  That of
 * a test peer is the sum of what was reported.
 *
 * Returns: -1000..100, 0 for a stranger.
 * Thread:  any. */
DEVP2P_API int devp2p_peer_score(const devp2p_peer *peer);

#ifndef __cplusplus
/* devp2p_send_items(rw, code, "bar", 7u) sends a list of loose values,
 * devp2p_send_value(rw, code, "bar") a bare value, devp2p_send(rw, code,
 * status, &st) a struct status; the three devp2p_decode are the reverse. */
#define devp2p_send_items(rw, code, ...) \
    devp2p_send_list((rw), (code), DEVP2P_ITEMS(__VA_ARGS__))
#define devp2p_send_value(rw, code, value) \
    devp2p_send_one((rw), (code), (const devp2p_item[]){ DEVP2P_ITEM(value) })
#define devp2p_send(rw, code, tag, ptr) \
    devp2p_send_struct(                 \
        (rw), (code), &tag##_rlp, 1 ? (ptr) : (const struct tag *)0)
#define devp2p_decode_items(msg, ...) \
    devp2p_decode_list((msg), DEVP2P_DESTS(__VA_ARGS__))
#define devp2p_decode_value(msg, ptr) \
    devp2p_decode_one((msg), (const devp2p_dest[]){ DEVP2P_DEST(ptr) })
#define devp2p_decode(msg, tag, ptr) \
    devp2p_decode_struct((msg), &tag##_rlp, 1 ? (ptr) : (struct tag *)0)
#endif

#ifdef __cplusplus
}
#endif
#endif
