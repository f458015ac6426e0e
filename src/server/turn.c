/* SPDX-License-Identifier: MIT */
#include "server/turn.h"

#include "server/dialer.h"
#include "server/effects.h"
#include "server/events.h"
#include "server/relay.h"
#include "server/server.h"
#include "server/warm.h"

enum { BATCH = 64 }; /* jobs that the frame engine gets at once */

#define RETRY_NS (10 * DP_MS) /* until on_msg is asked again */

/* leads: this is the loop of the host. */
static bool leads(const dp_loop *loop)
{
    return loop->number == 0;
}

/* --- what the world tells between turns --- */

static void accepted(void *server, void *user, int raw, const devp2p_addr *from)
{
    dp_loop *loop = server;
    devp2p_server *srv = loop->srv;
    dp_now now = dp_loop_now(loop);
    const dp_accept a = { .number = ++srv->numbers, .raw = raw, .far = from };

    (void)user;
    dp_loop_enter(loop);
    if (dp_host_incoming(srv->host, a.number, from, now))
        loop->world->ops->refuse(loop->world, raw);
    else
        (void)!dp_dialer_accept(srv, &a, now);
    dp_listener_want(&srv->listener, loop->world, dp_host_accepting(srv->host));
    dp_loop_leave(loop);
}

static void connected(void *server, void *user, dp_io *io, int err)
{
    dp_loop *loop = server;
    dp_line *line = user;

    (void)io;
    dp_loop_enter(loop);
    dp_dialer_connected(line, err, dp_loop_now(loop));
    dp_loop_leave(loop);
}

static void ready(void *server, void *user, dp_io *io, unsigned events)
{
    dp_loop *loop = server;
    dp_line *line = user;

    (void)io;
    dp_loop_enter(loop);
    if (line->socks) {
        dp_dialer_talk(line, dp_loop_now(loop));
        dp_loop_leave(loop);
        return;
    }
    if ((events & DP_WRITE) && !line->broken) {
        line->choked = false;
        dp_line_touch(line);
    }
    if (events & DP_READ)
        dp_line_read(line, dp_loop_now(loop));
    dp_loop_leave(loop);
}

static void line_worked(dp_line *line, dp_ec *ec, dp_now now)
{
    line->ec.at = DP_EC_NONE;
    if (line->session)
        dp_session_ec_done(line->session, ec, now);
    else
        dp_ec_free(ec);
    dp_line_touch(line);
}

static void ec_worked(devp2p_server *srv, dp_ec *ec, dp_now now)
{
    dp_ec_holder *holder = dp_ec_owner(ec);

    dp_spares_ended(&srv->spares, now);
    if (holder->relayed)
        dp_relay_worked(dp_of(holder, dp_relay, ec), ec);
    else
        line_worked(dp_of(holder, dp_line, ec), ec, now);
}

static void worked(void *server, dp_work *job)
{
    dp_loop *loop = server;
    devp2p_server *srv = loop->srv;

    dp_loop_enter(loop);
    srv->pool_full = false;
    if (!dp_spares_made(&srv->spares, job))
        ec_worked(srv, dp_ec_of(job), dp_loop_now(loop));
    dp_loop_leave(loop);
}

static void posted(void *server, dp_post *post)
{
    dp_loop *loop = server;

    dp_now now = dp_loop_now(loop);

    dp_loop_enter(loop);
    if (post->what == DP_POST_LINE)
        dp_line_posted(dp_of(post, dp_line, post), now);
    else if (leads(loop))
        dp_relay_heard(dp_of(post, dp_relay, to_host), now);
    else
        dp_relay_obey(dp_of(post, dp_relay, to_loop), now);
    dp_loop_leave(loop);
}

static void loaded(
    void *server, uint64_t token, int err, const dp_row *rows, size_t n)
{
    dp_loop *loop = server;

    dp_loop_enter(loop);
    dp_keep_loaded(loop->srv, token, err, rows, n);
    dp_loop_leave(loop);
}

static void stored(void *server, uint64_t token, int err)
{
    dp_loop *loop = server;

    dp_loop_enter(loop);
    dp_keep_stored(loop->srv, token, err);
    dp_loop_leave(loop);
}

/* --- curve work --- */

/* ask_ec puts the curve work of a line before the gate.  Who finds no place
 * there is not answered. */
static void ask_ec(dp_line *line, dp_now now)
{
    devp2p_server *srv = line->loop->srv;
    /* a socket without an address is one that the program handed over */
    bool ours = line->number >= DP_CONN_DIAL || line->far.family == 0;
    dp_ec *ec;

    if (!line->session || !(ec = dp_session_ec(line->session, now)))
        return;
    if (line->relay) {
        line->ec.at = DP_EC_AWAY;
        dp_relay_tell_ec(line->relay, ec);
        return;
    }
    dp_ec_set_owner(ec, &line->ec);
    line->ec.at = DP_EC_GATE;
    int err = dp_gate_put(srv->gate, ec, ours ? NULL : &line->far, now);
    if (!err)
        return;
    line->ec.at = DP_EC_NONE;
    dp_ec_free(ec);
    dp_line_end(line, err, SIZE_MAX, now);
}

static void feed_pool(devp2p_server *srv, dp_now now)
{
    dp_ec *ec;

    while (!srv->pool_full && (ec = dp_gate_next(srv->gate, now)) != NULL) {
        dp_ec_holder *holder = dp_ec_owner(ec);
        dp_spares_serve(&srv->spares, ec);
        if (srv->world->ops->work(srv->world, dp_ec_work(ec))) {
            dp_gate_undo(srv->gate, ec);
            srv->pool_full = true; /* until a job comes back */
        } else {
            dp_spares_began(&srv->spares);
            holder->at = DP_EC_POOL;
        }
    }
}

/* spares_when: nobody waits who would come behind keys for others. */
static uint64_t spares_when(const devp2p_server *srv, dp_now now)
{
    if (srv->pool_full || dp_gate_when(srv->gate, now) != DP_NEVER)
        return DP_NEVER;
    return dp_spares_when(&srv->spares);
}

/* make_spares has the pool make a few keys when it is idle. */
static void make_spares(devp2p_server *srv, dp_now now)
{
    if (spares_when(srv, now) > now.mono)
        return;
    dp_work *job = dp_spares_job(&srv->spares, now);
    if (job && srv->world->ops->work(srv->world, job))
        dp_spares_undo(&srv->spares);
}

/* --- frames --- */

/* A share is what a turn may still open or seal. */
typedef struct share {
    dp_line *line[BATCH];
    dp_frames *job[BATCH];
    size_t n, bytes;
} share;

static void run_jobs(dp_loop *loop, share *s, dp_now now)
{
    dp_frames_run(loop->engine, s->job, s->n);
    for (size_t i = 0; i < s->n; i++) {
        dp_session_take(s->line[i]->session, s->job[i], now);
        dp_line_events(s->line[i], now);
    }
    s->n = 0;
}

/* frames opens or seals for the lines of batch, in order, until the share of a
 * loop is used up; the others wait for the next turn and are first then.
 * Nothing is opened for handlers that have not begun. */
static void frames(dp_loop *loop, dp_list *batch, bool open, dp_now now)
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
            run_jobs(loop, &s, now);
    }
    run_jobs(loop, &s, now);
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
    dp_spares_close(&srv->spares);
    dp_host_stop(srv->host, now);
    for (size_t i = 1; i < srv->nloops; i++)
        srv->loops[i].world->ops->wake(srv->loops[i].world);
    dp_log(&srv->self.env, DEVP2P_LOG_INFO, "server", "stopping");
}

/* tick_lines: what a stream takes by now counts before time is judged, or a
 * process that stood still would blame its peers. */
static void tick_lines(dp_loop *loop, dp_now now)
{
    dp_timer *t;

    while ((t = dp_timers_due(loop->timers, now.mono)) != NULL) {
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

/* hurry: what is being ended has little time from now on; what is ended after
 * that is hurried then (dp_line_end). */
static void hurry(dp_loop *loop, dp_now now)
{
    loop->hurried = true;
    for (dp_link *k = dp_list_first(&loop->all); k;
         k = dp_list_next(&loop->all, k)) {
        dp_line *line = dp_of(k, dp_line, all);
        if (line->session) {
            dp_session_hurry(line->session, now);
            dp_line_touch(line);
        }
    }
}

/* lead is what the first loop does for the host when a turn begins. */
static void lead(devp2p_server *srv, dp_now now)
{
    dp_keep_turn(srv, now);
    if (dp_keep_ready(srv))
        dp_effects_commands(srv, now);
    dp_host_tick(srv->host, now);
    dp_candidates_ask(&srv->candidates, srv->host, now);
    dp_effects_run(srv, now);
}

/* begin takes what happened since the last turn. */
static void begin(dp_loop *loop, dp_list *batch, dp_now now)
{
    devp2p_server *srv = loop->srv;
    bool stops = atomic_load(&srv->stop) && !loop->hurried;

    loop->turns++;
    loop->unfolds = DP_TURN_PLAIN;
    if (leads(loop) && stops)
        stop(srv, now);
    tick_lines(loop, now);
    if (leads(loop))
        lead(srv, now);
    if (stops)
        hurry(loop, now);
    dp_list_splice(batch, &loop->dirty);
    for (dp_link *k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        line->again = line->starved = line->retry = false;
        dp_line_events(line, now);
    }
}

/* work: open, deliver, seal, write. */
static void work(dp_loop *loop, dp_list *batch, dp_now now)
{
    devp2p_server *srv = loop->srv;
    dp_link *k;

    frames(loop, batch, true, now);
    if (leads(loop))
        dp_effects_run(srv, now); /* PEER_ADD is told before handlers start */
    for (k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        dp_line_start(line, now);
        dp_line_settle(line, now);
        ask_ec(line, now);
    }
    if (leads(loop)) {
        feed_pool(srv, now);
        make_spares(srv, now);
    }
    loop->sealing = true;
    dp_list_splice(batch, &loop->dirty); /* those that were sent to meanwhile */
    frames(loop, batch, false, now);
    for (k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        dp_line *line = dp_of(k, dp_line, dirty);
        dp_line_write(line, now);
        dp_line_events(line, now);
        dp_line_settle(line, now);
    }
    if (leads(loop))
        dp_effects_run(srv, now);
}

/* finish says when a line is to be worked on again. */
static void finish(dp_line *line, dp_now now)
{
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
    dp_timer_set(line->loop->timers, &line->timer, at);
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
static void tell_traffic(dp_loop *loop)
{
    devp2p_server *srv = loop->srv;

    atomic_fetch_add_explicit(
        &srv->sending, loop->send.used - loop->sending, memory_order_relaxed);
    loop->sending = loop->send.used;
    pthread_mutex_lock(&srv->lock);
    loop->told = loop->moved;
    pthread_mutex_unlock(&srv->lock);
}

/* air gives back memory that was not needed for a while, and returns when it
 * has to look again. */
static uint64_t air(dp_loop *loop, dp_now now)
{
    devp2p_server *srv = loop->srv;
    uint64_t at = dp_pool_age(loop->pool, now);

    if (!leads(loop) || !srv->warm)
        return at;
    return dp_sooner(at, dp_warm_age(srv->warm, now));
}

/* next_turn is when the next turn is due. */
static uint64_t next_turn(dp_loop *loop, dp_now now)
{
    devp2p_server *srv = loop->srv;
    uint64_t at = dp_timers_first(loop->timers);

    if (!dp_list_empty(&loop->dirty))
        return now.mono;
    if (!leads(loop))
        return at;
    at = dp_sooner(at, dp_keep_when(srv));
    at = dp_sooner(at, dp_host_deadline(srv->host));
    at = dp_sooner(at, dp_candidates_when(&srv->candidates, srv->host, now));
    at = dp_sooner(at, spares_when(srv, now));
    return srv->pool_full ? at : dp_sooner(at, dp_gate_when(srv->gate, now));
}

/* lead_out is what the first loop does for the host when a turn ends. */
static void lead_out(devp2p_server *srv, dp_now now)
{
    if (!dp_list_empty(&srv->outgoing))
        dp_relays_flush(srv);
    dp_listener_want(&srv->listener, srv->world, dp_host_accepting(srv->host));
    dp_server_publish(srv, now);
}

/* over: nothing will happen here any more. */
static bool over(dp_loop *loop, dp_now now)
{
    devp2p_server *srv = loop->srv;

    if (!leads(loop))
        return atomic_load_explicit(&srv->over, memory_order_relaxed);
    return srv->stopping && dp_list_empty(&loop->all) &&
           dp_list_empty(&srv->relays) && dp_keep_done(srv, now);
}

/* end lets the loop end; behind the first one the others do. */
static void end(dp_loop *loop)
{
    devp2p_server *srv = loop->srv;

    loop->ended = true;
    loop->world->ops->end(loop->world);
    dp_pool_drain(loop->pool);
    if (!leads(loop))
        return;
    dp_warm_close(loop->srv->warm);
    dp_events_end(srv);
    atomic_store(&srv->over, true);
    for (size_t i = 1; i < srv->nloops; i++)
        srv->loops[i].world->ops->wake(srv->loops[i].world);
}

static uint64_t turn(void *server, dp_now now)
{
    dp_loop *loop = server;
    uint64_t next;
    dp_list batch;

    if (loop->ended)
        return DP_NEVER;
    dp_loop_enter(loop);
    dp_list_init(&batch);
    begin(loop, &batch, now);
    work(loop, &batch, now);
    finish_all(&batch, now);
    loop->sealing = false;
    dp_scratch_shrink(&loop->scratch);
    tell_traffic(loop);
    if (leads(loop))
        lead_out(loop->srv, now);
    if (over(loop, now)) {
        end(loop);
        next = DP_NEVER;
    } else {
        next = dp_sooner(air(loop, now), next_turn(loop, now));
    }
    dp_loop_leave(loop);
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
