/* SPDX-License-Identifier: MIT */
#include "core/ping.h"

#include "base/limits.h"
#include "test.h"

static dp_now at_ms(uint64_t ms)
{
    return (dp_now){ .mono = ms * DP_MS };
}

static void test_one_ping_an_interval(void **state)
{
    (void)state;
    dp_ping p;
    unsigned pings = 0;
    dp_ping_start(&p, at_ms(1000));
    for (uint64_t ms = 1000; ms <= 61000; ms += 10)
        pings += dp_ping_due(&p, at_ms(ms));
    assert_int_equal(pings, 4);
    assert_false(dp_ping_due(&p, at_ms(61000)));
    assert_true(p.next == 76000 * DP_MS);
}

static void test_silence_is_death(void **state)
{
    (void)state;
    dp_ping p;
    dp_ping_start(&p, at_ms(0));
    assert_true(dp_ping_dead(&p) == DP_DEAD_NS);
    dp_ping_heard(&p, at_ms(29999));
    assert_true(dp_ping_dead(&p) == 29999 * DP_MS + DP_DEAD_NS);
}

/* However many pings come: the burst, then one a second. */
static void test_answers_are_bounded(void **state)
{
    (void)state;
    dp_ping p;
    unsigned answers = 0;
    dp_ping_start(&p, at_ms(0));
    for (unsigned i = 0; i < 100000; i++)
        answers += dp_ping_answer(&p, at_ms(0));
    assert_int_equal(answers, DP_PONG_BURST);
    assert_int_equal(p.unanswered, 100000 - DP_PONG_BURST);
    for (uint64_t ms = 0; ms <= 10000; ms += 5)
        answers += dp_ping_answer(&p, at_ms(ms));
    assert_int_equal(answers, DP_PONG_BURST + 10 * DP_PONG_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_ping_an_interval),
        cmocka_unit_test(test_silence_is_death),
        cmocka_unit_test(test_answers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
