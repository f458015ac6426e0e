/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/bytes.h"

#include <devp2p/base.h>

#include <string.h>

static devp2p_slice slice(const char *text)
{
    return (devp2p_slice){ (const uint8_t *)text, strlen(text) };
}

static void numbers(void **state)
{
    (void)state;
    uint8_t b[3];
    dp_put16(b, 0xfedc);
    assert_memory_equal(b, "\xfe\xdc", 2);
    assert_int_equal(dp_get16(b), 0xfedc);
    dp_put24(b, 0xfedcba);
    assert_memory_equal(b, "\xfe\xdc\xba", 3);
    assert_int_equal(dp_get24(b), 0xfedcba);
}

static void secrets(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    memset(a, 7, sizeof a);
    memset(b, 7, sizeof b);
    assert_true(dp_equal_secret(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] ^= 0x80;
        assert_false(dp_equal_secret(a, b, sizeof a));
        b[i] ^= 0x80;
    }
    assert_true(dp_equal_secret(a, "x", 0));
    dp_wipe(a + 1, 30);
    dp_wipe(NULL, 0);
    assert_int_equal(a[0], 7);
    assert_int_equal(a[31], 7);
    for (size_t i = 1; i < 31; i++)
        assert_int_equal(a[i], 0);
}

static void hex(void **state)
{
    (void)state;
    char text[9];
    uint8_t b[4];
    assert_string_equal(dp_hex(text, "\x00\x9f\xa0\xff", 4), "009fa0ff");
    assert_true(dp_unhex(b, 4, "009Fa0fF", 8));
    assert_memory_equal(b, "\x00\x9f\xa0\xff", 4);
    assert_true(dp_unhex(b, 0, "", 0));
    assert_false(dp_unhex(b, 4, "009fa0ff", 7));
    assert_false(dp_unhex(b, 3, "009fa0ff", 8));
    static const char bad[] = "/:@G`g \x80";
    for (size_t i = 0; i < sizeof bad; i++) {
        char two[2] = { '0', bad[i] };
        assert_false(dp_unhex(b, 1, two, 2));
        two[0] = bad[i];
        two[1] = '0';
        assert_false(dp_unhex(b, 1, two, 2));
    }
}

static void comparing_slices(void **state)
{
    (void)state;
    assert_true(devp2p_slice_is(slice("foo"), "foo"));
    assert_false(devp2p_slice_is(slice("foo"), "fo"));
    assert_false(devp2p_slice_is(slice("foo"), "foobar"));
    assert_false(devp2p_slice_is(slice("foo"), "fop"));
    assert_true(devp2p_slice_is((devp2p_slice){ NULL, 0 }, ""));
    assert_false(
        devp2p_slice_is((devp2p_slice){ (const uint8_t *)"a\0b", 3 }, "a"));
}

static void escaping(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(
        devp2p_escape(out, sizeof out, slice("a b~\\\n\x7f\xc3")),
        "a b~\\\\\\x0a\\x7f\\xc3");
    assert_string_equal(
        devp2p_escape(out, sizeof out, (devp2p_slice){ NULL, 0 }), "");
    assert_string_equal(devp2p_escape(out, 8, slice("1234567")), "1234567");
    assert_string_equal(devp2p_escape(out, 8, slice("12345678")), "1234...");
    assert_string_equal(devp2p_escape(out, 8, slice("1\n\n")), "1...");
    assert_string_equal(devp2p_escape(out, 8, slice("123\n")), "123\\x0a");
    assert_string_equal(devp2p_escape(out, 8, slice("\n\n")), "\\x0a...");
}

/* Whatever the bytes and the room, the result fits, ends and is printable. */
static void escaping_fits(void **state)
{
    (void)state;
    uint8_t bytes[40];
    char out[64];
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(seed >> (seed >> 30 ? 25 : 24));
        }
        size_t cap = 8 + seed % 40, len = (seed >> 8) % sizeof bytes;
        memset(out, 0x7f, sizeof out);
        devp2p_escape(out, cap, (devp2p_slice){ bytes, len });
        size_t n = strlen(out);
        assert_in_range(n, 0, cap - 1);
        assert_int_equal(out[cap], 0x7f);
        for (size_t i = 0; i < n; i++)
            assert_in_range(out[i], ' ', '~');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(secrets),
        cmocka_unit_test(hex),
        cmocka_unit_test(comparing_slices),
        cmocka_unit_test(escaping),
        cmocka_unit_test(escaping_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
