/* SPDX-License-Identifier: MIT */
/* stop_signals_test.c - real servers that are stopped in a signal handler, on
 * whatever thread it runs, while threads and handlers send all they can. */
#include "test.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { PEERS = 4, SENDERS = 3, ROUNDS = 1, PATIENCE_MS = 60000 };
enum { LATE_MS = 5000 }; /* stop_test has the 2 s; this machine may be busy */
enum { BUSY = 300 };     /* messages that came before the signal */

/* Whose thread the signal interrupts. */
typedef enum target { MAIN = 0, LOOP, SENDER, HANDLER, TARGETS } target;

static devp2p_server *hub; /* for the signal handler */
static atomic_uint signals;
static devp2p_packet *packet;

static atomic_uint accepted, delivered, came;
static atomic_bool over;

/* Threads of the hub, and what its loop was told. */
static pthread_t loop, handler;
static atomic_bool has_loop, has_handler;
static unsigned adds, drops, unsent; /* of the loop, until it has ended */

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
    devp2p_server_stop(hub);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* let_through: the library's own threads leave signals to those of the program,
 * unless a callback does this. */
static void let_through(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

/* --- the hub --- */

static void hub_event(const devp2p_event *e, void *user)
{
    (void)user;
    if (!atomic_load(&has_loop)) {
        let_through();
        loop = pthread_self();
        atomic_store(&has_loop, true);
    }
    adds += e->kind == DEVP2P_EVENT_PEER_ADD;
    drops += e->kind == DEVP2P_EVENT_PEER_DROP;
    unsent += e->unsent;
}

static int hub_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    atomic_fetch_add(&came, 1);
    return 0;
}

/* hub_run sends and reads until it is over; the first one is the target. */
static int hub_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    static atomic_flag mine = ATOMIC_FLAG_INIT;
    devp2p_msg msg;
    int err = 0;

    (void)peer, (void)user;
    bool first = !atomic_flag_test_and_set(&mine);
    if (first) {
        let_through();
        handler = pthread_self();
        atomic_store(&has_handler, true);
    }
    while (!err) {
        err = devp2p_send_packet(rw, packet);
        if (!err) {
            atomic_fetch_add(&accepted, 1);
            err = devp2p_read_for(rw, &msg, 0);
        }
        if (err == DEVP2P_ERR_TIMEOUT)
            err = 0;
    }
    while (first && !atomic_load(&signals)) /* its thread must be there */
        sched_yield();
    if (first)
        atomic_flag_clear(&mine);
    return err;
}

static void *send_all(void *arg)
{
    size_t sent;

    (void)arg;
    while (!atomic_load(&over)) {
        (void)!devp2p_server_broadcast(hub, &sent, NULL, "events", 1, packet);
        atomic_fetch_add(&accepted, (unsigned)sent);
    }
    return NULL;
}

/* --- peers --- */

/* peer_msg answers what it hears. */
static int peer_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)msg, (void)user;
    atomic_fetch_add(&delivered, 1);
    int err = devp2p_send_packet(rw, packet);
    return err == DEVP2P_ERR_AGAIN || err == DEVP2P_ERR_CLOSED ? 0 : err;
}

static devp2p_protocol row(
    const char *name, devp2p_msg_fn *on_msg, devp2p_run_fn *run)
{
    return (devp2p_protocol){
        .name = name, .version = 1, .length = 1, .on_msg = on_msg, .run = run
    };
}

static devp2p_server *start(const devp2p_protocol *rows, const char *to)
{
    const char *nodes[] = { to, NULL };
    devp2p_server *srv;
    devp2p_config cfg = { .protocols = rows,
        .listen_addr = to ? NULL : "127.0.0.1:0",
        .static_nodes = to ? nodes : NULL,
        .on_event = to ? NULL : hub_event,
        .worker_threads = 1,
        .log = test_log,
        .log_level = DEVP2P_LOG_DEBUG };

    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    test_secret(cfg.private_key.b);
    assert_int_equal(devp2p_server_new(&srv, &cfg), 0);
    assert_int_equal(devp2p_server_start(srv), 0);
    return srv;
}

/* farewell waits until a peer has lost the hub: it was told why. */
static void farewell(devp2p_events *ring)
{
    devp2p_event e;

    do
        assert_int_equal(devp2p_events_next(ring, &e, PATIENCE_MS), 0);
    while (e.kind != DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e.code, DEVP2P_DISC_QUITTING);
    assert_true(e.remote);
}

/* --- a round --- */

static void interrupt(target which, const pthread_t *senders)
{
    switch (which) {
    case LOOP:
        assert_int_equal(pthread_kill(loop, SIGUSR1), 0);
        break;
    case SENDER:
        assert_int_equal(pthread_kill(senders[0], SIGUSR1), 0);
        break;
    case HANDLER:
        assert_int_equal(pthread_kill(handler, SIGUSR1), 0);
        break;
    case MAIN:
    case TARGETS:
        assert_int_equal(raise(SIGUSR1), 0);
        break;
    }
}

static void reset(void)
{
    atomic_store(&signals, 0);
    atomic_store(&accepted, 0);
    atomic_store(&delivered, 0);
    atomic_store(&came, 0);
    atomic_store(&over, false);
    atomic_store(&has_loop, false);
    atomic_store(&has_handler, false);
    adds = drops = unsent = 0;
}

static void play(target which)
{
    const devp2p_protocol ours[] = { row("events", hub_msg, NULL),
        row("run", NULL, hub_run), { .name = NULL } };
    const devp2p_protocol theirs[] = { row("events", peer_msg, NULL),
        row("run", peer_msg, NULL), { .name = NULL } };
    devp2p_server *peers[PEERS];
    devp2p_events *rings[PEERS];
    pthread_t senders[SENDERS];
    char url[DEVP2P_URL_MAX];
    devp2p_node self;

    reset();
    hub = start(ours, NULL);
    devp2p_server_self(hub, &self);
    devp2p_node_url(url, &self);
    for (int i = 0; i < PEERS; i++) {
        peers[i] = start(theirs, url);
        assert_int_equal(devp2p_events_open(&rings[i], peers[i]), 0);
    }
    while (devp2p_server_count(hub) < PEERS)
        sched_yield();
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_all, NULL), 0);
    while (atomic_load(&came) < BUSY || !atomic_load(&has_loop) ||
           !atomic_load(&has_handler))
        sched_yield();

    uint64_t asked = now_ms();
    interrupt(which, senders);
    assert_int_equal(devp2p_server_wait(hub), 0);
    uint64_t took = now_ms() - asked;
    atomic_store(&over, true);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(senders[i], NULL), 0);
    for (int i = 0; i < PEERS; i++)
        farewell(rings[i]);
    print_message("target %d: %u ms, %u accepted, %u delivered, %u unsent\n",
        (int)which, (unsigned)took, atomic_load(&accepted),
        atomic_load(&delivered), unsent);
    assert_int_equal(atomic_load(&signals), 1);
    assert_in_range(took, 0, LATE_MS);
    assert_int_equal(adds, PEERS);
    assert_int_equal(drops, PEERS);
    assert_int_equal(atomic_load(&delivered) + unsent, atomic_load(&accepted));
    for (int i = 0; i < PEERS; i++) {
        devp2p_events_close(rings[i]);
        devp2p_server_free(peers[i]);
    }
    devp2p_server_free(hub);
}

/* Every peer is told, and every message that was accepted came or is counted,
 * whichever thread the signal came to. */
static void any_thread(void **state)
{
    (void)state;
    static uint8_t body[3000] = { 0xf9, 0x0b, 0xb5 }; /* a list of zeros */
    struct sigaction act = { .sa_handler = on_signal };

    assert_int_equal(
        devp2p_packet_new_raw(&packet, 0, (devp2p_slice){ body, sizeof body }),
        0);
    assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
    for (int i = 0; i < ROUNDS; i++)
        for (target t = MAIN; t < TARGETS; t++)
            play(t);
    devp2p_packet_drop(packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(any_thread) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
