/* SPDX-License-Identifier: MIT */
#include "sim/nat.h"
#include "sim/node_fixture.h"

/* The first node is behind a translator, the next two are outside. */
static net p;
static devp2p_addr gate;

static void start(dp_nat_kind kind)
{
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    gate = addr_of("203.0.113.1:0");
    assert_int_equal(dp_sim_nat(p.n[0].w, kind, &gate), 0);
}

/* sends sends a datagram and tells whether it came, and what sender it had. */
static bool sends(node *from, devp2p_addr to, node *x, devp2p_addr *seen)
{
    size_t n = x->heard_n;
    assert_int_equal(put(from, to, 0, 4), 0);
    pass(&p, 100 * DP_MS);
    if (x->heard_n == n)
        return false;
    if (seen)
        *seen = x->heard[n].from;
    return true;
}

/* second_socket gives a node's datagrams another port. */
static dp_io *second_socket(node *x)
{
    devp2p_addr at = x->ip, bound;
    dp_io *io;
    assert_int_equal(x->w->ops->udp(x->w, &at, x, &io, &bound), 0);
    x->w->ops->want(io, DP_READ);
    return io;
}

/* --- the four kinds --- */

/* Who reaches the node after it sent to the second one. */
static void kinds_differ_in_whom_they_let_in(void **state)
{
    (void)state;
    static const struct {
        dp_nat_kind kind;
        bool endpoint, address, anybody;
    } row[] = {
        { DP_NAT_FULL_CONE, true, true, true },
        { DP_NAT_ADDRESS_RESTRICTED, true, true, false },
        { DP_NAT_PORT_RESTRICTED, true, false, false },
        { DP_NAT_SYMMETRIC, true, false, false },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        start(row[i].kind);
        node *a = &p.n[0], *b = &p.n[1], *c = &p.n[2];
        devp2p_addr seen;
        assert_true(sends(a, b->at, b, &seen));
        assert_true(dp_sim_same_ip(&seen, &gate));
        assert_int_not_equal(seen.port, PORT);
        assert_true(seen.port >= 1024);
        assert_true(sends(b, seen, a, NULL) == row[i].endpoint);
        assert_true(dp_addr_equal(&a->heard[0].from, &b->at));
        assert_true(sends(c, seen, a, NULL) == row[i].anybody);
        dp_io *first = b->io;
        b->io = second_socket(b);
        assert_true(sends(b, seen, a, NULL) == row[i].address);
        b->io = first;
        seen.port++; /* nobody's */
        assert_false(sends(b, seen, a, NULL));
        net_fini(&p);
    }
}

static void kinds_differ_in_how_they_map(void **state)
{
    (void)state;
    for (dp_nat_kind k = DP_NAT_FULL_CONE; k <= DP_NAT_SYMMETRIC; k++) {
        start(k);
        node *a = &p.n[0], *b = &p.n[1], *c = &p.n[2];
        devp2p_addr one, two, again;
        assert_true(sends(a, b->at, b, &one));
        assert_true(sends(a, c->at, c, &two));
        assert_true(sends(a, b->at, b, &again));
        assert_true(dp_addr_equal(&one, &again));
        assert_true(dp_addr_equal(&one, &two) == (k != DP_NAT_SYMMETRIC));
        assert_true(sends(b, one, a, NULL));
        assert_true(sends(c, two, a, NULL));
        dp_io *first = a->io;
        a->io = second_socket(a);
        assert_true(sends(a, b->at, b, &again));
        assert_false(dp_addr_equal(&one, &again));
        a->io = first;
        net_fini(&p);
    }
}

static void two_behind_translators_meet_by_sending_first(void **state)
{
    (void)state;
    for (unsigned symmetric = 0; symmetric < 2; symmetric++) {
        start(DP_NAT_PORT_RESTRICTED);
        node *a = &p.n[0], *b = &p.n[1], *c = &p.n[2];
        devp2p_addr other = addr_of("203.0.113.2:0"), at_a, at_b, seen;
        assert_int_equal(
            dp_sim_nat(b->w,
                symmetric ? DP_NAT_SYMMETRIC : DP_NAT_PORT_RESTRICTED, &other),
            0);
        assert_true(sends(a, c->at, c, &at_a));
        assert_true(sends(b, c->at, c, &at_b));
        assert_false(sends(b, at_a, a, NULL));
        assert_true(sends(a, at_b, b, &seen) == !symmetric);
        assert_true(sends(b, at_a, a, NULL) == !symmetric);
        net_fini(&p);
    }
}

/* --- addresses --- */

static void the_inner_address_means_nothing_outside(void **state)
{
    (void)state;
    start(DP_NAT_FULL_CONE);
    node *a = &p.n[0], *b = &p.n[1];
    devp2p_addr seen, inside = gate, at;
    devp2p_addr loop = addr_of("127.0.0.1:7"), any = addr_of("0.0.0.0:0");
    assert_false(sends(b, a->at, a, NULL));
    inside.port = PORT;
    assert_false(sends(b, inside, a, NULL));
    assert_true(sends(a, b->at, b, &seen));
    assert_false(sends(b, a->at, a, NULL));
    assert_true(sends(b, seen, a, NULL));
    assert_false(sends(a, seen, a, NULL)); /* no hairpin */
    inside = a->at;
    inside.port = seen.port;
    assert_false(sends(b, inside, a, NULL));
    dp_io *io;
    any.port = seen.port;
    assert_int_equal(a->w->ops->udp(a->w, &any, a, &io, &at), 0);
    a->w->ops->want(io, DP_READ);
    assert_false(sends(a, seen, a, NULL)); /* nor this way */

    /* the node reaches itself as before */
    assert_true(sends(a, a->at, a, &seen));
    assert_true(dp_addr_equal(&seen, &a->at));
    dp_io *first = a->io;
    assert_int_equal(a->w->ops->udp(a->w, &loop, a, &a->io, &at), 0);
    a->w->ops->want(a->io, DP_READ);
    assert_true(sends(a, loop, a, &seen));
    assert_true(dp_addr_equal(&seen, &loop));
    a->io = first;
    net_fini(&p);
}

static void a_translator_needs_an_address_that_is_free(void **state)
{
    (void)state;
    start(DP_NAT_FULL_CONE);
    devp2p_addr other = addr_of("203.0.113.2:0"), six = addr_of("[fd00::9]:0");
    dp_world *a = p.n[0].w, *b = p.n[1].w;
    assert_int_equal(dp_sim_nat(a, DP_NAT_SYMMETRIC, &other), DEVP2P_ERR_STATE);
    assert_int_equal(dp_sim_nat(b, DP_NAT_SYMMETRIC, &gate), DEVP2P_ERR_EXISTS);
    assert_int_equal(
        dp_sim_nat(b, DP_NAT_SYMMETRIC, &p.n[2].ip), DEVP2P_ERR_EXISTS);
    assert_int_equal(
        dp_sim_nat(b, DP_NAT_SYMMETRIC, &six), DEVP2P_ERR_UNREACHABLE);
    test_env_fail(&p.t, 1);
    assert_int_equal(dp_sim_nat(b, DP_NAT_SYMMETRIC, &other), DEVP2P_ERR_NOMEM);
    assert_true(sends(&p.n[2], p.n[1].at, &p.n[1], NULL));
    assert_int_equal(dp_sim_nat(b, DP_NAT_SYMMETRIC, &other), 0);
    assert_false(sends(&p.n[2], p.n[1].at, &p.n[1], NULL));

    /* it goes with its node, and the address is free again */
    node_down(&p.n[0]);
    node_up_again(&p, &p.n[0]);
    assert_true(sends(&p.n[2], p.n[0].at, &p.n[0], NULL));
    assert_int_equal(dp_sim_nat(p.n[0].w, DP_NAT_SYMMETRIC, &gate), 0);
    net_fini(&p);
}

/* --- how long, and how many --- */

static void only_what_goes_out_keeps_a_mapping(void **state)
{
    (void)state;
    for (dp_nat_kind k = DP_NAT_FULL_CONE; k <= DP_NAT_SYMMETRIC; k++) {
        start(k);
        node *a = &p.n[0], *b = &p.n[1];
        devp2p_addr seen, again;
        assert_true(sends(a, b->at, b, &seen));
        pass(&p, 110 * DP_SEC);
        assert_true(sends(a, b->at, b, &again));
        assert_true(dp_addr_equal(&seen, &again));
        pass(&p, 119 * DP_SEC);
        assert_true(sends(b, seen, a, NULL)); /* which renews nothing */
        pass(&p, 2 * DP_SEC);
        assert_false(sends(b, seen, a, NULL));
        assert_true(sends(a, b->at, b, &again));
        assert_false(dp_addr_equal(&seen, &again));
        assert_true(sends(b, again, a, NULL));
        net_fini(&p);
    }
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    start(DP_NAT_SYMMETRIC);
    node *a = &p.n[0], *b = &p.n[1], *c = &p.n[2];
    devp2p_addr first, second, nobody = addr_of("198.51.100.1:1");
    size_t live = p.t.live;
    assert_true(sends(a, b->at, b, &first));
    assert_true(sends(a, c->at, c, &second));
    for (unsigned i = 0; i < DP_NAT_MAPPINGS - 2; i++, nobody.port++)
        assert_int_equal(put(a, nobody, 0, 4), 0);
    assert_true(sends(b, first, a, NULL));
    assert_true(sends(a, b->at, b, NULL)); /* the other is older now */
    assert_int_equal(put(a, nobody, 0, 4), 0);
    assert_true(sends(b, first, a, NULL));
    assert_false(sends(c, second, a, NULL));
    assert_true(p.t.live < live + 64 * 1024);
    net_fini(&p);
}

static void a_rebind_changes_the_ports(void **state)
{
    (void)state;
    for (dp_nat_kind k = DP_NAT_FULL_CONE; k <= DP_NAT_SYMMETRIC; k++) {
        start(k);
        node *a = &p.n[0], *b = &p.n[1];
        devp2p_addr seen, again;
        dp_sim_nat_rebind(b->w); /* has none */
        assert_true(sends(a, b->at, b, &seen));
        assert_true(sends(b, seen, a, NULL));
        assert_int_equal(counted(&p, DEVP2P_SIM_NAT_REBIND), 0);
        dp_sim_nat_rebind(a->w);
        assert_int_equal(counted(&p, DEVP2P_SIM_NAT_REBIND), 1);
        assert_false(sends(b, seen, a, NULL));
        assert_true(sends(a, b->at, b, &again));
        assert_false(dp_addr_equal(&seen, &again));
        assert_false(sends(b, seen, a, NULL));
        assert_true(sends(b, again, a, NULL));
        net_fini(&p);
    }
}

/* --- streams --- */

static int dial(node *x, devp2p_addr to)
{
    dp_io *io;
    x->connected = false;
    assert_int_equal(x->w->ops->connect(x->w, &to, NULL, &io), 0);
    pass(&p, DP_SEC);
    assert_true(x->connected);
    return x->outcome;
}

static void streams_leave_and_do_not_come(void **state)
{
    (void)state;
    start(DP_NAT_FULL_CONE);
    devp2p_addr at[2], outside = gate;
    for (size_t i = 0; i < 2; i++) {
        dp_io *io;
        dp_world *w = p.n[i].w;
        assert_int_equal(w->ops->listen(w, &p.n[i].at, NULL, &io, &at[i]), 0);
        w->ops->want(io, DP_READ);
    }
    assert_int_equal(dial(&p.n[0], at[1]), 0);
    devp2p_addr seen = p.n[1].accepted;
    assert_true(dp_sim_same_ip(&seen, &gate));
    assert_int_equal(dial(&p.n[0], at[1]), 0);
    assert_true(dp_sim_same_ip(&p.n[1].accepted, &gate));
    assert_int_not_equal(p.n[1].accepted.port, seen.port);

    outside.port = PORT;
    assert_int_equal(dial(&p.n[1], at[0]), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(dial(&p.n[1], outside), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(dial(&p.n[1], seen), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(dial(&p.n[0], outside), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(p.n[0].accepts, 0);
    assert_int_equal(dial(&p.n[0], at[0]), 0); /* itself */
    assert_true(dp_sim_same_ip(&p.n[0].accepted, &at[0]));
    assert_int_equal(dial(&p.n[2], at[1]), 0);
    assert_true(dp_sim_same_ip(&p.n[1].accepted, &p.n[2].ip));
    net_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_differ_in_whom_they_let_in),
        cmocka_unit_test(kinds_differ_in_how_they_map),
        cmocka_unit_test(two_behind_translators_meet_by_sending_first),
        cmocka_unit_test(the_inner_address_means_nothing_outside),
        cmocka_unit_test(a_translator_needs_an_address_that_is_free),
        cmocka_unit_test(only_what_goes_out_keeps_a_mapping),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_rebind_changes_the_ports),
        cmocka_unit_test(streams_leave_and_do_not_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
