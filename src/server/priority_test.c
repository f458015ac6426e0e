/* SPDX-License-Identifier: MIT */
/* priority_test.c - what goes first, what shares, what is refused: protocols,
 * and the rules of their codes.  Each scenario runs without the feature too,
 * and then ends differently. */
#include "server/flood_fixture.h"

enum { KIB = 1024 };

typedef struct pair {
    net n;
    flooder a, b;
} pair;

static void pair_start(pair *p, uint64_t bytes_per_s)
{
    flooder_start(&p->a, &p->n);
    flooder_start(&p->b, &p->n);
    flood_link(&p->n, &p->a, &p->b, bytes_per_s);
    node_dial(&p->a.x, &p->b.x);
}

static pair *pair_new(void)
{
    static pair p;

    net_init(&p.n, 3);
    flooder_config(&p.a, &p.n, 1);
    flooder_config(&p.b, &p.n, 2);
    return &p;
}

static void pair_end(pair *p)
{
    node_stop(&p->a.x);
    node_stop(&p->b.x);
    net_fini(&p->n);
}

/* --- protocols share --- */

/* flood_two lets two kinds of messages, long ones and short ones, share a link
 * for 30 s: two protocols, or two codes of one. */
static void flood_two(uint64_t bytes[2], bool two_protocols)
{
    pair *p = pair_new();

    p->a.one.size[0] = 100000;
    p->a.one.size[1] = two_protocols ? 0 : 700;
    p->a.two.size[0] = two_protocols ? 700 : 0;
    p->a.one.rounds = UINT64_MAX;
    p->a.two.rounds = two_protocols ? UINT64_MAX : 0;
    pair_start(p, 500 * KIB);
    net_run(&p->n, 30 * DP_SEC);
    bytes[0] = p->b.one.bytes[0];
    bytes[1] = two_protocols ? p->b.two.bytes[0] : p->b.one.bytes[1];
    pair_end(p);
}

/* Two protocols that send as much as they can share a link by bytes, within 10
 * %; two codes of one protocol share it as they were sent. */
static void protocols_share_by_bytes(void **state)
{
    (void)state;
    uint64_t bytes[2];

    flood_two(bytes, true);
    assert_true(flood_near(bytes[0], bytes[1]));
    assert_in_range(bytes[0] + bytes[1], 30 * 450 * KIB, 30 * 500 * KIB);
    flood_two(bytes, false);
    assert_false(flood_near(bytes[0], bytes[1]));
}

/* --- urgent ones go first --- */

/* overtake queues 64 long messages and, a moment later, a short one; *given is
 * how many had been given to the kernel or had begun by then, the result how
 * many came before the short one. */
static uint64_t overtake(const devp2p_rule *rules, uint64_t *given)
{
    enum { URGENT = 0, BULK = 1, COUNT = 64, SIZE = 128 * KIB };
    pair *p = pair_new();
    devp2p_traffic t;

    p->a.rows[0].rules = rules;
    p->a.one.size[URGENT] = 100;
    p->a.one.size[BULK] = SIZE;
    p->a.x.cfg.send_mark = 16 << 20;
    pair_start(p, 1024 * KIB);
    devp2p_rw *rw = p->a.one.rw[0];
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(flood_say(&p->a.one, rw, BULK), 0);
    net_run(&p->n, 1234 * DP_MS);
    assert_int_equal(flood_say(&p->a.one, rw, URGENT), 0);
    assert_int_equal(
        devp2p_peer_code_traffic(devp2p_rw_peer(rw), &t, "one", 1, BULK), 0);
    /* what is sealed holds the end of one and the beginning of another */
    *given = t.out.messages + 2;
    net_run(&p->n, 20 * DP_SEC);
    assert_int_equal(p->b.one.got[BULK], COUNT);
    assert_int_equal(p->b.one.got[URGENT], 1);
    uint64_t before = p->b.one.before[URGENT][BULK];
    pair_end(p);
    return before;
}

/* With 64 bulk messages of 128 KiB queued an urgent one waits for what is
 * sealed and for the one that has begun; without rules for all of them. */
static void urgent_overtakes_bulk(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 0, .priority = DEVP2P_URGENT },
        { .code = 1, .priority = DEVP2P_BULK },
        { 0 },
    };
    uint64_t given;

    uint64_t before = overtake(rules, &given);
    assert_in_range(before, 1, given);
    assert_true(given < 20);
    assert_int_equal(overtake(NULL, &given), 64);
}

/* What is bulk for both protocols waits for what is normal for one. */
static void classes_go_before_protocols(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = DEVP2P_OTHER_CODES, .priority = DEVP2P_BULK }, { 0 }
    };

    for (int ruled = 0; ruled < 2; ruled++) {
        pair *p = pair_new();
        p->a.one.size[0] = p->a.two.size[0] = 20000;
        p->a.one.rounds = p->a.two.rounds = UINT64_MAX;
        p->a.rows[1].rules = ruled ? rules : NULL;
        pair_start(p, 500 * KIB);
        net_run(&p->n, 20 * DP_SEC);
        uint64_t one = p->b.one.bytes[0], two = p->b.two.bytes[0];
        assert_int_equal(devp2p_server_count(p->b.x.srv), 1);
        pair_end(p);
        assert_true(ruled ? one > 20 * two : flood_near(one, two));
    }
}

/* --- how many --- */

/* so_many is what b hears in ten seconds of a peer that sends what it can, and
 * of its other protocol, which is behind that. */
static uint64_t so_many(const devp2p_rule *rules)
{
    pair *p = pair_new();

    p->b.rows[0].rules = rules;
    p->a.one.size[2] = 100;
    p->a.one.rounds = 2000;
    pair_start(p, 0);
    net_run(&p->n, 10 * DP_SEC);
    uint64_t got = p->b.one.got[2];
    net_run(&p->n, 290 * DP_SEC);
    assert_int_equal(devp2p_server_count(p->b.x.srv), 1);
    assert_int_equal(p->b.one.got[2], 2000); /* they were only late */
    pair_end(p);
    return got;
}

/* A peer is heard as often as the rule says, with a second's worth at once; it
 * waits, and nobody is dropped. */
static void messages_of_a_code_per_second(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 2, .priority = DEVP2P_NORMAL, .per_second = 10 }, { 0 }
    };

    assert_in_range(so_many(rules), 105, 111);
    assert_int_equal(so_many(NULL), 2000);
}

/* --- how long --- */

static void longer_than_the_rule(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 3, .priority = DEVP2P_NORMAL, .max_size = 1000 }, { 0 }
    };

    for (int ruled = 0; ruled < 2; ruled++) {
        pair *p = pair_new();
        p->b.rows[0].rules = ruled ? rules : NULL;
        p->a.one.size[3] = 1000;
        p->a.one.size[2] = 1001;
        p->a.one.rounds = 1;
        pair_start(p, 0);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->b.one.got[2], 1);
        assert_int_equal(p->b.one.got[3], 1);
        p->a.one.size[3] = 1001;
        (void)flood_say(&p->a.one, p->a.one.rw[0], 3);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->b.one.got[3], ruled ? 1 : 2);
        if (ruled) {
            const devp2p_event *e =
                node_expect(&p->a.x, DEVP2P_EVENT_PEER_DROP);
            assert_int_equal(e->code, DEVP2P_DISC_PROTOCOL_ERROR);
            assert_true(e->remote);
        }
        pair_end(p);
    }
}

/* The sender's own rule: the send says so, from any thread and in a broadcast;
 * nothing else happens. */
static void longer_than_ones_own_rule(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 3, .priority = DEVP2P_NORMAL, .max_size = 1000 }, { 0 }
    };

    for (int ruled = 0; ruled < 2; ruled++) {
        int want = ruled ? DEVP2P_ERR_TOO_BIG : 0;
        devp2p_packet *packet;
        pair *p = pair_new();
        p->a.rows[0].rules = ruled ? rules : NULL;
        pair_start(p, 0);
        p->a.one.size[3] = 1000;
        devp2p_rw *rw = p->a.one.rw[0];
        assert_int_equal(flood_say(&p->a.one, rw, 3), 0);
        p->a.one.size[3] = 1001;
        assert_int_equal(flood_say(&p->a.one, rw, 3), want);
        assert_int_equal(
            devp2p_packet_new_raw(&packet, 3, flood_bytes(1001)), 0);
        assert_int_equal(devp2p_send_packet(rw, packet), want);
        assert_int_equal(
            devp2p_server_broadcast(p->a.x.srv, NULL, NULL, "one", 1, packet),
            want);
        devp2p_packet_drop(packet);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->b.one.got[3], ruled ? 1 : 4);
        assert_int_equal(devp2p_server_count(p->a.x.srv), 1);
        pair_end(p);
    }
}

/* --- without memory --- */

/* Whichever allocation of a node with rules and rates fails, once: it is not
 * made, or a connection ends, and nothing is left. */
static void each_allocation_fails(void **state)
{
    (void)state;
    static const devp2p_rule rules[] = {
        { .code = 0, .priority = DEVP2P_URGENT, .per_second = 5 },
        { .code = 1, .priority = DEVP2P_BULK, .max_size = 1000 },
        { 0 },
    };
    test_env memory;
    unsigned k = 0, whole = 0;

    do {
        pair *p = pair_new();
        test_env_init(&memory);
        test_env_fail(&memory, ++k);
        p->b.x.memory = &memory;
        p->b.rows[0].rules = p->b.rows[1].rules = rules;
        p->b.x.cfg.peer_bytes_in_per_s = p->b.x.cfg.bytes_out_per_s = 100000;
        p->a.one.size[0] = p->b.two.size[1] = 500;
        p->a.one.rounds = p->b.two.rounds = 3;
        flooder_start(&p->a, &p->n);
        int err = node_new(&p->b.x, &p->n);
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        if (!err) {
            whole++;
            (void)!devp2p_server_start(p->b.x.srv);
            (void)!devp2p_server_add_peer(p->b.x.srv, NULL, p->a.x.url);
            net_run(&p->n, 3 * DP_SEC);
            node_stop(&p->b.x);
        }
        node_stop(&p->a.x);
        net_fini(&p->n);
        assert_int_equal(memory.live, 0);
    } while (memory.fails);
    assert_true(whole > 20 && k > whole + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_share_by_bytes),
        cmocka_unit_test(urgent_overtakes_bulk),
        cmocka_unit_test(classes_go_before_protocols),
        cmocka_unit_test(messages_of_a_code_per_second),
        cmocka_unit_test(longer_than_the_rule),
        cmocka_unit_test(longer_than_ones_own_rule),
        cmocka_unit_test(each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
