/* SPDX-License-Identifier: MIT */
#include "server/turn.h"

#include "server/dialer.h"
#include "server/effects.h"
#include "server/events.h"
#include "server/server.h"

enum { BATCH = 64 }; /* jobs that the frame engine gets at once */

#define RETRY_NS (10 * DP_MS) /* until on_msg is asked again */

/* --- what the world tells between turns --- */

static void accepted(void *server, void *user, int raw, const devp2p_addr *from)
{
    devp2p_server *srv = server;
    dp_now now = dp_server_now(srv);
    uint64_t number = ++srv->numbers;
    dp_line *line;

    (void)user;
    dp_server_enter(srv);
    if (dp_host_incoming(srv->host, number, from, now))
        srv->world->ops->refuse(srv->world, raw);
    else
        (void)!dp_dialer_open(&line, srv, number, raw, from, NULL, now);
    dp_listener_want(&srv->listener, srv->world, dp_host_accepting(srv->host));
    dp_server_leave(srv);
}

static void connected(void *server, void *user, dp_io *io, int err)
{
    devp2p_server *srv = server;
    dp_line *line = user;

    (void)io;
    dp_server_enter(srv);
    dp_dialer_connected(line, err, dp_server_now(srv));
    dp_server_leave(srv);
}

static void ready(void *server, void *user, dp_io *io, unsigned events)
{
    devp2p_server *srv = server;
    dp_line *line = user;

    (void)io;
    dp_server_enter(srv);
    if (line->socks) {
        dp_dialer_talk(line, dp_server_now(srv));
        dp_server_leave(srv);
        return;
    }
    if ((events & DP_WRITE) && !line->broken) {
        line->choked = false;
        dp_line_touch(line);
    }
    if (events & DP_READ)
        dp_line_read(line, dp_server_now(srv));
    dp_server_leave(srv);
}

static void worked(void *server, dp_work *job)
{
    devp2p_server *srv = server;
    dp_ec *ec = dp_ec_of(job);
    dp_line *line = dp_ec_owner(ec);

    dp_server_enter(srv);
    srv->pool_full = false;
    line->ec = DP_EC_NONE;
    if (line->session)
        dp_session_ec_done(line->session, ec, dp_server_now(srv));
    else
        dp_ec_free(ec);
    dp_line_touch(line);
    dp_server_leave(srv);
}

static void posted(void *server, dp_post *post)
{
    devp2p_server *srv = server;

    dp_server_enter(srv);
    dp_line_posted(dp_of(post, dp_line, post), dp_server_now(srv));
    dp_server_leave(srv);
}

static void loaded(
    void *server, uint64_t token, int err, const dp_row *rows, size_t n)
{
    dp_server_enter(server);
    dp_keep_loaded(server, token, err, rows, n);
    dp_server_leave(server);
}

static void stored(void *server, uint64_t token, int err)
{
    dp_server_enter(server);
    dp_keep_stored(server, token, err);
    dp_server_leave(server);
}

/* --- curve work --- */

/* ask_ec puts the curve work of a line before the gate.  Who finds no place
 * there is not answered. */
static void ask_ec(dp_line *line, dp_now now)
{
    devp2p_server *srv = line->srv;
    /* a socket without an address is one that the program handed over */
    bool ours = line->number >= DP_CONN_DIAL || line->far.family == 0;
    dp_ec *ec;

    if (!line->session || !(ec = dp_session_ec(line->session, now)))
        return;
    dp_ec_set_owner(ec, line);
    line->ec = DP_EC_GATE;
    int err = dp_gate_put(srv->gate, ec, ours ? NULL : &line->far, now);
    if (!err)
        return;
    line->ec = DP_EC_NONE;
    dp_ec_free(ec);
    dp_line_end(line, err, SIZE_MAX, now);
}

static void feed_pool(devp2p_server *srv, dp_now now)
{
    dp_ec *ec;

    while (!srv->pool_full && (ec = dp_gate_next(srv->gate, now)) != NULL) {
        dp_line *line = dp_ec_owner(ec);
        if (srv->world->ops->work(srv->world, dp_ec_work(ec))) {
            dp_gate_undo(srv->gate, ec);
            srv->pool_full = true; /* until a job comes back */
        } else {
            line->ec = DP_EC_POOL;
        }
    }
}

/* --- frames --- */

/* A share is what a turn may still open or seal. */
typedef struct share {
    dp_line *line[BATCH];
    dp_frames *job[BATCH];
    size_t n, bytes;
} share;

static void run_jobs(devp2p_server *srv, share *s, dp_now now)
{
    dp_frames_run(srv->engine, s->job, s->n);
    for (size_t i = 0; i < s->n; i++) {
        dp_session_take(s->line[i]->session, s->job[i], now);
        dp_line_events(s->line[i], now);
    }
    s->n = 0;
}

/* frames opens or seals for the lines of batch, in order, until the share of a
 * loop is used up; the others wait for the next turn and are first then.
 * Nothing is opened for handlers that have not begun. */
static void frames(devp2p_server *srv, dp_list *batch, bool open, dp_now now)
{
    share s = { .n = 0 };
    dp_frames *f;

    for (dp_link *k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        line->starved |= s.bytes >= DP_TURN_TOTAL;
        if (!line->session || s.bytes >= DP_TURN_TOTAL ||
            (open && line->starting) ||
            !(f = dp_session_lend(line->session, open, now)))
            continue;
        s.bytes += (size_t)(f->end - f->at);
        s.line[s.n] = line;
        s.job[s.n++] = f;
        if (s.n == BATCH)
            run_jobs(srv, &s, now);
    }
    run_jobs(srv, &s, now);
}

/* --- a turn --- */

static void stop(devp2p_server *srv, dp_now now)
{
    srv->stopping = true;
    dp_listener_close(&srv->listener, srv->world);
    pthread_mutex_lock(&srv->lock);
    srv->mail.closed = true;
    dp_await_end(srv);
    pthread_mutex_unlock(&srv->lock);
    dp_keep_stop(srv, now);
    dp_host_stop(srv->host, now);
    dp_log(&srv->self.env, DEVP2P_LOG_INFO, "server", "stopping");
}

/* tick_lines: what a stream takes by now counts before time is judged, or a
 * process that stood still would blame its peers. */
static void tick_lines(devp2p_server *srv, dp_now now)
{
    dp_timer *t;

    while ((t = dp_timers_due(srv->timers, now.mono)) != NULL) {
        dp_line *line = dp_of(t, dp_line, timer);
        if (!line->session) {
            dp_effects_dialed(line, DEVP2P_ERR_TIMEOUT, now);
            continue;
        }
        dp_line_write(line, now);
        dp_session_tick(line->session, now);
        dp_line_touch(line);
    }
}

/* hurry: the host has ended all that has a session. */
static void hurry(devp2p_server *srv, dp_now now)
{
    for (dp_link *k = dp_list_first(&srv->all); k;
         k = dp_list_next(&srv->all, k)) {
        dp_line *line = dp_of(k, dp_line, all);
        if (line->session) {
            dp_session_hurry(line->session, now);
            dp_line_touch(line);
        }
    }
}

/* begin takes what happened since the last turn. */
static void begin(devp2p_server *srv, dp_list *batch, dp_now now)
{
    bool stops = atomic_load(&srv->stop) && !srv->stopping;

    if (stops)
        stop(srv, now);
    tick_lines(srv, now);
    dp_keep_turn(srv, now);
    if (dp_keep_ready(srv))
        dp_effects_commands(srv, now);
    dp_host_tick(srv->host, now);
    dp_candidates_ask(&srv->candidates, srv->host, now);
    dp_effects_run(srv, now);
    if (stops)
        hurry(srv, now);
    dp_list_splice(batch, &srv->dirty);
    for (dp_link *k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        line->again = line->starved = line->retry = false;
        dp_line_events(line, now);
    }
}

/* work: open, deliver, seal, write. */
static void work(devp2p_server *srv, dp_list *batch, dp_now now)
{
    dp_link *k;

    frames(srv, batch, true, now);
    dp_effects_run(srv, now); /* PEER_ADD is told before handlers start */
    for (k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        dp_line_start(line, now);
        dp_line_settle(line, now);
        ask_ec(line, now);
    }
    feed_pool(srv, now);
    dp_list_splice(batch, &srv->dirty); /* those that were sent to meanwhile */
    frames(srv, batch, false, now);
    for (k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        dp_line_write(line, now);
        dp_line_events(line, now);
        dp_line_settle(line, now);
    }
    dp_effects_run(srv, now);
}

/* finish says when a line is to be worked on again. */
static void finish(dp_line *line, dp_now now)
{
    devp2p_server *srv = line->srv;

    dp_unlink(&line->dirty);
    if (dp_line_gone(line)) {
        dp_line_free(line);
        return;
    }
    if (!line->session)
        return; /* it waits for a dial's timer or for its threads */
    dp_line_want(line);
    uint64_t at = dp_session_deadline(line->session);
    if (line->retry)
        at = dp_sooner(at, dp_after(now, RETRY_NS));
    dp_timer_set(srv->timers, &line->timer, at);
    if (line->again || line->starved || at <= now.mono)
        dp_line_touch(line);
}

static void finish_all(dp_list *batch, dp_now now)
{
    for (dp_link *k = dp_list_first(batch), *next; k; k = next) {
        dp_line *line = dp_of(k, dp_line, dirty);
        next = dp_list_next(batch, k);
        if (line->starved)
            finish(line, now);
    }
    for (dp_link *k; (k = dp_list_first(batch));)
        finish(dp_of(k, dp_line, dirty), now);
}

/* tell_traffic: what was moved in this turn, and what waits, for any thread to
 * see. */
static void tell_traffic(devp2p_server *srv)
{
    atomic_store_explicit(&srv->sending, srv->send.used, memory_order_relaxed);
    pthread_mutex_lock(&srv->lock);
    srv->told = srv->moved;
    pthread_mutex_unlock(&srv->lock);
}

/* next_turn is when the next turn is due. */
static uint64_t next_turn(devp2p_server *srv, dp_now now)
{
    uint64_t at =
        dp_sooner(dp_timers_first(srv->timers), dp_host_deadline(srv->host));

    if (!dp_list_empty(&srv->dirty))
        return now.mono;
    at = dp_sooner(at, dp_keep_when(srv));
    at = dp_sooner(at, dp_candidates_when(&srv->candidates, srv->host, now));
    return srv->pool_full ? at : dp_sooner(at, dp_gate_when(srv->gate, now));
}

static uint64_t turn(void *server, dp_now now)
{
    devp2p_server *srv = server;
    dp_list batch;

    if (srv->ended)
        return DP_NEVER;
    dp_server_enter(srv);
    dp_list_init(&batch);
    begin(srv, &batch, now);
    work(srv, &batch, now);
    finish_all(&batch, now);
    dp_scratch_shrink(&srv->scratch);
    tell_traffic(srv);
    dp_listener_want(&srv->listener, srv->world, dp_host_accepting(srv->host));
    dp_server_publish(srv, now);
    if (srv->stopping && dp_list_empty(&srv->all) && dp_keep_done(srv, now)) {
        srv->ended = true;
        dp_events_end(srv);
        srv->world->ops->end(srv->world);
    }
    uint64_t next = srv->ended ? DP_NEVER : next_turn(srv, now);
    dp_server_leave(srv);
    return next;
}

const dp_world_up dp_turn_up = {
    .accepted = accepted,
    .connected = connected,
    .ready = ready,
    .worked = worked,
    .posted = posted,
    .turn = turn,
    .loaded = loaded,
    .stored = stored,
};
