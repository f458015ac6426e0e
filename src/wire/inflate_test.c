/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "wire/envelope.h"
#include "wire/inflate.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 100000, PIECE = 1000 };

static uint64_t chance = 1;

static uint32_t roll(uint32_t below)
{
    chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(chance >> 33) % below;
}

/* in_pieces inflates with a buffer of just the size, max bytes at a time. */
static int in_pieces(
    uint8_t **out, size_t full, const uint8_t *at, size_t len, size_t max)
{
    dp_inflate f;
    *out = malloc(full ? full : 1);
    assert_non_null(*out);
    int err = dp_inflate_begin(&f, *out, full, at, len);
    while (!err || err == DEVP2P_ERR_AGAIN) {
        const uint8_t *was = f.at;
        err = dp_inflate_some(&f, max);
        assert_true((size_t)(f.at - was) < max + 64);
        if (err != DEVP2P_ERR_AGAIN)
            break;
        assert_true((size_t)(f.at - was) >= max);
    }
    return err;
}

/* same compares with libsnappy, for the block alone in its memory. */
static void same(const uint8_t *at, size_t len, size_t max)
{
    size_t full;
    uint8_t *mine, *block = malloc(len ? len : 1);
    assert_non_null(block);
    if (len)
        memcpy(block, at, len);
    if (dp_snappy_size(&full, block, len) == 0) {
        uint8_t *theirs = malloc(full ? full : 1);
        assert_non_null(theirs);
        int err = dp_snappy_inflate(theirs, full, block, len);
        assert_int_equal(in_pieces(&mine, full, block, len, max), err);
        if (!err)
            assert_memory_equal(mine, theirs, full);
        free(theirs);
        free(mine);
    }
    free(block);
}

/* weave fills bytes that shrink to elements of all kinds: noise, runs, patterns
 * of a few bytes, and what stood there before, near and far. */
static void weave(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = 1 + roll(i % 7 ? 80 : 4000), kind = roll(4);
        size_t back = 1 + roll(kind == 1 ? 20 : 70000);
        for (; n && i < len; n--, i++)
            at[i] = kind && back <= i ? at[i - back] : (uint8_t)roll(256);
    }
}

static void whole_blocks(void **state)
{
    (void)state;
    static uint8_t plain[SIZE];
    size_t room = dp_snappy_bound(SIZE);
    uint8_t *block = malloc(room);
    assert_non_null(block);
    for (int i = 0; i < 200; i++) {
        size_t n = i < 20 ? (size_t)i : roll(SIZE);
        weave(plain, n);
        size_t len = dp_snappy_deflate(block, room, plain, n);
        static const size_t pieces[] = { 1, 63, PIECE, 65536, SIZE_MAX / 2 };
        same(block, len, pieces[i % 5]);
    }
    free(block);
}

/* What is broken is refused where libsnappy refuses it, and nothing beyond the
 * two buffers is touched. */
static void broken_blocks(void **state)
{
    (void)state;
    static uint8_t plain[SIZE];
    size_t room = dp_snappy_bound(SIZE);
    uint8_t *block = malloc(room);
    assert_non_null(block);
    for (int i = 0; i < 3000; i++) {
        size_t n = 1 + roll(i % 10 ? 400 : 20000);
        weave(plain, n);
        size_t len = dp_snappy_deflate(block, room, plain, n);
        for (uint32_t k = roll(3); k; k--)
            block[roll((uint32_t)len)] = (uint8_t)roll(256);
        same(block, i % 3 ? len : roll((uint32_t)len), 1 + roll(2 * PIECE));
    }
    free(block);
}

/* What deflate never writes: each kind with its shortest and longest element,
 * copies of 4 bytes, lengths of 1 to 4 bytes, and one step beyond each bound.
 */
static void elements(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint8_t at[24];
    } blocks[] = {
        { 1, { 0 } },
        { 2, { 0, 0 } },               /* something behind the end */
        { 3, { 1, 0, 'a' } },          /* a literal of 1 */
        { 4, { 1, 60 << 2, 0, 'a' } }, /* its length in 1 to 4 bytes */
        { 5, { 1, 61 << 2, 0, 0, 'a' } },
        { 6, { 1, 62 << 2, 0, 0, 0, 'a' } },
        { 7, { 1, 63 << 2, 0, 0, 0, 0, 'a' } },
        { 7, { 1, 63 << 2, 0, 0, 0, 1, 'a' } }, /* far too long */
        { 6, { 1, 63 << 2, 0, 0, 0, 0 } },
        { 3, { 1, 63 << 2, 0 } },
        { 3, { 2, 0, 'a' } },       /* too little */
        { 5, { 5, 0, 'a', 1, 1 } }, /* copies: 4 of 1 back */
        { 5, { 5, 0, 'a', 1, 0 } }, /* of 0 back */
        { 5, { 5, 0, 'a', 1, 2 } }, /* of before the beginning */
        { 4, { 5, 0, 'a', 1 } },    /* cut */
        { 6, { 65, 0, 'a', 63 << 2 | 2, 1, 0 } },
        { 6, { 64, 0, 'a', 63 << 2 | 2, 1, 0 } }, /* one too many */
        { 8, { 65, 0, 'a', 63 << 2 | 3, 1, 0, 0, 0 } },
        { 8, { 65, 0, 'a', 63 << 2 | 3, 1, 0, 0, 1 } },
        { 7, { 65, 0, 'a', 63 << 2 | 3, 1, 0, 0 } },
        { 12, { 20, 4 << 2, 'a', 'b', 'c', 'd', 'e', 14 << 2 | 2, 5, 0 } },
        { 10, { 20, 4 << 2, 'a', 'b', 'c', 'd', 'e', 14 << 2 | 2, 5, 0 } },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (size_t max = 1; max < 70; max++)
            same(blocks[i].at, blocks[i].len, max);
}

/* The size that is asked for is the one that the block declares. */
static void another_size(void **state)
{
    (void)state;
    static const uint8_t block[] = { 1, 0, 'a' };
    uint8_t out[2];
    dp_inflate f;
    assert_int_equal(dp_inflate_begin(&f, out, 2, block, 3), DEVP2P_ERR_SNAPPY);
    assert_int_equal(dp_inflate_begin(&f, out, 1, block, 0), DEVP2P_ERR_SNAPPY);
    assert_int_equal(dp_inflate_begin(&f, out, 1, block, 3), 0);
    assert_int_equal(dp_inflate_some(&f, 1), 0);
    assert_int_equal(out[0], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_blocks),
        cmocka_unit_test(broken_blocks),
        cmocka_unit_test(elements),
        cmocka_unit_test(another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
