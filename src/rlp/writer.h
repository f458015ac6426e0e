/* SPDX-License-Identifier: MIT */
/* writer.h - the writer from inside: room, lists whose header is guessed. */
#ifndef DP_RLP_WRITER_H
#define DP_RLP_WRITER_H

#include "rlp/head.h"

#include <string.h>

static inline void dp_rlp_fail(devp2p_rlp_writer *w, int err)
{
    if (!w->err)
        w->err = err;
}

/* dp_rlp_claim takes n more bytes of the buffer: false when there is no room.
 */
static inline bool dp_rlp_claim(devp2p_rlp_writer *w, size_t n)
{
    if (!w->err && n > w->cap - w->len)
        w->err = DEVP2P_ERR_NOBUF;
    if (w->err)
        return false;
    w->len += n;
    return true;
}

/* dp_rlp_open_list begins a list and keeps head bytes free for its header. */
static inline void dp_rlp_open_list(devp2p_rlp_writer *w, size_t head)
{
    if (w->depth == DEVP2P_RLP_DEPTH_MAX)
        dp_rlp_fail(w, DEVP2P_ERR_RLP_DEPTH);
    if (dp_rlp_claim(w, head))
        w->mark[w->depth++] = w->len;
}

/* dp_rlp_close_list ends a list that was opened with the same head; its payload
 * moves when the header has another length. */
static inline void dp_rlp_close_list(devp2p_rlp_writer *w, size_t head)
{
    if (w->depth == 0)
        dp_rlp_fail(w, DEVP2P_ERR_STATE);
    if (w->err)
        return;
    size_t payload = w->mark[--w->depth], size = w->len - payload;
    size_t n = dp_rlp_head_len(size), from = payload - head;
    if (n > head && !dp_rlp_claim(w, n - head))
        return;
    w->len = from + n + size;
    if (!w->buf)
        return;
    if (n != head)
        memmove(w->buf + from + n, w->buf + payload, size);
    dp_rlp_head_write(w->buf + from, true, size);
}

#endif
