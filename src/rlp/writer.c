/* SPDX-License-Identifier: MIT */
/* writer.c - fills a buffer, or only counts when there is none. */
#include "rlp/writer.h"

#include "rlp/short.h"

devp2p_rlp_writer devp2p_rlp_write(void *buf, size_t cap)
{
    return (devp2p_rlp_writer){ .buf = buf, .cap = buf ? cap : SIZE_MAX };
}

static void put(devp2p_rlp_writer *w, const void *bytes, size_t n)
{
    if (dp_rlp_claim(w, n) && w->buf && n)
        memcpy(w->buf + w->len - n, bytes, n);
}

/* A list begins with one byte kept free for its header, which is enough up to
 * 55 bytes; only a longer payload has to move. */
void devp2p_rlp_open(devp2p_rlp_writer *w)
{
    dp_rlp_open_list(w, 1);
}

void devp2p_rlp_close(devp2p_rlp_writer *w)
{
    dp_rlp_close_list(w, 1);
}

/* room tells whether a short value can be written where the writer stands
 * without a look at its length. */
static bool room(const devp2p_rlp_writer *w)
{
    return !w->err && w->buf && w->cap - w->len >= DP_SHORT_ROOM;
}

/* put_string writes a string of any length to a buffer of any size. */
static void put_string(devp2p_rlp_writer *w, const uint8_t *bytes, size_t len)
{
    uint8_t head[DP_RLP_HEAD_MAX];
    if (len != 1 || bytes[0] >= DP_RLP_STRING)
        put(w, head, dp_rlp_head_write(head, false, len));
    put(w, bytes, len);
}

void devp2p_rlp_put_bytes(devp2p_rlp_writer *w, const void *bytes, size_t len)
{
    if (len <= DP_RLP_SHORT_MAX && room(w))
        w->len += dp_short_bytes(w->buf + w->len, bytes, len);
    else
        put_string(w, bytes, len);
}

void devp2p_rlp_put_u64(devp2p_rlp_writer *w, uint64_t v)
{
    if (room(w)) {
        w->len += dp_short_u64(w->buf + w->len, v);
    } else {
        uint8_t value[DP_SHORT_ROOM];
        put(w, value, dp_short_u64(value, v));
    }
}

void devp2p_rlp_put_u256(devp2p_rlp_writer *w, const devp2p_u256 *v)
{
    if (room(w)) {
        w->len += dp_short_u256(w->buf + w->len, v);
    } else {
        uint8_t value[DP_SHORT_ROOM];
        put(w, value, dp_short_u256(value, v));
    }
}

void devp2p_rlp_put_str(devp2p_rlp_writer *w, const char *string)
{
    devp2p_rlp_put_bytes(w, string, strlen(string));
}

void devp2p_rlp_put_raw(devp2p_rlp_writer *w, devp2p_slice encoded)
{
    put(w, encoded.at, encoded.len);
}

int devp2p_rlp_finish(devp2p_rlp_writer *w, devp2p_slice *out)
{
    if (w->depth)
        dp_rlp_fail(w, DEVP2P_ERR_STATE);
    *out = (devp2p_slice){ 0 };
    if (!w->err)
        *out = (devp2p_slice){ w->buf, w->len };
    return w->err;
}
