/* SPDX-License-Identifier: MIT */
#include "test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
