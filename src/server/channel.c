/* SPDX-License-Identifier: MIT */
#include "server/channel.h"

#include "core/feed.h"
#include "core/public_packet.h"
#include "server/line.h"

/* A dp_sleeper is a thread that waits for room to send. */
typedef struct dp_sleeper {
    dp_link link;
    dp_parker *parker;
} dp_sleeper;

/* --- sending --- */

size_t dp_channel_level(const dp_channel *ch)
{
    return ch->queued + ch->out.bytes;
}

/* full: the send mark is reached. */
static bool full(const dp_channel *ch)
{
    return ch->refused || dp_channel_level(ch) >= ch->mark;
}

/* crowded: too much waits in all, and more than a little of it here.  Lock
 * held, the peer not ending. */
static bool crowded(const dp_channel *ch)
{
    return dp_channel_level(ch) > DP_SPARE &&
           dp_line_crowded(ch->rw.peer->line);
}

int dp_channel_code(uint32_t length, uint64_t code)
{
    if (code < length)
        return 0;
    return dp_fail(DEVP2P_ERR_INVALID,
        "the protocol has %u message codes, there is no code %llu", length,
        (unsigned long long)code);
}

static int ready(devp2p_rw *rw, uint64_t code)
{
    dp_channel *ch = dp_channel_of(rw);
    int err = dp_channel_code(ch->length, code);

    if (err)
        return err;
    dp_peer_lock(ch->rw.peer);
    if (ch->rw.peer->ending)
        err = DEVP2P_ERR_CLOSED;
    else if (!ch->runs && full(ch))
        err = DEVP2P_ERR_AGAIN;
    ch->wants |= err == DEVP2P_ERR_AGAIN;
    dp_peer_unlock(ch->rw.peer);
    return err;
}

/* put_outside: the loop will take it from here. */
static int put_outside(dp_channel *ch, dp_packet *p)
{
    devp2p_peer *peer = ch->rw.peer;
    size_t was = ch->out.bytes;

    if (crowded(ch))
        return DEVP2P_ERR_AGAIN;
    int err = dp_outbox_add(&ch->out, &peer->env, p);
    if (err)
        return err;
    dp_line_outside(peer->line, was, ch->out.bytes);
    dp_peer_nudge(peer);
    return 0;
}

/* put accepts a packet, or not: ERR_AGAIN, ERR_CLOSED, ERR_TOO_BIG by a rule,
 * ERR_NOMEM.  On its own loop it goes straight into the session.  Lock held. */
static int put(dp_channel *ch, dp_packet *p)
{
    devp2p_peer *peer = ch->rw.peer;
    int err;

    if (peer->ending)
        return DEVP2P_ERR_CLOSED;
    if (p->full > dp_rules_of(ch->rules, p->code)->max_size)
        return DEVP2P_ERR_TOO_BIG;
    if (full(ch))
        return DEVP2P_ERR_AGAIN;
    if (dp_line_inside(peer->line) && ch->out.n == 0) {
        dp_session *s = dp_line_session(peer->line);
        err = dp_session_send(s, ch->cap, p, dp_line_now(peer->line));
        ch->refused = err == DEVP2P_ERR_AGAIN;
        ch->queued = dp_session_queued(s, ch->cap);
        dp_line_sends(peer->line);
        return err;
    }
    return put_outside(ch, p);
}

/* wait_room waits until the loop says that there is room or that it is over.
 * Lock held. */
static int wait_room(dp_channel *ch, uint64_t until)
{
    devp2p_peer *peer = ch->rw.peer;
    const dp_world_ops *ops = dp_line_world(peer->line)->ops;
    dp_sleeper me = { .link = { NULL, NULL } };

    if (dp_line_inside(peer->line))
        return DEVP2P_ERR_STATE;
    int err = ops->parker(dp_line_world(peer->line), &me.parker);
    if (err)
        return err;
    peer->parked++; /* until the parker is freed */
    dp_list_push(&ch->sleepers, &me.link);
    while (!err && dp_linked(&me.link))
        err = dp_peer_park(peer, me.parker, until);
    if (!dp_linked(&me.link))
        err = 0; /* told, maybe just after the time was over */
    dp_unlink(&me.link);
    ops->parker_free(me.parker);
    if (--peer->parked == 0 && peer->ending)
        dp_peer_nudge(peer);
    return err;
}

/* fits: a frame holds a packet behind the id that it has here. */
static bool fits(const dp_channel *ch, const dp_packet *p)
{
    return dp_feed_wire(ch->offset + p->code, p->len) > 0;
}

int dp_channel_send(dp_channel *ch, dp_packet *p)
{
    if (!fits(ch, p))
        return DEVP2P_ERR_TOO_BIG;
    dp_peer_lock(ch->rw.peer);
    int err = put(ch, p);
    while (err == DEVP2P_ERR_AGAIN && ch->runs) {
        err = wait_room(ch, DP_NEVER);
        if (err == DEVP2P_ERR_STATE) {
            err = DEVP2P_ERR_AGAIN; /* a loop does not wait */
            break;
        }
        if (!err)
            err = put(ch, p);
    }
    ch->wants |= err == DEVP2P_ERR_AGAIN;
    dp_peer_unlock(ch->rw.peer);
    return err;
}

int dp_channel_offer(dp_channel *ch, devp2p_packet *packet)
{
    dp_packet *p;
    int err = dp_public_packet_form(&p, packet, ch->snappy);

    if (err)
        return err;
    if (!fits(ch, p))
        return DEVP2P_ERR_TOO_BIG;
    dp_peer_lock(ch->rw.peer);
    err = ch->begun ? put(ch, p) : DEVP2P_ERR_CLOSED;
    dp_peer_unlock(ch->rw.peer);
    return err;
}

static int send_payload(devp2p_rw *rw, uint64_t code, devp2p_slice payload)
{
    dp_channel *ch = dp_channel_of(rw);
    dp_packet *p;
    int err = dp_packet_new(&p, rw->env, code, payload, ch->snappy);

    if (err)
        return err;
    err = dp_channel_send(ch, p);
    dp_packet_drop(p);
    return err;
}

static int send_packet(devp2p_rw *rw, devp2p_packet *packet)
{
    dp_channel *ch = dp_channel_of(rw);
    dp_packet *p;
    int err = dp_public_packet_form(&p, packet, ch->snappy);

    return err ? err : dp_channel_send(ch, p);
}

static int wait_writable(devp2p_rw *rw, uint32_t timeout_ms)
{
    dp_channel *ch = dp_channel_of(rw);
    int err = 0;

    dp_peer_lock(ch->rw.peer);
    if (!ch->rw.peer->ending && (full(ch) || crowded(ch))) {
        ch->wants = true;
        err = wait_room(ch, dp_line_until(ch->rw.peer->line, timeout_ms));
    }
    if (ch->rw.peer->ending)
        err = DEVP2P_ERR_CLOSED;
    dp_peer_unlock(ch->rw.peer);
    return err;
}

/* --- life --- */

static void free_channel(devp2p_rw *rw)
{
    dp_channel *ch = dp_channel_of(rw);
    devp2p_peer *peer = rw->peer;
    const dp_env *env = &peer->env;

    dp_outbox_fini(&ch->out, env);
    dp_messages_free(env, &ch->in);
    dp_messages_free(env, &ch->done);
    dp_message_free(env, ch->current);
    dp_scratch_fini(&ch->scratch);
    dp_free(env, ch, sizeof *ch);
    devp2p_peer_drop(peer);
}

static const dp_rw_ops channel_ops = {
    .read = dp_channel_read,
    .done = dp_channel_done,
    .ready = ready,
    .send = send_payload,
    .send_packet = send_packet,
    .wait = wait_writable,
    .free = free_channel,
};

int dp_channel_new(dp_channel **out, devp2p_peer *peer,
    const devp2p_protocol *row, size_t cap, const dp_shared *shared,
    bool snappy)
{
    dp_channel *ch = dp_alloc(&peer->env, sizeof *ch);

    if (!ch)
        return DEVP2P_ERR_NOMEM;
    ch->rw.ops = &channel_ops;
    ch->rw.env = &peer->env;
    atomic_init(&ch->rw.refs, 1);
    ch->rw.peer = devp2p_peer_keep(peer);
    ch->cap = cap;
    ch->offset = shared->offset;
    ch->length = shared->length;
    ch->snappy = snappy;
    ch->runs = row->run != NULL;
    ch->row = row;
    dp_scratch_init(&ch->scratch, &peer->env);
    dp_list_init(&ch->sleepers);
    dp_list_init(&ch->in);
    dp_list_init(&ch->done);
    *out = ch;
    return 0;
}

/* --- on the loop --- */

void dp_channel_move(dp_channel *ch, dp_session *s, dp_now now)
{
    size_t was = ch->out.bytes;
    dp_packet *p;

    while (!ch->refused && (p = dp_outbox_first(&ch->out)) != NULL) {
        int err = dp_session_send(s, ch->cap, p, now);
        if (err == DEVP2P_ERR_AGAIN) {
            ch->refused = true;
            break;
        }
        if (err)
            ch->unsent++;
        dp_outbox_pop(&ch->out);
    }
    if (ch->out.bytes != was)
        dp_line_outside(ch->rw.peer->line, was, ch->out.bytes);
    dp_outbox_shrink(&ch->out, &ch->rw.peer->env);
    ch->queued = dp_session_queued(s, ch->cap);
}

void dp_channel_relieve(dp_channel *ch)
{
    const dp_world_ops *ops = dp_line_world(ch->rw.peer->line)->ops;

    for (dp_link *k; (k = dp_list_pop(&ch->sleepers));)
        ops->unpark(dp_of(k, dp_sleeper, link)->parker);
}
