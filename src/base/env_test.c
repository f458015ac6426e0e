/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "test_env.h"

typedef struct line {
    size_t count;
    devp2p_log_level level;
    char area[16], text[DP_LOG_LINE + 1];
} line;

static void keep(
    void *user, devp2p_log_level level, const char *area, const char *text)
{
    line *l = user;
    l->count++;
    l->level = level;
    strncpy(l->area, area, sizeof l->area - 1);
    strncpy(l->text, text, sizeof l->text - 1);
}

static void memory(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    uint8_t *at = dp_alloc(&t.env, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(at[i], 0);
    at[9] = 9;
    at = dp_resize(&t.env, at, 10, 20);
    assert_int_equal(at[9], 9);
    assert_int_equal(t.live, 20);

    test_env_fail(&t, 1);
    assert_null(dp_resize(&t.env, at, 20, 40));
    assert_int_equal(at[9], 9);
    dp_free(&t.env, at, 20);
    test_env_fail(&t, 1);
    assert_null(dp_alloc(&t.env, 1));
    dp_free(&t.env, NULL, 0);
    assert_int_equal(t.live, 0);
}

static void nothing_is_a_block_too(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    void *at = dp_alloc(&t.env, 0);
    assert_non_null(at);
    at = dp_resize(&t.env, at, 0, 8);
    assert_non_null(at);
    at = dp_resize(&t.env, at, 8, 0);
    assert_non_null(at);
    dp_free(&t.env, at, 0);
    assert_int_equal(t.live, 0);
}

static void default_allocator(void **state)
{
    (void)state;
    uint8_t *at = dp_default_alloc(NULL, NULL, 0, 4);
    assert_non_null(at);
    at[3] = 3;
    at = dp_default_alloc(NULL, at, 4, 4000);
    assert_non_null(at);
    assert_int_equal(at[3], 3);
    assert_null(dp_default_alloc(NULL, at, 4000, 0));
}

static void chance(void **state)
{
    (void)state;
    static const uint8_t zero[8];
    uint8_t out[8] = { 0 };
    test_env t;
    test_env_init(&t);
    assert_int_equal(dp_random(&t.env, out, sizeof out), 0);
    assert_memory_not_equal(out, zero, sizeof out);
    t.no_random = true;
    assert_int_equal(dp_random(&t.env, out, sizeof out), DEVP2P_ERR_RANDOM);
    assert_memory_equal(out, zero, sizeof out);
}

static void log_lines(void **state)
{
    (void)state;
    line l = { 0 };
    dp_env env = { .log = keep, .log_user = &l };
    dp_log(&env, DEVP2P_LOG_ERROR, "test", "off by default");
    assert_int_equal(l.count, 0);

    env.log_level = DEVP2P_LOG_INFO;
    dp_log(&env, DEVP2P_LOG_DEBUG, "test", "too quiet");
    dp_log(&env, DEVP2P_LOG_OFF, "test", "no level");
    assert_int_equal(l.count, 0);
    dp_log(&env, DEVP2P_LOG_INFO, "test", "n=%d %s", 5, "a\nb\x1b[1m\xff");
    assert_int_equal(l.count, 1);
    assert_int_equal(l.level, DEVP2P_LOG_INFO);
    assert_string_equal(l.area, "test");
    assert_string_equal(l.text, "n=5 a?b?[1m?");

    dp_log(&env, DEVP2P_LOG_INFO, "test", "%1000d", 1);
    assert_int_equal(strlen(l.text), DP_LOG_LINE - 1);
    env.log = NULL;
    dp_log(&env, DEVP2P_LOG_INFO, "test", "nobody listens");
    assert_int_equal(l.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),
        cmocka_unit_test(nothing_is_a_block_too),
        cmocka_unit_test(default_allocator),
        cmocka_unit_test(chance),
        cmocka_unit_test(log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
