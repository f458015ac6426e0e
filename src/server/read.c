/* SPDX-License-Identifier: MIT */
/* read.c - devp2p_read: the reader's side of a run-style rw. */
#include "server/line.h"

/* How much may have been read before the loop is told, as long as more waits:
 * one wake for many messages. */
enum { DONE_MESSAGES = 32, DONE_BYTES = 64 * 1024 };

/* finish gives back what the last read lent.  Lock held. */
static void finish(devp2p_rw *rw)
{
    dp_message *m = rw->current;

    dp_scratch_shrink(&rw->scratch);
    if (m) {
        rw->current = NULL;
        dp_list_push(&rw->done, &m->link);
        rw->done_n++;
        rw->done_bytes += m->full;
    }
    if (rw->done_n && (dp_list_empty(&rw->in) || rw->done_n >= DONE_MESSAGES ||
                          rw->done_bytes >= DONE_BYTES))
        dp_peer_nudge(rw->peer);
}

/* await waits for a message: 0, ERR_CLOSED, ERR_TIMEOUT, ERR_STATE.  What came
 * before the other end closed is still read.  Lock held. */
static int await(devp2p_rw *rw, uint32_t timeout_ms)
{
    devp2p_peer *peer = rw->peer;
    uint64_t until = 0;
    int err = 0;

    for (;;) {
        if (peer->ending && !peer->drain)
            return DEVP2P_ERR_CLOSED;
        if (!dp_list_empty(&rw->in))
            return 0;
        if (peer->ending)
            return DEVP2P_ERR_CLOSED;
        if (err || timeout_ms == 0)
            return err ? err : DEVP2P_ERR_TIMEOUT;
        if (until == 0)
            until = dp_line_until(peer->line, timeout_ms);
        err = dp_peer_park(peer, rw->parker, until);
    }
}

/* open_current makes the message that was taken plain. */
static int open_current(devp2p_rw *rw, devp2p_msg *msg)
{
    dp_message *m = rw->current;
    devp2p_slice body = { m->bytes, m->len };

    if (m->snappy) {
        int err = dp_scratch_open(&rw->scratch, body, m->full, true);
        if (err)
            return err;
        body = (devp2p_slice){ rw->scratch.plain.at, m->full };
    }
    *msg = (devp2p_msg){
        .code = m->code,
        .payload = body,
        .received_ms = (uint64_t)m->received_ms,
        .arena = dp_scratch_arena(&rw->scratch),
    };
    return 0;
}

/* fail undoes a read that could not be made plain.  Without memory the message
 * waits for the next try; malformed, it ends the connection.  Lock held. */
static int fail(devp2p_rw *rw, int err)
{
    dp_message *m = rw->current;

    if (err == DEVP2P_ERR_NOMEM) {
        dp_list rest;
        dp_list_init(&rest);
        dp_list_splice(&rest, &rw->in);
        dp_list_push(&rw->in, &m->link);
        dp_list_splice(&rw->in, &rest);
        rw->current = NULL;
        return err;
    }
    dp_peer_ask(rw->peer, DEVP2P_DISC_PROTOCOL_ERROR, SIZE_MAX);
    rw->peer->drain = false;
    return DEVP2P_ERR_CLOSED;
}

int devp2p_read_for(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms)
{
    if (!rw->runs)
        return dp_fail(
            DEVP2P_ERR_STATE, "devp2p_read is for handlers of the run style");
    dp_peer_lock(rw->peer);
    finish(rw);
    int err = await(rw, timeout_ms);
    if (!err)
        rw->current = dp_of(dp_list_pop(&rw->in), dp_message, link);
    dp_peer_unlock(rw->peer);
    if (err)
        return err;
    err = open_current(rw, msg);
    if (err) {
        dp_peer_lock(rw->peer);
        err = fail(rw, err);
        dp_peer_unlock(rw->peer);
    }
    return err;
}

int devp2p_read(devp2p_rw *rw, devp2p_msg *msg)
{
    return devp2p_read_for(rw, msg, DEVP2P_FOREVER);
}
