/* SPDX-License-Identifier: MIT */
#include "server/deliver.h"

#include "server/handler.h"
#include "server/server.h"

/* A letter is a message on its way to on_msg. */
typedef struct letter {
    uint64_t code;
    devp2p_slice body;
    size_t full;
    bool snappy;
    int64_t received_ms;
} letter;

/* hand calls on_msg; false when it wants the message again.  The plain payload
 * stays in the server's scratch until the next one. */
static bool hand(dp_line *line, devp2p_rw *rw, const letter *l, dp_now now)
{
    devp2p_server *srv = line->srv;
    int err = dp_scratch_open(&srv->scratch, l->body, l->full, l->snappy);

    if (err) {
        if (err == DEVP2P_ERR_SNAPPY)
            err = DEVP2P_DISC_PROTOCOL_ERROR;
        dp_line_end(line, err, SIZE_MAX, now);
        return true;
    }
    devp2p_msg msg = {
        .code = l->code,
        .payload = { srv->scratch.plain.at, l->full },
        .received_ms = (uint64_t)l->received_ms,
        .arena = dp_scratch_arena(&srv->scratch),
    };
    err = rw->row->on_msg(rw, &msg, rw->row->user);
    if (err && err != DEVP2P_ERR_AGAIN)
        dp_line_end(line, dp_handler_reason(err), rw->cap, now);
    return err != DEVP2P_ERR_AGAIN;
}

/* hold keeps the first of in until on_writable.  When no send of ours was
 * refused nothing else will bring it back, so a timer does. */
static void hold(dp_line *line, devp2p_rw *rw)
{
    rw->held = true;
    dp_peer_lock(rw->peer);
    rw->wants = true;
    if (!rw->refused && dp_rw_level(rw) < DP_SEND_MARK / 2)
        line->retry = true;
    dp_peer_unlock(rw->peer);
}

/* queue copies a message for later; without memory the connection ends. */
static void queue(dp_line *line, devp2p_rw *rw, const letter *l, dp_now now)
{
    dp_message *m = dp_message_new(
        &rw->peer->env, l->code, l->body, l->full, l->snappy, now);

    if (!m) {
        dp_session_took(line->session, rw->cap, l->full, now);
        dp_line_end(line, DEVP2P_ERR_NOMEM, SIZE_MAX, now);
        return;
    }
    dp_peer_lock(rw->peer);
    dp_list_push(&rw->in, &m->link);
    dp_peer_unlock(rw->peer);
    rw->fresh = true;
}

void dp_deliver(dp_line *line, const dp_session_event *ev, dp_now now)
{
    devp2p_rw *rw = line->rws[ev->cap];
    devp2p_server *srv = line->srv;
    letter l = {
        .code = ev->code,
        .body = { ev->body, ev->len },
        .full = ev->full,
        .snappy = rw->snappy,
        .received_ms = now.wall,
    };

    if (line->code || dp_peer_ending(rw->peer)) {
        dp_session_took(line->session, rw->cap, l.full, now);
    } else if (rw->runs || !dp_list_empty(&rw->in)) {
        queue(line, rw, &l, now);
    } else if (hand(line, rw, &l, now)) {
        dp_session_took(line->session, rw->cap, l.full, now);
    } else {
        l.body = (devp2p_slice){ srv->scratch.plain.at, l.full };
        l.snappy = false;
        queue(line, rw, &l, now);
        hold(line, rw);
    }
}

/* resume gives on_msg what it put off. */
static void resume(dp_line *line, devp2p_rw *rw, dp_now now)
{
    dp_link *k = dp_list_first(&rw->in);

    for (int n = 0; k && n < DP_TURN_MESSAGES; n++) {
        dp_message *m = dp_of(k, dp_message, link);
        letter l = {
            .code = m->code,
            .body = { m->bytes, m->len },
            .full = m->full,
            .snappy = m->snappy,
            .received_ms = m->received_ms,
        };
        if (!hand(line, rw, &l, now)) {
            hold(line, rw);
            return;
        }
        dp_unlink(k);
        dp_session_took(line->session, rw->cap, m->full, now);
        dp_message_free(&rw->peer->env, m);
        if (line->code || dp_peer_ending(rw->peer))
            return;
        k = dp_list_first(&rw->in);
    }
    if (k)
        dp_line_touch(line);
}

/* writable: a send was refused and there is room again. */
static bool writable(devp2p_rw *rw, bool roomy)
{
    bool due = roomy && rw->wants && !rw->peer->ending;

    if (roomy)
        dp_rw_relieve(rw);
    if (due)
        rw->wants = false;
    return due;
}

void dp_deliver_settle(dp_line *line, devp2p_rw *rw, dp_now now)
{
    dp_peer_lock(rw->peer);
    dp_rw_move(rw, line->session, now);
    bool roomy = !rw->refused && dp_rw_level(rw) < DP_SEND_MARK / 2;
    bool due = writable(rw, roomy), ending = rw->peer->ending;
    dp_peer_unlock(rw->peer);

    if (rw->fresh && rw->parker)
        line->srv->world->ops->unpark(rw->parker);
    rw->fresh = false;
    if (rw->runs || !rw->opened || ending)
        return;
    if (due) {
        rw->held = false;
        if (rw->row->on_writable)
            rw->row->on_writable(rw, rw->row->user);
    }
    if (!rw->held && !dp_list_empty(&rw->in) && !dp_peer_ending(rw->peer))
        resume(line, rw, now);
}

void dp_deliver_close(devp2p_rw *rw, int reason)
{
    if (rw->opened && rw->row->on_close)
        rw->row->on_close(rw, reason, rw->unsent, rw->row->user);
    rw->opened = false;
}
