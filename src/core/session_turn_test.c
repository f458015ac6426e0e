/* SPDX-License-Identifier: MIT */
/* session_turn_test.c - many sessions on one loop: lent work may be run in any
 * order, and held work of some stops no other. */
#include "raw_peer.h"

enum { PAIRS = 8, ENDS = 2 * PAIRS, TURNS = 400 };

typedef enum order { ONE_BY_ONE, REVERSED, TOGETHER } order;

/* A loop is 8 pairs of sessions of two nodes. */
typedef struct loop {
    pair_world w;
    pair_node node[2];
    pair_end e[ENDS];
} loop;

static void run_jobs(loop *l, dp_frames **jobs, size_t n, order how)
{
    if (how == TOGETHER)
        dp_frames_run(l->w.engine, jobs, n);
    else
        for (size_t i = 0; i < n; i++)
            dp_frames_run(
                l->w.engine, &jobs[how == REVERSED ? n - 1 - i : i], 1);
}

static void work(loop *l, bool open, order how)
{
    dp_frames *jobs[ENDS];
    dp_session *of[ENDS];
    size_t n = 0;
    for (size_t i = 0; i < ENDS; i++) {
        jobs[n] = dp_session_lend(l->e[i].s, open, l->w.now);
        of[n] = l->e[i].s;
        n += jobs[n] != NULL;
    }
    run_jobs(l, jobs, n, how);
    for (size_t i = 0; i < n; i++)
        dp_session_take(of[i], jobs[i], l->w.now);
}

/* say sends a message of a size that depends on nothing but turn and end. */
static void say(loop *l, unsigned turn, size_t end)
{
    static uint8_t payload[40000];
    uint32_t x = (turn * 2654435761u + (uint32_t)end * 40503u) >> 7;
    size_t len = x % 20 ? x % 300 : x % sizeof payload;
    memset(payload, (int)x, len);
    if (l->e[end].ready)
        assert_int_equal(pair_send(&l->e[end], turn % 2, 0, payload, len), 0);
}

static void turn(loop *l, unsigned number, order how)
{
    for (size_t i = 0; i < ENDS; i++) {
        pair_read(&l->e[i]);
        pair_curve(&l->e[i]);
    }
    work(l, true, how);
    for (size_t i = 0; i < ENDS; i++) {
        pair_events(&l->e[i]);
        if (number < TURNS && (number + i) % 3)
            say(l, number, i);
    }
    work(l, false, how);
    for (size_t i = 0; i < ENDS; i++)
        pair_write(&l->e[i]);
}

static void play(uint64_t sums[ENDS], order how)
{
    loop l;
    pair_world_init(&l.w);
    for (size_t i = 0; i < 2; i++)
        pair_node_init(&l.node[i], &l.w, (uint8_t)(1 + i), 2);
    for (size_t i = 0; i < ENDS; i++) {
        bool dials = i % 2 == 0;
        pair_end_init(&l.e[i], &l.w, &l.node[i % 2],
            dials ? &l.node[1].self.pub : NULL, &l.e[i ^ 1].in);
        l.e[i].in.limit = 20000 + 1000 * i;
    }
    for (unsigned i = 0; i < 2 * TURNS; i++)
        turn(&l, i, how);
    for (size_t i = 0; i < ENDS; i++) {
        assert_int_equal(dp_session_unsent(l.e[i].s, 0), 0);
        assert_true(l.e[i].got[0] + l.e[i].got[1] > TURNS / 2);
        sums[i] = l.e[i].in.sum;
        pair_end_fini(&l.e[i]);
    }
    pair_node_fini(&l.node[0]);
    pair_node_fini(&l.node[1]);
    pair_world_fini(&l.w);
}

/* The bytes on the wire do not depend on how jobs are run. */
static void test_any_order_of_jobs(void **state)
{
    (void)state;
    uint64_t want[ENDS], got[ENDS];
    play(want, ONE_BY_ONE);
    play(got, REVERSED);
    assert_memory_equal(got, want, sizeof want);
    play(got, TOGETHER);
    assert_memory_equal(got, want, sizeof want);
    for (size_t i = 1; i < ENDS; i++)
        assert_true(want[i] != want[i - 1]);
}

/* With the pool held by a latch, ec work of new sessions stays out; the ping of
 * an established peer is answered all the same. */
static void test_pool_behind_a_latch(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    assert_true(raw_hear(&l.r));

    pair_end fresh[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        pair_end_init(&fresh[i], &l.w, &l.node,
            i % 2 ? &l.other.self.pub : NULL, &fresh[i ^ 1].in);
        fresh[i].latch = true;
    }
    pair_settle(fresh, PAIRS);
    for (size_t i = 0; i < PAIRS; i++)
        assert_int_equal(fresh[i].ec != NULL, i % 2);
    raw_say(&l.r, DP_ID_PING, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r) && l.r.id == DP_ID_PONG);
    pair_settle(fresh, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        assert_false(fresh[i].authed);
        fresh[i].latch = false;
    }
    pair_settle(fresh, PAIRS); /* two sessions of one node: not its keys */
    for (size_t i = 0; i < PAIRS; i++)
        pair_end_fini(&fresh[i]);
    lone_fini(&l);
}

/* --- every verb while work is out --- */

/* With both kinds of job out everything else goes on. */
static void test_all_verbs_while_lent(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_session *s = l.e.s;
    dp_session_event ev;
    for (unsigned i = 0; i < 3; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    pair_read(&l.e);
    assert_int_equal(pair_send(&l.e, 0, 0, "before", 6), 0);
    dp_frames *open = dp_session_lend(s, true, l.w.now);
    dp_frames *seal = dp_session_lend(s, false, l.w.now);
    assert_true(open && seal);
    assert_null(dp_session_lend(s, true, l.w.now));
    assert_null(dp_session_lend(s, false, l.w.now));

    raw_say(&l.r, 0x10, "\xc0", 1);
    pair_read(&l.e);
    assert_int_equal(pair_send(&l.e, 0, 0, "meanwhile", 9), 0);
    assert_false(dp_session_next(s, &ev, l.w.now));
    pair_write(&l.e);
    l.w.now.mono += DP_SEC;
    dp_session_tick(s, l.w.now);
    assert_true(dp_session_deadline(s) > l.w.now.mono);
    dp_frames_run(l.w.engine, &open, 1);
    dp_frames_run(l.w.engine, &seal, 1);
    dp_session_take(s, seal, l.w.now);
    dp_session_take(s, open, l.w.now);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 4);
    unsigned heard = 0;
    while (raw_hear(&l.r))
        heard += l.r.id == 0x10;
    assert_int_equal(heard, 2);

    lone_fini(&l);
}

/* The end waits for both jobs, whichever comes back first. */
static void test_end_while_lent(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        dp_session *s = l.e.s;
        dp_session_event ev;
        uint8_t *at;
        raw_say(&l.r, 0x10, "\xc0", 1);
        pair_read(&l.e);
        assert_int_equal(pair_send(&l.e, 0, 0, "last", 4), 0);
        dp_frames *job[2] = { dp_session_lend(s, true, l.w.now),
            dp_session_lend(s, false, l.w.now) };
        dp_session_close(s, DEVP2P_DISC_REQUESTED, true, l.w.now);
        dp_session_eof(s, DEVP2P_ERR_RESET, l.w.now);
        for (unsigned i = 0; i < 2; i++) {
            dp_frames *f = job[first ^ i];
            assert_int_equal(dp_session_room(s, &at), 0);
            assert_false(dp_session_next(s, &ev, l.w.now));
            dp_frames_run(l.w.engine, &f, 1);
            dp_session_take(s, f, l.w.now);
        }
        pair_events(&l.e);
        assert_true(l.e.down);
        assert_int_equal(l.e.end.reason, DEVP2P_DISC_REQUESTED);
        assert_int_equal(l.e.unsent[0], 1);
        assert_int_equal(l.e.got[0], 0);
        lone_fini(&l);
    }
}

/* What is being opened when the peer's end is seen is still heard. */
static void test_peer_ends_while_lent(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    dp_session_event ev;
    for (unsigned i = 0; i < 2 * DP_TURN_MESSAGES; i++)
        raw_say(&l.r, 0x10, "\xc0", 1);
    pair_read(&l.e);
    dp_frames *job = dp_session_lend(l.e.s, true, l.w.now);
    dp_session_eof(l.e.s, 0, l.w.now);
    assert_false(dp_session_next(l.e.s, &ev, l.w.now));
    dp_frames_run(l.w.engine, &job, 1);
    dp_session_take(l.e.s, job, l.w.now);
    /* a second batch only when the first was heard */
    assert_null(dp_session_lend(l.e.s, true, l.w.now));
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 2 * DP_TURN_MESSAGES);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_CLOSED);
    lone_fini(&l);
}

/* Curve work may come back to a session that has ended. */
static void test_curve_work_comes_late(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.latch = true;
    raw_step(&l.r);
    pair_settle(&l.e, 1);
    assert_non_null(l.e.ec);
    assert_null(dp_session_ec(l.e.s, l.w.now)); /* one is out at a time */
    dp_session_close(l.e.s, DEVP2P_DISC_QUITTING, true, l.w.now);
    dp_ec_run(l.e.ec);
    dp_session_ec_done(l.e.s, l.e.ec, l.w.now);
    l.e.ec = NULL;
    pair_events(&l.e);
    assert_true(l.e.down && !l.e.authed);
    assert_int_equal(l.e.end.reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(l.r.in.total, 0);
    lone_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_of_jobs),
        cmocka_unit_test(test_pool_behind_a_latch),
        cmocka_unit_test(test_all_verbs_while_lent),
        cmocka_unit_test(test_end_while_lent),
        cmocka_unit_test(test_peer_ends_while_lent),
        cmocka_unit_test(test_curve_work_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
