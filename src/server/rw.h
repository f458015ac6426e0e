/* SPDX-License-Identifier: MIT */
/* rw.h - one protocol of one peer: where the threads that send and read meet
 * the loop.  Counted; it keeps its peer, and may outlive the server. */
#ifndef DP_RW_H
#define DP_RW_H

#include "server/message.h"
#include "server/outbox.h"
#include "server/peer.h"
#include "server/scratch.h"

struct devp2p_rw {
    atomic_uint refs;
    devp2p_peer *peer;

    /* never changes */
    size_t cap;      /* index of dp_session_caps */
    uint64_t offset; /* id of code 0 */
    uint32_t length;
    bool snappy, runs;

    /* of the user */
    void *data;

    /* under the peer's lock; in belongs to the loop when runs is false */
    dp_outbox out;
    size_t queued;    /* bytes in the session when the loop last looked */
    bool refused;     /* the session answered ERR_AGAIN */
    bool wants;       /* a send answered ERR_AGAIN, on_writable is due */
    dp_list sleepers; /* dp_sleeper */
    dp_list in, done; /* dp_message */
    size_t done_n, done_bytes;
    bool returned; /* run is about to end its thread, with result */
    int result;

    /* of the reader */
    dp_message *current;
    dp_scratch scratch;

    /* of the loop */
    const devp2p_protocol *row;
    dp_parker *parker; /* of the reader */
    dp_task *task;
    uint32_t unsent; /* accepted, and refused by a session that had ended */
    bool opened;     /* on_open was called */
    bool held;       /* on_msg answered ERR_AGAIN to the first of in */
    bool fresh;      /* the reader is to be woken */
};

int dp_rw_new(devp2p_rw **out, devp2p_peer *peer, const devp2p_protocol *row,
    size_t cap, const dp_shared *shared, bool snappy);

/* dp_rw_level is the bytes accepted that are not in the window yet.  Lock held.
 */
size_t dp_rw_level(const devp2p_rw *rw);

/* dp_rw_ready answers what a send would, before anything is encoded: 0,
 * ERR_INVALID, ERR_CLOSED, ERR_AGAIN. */
int dp_rw_ready(devp2p_rw *rw, uint64_t code);

/* dp_rw_send is the part of devp2p_send_* that comes after the encoding. */
int dp_rw_send(devp2p_rw *rw, dp_packet *p);

/* dp_rw_move gives the session what threads sent; dp_rw_relieve wakes those
 * that wait for room, whether there is or not.  Lock held, on the loop. */
void dp_rw_move(devp2p_rw *rw, dp_session *s, dp_now now);
void dp_rw_relieve(devp2p_rw *rw);

#endif
