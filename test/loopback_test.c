/* SPDX-License-Identifier: MIT */
/* loopback_test.c - real servers on this machine: many peers and few threads,
 * start and stop that leave nothing, and senders on many threads whose messages
 * are all accounted for. */
#include "test.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

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

static size_t count_threads(void)
{
    return count_files("/proc/self/task") - 2; /* . and .. */
}

static atomic_size_t live; /* bytes that servers hold */

static void *count_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    (void)user;
    atomic_fetch_add(&live, new_size - old_size);
    if (new_size)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

/* --- servers --- */

static devp2p_config config(const devp2p_protocol *protocols)
{
    devp2p_config cfg = { .protocols = protocols,
        .listen_addr = "127.0.0.1:0",
        .max_peers = 1000,
        .dial_ratio = DEVP2P_NONE,
        .worker_threads = 1,
        .alloc = count_alloc,
        .log = test_log,
        .log_level = DEVP2P_LOG_TRACE };
    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    test_secret(cfg.private_key.b);
    return cfg;
}

static devp2p_server *start(const devp2p_config *cfg)
{
    devp2p_server *srv;
    assert_int_equal(devp2p_server_new(&srv, cfg), 0);
    assert_int_equal(devp2p_server_start(srv), 0);
    return srv;
}

static void url_of(char url[DEVP2P_URL_MAX], devp2p_server *srv)
{
    devp2p_node self;
    devp2p_server_self(srv, &self);
    devp2p_node_url(url, &self);
}

/* expect waits for n events of a kind. */
static void expect(devp2p_events *ring, devp2p_event_kind kind, size_t n)
{
    devp2p_event e;
    while (n) {
        assert_int_equal(devp2p_events_next(ring, &e, PATIENCE_MS), 0);
        n -= e.kind == kind;
    }
}

/* --- a crowd in another process --- */

enum { CROWD = 500, THREADS_MAX = 8 };

static int say_foo(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    (void)user;
    return devp2p_send_items(rw, 0, "foo");
}

static int say_bar(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    devp2p_slice word;
    int err = devp2p_decode_items(msg, &word);
    if (err || !devp2p_slice_is(word, "foo"))
        return err;
    atomic_fetch_add((atomic_size_t *)user, 1);
    return devp2p_send_items(rw, 0, "bar");
}

/* crowd is the other process: that many nodes until its input ends. */
static void crowd(const char *url, int until_eof)
{
    static devp2p_server *all[CROWD];
    atomic_size_t heard = 0;
    const devp2p_protocol rows[] = { { .name = "foobar",
                                         .version = 1,
                                         .length = 1,
                                         .user = &heard,
                                         .on_open = say_foo,
                                         .on_msg = say_bar },
        { .name = NULL } };
    const char *nodes[] = { url, NULL };
    for (size_t i = 0; i < CROWD; i++) {
        devp2p_config cfg = config(rows);
        cfg.listen_addr = NULL;
        cfg.static_nodes = nodes;
        all[i] = start(&cfg);
    }
    char byte;
    while (read(until_eof, &byte, 1) > 0)
        ;
    for (size_t i = 0; i < CROWD; i++)
        devp2p_server_free(all[i]);
}

static void test_many_peers_few_threads(void **state)
{
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);

    int pipes[2];
    char url[DEVP2P_URL_MAX] = "";
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork(); /* while there is one thread */
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipes[1]);
        if (read(pipes[0], url, sizeof url) == sizeof url)
            crowd(url, pipes[0]);
        _exit(0);
    }
    close(pipes[0]);

    atomic_size_t foos = 0;
    const devp2p_protocol rows[] = { { .name = "foobar",
                                         .version = 1,
                                         .length = 1,
                                         .user = &foos,
                                         .on_msg = say_bar },
        { .name = NULL } };
    devp2p_config cfg = config(rows);
    devp2p_server *srv = start(&cfg);
    devp2p_events *ring;
    assert_int_equal(devp2p_events_open(&ring, srv), 0);
    url_of(url, srv);
    assert_int_equal(write(pipes[1], url, sizeof url), sizeof url);
    expect(ring, DEVP2P_EVENT_PEER_ADD, CROWD);
    assert_int_equal(devp2p_server_count(srv), CROWD);
    size_t threads = count_threads();
    print_message("%d peers, %zu threads\n", CROWD, threads);
    assert_true(threads <= THREADS_MAX);

    close(pipes[1]); /* the crowd goes home */
    expect(ring, DEVP2P_EVENT_PEER_DROP, CROWD);
    assert_int_equal(atomic_load(&foos), CROWD);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    devp2p_events_close(ring);
    devp2p_server_free(srv);
}

/* --- start and stop --- */

enum { ROUNDS = 500 };

static void test_start_and_stop_leave_nothing(void **state)
{
    (void)state;
    size_t files = 0, threads = 0;
    for (int i = 0; i < ROUNDS; i++) {
        devp2p_config cfg = config(NULL);
        devp2p_server *srv = start(&cfg);
        devp2p_server_stop(srv);
        assert_int_equal(devp2p_server_wait(srv), 0);
        devp2p_server_free(srv);
        assert_int_equal(atomic_load(&live), 0);
        if (i == 0) { /* what libraries keep for good is there by now */
            files = count_files("/proc/self/fd");
            threads = count_threads();
        }
    }
    assert_int_equal(count_files("/proc/self/fd"), files);
    assert_int_equal(count_threads(), threads);
}

/* --- many senders, peers that come and go --- */

enum {
    SENDERS = 8,
    PEERS = 100,
    MESSAGES = 10000,
    LEAVERS = 60, /* departures while the senders send */
    CONNS = PEERS + LEAVERS + 1
};

/* A conn is one connection as the sending server sees it. */
typedef struct conn {
    devp2p_rw *rw; /* kept; NULL once it is closed */
    atomic_uint accepted, delivered;
    uint32_t unsent;
    bool remote; /* the peer ended it */
} conn;

typedef struct bench {
    pthread_mutex_t mutex;
    conn conns[CONNS];
    unsigned nconns;
    atomic_uint accepted, reported;
    atomic_uint told; /* messages, by events of the peers */
} bench;

static int opened(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    bench *b = user;
    (void)peer;
    pthread_mutex_lock(&b->mutex);
    assert_true(b->nconns < CONNS);
    conn *c = &b->conns[b->nconns++];
    c->rw = devp2p_rw_keep(rw);
    devp2p_rw_set_data(rw, c);
    pthread_mutex_unlock(&b->mutex);
    return 0;
}

static void closed(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    bench *b = user;
    conn *c = devp2p_rw_data(rw);
    pthread_mutex_lock(&b->mutex);
    c->unsent = unsent;
    assert_int_equal(
        devp2p_peer_reason(devp2p_rw_peer(rw), &c->remote), reason);
    devp2p_rw_drop(c->rw);
    c->rw = NULL;
    pthread_mutex_unlock(&b->mutex);
}

static int ignore(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw;
    (void)msg;
    (void)user;
    return 0;
}

/* received runs on the loops of the peers; a message names its conn. */
static int received(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    bench *b = user;
    uint32_t at;
    (void)rw;
    int err = devp2p_decode_items(msg, &at);
    if (!err)
        atomic_fetch_add(&b->conns[at].delivered, 1);
    return err;
}

/* pick keeps the rw of a live connection, the n-th from somewhere. */
static devp2p_rw *pick(bench *b, unsigned n, unsigned *at)
{
    devp2p_rw *rw = NULL;
    pthread_mutex_lock(&b->mutex);
    for (unsigned i = 0; i < b->nconns && !rw; i++) {
        *at = (n + i) % b->nconns;
        if (b->conns[*at].rw)
            rw = devp2p_rw_keep(b->conns[*at].rw);
    }
    pthread_mutex_unlock(&b->mutex);
    return rw;
}

static void *send_all(void *arg)
{
    bench *b = arg;
    unsigned at = 0, seed = 1;
    while (atomic_load(&b->accepted) < MESSAGES) {
        seed = seed * 1103515245u + 12345u;
        devp2p_rw *rw = pick(b, seed >> 8, &at);
        if (!rw)
            continue;
        int err = devp2p_send_items(rw, 0, at);
        if (err == DEVP2P_ERR_AGAIN)
            (void)!devp2p_rw_wait(rw, 100);
        else if (err)
            atomic_fetch_add(&b->reported, 1);
        else {
            atomic_fetch_add(&b->conns[at].accepted, 1);
            atomic_fetch_add(&b->accepted, 1);
        }
        devp2p_rw_drop(rw);
    }
    return NULL;
}

static void told(const devp2p_event *e, void *user)
{
    bench *b = user;
    if (e->kind == DEVP2P_EVENT_MSG_RECEIVED)
        atomic_fetch_add(&b->told, 1);
}

static devp2p_server *new_peer(bench *b, const char *url)
{
    const devp2p_protocol rows[] = { { .name = "count",
                                         .version = 1,
                                         .length = 1,
                                         .user = b,
                                         .on_msg = received },
        { .name = NULL } };
    const char *nodes[] = { url, NULL };
    devp2p_config cfg = config(rows);
    cfg.listen_addr = NULL;
    cfg.static_nodes = nodes;
    cfg.message_events = true;
    cfg.on_event = told;
    cfg.on_event_user = b;
    return start(&cfg);
}

/* check: what was accepted was delivered or is counted; with a connection that
 * the peer ended, which an event reported, what was on its way is lost. */
static void check(bench *b, unsigned *delivered, unsigned *unsent)
{
    for (unsigned i = 0; i < b->nconns; i++) {
        conn *c = &b->conns[i];
        unsigned known = c->delivered + c->unsent;
        assert_null(c->rw);
        assert_true(c->remote ? known <= c->accepted : known == c->accepted);
        *delivered += c->delivered;
        *unsent += c->unsent;
    }
}

static void test_every_message_is_accounted_for(void **state)
{
    (void)state;
    static bench b;
    assert_int_equal(pthread_mutex_init(&b.mutex, NULL), 0);
    const devp2p_protocol rows[] = { { .name = "count",
                                         .version = 1,
                                         .length = 1,
                                         .user = &b,
                                         .on_open = opened,
                                         .on_msg = ignore,
                                         .on_close = closed },
        { .name = NULL } };
    devp2p_config cfg = config(rows);
    devp2p_server *srv = start(&cfg), *peers[PEERS];
    devp2p_events *ring;
    char url[DEVP2P_URL_MAX];
    assert_int_equal(devp2p_events_open(&ring, srv), 0);
    url_of(url, srv);
    for (size_t i = 0; i < PEERS; i++)
        peers[i] = new_peer(&b, url);
    expect(ring, DEVP2P_EVENT_PEER_ADD, PEERS);

    pthread_t senders[SENDERS];
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_all, &b), 0);
    for (size_t i = 0; i < LEAVERS; i++) {
        devp2p_server_free(peers[i % PEERS]);
        peers[i % PEERS] = new_peer(&b, url);
        expect(ring, DEVP2P_EVENT_PEER_DROP, 1);
    }
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(senders[i], NULL), 0);

    devp2p_events_close(ring);
    devp2p_server_free(srv);
    for (size_t i = 0; i < PEERS; i++)
        devp2p_server_free(peers[i]);
    unsigned delivered = 0, unsent = 0;
    check(&b, &delivered, &unsent);
    print_message("%u accepted, %u delivered, %u unsent, %u refused\n",
        b.accepted, delivered, unsent, b.reported);
    assert_true(b.accepted >= MESSAGES);
    assert_true(delivered > 0);
    assert_int_equal(b.told, delivered);
    pthread_mutex_destroy(&b.mutex);
    assert_int_equal(atomic_load(&live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_peers_few_threads),
        cmocka_unit_test(test_start_and_stop_leave_nothing),
        cmocka_unit_test(test_every_message_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
