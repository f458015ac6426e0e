/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/bytes.h"
#include "base/map.h"
#include "test_env.h"

static const uint8_t salt[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
    14, 15 };

/* The values of the paper's appendix A and of its authors' vectors. */
static void siphash(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        { 0, UINT64_C(0x726fdb47dd0e0e31) },
        { 1, UINT64_C(0x74f839c593dc67fd) },
        { 7, UINT64_C(0xab0200f58b01d137) },
        { 8, UINT64_C(0x93f5f5799a932462) },
        { 15, UINT64_C(0xa129ca6149be45e5) },
        { 63, UINT64_C(0x958a324ceb064572) },
    };
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(dp_siphash(salt, bytes, rows[i].len) == rows[i].hash);
}

static uint8_t *key_of(uint8_t key[3], size_t i)
{
    dp_put24(key, (uint32_t)i * 7919);
    return key;
}

static void put_get_cut(void **state)
{
    (void)state;
    enum { N = 1000 };
    test_env t;
    test_env_init(&t);
    dp_map *m;
    uint8_t key[3];
    static int value[N];
    assert_int_equal(dp_map_new(&m, &t.env, salt, N, 3), 0);
    size_t calls = t.calls;
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < N; i++) {
            assert_null(dp_map_get(m, key_of(key, i)));
            assert_int_equal(dp_map_put(m, key, &value[i]), 0);
            assert_int_equal(dp_map_put(m, key, &value[0]), DEVP2P_ERR_EXISTS);
        }
        assert_int_equal(
            dp_map_put(m, key_of(key, N), &value[0]), DEVP2P_ERR_LIMIT);
        assert_int_equal(dp_map_count(m), N);
        for (size_t i = 0; i < N; i++)
            assert_ptr_equal(dp_map_get(m, key_of(key, i)), &value[i]);
        for (size_t i = 0; i < N; i += 2)
            assert_ptr_equal(dp_map_cut(m, key_of(key, i)), &value[i]);
        assert_null(dp_map_cut(m, key_of(key, 0)));
        assert_int_equal(dp_map_count(m), N / 2);
        for (size_t i = 0; i < N; i++)
            assert_ptr_equal(
                dp_map_get(m, key_of(key, i)), i % 2 ? &value[i] : NULL);
        for (size_t i = 1; i < N; i += 2)
            assert_ptr_equal(dp_map_cut(m, key_of(key, i)), &value[i]);
        assert_int_equal(dp_map_count(m), 0);
    }
    assert_int_equal(t.calls, calls);
    dp_map_free(m);
    dp_map_free(NULL);
    assert_int_equal(t.live, 0);
}

static void walks_in_order_of_insertion(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_map *m;
    uint8_t key[3];
    int value[10];
    size_t at = 0, n = 0;
    assert_int_equal(dp_map_new(&m, &t.env, salt, 10, 3), 0);
    assert_null(dp_map_each(m, &at));
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(dp_map_put(m, key_of(key, i), &value[i]), 0);
    dp_map_cut(m, key_of(key, 4));
    assert_int_equal(dp_map_put(m, key_of(key, 4), &value[4]), 0);

    static const size_t order[] = { 0, 1, 2, 3, 5, 6, 7, 8, 9, 4 };
    at = 0;
    for (int *v; (v = dp_map_each(m, &at)) != NULL; n++)
        assert_ptr_equal(v, &value[order[n]]);
    assert_int_equal(n, 10);
    assert_null(dp_map_each(m, &at));

    /* what was just returned may go: first some of them, then all */
    at = n = 0;
    for (int *v; (v = dp_map_each(m, &at)) != NULL; n++)
        if (n % 3 == 0)
            assert_ptr_equal(
                dp_map_cut(m, key_of(key, (size_t)(v - value))), v);
    assert_int_equal(n, 10);
    at = n = 0;
    for (int *v; (v = dp_map_each(m, &at)) != NULL; n++)
        assert_ptr_equal(dp_map_cut(m, key_of(key, (size_t)(v - value))), v);
    assert_int_equal(n, 6);
    assert_int_equal(dp_map_count(m), 0);
    dp_map_free(m);
}

static void refuses(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_map *m;
    uint8_t key[64] = { 0 };
    int value;
    assert_int_equal(dp_map_new(&m, &t.env, salt, 1, 0), DEVP2P_ERR_INVALID);
    assert_int_equal(dp_map_new(&m, &t.env, salt, 1, 65), DEVP2P_ERR_INVALID);
    assert_int_equal(
        dp_map_new(&m, &t.env, salt, SIZE_MAX, 1), DEVP2P_ERR_INVALID);
    for (size_t i = 1; i <= 3; i++) {
        test_env_fail(&t, i);
        assert_int_equal(dp_map_new(&m, &t.env, salt, 1, 64), DEVP2P_ERR_NOMEM);
        assert_int_equal(t.live, 0);
    }
    assert_int_equal(dp_map_new(&m, &t.env, salt, 0, 64), 0);
    assert_int_equal(dp_map_put(m, key, &value), DEVP2P_ERR_LIMIT);
    dp_map_free(m);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash),
        cmocka_unit_test(put_get_cut),
        cmocka_unit_test(walks_in_order_of_insertion),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
