/* SPDX-License-Identifier: MIT */
/* os_faults_test.c - two real servers on this machine, whose system calls fail
 * one after the other.  The linker puts the functions of the first part in the
 * place of the system's (cmake/tests.cmake). */
#define _GNU_SOURCE /* accept4 */
#include "test.h"

#include <devp2p/devp2p.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SHORT = -1 }; /* one byte, instead of an error */

typedef enum call {
    SOCKET,
    BIND,
    LISTEN,
    ACCEPT,
    CONNECT,
    OUTCOME, /* getsockopt */
    RECV,
    SEND,
    THREAD,
    DRAW,
    CALLS
} call;

/* --- in the place of the system --- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t more; /* one was hit */
    size_t calls[CALLS];
    call which;
    int err;
    size_t from, to; /* these calls fail, counted from 1; 0: none */
    size_t hits;
} fault = { .mutex = PTHREAD_MUTEX_INITIALIZER,
    .more = PTHREAD_COND_INITIALIZER };

/* hit counts a call: 0, or its error. */
static int hit(call which)
{
    int err = 0;
    pthread_mutex_lock(&fault.mutex);
    size_t n = ++fault.calls[which];
    if (which == fault.which && fault.from && n >= fault.from &&
        n <= fault.to) {
        err = fault.err;
        fault.hits++;
        pthread_cond_broadcast(&fault.more);
    }
    pthread_mutex_unlock(&fault.mutex);
    return err;
}

/* deny is hit for calls that say -1 and errno. */
static int deny(call which)
{
    int err = hit(which);
    if (err > 0)
        errno = err;
    return err;
}

#define REPLACED(type, name, ...)    \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

REPLACED(int, socket, int domain, int type, int protocol)
{
    return deny(SOCKET) ? -1 : __real_socket(domain, type, protocol);
}

REPLACED(int, bind, int fd, const struct sockaddr *at, socklen_t len)
{
    return deny(BIND) ? -1 : __real_bind(fd, at, len);
}

REPLACED(int, listen, int fd, int backlog)
{
    return deny(LISTEN) ? -1 : __real_listen(fd, backlog);
}

/* A connection that was aborted is gone; after any other error it waits. */
REPLACED(int, accept4, int fd, struct sockaddr *from, socklen_t *len, int flags)
{
    return deny(ACCEPT) ? -1 : __real_accept4(fd, from, len, flags);
}

/* What was interrupted goes on all the same. */
REPLACED(int, connect, int fd, const struct sockaddr *to, socklen_t len)
{
    int err = hit(CONNECT);
    if (!err)
        return __real_connect(fd, to, len);
    if (err == EINTR)
        (void)__real_connect(fd, to, len);
    errno = err;
    return -1;
}

REPLACED(
    int, getsockopt, int fd, int level, int name, void *out, socklen_t *len)
{
    return deny(OUTCOME) ? -1 : __real_getsockopt(fd, level, name, out, len);
}

REPLACED(ssize_t, recv, int fd, void *out, size_t len, int flags)
{
    int err = deny(RECV);
    return err > 0 ? -1 : __real_recv(fd, out, err && len ? 1 : len, flags);
}

REPLACED(ssize_t, send, int fd, const void *at, size_t len, int flags)
{
    int err = deny(SEND);
    return err > 0 ? -1 : __real_send(fd, at, err && len ? 1 : len, flags);
}

REPLACED(int, pthread_create, pthread_t *out, const pthread_attr_t *attr,
    void *(*run)(void *arg), void *arg)
{
    int err = hit(THREAD);
    return err ? err : __real_pthread_create(out, attr, run, arg);
}

REPLACED(int, RAND_bytes, unsigned char *out, int len)
{
    return hit(DRAW) ? 0 : __real_RAND_bytes(out, len);
}

static void plant(call which, int err, size_t from, size_t to)
{
    pthread_mutex_lock(&fault.mutex);
    memset(fault.calls, 0, sizeof fault.calls);
    fault.hits = 0;
    fault.which = which;
    fault.err = err;
    fault.from = from;
    fault.to = to;
    pthread_mutex_unlock(&fault.mutex);
}

static size_t hits(void)
{
    pthread_mutex_lock(&fault.mutex);
    size_t n = fault.hits;
    pthread_mutex_unlock(&fault.mutex);
    return n;
}

/* --- two servers --- */

enum { WORDS = 30000, PATIENCE_S = 20 };

typedef struct side {
    devp2p_server *srv;
    char url[DEVP2P_URL_MAX];
    atomic_int opens, closes;
} side;

typedef struct pair {
    side a, b; /* a dials */
    pthread_mutex_t mutex;
    pthread_cond_t news;
    bool heard; /* the answer */
    bool lost;  /* a connection or a dial */
} pair;

static atomic_size_t live;             /* bytes that servers hold */
static atomic_size_t allocs, no_alloc; /* how many; which one fails */

static void *count_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    (void)user;
    if (new_size && atomic_fetch_add(&allocs, 1) + 1 == atomic_load(&no_alloc))
        return NULL;
    atomic_fetch_add(&live, new_size - old_size);
    if (new_size)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

static void tell(pair *p, bool *what)
{
    pthread_mutex_lock(&p->mutex);
    *what = true;
    pthread_cond_broadcast(&p->news);
    pthread_mutex_unlock(&p->mutex);
}

/* on_event: what the removal before another try brings about is no loss. */
static void on_event(const devp2p_event *e, void *user)
{
    pair *p = user;
    bool ours = e->code == 0 || e->code == DEVP2P_DISC_REQUESTED ||
                e->code == DEVP2P_ERR_NOT_FOUND;
    if (!ours || e->kind == DEVP2P_EVENT_LOST)
        tell(p, &p->lost);
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    static uint8_t words[WORDS];
    uint32_t x = 1;
    (void)peer;
    atomic_fetch_add(&((pair *)user)->a.opens, 1);
    for (size_t i = 0; i < WORDS; i++)
        words[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    devp2p_slice all = { words, sizeof words };
    return devp2p_send_items(rw, 0, all);
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    pair *p = user;
    uint32_t n;
    (void)rw;
    assert_int_equal(devp2p_decode_items(msg, &n), 0);
    assert_int_equal(n, WORDS);
    tell(p, &p->heard);
    return 0;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    (void)rw, (void)reason, (void)unsent;
    atomic_fetch_add(&((pair *)user)->a.closes, 1);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    pair *p = user;
    devp2p_msg msg;
    devp2p_slice words;
    int err;
    (void)peer;
    atomic_fetch_add(&p->b.opens, 1);
    while (!(err = devp2p_read(rw, &msg))) {
        assert_int_equal(devp2p_decode_items(&msg, &words), 0);
        err = devp2p_send_items(rw, 0, (uint32_t)words.len);
        if (err)
            break;
    }
    atomic_fetch_add(&p->b.closes, 1);
    return err;
}

static int make(side *s, const devp2p_config *cfg)
{
    int err = devp2p_server_new(&s->srv, cfg);
    if (err)
        return err;
    err = devp2p_server_start(s->srv);
    if (err) /* again, with the same server */
        err = devp2p_server_start(s->srv);
    if (err) {
        devp2p_server_free(s->srv);
        s->srv = NULL;
    }
    return err;
}

/* begin makes a server; what fails is tried once more. */
static void begin(pair *p, side *s, const devp2p_protocol *rows, uint8_t key)
{
    devp2p_config cfg = { .protocols = rows,
        .private_key = { { [31] = key } },
        .listen_addr = s == &p->b ? "127.0.0.1:0" : NULL,
        .worker_threads = 1,
        .alloc = count_alloc,
        .on_event = s == &p->a ? on_event : NULL,
        .on_event_user = p };
    devp2p_node self;
    if (make(s, &cfg))
        assert_int_equal(make(s, &cfg), 0);
    devp2p_server_self(s->srv, &self);
    devp2p_node_url(s->url, &self);
}

/* wait_for waits until the answer is there or something was lost: whether it is
 * there. */
static bool wait_for_answer(pair *p)
{
    struct timespec until;
    int err = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&p->mutex);
    while (!err && !p->heard && !p->lost)
        err = pthread_cond_timedwait(&p->news, &p->mutex, &until);
    bool heard = p->heard;
    p->lost = false;
    pthread_mutex_unlock(&p->mutex);
    assert_int_equal(err, 0);
    return heard;
}

static bool ask(pair *p)
{
    int err = devp2p_server_add_peer(p->a.srv, NULL, p->b.url);
    return !err && wait_for_answer(p);
}

static void pair_open(pair *p)
{
    const devp2p_protocol asks[] = { { .name = "p",
                                         .version = 1,
                                         .length = 1,
                                         .user = p,
                                         .on_open = on_open,
                                         .on_msg = on_msg,
                                         .on_close = on_close },
        { .name = NULL } };
    const devp2p_protocol answers[] = {
        { .name = "p", .version = 1, .length = 1, .user = p, .run = run },
        { .name = NULL }
    };
    *p = (pair){ .heard = false };
    assert_int_equal(pthread_mutex_init(&p->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&p->news, NULL), 0);
    begin(p, &p->b, answers, 2);
    begin(p, &p->a, asks, 1);
}

static void pair_close(pair *p)
{
    devp2p_server_free(p->a.srv);
    devp2p_server_free(p->b.srv);
    assert_int_equal(p->a.opens, p->a.closes);
    assert_int_equal(p->b.opens, p->b.closes);
    assert_int_equal(atomic_load(&live), 0);
    pthread_cond_destroy(&p->news);
    pthread_mutex_destroy(&p->mutex);
}

/* converse has two servers talk until the answer comes; true when the first
 * connection was good enough. */
static bool converse(void)
{
    enum { TRIES = 4 };
    static pair p;
    pair_open(&p);
    bool good = ask(&p), heard = good;
    for (int i = 0; i < TRIES && !heard; i++) {
        (void)!devp2p_server_remove_peer(p.a.srv, NULL, p.b.url);
        heard = ask(&p);
    }
    assert_true(heard);
    pair_close(&p);
    return good;
}

/* --- one call after the other --- */

static const struct {
    const char *name;
    call which;
    int errs[10];
    int harmless; /* so many of them delay at most */
} table[] = {
    { "socket", SOCKET, { EMFILE, ENFILE, ENOBUFS, EACCES }, 0 },
    { "bind", BIND, { EADDRINUSE, EACCES }, 0 },
    { "listen", LISTEN, { EADDRINUSE }, 0 },
    { "accept4", ACCEPT,
        { EINTR, ECONNABORTED, EPROTO, EPERM, EAGAIN, EMFILE, ENFILE, ENOBUFS,
            ENOMEM },
        9 },
    { "connect", CONNECT,
        { EINTR, ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EAGAIN, ETIMEDOUT },
        1 },
    { "getsockopt", OUTCOME, { ENOBUFS, ENOMEM }, 0 },
    { "recv", RECV,
        { SHORT, EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM, EIO }, 3 },
    { "send", SEND,
        { SHORT, EINTR, EAGAIN, ECONNRESET, EPIPE, ENOBUFS, ENOMEM }, 3 },
    { "pthread_create", THREAD, { EAGAIN }, 0 },
    { "RAND_bytes", DRAW, { 1 }, 0 },
};

enum { TABLE = sizeof table / sizeof *table };

static void each_call_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE; i++) {
        size_t runs = 0, good = 0;
        for (int k = 0; table[i].errs[k]; k++)
            for (size_t n = 1;; n++) {
                plant(table[i].which, table[i].errs[k], n, n);
                bool first = converse();
                if (!hits())
                    break;
                assert_true(first || k >= table[i].harmless);
                runs++;
                good += first;
            }
        print_message("%s: %zu failures, %zu conversations did not notice\n",
            table[i].name, runs, good);
        assert_true(runs > 0);
    }
}

/* Whatever a system call moves, and however often it is interrupted. */
static void byte_by_byte(void **state)
{
    (void)state;
    static const call moving[] = { RECV, SEND };
    for (size_t i = 0; i < 2; i++) {
        plant(moving[i], SHORT, 1, SIZE_MAX);
        assert_true(converse());
        assert_true(hits() > WORDS / 2);
        plant(moving[i], EINTR, 1, 1000);
        assert_true(converse());
        assert_int_equal(hits(), 1000);
    }
}

/* --- no descriptors --- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void await_hits(size_t n)
{
    pthread_mutex_lock(&fault.mutex);
    while (fault.hits < n)
        pthread_cond_wait(&fault.more, &fault.mutex);
    pthread_mutex_unlock(&fault.mutex);
}

/* Without descriptors a server tries five times a second, not all the time, and
 * accepts again when there are some. */
static void no_descriptors_no_spinning(void **state)
{
    (void)state;
    enum { HITS = 5 };
    static const int errs[] = { EMFILE, ENFILE };
    for (size_t i = 0; i < 2; i++) {
        static pair p;
        plant(ACCEPT, errs[i], 1, SIZE_MAX);
        pair_open(&p);
        assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.b.url), 0);
        await_hits(1);
        double began = seconds();
        await_hits(HITS);
        double took = seconds() - began;
        plant(ACCEPT, 0, 0, 0);
        assert_true(wait_for_answer(&p));
        pair_close(&p);
        print_message("%d times nothing accepted in %.2f s\n", HITS, took);
        assert_true(took > (HITS - 1) * 0.1);
    }
}

/* --- memory, chance --- */

static void each_allocation_fails_once(void **state)
{
    (void)state;
    size_t n = 0, good = 0;
    plant(SOCKET, 0, 0, 0);
    do {
        atomic_store(&allocs, 0);
        atomic_store(&no_alloc, ++n);
        good += converse();
    } while (atomic_load(&allocs) >= n);
    atomic_store(&no_alloc, 0);
    print_message("%zu allocations of two servers fail, %zu conversations did "
                  "not notice\n",
        n - 1, good - 1);
    assert_true(n > 100);
}

static void no_key_without_randomness(void **state)
{
    (void)state;
    static const devp2p_key none;
    devp2p_key key;
    memset(&key, 0x5a, sizeof key);
    plant(DRAW, 1, 1, 1);
    assert_int_equal(devp2p_key_generate(&key), DEVP2P_ERR_RANDOM);
    assert_memory_equal(&key, &none, sizeof key);
    assert_int_equal(hits(), 1);
    assert_int_equal(devp2p_key_generate(&key), 0);
    assert_memory_not_equal(&key, &none, sizeof key);
}

/* --- what a process holds --- */

static size_t count_files(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Whatever failed, no descriptor and no thread is left behind. */
static void nothing_is_left(void **state)
{
    size_t *before = *state;
    assert_int_equal(count_files("/proc/self/fd"), before[0]);
    assert_int_equal(count_files("/proc/self/task"), before[1]);
}

/* look counts after a first conversation: what libraries keep for good is there
 * by then. */
static int look(void **state)
{
    static size_t held[2];
    plant(SOCKET, 0, 0, 0);
    converse();
    held[0] = count_files("/proc/self/fd");
    held[1] = count_files("/proc/self/task");
    *state = held;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fails_once),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(no_descriptors_no_spinning),
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(no_key_without_randomness),
        cmocka_unit_test(nothing_is_left),
    };
    return cmocka_run_group_tests(tests, look, NULL);
}
