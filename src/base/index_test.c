/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/index.h"
#include "test_env.h"

enum { N = 1000 };

typedef struct thing {
    uint8_t key[2];
} thing;

static const uint8_t *key_of(const void *value)
{
    return ((const thing *)value)->key;
}

static thing named(size_t i)
{
    return (thing){ { (uint8_t)(i >> 8), (uint8_t)i } };
}

static dp_index new_index(void)
{
    return (dp_index){ .key_len = 2, .key = key_of, .salt = { 1, 2, 3 } };
}

/* assert_all: the first n things are there, in the order they came in. */
static void assert_all(const dp_index *x, thing *things, size_t n)
{
    size_t at = 0;

    assert_int_equal(dp_index_count(x), n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(dp_index_get(x, things[i].key), &things[i]);
        assert_ptr_equal(dp_index_each(x, &at), &things[i]);
    }
    assert_null(dp_index_each(x, &at));
}

static void grows(void **state)
{
    static thing things[N];
    dp_index x = new_index();
    test_env t;

    (void)state;
    test_env_init(&t);
    for (size_t i = 0; i < N; i++) {
        things[i] = named(i);
        assert_all(&x, things, i);
        assert_null(dp_index_get(&x, things[i].key));
        assert_null(dp_index_take(&x, things[i].key));
        assert_int_equal(dp_index_reserve(&x, &t.env, i + 1), 0);
        dp_index_put(&x, &things[i]);
    }
    assert_in_range(x.capacity, N, 2 * N);
    for (size_t i = N; i-- > N / 2;)
        assert_ptr_equal(dp_index_take(&x, things[i].key), &things[i]);
    assert_all(&x, things, N / 2);
    dp_index_free(&x);
    assert_int_equal(t.live, 0);
}

/* A value with the key of another one takes its place, and is not cut with it.
 */
static void replaces(void **state)
{
    dp_index x = new_index();
    thing a = named(7), b = named(7);
    test_env t;

    (void)state;
    test_env_init(&t);
    dp_index_cut(&x, &a);
    assert_int_equal(dp_index_reserve(&x, &t.env, 1), 0);
    dp_index_put(&x, &a);
    dp_index_put(&x, &b);
    assert_all(&x, &b, 1);
    dp_index_cut(&x, &a);
    assert_all(&x, &b, 1);
    dp_index_cut(&x, &b);
    assert_all(&x, NULL, 0);
    dp_index_free(&x);
}

/* Each allocation of a growth fails: all is as it was, and the next one works.
 */
static void no_memory(void **state)
{
    static thing things[N];
    dp_index x = new_index();
    test_env t;

    (void)state;
    test_env_init(&t);
    for (size_t i = 0; i < N; i++) {
        things[i] = named(i);
        size_t live = t.live;
        size_t fails = i < x.capacity ? 0 : 3;
        for (size_t k = 1; k <= fails; k++) {
            test_env_fail(&t, k);
            assert_int_equal(
                dp_index_reserve(&x, &t.env, i + 1), DEVP2P_ERR_NOMEM);
            assert_int_equal(t.live, live);
            assert_all(&x, things, i);
        }
        assert_int_equal(dp_index_reserve(&x, &t.env, i + 1), 0);
        dp_index_put(&x, &things[i]);
    }
    assert_all(&x, things, N);
    dp_index_free(&x);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(replaces),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
