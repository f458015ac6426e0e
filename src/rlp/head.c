/* SPDX-License-Identifier: MIT */
#include "rlp/head.h"

enum {
    SHORT_MAX = DP_RLP_SHORT_MAX,
    STRING = DP_RLP_STRING,
    LIST = DP_RLP_LIST
};

int dp_rlp_head_read_long(dp_rlp_head *out, const uint8_t *at, size_t len)
{
    bool list = at[0] >= LIST;
    unsigned n = /* bytes of the length */
        (unsigned)(at[0] - (list ? LIST : STRING) - SHORT_MAX);
    if (len - 1 < n)
        return DEVP2P_ERR_RLP_SHORT;
    if (at[1] == 0)
        return DEVP2P_ERR_RLP_CANON;
    uint64_t claim = dp_uint_read(at + 1, n);
    if (claim <= SHORT_MAX)
        return DEVP2P_ERR_RLP_CANON;
    *out =
        (dp_rlp_head){ .size = claim, .len = (uint8_t)(1 + n), .list = list };
    return 0;
}
