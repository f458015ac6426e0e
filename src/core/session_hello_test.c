/* SPDX-License-Identifier: MIT */
/* session_hello_test.c - from the first byte to READY and its verdict. */
#include "core/session_impl.h"
#include "raw_peer.h"

/* --- Hello --- */

static void test_hello_waits_for_nobody(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_keys(&l.r);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r));
    assert_int_equal(l.r.id, DP_ID_HELLO);
    assert_int_equal(l.r.len, l.node.self.hello_len);
    assert_memory_equal(l.r.at, l.node.hello, l.r.len);
    assert_false(l.e.ready);
    lone_fini(&l);
}

/* A verdict against the peer is the first frame, in plain. */
static void test_refused_when_named(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_authed = DEVP2P_DISC_TOO_MANY_PEERS;
    raw_keys(&l.r);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r));
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    assert_int_equal(l.r.len, 2);
    assert_memory_equal(l.r.at, "\xc1\x04", 2);
    assert_false(raw_hear(&l.r));
    lone_fini(&l);
}

static void test_refused_when_ready(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_ready = DEVP2P_DISC_ALREADY_CONNECTED;
    raw_open(&l.r);
    lone_told(&l, DEVP2P_DISC_ALREADY_CONNECTED);
    lone_fini(&l);
}

static void test_first_message_is_hello_or_disconnect(void **state)
{
    (void)state;
    static const uint64_t ids[] = { 2, 3, 4, 0xf, 0x10, 0x11, 0x100,
        UINT64_MAX };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_keys(&l.r);
        raw_frame(&l.r, ids[i], "\xc0", 1);
        lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
        assert_false(l.e.ready);
        lone_fini(&l);
    }
}

static void test_second_hello(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_hello_as(&l.r, &l.other.self.pub, 5);
    lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
    lone_fini(&l);
}

/* The identity in Hello is the handshake's, or the session ends; the refusal is
 * compressed as the peer expects it by then. */
static void test_identity_in_hello(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        lone l;
        lone_init(&l, 1, 1);
        devp2p_pubkey pub = { { 0 } };
        if (i)
            pub = l.node.self.pub;
        raw_keys(&l.r);
        raw_hello_as(&l.r, &pub, 5);
        l.r.snappy = i == 1; /* of an invalid Hello the version is unknown */
        lone_told(&l,
            i ? DEVP2P_DISC_UNEXPECTED_IDENTITY : DEVP2P_DISC_INVALID_IDENTITY);
        assert_false(l.e.ready);
        lone_fini(&l);
    }
}

static void test_malformed_hello(void **state)
{
    (void)state;
    size_t len = 1;
    for (size_t cut = 1; cut <= len; cut++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_keys(&l.r);
        len = l.other.self.hello_len;
        raw_frame(&l.r, DP_ID_HELLO, l.other.hello, len - cut);
        lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
        lone_fini(&l);
    }
    assert_true(len > 64);
}

static void test_capabilities(void **state)
{
    (void)state;
    static const struct {
        size_t ours, theirs, shared;
        bool stays;
    } row[] = { { 1, 1, 1, true }, { 3, 2, 2, true }, { 0, 0, 0, true },
        { 0, 2, 0, true }, { 2, 0, 0, false } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        lone l;
        lone_init(&l, row[i].ours, row[i].theirs);
        raw_keys(&l.r);
        raw_hello_as(&l.r, &l.other.self.pub, 5);
        l.r.snappy = true;
        pair_settle(&l.e, 1);
        assert_int_equal(l.e.ready, row[i].stays);
        if (row[i].stays)
            assert_int_equal(dp_session_caps(l.e.s)->n, row[i].shared);
        else
            lone_told(&l, DEVP2P_DISC_USELESS_PEER);
        lone_fini(&l);
    }
}

/* The same name with another version is no match. */
static void test_other_version(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_keys(&l.r);
    l.other.protocols[0].version = 2;
    raw_hello_as(&l.r, &l.other.self.pub, 5);
    l.r.snappy = true;
    lone_told(&l, DEVP2P_DISC_USELESS_PEER);
    lone_fini(&l);
}

/* As many capabilities as a Hello can hold; what the session keeps outlives the
 * frame. */
static void test_hello_full_of_capabilities(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_keys(&l.r);
    static devp2p_cap caps[700];
    uint8_t hello[2048];
    size_t n = 0, len = 0;
    for (;; n++) {
        caps[n] = n ? (devp2p_cap){ { NULL, 0 }, 0 }
                    : (devp2p_cap){ { (const uint8_t *)"foo", 3 }, 1 };
        const dp_hello h = {
            .version = 5, .caps = caps, .ncaps = n + 1, .pub = l.other.self.pub
        };
        if (dp_hello_write(hello, sizeof hello, &len, &h))
            break;
    }
    const dp_hello h = {
        .version = 5, .caps = caps, .ncaps = n, .pub = l.other.self.pub
    };
    assert_int_equal(dp_hello_write(hello, sizeof hello, &len, &h), 0);
    raw_frame(&l.r, DP_ID_HELLO, hello, len);
    pair_settle(&l.e, 1);
    assert_true(l.e.ready && n > 600);
    assert_int_equal(dp_session_hello(l.e.s)->ncaps, n);
    assert_true(devp2p_slice_is(dp_session_hello(l.e.s)->caps[0].name, "foo"));
    lone_fini(&l);
}

static void test_version_4_is_plain(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_keys(&l.r);
    raw_hello_as(&l.r, &l.other.self.pub, 4);
    pair_settle(&l.e, 1);
    assert_true(l.e.ready);
    assert_false(dp_session_snappy(l.e.s));
    raw_say(&l.r, 0x10,
        "\x83"
        "foo",
        4);
    raw_say(&l.r, DP_ID_PING, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 1);
    assert_int_equal(l.e.got_bytes[0], 4);
    assert_int_equal(pair_send(&l.e, 0, 1, "hello", 5), 0);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r) && l.r.id == DP_ID_HELLO);
    assert_true(raw_hear(&l.r) && l.r.id == DP_ID_PONG);
    assert_memory_equal(l.r.at, "\xc0", 1);
    assert_true(raw_hear(&l.r) && l.r.id == 0x11);
    assert_memory_equal(l.r.at, "hello", 5);
    lone_fini(&l);
}

/* --- the size of the first frame --- */

static void test_frame_before_hello(void **state)
{
    (void)state;
    static const size_t sizes[] = { 2049, 2050, 70000, DP_FRAME_MAX };
    static uint8_t body[DP_FRAME_MAX];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_keys(&l.r);
        size_t before = l.w.env.live;
        raw_body(&l.r, body, sizes[i]);
        pair_read(&l.e);
        assert_true(l.w.env.live <= before + 16 * 1024);
        pair_settle(&l.e, 1);
        if (sizes[i] == 2049) {
            assert_true(l.e.shut); /* not a Hello, but no longer than one */
            assert_int_equal(l.e.s->end.reason, DEVP2P_DISC_PROTOCOL_ERROR);
        } else {
            assert_true(l.e.down);
            assert_int_equal(l.e.end.reason, DEVP2P_ERR_FRAME_SIZE);
        }
        lone_fini(&l);
    }
}

/* --- Disconnect instead of Hello --- */

static void test_disconnect_instead_of_hello(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } form[] = { { "\xc1\x04", 2 }, { "\x04", 1 }, { "\x82\xc1\x04", 3 },
        { "\x02\x04\xc1\x04", 4 } };
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_keys(&l.r);
        raw_frame(&l.r, DP_ID_DISCONNECT, form[i].bytes, form[i].len);
        pair_settle(&l.e, 1);
        assert_true(l.e.down && l.e.end.remote);
        assert_false(l.e.end.reset);
        assert_int_equal(l.e.end.reason, DEVP2P_DISC_TOO_MANY_PEERS);
        lone_fini(&l);
    }
}

/* --- the verdict that comes later --- */

/* Held: what comes is read while there is room, and nothing is opened. */
static void test_held(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_ready = PAIR_HOLD;
    raw_open(&l.r);
    uint8_t *noise = test_noise(1000, 1);
    for (unsigned i = 0; i < 100; i++)
        raw_say(&l.r, 0x10, noise, 1000);
    pair_sleep(&l.e, 1, 4 * DP_SEC);
    assert_false(l.e.down); /* the hold has its own end, elsewhere */
    assert_int_equal(l.e.got[0], 0);
    assert_true(l.e.in.len - l.e.in.head > 80000); /* a chunk was read */
    assert_true(l.e.in.len - l.e.in.head < 100000);
    assert_null(dp_session_lend(l.e.s, true, l.w.now));
    assert_int_equal(l.e.s->rx.ready, 0);
    assert_int_equal(pair_send(&l.e, 0, 0, "", 0), DEVP2P_ERR_CLOSED);
    pair_sleep(&l.e, 1, 60 * DP_SEC);
    assert_false(l.e.down);
    l.e.on_ready = 0;
    dp_session_judge(l.e.s, 0, l.w.now);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 100);
    free(noise);
    lone_fini(&l);
}

/* A frame that had come in part when the hold began has its time behind it. */
static void test_clock_of_a_frame_rests_while_held(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_ready = PAIR_HOLD;
    raw_open(&l.r);
    raw_say(&l.r, 0x10, "0123456789", 10);
    l.e.in.len -= 10;
    pair_sleep(&l.e, 1, 50 * DP_SEC);
    l.e.on_ready = 0;
    dp_session_judge(l.e.s, 0, l.w.now);
    pair_sleep(&l.e, 1, DP_SEC);
    assert_false(l.e.down);
    l.e.in.len += 10;
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0], 1);
    lone_fini(&l);
}

static void test_held_then_refused(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_ready = PAIR_HOLD;
    raw_open(&l.r);
    pair_sleep(&l.e, 1, 3 * DP_SEC);
    dp_session_judge(l.e.s, DEVP2P_DISC_ALREADY_CONNECTED, l.w.now);
    lone_told(&l, DEVP2P_DISC_ALREADY_CONNECTED);
    lone_fini(&l);
}

/* A held peer that gives up: its reason is heard, its messages are not. */
static void test_held_peer_leaves(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_ready = PAIR_HOLD;
    raw_open(&l.r);
    raw_say(&l.r, 0x10, "\xc0", 1);
    raw_say(&l.r, DP_ID_DISCONNECT, "\xc1\x05", 2);
    pair_settle(&l.e, 1);
    assert_false(l.e.down);
    l.e.in.shut = true;
    pair_settle(&l.e, 1);
    assert_true(l.e.down && l.e.end.remote);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_ALREADY_CONNECTED);
    assert_int_equal(l.e.got[0], 0);
    lone_fini(&l);
}

/* --- time --- */

/* stop_after runs a pair in which end i reads only so many bytes; true when it
 * became ready. */
static bool stop_after(size_t i, size_t bytes, bool trickle)
{
    pair p;
    pair_init(&p, 1, 1);
    uint64_t began = p.w.now.mono;
    p.e[i].read_total = bytes;
    if (trickle)
        p.e[i].read_max = 1;
    pair_run(&p, 20 * DP_SEC);
    bool ready = p.e[i].ready;
    if (!ready) {
        assert_true(p.e[i].down);
        assert_int_equal(p.e[i].end.reason, DEVP2P_ERR_TIMEOUT);
        assert_true(p.e[i].end.reset);
        assert_true(p.e[i].down_at == began + DP_HANDSHAKE_NS);
    }
    pair_fini(&p);
    return ready;
}

/* A peer that stops at any byte of auth, ack or Hello is gone after 5 s. */
static void test_stall_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t bytes = 0;
        while (!stop_after(i, bytes, false))
            bytes++;
        assert_in_range(bytes, 400, 1200);
    }
}

/* Nor do bytes that trickle in extend it. */
static void test_trickle_does_not_extend(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    uint64_t began = l.w.now.mono;
    raw_step(&l.r); /* auth is in the pipe */
    while (!l.e.down) {
        assert_true(l.w.now.mono < began + 6 * DP_SEC);
        l.e.read_max = 1;
        pair_read(&l.e);
        pair_events(&l.e);
        l.w.now.mono += 50 * DP_MS;
        dp_session_tick(l.e.s, l.w.now);
        pair_events(&l.e);
    }
    assert_true(l.e.down_at == began + DP_HANDSHAKE_NS);
    lone_fini(&l);
}

/* Until AUTHED is judged nothing is said; the same 5 s end it. */
static void test_no_verdict(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.on_authed = PAIR_HOLD;
    raw_keys(&l.r);
    raw_hello_as(&l.r, &l.other.self.pub, 5);
    pair_sleep(&l.e, 1, 10 * DP_SEC);
    assert_false(raw_hear(&l.r));
    assert_true(l.e.down && !l.e.ready);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_TIMEOUT);
    lone_fini(&l);
}

/* --- failures --- */

/* Whatever is wrong with auth, the peer gets nothing and the end is the same.
 */
static void test_all_failures_look_alike(void **state)
{
    (void)state;
    for (size_t at = 0; at < 300; at += 7) {
        lone l;
        lone_init(&l, 1, 1);
        raw_step(&l.r);
        l.e.in.at[at] ^= 0x41;
        l.e.in.shut = true;
        pair_settle(&l.e, 1);
        assert_true(l.e.down && l.e.end.reset && !l.e.authed);
        assert_int_equal(l.r.in.total, 0);
        if (at > 1)
            assert_int_equal(l.e.end.reason, DEVP2P_ERR_HANDSHAKE);
        lone_fini(&l);
    }
}

/* We dial the right address under another key. */
static void test_dialled_another_key(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_node third;
    pair_node_init(&third, &p.w, 3, 1);
    pair_end_fini(&p.e[0]);
    pair_end_init(&p.e[0], &p.w, &p.node[0], &third.self.pub, &p.e[1].in);
    pair_run(&p, DP_SEC);
    assert_true(p.e[0].down && p.e[1].down);
    assert_int_equal(p.e[1].end.reason, DEVP2P_ERR_HANDSHAKE);
    assert_int_equal(p.e[0].in.total, 0);
    pair_node_fini(&third);
    pair_fini(&p);
}

static void test_no_randomness(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    p.w.env.no_random = true;
    pair_run(&p, DP_SEC);
    assert_true(p.e[0].down);
    assert_int_equal(p.e[0].end.reason, DEVP2P_ERR_RANDOM);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_waits_for_nobody),
        cmocka_unit_test(test_refused_when_named),
        cmocka_unit_test(test_refused_when_ready),
        cmocka_unit_test(test_first_message_is_hello_or_disconnect),
        cmocka_unit_test(test_second_hello),
        cmocka_unit_test(test_identity_in_hello),
        cmocka_unit_test(test_malformed_hello),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_hello_full_of_capabilities),
        cmocka_unit_test(test_version_4_is_plain),
        cmocka_unit_test(test_frame_before_hello),
        cmocka_unit_test(test_disconnect_instead_of_hello),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_clock_of_a_frame_rests_while_held),
        cmocka_unit_test(test_held_then_refused),
        cmocka_unit_test(test_held_peer_leaves),
        cmocka_unit_test(test_stall_at_every_byte),
        cmocka_unit_test(test_trickle_does_not_extend),
        cmocka_unit_test(test_no_verdict),
        cmocka_unit_test(test_all_failures_look_alike),
        cmocka_unit_test(test_dialled_another_key),
        cmocka_unit_test(test_no_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
