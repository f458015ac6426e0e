/* SPDX-License-Identifier: MIT */
/* loops_os_test.c - real servers with several loops: who runs where, sockets
 * that go from one loop to another, and an end while much is on its way. */
#include "test.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, LOOPS = 2, GUESTS = 6, ECHOES = 300 };

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

/* --- handlers --- */

/* A crowd is what the handlers of one server share. */
typedef struct crowd {
    devp2p_server *srv;
    pthread_mutex_t mutex;
    pthread_t loops[LOOPS], teller;
    size_t nloops; /* threads that called handlers */
    bool told;     /* an event was, by the teller */
    pthread_cond_t more;
    size_t answered;
    atomic_size_t opens, closes, runs, ends;
    bool endless; /* who has an answer asks again */
} crowd;

/* A talk is one peer of the event style. */
typedef struct talk {
    atomic_flag busy; /* a callback runs */
    size_t asked;
} talk;

/* here notes the thread that a handler runs on. */
static void here(crowd *c)
{
    size_t i = 0;

    pthread_mutex_lock(&c->mutex);
    while (i < c->nloops && !pthread_equal(c->loops[i], pthread_self()))
        i++;
    assert_true(i < LOOPS);
    if (i == c->nloops)
        c->loops[c->nloops++] = pthread_self();
    pthread_mutex_unlock(&c->mutex);
}

/* begin and end: callbacks of one peer do not overlap. */
static talk *begin(devp2p_rw *rw)
{
    talk *t = devp2p_rw_data(rw);
    assert_false(atomic_flag_test_and_set(&t->busy));
    return t;
}

static void end(talk *t)
{
    atomic_flag_clear(&t->busy);
}

static int ask(crowd *c, devp2p_rw *rw, talk *t)
{
    if (!c->endless && t->asked == ECHOES)
        return 0;
    t->asked++;
    int err = devp2p_send_items(rw, 0, "ping");
    return err == DEVP2P_ERR_AGAIN ? 0 : err;
}

/* may_not_wait: no loop of a server waits for it. */
static void may_not_wait(crowd *c)
{
    static const char nobody[] =
        "enode://"
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
        "@127.0.0.1:1";

    assert_int_equal(devp2p_server_wait(c->srv), DEVP2P_ERR_STATE);
    assert_int_equal(devp2p_server_add_peer_wait(c->srv, NULL, nobody, 1000),
        DEVP2P_ERR_STATE);
}

static int opened(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    crowd *c = user;
    talk *t = calloc(1, sizeof *t);

    (void)peer;
    assert_non_null(t);
    devp2p_rw_set_data(rw, t);
    atomic_fetch_add(&c->opens, 1);
    begin(rw);
    here(c);
    may_not_wait(c);
    int err = ask(c, rw, t);
    end(t);
    return err;
}

static int heard(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    crowd *c = user;
    talk *t = begin(rw);
    int err = 0;

    here(c);
    if (msg->code == 0) {
        err = devp2p_send_raw(rw, 1, msg->payload);
        err = err == DEVP2P_ERR_AGAIN ? 0 : err;
    } else {
        pthread_mutex_lock(&c->mutex);
        c->answered++;
        pthread_cond_signal(&c->more);
        pthread_mutex_unlock(&c->mutex);
        err = ask(c, rw, t);
    }
    end(t);
    return err;
}

static void closed(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    crowd *c = user;
    talk *t = begin(rw);

    (void)reason, (void)unsent;
    here(c);
    atomic_fetch_add(&c->closes, 1);
    free(t);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    crowd *c = user;
    devp2p_msg msg;

    (void)peer;
    atomic_fetch_add(&c->runs, 1);
    assert_int_equal(devp2p_server_wait(c->srv), DEVP2P_ERR_STATE);
    int err = devp2p_send_items(rw, 0, "ping");
    while (!err && !(err = devp2p_read(rw, &msg)))
        if (msg.code == 0)
            err = devp2p_send_raw(rw, 1, msg.payload);
        else if (c->endless)
            err = devp2p_send_items(rw, 0, "ping");
    atomic_fetch_add(&c->ends, 1);
    return err;
}

/* on_event runs on one loop, whatever the number of them. */
static void on_event(const devp2p_event *event, void *user)
{
    crowd *c = user;

    (void)event;
    pthread_mutex_lock(&c->mutex);
    if (!c->told)
        c->teller = pthread_self();
    c->told = true;
    assert_true(pthread_equal(c->teller, pthread_self()));
    pthread_mutex_unlock(&c->mutex);
}

/* --- servers --- */

static devp2p_events *crowd_start(crowd *c, bool endless)
{
    const devp2p_protocol rows[] = { { .name = "events",
                                         .version = 1,
                                         .length = 2,
                                         .user = c,
                                         .on_open = opened,
                                         .on_msg = heard,
                                         .on_close = closed },
        { .name = "runs", .version = 1, .length = 2, .user = c, .run = run },
        { .name = NULL } };
    devp2p_config cfg = { .protocols = rows,
        .listen_addr = "127.0.0.1:0",
        .dial_ratio = DEVP2P_NONE,
        .worker_threads = 1,
        .io_threads = LOOPS,
        .on_event = on_event,
        .on_event_user = c,
        .alloc = count_alloc,
        .log = test_log,
        .log_level = DEVP2P_LOG_TRACE };
    devp2p_events *ring;

    memset(c, 0, sizeof *c);
    assert_int_equal(pthread_mutex_init(&c->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&c->more, NULL), 0);
    c->endless = endless;
    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    test_secret(cfg.private_key.b);
    assert_int_equal(devp2p_server_new(&c->srv, &cfg), 0);
    assert_int_equal(devp2p_events_open(&ring, c->srv), 0);
    assert_int_equal(devp2p_server_start(c->srv), 0);
    return ring;
}

static void crowd_end(crowd *c, devp2p_events *ring)
{
    devp2p_events_close(ring);
    devp2p_server_free(c->srv);
    assert_int_equal(atomic_load(&c->opens), atomic_load(&c->closes));
    assert_int_equal(atomic_load(&c->runs), atomic_load(&c->ends));
    pthread_cond_destroy(&c->more);
    pthread_mutex_destroy(&c->mutex);
}

static void expect(devp2p_events *ring, devp2p_event_kind kind, size_t n)
{
    devp2p_event e;

    while (n) {
        assert_int_equal(devp2p_events_next(ring, &e, PATIENCE_MS), 0);
        n -= e.kind == kind;
    }
}

static void dial(crowd *from, crowd *to)
{
    char url[DEVP2P_URL_MAX];
    devp2p_node self;

    devp2p_server_self(to->srv, &self);
    assert_int_equal(
        devp2p_server_add_peer(from->srv, NULL, devp2p_node_url(url, &self)),
        0);
}

/* give connects two servers by a pair of sockets. */
static void give(crowd *from, crowd *to)
{
    devp2p_node self;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    devp2p_server_self(to->srv, &self);
    assert_int_equal(
        devp2p_server_setup_conn(from->srv, NULL, fds[0], 0, &self), 0);
    assert_int_equal(devp2p_server_setup_conn(
                         to->srv, NULL, fds[1], DEVP2P_PEER_INBOUND, NULL),
        0);
}

/* --- tests --- */

static crowd host, guests[GUESTS];
static devp2p_events *host_ring, *rings[GUESTS];

/* meet connects all: some dial, some are dialled, some come by a socket. */
static void meet(bool endless)
{
    host_ring = crowd_start(&host, endless);
    for (size_t i = 0; i < GUESTS; i++) {
        rings[i] = crowd_start(&guests[i], endless);
        if (i % 3 == 0)
            dial(&guests[i], &host);
        else if (i % 3 == 1)
            dial(&host, &guests[i]);
        else
            give(&guests[i], &host);
    }
    expect(host_ring, DEVP2P_EVENT_PEER_ADD, GUESTS);
    for (size_t i = 0; i < GUESTS; i++)
        expect(rings[i], DEVP2P_EVENT_PEER_ADD, 1);
}

static void part(void)
{
    for (size_t i = 0; i < GUESTS; i++)
        crowd_end(&guests[i], rings[i]);
    crowd_end(&host, host_ring);
    assert_int_equal(atomic_load(&live), 0);
}

/* await waits until so many questions have been answered, and no more are. */
static void await(crowd *c, size_t answers)
{
    pthread_mutex_lock(&c->mutex);
    while (c->answered < answers)
        assert_int_equal(pthread_cond_wait(&c->more, &c->mutex), 0);
    assert_int_equal(c->answered, answers);
    pthread_mutex_unlock(&c->mutex);
}

static void peers_are_shared(void **state)
{
    (void)state;
    devp2p_traffic moved;

    meet(false);
    await(&host, GUESTS * ECHOES);
    for (size_t i = 0; i < GUESTS; i++)
        await(&guests[i], ECHOES);
    assert_int_equal(devp2p_server_count(host.srv), GUESTS);
    pthread_mutex_lock(&host.mutex);
    assert_int_equal(host.nloops, LOOPS); /* each has some of them */
    bool one = pthread_equal(host.teller, host.loops[0]);
    bool other = pthread_equal(host.teller, host.loops[1]);
    assert_true(one != other);
    pthread_mutex_unlock(&host.mutex);
    devp2p_server_stop(host.srv);
    assert_int_equal(devp2p_server_wait(host.srv), 0);
    devp2p_server_traffic(host.srv, &moved);
    assert_true(moved.in.messages >= 2 * GUESTS * ECHOES);
    assert_int_equal(devp2p_server_count(host.srv), 0);
    part();
}

/* --- much at once --- */

static atomic_bool enough;

static void *broadcasts(void *arg)
{
    crowd *c = arg;

    while (!atomic_load(&enough)) {
        devp2p_packet *packet;
        size_t sent, full;
        assert_int_equal(devp2p_packet_new_items(&packet, 1, "all"), 0);
        assert_int_equal(
            devp2p_server_broadcast(c->srv, &sent, &full, "events", 1, packet),
            0);
        devp2p_packet_drop(packet);
    }
    return NULL;
}

/* asks looks at what a program may look at, and ends peers. */
static void *asks(void *arg)
{
    crowd *c = arg;
    devp2p_peer *peers[GUESTS];
    devp2p_traffic moved;
    devp2p_counters counters;

    for (size_t i = 0; !atomic_load(&enough); i++) {
        size_t n = devp2p_server_peers(c->srv, peers, GUESTS);
        devp2p_server_traffic(c->srv, &moved);
        devp2p_server_counters(c->srv, &counters);
        for (size_t k = 0; k < n; k++) {
            devp2p_peer_traffic(peers[k], &moved);
            (void)devp2p_peer_flags(peers[k]);
            if (i % 1000 == k)
                devp2p_peer_disconnect(peers[k], DEVP2P_DISC_REQUESTED);
            devp2p_peer_drop(peers[k]);
        }
    }
    return NULL;
}

static void stops_under_load(void **state)
{
    (void)state;
    pthread_t threads[2];

    for (int round = 0; round < 3; round++) {
        meet(true);
        atomic_store(&enough, false);
        assert_int_equal(
            pthread_create(&threads[0], NULL, broadcasts, &host), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, asks, &host), 0);
        expect(host_ring, DEVP2P_EVENT_PEER_DROP, 3);
        devp2p_server_stop(host.srv);
        assert_int_equal(devp2p_server_wait(host.srv), 0);
        atomic_store(&enough, true);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        part();
    }
}

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

static void start_and_stop_leave_nothing(void **state)
{
    (void)state;
    size_t files = 0, threads = 0;

    for (int i = 0; i < 50; i++) {
        crowd_end(&host, crowd_start(&host, false));
        assert_int_equal(atomic_load(&live), 0);
        if (i == 0) { /* what libraries keep for good is there by now */
            files = count_files("/proc/self/fd");
            threads = count_files("/proc/self/task");
        }
    }
    assert_int_equal(count_files("/proc/self/fd"), files);
    assert_int_equal(count_files("/proc/self/task"), threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_are_shared),
        cmocka_unit_test(stops_under_load),
        cmocka_unit_test(start_and_stop_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
