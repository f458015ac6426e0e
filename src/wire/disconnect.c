/* SPDX-License-Identifier: MIT */
#include "wire/disconnect.h"

#include "base/assert.h"
#include "wire/envelope.h"

#include <devp2p/rlp.h>

/* The reason is the first element of a list (RLPx, "Disconnect (0x01)"); old
 * peers send it bare, others wrap the list in a byte string.  What follows the
 * reason is ignored. */
int dp_disconnect_read(uint8_t *reason, const uint8_t *at, size_t len)
{
    if (len > DP_DISCONNECT_MAX)
        return DEVP2P_ERR_MESSAGE;
    devp2p_rlp_reader r = devp2p_rlp_read(at, len), ahead = r;
    devp2p_slice wrapped = devp2p_rlp_get_bytes(&ahead);
    if (wrapped.len > 1)
        r = devp2p_rlp_read(wrapped.at, wrapped.len);
    if (wrapped.len > 1 || devp2p_rlp_is_list(&r))
        devp2p_rlp_enter(&r);
    *reason = (uint8_t)devp2p_rlp_get_uint(&r, UINT8_MAX);
    return r.err ? DEVP2P_ERR_MESSAGE : 0;
}

/* Whether a payload is compressed has to be guessed.  A plain one is no snappy
 * stream: its first bytes, read as a declared size, do not fit the rest. */
int dp_disconnect_read_any(uint8_t *reason, const uint8_t *at, size_t len)
{
    uint8_t plain[DP_DISCONNECT_MAX];
    size_t full;
    if (!dp_snappy_valid(at, len))
        return dp_disconnect_read(reason, at, len);
    if (dp_snappy_size(&full, at, len) != 0 || full > sizeof plain ||
        dp_snappy_inflate(plain, full, at, len) != 0)
        return DEVP2P_ERR_MESSAGE;
    return dp_disconnect_read(reason, plain, full);
}

size_t dp_disconnect_write(uint8_t out[3], uint8_t reason)
{
    devp2p_rlp_writer w = devp2p_rlp_write(out, 3);
    devp2p_rlp_open(&w);
    devp2p_rlp_put_u64(&w, reason);
    devp2p_rlp_close(&w);
    devp2p_slice written;
    int err = devp2p_rlp_finish(&w, &written);
    dp_assert(!err);
    return written.len;
}
