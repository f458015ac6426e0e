/* SPDX-License-Identifier: MIT */
/* session_walk.c - the messages of a session: the two Hellos, the base
 * protocol, and what belongs to capabilities (RLPx, "Message Contents" and "p2p
 * Capability"). */
#include "core/session_impl.h"

#include "wire/disconnect.h"

#include <string.h>

enum { SNAPPY_SINCE = 5 /* version of the base protocol */ };

/* A message is a frame's body: the id, then the payload. */
typedef struct message {
    uint64_t id;
    const uint8_t *at;
    size_t len;
    size_t wire; /* of its frame */
    int err;     /* of reading the id */
} message;

/* breach ends a session whose peer does not keep to the protocol. */
static void breach(dp_session *s, dp_now now)
{
    dp_session_close(s, DEVP2P_DISC_PROTOCOL_ERROR, false, now);
}

/* hear_disconnect: the peer is gone; there is nobody to answer. */
static void hear_disconnect(dp_session *s, const message *m)
{
    uint8_t reason;
    int err = dp_disconnect_read_any(&reason, m->at, m->len);
    dp_session_lose(s, err ? err : DEVP2P_DISC(reason), false);
    s->end.remote = true;
}

/* --- Hello --- */

/* keep_hello decodes twice: first to count the capabilities, then into a block
 * that fits and stays as long as the session. */
static int keep_hello(dp_session *s, const message *m)
{
    const dp_env *env = &s->self->env;
    uint8_t *scratch = dp_pool_get(s->self->pool);
    if (!scratch)
        return DEVP2P_ERR_NOMEM;
    devp2p_arena arena = { scratch, scratch + DP_CHUNK };
    int err = dp_hello_read(&s->hello, m->at, m->len, &arena);
    size_t caps = s->hello.ncaps * sizeof *s->hello.caps;
    dp_pool_put(s->self->pool, scratch);
    if (err)
        return err;

    s->hello_block = dp_alloc(env, caps + m->len);
    if (!s->hello_block)
        return DEVP2P_ERR_NOMEM;
    s->hello_size = caps + m->len;
    uint8_t *payload = s->hello_block + caps;
    memcpy(payload, m->at, m->len);
    arena = (devp2p_arena){ s->hello_block, payload };
    return dp_hello_read(&s->hello, payload, m->len, &arena);
}

/* agree finds out what both can talk about. */
static int agree(dp_session *s)
{
    const dp_node_self *self = s->self;
    dp_shared shared[DP_PROTOCOLS_MAX];
    dp_caps caps = { .v = shared };
    dp_caps_match(&caps, self->protocols, self->nprotocols, s->hello.caps,
        s->hello.ncaps);
    if (caps.n == 0 && self->nprotocols > 0)
        return DEVP2P_DISC_USELESS_PEER;
    int err = dp_mux_open(&s->mux, &caps);
    if (!err)
        err = dp_meter_open(&s->meter, &self->env, &caps);
    return err ? err : dp_tx_open(&s->tx, caps.n);
}

/* hear_hello returns 0 or why the session ends.  Whether the rest is compressed
 * is settled by the version alone, so that a refusal is understood. */
static int hear_hello(dp_session *s, const message *m)
{
    int err = keep_hello(s, m);
    if (err == DEVP2P_ERR_NOMEM)
        return err;
    if (err)
        return err == DEVP2P_ERR_KEY ? DEVP2P_DISC_INVALID_IDENTITY
                                     : DEVP2P_DISC_PROTOCOL_ERROR;
    s->greeted = true;
    s->mux.snappy = s->tx.base.snappy = s->hello.version >= SNAPPY_SINCE;
    if (memcmp(s->hello.pub.b, s->peer.b, sizeof s->peer.b) != 0)
        return DEVP2P_DISC_UNEXPECTED_IDENTITY;
    return agree(s);
}

/* greet: the first message is Hello or Disconnect (RLPx, "Hello (0x00)"). */
static void greet(dp_session *s, const message *m, dp_now now)
{
    if (m->id == DP_ID_DISCONNECT) {
        hear_disconnect(s, m);
        return;
    }
    int err =
        m->id == DP_ID_HELLO ? hear_hello(s, m) : DEVP2P_DISC_PROTOCOL_ERROR;
    if (err) {
        dp_session_close(s, err, false, now);
        return;
    }
    s->stage = DP_STAGE_HELD;
    s->tell = DP_READY;
}

/* --- after Hello --- */

/* hear_base handles a message of the base protocol.  The payloads of Ping and
 * Pong are not looked at: implementations differ in what they put there. */
static void hear_base(dp_session *s, const message *m, dp_now now)
{
    switch (m->id) {
    case DP_ID_HELLO:
        breach(s, now);
        break;
    case DP_ID_DISCONNECT:
        hear_disconnect(s, m);
        break;
    case DP_ID_PING:
        if (dp_ping_answer(&s->ping, now))
            dp_tx_pong(&s->tx);
        break;
    case DP_ID_PONG:
        break;
    default:
        if (dp_mux_stray(&s->mux))
            breach(s, now);
    }
}

/* hear_message gives one to its capability.  Before READY's verdict, at the end
 * of a peer that left meanwhile, nobody wants it. */
static bool hear_message(
    dp_session *s, const message *m, dp_session_event *ev, dp_now now)
{
    if (s->stage != DP_STAGE_OPEN)
        return false;
    dp_routed to;
    if (dp_mux_route(&s->mux, &to, m->id, m->at, m->len, now)) {
        breach(s, now);
        return false;
    }
    dp_meter_message(&s->meter, DP_IN, to.cap, to.code, m->wire, to.full);
    ev->kind = DP_MSG;
    ev->cap = to.cap;
    ev->code = to.code;
    ev->body = m->at;
    ev->len = m->len;
    ev->full = to.full;
    return true;
}

static bool hear(
    dp_session *s, const message *m, dp_session_event *ev, dp_now now)
{
    if (m->err)
        breach(s, now);
    else if (s->stage == DP_STAGE_GREETING)
        greet(s, m, now);
    else if (m->id < DP_BASE_LENGTH)
        hear_base(s, m, now);
    else
        return hear_message(s, m, ev, now);
    return false;
}

/* peek reads the id of the next message, false when there is none. */
static bool peek(const dp_session *s, message *m)
{
    const uint8_t *body;
    size_t size;

    if (!dp_rx_peek(&s->rx, &body, &size))
        return false;
    devp2p_rlp_reader r = devp2p_rlp_read(body, size);
    *m = (message){ .id = devp2p_rlp_get_u64(&r) };
    m->err = r.err;
    m->at = r.at;
    m->len = (size_t)(r.end - r.at);
    m->wire = dp_frame_wire(size);
    return true;
}

bool dp_session_walks(const dp_session *s)
{
    switch (s->stage) {
    case DP_STAGE_GREETING:
        return true;
    case DP_STAGE_HELD:
        return s->ended;
    case DP_STAGE_OPEN:
        return !dp_mux_blocked(&s->mux) && !dp_mux_rests(&s->mux);
    default:
        return false;
    }
}

/* next walks past the next message, if its rule lets it come now. */
static bool next(dp_session *s, message *m, dp_now now)
{
    const uint8_t *body;
    size_t size;

    if (!dp_session_walks(s) || !peek(s, m))
        return false;
    bool bounded = s->stage == DP_STAGE_OPEN && !m->err;
    if (bounded && !dp_mux_admits(&s->mux, m->id, now))
        return false;
    return dp_rx_next(&s->rx, &body, &size);
}

bool dp_session_walk(dp_session *s, dp_session_event *ev, dp_now now)
{
    message m;

    while (next(s, &m, now))
        if (hear(s, &m, ev, now))
            return true;
    return false;
}
