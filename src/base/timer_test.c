/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/timer.h"
#include "test_env.h"

enum { N = 200 };

static void equal_deadlines_keep_their_order(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_timers *h;
    dp_timer v[4] = { { 0 } };
    assert_int_equal(dp_timers_new(&h, &t.env), 0);
    assert_int_equal(dp_timers_first(h), DP_NEVER);
    assert_null(dp_timers_due(h, DP_NEVER));
    assert_int_equal(dp_timers_reserve(h, 4), 0);
    for (int i = 0; i < 4; i++)
        dp_timer_set(h, &v[i], 10);
    dp_timer_set(h, &v[1], 10); /* set last now */
    dp_timer_set(h, &v[2], DP_NEVER);
    assert_int_equal(v[2].at, DP_NEVER);
    assert_null(dp_timers_due(h, 9));
    assert_ptr_equal(dp_timers_due(h, 10), &v[0]);
    assert_int_equal(v[0].at, DP_NEVER);
    assert_ptr_equal(dp_timers_due(h, 10), &v[3]);
    assert_ptr_equal(dp_timers_due(h, 10), &v[1]);
    assert_null(dp_timers_due(h, 10));
    dp_timer_set(h, &v[2], DP_NEVER);
    dp_timers_free(h);
    dp_timers_free(NULL);
    assert_int_equal(t.live, 0);
}

/* The heap agrees with a plain search, whatever is set, moved and rested. */
static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_timers *h;
    dp_timer v[N] = { { 0 } };
    uint64_t at[N], seq[N] = { 0 };
    uint32_t seed = 5;
    assert_int_equal(dp_timers_new(&h, &t.env), 0);
    assert_int_equal(dp_timers_reserve(h, N), 0);
    for (int i = 0; i < N; i++)
        at[i] = DP_NEVER;
    for (uint64_t round = 1; round < 20000; round++) {
        seed = seed * 1664525 + 1013904223;
        size_t i = (seed >> 8) % N, best = N;
        at[i] = seed % 5 ? round + (seed >> 16) % 300 : DP_NEVER;
        seq[i] = round;
        dp_timer_set(h, &v[i], at[i]);
        for (i = 0; i < N; i++)
            if (at[i] != DP_NEVER &&
                (best == N || at[i] < at[best] ||
                    (at[i] == at[best] && seq[i] < seq[best])))
                best = i;
        assert_int_equal(dp_timers_first(h), best < N ? at[best] : DP_NEVER);
        dp_timer *due = dp_timers_due(h, round);
        if (best < N && at[best] <= round) {
            assert_ptr_equal(due, &v[best]);
            at[best] = DP_NEVER;
        } else {
            assert_null(due);
        }
    }
    dp_timers_free(h);
    assert_int_equal(t.live, 0);
}

static void no_memory(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_timers *h;
    dp_timer v[9] = { { 0 } };
    test_env_fail(&t, 1);
    assert_int_equal(dp_timers_new(&h, &t.env), DEVP2P_ERR_NOMEM);
    assert_int_equal(dp_timers_new(&h, &t.env), 0);
    assert_int_equal(dp_timers_reserve(h, 8), 0);
    for (unsigned i = 0; i < 8; i++)
        dp_timer_set(h, &v[i], 8 - i);
    test_env_fail(&t, 1);
    assert_int_equal(dp_timers_reserve(h, 9), DEVP2P_ERR_NOMEM);
    assert_int_equal(dp_timers_reserve(h, SIZE_MAX / 8), DEVP2P_ERR_NOMEM);
    assert_int_equal(dp_timers_reserve(h, 9), 0);
    dp_timer_set(h, &v[8], 0);
    for (unsigned i = 0; i <= 8; i++)
        assert_ptr_equal(dp_timers_due(h, 8), &v[8 - i]);
    dp_timers_free(h);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_deadlines_keep_their_order),
        cmocka_unit_test(agrees_with_a_plain_search),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
