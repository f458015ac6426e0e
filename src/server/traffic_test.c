/* SPDX-License-Identifier: MIT */
/* traffic_test.c - what was moved, as any thread sees it; and what is held when
 * nothing moves. */
#include "server/flood_fixture.h"

#include <devp2p/pipe.h>

typedef struct pair {
    net n;
    flooder a, b;
    test_env memory; /* of b */
} pair;

static pair *pair_new(void)
{
    static pair p;

    net_init(&p.n, 4);
    test_env_init(&p.memory);
    flooder_config(&p.a, &p.n, 1);
    flooder_config(&p.b, &p.n, 2);
    p.b.x.memory = &p.memory;
    return &p;
}

static void pair_start(pair *p)
{
    flooder_start(&p->a, &p->n);
    flooder_start(&p->b, &p->n);
    node_dial(&p->a.x, &p->b.x);
}

static void pair_end(pair *p)
{
    node_stop(&p->a.x);
    node_stop(&p->b.x);
    net_fini(&p->n);
    assert_int_equal(p->memory.live, 0);
}

static devp2p_traffic of(
    const devp2p_peer *peer, const char *name, uint64_t code)
{
    devp2p_traffic t;

    assert_int_equal(devp2p_peer_code_traffic(peer, &t, name, 1, code), 0);
    return t;
}

/* --- counts --- */

/* Both ends tell the same of every code, protocol and connection. */
static void both_ends_agree(void **state)
{
    (void)state;
    pair *p = pair_new();
    devp2p_traffic a, b;

    p->a.one.size[0] = 1000;
    p->a.one.size[3] = 30000;
    p->a.one.rounds = 10;
    p->b.two.size[1] = 500;
    p->b.two.rounds = 7;
    pair_start(p);
    net_run(&p->n, DP_SEC);
    devp2p_peer *to_b = devp2p_rw_peer(p->a.one.rw[0]);
    devp2p_peer *to_a = devp2p_rw_peer(p->b.one.rw[0]);
    a = of(to_b, "one", 3);
    b = of(to_a, "one", 3);
    assert_int_equal(a.out.messages, 10);
    assert_int_equal(a.out.plain, 300000);
    assert_in_range(a.out.wire, 300000, 310000);
    assert_int_equal(a.in.messages, 0);
    assert_memory_equal(&a.out, &b.in, sizeof a.out);
    a = of(to_b, "one", DEVP2P_ALL_CODES);
    assert_int_equal(a.out.messages, 20);
    assert_int_equal(a.out.plain, 310000);
    a = of(to_b, "two", DEVP2P_ALL_CODES);
    assert_int_equal(a.in.messages, 7);
    assert_int_equal(of(to_b, "two", 0).in.messages, 0);
    devp2p_peer_traffic(to_b, &a);
    devp2p_peer_traffic(to_a, &b);
    assert_memory_equal(&a.out, &b.in, sizeof a.out);
    assert_memory_equal(&a.in, &b.out, sizeof a.in);
    assert_true(a.out.messages == 20 && a.in.messages == 7);
    assert_true(a.out.wire > of(to_b, "one", DEVP2P_ALL_CODES).out.wire);
    pair_end(p);
}

static void protocols_that_are_not_shared(void **state)
{
    (void)state;
    pair *p = pair_new();
    devp2p_traffic t;

    p->b.rows[1].name = NULL;
    pair_start(p);
    devp2p_peer *to_b = devp2p_rw_peer(p->a.one.rw[0]);
    memset(&t, 1, sizeof t);
    assert_int_equal(
        devp2p_peer_code_traffic(to_b, &t, "two", 1, DEVP2P_ALL_CODES),
        DEVP2P_ERR_NOT_FOUND);
    assert_true(t.in.wire == 0 && t.out.messages == 0);
    assert_int_equal(
        devp2p_peer_code_traffic(to_b, &t, "one", 2, 0), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(devp2p_peer_code_traffic(to_b, &t, "one", 1, 99), 0);
    pair_end(p);
}

/* A test peer has moved nothing. */
static void test_peers(void **state)
{
    (void)state;
    devp2p_peer *peer;
    devp2p_traffic t;

    assert_int_equal(devp2p_test_peer(&peer, "x", NULL, 0, 0, NULL), 0);
    devp2p_peer_traffic(peer, &t);
    assert_int_equal(t.in.wire + t.out.wire, 0);
    assert_int_equal(
        devp2p_peer_code_traffic(peer, &t, "one", 1, 0), DEVP2P_ERR_NOT_FOUND);
    devp2p_peer_drop(peer);
}

/* The last count stays with who keeps the peer, also when the server is gone;
 * the server's has all connections, those that are over too. */
static void after_the_end(void **state)
{
    (void)state;
    pair *p = pair_new();
    devp2p_traffic sum[2], t;

    p->a.one.size[0] = 1000;
    p->a.one.rounds = 5;
    pair_start(p);
    devp2p_peer *kept = devp2p_peer_keep(devp2p_rw_peer(p->a.one.rw[0]));
    net_run(&p->n, DP_SEC);
    devp2p_peer_disconnect(kept, DEVP2P_DISC_REQUESTED);
    net_run(&p->n, 10 * DP_SEC);
    devp2p_server_traffic(p->a.x.srv, &sum[0]);
    devp2p_server_traffic(p->b.x.srv, &sum[1]);
    devp2p_peer_traffic(kept, &t);
    assert_memory_equal(&t, &sum[0], sizeof t);
    assert_memory_equal(&sum[0].out, &sum[1].in, sizeof t.out);
    assert_memory_equal(&sum[0].in, &sum[1].out, sizeof t.in);
    net_run(&p->n, 60 * DP_SEC); /* it was dialled again */
    devp2p_server_traffic(p->a.x.srv, &sum[0]);
    assert_true(sum[0].out.messages == 10 && t.out.messages == 5);
    assert_true(sum[0].out.wire > t.out.wire);
    node_stop(&p->a.x);
    node_stop(&p->b.x);
    assert_int_equal(of(kept, "one", 0).out.messages, 5);
    devp2p_peer_drop(kept);
    net_fini(&p->n);
}

/* --- memory --- */

/* idle lets everything come to rest; b's memory then. */
static size_t idle(pair *p)
{
    net_run(&p->n, 20 * DP_SEC);
    return p->memory.live;
}

/* A run-style reader that takes what comes. */
static int run_reader(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    flood *f = user;
    devp2p_msg msg;
    int err;

    (void)peer;
    while (!(err = devp2p_read(rw, &msg))) {
        f->got[msg.code]++;
        f->bytes[msg.code] += msg.payload.len;
    }
    return err;
}

/* peak is the most that b's memory grows to while a step of time passes. */
static size_t peak(pair *p, uint64_t ns)
{
    size_t most = 0;

    for (uint64_t i = 0; i < ns; i += 2 * DP_MS) {
        net_run(&p->n, 2 * DP_MS);
        most = p->memory.live > most ? p->memory.live : most;
    }
    return most;
}

/* After a message of 16 MiB, or thousands of small ones, in or out, a
 * connection holds what it held before. */
static void idle_again(void **state)
{
    (void)state;
    static uint8_t huge[DP_MESSAGE_MAX - 1];
    const devp2p_slice longest = { huge, sizeof huge };

    net_noise(huge, sizeof huge / 2); /* so that a frame holds it */
    for (int runs = 0; runs < 2; runs++) {
        pair *p = pair_new();
        if (runs) {
            p->b.rows[0] = (devp2p_protocol){ .name = "one",
                .version = 1,
                .length = FLOOD_CODES,
                .run = run_reader,
                .user = &p->b.one };
        }
        pair_start(p);
        devp2p_rw *rw = p->a.one.rw[0];
        p->a.one.size[0] = 100;
        assert_int_equal(flood_say(&p->a.one, rw, 0), 0);
        size_t before = idle(p);
        /* a server keeps one buffer for the messages of its loop */
        size_t most = before + (runs ? 0 : 64 * 1024);

        assert_int_equal(devp2p_send_raw(rw, 1, longest), 0);
        assert_true(peak(p, 2 * DP_SEC) > before + sizeof huge / 2);
        assert_true(idle(p) <= most);
        assert_int_equal(p->b.one.bytes[1], sizeof huge);

        p->a.one.size[2] = 60000; /* below what a busy reader keeps */
        p->a.one.rounds = 500;
        assert_int_equal(flood_go(&p->a.one, rw), 0);
        assert_true(idle(p) <= most);
        assert_true(p->b.one.got[2] >= 490);

        devp2p_rw *back = p->b.two.rw[0];
        assert_int_equal(devp2p_send_raw(back, 1, longest), 0);
        assert_true(peak(p, 2 * DP_SEC) > before + sizeof huge / 2);
        assert_true(idle(p) <= most);
        p->b.two.size[0] = 40;
        p->b.two.rounds = 20000;
        assert_int_equal(flood_go(&p->b.two, back), 0);
        assert_true(p->b.two.accepted > 5000);
        assert_true(idle(p) <= most);
        assert_int_equal(p->a.two.got[0], 20000);
        pair_end(p);
    }
}

/* got_soon lets time pass until b has got something of a size. */
static void got_soon(pair *p, size_t bytes)
{
    for (int i = 0; i < 1000 && p->b.one.bytes[1] < bytes; i++)
        net_run(&p->n, DP_MS);
    assert_int_equal(p->b.one.bytes[1], bytes);
}

/* tell_large lets b get a large message, the n-th of code 1. */
static void tell_large(pair *p, devp2p_slice msg, size_t n)
{
    assert_int_equal(devp2p_send_raw(p->a.one.rw[0], 1, msg), 0);
    got_soon(p, n * msg.len);
}

/* The buffers of large messages serve the next ones; a second later a
 * connection costs not a byte more than before, and at once where no buffer is
 * to be kept. */
static void warm_for_a_second(void **state)
{
    (void)state;
    static uint8_t large[1 << 20];
    const devp2p_slice msg = { large, sizeof large };

    net_noise(large, sizeof large);
    for (int cold = 0; cold < 2; cold++) {
        pair *p = pair_new();
        p->b.x.cfg.warm_total = cold ? DEVP2P_NONE : 0;
        pair_start(p);
        size_t before = idle(p);

        tell_large(p, msg, 1);
        if (cold)
            assert_true(p->memory.live <= before);
        else
            assert_true(p->memory.live > before + 2 * sizeof large);
        tell_large(p, msg, 2);
        tell_large(p, msg, 3);
        net_run(&p->n, 100 * DP_MS);
        size_t calls = p->memory.calls;
        tell_large(p, msg, 4);
        if (cold)
            assert_true(p->memory.calls > calls);
        else
            assert_int_equal(p->memory.calls, calls);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->memory.live, before);
        pair_end(p);
    }
}

/* A thread that has given a buffer back, and nothing that the loop has to do,
 * wakes it all the same: it alone looks at the time.  A server that has stopped
 * keeps nothing. */
static void what_a_thread_gives_back(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 1, .priority = DEVP2P_NORMAL, .max_size = 1000 }, { 0 }
    };
    static uint8_t large[1 << 20];
    const devp2p_slice msg = { large, sizeof large };
    pair *p = pair_new();

    net_noise(large, sizeof large);
    p->b.rows[0].rules = rules;
    pair_start(p);
    size_t before = idle(p);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(devp2p_send_raw(p->b.one.rw[0], 1, msg),
            DEVP2P_ERR_TOO_BIG); /* after it was compressed */
        assert_true(p->memory.live > before + sizeof large);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->memory.live, before);
    }
    assert_int_equal(
        devp2p_send_raw(p->b.one.rw[0], 1, msg), DEVP2P_ERR_TOO_BIG);
    assert_true(dp_warm_spare(p->b.x.srv->warm) > sizeof large);
    devp2p_server_stop(p->b.x.srv);
    net_run(&p->n, 400 * DP_MS);
    assert_int_equal(dp_warm_spare(p->b.x.srv->warm), 0);
    pair_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree),
        cmocka_unit_test(protocols_that_are_not_shared),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(after_the_end),
        cmocka_unit_test(idle_again),
        cmocka_unit_test(warm_for_a_second),
        cmocka_unit_test(what_a_thread_gives_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
