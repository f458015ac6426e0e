/* SPDX-License-Identifier: MIT */
/* session_end_test.c - how sessions end, and what they say was not sent. */
#include "raw_peer.h"

/* whole_frames counts messages of capabilities that were wholly written. */
static unsigned whole_frames(lone *l)
{
    unsigned n = 0;
    while (raw_hear(&l->r))
        n += l->r.id >= DP_BASE_LENGTH;
    return n;
}

static void queue(lone *l, unsigned n, size_t len)
{
    uint8_t *noise = test_noise(len, n);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pair_send(&l->e, 0, 0, noise, len), 0);
    free(noise);
}

/* --- the goodbye --- */

/* The peer pours 1 MiB in at that moment and hears the reason; nothing that it
 * said is left unread, so that no reset can follow. */
static void test_reason_against_the_stream(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    uint8_t *noise = test_noise(1 << 20, 1);
    raw_say(&l.r, 0x10, noise, 1 << 20);
    free(noise);
    l.e.read_max = 100000;
    pair_turn(&l.e);
    dp_session_close(l.e.s, DEVP2P_DISC_TOO_MANY_PEERS, true, l.w.now);
    while (pair_turn(&l.e))
        ;
    assert_true(l.e.shut && !l.e.down);
    assert_int_equal(l.e.in.head, l.e.in.len);
    assert_int_equal(l.e.got[0], 0);
    while (raw_hear(&l.r))
        ;
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    assert_memory_equal(l.r.at, "\xc1\x04", 2);
    l.e.in.shut = true;
    pair_settle(&l.e, 1);
    assert_true(l.e.down && !l.e.end.reset);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_TOO_MANY_PEERS);
    lone_fini(&l);
}

static void test_drain_ends_at_4_mib(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    uint64_t began = l.w.now.mono;
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, false, l.w.now);
    pair_settle(&l.e, 1);
    uint8_t *noise = test_noise(DP_DRAIN_MAX, 1);
    raw_put(&l.r, noise, DP_DRAIN_MAX - 1);
    pair_sleep(&l.e, 1, DP_SEC);
    assert_false(l.e.down);
    raw_put(&l.r, noise, DP_DRAIN_MAX - 1);
    free(noise);
    pair_settle(&l.e, 1);
    assert_true(l.e.down);
    assert_true(l.e.down_at == began + DP_SEC);
    lone_fini(&l);
}

static void test_drain_ends_after_2_s(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    uint64_t began = l.w.now.mono;
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, false, l.w.now);
    pair_sleep(&l.e, 1, 10 * DP_SEC);
    assert_true(l.e.shut && l.e.down);
    assert_true(l.e.down_at == began + DP_DRAIN_NS);
    lone_fini(&l);
}

/* What was queued goes out before the reason if it can within 2 s. */
static void test_flush(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 90, 10000);
    l.e.write_max = 5000; /* a turn */
    dp_session_close(l.e.s, DEVP2P_DISC_REQUESTED, true, l.w.now);
    for (unsigned ms = 0; ms < 1900; ms += 10) {
        pair_turn(&l.e);
        l.w.now.mono += 10 * DP_MS;
    }
    pair_sleep(&l.e, 1, 0);
    assert_true(l.e.shut);
    assert_int_equal(whole_frames(&l), 90);
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    pair_sleep(&l.e, 1, 5 * DP_SEC);
    assert_true(l.e.down);
    assert_int_equal(l.e.unsent[0], 0);
    lone_fini(&l);
}

/* However much the peer pours in while the queue goes out. */
static void test_flush_against_the_stream(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 90, 10000);
    l.e.write_max = 10000;
    uint8_t *noise = test_noise(100000, 1);
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, true, l.w.now);
    for (unsigned ms = 0; ms < 800; ms += 10) {
        raw_put(&l.r, noise, 100000);
        pair_turn(&l.e);
        l.w.now.mono += 10 * DP_MS;
    }
    free(noise);
    assert_false(l.e.down);
    pair_sleep(&l.e, 1, DP_SEC);
    assert_true(l.e.shut);
    assert_int_equal(whole_frames(&l), 90);
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    lone_fini(&l);
}

/* A peer that takes it too slowly gets the reason in time, not the rest. */
static void test_flush_is_cut_after_2_s(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 90, 10000);
    l.e.write_max = 1000; /* 100 kB/s */
    uint64_t began = l.w.now.mono;
    dp_session_close(l.e.s, DEVP2P_DISC_REQUESTED, true, l.w.now);
    while (!l.e.shut && !l.e.down) {
        pair_turn(&l.e);
        l.w.now.mono += 10 * DP_MS;
    }
    assert_true(l.e.shut);
    assert_in_range(l.w.now.mono - began, DP_FLUSH_NS, 3 * DP_SEC);
    unsigned heard = whole_frames(&l);
    assert_in_range(heard, 20, 40);
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    pair_sleep(&l.e, 1, 5 * DP_SEC);
    assert_true(l.e.down);
    assert_int_equal(l.e.unsent[0], 90 - heard);
    lone_fini(&l);
}

static void test_peer_that_takes_nothing_at_the_end(void **state)
{
    (void)state;
    for (unsigned flush = 0; flush < 2; flush++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        queue(&l, 20, 10000);
        l.e.write_max = 0;
        uint64_t began = l.w.now.mono;
        dp_session_close(l.e.s, DEVP2P_DISC_REQUESTED, flush, l.w.now);
        pair_sleep(&l.e, 1, 20 * DP_SEC);
        assert_true(l.e.down && !l.e.shut);
        assert_true(
            l.e.down_at == began + DP_DRAIN_NS + (flush ? DP_FLUSH_NS : 0));
        assert_int_equal(l.e.end.reason, DEVP2P_DISC_REQUESTED);
        assert_int_equal(l.e.unsent[0], 20);
        lone_fini(&l);
    }
}

/* hurried closes a session whose peer takes nothing, and hurries it some time
 * later: how long after that it is over, in ms. */
static uint64_t hurried(bool flush, uint64_t after_ms)
{
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 20, 10000);
    l.e.write_max = 0;
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, flush, l.w.now);
    pair_sleep(&l.e, 1, after_ms * DP_MS);
    uint64_t began = l.w.now.mono;
    dp_session_hurry(l.e.s, l.w.now);
    pair_sleep(&l.e, 1, 300 * DP_MS);
    dp_session_hurry(l.e.s, l.w.now); /* once is enough */
    pair_sleep(&l.e, 1, 20 * DP_SEC);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(l.e.unsent[0], 20);
    uint64_t took = (l.e.down_at - began) / DP_MS;
    lone_fini(&l);
    return took;
}

/* Who stops the server waits 2 s at most, wherever a farewell was. */
static void test_a_farewell_is_hurried(void **state)
{
    (void)state;
    assert_int_equal(hurried(true, 0), 2000);
    assert_int_equal(hurried(true, 500), 2000);
    assert_int_equal(hurried(true, 1600), 1400); /* 400 of the flush are left */
    assert_int_equal(hurried(true, 2500), 1000); /* it drains */
    assert_int_equal(hurried(false, 0), 1000);
    assert_int_equal(hurried(false, 1700), 300);
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_session_hurry(l.e.s, l.w.now); /* one that was not closed stays */
    pair_sleep(&l.e, 1, 5 * DP_SEC);
    assert_false(l.e.down);
    lone_fini(&l);
}

/* What is queued goes out while there is time, and the reason behind it. */
static void test_hurried_it_still_says_why(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 90, 10000);
    l.e.write_max = 1000; /* 100 kB/s */
    uint64_t began = l.w.now.mono;
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, true, l.w.now);
    dp_session_hurry(l.e.s, l.w.now);
    while (!l.e.shut && !l.e.down) {
        pair_turn(&l.e);
        l.w.now.mono += 10 * DP_MS;
    }
    assert_true(l.e.shut);
    assert_in_range(l.w.now.mono - began, DP_HURRY_NS, 2 * DP_HURRY_NS);
    unsigned heard = whole_frames(&l);
    assert_in_range(heard, 10, 30);
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    pair_sleep(&l.e, 1, 5 * DP_SEC);
    assert_int_equal(l.e.unsent[0], 90 - heard);
    lone_fini(&l);
}

/* Without a flush only the frame that has begun is finished. */
static void test_close_without_flush(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 4, 200000);
    l.e.write_max = 10000;
    pair_turn(&l.e);
    l.e.write_max = SIZE_MAX;
    dp_session_close(l.e.s, DEVP2P_DISC_REQUESTED, false, l.w.now);
    l.e.in.shut = true;
    pair_settle(&l.e, 1);
    assert_true(l.e.down);
    assert_int_equal(whole_frames(&l), 1);
    assert_int_equal(l.r.id, DP_ID_DISCONNECT);
    assert_int_equal(l.e.unsent[0], 3);
    lone_fini(&l);
}

/* An error code is not told; with a flush what is queued still goes. */
static void test_error_says_nothing(void **state)
{
    (void)state;
    for (unsigned flush = 0; flush < 2; flush++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        queue(&l, 5, 100);
        dp_session_close(l.e.s, DEVP2P_ERR_CLOSED, flush, l.w.now);
        pair_settle(&l.e, 1);
        assert_int_equal(l.e.shut, flush);
        l.e.in.shut = true;
        pair_settle(&l.e, 1);
        assert_true(l.e.down);
        assert_int_equal(l.e.end.reason, DEVP2P_ERR_CLOSED);
        assert_int_equal(l.e.end.reset, !flush);
        assert_int_equal(l.e.unsent[0], flush ? 0 : 5);
        assert_int_equal(whole_frames(&l), flush ? 5 : 0);
        assert_true(l.r.id != DP_ID_DISCONNECT);
        lone_fini(&l);
    }
}

static void test_first_reason_stays(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_session_close(l.e.s, DEVP2P_DISC_REQUESTED, true, l.w.now);
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, false, l.w.now);
    dp_session_judge(l.e.s, DEVP2P_DISC_SELF, l.w.now);
    assert_int_equal(pair_send(&l.e, 0, 0, "", 0), DEVP2P_ERR_CLOSED);
    lone_told(&l, DEVP2P_DISC_REQUESTED);
    dp_session_close(l.e.s, DEVP2P_DISC_SELF, false, l.w.now);
    pair_settle(&l.e, 1); /* DOWN only once: pair_gone checks it */
    lone_fini(&l);
}

static void test_reset_during_the_goodbye(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    queue(&l, 5, 100000);
    l.e.write_max = 150000;
    pair_turn(&l.e);
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, true, l.w.now);
    l.e.in.broken = DEVP2P_ERR_RESET;
    pair_settle(&l.e, 1);
    assert_true(l.e.down && !l.e.shut);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(l.e.unsent[0], 5 - whole_frames(&l));
    lone_fini(&l);
}

/* Before there are keys nobody can be told. */
static void test_close_before_keys(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_turn(&p.e[0]);
    for (size_t i = 0; i < 2; i++)
        dp_session_close(p.e[i].s, DEVP2P_DISC_QUITTING, true, p.w.now);
    pair_settle(p.e, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(p.e[i].down && !p.e[i].shut && p.e[i].end.reset);
        assert_int_equal(p.e[i].end.reason, DEVP2P_DISC_QUITTING);
    }
    pair_fini(&p);
}

/* Closed between AUTHED and READY: the peer hears why. */
static void test_close_before_hello(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_keys(&l.r);
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, true, l.w.now);
    lone_told(&l, DEVP2P_DISC_QUITTING);
    lone_fini(&l);
}

/* --- the peer ends it --- */

/* What the peer said before its end is delivered. */
static void test_end_of_input(void **state)
{
    (void)state;
    static const int errors[] = { 0, DEVP2P_ERR_RESET, DEVP2P_ERR_IO };
    for (size_t i = 0; i < 3; i++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        for (unsigned k = 0; k < 100; k++)
            raw_say(&l.r, 0x10, "\xc0", 1);
        l.e.in.shut = true;
        l.e.in.broken = errors[i];
        pair_settle(&l.e, 1);
        assert_true(l.e.down);
        assert_int_equal(l.e.got[0], 100);
        assert_int_equal(
            l.e.end.reason, errors[i] ? errors[i] : DEVP2P_ERR_CLOSED);
        assert_int_equal(l.e.end.reset, errors[i] != 0);
        lone_fini(&l);
    }
}

/* On a broken connection nothing is written any more, while what came before
 * the break is heard. */
static void test_silent_after_the_break(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    for (unsigned k = 0; k < 100; k++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    pair_read(&l.e);
    queue(&l, 3, 100);
    dp_session_eof(l.e.s, DEVP2P_ERR_RESET, l.w.now);
    uint64_t written = l.r.in.total;
    while (pair_turn(&l.e))
        assert_true(l.r.in.total == written);
    assert_true(l.e.down);
    assert_int_equal(l.e.got[0], 100);
    assert_int_equal(l.e.unsent[0], 3);
    lone_fini(&l);
}

/* A reset behind a Disconnect does not hide its reason. */
static void test_disconnect_before_the_reset(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_say(&l.r, DP_ID_DISCONNECT, "\xc1\x08", 2);
    l.e.in.broken = DEVP2P_ERR_RESET;
    pair_settle(&l.e, 1);
    assert_true(l.e.down && l.e.end.remote);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_QUITTING);
    lone_fini(&l);
}

/* In the middle of a frame, of Hello, of auth: closed, once. */
static void test_end_in_the_middle(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    uint8_t *noise = test_noise(100000, 1);
    raw_say(&l.r, 0x10, noise, 100000);
    free(noise);
    l.e.in.len -= 1;
    l.e.in.shut = true;
    pair_settle(&l.e, 1);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_CLOSED);
    assert_int_equal(l.e.got[0], 0);
    lone_fini(&l);

    lone_init(&l, 1, 1);
    raw_step(&l.r);
    l.e.in.len -= 1;
    l.e.in.shut = true;
    pair_settle(&l.e, 1);
    assert_true(l.e.down && !l.e.authed);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_CLOSED);
    lone_fini(&l);
}

/* At the mark the rest waits for the reader, also behind the end. */
static void test_end_behind_a_slow_reader(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    for (unsigned k = 0; k < DP_RECV_MESSAGES + 5; k++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    raw_say(&l.r, DP_ID_DISCONNECT, "\xc1\x08", 2);
    l.e.in.shut = true;
    pair_sleep(&l.e, 1, 10 * DP_SEC);
    assert_false(l.e.down);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES);
    pair_took(&l.e, 100);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES + 5);
    assert_true(l.e.down && l.e.end.remote);
    lone_fini(&l);
}

/* --- unsent --- */

typedef void ending(lone *l);

static void by_disconnect(lone *l)
{
    raw_say(&l->r, DP_ID_DISCONNECT, "\xc1\x08", 2);
}

static void by_end(lone *l)
{
    l->e.in.shut = true;
}

static void by_reset(lone *l)
{
    l->e.in.broken = DEVP2P_ERR_RESET;
}

static void by_bad_mac(lone *l)
{
    static const uint8_t garbage[64];
    raw_put(&l->r, garbage, sizeof garbage);
}

static void by_breach(lone *l)
{
    raw_hello_as(&l->r, &l->other.self.pub, 5);
}

static void by_silence(lone *l)
{
    (void)l; /* the peer takes nothing for 20 s */
}

static void by_close(lone *l)
{
    dp_session_close(l->e.s, DEVP2P_DISC_QUITTING, false, l->w.now);
}

static void by_flush(lone *l)
{
    dp_session_close(l->e.s, DEVP2P_DISC_QUITTING, true, l->w.now);
}

/* Whatever ends it and wherever the writing stood: each message was wholly
 * written, or counts as unsent. */
static void test_unsent_in_every_path(void **state)
{
    (void)state;
    static ending *const endings[] = { by_disconnect, by_end, by_reset,
        by_bad_mac, by_breach, by_silence, by_close, by_flush };
    enum { FRAME = 1056 }; /* noise of 1,000 bytes on the wire */
    static const size_t written[] = { 0, 1, 100, FRAME - 1, FRAME, FRAME + 1,
        5000, 30000, 64000, 65536, 65600, 120000, 180 * FRAME - 1 };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        for (size_t k = 0; k < sizeof written / sizeof *written; k++) {
            lone l;
            lone_init(&l, 1, 1);
            raw_open(&l.r);
            queue(&l, 180, 1000);
            for (size_t left = written[k]; left;) {
                uint64_t before = l.r.in.total;
                l.e.write_max = left;
                pair_turn(&l.e);
                assert_true(l.r.in.total > before);
                left -= (size_t)(l.r.in.total - before);
            }
            l.e.write_max = 0;
            endings[i](&l);
            pair_sleep(&l.e, 1, 25 * DP_SEC);
            assert_true(l.e.down);
            assert_int_equal(whole_frames(&l) + l.e.unsent[0], 180);
            assert_true(l.e.unsent[0] > 0);
            lone_fini(&l);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reason_against_the_stream),
        cmocka_unit_test(test_drain_ends_at_4_mib),
        cmocka_unit_test(test_drain_ends_after_2_s),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_flush_against_the_stream),
        cmocka_unit_test(test_flush_is_cut_after_2_s),
        cmocka_unit_test(test_peer_that_takes_nothing_at_the_end),
        cmocka_unit_test(test_a_farewell_is_hurried),
        cmocka_unit_test(test_hurried_it_still_says_why),
        cmocka_unit_test(test_close_without_flush),
        cmocka_unit_test(test_error_says_nothing),
        cmocka_unit_test(test_first_reason_stays),
        cmocka_unit_test(test_reset_during_the_goodbye),
        cmocka_unit_test(test_close_before_keys),
        cmocka_unit_test(test_close_before_hello),
        cmocka_unit_test(test_end_of_input),
        cmocka_unit_test(test_silent_after_the_break),
        cmocka_unit_test(test_disconnect_before_the_reset),
        cmocka_unit_test(test_end_in_the_middle),
        cmocka_unit_test(test_end_behind_a_slow_reader),
        cmocka_unit_test(test_unsent_in_every_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
