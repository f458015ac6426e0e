/* SPDX-License-Identifier: MIT */
#include "wire/envelope.h"

#include "base/assert.h"
#include "base/limits.h"

#include <snappy-c.h>

/* dp_snappy_header reads the declared size: a little-endian base 128 number of
 * at most 32 bits (snappy format description, section 1). */
int dp_snappy_header(
    uint32_t *full, size_t *used, const uint8_t *at, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len && i < 5; i++) {
        v |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] & 0x80)
            continue;
        if (v > UINT32_MAX)
            return DEVP2P_ERR_SNAPPY;
        *full = (uint32_t)v;
        *used = i + 1;
        return 0;
    }
    return DEVP2P_ERR_SNAPPY;
}

int dp_snappy_size(size_t *full, const uint8_t *at, size_t len)
{
    uint32_t declared;
    size_t used;
    int err = dp_snappy_header(&declared, &used, at, len);
    if (err)
        return err;
    if (declared > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;
    /* the densest element is a copy: 64 bytes out of 3 */
    if (declared > ((uint64_t)(len - used) + 2) / 3 * 64)
        return DEVP2P_ERR_SNAPPY;
    *full = declared;
    return 0;
}

bool dp_snappy_valid(const uint8_t *at, size_t len)
{
    return snappy_validate_compressed_buffer((const char *)at, len) ==
           SNAPPY_OK;
}

int dp_snappy_inflate(uint8_t *out, size_t full, const uint8_t *at, size_t len)
{
    uint32_t declared;
    size_t used, written = full;
    uint8_t none;
    if (dp_snappy_header(&declared, &used, at, len) != 0 || declared != full)
        return DEVP2P_ERR_SNAPPY;
    snappy_status status = snappy_uncompress(
        (const char *)at, len, (char *)(full ? out : &none), &written);
    return status == SNAPPY_OK && written == full ? 0 : DEVP2P_ERR_SNAPPY;
}

size_t dp_snappy_bound(size_t len)
{
    return snappy_max_compressed_length(len);
}

/* The library throws when it gets no memory, which ends the process; with the
 * length bounded it needs a table of at most 32 KiB. */
size_t dp_snappy_deflate(
    uint8_t *out, size_t cap, const uint8_t *at, size_t len)
{
    dp_assert(len <= DP_MESSAGE_MAX && cap >= dp_snappy_bound(len));
    snappy_status status =
        snappy_compress((const char *)at, len, (char *)out, &cap);
    dp_assert(status == SNAPPY_OK);
    return cap;
}
