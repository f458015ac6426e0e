/* SPDX-License-Identifier: MIT */
/* late_test.c - what comes back long after its connection has ended: a handler
 * that goes on, curve work that waits in the pool, references that are kept. */
#include "server/net_fixture.h"

/* --- a handler that takes its time --- */

typedef struct slow {
    devp2p_events *ring; /* something to wait for */
    bool ended;          /* it heard that the peer is gone */
    int returned;
} slow;

static int linger(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    slow *s = user;
    devp2p_msg msg;
    devp2p_event e;

    int err = devp2p_read(rw, &msg);
    s->ended = true;
    while (s->ring && devp2p_events_next(s->ring, &e, 100000) == 0)
        ;
    assert_int_equal(devp2p_peer_reason(peer, NULL), DEVP2P_DISC_QUITTING);
    assert_int_equal(devp2p_send_items(rw, 0, 1u), DEVP2P_ERR_CLOSED);
    s->returned++;
    return err;
}

static bool has_returned(void *user)
{
    return ((slow *)user)->returned != 0;
}

static devp2p_protocol slow_row(slow *s)
{
    return (devp2p_protocol){
        .name = "slow", .version = 1, .length = 1, .user = s, .run = linger
    };
}

/* A handler may return minutes after the connection has ended: its line, and
 * what the handler holds, are there until then. */
static void handler_returns_late(void **state)
{
    (void)state;
    net n;
    node a, b;
    slow sa = { .ring = NULL }, sb = { .ring = NULL };
    devp2p_protocol pa[] = { slow_row(&sa), { .name = NULL } };
    devp2p_protocol pb[] = { slow_row(&sb), { .name = NULL } };

    net_init(&n, 1);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_events_open(&sa.ring, a.srv), 0);
    node_dial(&a, &b);
    node_stop(&b);
    node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    uint64_t gone = dp_sim_now(n.sim).mono;
    assert_true(sa.ended);
    assert_int_equal(devp2p_server_remove_peer(a.srv, NULL, b.url), 0);
    assert_true(net_until(&n, has_returned, &sa));
    assert_true(dp_sim_now(n.sim).mono - gone >= 90 * DP_SEC);
    assert_int_equal(sa.returned, 1);
    devp2p_events_close(sa.ring);
    node_stop(&a);
    net_fini(&n);
}

/* --- curve work that comes back to nobody --- */

/* The pool is held while connections break at some moment of the handshake:
 * what comes back from it long after is thrown away. */
static void pool_answers_late(void **state)
{
    (void)state;
    net n;
    node a, b;

    for (uint64_t ms = 0; ms < 80; ms += 4) {
        net_init(&n, ms);
        node_config(&a, 1, NULL);
        node_config(&b, 2, NULL);
        node_start(&a, &n);
        node_start(&b, &n);
        assert_int_equal(devp2p_server_add_peer(a.srv, NULL, b.url), 0);
        net_run(&n, ms * DP_MS);
        dp_sim_latch(n.sim, true);
        net_run(&n, DP_SEC);
        dp_sim_cut(n.sim, a.world, b.world);
        net_run(&n, 30 * DP_SEC);
        assert_int_equal(devp2p_server_count(a.srv), 0);
        assert_int_equal(devp2p_server_count(b.srv), 0);
        dp_sim_latch(n.sim, false);
        net_run(&n, 10 * DP_SEC); /* with the next dial */
        assert_int_equal(devp2p_server_count(a.srv), 1);
        node_stop(&a);
        node_stop(&b);
        net_fini(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_answers_late),
        cmocka_unit_test(handler_returns_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
