/* SPDX-License-Identifier: MIT */
/* session_time_test.c - deadlines of an open session, in virtual time. */
#include "core/session_impl.h"
#include "raw_peer.h"

/* pass lets time go by, from deadline to deadline or in steps of a fine clock:
 * what happens may not depend on which. */
static void pass(lone *l, bool fine, uint64_t ns)
{
    uint64_t step = fine ? 7 * DP_MS : ns, left = ns;
    while (left) {
        uint64_t n = left < step ? left : step;
        if (fine) {
            dp_session_tick(l->e.s, l->w.now);
            l->w.now.mono += n;
            pair_settle(&l->e, 1);
        } else {
            pair_sleep(&l->e, 1, n);
        }
        left -= n;
    }
}

/* near: the moment, or within one step of a clock that ticks by itself. */
static bool near(uint64_t at, uint64_t want, bool fine)
{
    return at >= want && at <= want + (fine ? 15 * DP_MS : 0);
}

static void test_two_that_have_nothing_to_say(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_run(&p, 0);
    uint64_t written[2] = { p.e[0].in.total, p.e[1].in.total };
    size_t idle = p.w.env.live;
    pair_run(&p, 600 * DP_SEC);
    for (size_t i = 0; i < 2; i++) {
        assert_false(p.e[i].down || p.e[i].shut);
        /* 40 pings, 40 pongs, 64 bytes each; nothing else */
        assert_int_equal(p.e[i].in.total - written[i], 80 * 64);
    }
    assert_int_equal(p.w.env.live, idle);
    pair_fini(&p);
}

/* A session that waits for nothing but time holds no buffer. */
static void test_memory_of_an_idle_session(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 2, 2);
    pair_run(&p, 0);
    size_t live = p.w.env.live;
    dp_session_free(p.e[0].s);
    p.e[0].s = NULL;
    p.e[0].down = true;
    size_t one = live - p.w.env.live;
    assert_in_range(one, sizeof(dp_session), 6000);
    assert_int_equal(p.node[0].recv.used, 0);
    pair_fini(&p);
}

static void test_dead_after_30_s(void **state)
{
    (void)state;
    for (unsigned fine = 0; fine < 2; fine++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        pass(&l, fine, 29 * DP_SEC);
        assert_false(l.e.shut);
        raw_say(&l.r, DP_ID_PONG, "\xc0", 1);
        pair_settle(&l.e, 1);
        uint64_t heard = l.w.now.mono;
        pass(&l, fine, 29 * DP_SEC);
        assert_false(l.e.shut);
        pass(&l, fine, 10 * DP_SEC);
        assert_true(l.e.shut && l.e.down);
        assert_int_equal(l.e.end.reason, DEVP2P_DISC_READ_TIMEOUT);
        assert_true(near(l.e.down_at, heard + DP_DEAD_NS + DP_DRAIN_NS, fine));
        while (raw_hear(&l.r))
            ;
        assert_int_equal(l.r.id, DP_ID_DISCONNECT);
        lone_fini(&l);
    }
}

static void test_peer_that_takes_nothing(void **state)
{
    (void)state;
    for (unsigned fine = 0; fine < 2; fine++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        l.e.write_max = 0;
        uint8_t *noise = test_noise(1000, 1);
        assert_int_equal(pair_send(&l.e, 0, 0, noise, 1000), 0);
        free(noise);
        pair_turn(&l.e);
        for (unsigned i = 0; i < 3; i++) { /* one byte in 19 s is progress */
            pass(&l, fine, 19 * DP_SEC);
            raw_say(&l.r, DP_ID_PONG, "\xc0", 1);
            l.e.write_max = 1;
            pair_write(&l.e);
            l.e.write_max = 0;
        }
        uint64_t taken = l.w.now.mono;
        pass(&l, fine, 25 * DP_SEC);
        assert_true(l.e.down && l.e.end.reset);
        assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
        assert_true(near(l.e.down_at, taken + DP_WRITE_NS, fine));
        assert_int_equal(l.e.unsent[0], 1);
        lone_fini(&l);
    }
}

/* --- frames that do not come to an end --- */

/* feed gives bytes of what waits in the pipe, n every ms. */
static void feed(lone *l, size_t n, uint64_t ms, uint64_t times)
{
    for (uint64_t i = 0; i < times && !l->e.down; i++) {
        l->e.read_max = n;
        pair_read(&l->e);
        l->e.read_max = 0;
        pair_sleep(&l->e, 1, ms * DP_MS);
    }
}

static void long_frame(lone *l, size_t len)
{
    uint8_t *noise = test_noise(len, 1);
    lone_init(l, 1, 1);
    raw_open(&l->r);
    raw_say(&l->r, 0x10, noise, len);
    free(noise);
}

/* A frame of 1 MiB at 4 KiB/s less a little is given up, at 40 KiB/s it is not.
 */
static void test_floor_of_a_long_frame(void **state)
{
    (void)state;
    lone l;
    long_frame(&l, 1 << 20);
    uint64_t began = l.w.now.mono;
    feed(&l, 4000, 1000, 60);
    assert_true(l.e.down && l.e.end.reset);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
    assert_true(l.e.down_at < began + DP_FRAME_NS + DP_SEC);
    lone_fini(&l);

    long_frame(&l, 1 << 20);
    began = l.w.now.mono;
    feed(&l, 100, 1000, 60); /* at once: 5 s and what 500 bytes buy */
    assert_true(l.e.down);
    assert_in_range(l.e.down_at, began + 5 * DP_SEC, began + 6 * DP_SEC);
    lone_fini(&l);

    long_frame(&l, 1 << 20);
    feed(&l, 4100, 100, 280);
    assert_false(l.e.down);
    assert_int_equal(l.e.got[0], 1);
    lone_fini(&l);
}

/* At the floor for ever: 30 s in all. */
static void test_30_s_for_a_frame(void **state)
{
    (void)state;
    lone l;
    long_frame(&l, 4 << 20);
    uint64_t began = l.w.now.mono;
    feed(&l, 8200, 1000, 60);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
    assert_in_range(l.e.down_at, began + DP_FRAME_NS - DP_SEC,
        began + DP_FRAME_NS + DP_SEC);
    lone_fini(&l);

    long_frame(&l, 200); /* a short one too, a byte each second */
    began = l.w.now.mono;
    feed(&l, 1, 700, 90);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
    assert_true(l.e.down_at == began + DP_FRAME_NS);
    lone_fini(&l);
}

/* A stream of short frames has all the time in the world, also when one is
 * always coming in. */
static void test_stream_of_short_frames(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    for (unsigned i = 0; i < 2000; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    feed(&l, 100, 100, 1200);
    assert_false(l.e.down);
    assert_int_equal(l.e.got[0], 100 * 1200 / 64);
    lone_fini(&l);
}

/* The clocks of the peer rest while we do not read. */
static void test_clocks_rest_at_the_mark(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    raw_say(&l.r, DP_ID_PONG, "\xc0", 1); /* moves the chunks by one frame */
    for (unsigned i = 0; i < DP_RECV_MESSAGES; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    uint8_t *noise = test_noise(100000, 1);
    raw_say(&l.r, 0x10, noise, 100000); /* begins in the same chunk */
    free(noise);
    pair_settle(&l.e, 1);
    assert_true(l.e.s->rx.filled > l.e.s->rx.head);
    pair_sleep(&l.e, 1, DP_STALL_NS - DP_SEC);
    assert_false(l.e.down || l.e.shut);
    pair_took(&l.e, 10);
    l.e.read_max = 0;
    pair_sleep(&l.e, 1, 4 * DP_SEC); /* a frame may pause so long */
    assert_false(l.e.down || l.e.shut);
    l.e.read_max = SIZE_MAX;
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES + 1);
    lone_fini(&l);
}

/* --- the total --- */

/* Other sessions used the receive total up: small messages still come, a long
 * one waits, and goes on soon after there is memory again. */
static void test_exhausted_receive_total(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_budget_take(&l.node.recv, DP_RECV_TOTAL);
    for (unsigned i = 0; i < 100; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    pair_sleep(&l.e, 1, 0);
    assert_int_equal(l.e.got[0], 100);

    uint8_t *noise = test_noise(100000, 1);
    raw_say(&l.r, 0x10, noise, 100000);
    free(noise);
    pair_sleep(&l.e, 1, 20 * DP_SEC);
    assert_int_equal(l.e.got[0], 100);
    assert_false(l.e.down || l.e.shut);
    assert_int_equal(l.node.recv.used, DP_RECV_TOTAL); /* not a byte more */
    dp_budget_give(&l.node.recv, DP_RECV_TOTAL);
    pair_sleep(&l.e, 1, 100 * DP_MS);
    assert_int_equal(l.e.got[0], 101);
    lone_fini(&l);
}

/* A slow reader may hold no more than the spare of an exhausted total, however
 * far below its mark it is. */
static void test_spare_of_a_slow_reader(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    dp_budget_take(&l.node.recv, DP_RECV_TOTAL);
    uint8_t *noise = test_noise(1000, 1);
    for (unsigned i = 0; i < 500; i++)
        raw_say(&l.r, 0x10, noise, 1000);
    free(noise);
    pair_sleep(&l.e, 1, 60 * DP_SEC);
    assert_false(l.e.down || l.e.shut);
    /* the batch that was open when it was used up */
    assert_in_range(l.e.got[0], 1, DP_SPARE / 1000 + DP_TURN_MESSAGES);
    while (l.e.got[0] < 500) {
        unsigned before = l.e.got[0];
        pair_took(&l.e, l.e.nparked);
        pair_sleep(&l.e, 1, 200 * DP_MS);
        assert_true(l.e.got[0] > before);
    }
    dp_budget_give(&l.node.recv, DP_RECV_TOTAL);
    lone_fini(&l);
}

/* A frame that waits for memory too long goes, so that those who wait for each
 * other's do not wait for ever. */
static void test_waiting_for_memory_ends(void **state)
{
    (void)state;
    lone l;
    long_frame(&l, 1 << 20);
    uint64_t began = l.w.now.mono;
    dp_budget_take(&l.node.recv, DP_RECV_TOTAL);
    pair_sleep(&l.e, 1, 60 * DP_SEC);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_STALLED);
    assert_true(l.e.down_at <= began + DP_FRAME_NS);
    dp_budget_give(&l.node.recv, DP_RECV_TOTAL);
    lone_fini(&l);
}

static void test_exhausted_send_total(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_budget_take(&l.node.send, DP_SEND_TOTAL);
    l.e.write_max = 0;
    uint8_t *noise = test_noise(1000, 1);
    unsigned sent = 0;
    while (pair_send(&l.e, 0, 0, noise, 1000) == 0)
        sent++;
    assert_int_equal(sent, DP_SPARE / 1056 + 1);
    pair_sleep(&l.e, 1, 0); /* the window takes them: there is room again */
    assert_int_equal(l.e.writable[0], 1);
    assert_int_equal(pair_send(&l.e, 0, 0, noise, 1000), 0);
    free(noise);
    dp_budget_give(&l.node.send, DP_SEND_TOTAL);
    lone_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_that_have_nothing_to_say),
        cmocka_unit_test(test_memory_of_an_idle_session),
        cmocka_unit_test(test_dead_after_30_s),
        cmocka_unit_test(test_peer_that_takes_nothing),
        cmocka_unit_test(test_floor_of_a_long_frame),
        cmocka_unit_test(test_30_s_for_a_frame),
        cmocka_unit_test(test_stream_of_short_frames),
        cmocka_unit_test(test_clocks_rest_at_the_mark),
        cmocka_unit_test(test_exhausted_receive_total),
        cmocka_unit_test(test_spare_of_a_slow_reader),
        cmocka_unit_test(test_waiting_for_memory_ends),
        cmocka_unit_test(test_exhausted_send_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
