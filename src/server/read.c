/* SPDX-License-Identifier: MIT */
/* read.c - the reader's side of a run-style channel. */
#include "server/line.h"

/* How much may have been read before the loop is told, as long as more waits:
 * one wake for many messages. */
enum { DONE_MESSAGES = 32, DONE_BYTES = 64 * 1024 };

/* shed gives back the memory of what the last read lent, which may take the
 * kernel a while: without the lock. */
static void shed(dp_channel *ch)
{
    dp_scratch_shrink(&ch->scratch);
    if (ch->current)
        dp_message_shed(&ch->rw.peer->env, ch->current);
}

/* finish lets the loop count what the last read lent.  Lock held. */
static void finish(dp_channel *ch)
{
    dp_message *m = ch->current;

    if (m) {
        ch->current = NULL;
        dp_list_push(&ch->done, &m->link);
        ch->done_n++;
        ch->done_bytes += m->full;
    }
    if (ch->done_n && (dp_list_empty(&ch->in) || ch->done_n >= DONE_MESSAGES ||
                          ch->done_bytes >= DONE_BYTES))
        dp_peer_nudge(ch->rw.peer);
}

/* await waits for a message: 0, ERR_CLOSED, ERR_TIMEOUT, ERR_STATE.  What came
 * before the other end closed is still read.  Lock held. */
static int await(dp_channel *ch, uint32_t timeout_ms)
{
    devp2p_peer *peer = ch->rw.peer;
    uint64_t until = 0;
    int err = 0;

    for (;;) {
        if (peer->ending && !peer->drain)
            return DEVP2P_ERR_CLOSED;
        if (!dp_list_empty(&ch->in))
            return 0;
        if (peer->ending)
            return DEVP2P_ERR_CLOSED;
        if (err || timeout_ms == 0)
            return err ? err : DEVP2P_ERR_TIMEOUT;
        if (until == 0)
            until = dp_line_until(peer->line, timeout_ms);
        dp_scratch_rest(&ch->scratch);
        err = dp_peer_park(peer, ch->parker, until);
    }
}

/* open_current makes the message that was taken plain. */
static int open_current(dp_channel *ch, devp2p_msg *msg)
{
    dp_message *m = ch->current;
    devp2p_slice body = m->body;

    if (m->snappy) {
        int err = dp_scratch_open(&ch->scratch, body, m->full, true);
        if (err)
            return err;
        dp_message_shed(&ch->rw.peer->env, m);
        body = (devp2p_slice){ ch->scratch.plain.at, m->full };
    }
    *msg = (devp2p_msg){
        .code = m->code,
        .payload = body,
        .received_ms = (uint64_t)m->received_ms,
        .arena = dp_scratch_arena(&ch->scratch),
    };
    return 0;
}

/* fail undoes a read that could not be made plain.  Without memory the message
 * waits for the next try; malformed, it ends the connection.  Lock held. */
static int fail(dp_channel *ch, int err)
{
    dp_message *m = ch->current;

    if (err == DEVP2P_ERR_NOMEM) {
        dp_list rest;
        dp_list_init(&rest);
        dp_list_splice(&rest, &ch->in);
        dp_list_push(&ch->in, &m->link);
        dp_list_splice(&ch->in, &rest);
        ch->current = NULL;
        return err;
    }
    dp_peer_ask(ch->rw.peer, DEVP2P_DISC_PROTOCOL_ERROR, SIZE_MAX);
    ch->rw.peer->drain = false;
    return DEVP2P_ERR_CLOSED;
}

int dp_channel_read(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms)
{
    dp_channel *ch = dp_channel_of(rw);

    if (!ch->runs)
        return dp_fail(
            DEVP2P_ERR_STATE, "devp2p_read is for handlers of the run style");
    shed(ch);
    dp_peer_lock(ch->rw.peer);
    finish(ch);
    int err = await(ch, timeout_ms);
    if (!err)
        ch->current = dp_of(dp_list_pop(&ch->in), dp_message, link);
    dp_peer_unlock(ch->rw.peer);
    if (err)
        return err;
    err = open_current(ch, msg);
    if (err) {
        dp_peer_lock(ch->rw.peer);
        err = fail(ch, err);
        dp_peer_unlock(ch->rw.peer);
    }
    return err;
}

void dp_channel_done(devp2p_rw *rw)
{
    dp_channel *ch = dp_channel_of(rw);

    shed(ch);
    dp_peer_lock(rw->peer);
    finish(ch);
    dp_peer_unlock(rw->peer);
}
