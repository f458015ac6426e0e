/* SPDX-License-Identifier: MIT */
/* item.h - single values; reading one is public (devp2p_rlp_get_item). */
#ifndef DP_RLP_ITEM_H
#define DP_RLP_ITEM_H

#include "base/assert.h"

#include <devp2p/rlp.h>

/* dp_rlp_put_value appends the C value at an address, no struct; size counts
 * for UINT and FIXED. */
void dp_rlp_put_value(
    devp2p_rlp_writer *w, devp2p_rlp_kind kind, size_t size, const void *at);

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
