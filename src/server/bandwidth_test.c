/* SPDX-License-Identifier: MIT */
/* bandwidth_test.c - bytes a second, of one peer and of all; bytes that wait.
 * Each scenario runs without the bound too, and then ends differently. */
#include "server/flood_fixture.h"

enum { KIB = 1024, MIB = 1 << 20 };

/* --- a rate --- */

/* How a rate is set: by the sender or the receiver, for each peer or in all. */
typedef enum bound { NOBODY, PEER_OUT, ALL_OUT, PEER_IN, ALL_IN } bound;

static void set(flooder *from, flooder *to, bound what, uint32_t per_s)
{
    if (what == PEER_OUT)
        from->x.cfg.peer_bytes_out_per_s = per_s;
    else if (what == ALL_OUT)
        from->x.cfg.bytes_out_per_s = per_s;
    else if (what == PEER_IN)
        to->x.cfg.peer_bytes_in_per_s = per_s;
    else if (what == ALL_IN)
        to->x.cfg.bytes_in_per_s = per_s;
}

/* moved is how long 16 messages of 64 KiB take from a to b. */
static uint64_t moved(bound what)
{
    static flooder a, b;
    net n;

    net_init(&n, 5);
    flooder_config(&a, &n, 1);
    flooder_config(&b, &n, 2);
    a.one.size[0] = 64 * KIB;
    a.one.rounds = 16;
    set(&a, &b, what, 100 * KIB);
    flooder_start(&a, &n);
    flooder_start(&b, &n);
    node_dial(&a.x, &b.x);
    uint64_t began = dp_sim_now(n.sim).mono;
    net_run(&n, 15 * DP_SEC);
    assert_int_equal(b.one.bytes[0], MIB);
    node_stop(&a.x);
    node_stop(&b.x);
    net_fini(&n);
    return b.one.last - began;
}

/* A MiB at 100 KiB/s takes 10.2 s, 5 % either way; without the bound no time to
 * speak of. */
static void a_mib_in_ten_seconds(void **state)
{
    (void)state;
    assert_in_range(moved(NOBODY), 0, DP_SEC / 2);
    for (bound what = PEER_OUT; what <= ALL_IN; what++)
        assert_in_range(
            moved(what), 10240 * DP_MS * 95 / 100, 10240 * DP_MS * 105 / 100);
}

/* --- clocks --- */

/* slow_message sends one of a MiB to b at 20 KiB/s, because b reads so slowly
 * or because the link is so slow; what became of it. */
static int slow_message(bool by_choice)
{
    static flooder a, b;
    net n;

    net_init(&n, 6);
    flooder_config(&a, &n, 1);
    flooder_config(&b, &n, 2);
    a.one.size[0] = MIB;
    a.one.rounds = 1;
    if (by_choice)
        b.x.cfg.peer_bytes_in_per_s = 20 * KIB;
    flooder_start(&a, &n);
    flooder_start(&b, &n);
    flood_link(&n, &a, &b, by_choice ? 0 : 20 * KIB);
    node_dial(&a.x, &b.x);
    net_run(&n, 60 * DP_SEC);
    int reason = b.one.closed ? b.one.closed : (int)b.one.got[0];
    node_stop(&a.x);
    node_stop(&b.x);
    net_fini(&n);
    return reason;
}

/* A frame may take 30 s.  It may take longer when it is us who read slowly. */
static void our_slowness_is_not_theirs(void **state)
{
    (void)state;
    assert_int_equal(slow_message(true), 1);
    assert_int_equal(slow_message(false), DEVP2P_ERR_STALLED);
}

/* A rate never makes a connection end: the smallest one with peers that flood,
 * for minutes, while the other direction lives. */
static void nobody_is_dropped(void **state)
{
    (void)state;
    static flooder hub, leaf[3];
    net n;

    net_init(&n, 7);
    flooder_config(&hub, &n, 1);
    hub.x.cfg.bytes_in_per_s = DP_RATE_MIN;
    flooder_start(&hub, &n);
    for (uint8_t i = 0; i < 3; i++) {
        flooder_config(&leaf[i], &n, (uint8_t)(2 + i));
        leaf[i].one.size[0] = 5000;
        leaf[i].one.rounds = UINT64_MAX;
        flooder_start(&leaf[i], &n);
        node_dial(&leaf[i].x, &hub.x);
    }
    net_run(&n, 300 * DP_SEC);
    assert_int_equal(devp2p_server_count(hub.x.srv), 3);
    assert_in_range(hub.one.bytes[0], 290 * DP_RATE_MIN, 320 * DP_RATE_MIN);
    node_stop(&hub.x);
    for (uint8_t i = 0; i < 3; i++)
        node_stop(&leaf[i].x);
    net_fini(&n);
}

/* --- peers share --- */

/* share lets a hub and three others exchange what they can for 20 s: near ones
 * with long messages, a far one with short ones behind a link of a quarter of
 * the speed.  bytes is what each got, or gave. */
static void share(uint64_t bytes[3], bool to_hub, bool bounded)
{
    static flooder hub, leaf[3];
    net n;

    net_init(&n, 8);
    flooder_config(&hub, &n, 1);
    if (bounded && to_hub)
        hub.x.cfg.bytes_in_per_s = 300 * KIB;
    else if (bounded)
        hub.x.cfg.bytes_out_per_s = 300 * KIB;
    hub.one.rounds = to_hub ? 0 : UINT64_MAX;
    hub.one.size[0] = 30000;
    flooder_start(&hub, &n);
    for (uint8_t i = 0; i < 3; i++) {
        flooder_config(&leaf[i], &n, (uint8_t)(2 + i));
        leaf[i].one.size[0] = i == 2 ? 500 : 60000;
        leaf[i].one.rounds = to_hub ? UINT64_MAX : 0;
        flooder_start(&leaf[i], &n);
        flood_link(&n, &hub, &leaf[i], i == 2 ? 200 * KIB : 800 * KIB);
        node_dial(&leaf[i].x, &hub.x);
    }
    net_run(&n, 2 * DP_SEC); /* what the sockets hold */
    devp2p_traffic was[3], is;
    for (size_t i = 0; i < 3; i++)
        devp2p_peer_traffic(devp2p_rw_peer(leaf[i].one.rw[0]), &was[i]);
    net_run(&n, 20 * DP_SEC);
    for (size_t i = 0; i < 3; i++) {
        devp2p_peer_traffic(devp2p_rw_peer(leaf[i].one.rw[0]), &is);
        bytes[i] = to_hub ? is.out.wire - was[i].out.wire
                          : is.in.wire - was[i].in.wire;
    }
    node_stop(&hub.x);
    for (size_t i = 0; i < 3; i++)
        node_stop(&leaf[i].x);
    net_fini(&n);
}

/* Peers have equal parts of a rate that they share, whatever their links and
 * messages are like; without it the nearer ones have more. */
static void peers_have_equal_parts(void **state)
{
    (void)state;
    uint64_t bytes[3];

    for (int to_hub = 0; to_hub < 2; to_hub++) {
        share(bytes, to_hub, true);
        assert_true(flood_near(bytes[0], bytes[1]));
        assert_true(flood_near(bytes[0], bytes[2]));
        assert_in_range(
            bytes[0] + bytes[1] + bytes[2], 20 * 285 * KIB, 20 * 315 * KIB);
        share(bytes, to_hub, false);
        assert_false(flood_near(bytes[0], bytes[2]));
    }
}

/* --- what waits --- */

/* held is the most that a node with deaf handlers holds while three peers send
 * it so many messages of 256 KiB each. */
static size_t held(uint32_t mark, uint32_t total, uint64_t rounds)
{
    static flooder hub, leaf[3];
    test_env memory;
    net n;

    net_init(&n, 9);
    test_env_init(&memory);
    flooder_config(&hub, &n, 1);
    hub.one.deaf = true;
    hub.x.memory = &memory;
    hub.x.cfg.recv_mark = mark;
    hub.x.cfg.recv_total = total;
    flooder_start(&hub, &n);
    size_t idle = memory.live;
    for (uint8_t i = 0; i < 3; i++) {
        flooder_config(&leaf[i], &n, (uint8_t)(2 + i));
        leaf[i].one.size[0] = 256 * KIB;
        leaf[i].one.rounds = rounds;
        flooder_start(&leaf[i], &n);
        node_dial(&leaf[i].x, &hub.x);
    }
    net_run(&n, 10 * DP_SEC);
    assert_int_equal(devp2p_server_count(hub.x.srv), 3);
    size_t live = memory.live - idle;
    hub.one.deaf = false;
    net_run(&n, 10 * DP_SEC);
    assert_int_equal(hub.one.got[0], 3 * rounds); /* it was not lost */
    node_stop(&hub.x);
    for (size_t i = 0; i < 3; i++)
        node_stop(&leaf[i].x);
    net_fini(&n);
    assert_int_equal(memory.live, 0);
    return live;
}

/* A mark bounds what one connection may make us hold, a total what all may. */
static void marks_and_totals(void **state)
{
    (void)state;
    assert_in_range(held(0, 0, 12), 8 * MIB, 11 * MIB); /* below the mark */
    assert_in_range(held(DP_MARK_MIN, 0, 12), 0, 3 * 600 * KIB);
    assert_in_range(held(64 * MIB, DP_RECV_TOTAL_MIN, 60), 30 * MIB, 34 * MIB);
    assert_in_range(held(64 * MIB, DEVP2P_NONE, 60), 44 * MIB, 48 * MIB);
}

/* taken is how much an event-style sender gets rid of while nothing passes. */
static uint64_t taken(uint32_t mark, uint32_t total)
{
    static flooder a, b;
    net n;

    net_init(&n, 10);
    flooder_config(&a, &n, 1);
    flooder_config(&b, &n, 2);
    a.one.size[0] = a.two.size[0] = 32 * KIB;
    a.x.cfg.send_mark = mark;
    a.x.cfg.send_total = total;
    flooder_start(&a, &n);
    flooder_start(&b, &n);
    node_dial(&a.x, &b.x);
    net_hold(&n, a.x.world, b.x.world, true);
    net_run(&n, DP_SEC);
    a.one.rounds = a.two.rounds = 150; /* 4.7 MiB each */
    assert_int_equal(flood_go(&a.one, a.one.rw[0]), 0);
    assert_int_equal(flood_go(&a.two, a.two.rw[0]), 0);
    net_run(&n, DP_SEC);
    uint64_t n_taken = a.one.accepted + a.two.accepted;
    net_hold(&n, a.x.world, b.x.world, false);
    net_run(&n, 10 * DP_SEC);
    assert_int_equal(b.one.got[0] + b.two.got[0], 300);
    node_stop(&a.x);
    node_stop(&b.x);
    net_fini(&n);
    return n_taken * 32 * KIB;
}

static void send_marks_and_totals(void **state)
{
    (void)state;
    assert_in_range(taken(0, 0), 2 * MIB, 3 * MIB);
    assert_in_range(taken(4 * MIB, 0), 8 * MIB, 9 * MIB);
    assert_in_range(taken(DP_MARK_MIN, 0), 2 * 64 * KIB, MIB / 2);
    assert_in_range(taken(4 * MIB, DP_SEND_TOTAL_MIN), MIB, 2 * MIB);
    assert_in_range(taken(8 * MIB, DEVP2P_NONE), 9 * MIB, 10 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mib_in_ten_seconds),
        cmocka_unit_test(our_slowness_is_not_theirs),
        cmocka_unit_test(nobody_is_dropped),
        cmocka_unit_test(peers_have_equal_parts),
        cmocka_unit_test(marks_and_totals),
        cmocka_unit_test(send_marks_and_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
