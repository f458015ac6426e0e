/* SPDX-License-Identifier: MIT */
/* item.h - single values, at their addresses. */
#ifndef DP_RLP_ITEM_H
#define DP_RLP_ITEM_H

#include "base/assert.h"

#include <devp2p/rlp.h>

/* dp_rlp_put_value appends the C value at an address, no struct; size counts
 * for UINT and FIXED. */
void dp_rlp_put_value(
    devp2p_rlp_writer *w, devp2p_rlp_kind kind, size_t size, const void *at);

/* dp_rlp_get_value reads a C value of any kind to an address; size counts for
 * UINT and FIXED, type and arena for STRUCT. */
void dp_rlp_get_value(devp2p_rlp_reader *r, devp2p_rlp_kind kind, size_t size,
    const devp2p_rlp_type *type, void *to, devp2p_arena *arena);

/* dp_rlp_get_u256_to is devp2p_rlp_get_u256 without a copy of its value, which
 * would wait for the bytes just stored. */
void dp_rlp_get_u256_to(devp2p_rlp_reader *r, devp2p_u256 *out);

/* dp_rlp_load_uint is an unsigned integer of 1, 2, 4 or 8 bytes. */
static inline uint64_t dp_rlp_load_uint(const void *at, size_t size)
{
    if (size == sizeof(uint64_t)) /* most are */
        return *(const uint64_t *)at;
    switch (size) {
    case sizeof(uint8_t):
        return *(const uint8_t *)at;
    case sizeof(uint16_t):
        return *(const uint16_t *)at;
    default:
        dp_assert(size == sizeof(uint32_t));
        return *(const uint32_t *)at;
    }
}

#endif
