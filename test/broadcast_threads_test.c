/* SPDX-License-Identifier: MIT */
/* broadcast_threads_test.c - packets that many threads send at once, on real
 * servers: one form for all, and every copy accounted for. */
#include "core/public_packet.h"

#include "test.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 200, PATIENCE_MS = 60000 };

/* --- one form --- */

typedef struct race {
    devp2p_packet *packet;
    pthread_barrier_t start;
    dp_packet *got[THREADS];
} race;

typedef struct runner {
    race *race;
    int i;
} runner;

static void *want_form(void *user)
{
    runner *r = user;
    dp_packet *form;

    pthread_barrier_wait(&r->race->start);
    if (dp_public_packet_form(&form, r->race->packet, true) == 0)
        r->race->got[r->i] = dp_packet_keep(form);
    devp2p_packet_drop(r->race->packet);
    return NULL;
}

/* However many threads want it first, all get the same one. */
static void one_form_for_all_threads(void **state)
{
    (void)state;
    for (int n = 0; n < ROUNDS; n++) {
        race x = { .packet = NULL };
        runner runners[THREADS];
        pthread_t threads[THREADS];
        assert_int_equal(
            devp2p_packet_new_items(&x.packet, 1, "one", "for all"), 0);
        pthread_barrier_init(&x.start, NULL, THREADS);
        for (int i = 0; i < THREADS; i++) {
            if (i)
                devp2p_packet_keep(x.packet);
            runners[i] = (runner){ &x, i };
        }
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, want_form, &runners[i]), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < THREADS; i++) {
            assert_non_null(x.got[i]);
            assert_ptr_equal(x.got[i], x.got[0]);
        }
        for (int i = 0; i < THREADS; i++)
            dp_packet_drop(x.got[i]);
        pthread_barrier_destroy(&x.start);
    }
}

/* --- broadcasts --- */

enum { STAY = 3, PACKETS = 100, SIZE = 4096, VISITS = 10 };

/* A hub has guests that stay and one that comes and goes, each with a protocol
 * of its own. */
typedef struct hub {
    devp2p_server *srv;
    char url[DEVP2P_URL_MAX];
    devp2p_packet *packets[PACKETS];
    atomic_size_t sent, full, heard, unsent; /* of those who stay */
    atomic_size_t errors;
    pthread_mutex_t lock;
    pthread_cond_t met;
    size_t here; /* of those who stay, who said so */
} hub;

static int count(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    hub *h = user;

    (void)rw;
    if (msg->code != 0 || msg->payload.len != SIZE)
        return DEVP2P_DISC_PROTOCOL_ERROR;
    atomic_fetch_add(&h->heard, 1);
    return 0;
}

static int announce(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer, (void)user;
    return devp2p_send_items(rw, 0, "here");
}

static int welcome(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    hub *h = user;

    (void)rw, (void)msg;
    pthread_mutex_lock(&h->lock);
    h->here++;
    pthread_cond_signal(&h->met);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void wait_for_all(hub *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->here < STAY)
        pthread_cond_wait(&h->met, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static int ignore(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static void left(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    hub *h = user;

    (void)rw, (void)reason;
    atomic_fetch_add(&h->unsent, unsent);
}

static devp2p_server *start(const devp2p_protocol *rows, const char *url)
{
    const char *nodes[] = { url, NULL };
    devp2p_server *srv;
    devp2p_config cfg = { .protocols = rows,
        .listen_addr = url ? NULL : "127.0.0.1:0",
        .static_nodes = nodes,
        .worker_threads = 1 };

    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    test_secret(cfg.private_key.b);
    cfg.log = test_log;
    cfg.log_level = DEVP2P_LOG_TRACE;
    assert_int_equal(devp2p_server_new(&srv, &cfg), 0);
    assert_int_equal(devp2p_server_start(srv), 0);
    return srv;
}

static void expect(devp2p_events *ring, devp2p_event_kind kind)
{
    devp2p_event e = { .kind = 0 };

    while (e.kind != kind)
        assert_int_equal(devp2p_events_next(ring, &e, PATIENCE_MS), 0);
}

/* shout sends every packet to all, whoever they are. */
static void *shout(void *user)
{
    hub *h = user;
    size_t sent, full;

    for (size_t i = 0; i < PACKETS; i++) {
        int err = devp2p_server_broadcast(
            h->srv, &sent, &full, "stay", 1, h->packets[i]);
        atomic_fetch_add(&h->errors, err != 0);
        atomic_fetch_add(&h->sent, sent);
        atomic_fetch_add(&h->full, full);
        err = devp2p_server_broadcast(
            h->srv, NULL, NULL, "come", 1, h->packets[i]);
        atomic_fetch_add(&h->errors, err != 0);
    }
    return NULL;
}

/* visit comes and goes while others shout. */
static void *visit(void *user)
{
    hub *h = user;
    devp2p_protocol rows[] = { { "come", 1, 1, NULL, .on_msg = ignore },
        { .name = NULL } };
    devp2p_events *ring;

    for (int i = 0; i < VISITS; i++) {
        devp2p_server *srv = start(rows, h->url);
        assert_int_equal(devp2p_events_open(&ring, srv), 0);
        if (devp2p_server_count(srv) == 0)
            expect(ring, DEVP2P_EVENT_PEER_ADD);
        devp2p_events_close(ring);
        devp2p_server_free(srv);
    }
    return NULL;
}

static void open_hub(hub *h)
{
    devp2p_protocol rows[] = { { "stay", 1, 1, h, .on_msg = welcome,
                                   .on_close = left },
        { "come", 1, 1, NULL, .on_msg = ignore }, { .name = NULL } };
    static uint8_t text[SIZE];
    uint32_t noise = 1;
    devp2p_node self;

    h->srv = start(rows, NULL);
    devp2p_server_self(h->srv, &self);
    devp2p_node_url(h->url, &self);
    for (size_t i = 0; i < PACKETS; i++) {
        for (size_t k = 0; k < sizeof text; k++) /* it does not shrink */
            text[k] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
        assert_int_equal(devp2p_packet_new_raw(&h->packets[i], 0,
                             (devp2p_slice){ text, sizeof text }),
            0);
    }
}

static void *stop_it(void *user)
{
    hub *h = user;

    devp2p_server_stop(h->srv);
    return NULL;
}

/* shout_while runs all the threads, and one more that does something else. */
static void shout_while(hub *h, void *(*other)(void *user))
{
    pthread_t threads[THREADS], one_more;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shout, h), 0);
    assert_int_equal(pthread_create(&one_more, NULL, other, h), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(one_more, NULL);
    for (size_t i = 0; i < PACKETS; i++)
        devp2p_packet_drop(h->packets[i]);
}

/* shout_out tells how many copies were offered; each one that was accepted
 * arrives or is counted as unsent. */
static size_t shout_out(void *(*meanwhile)(void *user))
{
    hub h = { .lock = PTHREAD_MUTEX_INITIALIZER,
        .met = PTHREAD_COND_INITIALIZER };
    devp2p_protocol rows[] = { { "stay", 1, 1, &h, .on_open = announce,
                                   .on_msg = count },
        { .name = NULL } };
    devp2p_server *guests[STAY];
    devp2p_events *rings[STAY];

    open_hub(&h);
    for (int i = 0; i < STAY; i++) {
        guests[i] = start(rows, h.url);
        assert_int_equal(devp2p_events_open(&rings[i], guests[i]), 0);
    }
    wait_for_all(&h);
    shout_while(&h, meanwhile);
    devp2p_server_free(h.srv); /* what was accepted goes out first */
    for (int i = 0; i < STAY; i++) {
        expect(rings[i], DEVP2P_EVENT_PEER_DROP);
        devp2p_events_close(rings[i]);
        devp2p_server_free(guests[i]);
    }
    size_t sent = atomic_load(&h.sent), full = atomic_load(&h.full);
    size_t heard = atomic_load(&h.heard), unsent = atomic_load(&h.unsent);
    print_message("%zu sent, %zu full, %zu unsent\n", sent, full, unsent);
    assert_int_equal(atomic_load(&h.errors), 0);
    assert_int_equal(heard + unsent, sent);
    return sent + full;
}

/* Many threads give the same packets to all while peers come and go, and while
 * the server stops. */
static void everything_is_accounted_for(void **state)
{
    (void)state;
    assert_int_equal(shout_out(visit), THREADS * PACKETS * STAY);
    assert_in_range(shout_out(stop_it), 0, THREADS * PACKETS * STAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_form_for_all_threads),
        cmocka_unit_test(everything_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
