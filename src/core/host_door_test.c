/* SPDX-License-Identifier: MIT */
/* host_door_test.c - who may connect: limits at accept, shares of the slots,
 * trusted nodes, lists. */
#include "core/host_fixture.h"

/* from is a connection that comes in from an address. */
static int from(fixture *f, uint64_t conn, const char *text)
{
    devp2p_addr a;
    assert_int_equal(devp2p_addr_parse(&a, text), 0);
    return dp_host_incoming(f->h, conn, &a, f->now);
}

/* nth is the n-th address in a /24 of its own. */
static devp2p_addr nth(unsigned n)
{
    return (devp2p_addr){ .ip = { 20, (uint8_t)(n >> 8), (uint8_t)n, 1 },
        .family = 4,
        .port = 40000 };
}

static const devp2p_counters *counts(const fixture *f)
{
    return dp_host_counters(f->h);
}

static void trust(fixture *f, uint64_t ticket, uint8_t n)
{
    devp2p_node node = node_of(n);
    dp_host_trust(f->h, ticket, &node, f->now);
}

static void distrust(fixture *f, uint64_t ticket, uint8_t n)
{
    devp2p_id id = id_of(n);
    dp_host_distrust(f->h, ticket, &id, f->now);
}

/* shook is an outbound connection that is up. */
static void dialed_up(fixture *f, uint8_t n)
{
    dialed(f, f->dial[n], 0);
    assert_int_equal(authed(f, f->dial[n], n), 0);
    assert_int_equal(ready(f, f->dial[n]), 0);
}

/* --- addresses --- */

static void an_address_comes_every_30_s(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &(dp_access){ 0 });
    assert_int_equal(from(&f, 1, "20.0.0.1:4000"), 0);
    down(&f, 1, DEVP2P_ERR_RESET, false);
    assert_int_equal(from(&f, 2, "20.0.0.1:4001"), DEVP2P_ERR_LIMIT);
    assert_int_equal(from(&f, 2, "[::ffff:20.0.0.1]:1"), DEVP2P_ERR_LIMIT);
    assert_int_equal(from(&f, 2, "20.0.0.2:4000"), 0);
    assert_int_equal(from(&f, 3, "[2a00:1:2:3::1]:1"), 0);
    assert_int_equal(from(&f, 4, "[2a00:1:2:3:4::]:1"), DEVP2P_ERR_LIMIT);
    assert_int_equal(from(&f, 4, "[2a00:1:2:4::]:1"), 0);
    pass(&f, 30 * DP_SEC - 1); /* what was refused does not count */
    assert_int_equal(from(&f, 5, "20.0.0.1:4000"), DEVP2P_ERR_LIMIT);
    pass(&f, 1);
    assert_int_equal(from(&f, 5, "20.0.0.1:4000"), 0);
    assert_int_equal(counts(&f)->accepted, 5);
    assert_int_equal(counts(&f)->refused_throttled, 4);
    fixture_fini(&f);
}

static void the_time_can_be_set(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &(dp_access){ .throttle_ms = DP_THROTTLE_MS_MIN });
    assert_int_equal(from(&f, 1, "20.0.0.1:1"), 0);
    pass(&f, DP_SEC - 1);
    assert_int_equal(from(&f, 2, "20.0.0.1:1"), DEVP2P_ERR_LIMIT);
    pass(&f, 1);
    assert_int_equal(from(&f, 2, "20.0.0.1:1"), 0);
    fixture_fini(&f);
    fixture_open(&f, 50, &(dp_access){ .throttle_ms = DEVP2P_NONE });
    for (uint64_t conn = 1; conn <= DP_SUBNET_PENDING; conn++)
        assert_int_equal(from(&f, conn, "20.0.0.1:1"), 0);
    fixture_fini(&f);
}

static void local_addresses_are_exempt(void **state)
{
    (void)state;
    static const char *const local[] = { "127.0.0.1:1", "[::1]:1", "10.1.2.3:1",
        "172.16.0.1:1", "192.168.1.1:1", "169.254.1.1:1", "[fe80::1]:1",
        "[fd00::1]:1", "[::ffff:127.0.0.1]:1" };
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        fixture f;
        fixture_open(&f, 50, &(dp_access){ 0 });
        for (uint64_t conn = 1; conn <= DP_PENDING_MAX; conn++)
            assert_int_equal(from(&f, conn, local[i]), 0);
        fixture_fini(&f);
        fixture_open(&f, 50, &(dp_access){ .limit_lan = true });
        assert_int_equal(from(&f, 1, local[i]), 0);
        assert_int_equal(from(&f, 2, local[i]), DEVP2P_ERR_LIMIT);
        fixture_fini(&f);
    }
}

static void places_of_a_subnet(fixture *f, bool six, uint32_t places)
{
    char text[DEVP2P_ADDR_TEXT];
    uint64_t conn;
    for (conn = 1; conn <= places; conn++) {
        snprintf(text, sizeof text, six ? "[2a00:1:2:%d::1]:1" : "20.0.0.%d:1",
            (int)conn);
        assert_int_equal(from(f, conn, text), 0);
    }
    const char *more = six ? "[2a00:1:2:ffff::1]:1" : "20.0.0.200:1";
    assert_int_equal(from(f, conn, more), DEVP2P_ERR_LIMIT);
    assert_int_equal(from(f, conn, six ? "[2a00:1:3::1]:1" : "20.0.1.1:1"), 0);
    /* a peer has no place in handshake any more, nor who has gone */
    assert_int_equal(authed(f, 1, 7), 0);
    assert_int_equal(ready(f, 1), 0);
    assert_int_equal(from(f, conn + 1, more), 0);
    assert_int_equal(counts(f)->refused_subnet, 1);
}

static void a_subnet_has_few_places(void **state)
{
    (void)state;
    for (int six = 0; six < 2; six++) {
        fixture f;
        fixture_open(&f, 50, &(dp_access){ 0 });
        places_of_a_subnet(&f, six, DP_SUBNET_PENDING);
        fixture_fini(&f);
        fixture_open(&f, 50, &(dp_access){ .pending_per_subnet = 3 });
        places_of_a_subnet(&f, six, 3);
        fixture_fini(&f);
    }
}

/* Our own dials are no places of a subnet. */
static void dials_are_not_counted(void **state)
{
    (void)state;
    fixture f;
    fixture_open(
        &f, 50, &(dp_access){ .pending_per_subnet = 1, .limit_lan = true });
    for (uint8_t n = 1; n < 20; n++)
        add(&f, n, n);
    assert_int_equal(from(&f, 1, "10.0.2.200:1"), 0);
    assert_int_equal(from(&f, 2, "10.0.2.201:1"), DEVP2P_ERR_LIMIT);
    fixture_fini(&f);
}

static void the_rate_is_bounded(void **state)
{
    (void)state;
    for (int set = 0; set < 2; set++) {
        dp_access a = { .max_pending_in = DP_PENDING_MOST,
            .accepts_per_s = set ? 20 : 0 };
        unsigned rate = set ? 20 : DP_ACCEPTS_PER_S;
        fixture f;
        unsigned n = 0, in = 0;
        fixture_open(&f, 50, &a);
        for (unsigned ms = 0; ms < 2000; ms++, pass(&f, DP_MS)) {
            devp2p_addr at = nth(n++);
            in += dp_host_incoming(f.h, n, &at, f.now) == 0;
        }
        assert_in_range(in, 3 * rate - 1, 3 * rate); /* a burst, and 2 s */
        assert_int_equal(counts(&f)->refused_rate, 2000 - in);
        assert_int_equal(from(&f, n + 1, "127.0.0.1:1"), 0);
        fixture_fini(&f);
    }
}

static void a_throttle_without_memory(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &(dp_access){ 0 });
    for (size_t n = 1; n <= 5; n++) {
        size_t live = f.t.live;
        test_env_fail(&f.t, n);
        assert_int_equal(from(&f, n, "20.0.0.1:1"), DEVP2P_ERR_NOMEM);
        assert_int_equal(counts(&f)->refused_memory, n);
        if (n < 5)
            assert_int_equal(f.t.live, live);
        pass(&f, 30 * DP_SEC);
    }
    assert_int_equal(from(&f, 9, "20.0.0.1:1"), 0);
    assert_int_equal(counts(&f)->accepted, 1);
    fixture_fini(&f);
}

/* --- places --- */

static void pending_can_be_set(void **state)
{
    (void)state;
    fixture f;
    dp_access a = { .max_pending_in = 2, .max_pending_out = 3 };
    fixture_open(&f, 50, &a);
    assert_int_equal(from(&f, 1, "10.0.0.1:1"), 0);
    assert_true(dp_host_accepting(f.h));
    assert_int_equal(from(&f, 2, "10.0.0.1:1"), 0);
    assert_false(dp_host_accepting(f.h));
    assert_int_equal(from(&f, 3, "10.0.0.1:1"), DEVP2P_ERR_LIMIT);
    assert_int_equal(counts(&f)->refused_pending, 1);
    for (uint8_t n = 1; n <= 4; n++)
        add(&f, n, n);
    said(&f);
    assert_true(f.dial[3] && !f.dial[4]);
    down(&f, f.dial[1], DEVP2P_ERR_REFUSED, false);
    said(&f);
    assert_true(f.dial[4] != 0);
    fixture_fini(&f);
}

static void slots_are_divided(void **state)
{
    (void)state;
    static const struct {
        uint32_t max, ratio;
        bool no_dial;
        size_t inbound, dialled;
    } rows[] = {
        { 50, 0, false, 34, 16 },
        { 50, 1, false, 0, 50 },
        { 50, 2, false, 25, 25 },
        { 50, DP_DIAL_RATIO_MAX, false, 49, 1 },
        { 50, DEVP2P_NONE, false, 50, 50 },
        { 50, 0, true, 50, 0 },
        { 50, DEVP2P_NONE, true, 50, 0 },
        { 1, 0, false, 0, 1 },
        { DEVP2P_NONE, 0, false, 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dp_access a = { .dial_ratio = rows[i].ratio,
            .no_dial = rows[i].no_dial };
        dp_slots s = dp_slots_of(rows[i].max, &a);
        assert_int_equal(s.inbound, rows[i].inbound);
        assert_int_equal(s.dialled, rows[i].dialled);
        assert_int_equal(s.pending_in, DP_PENDING_MAX);
        assert_int_equal(s.pending_out, DP_PENDING_MAX);
    }
}

static void each_has_its_share(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 6, &(dp_access){ 0 }); /* 4 inbound, 2 dialled */
    for (uint8_t n = 1; n <= 4; n++)
        joined(&f, n, n);
    assert_int_equal(incoming(&f, 5), 0);
    assert_int_equal(authed(&f, 5, 5), DEVP2P_DISC_TOO_MANY_PEERS);
    down(&f, 5, DEVP2P_DISC_TOO_MANY_PEERS, false);
    for (uint8_t n = 11; n <= 16; n++)
        add(&f, n, n);
    said(&f); /* twice as many as there are slots */
    assert_true(f.dial[14] && !f.dial[15]);
    dialed_up(&f, 11);
    said(&f);
    assert_false(f.dial[15]); /* 3 dials on, and one slot */
    down(&f, f.dial[12], DEVP2P_ERR_REFUSED, false);
    down(&f, f.dial[13], DEVP2P_ERR_REFUSED, false);
    said(&f);
    assert_true(f.dial[15] && !f.dial[16]);
    dialed_up(&f, 15);
    dialed(&f, f.dial[14], 0); /* full meanwhile */
    assert_int_equal(authed(&f, f.dial[14], 14), DEVP2P_DISC_TOO_MANY_PEERS);
    down(&f, f.dial[14], DEVP2P_DISC_TOO_MANY_PEERS, false);
    said(&f);
    pass(&f, 100 * DP_SEC);
    expect(&f, "");
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    /* a slot of the others is not ours */
    down(&f, 1, DEVP2P_ERR_RESET, false);
    expect(&f, "drop n1 inbound: connection reset\n");
    joined(&f, 6, 6);
    assert_int_equal(counts(&f)->peers, 7);
    assert_int_equal(counts(&f)->too_many_peers, 2);
    fixture_fini(&f);
}

static void nobody_is_dialled(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 2, &(dp_access){ .no_dial = true });
    add(&f, 1, 7);
    pass(&f, 100 * DP_SEC);
    expect(&f, "command 1: ok\n");
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    joined(&f, 1, 7);
    joined(&f, 2, 8);
    expect(&f, "add n7 inbound static\nadd n8 inbound\n");
    fixture_fini(&f);
}

/* --- trusted nodes --- */

static void trusted_nodes_need_no_slot(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 3, &(dp_access){ 0 }); /* 2 inbound, 1 dialled */
    trust(&f, 1, 20);
    trust(&f, 2, 21);
    trust(&f, 3, 22);
    joined(&f, 1, 7);
    joined(&f, 2, 8);
    joined(&f, 3, 20); /* beyond the inbound ones */
    assert_int_equal(incoming(&f, 4), 0);
    assert_int_equal(authed(&f, 4, 9), DEVP2P_DISC_TOO_MANY_PEERS);
    down(&f, 4, 0, false);
    joined(&f, 5, 21); /* beyond all */
    assert_int_equal(dp_host_peers(f.h), 4);
    /* first a slot, then the other reasons, as go-ethereum has it */
    assert_int_equal(incoming(&f, 6), 0);
    assert_int_equal(authed(&f, 6, 7), DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(incoming(&f, 7), 0);
    assert_int_equal(authed(&f, 7, 21), DEVP2P_DISC_ALREADY_CONNECTED);
    pass(&f, DP_SEC); /* farewells are few */
    /* at the second checkpoint too */
    assert_int_equal(incoming(&f, 8), 0);
    assert_int_equal(authed(&f, 8, 22), 0);
    distrust(&f, 4, 22);
    assert_int_equal(ready(&f, 8), DEVP2P_DISC_TOO_MANY_PEERS);
    /* trusted peers have slots that others miss */
    down(&f, 1, DEVP2P_ERR_RESET, false);
    assert_int_equal(incoming(&f, 9), 0);
    assert_int_equal(authed(&f, 9, 9), DEVP2P_DISC_TOO_MANY_PEERS);
    expect(&f, "command 1: ok\ncommand 2: ok\ncommand 3: ok\n"
               "add n7 inbound\nadd n8 inbound\n"
               "add n20 inbound trusted\nadd n21 inbound trusted\n"
               "command 4: ok\ndrop n7 inbound: connection reset\n");
    fixture_fini(&f);
}

static void trust_comes_and_goes(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 3, &(dp_access){ 0 });
    joined(&f, 1, 7);
    trust(&f, 1, 7);
    assert_int_equal(
        dp_host_flags(f.h, 1), DEVP2P_PEER_INBOUND | DEVP2P_PEER_TRUSTED);
    trust(&f, 2, 7);
    distrust(&f, 3, 7);
    assert_int_equal(dp_host_flags(f.h, 1), DEVP2P_PEER_INBOUND);
    distrust(&f, 4, 7);
    trust(&f, 5, SELF);
    assert_int_equal(dp_host_peers(f.h), 1); /* nobody was disconnected */
    dp_host_stop(f.h, f.now);
    trust(&f, 6, 8);
    expect(&f, "close c1: client quitting\nadd n7 inbound\n"
               "command 1: ok\ncommand 2: already there\ncommand 3: ok\n"
               "command 4: not found\ncommand 5: connected to self\n"
               "command 6: connection closed\n");
    fixture_fini(&f);
}

/* Whoever was trusted once is a peer beyond the slots, but not without end. */
static void peers_are_bounded_whatever_trust_does(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, DEVP2P_NONE, &(dp_access){ 0 });
    for (unsigned i = 0; i <= DP_TRUSTED_MAX; i++) {
        devp2p_node node = node_of(1);
        devp2p_addr at = nth(i);
        node.addr = at;
        node.id.b[1] = (uint8_t)(i >> 8);
        node.id.b[2] = (uint8_t)i;
        dp_host_trust(f.h, i, &node, f.now);
        pass(&f, DP_SEC);
        assert_int_equal(dp_host_incoming(f.h, i + 1, &at, f.now), 0);
        int code = dp_host_authed(f.h, i + 1, &node.id, f.now);
        if (i == DP_TRUSTED_MAX) {
            assert_int_equal(code, DEVP2P_DISC_TOO_MANY_PEERS);
            break;
        }
        assert_int_equal(code, 0);
        assert_int_equal(ready(&f, i + 1), 0);
        dp_host_distrust(f.h, i, &node.id, f.now);
        said(&f);
    }
    assert_int_equal(dp_host_peers(f.h), DP_TRUSTED_MAX);
    fixture_fini(&f);
}

/* --- full --- */

/* A flood on a full host: 1,000 addresses a second, each another one. */
static void a_full_host_is_polite_to_few(void **state)
{
    (void)state;
    fixture f;
    size_t in = 0, entered = 0;
    uint64_t conn = 100;
    devp2p_addr home = node_of(20).addr;
    fixture_open(&f, 3, &(dp_access){ 0 });
    joined(&f, 1, 7);
    joined(&f, 2, 8);
    trust(&f, 1, 20);
    said(&f);
    for (unsigned ms = 0; ms < 10000; ms++, pass(&f, DP_MS)) {
        devp2p_addr at = nth(ms);
        size_t calls = f.t.calls;
        if (dp_host_incoming(f.h, ++conn, &at, f.now)) {
            assert_int_equal(f.t.calls, calls); /* no memory is touched */
        } else {
            assert_int_equal(authed(&f, conn, 9), DEVP2P_DISC_TOO_MANY_PEERS);
            down(&f, conn, DEVP2P_DISC_TOO_MANY_PEERS, false);
            in++;
        }
        if (ms % 1000 || !dp_host_accepting(f.h))
            continue;
        if (dp_host_incoming(f.h, ++conn, &home, f.now))
            continue;
        if (authed(&f, conn, 20) == 0 && ready(&f, conn) == 0)
            entered = entered ? entered : ms + 1;
        else
            down(&f, conn, DEVP2P_DISC_ALREADY_CONNECTED, false);
    }
    assert_in_range(in, 50, 50 + DP_FAREWELLS_PER_S);
    assert_in_range(entered, 1, 5000);
    assert_int_equal(counts(&f)->farewells, in);
    assert_int_equal(counts(&f)->refused_full, 10000 - in);
    assert_int_equal(counts(&f)->trusted, 10);
    assert_int_equal(counts(&f)->accepted, 2 + in + 10);
    fixture_fini(&f);
}

/* Who keeps silent holds a place for 5 s; one is left for trusted nodes. */
static void farewells_leave_a_place(void **state)
{
    (void)state;
    fixture f;
    devp2p_addr home = node_of(20).addr;
    fixture_open(&f, 1, &(dp_access){ .max_pending_in = 3 });
    trust(&f, 1, 20);
    for (unsigned n = 0; n < 20; n++, pass(&f, DP_SEC)) {
        devp2p_addr at = nth(n);
        assert_int_equal(dp_host_incoming(f.h, n + 1, &at, f.now),
            n < 2 ? 0 : DEVP2P_ERR_LIMIT);
        assert_true(dp_host_accepting(f.h));
    }
    assert_int_equal(counts(&f)->refused_full, 18);
    assert_int_equal(dp_host_incoming(f.h, 30, &home, f.now), 0);
    assert_int_equal(authed(&f, 30, 20), 0);
    fixture_fini(&f);
}

static void farewells_can_be_set(void **state)
{
    (void)state;
    const uint32_t set[] = { 1, 20, DEVP2P_NONE };
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        size_t in = 0, want = set[i] == DEVP2P_NONE ? 0 : set[i];
        fixture_open(&f, 1, &(dp_access){ .farewells_per_s = set[i] });
        for (unsigned n = 0; n < 40; n++) {
            devp2p_addr at = nth(n);
            in += dp_host_incoming(f.h, n + 1, &at, f.now) == 0;
        }
        assert_int_equal(in, want);
        /* an address that had its farewell waits as any other */
        devp2p_addr at = nth(0);
        pass(&f, DP_SEC);
        assert_int_equal(
            dp_host_incoming(f.h, 50, &at, f.now), DEVP2P_ERR_LIMIT);
        assert_int_equal(counts(&f)->refused_throttled, want ? 1 : 0);
        fixture_fini(&f);
    }
}

/* --- lists --- */

static void only_my_peers(void **state)
{
    (void)state;
    fixture f;
    char hex[65] = { 0 };
    const char *ids[] = { hex, NULL };
    memset(hex, '0', 64);
    memcpy(hex, "07", 2);
    fixture_open(&f, 6, &(dp_access){ .allow_ids = ids });
    hex[1] = '9'; /* it was copied */
    trust(&f, 1, 20);
    add(&f, 2, 30);
    joined(&f, 1, 7);
    joined(&f, 2, 20);
    joined(&f, 3, 30);
    for (uint64_t conn = 4; conn < 7; conn++)
        assert_int_equal(incoming(&f, conn), 0);
    assert_int_equal(authed(&f, 4, 9), DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(authed(&f, 5, 7), DEVP2P_DISC_ALREADY_CONNECTED);
    assert_int_equal(authed(&f, 6, SELF), DEVP2P_DISC_SELF);
    distrust(&f, 3, 20);
    assert_int_equal(incoming(&f, 7), 0);
    assert_int_equal(authed(&f, 7, 20), DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(counts(&f)->not_allowed, 2);
    assert_int_equal(counts(&f)->already_connected, 1);
    assert_int_equal(counts(&f)->self, 1);
    fixture_fini(&f);
    /* an empty list: only who is named otherwise */
    fixture_open(&f, 6, &(dp_access){ .allow_ids = &ids[1] });
    assert_int_equal(incoming(&f, 1), 0);
    assert_int_equal(authed(&f, 1, 7), DEVP2P_DISC_USELESS_PEER);
    fixture_fini(&f);
}

static void only_some_networks(void **state)
{
    (void)state;
    fixture f;
    const char *nets[] = { "20.0.0.0/8, 2a00::/16", "10.0.2.0/25", NULL };
    fixture_open(&f, 6, &(dp_access){ .net_restrict = nets });
    assert_int_equal(from(&f, 1, "20.1.2.3:1"), 0);
    assert_int_equal(from(&f, 2, "[::ffff:20.1.2.4]:1"), 0);
    assert_int_equal(from(&f, 3, "[2a00::1]:1"), 0);
    assert_int_equal(from(&f, 4, "21.1.2.3:1"), DEVP2P_ERR_ACCESS);
    assert_int_equal(from(&f, 4, "127.0.0.1:1"), DEVP2P_ERR_ACCESS);
    trust(&f, 1, 200); /* trust does not open networks */
    assert_int_equal(from(&f, 4, "10.0.2.200:1"), DEVP2P_ERR_ACCESS);
    add(&f, 2, 100 + 100);
    add(&f, 3, 7);
    expect(&f, "dial n7\ncommand 1: ok\ncommand 2: permission denied\n"
               "command 3: ok\n");
    assert_int_equal(counts(&f)->refused_restricted, 3);
    fixture_fini(&f);
    fixture_open(&f, 6, &(dp_access){ .net_restrict = &nets[2] });
    assert_int_equal(from(&f, 1, "20.1.2.3:1"), DEVP2P_ERR_ACCESS);
    fixture_fini(&f);
}

static void every_allocation_of_lists_fails_once(void **state)
{
    (void)state;
    char hex[65] = { 0 };
    memset(hex, '7', 64);
    const char *ids[] = { hex, NULL }, *nets[] = { "10.0.0.0/8", NULL };
    for (size_t n = 1;; n++) {
        test_env t;
        dp_host *h;
        test_env_init(&t);
        dp_host_setup setup = { .env = t.env,
            .self = id_of(SELF),
            .max_peers = 10,
            .access = { .allow_ids = ids, .net_restrict = nets } };
        test_env_fail(&t, n);
        int err = dp_host_new(&h, &setup, (dp_now){ 0 });
        if (!err)
            dp_host_free(h);
        assert_int_equal(t.live, 0);
        if (!err)
            return;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_comes_every_30_s),
        cmocka_unit_test(the_time_can_be_set),
        cmocka_unit_test(local_addresses_are_exempt),
        cmocka_unit_test(a_subnet_has_few_places),
        cmocka_unit_test(dials_are_not_counted),
        cmocka_unit_test(the_rate_is_bounded),
        cmocka_unit_test(a_throttle_without_memory),
        cmocka_unit_test(pending_can_be_set),
        cmocka_unit_test(slots_are_divided),
        cmocka_unit_test(each_has_its_share),
        cmocka_unit_test(nobody_is_dialled),
        cmocka_unit_test(trusted_nodes_need_no_slot),
        cmocka_unit_test(trust_comes_and_goes),
        cmocka_unit_test(peers_are_bounded_whatever_trust_does),
        cmocka_unit_test(a_full_host_is_polite_to_few),
        cmocka_unit_test(farewells_leave_a_place),
        cmocka_unit_test(farewells_can_be_set),
        cmocka_unit_test(only_my_peers),
        cmocka_unit_test(only_some_networks),
        cmocka_unit_test(every_allocation_of_lists_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
