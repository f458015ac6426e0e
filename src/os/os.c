/* SPDX-License-Identifier: MIT */
#include "os/os.h"

#include "os/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACK_OFF_MS 200 /* from accepting, when descriptors have run out */

/* The watcher array of libuv 1.44 aborts the process when it cannot grow, so it
 * is grown once, to this many descriptors or what the process may open. */
enum { WATCHERS = 16384 };

/* --- time and chance --- */

dp_now dp_os_now(void)
{
    struct timespec mono, wall;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (dp_now){
        .mono = (uint64_t)mono.tv_sec * DP_SEC + (uint64_t)mono.tv_nsec,
        .wall = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
}

static dp_now now(dp_world *w)
{
    dp_os *os = dp_os_of(w);
    if (!dp_os_on_loop(w))
        return dp_os_now();
    if (os->stale)
        os->now = dp_os_now();
    os->stale = false;
    return os->now;
}

/* dp_os_random leaves nothing in OpenSSL's list of errors, which is the host
 * program's. */
int dp_os_random(void *user, void *out, size_t len)
{
    (void)user;
    if (len <= INT_MAX && RAND_bytes(out, (int)len) == 1)
        return 0;
    ERR_clear_error();
    memset(out, 0, len);
    return DEVP2P_ERR_RANDOM;
}

static int fill(dp_world *w, void *out, size_t len)
{
    (void)w;
    return dp_os_random(NULL, out, len);
}

/* --- what others ask of the loop --- */

/* dp_os_poke runs in signal handlers too: uv_async_send is made for that, but
 * for errno. */
void dp_os_poke(dp_os *os)
{
    int before = errno;
    uv_async_send(&os->poke);
    errno = before;
}

static void wake(dp_world *w)
{
    dp_os_poke(dp_os_of(w));
}

static void post(dp_world *w, dp_post *p)
{
    dp_os *os = dp_os_of(w);
    pthread_mutex_lock(&os->mutex);
    bool news = !p->linked;
    if (news) {
        p->linked = true;
        p->next = NULL;
        *os->posts_tail = p;
        os->posts_tail = &p->next;
    }
    pthread_mutex_unlock(&os->mutex);
    if (news)
        dp_os_poke(os);
}

/* take_posts takes all of them; they stay linked until it is their turn. */
static dp_post *take_posts(dp_os *os)
{
    pthread_mutex_lock(&os->mutex);
    dp_post *all = os->posts;
    os->posts = NULL;
    os->posts_tail = &os->posts;
    pthread_mutex_unlock(&os->mutex);
    return all;
}

static void serve_posts(dp_os *os)
{
    dp_post *p = take_posts(os);
    while (p) {
        pthread_mutex_lock(&os->mutex);
        dp_post *next = p->next;
        p->linked = false;
        pthread_mutex_unlock(&os->mutex);
        os->world.up->posted(os->world.server, p);
        p = next;
    }
}

static int work(dp_world *w, dp_work *job)
{
    return dp_os_workers_give(&dp_os_of(w)->workers, job);
}

static void serve_jobs(dp_os *os)
{
    dp_work *job = dp_os_workers_take(&os->workers);
    while (job) {
        dp_work *next = job->next;
        os->world.up->worked(os->world.server, job);
        job = next;
    }
}

static void on_poke(uv_async_t *poke)
{
    dp_os *os = dp_of(poke, dp_os, poke);
    if (os->over)
        return;
    serve_posts(os);
    serve_jobs(os);
    dp_os_tell(os);
}

/* --- the turn --- */

static void on_alarm(uv_timer_t *alarm)
{
    dp_of(alarm, dp_os, alarm)->alarm_at = DP_NEVER;
}

static void on_at_once(uv_idle_t *at_once)
{
    (void)at_once; /* that it is there keeps the loop awake */
}

/* set_alarm lets an alarm that is early ring: the turn that follows sets the
 * next one.  With a deadline that moves at each message none is set then. */
static void set_alarm(dp_os *os, uint64_t at)
{
    bool at_once = at <= os->now.mono;

    if (at_once)
        uv_idle_start(&os->at_once, on_at_once);
    else
        uv_idle_stop(&os->at_once);
    if (at_once || os->alarm_at <= at)
        return;
    os->alarm_at = at;
    uv_update_time(&os->loop);
    uint64_t mono = dp_os_now().mono;
    uint64_t wait = at > mono ? at - mono : 0;
    uint64_t ms = wait / DP_MS + (wait % DP_MS != 0);
    dp_assert(uv_timer_start(&os->alarm, on_alarm, ms, 0) == 0);
}

/* on_turn: uv_prepare_t, since a check step would come after the sleep.  The
 * last turn waits for the jobs that the workers still have. */
static void on_turn(uv_prepare_t *turn)
{
    dp_os *os = dp_of(turn, dp_os, turn);
    uint64_t next = os->world.up->turn(os->world.server, now(&os->world));

    os->stale = true;
    if (!os->ending) {
        set_alarm(os, next);
        return;
    }
    dp_os_workers_stop(&os->workers);
    serve_jobs(os);
    os->over = true;
    uv_stop(&os->loop);
}

/* --- accepting is put off --- */

static void watch_listeners(dp_os *os)
{
    for (dp_link *k = dp_list_first(&os->ios); k;
         k = dp_list_next(&os->ios, k)) {
        dp_io *io = dp_of(k, dp_io, link);
        if (io->kind == DP_IO_LISTENER)
            dp_os_watch(io);
    }
}

static void on_back_off(uv_timer_t *back_off)
{
    dp_os *os = dp_of(back_off, dp_os, back_off);
    os->backing_off = false;
    watch_listeners(os);
}

void dp_os_back_off(dp_os *os, int err)
{
    dp_log(&os->setup.env, DEVP2P_LOG_WARN, "os",
        "accepting nothing for %d ms: %s", BACK_OFF_MS, devp2p_strerror(err));
    os->backing_off = true;
    watch_listeners(os);
    dp_assert(uv_timer_start(&os->back_off, on_back_off, BACK_OFF_MS, 0) == 0);
}

/* --- life --- */

static void *loop_main(void *arg)
{
    dp_os *os = arg;

    dp_os_here(&os->world);
    uv_run(&os->loop, UV_RUN_DEFAULT);
    pthread_mutex_lock(&os->mutex);
    os->ended = true;
    pthread_cond_broadcast(&os->ended_now);
    pthread_mutex_unlock(&os->mutex);
    return NULL;
}

static int start(dp_world *w)
{
    dp_os *os = dp_os_of(w);
    dp_assert(!os->started);
    int err = os->first == os ? dp_os_workers_start(&os->workers, os) : 0;
    if (err)
        return err;
    os->started = true;
    err = dp_os_thread(&os->thread, 0, loop_main, os);
    if (err) {
        os->started = false;
        dp_os_workers_stop(&os->workers);
    }
    return err;
}

static void end(dp_world *w)
{
    dp_os_of(w)->ending = true;
}

static int wait(dp_world *w)
{
    dp_os *os = dp_os_of(w);
    if (dp_os_of_node(w) || !os->started)
        return DEVP2P_ERR_STATE;
    pthread_mutex_lock(&os->mutex);
    while (!os->ended)
        pthread_cond_wait(&os->ended_now, &os->mutex);
    pthread_mutex_unlock(&os->mutex);
    return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void os_free(dp_world *w)
{
    dp_os *os = dp_os_of(w);
    dp_env env = os->setup.env;

    if (os->started)
        pthread_join(os->thread, NULL);
    os->over = true;
    for (dp_link *k; (k = dp_list_first(&os->ios));)
        dp_os_close(dp_of(k, dp_io, link), false);
    uv_walk(&os->loop, close_handle, NULL);
    uv_run(&os->loop, UV_RUN_DEFAULT);
    dp_assert(uv_loop_close(&os->loop) == 0);
    dp_os_workers_fini(&os->workers);
    pthread_cond_destroy(&os->ended_now);
    pthread_mutex_destroy(&os->mutex);
    dp_free(&env, os, sizeof *os);
}

/* grow_watchers watches a high descriptor for a moment. */
static void grow_watchers(dp_os *os)
{
    struct rlimit limit;
    int high = WATCHERS, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < WATCHERS)
        high = (int)limit.rlim_cur;
    int top = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, high - 1);
    if (top >= 0 && uv_poll_init(&os->loop, &os->grow, top) == 0) {
        uv_poll_start(&os->grow, UV_READABLE, NULL);
        uv_close((uv_handle_t *)&os->grow, NULL);
    }
    if (top >= 0)
        close(top);
    if (fd >= 0)
        close(fd);
}

static int loop(dp_world *w, dp_world **out);

static const dp_world_ops ops = {
    .loop = loop,
    .free = os_free,
    .start = start,
    .wake = wake,
    .end = end,
    .wait = wait,
    .now = now,
    .random = fill,
    .listen = dp_os_listen,
    .connect = dp_os_connect,
    .adopt = dp_os_adopt,
    .refuse = dp_os_refuse,
    .take = dp_os_take,
    .names = dp_os_names,
    .want = dp_os_want,
    .read = dp_os_read,
    .write = dp_os_write,
    .shut = dp_os_shut,
    .close = dp_os_close,
    .work = work,
    .post = post,
    .spawn = dp_os_spawn,
    .join = dp_os_join,
    .parker = dp_os_parker,
    .parker_free = dp_os_parker_free,
    .park = dp_os_park,
    .unpark = dp_os_unpark,
};

static void init_fields(dp_os *os, const dp_os_setup *setup)
{
    os->world.ops = &ops;
    os->setup = *setup;
    os->first = os;
    os->alarm_at = DP_NEVER;
    os->stale = true;
    os->posts_tail = &os->posts;
    dp_list_init(&os->ios);
    dp_list_init(&os->told);
    dp_os_workers_init(&os->workers, setup->workers);
    dp_assert(pthread_mutex_init(&os->mutex, NULL) == 0);
    dp_assert(pthread_cond_init(&os->ended_now, NULL) == 0);
}

int dp_os_new(dp_world **out, const dp_os_setup *setup)
{
    dp_os *os = dp_alloc(&setup->env, sizeof *os);
    if (!os)
        return DEVP2P_ERR_NOMEM;
    int err = uv_loop_init(&os->loop);
    if (err) {
        dp_free(&setup->env, os, sizeof *os);
        return dp_fail(dp_os_code(-err), "event loop: %s", uv_strerror(err));
    }
    init_fields(os, setup);
    /* the rest of libuv's calls cannot fail, but for the pipe of the first
     * uv_async_t, which uv_loop_init made */
    dp_assert(uv_async_init(&os->loop, &os->poke, on_poke) == 0);
    dp_assert(uv_prepare_init(&os->loop, &os->turn) == 0);
    dp_assert(uv_prepare_start(&os->turn, on_turn) == 0);
    dp_assert(uv_idle_init(&os->loop, &os->at_once) == 0);
    dp_assert(uv_timer_init(&os->loop, &os->alarm) == 0);
    dp_assert(uv_timer_init(&os->loop, &os->back_off) == 0);
    grow_watchers(os);
    *out = &os->world;
    return 0;
}

/* loop: the workers of another one are never started. */
static int loop(dp_world *w, dp_world **out)
{
    int err = dp_os_new(out, &dp_os_of(w)->setup);

    if (!err)
        dp_os_of(*out)->first = dp_os_of(w);
    return err;
}
