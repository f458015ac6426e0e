/* SPDX-License-Identifier: MIT */
#include "core/caps.h"

#include "test.h"

#include <string.h>

static devp2p_slice text(const char *s)
{
    return (devp2p_slice){ (const uint8_t *)s, strlen(s) };
}

static void test_ids_follow_the_alphabet(void **state)
{
    (void)state;
    dp_protocol ours[] = { { text("snap"), 1, 8 }, { text("eth"), 68, 17 },
        { text("eth"), 67, 15 }, { text("les"), 4, 3 } };
    devp2p_cap theirs[] = { { text("eth"), 67 }, { text("snap"), 1 },
        { text("eth"), 68 } };
    dp_shared shared[DP_PROTOCOLS_MAX];
    dp_caps caps = { .v = shared };
    dp_caps_match(&caps, ours, 4, theirs, 3);
    assert_int_equal(caps.n, 2);
    assert_int_equal(caps.v[0].ours, 1);
    assert_int_equal(caps.v[0].offset, 16);
    assert_int_equal(caps.v[1].ours, 0);
    assert_int_equal(caps.v[1].offset, 33);
}

/* A version is 64 bits on their side: 2^32 + 1 is not our 1. */
static void test_versions_are_not_truncated(void **state)
{
    (void)state;
    dp_protocol ours[] = { { text("foo"), 1, 1 } };
    devp2p_cap theirs[] = { { text("foo"), (UINT64_C(1) << 32) + 1 } };
    dp_shared shared[DP_PROTOCOLS_MAX];
    dp_caps caps = { .v = shared };
    dp_caps_match(&caps, ours, 1, theirs, 1);
    assert_int_equal(caps.n, 0);
}

static void test_find_walks_the_borders(void **state)
{
    (void)state;
    dp_shared shared[] = { { 0, 16, 2 }, { 1, 18, 0 }, { 2, 18, 3 } };
    const dp_caps caps = { shared, 3 };
    size_t at;
    uint64_t code;
    assert_false(dp_caps_find(&caps, 15, &at, &code));
    assert_true(dp_caps_find(&caps, 16, &at, &code));
    assert_true(at == 0 && code == 0);
    assert_true(dp_caps_find(&caps, 17, &at, &code));
    assert_true(at == 0 && code == 1);
    assert_true(dp_caps_find(&caps, 18, &at, &code));
    assert_true(at == 2 && code == 0); /* a length of 0 owns no id */
    assert_true(dp_caps_find(&caps, 20, &at, &code));
    assert_true(at == 2 && code == 2);
    assert_false(dp_caps_find(&caps, 21, &at, &code));
    assert_false(dp_caps_find(&caps, 256 + 16, &at, &code));
    assert_false(dp_caps_find(&caps, (UINT64_C(1) << 32) + 16, &at, &code));
    assert_false(dp_caps_find(&caps, UINT64_MAX, &at, &code));
}

/* The longest table: 64 protocols of the greatest length do not wrap. */
static void test_full_table(void **state)
{
    (void)state;
    static char names[DP_PROTOCOLS_MAX][3];
    dp_protocol ours[DP_PROTOCOLS_MAX];
    devp2p_cap theirs[DP_PROTOCOLS_MAX];
    for (size_t i = 0; i < DP_PROTOCOLS_MAX; i++) {
        size_t k = DP_PROTOCOLS_MAX - 1 - i; /* backwards */
        names[i][0] = (char)('a' + k / 8);
        names[i][1] = (char)('a' + k % 8);
        ours[i] = (dp_protocol){ text(names[i]), 1, UINT32_MAX };
        theirs[i] = (devp2p_cap){ text(names[i]), 1 };
    }
    dp_shared shared[DP_PROTOCOLS_MAX];
    dp_caps caps = { .v = shared };
    dp_caps_match(&caps, ours, DP_PROTOCOLS_MAX, theirs, DP_PROTOCOLS_MAX);
    assert_int_equal(caps.n, DP_PROTOCOLS_MAX);
    for (size_t i = 0; i < caps.n; i++) {
        assert_int_equal(caps.v[i].ours, DP_PROTOCOLS_MAX - 1 - i);
        assert_true(caps.v[i].offset == 16 + i * (uint64_t)UINT32_MAX);
    }
}

static void test_sort_by_name_then_version(void **state)
{
    (void)state;
    dp_protocol p[] = { { text("b"), 1, 0 }, { text("a"), 2, 0 },
        { text(""), 7, 0 }, { text("a"), 1, 0 }, { text("ab"), 0, 0 } };
    const dp_protocol *rows[] = { &p[0], &p[1], &p[2], &p[3], &p[4] };
    dp_protocols_sort(rows, 5);
    assert_ptr_equal(rows[0], &p[2]);
    assert_ptr_equal(rows[1], &p[3]);
    assert_ptr_equal(rows[2], &p[1]);
    assert_ptr_equal(rows[3], &p[4]);
    assert_ptr_equal(rows[4], &p[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_follow_the_alphabet),
        cmocka_unit_test(test_versions_are_not_truncated),
        cmocka_unit_test(test_find_walks_the_borders),
        cmocka_unit_test(test_full_table),
        cmocka_unit_test(test_sort_by_name_then_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
