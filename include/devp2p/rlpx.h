/* SPDX-License-Identifier: MIT */
/* devp2p/rlpx.h - one encrypted connection, for programs with a loop of their
 * own: bytes go in, bytes and events come out (RLPx, whole).
 *
 * A devp2p_session is the same code that a server runs, without the server: no
 * socket, thread, clock or callback.  The program reads and writes its own
 * sockets and says what happened; after that it takes events until there are
 * none, then writes what there is to write:
 *
 *     while (devp2p_session_next(s, &event, now))
 *         ...
 *     while ((len = devp2p_session_out(s, &bytes, now)) > 0)
 *         ... write, devp2p_session_sent(s, written, now);
 *
 * examples/own_loop.c does so with poll.  A devp2p_rlpx and its sessions belong
 * to one thread at a time. */
#ifndef DEVP2P_RLPX_H
#define DEVP2P_RLPX_H

#include <devp2p/packet.h>
#include <devp2p/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A devp2p_now is a moment, told by the program with every call. */
typedef struct devp2p_now {
    uint64_t mono_ns; /* of a clock that never goes back: timers */
    int64_t unix_ms;  /* what devp2p_msg.received_ms shows */
} devp2p_now;

/* --- what the sessions of a node share --- */

typedef struct devp2p_rlpx devp2p_rlpx;

/* A devp2p_rlpx_cap is a capability of ours; a table of them ends with a NULL
 * name. */
typedef struct devp2p_rlpx_cap {
    const char *name; /* 1..64 printable ASCII */
    uint32_t version;
    uint32_t length; /* message codes 0..length-1 */
} devp2p_rlpx_cap;

/* A devp2p_random_fn fills out with len unpredictable bytes; it returns 0, or
 * DEVP2P_ERR_RANDOM when it cannot. */
typedef int devp2p_random_fn(void *user, void *out, size_t len);

/* A devp2p_rlpx_config is copied whole.  Zero means what stands beside the
 * field. */
typedef struct devp2p_rlpx_config {
    devp2p_key private_key;      /* needed */
    const char *name;            /* client name in Hello; "" */
    const devp2p_rlpx_cap *caps; /* at most 64; none */
    devp2p_random_fn *random;    /* the system's */
    void *random_user;
    devp2p_log_fn *log;
    void *log_user;
    devp2p_log_level log_level; /* DEVP2P_LOG_OFF */
    devp2p_alloc_fn *alloc;     /* malloc and free */
    void *alloc_user;
} devp2p_rlpx_config;

/* devp2p_rlpx_new checks and copies a configuration.  It is a macro that passes
 * the size your program was compiled with to devp2p_rlpx_new_sized.
 *
 * Returns: 0; ERR_INVALID or ERR_KEY, and the detail names the field; ERR_ABI;
 *          ERR_NOMEM; ERR_RANDOM.
 * Out:     out - owned by the caller, freed with devp2p_rlpx_free; NULL after
 *          an error.
 * Thread:  any; from then on one at a time. */
DEVP2P_API DEVP2P_CHECK int devp2p_rlpx_new_sized(
    devp2p_rlpx **out, const devp2p_rlpx_config *cfg, size_t config_size);
#define devp2p_rlpx_new(out, cfg) \
    devp2p_rlpx_new_sized((out), (cfg), sizeof(devp2p_rlpx_config))

/* devp2p_rlpx_free wipes the key and frees.  Its sessions are freed before it.
 * NULL is fine.
 *
 * Thread:  that of its sessions. */
DEVP2P_API void devp2p_rlpx_free(devp2p_rlpx *rlpx);

/* --- a session --- */

typedef struct devp2p_session devp2p_session;

typedef enum devp2p_session_event_kind {
    DEVP2P_SESSION_AUTHED = 1, /* the peer's key is known */
    DEVP2P_SESSION_READY,      /* both Hellos are done */
    DEVP2P_SESSION_MSG,        /* a message: cap, msg */
    DEVP2P_SESSION_WRITABLE,   /* a cap that answered ERR_AGAIN has room */
    DEVP2P_SESSION_SHUT,       /* all is written: shut the write side down */
    DEVP2P_SESSION_DOWN        /* the end: close the connection */
} devp2p_session_event_kind;

/* A devp2p_session_event; what does not apply is zero. */
typedef struct devp2p_session_event {
    devp2p_session_event_kind kind;
    size_t cap;     /* MSG, WRITABLE: index of devp2p_session_cap */
    devp2p_msg msg; /* MSG: borrowed until devp2p_session_next or _free */
    int reason;     /* DOWN: DEVP2P_DISC_* or DEVP2P_ERR_* */
    bool remote;    /* DOWN: the peer sent the reason */
    bool reset;     /* DOWN: nothing that was written matters any more */
} devp2p_session_event;

/* devp2p_session_new begins a connection that is up.
 *
 * Returns: 0, ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_session_free; NULL
 *          after an error.
 * In:      dial - copied: the key of the node that was dialled; NULL when it
 *          connected to us.
 * Thread:  that of rlpx. */
DEVP2P_API DEVP2P_CHECK int devp2p_session_new(devp2p_session **out,
    devp2p_rlpx *rlpx, const devp2p_pubkey *dial, devp2p_now now);

/* devp2p_session_free frees a session, at any time; its keys are wiped.  NULL
 * is fine.
 *
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_free(devp2p_session *s);

/* --- bytes in --- */

/* devp2p_session_room lends memory to read into.
 *
 * Returns: how many bytes fit; 0: do not read now, ask again after the next
 *          devp2p_session_next or _tick.
 * Out:     at - borrowed until the next call of the session.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API size_t devp2p_session_room(devp2p_session *s, uint8_t **at);

/* devp2p_session_recv says that len bytes were put where devp2p_session_room
 * said.
 *
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_recv(
    devp2p_session *s, size_t len, devp2p_now now);

/* devp2p_session_eof says that no more bytes come.
 *
 * In:      err - 0 when the peer ended its side in order, else ERR_RESET or
 *          ERR_IO: the connection broke.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_eof(devp2p_session *s, int err, devp2p_now now);

/* --- events --- */

/* devp2p_session_next does the work at hand (curve operations of the handshake,
 * about 0.4 ms; frames) and tells the next event.  The peer of AUTHED and READY
 * is refused with devp2p_session_close before the next call of this function or
 * of devp2p_session_send, which accept it.
 *
 * Returns: true; false: no more until something happens.
 * Out:     out - the event.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API bool devp2p_session_next(
    devp2p_session *s, devp2p_session_event *out, devp2p_now now);

/* devp2p_session_hold is for a program that cannot deal with a message at once:
 * it copies the payload of the MSG told last and holds it; each held one is
 * given back with devp2p_session_took, in any order.  At 4 MiB or 1,024 held
 * messages of a capability the session stops reading, so that the peer has to
 * wait; 30 s later it ends with SUBPROTOCOL_ERROR.  Without a message told last
 * nothing happens.
 *
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_hold(devp2p_session *s);

/* devp2p_session_took gives back a message that was held.
 *
 * Returns: 0; ERR_INVALID when so much is not held.
 * In:      cap, len - of the event: its cap, its msg.payload.len.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API int devp2p_session_took(
    devp2p_session *s, size_t cap, size_t len, devp2p_now now);

/* --- bytes out --- */

/* devp2p_session_out lends bytes to write; devp2p_session_sent says how many
 * of them went, and gives them back.
 *
 * Returns: how many there are; 0: none.
 * Out:     at - borrowed until devp2p_session_sent.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API size_t devp2p_session_out(
    devp2p_session *s, const uint8_t **at, devp2p_now now);
DEVP2P_API void devp2p_session_sent(
    devp2p_session *s, size_t len, devp2p_now now);

/* devp2p_session_send queues a message, from READY on.
 *
 * Returns: 0 when accepted: it goes out with what devp2p_session_out lends, or
 *          is counted by devp2p_session_unsent; ERR_INVALID for a cap or a code
 *          that is not there; ERR_TOO_BIG when it exceeds a frame; ERR_AGAIN at
 *          the send mark (1 MiB of a capability), a WRITABLE follows;
 *          ERR_CLOSED before READY and after the end has begun; ERR_NOMEM.
 * In:      cap - index of devp2p_session_cap.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API DEVP2P_CHECK int devp2p_session_send(
    devp2p_session *s, size_t cap, devp2p_packet *packet, devp2p_now now);

/* devp2p_session_close ends the session: what was accepted goes out first, for
 * up to 2 s, then the reason; SHUT follows unless the peer is gone, then DOWN.
 *
 * In:      reason - DEVP2P_DISC_*; any other number says nothing to the peer.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_close(
    devp2p_session *s, int reason, devp2p_now now);

/* --- time --- */

/* devp2p_session_deadline is when devp2p_session_tick is due: handshakes that
 * take too long, pings, peers that are silent.
 *
 * Returns: ns of the clock of devp2p_now.mono_ns; 0 while devp2p_session_next
 *          or _out has something; UINT64_MAX for never.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API uint64_t devp2p_session_deadline(const devp2p_session *s);

/* devp2p_session_tick does what is due.  Early is fine, and does nothing.
 *
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API void devp2p_session_tick(devp2p_session *s, devp2p_now now);

/* --- asking; all answers are borrowed until devp2p_session_free --- */

/* devp2p_session_peer is the peer's public key.
 *
 * Returns: NULL before AUTHED.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API const devp2p_pubkey *devp2p_session_peer(const devp2p_session *s);

/* A devp2p_hello is what the peer said of itself: bytes of the peer,
 * devp2p_escape them before printing. */
typedef struct devp2p_hello {
    uint64_t version; /* of the base protocol */
    devp2p_slice name;
    const devp2p_cap *caps;
    size_t ncaps;
} devp2p_hello;

/* devp2p_session_hello tells the peer's Hello, also of a session that ended
 * because of it.
 *
 * Returns: 0, ERR_NOT_FOUND before it came.
 * Out:     out - its strings and caps are borrowed until devp2p_session_free.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API DEVP2P_CHECK int devp2p_session_hello(
    const devp2p_session *s, devp2p_hello *out);

/* devp2p_session_ncaps counts the capabilities that both ends have, from READY
 * on; devp2p_session_cap is the index in the configuration's table of the one
 * with index at, devp2p_session_unsent its messages that were accepted and not
 * wholly written.
 *
 * Returns: of devp2p_session_cap: SIZE_MAX when there is none.
 * Thread:  that of its devp2p_rlpx. */
DEVP2P_API size_t devp2p_session_ncaps(const devp2p_session *s);
DEVP2P_API size_t devp2p_session_cap(const devp2p_session *s, size_t at);
DEVP2P_API uint32_t devp2p_session_unsent(const devp2p_session *s, size_t at);

#ifdef __cplusplus
}
#endif
#endif
