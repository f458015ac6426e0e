/* SPDX-License-Identifier: MIT */
/* head.h - the header before every RLP value. */
#ifndef DP_RLP_HEAD_H
#define DP_RLP_HEAD_H

#include "rlp/uint.h"

#include <devp2p/rlp.h>

enum {
    DP_RLP_HEAD_MAX = 9,
    DP_RLP_SHORT_MAX = 55, /* payload bytes behind a header of one byte */
    DP_RLP_STRING = 0x80,  /* the first header of a string */
    DP_RLP_LIST = 0xc0     /* and of a list */
};

/* A dp_rlp_head says where the payload begins and how long it claims to be; a
 * byte below 0x80 is its own payload and has no header. */
typedef struct dp_rlp_head {
    uint64_t size;
    uint8_t len;
    bool list;
} dp_rlp_head;

/* dp_rlp_head_read_long decodes a header of more than one byte. */
int dp_rlp_head_read_long(dp_rlp_head *out, const uint8_t *at, size_t len);

/* dp_rlp_head_read decodes a header; whether the payload is there is not asked.
 * Returns: 0, ERR_RLP_SHORT when the header is cut, ERR_RLP_CANON when a
 *          shorter one would do. */
static inline int dp_rlp_head_read(
    dp_rlp_head *out, const uint8_t *at, size_t len)
{
    if (len == 0)
        return DEVP2P_ERR_RLP_SHORT;
    uint8_t first = at[0];
    if (first < DP_RLP_STRING) {
        *out = (dp_rlp_head){ .size = 1 };
        return 0;
    }
    bool list = first >= DP_RLP_LIST;
    unsigned size = (unsigned)(first - (list ? DP_RLP_LIST : DP_RLP_STRING));
    if (size > DP_RLP_SHORT_MAX)
        return dp_rlp_head_read_long(out, at, len);
    *out = (dp_rlp_head){ .size = size, .len = 1, .list = list };
    return 0;
}

/* dp_rlp_head_len is the length of the header before a payload of size bytes.
 */
static inline size_t dp_rlp_head_len(uint64_t size)
{
    return size <= DP_RLP_SHORT_MAX ? 1 : 1 + dp_uint_len(size);
}

/* dp_rlp_head_write encodes a header; it returns its length and writes no byte
 * more. */
static inline size_t dp_rlp_head_write(uint8_t *out, bool list, uint64_t size)
{
    unsigned base = list ? DP_RLP_LIST : DP_RLP_STRING;
    if (size <= DP_RLP_SHORT_MAX) {
        out[0] = (uint8_t)(base + size);
        return 1;
    }
    size_t n = dp_uint_write(out + 1, size);
    out[0] = (uint8_t)(base + DP_RLP_SHORT_MAX + n);
    return 1 + n;
}

#endif
