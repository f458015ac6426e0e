/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "test_env.h"

static void grows(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_buf b = { 0 };
    assert_int_equal(dp_buf_add(&b, &t.env, NULL, 0), 0);
    assert_null(b.at);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_int_equal(dp_buf_add(&b, &t.env, &byte, 1), 0);
    }
    assert_int_equal(b.len, 1000);
    assert_int_equal(b.cap, 1024);
    assert_int_equal(t.calls, 3);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(b.at[i], (uint8_t)i);
    assert_int_equal(dp_buf_room(&b, &t.env, 24), 0);
    assert_int_equal(b.cap, 1024);
    assert_int_equal(dp_buf_room(&b, &t.env, 25), 0);
    assert_int_equal(b.cap, 2048);
    dp_buf_fini(&b, &t.env);
    assert_null(b.at);
    assert_int_equal(t.live, 0);
}

static void no_memory(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_buf b = { 0 };
    assert_int_equal(dp_buf_add(&b, &t.env, "abc", 3), 0);
    assert_int_equal(dp_buf_room(&b, &t.env, SIZE_MAX), DEVP2P_ERR_NOMEM);
    assert_int_equal(dp_buf_room(&b, &t.env, SIZE_MAX - 3), DEVP2P_ERR_NOMEM);
    test_env_fail(&t, 1);
    assert_int_equal(dp_buf_room(&b, &t.env, 254), DEVP2P_ERR_NOMEM);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.at, "abc", 3);
    dp_buf_fini(&b, &t.env);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
