/* SPDX-License-Identifier: MIT */
#include "server/deliver.h"

#include "server/handler.h"
#include "server/server.h"
#include "server/watch.h"

/* A letter is a message on its way to on_msg. */
typedef struct letter {
    uint64_t code;
    devp2p_slice body;
    size_t full;
    bool snappy;
    bool fresh; /* it has just come, nobody was told */
    bool kept;  /* body stays where it is, it is not the session's */
    int64_t received_ms;
} letter;

/* open_letter makes a message plain: 0, ERR_SNAPPY, ERR_NOMEM.  The payload
 * stays in the loop's scratch until the next one, if it was not plain in memory
 * of its own. */
static int open_letter(dp_loop *loop, devp2p_msg *msg, const letter *l)
{
    devp2p_slice payload = l->body;
    int err = 0;

    if (l->snappy || !l->kept) {
        err = dp_scratch_open(&loop->scratch, l->body, l->full, l->snappy);
        payload = (devp2p_slice){ loop->scratch.plain.at, l->full };
    }
    *msg = (devp2p_msg){
        .code = l->code,
        .payload = payload,
        .received_ms = (uint64_t)l->received_ms,
        .arena = dp_scratch_arena(&loop->scratch),
    };
    return err;
}

/* is_long: it would keep the loop from everything else for too long to become
 * plain at once. */
static bool is_long(size_t full, bool snappy)
{
    return snappy && full > DP_PLAIN_AT_ONCE;
}

/* letter_of is a message that waits. */
static letter letter_of(const dp_message *m)
{
    return (letter){
        .code = m->code,
        .body = m->body,
        .full = m->full,
        .snappy = m->snappy,
        .kept = true,
        .received_ms = m->received_ms,
    };
}

/* announce tells who watches of a message that has just come, when nothing
 * points into the session any more: who hears of it may send.  False when its
 * channel is over then. */
static bool announce(dp_line *line, const dp_channel *ch, const letter *l)
{
    if (!l->fresh)
        return true;
    dp_watch_received(line, ch, l->code, l->full, l->received_ms);
    return !line->code && !dp_peer_ending(ch->rw.peer);
}

/* spoil ends the connection for a message that cannot be made plain. */
static void spoil(dp_line *line, int err, dp_now now)
{
    if (err == DEVP2P_ERR_SNAPPY)
        err = DEVP2P_DISC_PROTOCOL_ERROR;
    dp_line_end(line, err, SIZE_MAX, now);
}

/* hand calls on_msg; false when it wants the message again. */
static bool hand(dp_line *line, dp_channel *ch, const letter *l, dp_now now)
{
    devp2p_msg msg;
    int err = open_letter(line->loop, &msg, l);

    if (err) {
        spoil(line, err, now);
        return true;
    }
    if (!announce(line, ch, l))
        return true;
    err = ch->row->on_msg(&ch->rw, &msg, ch->row->user);
    if (err && err != DEVP2P_ERR_AGAIN)
        dp_line_end(line, dp_handler_reason(err), ch->cap, now);
    return err != DEVP2P_ERR_AGAIN;
}

/* hold keeps the first of in until on_writable.  When no send of ours was
 * refused nothing else will bring it back, so a timer does. */
static void hold(dp_line *line, dp_channel *ch)
{
    ch->held = true;
    dp_peer_lock(ch->rw.peer);
    ch->wants = true;
    if (!ch->refused && dp_channel_level(ch) < ch->mark / 2)
        line->retry = true;
    dp_peer_unlock(ch->rw.peer);
}

/* message_of makes a letter a message.  The block of a long frame comes along,
 * the bytes of others are copied; NULL when memory is out. */
static dp_message *message_of(dp_line *line, const dp_env *env, const letter *l)
{
    dp_message head = {
        .code = l->code,
        .received_ms = l->received_ms,
        .body = l->body,
        .full = l->full,
        .snappy = l->snappy,
    };

    if (!dp_session_keep(line->session, &head.block, l->body.at))
        return dp_message_new(env, &head);
    dp_message *m = dp_message_around(env, &head);
    if (!m)
        dp_buf_fini(&head.block, env);
    return m;
}

/* queue keeps a message for later; without memory the connection ends. */
static void queue(dp_line *line, dp_channel *ch, const letter *l, dp_now now)
{
    dp_message *m = message_of(line, &ch->rw.peer->env, l);

    if (!m) {
        dp_session_took(line->session, ch->cap, l->full, now);
        dp_line_end(line, DEVP2P_ERR_NOMEM, SIZE_MAX, now);
        return;
    }
    dp_peer_lock(ch->rw.peer);
    dp_list_push(&ch->in, &m->link);
    dp_peer_unlock(ch->rw.peer);
    ch->fresh = true;
    (void)announce(line, ch, l);
}

void dp_deliver(dp_line *line, const dp_session_event *ev, dp_now now)
{
    dp_channel *ch = line->channels[ev->cap];
    dp_loop *loop = line->loop;
    letter l = {
        .code = ev->code,
        .body = { ev->body, ev->len },
        .full = ev->full,
        .snappy = ch->snappy,
        .fresh = line->loop->srv->cfg.message_events,
        .received_ms = now.wall,
    };

    if (line->code || dp_peer_ending(ch->rw.peer)) {
        dp_session_took(line->session, ch->cap, l.full, now);
    } else if (ch->runs || !dp_list_empty(&ch->in) ||
               is_long(l.full, l.snappy)) {
        queue(line, ch, &l, now);
    } else if (hand(line, ch, &l, now)) {
        dp_session_took(line->session, ch->cap, l.full, now);
    } else {
        l.body = (devp2p_slice){ loop->scratch.plain.at, l.full };
        l.snappy = l.fresh = false;
        queue(line, ch, &l, now);
        hold(line, ch);
    }
}

/* feed is how many bytes a channel may make plain now: one piece a turn, while
 * the loop has some left.  Who gets nothing is first in the next turn. */
static size_t feed(dp_line *line, dp_channel *ch)
{
    dp_loop *loop = line->loop;
    size_t max = loop->unfolds < DP_TURN_BYTES ? loop->unfolds : DP_TURN_BYTES;

    if (ch->fed == loop->turns)
        return 0;
    line->starved |= max == 0;
    if (max)
        ch->fed = loop->turns;
    loop->unfolds -= max;
    return max;
}

/* unfold makes a long message plain, a piece at a time: 0 when it is, or is not
 * long, ERR_AGAIN, ERR_SNAPPY, ERR_NOMEM.  What it still needs of its body
 * counts in the receive total meanwhile.  Its end is a turn of its own: to free
 * the body may take the system a millisecond, and so may the plain bytes, once
 * they are handled. */
static int unfold(dp_line *line, dp_channel *ch, dp_message *m)
{
    size_t block = m->block.cap, max;

    if (!is_long(m->full, m->snappy))
        return ch->fed == line->loop->turns ? DEVP2P_ERR_AGAIN : 0;
    max = feed(line, ch);
    if (!max)
        return DEVP2P_ERR_AGAIN;
    if (!m->inflate)
        dp_session_charge(line->session, block);
    int err = dp_message_unfold(&ch->rw.peer->env, m, max);
    if (err != DEVP2P_ERR_AGAIN)
        dp_session_discharge(line->session, block);
    return err ? err : DEVP2P_ERR_AGAIN;
}

/* resume gives on_msg what waits: it was put off, or was too long. */
static void resume(dp_line *line, dp_channel *ch, dp_now now)
{
    dp_link *k = dp_list_first(&ch->in);

    for (int n = 0; k && n < DP_TURN_MESSAGES; n++) {
        dp_message *m = dp_of(k, dp_message, link);
        int err = unfold(line, ch, m);
        if (err == DEVP2P_ERR_AGAIN)
            break;
        letter l = letter_of(m);
        if (err) {
            spoil(line, err, now);
        } else if (!hand(line, ch, &l, now)) {
            hold(line, ch);
            return;
        }
        dp_unlink(k);
        dp_session_took(line->session, ch->cap, m->full, now);
        dp_message_free(&ch->rw.peer->env, m);
        if (line->code || dp_peer_ending(ch->rw.peer))
            return;
        k = dp_list_first(&ch->in);
    }
    if (k)
        dp_line_touch(line);
}

/* writable: a send was refused and there is room again. */
static bool writable(dp_channel *ch, bool roomy)
{
    bool due = roomy && ch->wants && !ch->rw.peer->ending;

    if (roomy)
        dp_channel_relieve(ch);
    if (due)
        ch->wants = false;
    return due;
}

void dp_deliver_settle(dp_line *line, dp_channel *ch, dp_now now)
{
    dp_peer_lock(ch->rw.peer);
    dp_channel_move(ch, line->session, now);
    bool roomy = !ch->refused && dp_channel_level(ch) < ch->mark / 2;
    bool due = writable(ch, roomy), ending = ch->rw.peer->ending;
    dp_peer_unlock(ch->rw.peer);

    if (ch->fresh && ch->parker)
        line->loop->world->ops->unpark(ch->parker);
    ch->fresh = false;
    if (ch->runs || !ch->opened || ending)
        return;
    if (due) {
        ch->held = false;
        if (ch->row->on_writable)
            ch->row->on_writable(&ch->rw, ch->row->user);
    }
    if (!ch->held && !dp_list_empty(&ch->in) && !dp_peer_ending(ch->rw.peer))
        resume(line, ch, now);
}

void dp_deliver_rest(dp_line *line, dp_channel *ch)
{
    int err = 0;

    for (dp_link *k; !err && (k = dp_list_first(&ch->in));) {
        dp_message *m = dp_of(k, dp_message, link);
        devp2p_msg msg;
        if (m->inflate)
            err = dp_message_unfold(&ch->rw.peer->env, m, SIZE_MAX);
        letter l = letter_of(m);
        if (!err)
            err = open_letter(line->loop, &msg, &l);
        if (!err)
            err = ch->row->on_msg(&ch->rw, &msg, ch->row->user);
        dp_unlink(k);
        dp_message_free(&ch->rw.peer->env, m);
    }
}

void dp_deliver_close(dp_channel *ch, int reason)
{
    if (ch->opened && ch->row->on_close)
        ch->row->on_close(&ch->rw, reason, ch->unsent, ch->row->user);
    ch->opened = false;
    if (!ch->runs)
        dp_messages_free(&ch->rw.peer->env, &ch->in);
}
