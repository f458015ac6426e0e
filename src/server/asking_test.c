/* SPDX-License-Identifier: MIT */
/* asking_test.c - what a server and its peers tell: accessors, snapshots,
 * events by pulling, the log. */
#include "server/net_fixture.h"

typedef struct seen {
    devp2p_peer *peer; /* kept */
    size_t count;      /* of the server, in the callback */
    node *x;
} seen;

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    seen *s = user;
    devp2p_peer *peers[4];

    (void)rw;
    if (!s->x)
        return 0;
    s->peer = devp2p_peer_keep(peer);
    s->count = devp2p_server_count(s->x->srv);
    assert_int_equal(devp2p_server_peers(s->x->srv, peers, 4), s->count);
    for (size_t i = 0; i < s->count; i++)
        devp2p_peer_drop(peers[i]);
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static devp2p_protocol row(const char *name, uint32_t version, seen *s)
{
    return (devp2p_protocol){ .name = name,
        .version = version,
        .length = 1,
        .on_open = on_open,
        .on_msg = on_msg,
        .user = s };
}

static void check_peer(const devp2p_peer *peer, const devp2p_pubkey *pub)
{
    size_t n;
    devp2p_id id = devp2p_pubkey_id(pub);
    const devp2p_cap *caps = devp2p_peer_caps(peer, &n);

    assert_memory_equal(devp2p_peer_pubkey(peer), pub, sizeof *pub);
    assert_memory_equal(devp2p_peer_id(peer), &id, sizeof id);
    assert_string_equal(devp2p_peer_name(peer), "back\\\\slash");
    assert_int_equal(devp2p_peer_version(peer), 5);
    assert_int_equal(n, 3);
    assert_true(devp2p_slice_is(caps[0].name, "aa"));
    assert_true(devp2p_slice_is(caps[1].name, "p"));
    assert_int_equal(caps[1].version, 1);
    assert_int_equal(caps[2].version, 2);
    assert_int_equal(devp2p_peer_remote(peer)->ip[3], 2);
    assert_int_equal(devp2p_peer_remote(peer)->port, 30303);
    assert_int_equal(devp2p_peer_local(peer)->ip[3], 1);
    assert_int_equal(devp2p_peer_flags(peer), DEVP2P_PEER_STATIC);
}

/* A peer tells the same while it is up, when it is gone, and when its server
 * is gone. */
static void accessors(void **state)
{
    (void)state;
    net n;
    node a, b;
    seen s = { .x = &a }, none = { .x = NULL };
    devp2p_protocol pa[] = { row("p", 2, &s), { .name = NULL } };
    devp2p_protocol pb[] = { row("p", 2, &none), row("aa", 7, &none),
        row("p", 1, &none), { .name = NULL } };
    devp2p_peer *peers[2] = { NULL, NULL };
    devp2p_node self;

    net_init(&n, 41);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    b.cfg.name = "back\\slash";
    node_start(&a, &n);
    node_start(&b, &n);
    devp2p_server_self(b.srv, &self);
    assert_int_equal(devp2p_server_peers(a.srv, peers, 2), 0);
    node_dial(&a, &b);
    assert_int_equal(s.count, 1);
    check_peer(s.peer, &self.pub);
    assert_int_equal(devp2p_server_peers(a.srv, peers, 0), 0);
    assert_int_equal(devp2p_server_peers(a.srv, peers, 2), 1);
    assert_ptr_equal(peers[0], s.peer);
    assert_null(peers[1]);
    assert_int_equal(devp2p_peer_reason(peers[0], NULL), 0);
    node_stop(&b);
    node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    bool remote = false;
    assert_int_equal(
        devp2p_peer_reason(peers[0], &remote), DEVP2P_DISC_QUITTING);
    assert_true(remote);
    check_peer(s.peer, &self.pub);
    node_stop(&a);
    devp2p_peer_drop(peers[0]);
    check_peer(s.peer, &self.pub);
    devp2p_peer_drop(s.peer);
    devp2p_peer_drop(NULL);
    net_fini(&n);
}

/* A peer that is asked to go twice goes for the first reason. */
static void disconnect(void **state)
{
    (void)state;
    net n;
    node a, b;
    seen s = { .x = &a }, none = { .x = NULL };
    devp2p_protocol pa[] = { row("p", 1, &s), { .name = NULL } };
    devp2p_protocol pb[] = { row("p", 1, &none), { .name = NULL } };

    net_init(&n, 42);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    devp2p_peer_disconnect(s.peer, DEVP2P_DISC_USELESS_PEER);
    devp2p_peer_disconnect(s.peer, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(
        devp2p_peer_reason(s.peer, NULL), DEVP2P_DISC_USELESS_PEER);
    const devp2p_event *e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    e = node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    devp2p_peer_drop(s.peer);
    node_expect(&a, DEVP2P_EVENT_PEER_ADD); /* static: dialled again */
    devp2p_peer_disconnect(s.peer, 12345);  /* no reason */
    e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_REQUESTED);
    devp2p_peer_drop(s.peer);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* --- events by pulling --- */

static void rings(void **state)
{
    (void)state;
    net n;
    node a, b;
    devp2p_events *first, *second;
    devp2p_event e;

    net_init(&n, 43);
    node_config(&a, 1, NULL);
    node_config(&b, 2, NULL);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_events_open(&first, a.srv), 0);
    assert_int_equal(devp2p_events_open(&second, a.srv), 0);
    assert_int_equal(devp2p_events_next(first, &e, 0), DEVP2P_ERR_TIMEOUT);
    uint64_t before = dp_sim_now(n.sim).mono;
    assert_int_equal(devp2p_events_next(first, &e, 500), DEVP2P_ERR_TIMEOUT);
    assert_true(dp_sim_now(n.sim).mono >= before + 500 * DP_MS);
    assert_int_equal(devp2p_server_add_peer(a.srv, NULL, b.url), 0);
    assert_int_equal(devp2p_events_next(first, &e, DEVP2P_FOREVER), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
    assert_int_equal(devp2p_events_next(first, &e, 10000), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(e.addr.ip[3], 2);
    assert_true(e.time_ms > 1600000000000);
    assert_int_equal(devp2p_events_next(second, &e, 0), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
    devp2p_events_close(second);
    devp2p_events_close(NULL);
    devp2p_server_stop(a.srv);
    assert_int_equal(devp2p_events_next(first, &e, DEVP2P_FOREVER), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(
        devp2p_events_next(first, &e, DEVP2P_FOREVER), DEVP2P_ERR_CLOSED);
    assert_int_equal(
        devp2p_events_next(first, &e, DEVP2P_FOREVER), DEVP2P_ERR_CLOSED);
    devp2p_events_close(first);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* A full ring counts what it loses, in its place. */
static void ring_full(void **state)
{
    (void)state;
    enum { MORE = 10 };
    net n;
    node a;
    devp2p_events *ring;
    devp2p_event e;
    uint64_t ticket;

    net_init(&n, 44);
    node_config(&a, 1, NULL);
    a.cfg.on_event = NULL;
    node_start(&a, &n);
    assert_int_equal(devp2p_events_open(&ring, a.srv), 0);
    for (int i = 0; i < DP_EVENTS_RING + MORE; i++) {
        assert_int_equal(devp2p_server_remove_peer(a.srv, NULL, a.url), 0);
        if (i % 512 == 511)
            net_run(&n, DP_SEC);
    }
    net_run(&n, DP_SEC);
    assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
    assert_int_equal(e.ticket, 1);
    assert_int_equal(devp2p_server_remove_peer(a.srv, &ticket, a.url), 0);
    net_run(&n, DP_SEC); /* lost as well: LOST fills the place */
    assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
    assert_int_equal(devp2p_server_remove_peer(a.srv, &ticket, a.url), 0);
    net_run(&n, DP_SEC);
    for (uint64_t i = 3; i <= DP_EVENTS_RING; i++) {
        assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
        assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
        assert_int_equal(e.ticket, i);
    }
    assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_LOST);
    assert_int_equal(e.count, MORE + 1);
    assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e.ticket, ticket);
    assert_int_equal(devp2p_events_next(ring, &e, 0), DEVP2P_ERR_TIMEOUT);
    devp2p_events_close(ring);
    node_stop(&a);
    net_fini(&n);
}

/* next on the loop would stop it. */
static devp2p_events *loop_ring;
static int loop_err;

static void pull_on_loop(const devp2p_event *event, void *user)
{
    devp2p_event e;

    (void)event, (void)user;
    if (loop_ring)
        loop_err = devp2p_events_next(loop_ring, &e, 1000);
}

static void ring_on_loop(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 45);
    node_config(&a, 1, NULL);
    a.cfg.on_event = pull_on_loop;
    node_start(&a, &n);
    assert_int_equal(devp2p_events_open(&loop_ring, a.srv), 0);
    assert_int_equal(devp2p_server_remove_peer(a.srv, NULL, a.url), 0);
    net_run(&n, DP_SEC);
    assert_int_equal(loop_err, DEVP2P_ERR_STATE);
    devp2p_events_close(loop_ring);
    node_stop(&a);
    net_fini(&n);
}

/* --- the log --- */

typedef struct journal {
    char text[16 * 1024];
    devp2p_log_level worst;
} journal;

static void on_log(
    void *user, devp2p_log_level level, const char *area, const char *line)
{
    journal *j = user;
    size_t len = strlen(j->text);

    snprintf(j->text + len, sizeof j->text - len, "%s: %s\n", area, line);
    if (level > j->worst)
        j->worst = level;
}

static void logs(void **state)
{
    (void)state;
    journal j[2] = { { .worst = DEVP2P_LOG_OFF }, { .worst = DEVP2P_LOG_OFF } };
    net n;
    node a, b;

    net_init(&n, 46);
    node_config(&a, 1, NULL);
    node_config(&b, 2, NULL);
    a.cfg.log = b.cfg.log = on_log;
    a.cfg.log_user = &j[0];
    b.cfg.log_user = &j[1];
    a.cfg.log_level = DEVP2P_LOG_INFO;
    b.cfg.log_level = (devp2p_config){ 0 }.log_level;
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    node_stop(&a);
    node_stop(&b);
    assert_non_null(strstr(j[0].text, "server: peer 10.0.0.2:30303: up\n"));
    assert_non_null(strstr(j[0].text, "server: stopping\n"));
    assert_int_equal(j[0].worst, DEVP2P_LOG_INFO);
    assert_string_equal(j[1].text, ""); /* off by default */
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accessors),
        cmocka_unit_test(disconnect),
        cmocka_unit_test(rings),
        cmocka_unit_test(ring_full),
        cmocka_unit_test(ring_on_loop),
        cmocka_unit_test(logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
