/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "server/warm.h"
#include "test_env.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

typedef struct fixture {
    test_env t; /* below */
    dp_env env; /* above */
    dp_warm *warm;
    size_t own; /* bytes of the warm itself */
    int told;
} fixture;

static void told(void *user)
{
    ((fixture *)user)->told++;
}

static void begin(fixture *f, size_t limit)
{
    *f = (fixture){ .told = 0 };
    test_env_init(&f->t);
    f->env = f->t.env;
    assert_int_equal(dp_warm_new(&f->warm, &f->t.env, limit, told, f), 0);
    dp_warm_above(f->warm, &f->env);
    f->own = f->t.live;
}

static void end(fixture *f)
{
    dp_warm_free(f->warm);
    assert_int_equal(f->t.live, 0);
}

/* get is n bytes that are all written. */
static uint8_t *get(fixture *f, size_t n)
{
    uint8_t *at = dp_resize(&f->env, NULL, 0, n);

    assert_non_null(at);
    memset(at, (int)(n % 251), n);
    return at;
}

/* held is what the allocator below has given. */
static size_t held(const fixture *f)
{
    return f->t.live - f->own;
}

static bool filled(const uint8_t *at, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] != byte)
            return false;
    return true;
}

/* --- kept --- */

static void what_is_given_back_is_given_again(void **state)
{
    (void)state;
    fixture f;

    begin(&f, 4 * MIB);
    uint8_t *a = get(&f, MIB);
    assert_int_equal((uintptr_t)a % _Alignof(max_align_t), 0);
    dp_free(&f.env, a, MIB);
    assert_in_range(held(&f), MIB, MIB + 8 * KIB);
    size_t calls = f.t.calls, was = held(&f);
    uint8_t *b = get(&f, MIB - 100 * KIB); /* a little less than it holds */
    assert_ptr_equal(a, b);
    assert_int_equal(f.t.calls, calls);
    assert_int_equal(held(&f), was);
    assert_in_range(dp_warm_spare(f.warm), 100 * KIB, 108 * KIB);

    uint8_t *c = get(&f, 40 * KIB);
    assert_int_equal(f.t.calls, calls + 1);
    dp_free(&f.env, b, MIB - 100 * KIB);
    uint8_t *d = get(&f, 40 * KIB); /* much less: the other one is not spent */
    assert_int_equal(f.t.calls, calls + 2);
    dp_free(&f.env, c, 40 * KIB);
    dp_free(&f.env, d, 40 * KIB);
    assert_int_equal(dp_warm_spare(f.warm) + f.own + 3 * 16, f.t.live);
    end(&f);
}

static void others_pass(void **state)
{
    (void)state;
    fixture f;
    const size_t sizes[] = { 1, DP_WARM_MIN - 1, DP_WARM_MAX + 1 };

    begin(&f, 16 * MIB);
    for (size_t i = 0; i < 3; i++) {
        uint8_t *at = get(&f, sizes[i]);
        assert_int_equal(held(&f), sizes[i]);
        dp_free(&f.env, at, sizes[i]);
        assert_int_equal(held(&f), 0);
    }
    const size_t ends[] = { DP_WARM_MIN, DP_WARM_MAX };
    for (size_t i = 0; i < 2; i++)
        dp_free(&f.env, get(&f, ends[i]), ends[i]);
    assert_in_range(held(&f), ends[0] + ends[1], ends[0] + ends[1] + 64);
    end(&f);
}

/* What is kept, and what is lent beyond what was asked for, has one limit. */
static void no_more_than_the_limit(void **state)
{
    (void)state;
    fixture f;
    uint8_t *at[6];
    size_t size = 512 * KIB, out = 0;

    begin(&f, MIB);
    for (int i = 0; i < 6; i++)
        at[i] = get(&f, size);
    for (int i = 0; i < 6; i++)
        dp_free(&f.env, at[i], size);
    assert_in_range(held(&f), 2 * size, 2 * size + 64);
    for (int i = 0; i < 6; i++) { /* 16 times what is asked for, at first */
        at[i] = dp_resize(&f.env, get(&f, KIB), KIB, 40 * KIB);
        out += 40 * KIB;
        assert_in_range(held(&f), out, out + MIB + 6 * 16);
        assert_true(dp_warm_spare(f.warm) <= MIB);
    }
    for (int i = 0; i < 6; i++)
        dp_free(&f.env, at[i], 40 * KIB);
    assert_true(held(&f) <= MIB + 6 * 16);
    end(&f);
}

/* --- resizing --- */

/* step resizes and looks at the bytes. */
static uint8_t *step(fixture *f, uint8_t *at, size_t was, size_t n)
{
    size_t same = was < n ? was : n;

    memset(at, 0x3c, was);
    at = dp_resize(&f->env, at, was, n);
    assert_non_null(at);
    assert_true(filled(at, 0x3c, same));
    memset(at, 0x77, n);
    return at;
}

static void bytes_stay_whatever_the_way(void **state)
{
    (void)state;
    const size_t sizes[] = { 100, 20 * KIB, 32 * KIB, 40 * KIB, 64 * KIB, 70000,
        300 * KIB, MIB, 2 * MIB, 4 * MIB, 5 * MIB };
    enum { N = sizeof sizes / sizeof *sizes };
    fixture f;

    for (int full = 0; full < 2; full++)
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                begin(&f, 8 * MIB);
                for (size_t k = 0; full && k < N; k++)
                    dp_free(&f.env, get(&f, sizes[k]), sizes[k]);
                uint8_t *at = get(&f, sizes[i]);
                at = step(&f, at, sizes[i], sizes[j]);
                dp_free(&f.env, at, sizes[j]);
                end(&f);
            }
}

/* What grows by doubling, as a frame does that comes in, is moved once into a
 * block that is kept; what is cut to its size is not moved. */
static void growing_and_cutting_cost_little(void **state)
{
    (void)state;
    fixture f;

    begin(&f, 4 * MIB);
    uint8_t *large = get(&f, MIB);
    dp_free(&f.env, large, MIB);
    size_t n = 32 * KIB;
    uint8_t *at = get(&f, n);
    size_t calls = f.t.calls;
    for (; n < MIB; n *= 2)
        at = step(&f, at, n, 2 * n);
    assert_ptr_equal(at, large);
    assert_int_equal(f.t.calls, calls);
    at = step(&f, at, n, 600 * KIB);
    assert_ptr_equal(at, large);
    assert_int_equal(f.t.calls, calls);
    at = step(&f, at, 600 * KIB, 50 * KIB); /* too little for it */
    assert_ptr_not_equal(at, large);
    dp_free(&f.env, at, 50 * KIB);
    end(&f);
}

/* --- no memory --- */

/* Before an allocation fails, what is kept is given back and it is tried again,
 * blocks or not. */
static void kept_blocks_help_out(void **state)
{
    (void)state;
    const size_t sizes[] = { 100, 2 * MIB, 5 * MIB };
    fixture f;

    for (size_t i = 0; i < 3; i++) {
        begin(&f, 8 * MIB);
        dp_free(&f.env, get(&f, MIB), MIB);
        test_env_fail(&f.t, 1);
        uint8_t *at = get(&f, sizes[i]);
        assert_int_equal(f.t.fails, 1);
        assert_true(held(&f) < sizes[i] + 8 * KIB);
        test_env_fail(&f.t, 1); /* nothing is kept */
        assert_null(dp_resize(&f.env, NULL, 0, sizes[i]));
        assert_int_equal(dp_warm_age(f.warm, (dp_now){ 1, 0 }), DP_NEVER);
        dp_free(&f.env, at, sizes[i]);
        end(&f);
    }
}

/* A resize that fails leaves what was there. */
static void failing_leaves_all_as_it_was(void **state)
{
    (void)state;
    const size_t sizes[] = { 100, 40 * KIB, 600 * KIB, 5 * MIB };
    fixture f;

    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            begin(&f, 8 * MIB);
            uint8_t *at = get(&f, sizes[i]);
            size_t spare = dp_warm_spare(f.warm), live = f.t.live;
            test_env_fail(&f.t, 1);
            uint8_t *to = dp_resize(&f.env, at, sizes[i], sizes[j]);
            assert_int_equal(!to, f.t.fails);
            if (!to) {
                assert_true(filled(at, (int)(sizes[i] % 251), sizes[i]));
                memset(at, 1, sizes[i]);
                assert_int_equal(dp_warm_spare(f.warm), spare);
                assert_int_equal(f.t.live, live);
            }
            dp_free(&f.env, to ? to : at, to ? sizes[j] : sizes[i]);
            end(&f);
        }
    test_env_init(&f.t);
    test_env_fail(&f.t, 1);
    assert_int_equal(
        dp_warm_new(&f.warm, &f.t.env, MIB, told, &f), DEVP2P_ERR_NOMEM);
    assert_null(f.warm);
    dp_warm_free(NULL);
}

/* --- time --- */

static uint64_t age(fixture *f, uint64_t ns)
{
    return dp_warm_age(f->warm, (dp_now){ ns, 0 });
}

/* What was not needed for a period goes; nothing is asked for when nothing is
 * kept; who keeps the time is told once. */
static void what_is_not_needed_goes(void **state)
{
    (void)state;
    fixture f;
    uint8_t *at[3];
    const uint64_t t0 = 1000, p = DP_WARM_NS;

    begin(&f, 8 * MIB);
    assert_int_equal(age(&f, t0), DP_NEVER);
    for (int i = 0; i < 3; i++)
        at[i] = get(&f, MIB);
    assert_int_equal(f.told, 0);
    for (int i = 0; i < 3; i++)
        dp_free(&f.env, at[i], MIB);
    assert_int_equal(f.told, 1);
    assert_int_equal(age(&f, t0), t0 + p);
    dp_free(&f.env, get(&f, MIB), MIB); /* one was enough */
    assert_int_equal(age(&f, t0 + p - 1), t0 + p);
    assert_in_range(held(&f), 3 * MIB, 4 * MIB);
    assert_int_equal(age(&f, t0 + p), t0 + 2 * p);
    assert_in_range(held(&f), MIB, MIB + 8 * KIB);
    assert_int_equal(age(&f, t0 + 2 * p), DP_NEVER);
    assert_int_equal(held(&f), 0);
    assert_int_equal(f.told, 1);
    dp_free(&f.env, get(&f, MIB), MIB);
    assert_int_equal(f.told, 2);
    end(&f);
}

/* When memory was out in between, the count of what is not needed is right. */
static void given_back_early(void **state)
{
    (void)state;
    fixture f;

    begin(&f, 8 * MIB);
    dp_free(&f.env, get(&f, MIB), MIB);
    assert_int_equal(age(&f, 0), DP_WARM_NS);
    test_env_fail(&f.t, 1);
    dp_free(&f.env, get(&f, 5 * MIB), 5 * MIB);
    assert_int_equal(held(&f), 0);
    dp_free(&f.env, get(&f, MIB), MIB);
    assert_int_equal(age(&f, DP_WARM_NS), 2 * DP_WARM_NS);
    assert_in_range(held(&f), MIB, MIB + 8 * KIB);
    end(&f);
}

/* --- the end --- */

/* A closed one keeps nothing and tells nobody; it is there as long as an env
 * that somebody keeps. */
static void closed(void **state)
{
    (void)state;
    fixture f;

    begin(&f, 8 * MIB);
    uint8_t *late = get(&f, MIB);
    dp_free(&f.env, get(&f, 2 * MIB), 2 * MIB);
    dp_warm_keep(&f.env);
    dp_warm_close(f.warm);
    assert_in_range(held(&f), MIB, MIB + 8 * KIB);
    dp_warm_free(f.warm);
    f.told = 0;
    dp_free(&f.env, late, MIB);
    dp_free(&f.env, get(&f, 3 * MIB), 3 * MIB);
    assert_int_equal(held(&f), 0);
    assert_int_equal(f.told, 0);
    assert_int_equal(f.t.live, f.own);
    dp_warm_drop(&f.env);
    assert_int_equal(f.t.live, 0);
    dp_warm_keep(&f.t.env); /* not one of ours */
    dp_warm_drop(&f.t.env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_given_again),
        cmocka_unit_test(others_pass),
        cmocka_unit_test(no_more_than_the_limit),
        cmocka_unit_test(bytes_stay_whatever_the_way),
        cmocka_unit_test(growing_and_cutting_cost_little),
        cmocka_unit_test(kept_blocks_help_out),
        cmocka_unit_test(failing_leaves_all_as_it_was),
        cmocka_unit_test(what_is_not_needed_goes),
        cmocka_unit_test(given_back_early),
        cmocka_unit_test(closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
