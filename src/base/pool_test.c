/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "base/pool.h"
#include "test_env.h"

static void keeps_a_few(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_pool *p;
    assert_int_equal(dp_pool_new(&p, &t.env, 2), 0);
    size_t own = t.live;
    uint8_t *c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = dp_pool_get(p);
        memset(c[i], i, DP_CHUNK);
    }
    assert_int_equal(t.live, own + 3 * DP_CHUNK);
    for (int i = 0; i < 3; i++)
        dp_pool_put(p, c[i]);
    dp_pool_put(p, NULL);
    assert_int_equal(t.live, own + 2 * DP_CHUNK);

    size_t calls = t.calls;
    for (int i = 0; i < 2; i++)
        assert_non_null(c[i] = dp_pool_get(p));
    assert_ptr_not_equal(c[0], c[1]);
    assert_int_equal(t.calls, calls);
    test_env_fail(&t, 1);
    assert_null(dp_pool_get(p));
    for (int i = 0; i < 2; i++)
        dp_pool_put(p, c[i]);
    dp_pool_free(p);
    dp_pool_free(NULL);
    assert_int_equal(t.live, 0);
    test_env_fail(&t, 1);
    assert_int_equal(dp_pool_new(&p, &t.env, 2), DEVP2P_ERR_NOMEM);
}

/* use takes n chunks at once and gives them back. */
static void use(dp_pool *p, int n)
{
    uint8_t *c[8];

    for (int i = 0; i < n; i++)
        assert_non_null(c[i] = dp_pool_get(p));
    for (int i = 0; i < n; i++)
        dp_pool_put(p, c[i]);
}

/* What a period did not need goes, the rest stays; an unused pool empties and
 * asks for no time. */
static void ages(void **state)
{
    (void)state;
    const uint64_t period = DP_WARM_NS;
    test_env t;
    test_env_init(&t);
    dp_pool *p;
    assert_int_equal(dp_pool_new(&p, &t.env, 8), 0);
    size_t own = t.live;
    dp_now now = { .mono = 7 };

    assert_int_equal(dp_pool_age(p, now), DP_NEVER);
    use(p, 6);
    assert_int_equal(dp_pool_age(p, now), 7 + period);
    use(p, 2);
    now.mono += period - 1;
    assert_int_equal(dp_pool_age(p, now), 7 + period);
    assert_int_equal(t.live, own + 6 * DP_CHUNK);
    now.mono++;
    assert_int_equal(dp_pool_age(p, now), 7 + 2 * period);
    assert_int_equal(t.live, own + 2 * DP_CHUNK); /* as many as were needed */

    size_t calls = t.calls;
    use(p, 2);
    assert_int_equal(t.calls, calls);
    now.mono += period;
    assert_int_equal(dp_pool_age(p, now), 7 + 3 * period);
    assert_int_equal(t.live, own + 2 * DP_CHUNK);
    now.mono += period;
    assert_int_equal(dp_pool_age(p, now), DP_NEVER);
    assert_int_equal(t.live, own);

    use(p, 3);
    dp_pool_drain(p);
    assert_int_equal(t.live, own);
    dp_pool_free(p);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_few),
        cmocka_unit_test(ages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
