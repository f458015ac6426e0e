/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/bucket.h"

static dp_now at(uint64_t mono)
{
    return (dp_now){ .mono = mono };
}

static void burst_then_rate(void **state)
{
    (void)state;
    dp_bucket b;
    dp_bucket_init(&b, 3, 5, at(100));
    for (int i = 0; i < 5; i++)
        assert_true(dp_bucket_take(&b, at(100)));
    assert_false(dp_bucket_take(&b, at(100)));

    /* a third of a second is no whole number of ns: rounded up */
    uint64_t when = dp_bucket_when(&b, at(100));
    assert_int_equal(when, 100 + 333333334);
    assert_false(dp_bucket_take(&b, at(when - 1)));
    assert_true(dp_bucket_take(&b, at(when)));
    assert_false(dp_bucket_take(&b, at(when)));
}

/* Looking often neither gains nor loses a token. */
static void exact(void **state)
{
    (void)state;
    dp_bucket b;
    unsigned taken = 0;
    dp_bucket_init(&b, 7, 1, at(0));
    assert_true(dp_bucket_take(&b, at(0)));
    for (uint64_t t = 0; t <= 100 * DP_SEC; t += 999983)
        taken += dp_bucket_take(&b, at(t));
    assert_in_range(taken, 695, 700);
    dp_bucket_init(&b, 7, 1, at(0));
    assert_true(dp_bucket_take(&b, at(0)));
    for (uint64_t t = 0; t < 100 * DP_SEC; taken++) {
        t = dp_bucket_when(&b, at(t));
        assert_true(dp_bucket_take(&b, at(t)));
    }
    assert_in_range(taken, 695 + 700, 700 + 701);
}

static void never_above_the_burst(void **state)
{
    (void)state;
    dp_bucket b;
    dp_bucket_init(&b, UINT32_MAX, UINT32_MAX, at(0));
    assert_true(dp_bucket_take(&b, at(UINT64_MAX / 2)));
    assert_true(dp_bucket_take(&b, at(UINT64_MAX)));
    dp_bucket_init(&b, 1, 2, at(0));
    for (int i = 0; i < 2; i++)
        assert_true(dp_bucket_take(&b, at(DP_NEVER - 1)));
    assert_false(dp_bucket_take(&b, at(DP_NEVER - 1)));
    assert_int_equal(dp_bucket_when(&b, at(DP_NEVER - 1)), DP_NEVER);
}

static void no_rate(void **state)
{
    (void)state;
    dp_bucket b;
    dp_bucket_init(&b, 0, 1, at(0));
    assert_int_equal(dp_bucket_when(&b, at(3)), 3);
    assert_true(dp_bucket_take(&b, at(3)));
    assert_false(dp_bucket_take(&b, at(1000 * DP_SEC)));
    assert_int_equal(dp_bucket_when(&b, at(4)), DP_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_rate),
        cmocka_unit_test(exact),
        cmocka_unit_test(never_above_the_burst),
        cmocka_unit_test(no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
