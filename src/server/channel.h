/* SPDX-License-Identifier: MIT */
/* channel.h - one protocol of one connection: where the threads that send and
 * read meet the loop.  It keeps its peer, and may outlive the server. */
#ifndef DP_CHANNEL_H
#define DP_CHANNEL_H

#include "core/scratch.h"
#include "server/message.h"
#include "server/outbox.h"
#include "server/peer.h"
#include "server/rw.h"

typedef struct dp_channel {
    devp2p_rw rw;

    /* never changes */
    size_t cap;      /* index of dp_session_caps */
    uint64_t offset; /* id of code 0 */
    uint32_t length;
    bool snappy, runs;
    uint32_t mark; /* of what waits to be sent */

    /* of the server: under the peer's lock, until it is ending */
    const dp_rules *rules; /* NULL: none */

    /* under the peer's lock; in belongs to the loop when runs is false */
    dp_outbox out;
    size_t queued;    /* bytes in the session when the loop last looked */
    bool refused;     /* the session answered ERR_AGAIN */
    bool wants;       /* a send answered ERR_AGAIN, on_writable is due */
    bool begun;       /* on_open has returned, or run was started */
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
    uint64_t fed;    /* the turn in which a long message of its got on */
} dp_channel;

static inline dp_channel *dp_channel_of(devp2p_rw *rw)
{
    return dp_of(rw, dp_channel, rw);
}

int dp_channel_new(dp_channel **out, devp2p_peer *peer,
    const devp2p_protocol *row, size_t cap, const dp_shared *shared,
    bool snappy);

/* dp_channel_level is the bytes accepted that are not in the window yet.  Lock
 * held. */
size_t dp_channel_level(const dp_channel *ch);

/* dp_channel_read is devp2p_read_for; dp_channel_done gives back what it lent.
 */
int dp_channel_read(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms);
void dp_channel_done(devp2p_rw *rw);

/* dp_channel_code checks a code against a protocol's length: 0, ERR_INVALID. */
int dp_channel_code(uint32_t length, uint64_t code);

/* dp_channel_send is the part of devp2p_send_* that comes after the encoding.
 */
int dp_channel_send(dp_channel *ch, dp_packet *p);

/* dp_channel_offer gives it a packet if nobody has to wait for that: 0,
 * ERR_AGAIN at the mark (no on_writable follows, since the handler asked for
 * nothing), ERR_CLOSED, also before the handler has begun, ERR_TOO_BIG,
 * ERR_NOMEM.  Any thread. */
int dp_channel_offer(dp_channel *ch, devp2p_packet *packet);

/* dp_channel_move gives the session what threads sent; dp_channel_relieve wakes
 * those that wait for room, whether there is or not.  Lock held, on the loop.
 */
void dp_channel_move(dp_channel *ch, dp_session *s, dp_now now);
void dp_channel_relieve(dp_channel *ch);

#endif
