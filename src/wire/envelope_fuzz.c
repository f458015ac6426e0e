/* SPDX-License-Identifier: MIT */
/* envelope_fuzz.c - as a block the input inflates to what it declares or is
 * refused, in pieces just as at once; as a payload it survives both ways. */
#include "wire/envelope.h"
#include "wire/inflate.h"

#include "base/assert.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* pieces: out is what libsnappy made of the block, err what it said. */
static void pieces(
    const uint8_t *out, size_t full, int err, const uint8_t *data, size_t size)
{
    uint8_t *again = malloc(full ? full : 1);
    dp_inflate f;
    dp_assert(again);
    dp_assert(dp_inflate_begin(&f, again, full, data, size) == 0);
    int got;
    do
        got = dp_inflate_some(&f, 1 + size % 200);
    while (got == DEVP2P_ERR_AGAIN);
    dp_assert(got == err);
    dp_assert(err || !full || memcmp(again, out, full) == 0);
    free(again);
}

static void inflate(const uint8_t *data, size_t size)
{
    size_t full;
    if (dp_snappy_size(&full, data, size))
        return;
    dp_assert(full <= DP_MESSAGE_MAX);
    uint8_t *out = malloc(full ? full : 1); /* exact, for the sanitizer */
    dp_assert(out);
    int err = dp_snappy_inflate(out, full, data, size);
    dp_assert(err == 0 || err == DEVP2P_ERR_SNAPPY);
    pieces(out, full, err, data, size);
    free(out);
}

static void both_ways(const uint8_t *data, size_t size)
{
    size_t room = dp_snappy_bound(size), full;
    uint8_t *small = malloc(room), *plain = malloc(size + 1);
    dp_assert(small && plain);
    size_t len = dp_snappy_deflate(small, room, data, size);
    dp_assert(len <= room);
    dp_assert(dp_snappy_size(&full, small, len) == 0 && full == size);
    dp_assert(dp_snappy_inflate(plain, full, small, len) == 0);
    dp_assert(!size || memcmp(plain, data, size) == 0);
    free(small);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    inflate(data, size);
    both_ways(data, size);
    return 0;
}
