/* SPDX-License-Identifier: MIT */
/* writer.c - fills a buffer, or only counts when there is none. */
#include "rlp/head.h"
#include "rlp/uint.h"

#include <string.h>

devp2p_rlp_writer devp2p_rlp_write(void *buf, size_t cap)
{
    return (devp2p_rlp_writer){ .buf = buf, .cap = buf ? cap : SIZE_MAX };
}

static void fail(devp2p_rlp_writer *w, int err)
{
    if (!w->err)
        w->err = err;
}

/* claim takes n more bytes of the buffer: false when there is no room. */
static bool claim(devp2p_rlp_writer *w, size_t n)
{
    if (!w->err && n > w->cap - w->len)
        w->err = DEVP2P_ERR_NOBUF;
    if (w->err)
        return false;
    w->len += n;
    return true;
}

static void put(devp2p_rlp_writer *w, const void *bytes, size_t n)
{
    if (claim(w, n) && w->buf && n)
        memcpy(w->buf + w->len - n, bytes, n);
}

/* A list begins with one byte kept free for its header, which is enough up to
 * 55 bytes; only a longer payload has to move. */
void devp2p_rlp_open(devp2p_rlp_writer *w)
{
    if (!w->err && w->depth == DEVP2P_RLP_DEPTH_MAX)
        fail(w, DEVP2P_ERR_RLP_DEPTH);
    if (claim(w, 1))
        w->mark[w->depth++] = w->len;
}

void devp2p_rlp_close(devp2p_rlp_writer *w)
{
    if (!w->err && w->depth == 0)
        fail(w, DEVP2P_ERR_STATE);
    if (w->err)
        return;
    size_t from = w->mark[--w->depth], size = w->len - from;
    uint8_t head[DP_RLP_HEAD_MAX];
    size_t n = dp_rlp_head_write(head, true, size);
    if (!claim(w, n - 1) || !w->buf)
        return;
    if (n > 1)
        memmove(w->buf + from - 1 + n, w->buf + from, size);
    memcpy(w->buf + from - 1, head, n);
}

/* short_string makes room for a string of at most DP_RLP_SHORT_MAX bytes and
 * puts its header there, if it has one; NULL when there is nowhere to write.
 * Most strings are short: a header of one byte and no loop. */
static uint8_t *short_string(devp2p_rlp_writer *w, size_t len, uint8_t first)
{
    size_t head = len != 1 || first >= DP_RLP_STRING;
    if (!claim(w, head + len) || !w->buf)
        return NULL;
    uint8_t *at = w->buf + w->len - len;
    if (head)
        at[-1] = (uint8_t)(DP_RLP_STRING + len);
    return at;
}

static void put_long(devp2p_rlp_writer *w, const void *bytes, size_t len)
{
    uint8_t head[DP_RLP_HEAD_MAX];
    put(w, head, dp_rlp_head_write(head, false, len));
    put(w, bytes, len);
}

void devp2p_rlp_put_bytes(devp2p_rlp_writer *w, const void *bytes, size_t len)
{
    if (len > DP_RLP_SHORT_MAX) {
        put_long(w, bytes, len);
        return;
    }
    uint8_t *at = short_string(w, len, len ? *(const uint8_t *)bytes : 0);
    if (at && len)
        memcpy(at, bytes, len);
}

void devp2p_rlp_put_u64(devp2p_rlp_writer *w, uint64_t v)
{
    size_t len = dp_uint_len(v);
    uint8_t *at = short_string(w, len, v < DP_RLP_STRING ? (uint8_t)v : 0xff);
    if (at)
        dp_uint_write(at, v);
}

/* Numbers of this size are often short: zeros are skipped by eights first. */
void devp2p_rlp_put_u256(devp2p_rlp_writer *w, const devp2p_u256 *v)
{
    static const uint8_t eight[8];
    size_t zeros = 0;
    while (zeros < sizeof v->b && memcmp(v->b + zeros, eight, 8) == 0)
        zeros += 8;
    while (zeros < sizeof v->b && v->b[zeros] == 0)
        zeros++;
    devp2p_rlp_put_bytes(w, v->b + zeros, sizeof v->b - zeros);
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
        fail(w, DEVP2P_ERR_STATE);
    *out = (devp2p_slice){ 0 };
    if (!w->err)
        *out = (devp2p_slice){ w->buf, w->len };
    return w->err;
}
