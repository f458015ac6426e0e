/* SPDX-License-Identifier: MIT */
/* session_pair_test.c - two sessions talk. */
#include "session_pair.h"

/* answer sends "bar" for "foo". */
static void answer(pair_end *e, const dp_session_event *ev, const uint8_t *at)
{
    if (ev->full == 4 && memcmp(at,
                             "\x83"
                             "foo",
                             4) == 0)
        assert_int_equal(pair_send(e, ev->cap, 0,
                             "\x83"
                             "bar",
                             4),
            0);
}

static void test_foo_and_bar(void **state)
{
    (void)state;
    for (size_t from = 0; from < 2; from++) {
        pair p;
        pair_init(&p, 1, 1);
        p.e[0].on_msg = p.e[1].on_msg = answer;
        pair_run(&p, 0);
        assert_true(p.e[0].ready && p.e[1].ready);
        assert_memory_equal(dp_session_peer(p.e[1].s), &p.node[0].self.pub, 64);
        assert_int_equal(dp_session_caps(p.e[0].s)->n, 1);
        assert_true(dp_session_snappy(p.e[0].s));
        assert_int_equal(pair_send(&p.e[from], 0, 0,
                             "\x83"
                             "foo",
                             4),
            0);
        pair_run(&p, 0);
        assert_int_equal(p.e[from ^ 1].got[0], 1);
        assert_int_equal(p.e[from].got[0], 1);
        assert_int_equal(dp_session_unsent(p.e[0].s, 0), 0);
        dp_session_close(p.e[from].s, DEVP2P_DISC_QUITTING, true, p.w.now);
        pair_run(&p, DP_SEC);
        assert_true(p.e[0].down && p.e[1].down);
        assert_int_equal(p.e[from].end.reason, DEVP2P_DISC_QUITTING);
        assert_false(p.e[from].end.remote);
        assert_true(p.e[from].shut);
        assert_int_equal(p.e[from ^ 1].end.reason, DEVP2P_DISC_QUITTING);
        assert_true(p.e[from ^ 1].end.remote);
        pair_fini(&p);
    }
}

/* --- an ack, and the Hello behind it --- */

static void curve_work(pair_end *e)
{
    dp_ec *ec = dp_session_ec(e->s, e->w->now);
    assert_non_null(ec);
    dp_ec_run(ec);
    dp_session_ec_done(e->s, ec, e->w->now);
}

static void auth_to(pair_end *to, pair_end *from)
{
    const uint8_t *out;
    uint8_t *in;
    size_t left = dp_session_out(from->s, &out), n;
    while (left && (n = dp_session_room(to->s, &in)) > 0) {
        memcpy(in, out, n);
        dp_session_recv(to->s, n, to->w->now);
        out += n;
        left -= n;
    }
    assert_int_equal(left, 0);
}

/* greet lets e say Hello. */
static void greet(pair_end *e)
{
    dp_session_event ev;
    assert_true(dp_session_next(e->s, &ev, e->w->now));
    assert_int_equal(ev.kind, DP_AUTHED);
    dp_session_judge(e->s, 0, e->w->now);
    dp_frames *f = dp_session_lend(e->s, false, e->w->now);
    assert_non_null(f);
    dp_frames_run(e->w->engine, &f, 1);
    dp_session_take(e->s, f, e->w->now);
}

/* Ack and Hello leave in one piece; without memory for that, one after the
 * other. */
static void hello_leaves_with_the_ack(void **state)
{
    (void)state;
    for (int poor = 0; poor < 2; poor++) {
        pair p;
        const uint8_t *at;
        pair_init(&p, 1, 1);
        curve_work(&p.e[0]);
        auth_to(&p.e[1], &p.e[0]);
        if (poor)
            test_env_fail(&p.w.env, 1);
        curve_work(&p.e[1]);
        greet(&p.e[1]);
        size_t n = dp_session_out(p.e[1].s, &at);
        size_t ack = 2 + ((size_t)at[0] << 8 | at[1]);
        assert_true(poor ? n == ack : n > ack);
        dp_session_sent(p.e[1].s, n, p.w.now);
        n = dp_session_out(p.e[1].s, &at);
        assert_true(poor ? n > 0 : n == 0);
        uint64_t bytes = dp_session_meter(p.e[1].s)->all.out.wire;
        assert_true(poor ? bytes == ack : bytes > ack);
        pair_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foo_and_bar),
        cmocka_unit_test(hello_leaves_with_the_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
