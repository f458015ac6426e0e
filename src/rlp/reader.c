/* SPDX-License-Identifier: MIT */
/* reader.c - the cursor.  Every value moves it forward or ends the reading, so
 * that reading takes a time proportional to the input. */
#include "rlp/item.h"
#include "rlp/short.h"

devp2p_rlp_reader devp2p_rlp_read(const void *bytes, size_t len)
{
    devp2p_rlp_reader r = { .at = bytes };
    r.end = len ? r.at + len : r.at;
    return r;
}

static bool fail(devp2p_rlp_reader *r, int err)
{
    if (!r->err)
        r->err = err;
    return false;
}

/* next takes one value: its header, and its payload, which is there. */
static inline bool next(
    devp2p_rlp_reader *r, dp_rlp_head *head, devp2p_slice *payload)
{
    if (r->err)
        return false;
    size_t len = (size_t)(r->end - r->at);
    int err = dp_rlp_head_read(head, r->at, len);
    if (err)
        return fail(r, err);
    if (head->size > len - head->len)
        return fail(r, DEVP2P_ERR_RLP_SHORT);
    *payload = (devp2p_slice){ r->at + head->len, (size_t)head->size };
    if (!head->list && head->len == 1 && payload->len == 1 &&
        payload->at[0] < 0x80)
        return fail(r, DEVP2P_ERR_RLP_CANON); /* would be its own encoding */
    r->at = payload->at + payload->len;
    return true;
}

static bool next_of_kind(devp2p_rlp_reader *r, bool list, devp2p_slice *payload)
{
    dp_rlp_head head;
    if (!next(r, &head, payload))
        return false;
    return head.list == list || fail(r, DEVP2P_ERR_RLP_KIND);
}

void devp2p_rlp_enter(devp2p_rlp_reader *r)
{
    devp2p_slice payload;
    if (!next_of_kind(r, true, &payload))
        return;
    if (r->depth == DEVP2P_RLP_DEPTH_MAX) {
        fail(r, DEVP2P_ERR_RLP_DEPTH);
        return;
    }
    r->ends[r->depth++] = r->end;
    r->at = payload.at;
    r->end = payload.at + payload.len;
}

void devp2p_rlp_leave(devp2p_rlp_reader *r)
{
    if (r->err)
        return;
    if (r->depth == 0) {
        fail(r, DEVP2P_ERR_STATE);
        return;
    }
    if (r->at != r->end) {
        fail(r, DEVP2P_ERR_RLP_EXTRA);
        return;
    }
    r->end = r->ends[--r->depth];
}

void devp2p_rlp_leave_early(devp2p_rlp_reader *r)
{
    while (devp2p_rlp_more(r))
        devp2p_rlp_get_raw(r);
    devp2p_rlp_leave(r);
}

bool devp2p_rlp_more(const devp2p_rlp_reader *r)
{
    return !r->err && r->at != r->end;
}

bool devp2p_rlp_is_list(const devp2p_rlp_reader *r)
{
    return devp2p_rlp_more(r) && r->at[0] >= 0xc0;
}

size_t devp2p_rlp_count(devp2p_rlp_reader *r)
{
    devp2p_rlp_reader ahead = *r;
    size_t n = 0;
    for (; devp2p_rlp_more(&ahead); n++)
        devp2p_rlp_get_raw(&ahead);
    r->err = ahead.err;
    return r->err ? 0 : n;
}

devp2p_slice devp2p_rlp_get_raw(devp2p_rlp_reader *r)
{
    const uint8_t *from = r->at;
    dp_rlp_head head;
    devp2p_slice payload;
    if (!next(r, &head, &payload))
        return (devp2p_slice){ 0 };
    return (devp2p_slice){ from, (size_t)(r->at - from) };
}

devp2p_slice devp2p_rlp_get_bytes(devp2p_rlp_reader *r)
{
    devp2p_slice payload;
    if (!next_of_kind(r, false, &payload))
        return (devp2p_slice){ 0 };
    return payload;
}

void devp2p_rlp_get_fixed(devp2p_rlp_reader *r, void *out, size_t len)
{
    devp2p_slice bytes = devp2p_rlp_get_bytes(r);
    if (!r->err && bytes.len != len)
        fail(r, DEVP2P_ERR_RLP_RANGE);
    if (r->err)
        memset(out, 0, len);
    else if (len <= DP_RLP_SHORT_MAX)
        dp_short_copy(out, bytes.at, len);
    else
        memcpy(out, bytes.at, len);
}

/* get_integer takes an integer of at most max bytes in its shortest form. */
static devp2p_slice get_integer(devp2p_rlp_reader *r, size_t max)
{
    devp2p_slice bytes = devp2p_rlp_get_bytes(r);
    if (bytes.len && bytes.at[0] == 0)
        fail(r, DEVP2P_ERR_RLP_CANON);
    else if (bytes.len > max)
        fail(r, DEVP2P_ERR_RLP_RANGE);
    return r->err ? (devp2p_slice){ 0 } : bytes;
}

uint64_t devp2p_rlp_get_uint(devp2p_rlp_reader *r, uint64_t max)
{
    devp2p_slice bytes = get_integer(r, sizeof max);
    uint64_t v = dp_uint_read(bytes.at, bytes.len);
    if (v <= max)
        return v;
    fail(r, DEVP2P_ERR_RLP_RANGE);
    return 0;
}

uint64_t devp2p_rlp_get_u64(devp2p_rlp_reader *r)
{
    return devp2p_rlp_get_uint(r, UINT64_MAX);
}

bool devp2p_rlp_get_bool(devp2p_rlp_reader *r)
{
    return devp2p_rlp_get_uint(r, 1) != 0;
}

void dp_rlp_get_u256_to(devp2p_rlp_reader *r, devp2p_u256 *out)
{
    devp2p_slice bytes = get_integer(r, sizeof out->b);
    *out = (devp2p_u256){ { 0 } };
    dp_short_copy(out->b + sizeof out->b - bytes.len, bytes.at, bytes.len);
}

devp2p_u256 devp2p_rlp_get_u256(devp2p_rlp_reader *r)
{
    devp2p_u256 v;
    dp_rlp_get_u256_to(r, &v);
    return v;
}

int devp2p_rlp_done(const devp2p_rlp_reader *r)
{
    if (r->err)
        return r->err;
    return r->at == r->end && r->depth == 0 ? 0 : DEVP2P_ERR_RLP_EXTRA;
}
