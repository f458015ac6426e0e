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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foo_and_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
