/* SPDX-License-Identifier: MIT */
#include "sim/ask.h"
#include "sim/dgram.h"
#include "sim/names.h"
#include "sim/nat.h"
#include "sim/store.h"

#define TURN_NS     DP_US /* from the start of a turn to the next, at least */
#define POST_NS     (20 * DP_US)  /* from one loop to another, at most */
#define WORK_NS     (100 * DP_US) /* a job of the pool, and up to as much */
#define WORK_JITTER (200 * DP_US) /* again */

enum { WORKERS = 4 };

/* --- life --- */

void dp_sim_node_arm(dp_node *n)
{
    uint64_t at = dp_sooner(n->called, dp_sim_node_when(n, n->due));
    uint64_t soon = n->turned + TURN_NS, now = n->sim->now.mono;

    if (!n->started || n->ended)
        return;
    soon = soon > now ? soon : now;
    soon = soon > n->host->paused ? soon : n->host->paused;
    at = at > soon ? at : soon;
    if (at != n->batch.timer.at)
        dp_timer_set(n->sim->heap, &n->batch.timer, at);
}

void dp_sim_node_wake(dp_node *n)
{
    n->called = dp_sooner(n->called, n->sim->now.mono);
    dp_sim_node_arm(n);
}

static int start(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);
    dp_assert(!n->started);
    n->started = true;
    n->sim->running++;
    dp_sim_node_wake(n);
    return 0;
}

static void wake(dp_world *w)
{
    dp_sim_node_wake(dp_sim_node_of(w));
}

static void end(dp_world *w)
{
    dp_sim_node_of(w)->ending = true;
}

static int wait(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);
    if (n->sim->loop || n->sim->holder || !n->started)
        return DEVP2P_ERR_STATE;
    while (!n->ended)
        dp_sim_must(n->sim, "the end of a world");
    return 0;
}

/* --- time and chance --- */

static dp_now now(dp_world *w)
{
    return dp_sim_node_now(dp_sim_node_of(w));
}

static int fill(dp_world *w, void *out, size_t len)
{
    dp_node *host = dp_sim_node_of(w)->host;
    if (host->mute) {
        host->mute--;
        dp_sim_count(host->sim, DEVP2P_SIM_NO_RANDOMNESS);
        return DEVP2P_ERR_RANDOM;
    }
    dp_chance_fill(&host->chance, out, len);
    return 0;
}

/* --- posts --- */

/* put_off: among several loops a post takes some time, in which either end goes
 * on. */
static void put_off(dp_node *n)
{
    dp_sim *sim = n->sim;

    n->posts_due = sim->now.mono + dp_chance_below(&sim->chance, POST_NS + 1);
    n->called = dp_sooner(n->called, n->posts_due);
    dp_sim_node_arm(n);
}

static void post(dp_world *w, dp_post *p)
{
    dp_node *n = dp_sim_node_of(w);
    bool first = !n->posts;
    if (p->linked)
        return;
    p->linked = true;
    p->next = NULL;
    *n->posts_end = p;
    n->posts_end = &p->next;
    if (dp_list_empty(&n->host->loops))
        dp_sim_node_wake(n);
    else if (first)
        put_off(n);
}

static void serve_posts(dp_node *n)
{
    dp_post *p = n->posts;
    if (n->posts_due > n->sim->now.mono) {
        n->called = dp_sooner(n->called, n->posts_due);
        return;
    }
    n->posts_due = 0;
    n->posts = NULL;
    n->posts_end = &n->posts;
    while (p) {
        dp_post *next = p->next;
        p->linked = false;
        n->world.up->posted(n->world.server, p);
        p = next;
    }
}

/* --- the pool --- */

void dp_sim_node_latch(dp_node *n)
{
    dp_sim *sim = n->sim;
    uint64_t takes = WORK_NS + dp_chance_below(&sim->chance, WORK_JITTER);
    if (sim->latched || !n->jobs)
        dp_timer_set(sim->heap, &n->pool.timer, DP_NEVER);
    else
        dp_sim_event_by(sim, &n->pool, sim->now.mono + takes);
}

static void append(dp_work **list, dp_work *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static int work(dp_world *w, dp_work *job)
{
    dp_node *n = dp_sim_node_of(w);
    dp_assert(n == n->host);
    if (n->jobs_n >= DP_EC_QUEUE)
        return DEVP2P_ERR_AGAIN;
    append(&n->jobs, job);
    if (n->jobs_n++ == 0)
        dp_sim_node_latch(n);
    return 0;
}

/* finish_job: several workers are busy, and any of them may be the first. */
static void finish_job(dp_node *n)
{
    size_t busy = n->jobs_n < WORKERS ? n->jobs_n : WORKERS;
    dp_work **at = &n->jobs;

    for (uint64_t k = dp_chance_below(&n->sim->chance, busy); k; k--)
        at = &(*at)->next;
    dp_work *job = *at;
    *at = job->next;
    n->jobs_n--;
    job->run(job);
    append(&n->done, job);
}

static void work_done(dp_sim_event *e)
{
    dp_node *n = dp_of(e, dp_node, pool);
    finish_job(n);
    dp_sim_node_latch(n);
    dp_sim_node_wake(n);
}

static void serve_jobs(dp_node *n)
{
    dp_work *job = n->done;
    n->done = NULL;
    while (job) {
        dp_work *next = job->next;
        n->world.up->worked(n->world.server, job);
        job = next;
    }
}

/* --- sockets of either kind --- */

static void want(dp_io *io, unsigned events)
{
    if (io->datagrams)
        dp_sim_dgram_want(io, events);
    else
        dp_sim_want(io, events);
}

static void close(dp_io *io, bool reset)
{
    if (io->datagrams)
        dp_sim_dgram_close(io);
    else
        dp_sim_close(io, reset);
}

static void serve_io(dp_io *io)
{
    if (io->datagrams)
        dp_sim_dgram_serve(io);
    else
        dp_sim_io_serve(io);
}

/* --- a turn --- */

static void serve_ios(dp_node *n)
{
    dp_list now_eager;
    dp_list_init(&now_eager);
    dp_list_splice(&now_eager, &n->eager);
    for (dp_link *k; (k = dp_list_pop(&now_eager));)
        serve_io(dp_of(k, dp_io, eager));
}

static void bury(dp_node *n)
{
    for (dp_link *k; (k = dp_list_first(&n->closed));)
        dp_sim_io_free(dp_of(k, dp_io, link));
}

/* last_jobs: all that the pool was given comes back before the loop ends. */
static void last_jobs(dp_node *n)
{
    while (n->jobs || n->done) {
        while (n->jobs)
            finish_job(n);
        serve_jobs(n);
    }
    dp_sim_node_latch(n);
}

static void batch(dp_sim_event *e)
{
    dp_node *n = dp_of(e, dp_node, batch);
    dp_sim *sim = n->sim;

    n->turned = sim->now.mono;
    n->due = n->called = DP_NEVER;
    sim->loop = n;
    serve_posts(n);
    serve_jobs(n);
    dp_asks_serve(n);
    serve_ios(n);
    n->due = n->world.up->turn(n->world.server, dp_sim_node_now(n));
    if (n->ending)
        last_jobs(n);
    bury(n);
    sim->loop = NULL;
    if (n->ending) {
        n->ended = true;
        sim->running--;
        dp_timer_set(sim->heap, &n->batch.timer, DP_NEVER);
        return;
    }
    dp_sim_node_arm(n);
}

/* --- making one --- */

static void loop_free(dp_node *n)
{
    dp_sim *sim = n->sim;

    dp_assert(!n->started || n->ended);
    for (dp_link *k; (k = dp_list_first(&n->listeners));)
        dp_sim_close(dp_of(k, dp_io, link), false);
    for (dp_link *k; (k = dp_list_first(&n->ios));)
        dp_sim_close(dp_of(k, dp_io, link), false);
    dp_sim_event_fini(sim, &n->batch);
    dp_sim_event_fini(sim, &n->pool);
    dp_unlink(&n->of_host);
}

static void node_free(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);
    dp_sim *sim = n->sim;

    dp_assert(dp_list_empty(&n->loops));
    loop_free(n);
    if (n != n->host) {
        dp_free(&sim->setup.env, n, sizeof *n);
        return;
    }
    for (dp_link *k; (k = dp_list_first(&n->raws));)
        dp_sim_refuse(w, dp_of(k, dp_end, of_raws)->raw);
    dp_sim_pairs_forget(n);
    dp_sim_host_leave(n);
    dp_sim_dgrams_leave(n);
    dp_sim_nat_free(n);
    dp_asks_free(n);
    dp_sim_eject(w);
    dp_unlink(&n->link);
    sim->nodes_live--;
    dp_free(&sim->setup.env, n->heard, n->heard_n);
    dp_free(&sim->setup.env, n, sizeof *n);
}

static const dp_world_ops ops = {
    .loop = dp_sim_loop,
    .free = node_free,
    .start = start,
    .wake = wake,
    .end = end,
    .wait = wait,
    .now = now,
    .random = fill,
    .listen = dp_sim_listen,
    .connect = dp_sim_connect,
    .adopt = dp_sim_adopt,
    .refuse = dp_sim_refuse,
    .take = dp_sim_take,
    .names = dp_sim_names,
    .want = want,
    .read = dp_sim_read,
    .write = dp_sim_write,
    .shut = dp_sim_shut,
    .close = close,
    .work = work,
    .post = post,
    .spawn = dp_sim_spawn,
    .join = dp_sim_join,
    .parker = dp_sim_parker,
    .parker_free = dp_sim_parker_free,
    .park = dp_sim_park,
    .unpark = dp_sim_unpark,
    .udp = dp_sim_udp,
    .recv = dp_sim_recv,
    .send = dp_sim_send,
    .resolve = dp_sim_resolve,
    .load = dp_sim_load,
    .store = dp_sim_store,
};

/* make_events is for the events of a loop. */
static int make_events(dp_node *n)
{
    dp_sim *sim = n->sim;
    int err = dp_sim_event_init(sim, &n->batch, batch);

    if (err)
        return err;
    err = dp_sim_event_init(sim, &n->pool, work_done);
    if (err)
        dp_sim_event_fini(sim, &n->batch);
    return err;
}

/* loop_new makes a loop of a host, or (NULL) a host. */
static int loop_new(dp_node **out, dp_sim *sim, dp_node *host)
{
    dp_node *n = dp_alloc(&sim->setup.env, sizeof *n);
    if (!n)
        return DEVP2P_ERR_NOMEM;
    n->sim = sim;
    n->host = host ? host : n;
    int err = make_events(n);
    if (err) {
        dp_free(&sim->setup.env, n, sizeof *n);
        return err;
    }
    n->world.ops = &ops;
    n->due = n->called = DP_NEVER;
    n->posts_end = &n->posts;
    dp_list_init(&n->loops);
    dp_list_init(&n->pairs);
    dp_list_init(&n->listeners);
    dp_list_init(&n->ios);
    dp_list_init(&n->eager);
    dp_list_init(&n->closed);
    dp_list_init(&n->raws);
    dp_list_init(&n->tasks);
    dp_list_init(&n->parkers);
    dp_list_init(&n->sockets);
    dp_asks_init(n);
    *out = n;
    return 0;
}

int dp_sim_loop(dp_world *w, dp_world **out)
{
    dp_node *host = dp_sim_node_of(w), *n;
    int err = loop_new(&n, host->sim, host);

    dp_assert(host == host->host);
    if (err)
        return err;
    dp_list_push(&host->loops, &n->of_host);
    *out = &n->world;
    return 0;
}

int dp_sim_world(dp_world **out, dp_sim *sim, const devp2p_addr *ip)
{
    dp_node *n;
    int err =
        dp_index_reserve(&sim->hosts, &sim->setup.env, sim->nodes_live + 1);

    if (!err)
        err = loop_new(&n, sim, NULL);
    if (err)
        return err;
    n->number = ++sim->nodes_made;
    dp_chance_init(&n->chance, sim->setup.seed, n->number);
    dp_list_push(&sim->nodes, &n->link);
    sim->nodes_live++;
    dp_sim_host_enter(n, ip);
    *out = &n->world;
    return 0;
}

/* --- the loops of a node --- */

dp_node *dp_sim_node_next(dp_node *host, dp_node *n)
{
    if (!n)
        return host;
    dp_link *k = n == host ? dp_list_first(&host->loops)
                           : dp_list_next(&host->loops, &n->of_host);
    return k ? dp_of(k, dp_node, of_host) : NULL;
}

bool dp_sim_over(const dp_world *w)
{
    dp_node *host = dp_sim_node_of(w);

    for (dp_node *n = NULL; (n = dp_sim_node_next(host, n)) != NULL;)
        if (!n->ended)
            return false;
    return true;
}
