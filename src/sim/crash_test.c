/* SPDX-License-Identifier: MIT */
/* crash_test.c - what servers make of the faults of their world. */
#include "server/net_fixture.h"

typedef struct pair {
    net n;
    node a, b;
} pair;

static void pair_init(pair *p, uint64_t seed)
{
    net_init(&p->n, seed);
    node_config(&p->a, 1, NULL);
    node_config(&p->b, 2, NULL);
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
    node_dial(&p->a, &p->b);
}

static void pair_fini(pair *p)
{
    node_stop(&p->a);
    node_stop(&p->b);
    net_fini(&p->n);
}

/* stop_ns is how long the orderly end of a server takes. */
static uint64_t stop_ns(pair *p, node *x)
{
    uint64_t begin = dp_sim_now(p->n.sim).mono;
    node_stop(x);
    return dp_sim_now(p->n.sim).mono - begin;
}

static void a_crashed_server_ends_soon_and_its_peer_hears_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        pair p;
        pair_init(&p, seed);
        size_t told = p.b.nevents;
        dp_sim_crash(p.a.world);
        net_run(&p.n, seed * DP_MS);
        assert_in_range(stop_ns(&p, &p.a), 0, DP_SEC);
        net_run(&p.n, 10 * DP_SEC);
        assert_int_equal(p.b.nevents, told);
        assert_int_equal(devp2p_server_count(p.b.srv), 1);

        /* nobody answers its pings */
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_DISC_READ_TIMEOUT);
        node_config(&p.a, 1, NULL);
        node_start(&p.a, &p.n);
        node_dial(&p.a, &p.b);
        pair_fini(&p);
    }
}

/* A server that comes back at once, with the same key and address, is let in
 * again as soon as its peer has said something to the old one. */
static void a_crashed_server_comes_back(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 3);
    dp_sim_crash(p.a.world);
    node_stop(&p.a);
    node_config(&p.a, 1, NULL);
    node_start(&p.a, &p.n);
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.b.url), 0);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_not_equal(e->code, DEVP2P_DISC_READ_TIMEOUT);
    assert_int_equal(e->remote, 0);
    node_expect(&p.b, DEVP2P_EVENT_PEER_ADD);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    pair_fini(&p);
}

/* The old server still says good-bye while the new one has its address. */
static void a_server_starts_before_the_old_one_has_stopped(void **state)
{
    (void)state;
    pair p;
    node old;
    pair_init(&p, 4);
    old = p.a;
    devp2p_server_stop(old.srv);
    node_config(&p.a, 1, NULL);
    node_start(&p.a, &p.n);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_QUITTING);
    node_stop(&old);
    node_dial(&p.b, &p.a);
    pair_fini(&p);
}

static void half_open_connections_are_found_and_replaced(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 5);
    dp_sim_sever(p.n.sim, p.a.world, p.b.world);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_READ_TIMEOUT);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    net_run(&p.n, 100 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    assert_int_equal(devp2p_server_count(p.b.srv), 1);
    pair_fini(&p);
}

static void a_server_that_moves_dials_again(void **state)
{
    (void)state;
    pair p;
    devp2p_addr to = node_ip(77);
    pair_init(&p, 6);
    dp_sim_readdress(p.a.world, &to);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    net_run(&p.n, 100 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    assert_int_equal(devp2p_server_count(p.b.srv), 1);
    pair_fini(&p);
}

/* One that stood still is thrown out, finds out, and comes again. */
static void a_server_that_stood_still_comes_again(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 7);
    dp_sim_pause(p.a.world, dp_sim_now(p.n.sim).mono + 100 * DP_SEC);
    node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    net_run(&p.n, 10 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.b.srv), 1);
    pair_fini(&p);
}

/* Clocks that run and stand wrong are no reason to part. */
static void wrong_clocks_do_not_part_servers(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 8);
    size_t told = p.a.nevents + p.b.nevents;
    dp_sim_skew(p.a.world, 200000);
    dp_sim_skew(p.b.world, -200000);
    net_run(&p.n, 1000 * DP_SEC);
    dp_sim_jump(p.a.world, -INT64_C(86400000) * 365);
    dp_sim_jump(p.b.world, INT64_C(86400000) * 365);
    net_run(&p.n, 1000 * DP_SEC);
    assert_int_equal(p.a.nevents + p.b.nevents, told);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crashed_server_ends_soon_and_its_peer_hears_nothing),
        cmocka_unit_test(a_crashed_server_comes_back),
        cmocka_unit_test(a_server_starts_before_the_old_one_has_stopped),
        cmocka_unit_test(half_open_connections_are_found_and_replaced),
        cmocka_unit_test(a_server_that_moves_dials_again),
        cmocka_unit_test(a_server_that_stood_still_comes_again),
        cmocka_unit_test(wrong_clocks_do_not_part_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
