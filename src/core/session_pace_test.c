/* SPDX-License-Identifier: MIT */
/* session_pace_test.c - rates, rules and counts of sessions, in virtual time.
 * The fields that a configuration would fill in are set by the tests. */
#include "core/session_impl.h"
#include "raw_peer.h"

enum { RATE = 64 * 1024 };

/* Code 0 of the first capability: ten a second, of 1,000 bytes at most. */
static dp_rule few[] = {
    { .code = 0, .class = DP_NORMAL, .max_size = 1000, .per_second = 10 }
};
static const dp_rules rules[PAIR_CAPS] = { { few, 1, 1 } };

static void ruled_init(lone *l)
{
    lone_init(l, 2, 2);
    l->e.s->mux.rules = rules;
    raw_open(&l->r);
}

/* slow gives a session its rates anew. */
static void slow(dp_session *s, dp_node_self *self, uint32_t in, uint32_t out)
{
    dp_session_unpace(s);
    self->bounds.in_per_s = in;
    self->bounds.out_per_s = out;
    assert_int_equal(dp_session_pace(s), 0);
}

static void say_noise(lone *l, uint64_t id, size_t len)
{
    uint8_t *noise = test_noise(len, 1);
    raw_say(&l->r, id, noise, len);
    free(noise);
}

/* --- bytes in --- */

/* A frame that takes longer than a peer may need is not held against the peer
 * when it is us who read slowly; nor is its silence. */
static void slow_by_our_will(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    slow(l.e.s, &l.node.self, RATE, 0);
    say_noise(&l, 0x10, 4 << 20);
    uint64_t before = l.w.now.mono;
    while (!l.e.got[0]) {
        pair_sleep(&l.e, 1, DP_SEC);
        assert_false(l.e.down || l.e.shut);
    }
    uint64_t took = (l.w.now.mono - before) / DP_SEC;
    assert_in_range(took, 63, 67); /* 64 s, twice what a frame may take */
    lone_fini(&l);
}

/* A peer that is slow itself gets no more time for that. */
static void slow_by_its_own(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    slow(l.e.s, &l.node.self, RATE, 0);
    say_noise(&l, 0x10, 1 << 20);
    for (int i = 0; i < 40 && !l.e.down; i++) {
        l.e.read_max = SIZE_MAX;
        l.e.read_total = RATE / 4; /* so much comes each second */
        pair_sleep(&l.e, 1, DP_SEC);
    }
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
    lone_fini(&l);
}

static void dead_all_the_same(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    slow(l.e.s, &l.node.self, RATE, 0);
    say_noise(&l, 0x10, RATE);
    pair_sleep(&l.e, 1, DP_DEAD_NS + 2 * DP_SEC);
    assert_true(l.e.got[0] == 1);
    assert_true(l.e.shut || l.e.down);
    assert_int_equal(l.e.s->end.reason, DEVP2P_DISC_READ_TIMEOUT);
    lone_fini(&l);
}

/* --- bytes out --- */

static dp_packet *packet(pair *p, uint64_t code, size_t len)
{
    uint8_t *noise = test_noise(len, 1);
    dp_packet *out;
    assert_int_equal(dp_packet_new(&out, &p->w.env.env, code,
                         (devp2p_slice){ noise, len }, true),
        0);
    free(noise);
    return out;
}

static void send(pair *p, size_t cap, uint64_t code, size_t len, int want)
{
    dp_packet *out = packet(p, code, len);
    assert_int_equal(dp_session_send(p->e[0].s, cap, out, p->w.now), want);
    dp_packet_drop(out);
}

/* What is sent waits, pings do not, and a goodbye comes behind it. */
static void sent_slowly(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_run(&p, 0);
    slow(p.e[0].s, &p.node[0].self, 0, RATE);
    for (int i = 0; i < 20; i++)
        send(&p, 0, 0, RATE / 4, 0);
    uint64_t before = p.e[1].in.total;
    pair_run(&p, 4 * DP_SEC);
    assert_in_range(p.e[1].in.total - before, 4 * RATE, 4 * RATE + RATE / 10);
    dp_session_close(p.e[0].s, DEVP2P_DISC_REQUESTED, true, p.w.now);
    pair_run(&p, 3 * DP_SEC);
    assert_int_equal(p.e[1].got[0], 20);
    assert_int_equal(p.e[1].end.reason, DEVP2P_DISC_REQUESTED);
    pair_fini(&p);
}

static void pings_pass(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_run(&p, 0);
    slow(p.e[0].s, &p.node[0].self, 0, DP_RATE_MIN);
    p.e[0].s->out->rest = (dp_rest){ true, p.w.now.mono, DP_NEVER / 2 };
    send(&p, 0, 0, 100, 0);
    uint64_t before = p.e[1].in.total;
    pair_run(&p, 60 * DP_SEC);
    assert_false(p.e[0].down || p.e[1].down);
    assert_int_equal(p.e[1].got[0], 0);
    assert_int_equal(p.e[1].in.total - before, 8 * 64); /* pings, pongs */
    pair_fini(&p);
}

/* --- rules --- */

/* More messages than the rule allows wait, and the peer with them; nobody is
 * blamed. */
static void so_many_a_second(void **state)
{
    (void)state;
    lone l;
    ruled_init(&l);
    for (int i = 0; i < 500; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    raw_say(&l.r, 0x11, "\xc0", 1);
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0], 10);
    uint64_t read = l.e.s->meter.all.in.wire;
    pair_sleep(&l.e, 1, 10 * DP_SEC);
    assert_int_equal(l.e.got[0], 110);
    assert_true(l.e.in.head < l.e.in.len); /* the peer waits */
    assert_in_range(l.e.s->meter.all.in.wire - read, 0, 2 * DP_CHUNK);
    pair_sleep(&l.e, 1, 38950 * DP_MS);
    assert_int_equal(l.e.got[0], 499);
    assert_false(l.e.down || l.e.shut);
    pair_sleep(&l.e, 1, 50 * DP_MS); /* and the one behind them */
    assert_int_equal(l.e.got[0], 501);
    lone_fini(&l);
}

/* A code without a bound, and another protocol, do not use the bound up. */
static void others_are_free(void **state)
{
    (void)state;
    lone l;
    ruled_init(&l);
    for (int i = 0; i < 10; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    for (int i = 0; i < 100; i++) {
        raw_say(&l.r, 0x11, "\xc0", 1);
        raw_say(&l.r, 0x12, "\xc0", 1);
    }
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0], 110);
    assert_int_equal(l.e.got[1], 100);
    lone_fini(&l);
}

/* A peer that says goodbye behind what waits is heard; before READY's verdict
 * rules mean nothing. */
static void goodbye_behind(void **state)
{
    (void)state;
    lone l;
    ruled_init(&l);
    for (int i = 0; i < 15; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    raw_say(&l.r, DP_ID_DISCONNECT, "\xc1\x04", 2);
    l.e.in.shut = true;
    pair_sleep(&l.e, 1, DP_SEC);
    assert_int_equal(l.e.got[0], 15);
    assert_true(l.e.down && l.e.end.remote);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_TOO_MANY_PEERS);
    lone_fini(&l);
}

/* A longer one than the rule says: nobody inflates it, the peer hears of it. */
static void too_long(void **state)
{
    (void)state;
    static const uint8_t zeros[100000];
    lone l;
    ruled_init(&l);
    raw_say(&l.r, 0x10, zeros, 1000);
    raw_say(&l.r, 0x11, zeros, 1001);
    raw_say(&l.r, 0x12, zeros, 1001);
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0] + l.e.got[1], 3);
    raw_say(&l.r, 0x10, zeros, 1001); /* a few bytes on the wire */
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0], 2);
    assert_int_equal(l.e.s->end.reason, DEVP2P_DISC_PROTOCOL_ERROR);
    lone_fini(&l);
}

static void too_long_to_send(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 2, 2);
    p.e[0].s->mux.rules = rules;
    pair_run(&p, 0);
    send(&p, 0, 0, 1001, DEVP2P_ERR_TOO_BIG);
    send(&p, 0, 0, 1000, 0);
    send(&p, 0, 1, 1001, 0);
    pair_run(&p, DP_SEC);
    assert_int_equal(p.e[1].got[0], 2);
    pair_fini(&p);
}

/* --- counts --- */

/* Both ends count the same, to the byte. */
static void both_count_the_same(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 2, 2);
    pair_run(&p, 0);
    for (size_t i = 0; i < 30; i++)
        send(&p, i % 2, i % 2, 1000 * i, 0);
    pair_run(&p, DP_SEC);
    const dp_meter *a = dp_session_meter(p.e[0].s);
    const dp_meter *b = dp_session_meter(p.e[1].s);
    assert_int_equal(a->all.out.wire, p.e[1].in.total);
    assert_int_equal(a->all.in.wire, p.e[0].in.total);
    assert_memory_equal(&a->all.out, &b->all.in, sizeof a->all.out);
    assert_memory_equal(&a->all.in, &b->all.out, sizeof a->all.in);
    assert_int_equal(a->all.out.messages, 30);
    assert_int_equal(a->all.out.plain, 1000 * 29 * 15);
    for (size_t i = 0; i < a->ncells; i++)
        assert_memory_equal(
            &a->cells[i].out, &b->cells[i].in, sizeof a->cells[i].out);
    devp2p_traffic t;
    dp_meter_read(a, &t, 1, 1);
    assert_int_equal(t.out.messages, 15);
    dp_meter_read(a, &t, 1, 0);
    assert_int_equal(t.out.messages, 0);
    pair_fini(&p);
}

/* --- who wants to hear of each message --- */

/* tell makes both nodes' sessions tell. */
static void tell(pair *p)
{
    for (int i = 0; i < 2; i++)
        p->e[i].s->tx.tells = p->e[i].node->self.tells_sent = true;
}

/* Each message is told once, when all of it was written, and with its length;
 * the counts are those of a session that tells nothing. */
static void each_is_told_once(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 2, 2);
    pair_run(&p, 0);
    tell(&p);
    p.e[0].write_max = 0;
    for (size_t i = 0; i < 30; i++)
        send(&p, i % 2, i % 2, 1000 * i, 0);
    pair_run(&p, DP_SEC);
    assert_int_equal(p.e[0].told[0] + p.e[0].told[1], 0);
    assert_int_equal(dp_session_unsent(p.e[0].s, 0), 15);
    p.e[0].write_max = SIZE_MAX;
    pair_run(&p, DP_SEC);
    assert_int_equal(p.e[0].told[0], 15);
    assert_int_equal(p.e[0].told[1], 15);
    assert_int_equal(p.e[0].told_bytes[1], 1000 * 15 * 15);
    assert_int_equal(dp_session_unsent(p.e[0].s, 0), 0);
    const dp_meter *a = dp_session_meter(p.e[0].s);
    assert_int_equal(a->all.out.messages, 30);
    assert_int_equal(a->all.out.plain, 1000 * 29 * 15);
    assert_int_equal(p.e[1].told[0], 0);
    pair_fini(&p);
}

/* At the end each message was either told or is counted as unsent, wherever the
 * connection is cut. */
static void told_or_unsent(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 400; cut += 7) {
        pair p;
        pair_init(&p, 1, 1);
        pair_run(&p, 0);
        tell(&p);
        for (size_t i = 0; i < 10; i++)
            send(&p, 0, 0, 1, 0);
        p.e[0].write_max = cut;
        pair_work(&p.e[0], false);
        pair_write(&p.e[0]); /* nobody has asked when it breaks */
        dp_session_eof(p.e[0].s, DEVP2P_ERR_RESET, p.w.now);
        pair_run(&p, DP_SEC);
        assert_true(p.e[0].down);
        assert_int_equal(p.e[0].told[0] + p.e[0].unsent[0], 10);
        assert_true(cut < 64 || p.e[0].told[0] > 0);
        pair_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_by_our_will),
        cmocka_unit_test(slow_by_its_own),
        cmocka_unit_test(dead_all_the_same),
        cmocka_unit_test(sent_slowly),
        cmocka_unit_test(pings_pass),
        cmocka_unit_test(so_many_a_second),
        cmocka_unit_test(others_are_free),
        cmocka_unit_test(goodbye_behind),
        cmocka_unit_test(too_long),
        cmocka_unit_test(too_long_to_send),
        cmocka_unit_test(both_count_the_same),
        cmocka_unit_test(each_is_told_once),
        cmocka_unit_test(told_or_unsent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
