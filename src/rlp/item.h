/* SPDX-License-Identifier: MIT */
/* item.h - single values; reading one is public (devp2p_rlp_get_item). */
#ifndef DP_RLP_ITEM_H
#define DP_RLP_ITEM_H

#include <devp2p/rlp.h>

/* dp_rlp_put_value appends the C value at an address; size counts for UINT and
 * FIXED, type for STRUCT. */
void dp_rlp_put_value(devp2p_rlp_writer *w, devp2p_rlp_kind kind, size_t size,
    const devp2p_rlp_type *type, const void *at);

/* dp_rlp_load_uint is an unsigned integer of 1, 2, 4 or 8 bytes. */
uint64_t dp_rlp_load_uint(const void *at, size_t size);

#endif
