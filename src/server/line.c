/* SPDX-License-Identifier: MIT */
#include "server/line.h"

#include "server/deliver.h"
#include "server/dialer.h"
#include "server/handler.h"
#include "server/relay.h"
#include "server/server.h"
#include "server/watch.h"

#include <inttypes.h>
#include <string.h>

/* --- life --- */

static void number_key(uint8_t key[8], uint64_t number)
{
    memcpy(key, &number, 8);
}

/* enter makes a line known to those who ask by number, or to its relay. */
static int enter(dp_line *line)
{
    uint8_t key[8];

    if (line->relay) {
        line->relay->line = line;
        return 0;
    }
    number_key(key, line->number);
    return dp_map_put(line->loop->srv->lines, key, line);
}

int dp_line_new(dp_line **out, const dp_line_setup *setup)
{
    dp_loop *loop = setup->loop;
    dp_line *line;
    int err = dp_timers_reserve(loop->timers, loop->nlines + 1);

    if (err)
        return err;
    line = dp_alloc(&loop->self.env, sizeof *line);
    if (!line)
        return DEVP2P_ERR_NOMEM;
    line->loop = loop;
    line->relay = setup->relay;
    line->number = setup->number;
    line->far = *setup->far;
    line->timer.at = DP_NEVER;
    line->blame = SIZE_MAX;
    err = enter(line);
    if (err) {
        dp_free(&loop->self.env, line, sizeof *line);
        return err;
    }
    dp_list_push(&loop->all, &line->all);
    loop->nlines++;
    *out = line;
    return 0;
}

dp_line *dp_line_find(devp2p_server *srv, uint64_t number)
{
    uint8_t key[8];

    number_key(key, number);
    return dp_map_get(srv->lines, key);
}

static void forget(dp_line *line)
{
    uint8_t key[8];

    if (line->relay)
        return; /* the first loop does */
    number_key(key, line->number);
    dp_map_cut(line->loop->srv->lines, key);
}

int dp_line_open(dp_line *line, dp_now now)
{
    bool dialled = line->number >= DP_CONN_DIAL;
    dp_session_setup setup = { &line->loop->self,
        dialled ? &line->dial : NULL };
    int err = dp_session_new(&line->session, &setup, now);

    if (!err)
        dp_line_touch(line);
    return err;
}

/* part takes the loop's hands off the peer and its channels. */
static void part(dp_line *line)
{
    const dp_world_ops *ops = line->loop->world->ops;

    for (size_t i = 0; i < line->nchannels; i++) {
        dp_channel *ch = line->channels[i];
        if (!ch)
            continue;
        if (ch->parker)
            ops->parker_free(ch->parker);
        devp2p_rw_drop(&ch->rw);
    }
    dp_free(&line->loop->self.env, line->channels,
        line->nchannels * sizeof *line->channels);
    line->channels = NULL;
    line->nchannels = 0;
    if (!line->peer)
        return;
    dp_peer_lock(line->peer);
    line->peer->ending = true;
    line->peer->line = NULL;
    dp_peer_unlock(line->peer);
    devp2p_peer_drop(line->peer);
    line->peer = NULL;
}

/* drop_session: the engine may have worked for it last. */
static void drop_session(dp_line *line)
{
    if (!line->session)
        return;
    dp_session_free(line->session);
    line->session = NULL;
    dp_engine_forget(line->loop->engine);
}

void dp_line_free(dp_line *line)
{
    dp_loop *loop = line->loop;

    forget(line);
    part(line);
    dp_dialer_drop(line);
    if (line->io)
        loop->world->ops->close(line->io, true);
    drop_session(line);
    dp_timer_set(loop->timers, &line->timer, DP_NEVER);
    dp_unlink(&line->dirty);
    dp_unlink(&line->all);
    loop->nlines--;
    if (line->relay)
        dp_relay_leave(line->relay);
    dp_free(&loop->self.env, line, sizeof *line);
}

bool dp_line_gone(dp_line *line)
{
    if (!line->over || line->threads || line->ec.at != DP_EC_NONE)
        return false;
    if (!line->peer)
        return true;
    dp_peer_lock(line->peer);
    bool gone = !line->peer->posted && !line->peer->parked;
    dp_peer_unlock(line->peer);
    return gone;
}

/* note has this turn work on the line if its stages are not over, or the next
 * one. */
static void note(dp_line *line)
{
    if (!dp_linked(&line->dirty))
        dp_list_push(&line->loop->dirty, &line->dirty);
}

void dp_line_touch(dp_line *line)
{
    line->again = true;
    note(line);
}

void dp_line_sends(dp_line *line)
{
    line->again |= line->loop->sealing;
    note(line);
}

/* --- for channel and peer --- */

dp_world *dp_line_world(const dp_line *line)
{
    return line->loop->world;
}

void dp_line_post(dp_line *line)
{
    line->loop->world->ops->post(line->loop->world, &line->post);
}

bool dp_line_inside(const dp_line *line)
{
    return dp_loop_inside(line->loop);
}

dp_now dp_line_now(const dp_line *line)
{
    return dp_loop_now(line->loop);
}

void dp_line_outside(dp_line *line, size_t was, size_t is)
{
    atomic_fetch_add_explicit(
        &line->loop->srv->outside, is - was, memory_order_relaxed);
}

bool dp_line_crowded(const dp_line *line)
{
    devp2p_server *srv = line->loop->srv;
    size_t outside = atomic_load_explicit(&srv->outside, memory_order_relaxed);

    return outside +
               atomic_load_explicit(&srv->sending, memory_order_relaxed) >=
           srv->send_limit;
}

uint64_t dp_line_until(const dp_line *line, uint32_t timeout_ms)
{
    if (timeout_ms == DEVP2P_FOREVER)
        return DP_NEVER;
    return dp_after(dp_line_now(line), timeout_ms * DP_MS);
}

dp_session *dp_line_session(const dp_line *line)
{
    return line->session;
}

/* --- bytes --- */

void dp_line_read(dp_line *line, dp_now now)
{
    const dp_world_ops *ops = line->loop->world->ops;
    size_t total = 0, room, n;
    uint8_t *at;

    dp_line_touch(line);
    while (!line->ended && total < DP_TURN_BYTES) {
        room = dp_session_room(line->session, &at);
        line->full = room == 0;
        if (line->full)
            return;
        int err = ops->read(line->io, at, room, &n);
        if (err == DEVP2P_ERR_AGAIN && line->broken)
            err = line->broken;
        if (err == DEVP2P_ERR_AGAIN)
            return;
        if (err || n == 0) {
            line->ended = true;
            dp_session_eof(line->session, err, now);
            return;
        }
        dp_session_recv(line->session, n, now);
        total += n;
        if (n < room && !line->broken)
            return;
    }
}

/* cut_off: the stream takes nothing any more.  The last words of the other end
 * may still be there to be read; the session hears of the end behind them.  In
 * the handshake room may wait for what cannot be written. */
static void cut_off(dp_line *line, dp_now now)
{
    if (!line->full)
        dp_line_read(line, now);
    if (line->ended || !line->full || line->peer)
        return;
    line->ended = true;
    dp_session_eof(line->session, line->broken, now);
}

void dp_line_write(dp_line *line, dp_now now)
{
    const dp_world_ops *ops = line->loop->world->ops;
    const uint8_t *at;
    size_t len, n;

    while (line->session && !line->choked &&
           (len = dp_session_out(line->session, &at)) > 0) {
        int err = ops->write(line->io, at, len, &n);
        line->choked = err || n < len;
        if (!err)
            dp_session_sent(line->session, n, now);
        else if (err != DEVP2P_ERR_AGAIN)
            line->broken = err;
    }
    if (line->session && line->broken && !line->ended)
        cut_off(line, now);
}

void dp_line_want(dp_line *line)
{
    unsigned want = 0;

    if (line->full)
        line->full = dp_session_full(line->session);
    if (!line->ended && !line->full)
        want |= DP_READ;
    if (!line->ended && !line->broken && line->choked)
        want |= DP_WRITE;
    if (want != line->want)
        line->loop->world->ops->want(line->io, want);
    line->want = want;
}

/* --- the end --- */

/* hang_up tells the handlers, under the lock, that it is over. */
static void hang_up(dp_line *line, int code, bool remote, bool drain)
{
    devp2p_peer *peer = line->peer;

    peer->ending = true;
    peer->drain = drain;
    peer->asked = 0;
    peer->reason = code;
    peer->remote_said = remote;
    for (size_t i = 0; i < line->nchannels; i++) {
        dp_channel *ch = line->channels[i];
        dp_channel_relieve(ch);
        if (ch->parker)
            line->loop->world->ops->unpark(ch->parker);
    }
}

void dp_line_end(dp_line *line, int code, size_t cap, dp_now now)
{
    if (!line->session || line->code)
        return;
    line->code = code;
    line->blame = cap;
    if (line->peer) {
        dp_peer_lock(line->peer);
        dp_session_unmark(line->session);
        for (size_t i = 0; i < line->nchannels; i++) {
            line->channels[i]->refused = false;
            dp_channel_move(line->channels[i], line->session, now);
        }
        hang_up(line, code, false, false);
        dp_peer_unlock(line->peer);
    }
    dp_session_close(line->session, code, true, now);
    if (atomic_load(&line->loop->srv->stop))
        dp_session_hurry(line->session, now);
    dp_line_touch(line);
}

/* last_count closes an outbox and counts what no kernel will see. */
static uint32_t last_count(dp_line *line, dp_channel *ch)
{
    uint32_t unsent = ch->unsent + (uint32_t)ch->out.n +
                      dp_session_unsent(line->session, ch->cap);

    dp_line_outside(line, ch->out.bytes, 0);
    dp_outbox_fini(&ch->out, &ch->rw.peer->env);
    return unsent;
}

/* blamed is the capability that the reason is about, or SIZE_MAX. */
static size_t blamed(const dp_line *line, const dp_session_event *down)
{
    if (down->stalled != SIZE_MAX)
        return down->stalled;
    return !down->remote && down->reason == line->code ? line->blame : SIZE_MAX;
}

/* farewell ends what stands above the session. */
static void farewell(
    dp_line *line, const dp_session_event *down, devp2p_event *end, dp_now now)
{
    size_t blame = blamed(line, down);

    dp_server_unlist(line->loop->srv, line->peer);
    dp_peer_lock(line->peer);
    dp_meter_copy(&line->peer->traffic.meter, dp_session_meter(line->session));
    line->peer->born = now.mono - line->peer->born;
    line->peer->past = true;
    bool drain = line->code == 0 && !line->peer->ending;
    hang_up(line, down->reason, down->remote, drain);
    for (size_t i = 0; i < line->nchannels; i++) {
        dp_channel *ch = line->channels[i];
        ch->unsent = last_count(line, ch);
        end->unsent += ch->unsent;
        if (i == blame)
            memcpy(end->protocol, ch->row->name, strlen(ch->row->name));
    }
    dp_peer_unlock(line->peer);
    for (size_t i = 0; i < line->nchannels; i++) {
        dp_channel *ch = line->channels[i];
        if (drain && ch->opened && !ch->runs)
            dp_deliver_rest(line, ch);
        dp_deliver_close(ch, down->reason);
    }
}

static void down(dp_line *line, const dp_session_event *ev, dp_now now)
{
    dp_loop *loop = line->loop;
    devp2p_server *srv = loop->srv;
    devp2p_event end = { .code = ev->reason, .remote = ev->remote };
    char text[DEVP2P_ADDR_TEXT];

    loop->world->ops->close(line->io, ev->reset);
    line->io = NULL;
    if (line->peer)
        farewell(line, ev, &end, now);
    drop_session(line);
    line->over = true;
    line->starting = false;
    dp_timer_set(loop->timers, &line->timer, DP_NEVER);
    dp_log(&loop->self.env, DEVP2P_LOG_DEBUG, "conn",
        "%s: ended: %s%s, %" PRIu32 " unsent",
        devp2p_addr_text(text, &line->far), devp2p_strerror(end.code),
        end.remote ? " (it said)" : "", end.unsent);
    if (line->relay) {
        line->ec.at = DP_EC_NONE;
        dp_relay_tell_down(line->relay, &end);
        return;
    }
    if (line->ec.at == DP_EC_GATE) {
        dp_gate_forget(srv->gate, &line->ec);
        line->ec.at = DP_EC_NONE;
    }
    forget(line);
    dp_host_down(srv->host, line->number, &end, now);
    dp_dialer_decided(line, end.code, end.remote, now);
}

/* --- the beginning --- */

static int make_channels(dp_line *line)
{
    devp2p_server *srv = line->loop->srv;
    const dp_caps *caps = dp_session_caps(line->session);
    int err = 0;

    if (caps->n == 0) /* two servers without protocols */
        return 0;
    line->channels =
        dp_alloc(&line->loop->self.env, caps->n * sizeof *line->channels);
    if (!line->channels)
        return DEVP2P_ERR_NOMEM;
    line->nchannels = caps->n;
    for (size_t i = 0; i < caps->n && !err; i++)
        err = dp_channel_new(&line->channels[i], line->peer,
            &srv->cfg.rows[caps->v[i].ours], i, &caps->v[i],
            dp_session_snappy(line->session));
    for (size_t i = 0; i < caps->n && !err; i++) {
        line->channels[i]->mark = srv->cfg.bandwidth.send_mark;
        if (srv->rules)
            line->channels[i]->rules = &srv->rules[caps->v[i].ours];
    }
    return err;
}

/* meet makes the peer and its channels, or nothing.  On another loop the flags
 * come with the verdict. */
static int meet(dp_line *line)
{
    devp2p_server *srv = line->loop->srv;
    dp_peer_setup setup = {
        .env = &line->loop->self.env,
        .pub = dp_session_peer(line->session),
        .hello = dp_session_hello(line->session),
        .remote = line->far,
        .flags = line->relay ? 0 : dp_host_flags(srv->host, line->number),
        .line = line,
    };
    devp2p_addr far;

    line->loop->world->ops->names(line->io, &setup.local, &far);
    int err = dp_peer_new(&line->peer, &setup);
    if (!err)
        err = make_channels(line);
    if (!err)
        err = dp_traffic_open(&line->peer->traffic, &line->peer->env,
            line->peer->caps, line->peer->ncaps, dp_session_caps(line->session),
            srv->protocols);
    if (err)
        part(line);
    return err;
}

void dp_line_welcome(dp_line *line, int verdict, dp_now now)
{
    if (!line->session || line->code)
        return;
    dp_session_judge(line->session, verdict, now);
    dp_line_touch(line);
    line->code = verdict;
    line->starting = !verdict;
}

void dp_line_judged(dp_line *line, int verdict, dp_now now)
{
    if (!line->session || line->code)
        return;
    if (!verdict &&
        dp_server_admit(line->loop->srv, line->number, line->peer, now)) {
        dp_line_end(line, DEVP2P_ERR_NOMEM, SIZE_MAX, now);
        return;
    }
    dp_line_welcome(line, verdict, now);
    if (!verdict)
        dp_dialer_decided(line, 0, false, now);
}

static void ready(dp_line *line, dp_now now)
{
    int verdict = meet(line);

    if (verdict) { /* no memory */
        dp_line_end(line, verdict, SIZE_MAX, now);
        return;
    }
    if (line->relay) {
        dp_relay_tell_ready(line->relay, line->peer);
        return;
    }
    verdict = dp_host_ready(line->loop->srv->host, line->number, now);
    if (verdict != DP_HOLD)
        dp_line_judged(line, verdict, now);
}

void dp_line_named(dp_line *line, int verdict, dp_now now)
{
    if (!line->session)
        return;
    dp_session_judge(line->session, verdict, now);
    if (verdict)
        line->code = verdict;
}

static void authed(dp_line *line, dp_now now)
{
    dp_host *host = line->loop->srv->host;
    devp2p_id id = devp2p_pubkey_id(dp_session_peer(line->session));

    if (line->relay)
        dp_relay_tell_authed(line->relay, &id);
    else
        dp_line_named(line, dp_host_authed(host, line->number, &id, now), now);
}

/* --- what the session tells --- */

void dp_line_events(dp_line *line, dp_now now)
{
    dp_session_event ev;

    while (line->session && dp_session_next(line->session, &ev, now)) {
        switch (ev.kind) {
        case DP_AUTHED:
            authed(line, now);
            break;
        case DP_READY:
            ready(line, now);
            break;
        case DP_MSG:
            dp_deliver(line, &ev, now);
            break;
        case DP_WRITABLE:
            dp_peer_lock(line->peer);
            line->channels[ev.cap]->refused = false;
            dp_peer_unlock(line->peer);
            break;
        case DP_SENT:
            dp_watch_sent(line, &ev, now);
            break;
        case DP_SHUT:
            line->loop->world->ops->shut(line->io);
            break;
        case DP_DOWN:
            down(line, &ev, now);
            break;
        }
    }
}

/* --- between loop and threads --- */

/* take_done gives the room of messages back that were read. */
static void take_done(dp_line *line, dp_channel *ch, dp_now now)
{
    dp_list done;

    dp_list_init(&done);
    dp_list_splice(&done, &ch->done);
    ch->done_n = ch->done_bytes = 0;
    if (line->session)
        for (dp_link *k = dp_list_first(&done); k; k = dp_list_next(&done, k))
            dp_session_took(
                line->session, ch->cap, dp_of(k, dp_message, link)->full, now);
    dp_messages_free(&ch->rw.peer->env, &done);
}

void dp_line_posted(dp_line *line, dp_now now)
{
    devp2p_peer *peer = line->peer;

    dp_peer_lock(peer);
    peer->posted = false;
    int asked = peer->asked, points = peer->points;
    peer->points = 0;
    size_t cap = peer->asked_cap;
    for (size_t i = 0; i < line->nchannels; i++)
        take_done(line, line->channels[i], now);
    dp_peer_unlock(peer);
    if (points && line->relay)
        dp_relay_tell_points(line->relay, points);
    else if (points)
        dp_server_judge(line->loop->srv, peer, points, now);
    /* asked first: a handler that returns because of it gives no reason */
    if (asked)
        dp_line_end(line, asked, cap, now);
    for (size_t i = 0; i < line->nchannels; i++)
        dp_handler_reap(line, line->channels[i], now);
    dp_line_touch(line);
}

void dp_line_start(dp_line *line, dp_now now)
{
    if (!line->starting)
        return;
    line->starting = false;
    dp_handlers_start(line, now);
}

/* account lets threads see what was moved. */
static void account(dp_line *line)
{
    if (!line->peer || !line->session)
        return;
    dp_peer_lock(line->peer);
    dp_meter_copy(&line->peer->traffic.meter, dp_session_meter(line->session));
    dp_peer_unlock(line->peer);
}

void dp_line_settle(dp_line *line, dp_now now)
{
    account(line);
    for (size_t i = 0; i < line->nchannels && line->session; i++)
        dp_deliver_settle(line, line->channels[i], now);
}
