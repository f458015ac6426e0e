/* SPDX-License-Identifier: MIT */
/* uint.h - unsigned integers as RLP has them: big-endian, shortest form. */
#ifndef DP_RLP_UINT_H
#define DP_RLP_UINT_H

#include <stddef.h>
#include <stdint.h>

/* dp_uint_read is the value of len bytes, at most 8. */
static inline uint64_t dp_uint_read(const uint8_t *at, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | at[i];
    return v;
}

/* dp_uint_len is the bytes that v needs, none for zero. */
static inline size_t dp_uint_len(uint64_t v)
{
    return v ? 8 - (size_t)__builtin_clzll(v) / 8 : 0;
}

/* dp_uint_write writes as few bytes as v needs, none for zero; it returns how
 * many. */
static inline size_t dp_uint_write(uint8_t *out, uint64_t v)
{
    size_t n = dp_uint_len(v);
    for (size_t i = n; i-- > 0; v >>= 8)
        out[i] = (uint8_t)v;
    return n;
}

#endif
