/* SPDX-License-Identifier: MIT */
#include "core/mux.h"

#include "test.h"
#include "test_env.h"

/* Two capabilities: ids 0x10..0x12 and 0x13..0x16. */
struct fixture {
    test_env env;
    dp_budget total;
    dp_mux mux;
};

static void setup(struct fixture *f, size_t limit, bool snappy)
{
    test_env_init(&f->env);
    f->total = (dp_budget){ .limit = limit };
    dp_mux_init(&f->mux, &f->env.env, &f->total);
    dp_shared shared[] = { { 0, 0x10, 3 }, { 1, 0x13, 4 } };
    const dp_caps caps = { shared, 2 };
    f->mux.snappy = snappy;
    assert_int_equal(dp_mux_open(&f->mux, &caps), 0);
}

static void teardown(struct fixture *f)
{
    dp_mux_fini(&f->mux);
    assert_int_equal(f->total.used, 0);
    assert_int_equal(f->env.live, 0);
}

static int route(struct fixture *f, uint64_t id, size_t len, dp_routed *to)
{
    static const uint8_t payload[16];
    assert_true(f->mux.snappy ? len <= sizeof payload : true);
    return dp_mux_route(
        &f->mux, to, id, payload, len, (dp_now){ .mono = 5 * DP_SEC });
}

static void test_ids(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    dp_routed to;
    assert_int_equal(route(&f, 0x12, 9, &to), 0);
    assert_true(to.cap == 0 && to.code == 2 && to.full == 9);
    assert_int_equal(route(&f, 0x16, 0, &to), 0);
    assert_true(to.cap == 1 && to.code == 3 && to.full == 0);
    static const uint64_t bad[] = { 0x17, 0xff, 0x110, UINT64_C(1) << 32 | 0x10,
        UINT64_C(1) << 63, UINT64_MAX };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(route(&f, bad[i], 1, &to), DEVP2P_ERR_MESSAGE);
    assert_int_equal(f.total.used, 9);
    teardown(&f);
}

static void test_declared_sizes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, true);
    static const uint8_t five[] = { 5, 4 << 2, 1, 2, 3, 4, 5 };
    static const uint8_t bomb[] = { 0xff, 0xff, 0xff, 7, 0 };
    static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 0xf, 0 };
    dp_routed to;
    dp_now now = { 0 };
    assert_int_equal(dp_mux_route(&f.mux, &to, 0x10, five, 7, now), 0);
    assert_int_equal(to.full, 5);
    assert_true(dp_mux_route(&f.mux, &to, 0x10, bomb, 5, now) < 0);
    assert_true(dp_mux_route(&f.mux, &to, 0x10, huge, 6, now) < 0);
    assert_int_equal(
        dp_mux_route(&f.mux, &to, 0x10, five, 0, now), DEVP2P_ERR_SNAPPY);
    assert_int_equal(f.total.used, 5);
    teardown(&f);
}

static void test_mark_by_bytes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    dp_routed to;
    for (size_t i = 0; i < DP_RECV_MARK / 8192 - 1; i++)
        assert_int_equal(route(&f, 0x10, 8192, &to), 0);
    assert_int_equal(route(&f, 0x10, 8191, &to), 0);
    assert_false(dp_mux_blocked(&f.mux)); /* one byte below */
    assert_int_equal(route(&f, 0x10, 1, &to), 0);
    assert_true(dp_mux_blocked(&f.mux));
    assert_int_equal(f.mux.full, 0);
    assert_true(f.mux.since == 5 * DP_SEC);
    dp_mux_took(&f.mux, 0, 1);
    assert_false(dp_mux_blocked(&f.mux));
    teardown(&f);
}

static void test_mark_by_messages(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    dp_routed to;
    for (size_t i = 1; i <= DP_RECV_MESSAGES; i++) {
        assert_false(dp_mux_blocked(&f.mux));
        assert_int_equal(route(&f, 0x13, 0, &to), 0); /* not a byte */
    }
    assert_true(dp_mux_blocked(&f.mux));
    assert_int_equal(f.mux.full, 1);
    dp_mux_took(&f.mux, 1, 0);
    assert_false(dp_mux_blocked(&f.mux));
    teardown(&f);
}

static void test_empty_queue_takes_the_largest(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    dp_routed to;
    assert_int_equal(route(&f, 0x10, DP_MESSAGE_MAX, &to), 0);
    assert_true(dp_mux_blocked(&f.mux));
    assert_int_equal(f.total.used, DP_MESSAGE_MAX);
    teardown(&f);
}

/* Above the mark the first one taken changes nothing yet. */
static void test_far_above_the_mark(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    dp_routed to;
    assert_int_equal(route(&f, 0x10, 100, &to), 0);
    assert_int_equal(route(&f, 0x10, DP_MESSAGE_MAX, &to), 0);
    dp_mux_took(&f.mux, 0, 100);
    assert_true(dp_mux_blocked(&f.mux));
    dp_mux_took(&f.mux, 0, DP_MESSAGE_MAX);
    assert_false(dp_mux_blocked(&f.mux));
    teardown(&f);
}

static void test_strays_are_counted(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, DP_RECV_TOTAL, false);
    for (unsigned i = 0; i < DP_STRAY_MAX; i++)
        assert_int_equal(dp_mux_stray(&f.mux), 0);
    assert_int_equal(dp_mux_stray(&f.mux), DEVP2P_ERR_LIMIT);
    teardown(&f);
}

/* An exhausted total leaves each session its spare, and no more. */
static void test_share(void **state)
{
    (void)state;
    dp_budget total = { .limit = 100000 };
    dp_share a = { .total = &total }, b = { .total = &total };
    assert_true(dp_share_has(&a, 100000));
    assert_false(dp_share_has(&a, 100001));
    dp_share_take(&a, 100000);
    assert_true(dp_share_over(&a));
    assert_false(dp_share_over(&b));
    assert_true(dp_share_has(&b, DP_SPARE));
    assert_false(dp_share_has(&b, DP_SPARE + 1));
    dp_share_take(&b, DP_SPARE);
    assert_false(dp_share_has(&b, 1));
    assert_false(dp_share_over(&b));
    dp_share_take(&b, 1);
    assert_true(dp_share_over(&b));
    dp_share_give(&a, 100000);
    assert_false(dp_share_over(&b));
    dp_share_give(&b, DP_SPARE + 1);
    assert_int_equal(total.used, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        struct fixture f = { 0 };
        test_env_init(&f.env);
        dp_shared shared[] = { { 0, 0x10, 3 } };
        const dp_caps caps = { shared, 1 };
        dp_mux_init(&f.mux, &f.env.env, &f.total);
        test_env_fail(&f.env, n);
        assert_int_equal(dp_mux_open(&f.mux, &caps), DEVP2P_ERR_NOMEM);
        assert_int_equal(f.mux.caps.n, 0);
        teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_declared_sizes),
        cmocka_unit_test(test_mark_by_bytes),
        cmocka_unit_test(test_mark_by_messages),
        cmocka_unit_test(test_empty_queue_takes_the_largest),
        cmocka_unit_test(test_far_above_the_mark),
        cmocka_unit_test(test_strays_are_counted),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
