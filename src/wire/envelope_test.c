/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "wire/envelope.h"

#include <stdlib.h>
#include <string.h>

/* claim writes a block's head: the size it declares. */
static size_t claim(uint8_t *out, uint64_t full)
{
    size_t n = 0;
    for (; full >= 0x80; full >>= 7)
        out[n++] = (uint8_t)(full | 0x80);
    out[n++] = (uint8_t)full;
    return n;
}

/* A few bytes that claim megabytes are refused before anything is taken for
 * them. */
static void false_claims(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 65, 1000, 1 << 20, DP_MESSAGE_MAX,
        (uint64_t)DP_MESSAGE_MAX + 1, UINT32_MAX, (uint64_t)1 << 35 };
    uint8_t block[16] = { 0 };
    size_t full;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = claim(block, sizes[i]);
        int err = dp_snappy_size(&full, block, n);
        assert_true(err == DEVP2P_ERR_SNAPPY || err == DEVP2P_ERR_TOO_BIG);
    }
    assert_int_equal(dp_snappy_size(&full, block, 0), DEVP2P_ERR_SNAPPY);
}

/* The longest message passes; one byte more is too big. */
static void longest(void **state)
{
    (void)state;
    size_t len = (size_t)DP_MESSAGE_MAX, room = dp_snappy_bound(len), full;
    uint8_t *plain = calloc(1, len), *small = malloc(room);
    uint8_t *again = malloc(len);
    assert_true(plain && small && again);
    plain[len - 1] = 9;
    size_t n = dp_snappy_deflate(small, room, plain, len);
    assert_int_equal(dp_snappy_size(&full, small, n), 0);
    assert_int_equal(full, len);
    assert_int_equal(dp_snappy_inflate(again, full, small, n), 0);
    assert_memory_equal(again, plain, len);
    for (size_t cut = 0; cut < n; cut += 997)
        if (dp_snappy_size(&full, small, cut) == 0)
            assert_int_equal(
                dp_snappy_inflate(again, full, small, cut), DEVP2P_ERR_SNAPPY);
    claim(small, len + 1);
    assert_int_equal(dp_snappy_size(&full, small, n), DEVP2P_ERR_TOO_BIG);
    free(plain);
    free(small);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_claims),
        cmocka_unit_test(longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
