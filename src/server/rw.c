/* SPDX-License-Identifier: MIT */
#include "server/rw.h"

#include "server/line.h"

/* A dp_sleeper is a thread that waits for room to send. */
typedef struct dp_sleeper {
    dp_link link;
    dp_parker *parker;
} dp_sleeper;

/* --- life --- */

int dp_rw_new(devp2p_rw **out, devp2p_peer *peer, const devp2p_protocol *row,
    size_t cap, const dp_shared *shared, bool snappy)
{
    devp2p_rw *rw = dp_alloc(&peer->env, sizeof *rw);

    if (!rw)
        return DEVP2P_ERR_NOMEM;
    atomic_init(&rw->refs, 1);
    rw->peer = devp2p_peer_keep(peer);
    rw->cap = cap;
    rw->offset = shared->offset;
    rw->length = shared->length;
    rw->snappy = snappy;
    rw->runs = row->run != NULL;
    rw->row = row;
    dp_scratch_init(&rw->scratch, &peer->env);
    dp_list_init(&rw->sleepers);
    dp_list_init(&rw->in);
    dp_list_init(&rw->done);
    *out = rw;
    return 0;
}

devp2p_rw *devp2p_rw_keep(devp2p_rw *rw)
{
    atomic_fetch_add_explicit(&rw->refs, 1, memory_order_relaxed);
    return rw;
}

void devp2p_rw_drop(devp2p_rw *rw)
{
    if (!rw ||
        atomic_fetch_sub_explicit(&rw->refs, 1, memory_order_acq_rel) > 1)
        return;
    devp2p_peer *peer = rw->peer;
    const dp_env *env = &peer->env;

    dp_outbox_fini(&rw->out, env);
    dp_messages_free(env, &rw->in);
    dp_messages_free(env, &rw->done);
    dp_message_free(env, rw->current);
    dp_scratch_fini(&rw->scratch);
    dp_free(env, rw, sizeof *rw);
    devp2p_peer_drop(peer);
}

devp2p_peer *devp2p_rw_peer(devp2p_rw *rw)
{
    return rw->peer;
}

void devp2p_rw_set_data(devp2p_rw *rw, void *data)
{
    rw->data = data;
}

void *devp2p_rw_data(devp2p_rw *rw)
{
    return rw->data;
}

/* --- sending --- */

size_t dp_rw_level(const devp2p_rw *rw)
{
    return rw->queued + rw->out.bytes;
}

/* full: the send mark is reached; an event-style user is told when it is not
 * any more. */
static bool full(devp2p_rw *rw)
{
    bool at_mark = rw->refused || dp_rw_level(rw) >= DP_SEND_MARK;

    if (at_mark)
        rw->wants = true;
    return at_mark;
}

int dp_rw_ready(devp2p_rw *rw, uint64_t code)
{
    int err = 0;

    if (code >= rw->length)
        return dp_fail(DEVP2P_ERR_INVALID,
            "the protocol has %u message codes, there is no code %llu",
            rw->length, (unsigned long long)code);
    dp_peer_lock(rw->peer);
    if (rw->peer->ending)
        err = DEVP2P_ERR_CLOSED;
    else if (!rw->runs && full(rw))
        err = DEVP2P_ERR_AGAIN;
    dp_peer_unlock(rw->peer);
    return err;
}

/* put accepts a packet, or not: ERR_AGAIN, ERR_CLOSED, ERR_NOMEM.  On its own
 * loop it goes straight into the session.  Lock held. */
static int put(devp2p_rw *rw, dp_packet *p)
{
    devp2p_peer *peer = rw->peer;
    int err;

    if (peer->ending)
        return DEVP2P_ERR_CLOSED;
    if (full(rw))
        return DEVP2P_ERR_AGAIN;
    if (dp_line_inside(peer->line) && rw->out.n == 0) {
        dp_session *s = dp_line_session(peer->line);
        err = dp_session_send(s, rw->cap, p, dp_line_now(peer->line));
        if (err == DEVP2P_ERR_AGAIN)
            rw->refused = rw->wants = true;
        rw->queued = dp_session_queued(s, rw->cap);
        dp_line_touch(peer->line);
        return err;
    }
    err = dp_outbox_add(&rw->out, &peer->env, p);
    if (!err)
        dp_peer_nudge(peer);
    return err;
}

/* wait_room waits until the loop says that there is room or that it is over.
 * Lock held. */
static int wait_room(devp2p_rw *rw, uint64_t until)
{
    devp2p_peer *peer = rw->peer;
    const dp_world_ops *ops = dp_line_world(peer->line)->ops;
    dp_sleeper me = { .link = { NULL, NULL } };

    if (dp_line_inside(peer->line))
        return DEVP2P_ERR_STATE;
    int err = ops->parker(dp_line_world(peer->line), &me.parker);
    if (err)
        return err;
    peer->parked++; /* until the parker is freed */
    dp_list_push(&rw->sleepers, &me.link);
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

int dp_rw_send(devp2p_rw *rw, dp_packet *p)
{
    dp_peer_lock(rw->peer);
    int err = put(rw, p);
    while (err == DEVP2P_ERR_AGAIN && rw->runs) {
        err = wait_room(rw, DP_NEVER);
        if (err == DEVP2P_ERR_STATE) {
            err = DEVP2P_ERR_AGAIN; /* a loop does not wait */
            break;
        }
        if (!err)
            err = put(rw, p);
    }
    dp_peer_unlock(rw->peer);
    return err;
}

int devp2p_rw_wait(devp2p_rw *rw, uint32_t timeout_ms)
{
    int err = 0;

    dp_peer_lock(rw->peer);
    if (!rw->peer->ending && full(rw))
        err = wait_room(rw, dp_line_until(rw->peer->line, timeout_ms));
    if (rw->peer->ending)
        err = DEVP2P_ERR_CLOSED;
    dp_peer_unlock(rw->peer);
    return err;
}

/* --- on the loop --- */

void dp_rw_move(devp2p_rw *rw, dp_session *s, dp_now now)
{
    dp_packet *p;

    while (!rw->refused && (p = dp_outbox_first(&rw->out)) != NULL) {
        int err = dp_session_send(s, rw->cap, p, now);
        if (err == DEVP2P_ERR_AGAIN) {
            rw->refused = true;
            break;
        }
        if (err)
            rw->unsent++;
        dp_outbox_pop(&rw->out);
    }
    rw->queued = dp_session_queued(s, rw->cap);
}

void dp_rw_relieve(devp2p_rw *rw)
{
    const dp_world_ops *ops = dp_line_world(rw->peer->line)->ops;

    for (dp_link *k; (k = dp_list_pop(&rw->sleepers));)
        ops->unpark(dp_of(k, dp_sleeper, link)->parker);
}
