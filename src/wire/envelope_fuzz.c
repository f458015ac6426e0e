/* SPDX-License-Identifier: MIT */
/* envelope_fuzz.c - as a block the input inflates to what it declares or is
 * refused; as a payload it survives both ways. */
#include "wire/envelope.h"

#include "base/assert.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
