/* SPDX-License-Identifier: MIT */
/* short.h - writing strings of at most 55 bytes, which nearly all values are:
 * no call, no loop over bytes, and one test of the room for all of a value.
 * Each function here may write to DP_SHORT_ROOM bytes, however few of them are
 * the value, and returns how many are. */
#ifndef DP_RLP_SHORT_H
#define DP_RLP_SHORT_H

#include "base/bytes.h"
#include "rlp/head.h"
#include "rlp/uint.h"

#include <string.h>

enum { DP_SHORT_ROOM = 1 + DP_RLP_SHORT_MAX };

/* dp_short_copy copies n bytes, at most 64, and reads no others: two pieces of
 * a fixed size that overlap where n lies between. */
static inline void dp_short_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    if (n >= 32) {
        memcpy(to, from, 32);
        if (n > 32)
            memcpy(to + n - 32, from + n - 32, 32);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}

/* dp_short_bytes is a string of len bytes, at most DP_RLP_SHORT_MAX. */
static inline size_t dp_short_bytes(
    uint8_t *out, const uint8_t *bytes, size_t len)
{
    if (len == 1 && bytes[0] < DP_RLP_STRING) {
        out[0] = bytes[0];
        return 1;
    }
    out[0] = (uint8_t)(DP_RLP_STRING + len);
    dp_short_copy(out + 1, bytes, len);
    return 1 + len;
}

/* dp_short_u64 shifts the leading zeros out and stores all eight bytes. */
static inline size_t dp_short_u64(uint8_t *out, uint64_t v)
{
    if (v < DP_RLP_STRING) {
        out[0] = (uint8_t)(v ? v : DP_RLP_STRING);
        return 1;
    }
    size_t zeros = (size_t)__builtin_clzll(v) / 8;
    out[0] = (uint8_t)(DP_RLP_STRING + 8 - zeros);
    dp_put64(out + 1, v << 8 * zeros);
    return 9 - zeros;
}

/* dp_short_u256: most are either hashes and the like, without a leading zero,
 * or amounts of at most 64 bits. */
static inline size_t dp_short_u256(uint8_t *out, const devp2p_u256 *v)
{
    size_t len = sizeof v->b;
    if (v->b[0]) {
        out[0] = (uint8_t)(DP_RLP_STRING + len);
        memcpy(out + 1, v->b, sizeof v->b);
        return 1 + len;
    }
    uint64_t a = dp_get64(v->b), b = dp_get64(v->b + 8);
    uint64_t c = dp_get64(v->b + 16);
    if ((a | b | c) == 0)
        return dp_short_u64(out, dp_get64(v->b + 24));
    len = a   ? 24 + dp_uint_len(a)
          : b ? 16 + dp_uint_len(b)
              : 8 + dp_uint_len(c);
    out[0] = (uint8_t)(DP_RLP_STRING + len);
    dp_short_copy(out + 1, v->b + sizeof v->b - len, len);
    return 1 + len;
}

/* dp_long_bytes is a longer string; it needs DP_RLP_HEAD_MAX + len bytes. */
static inline size_t dp_long_bytes(
    uint8_t *out, const uint8_t *bytes, size_t len)
{
    size_t head = dp_rlp_head_write(out, false, len);
    memcpy(out + head, bytes, len);
    return head + len;
}

#endif
