/* SPDX-License-Identifier: MIT */
#include "rlp/item.h"

static void store_uint(void *at, size_t size, uint64_t v)
{
    switch (size) {
    case sizeof(uint8_t):
        *(uint8_t *)at = (uint8_t)v;
        break;
    case sizeof(uint16_t):
        *(uint16_t *)at = (uint16_t)v;
        break;
    case sizeof(uint32_t):
        *(uint32_t *)at = (uint32_t)v;
        break;
    default:
        dp_assert(size == sizeof(uint64_t));
        *(uint64_t *)at = v;
    }
}

void dp_rlp_put_value(
    devp2p_rlp_writer *w, devp2p_rlp_kind kind, size_t size, const void *at)
{
    const devp2p_slice *slice = at;
    switch (kind) {
    case DEVP2P_RLP_UINT:
        devp2p_rlp_put_u64(w, dp_rlp_load_uint(at, size));
        break;
    case DEVP2P_RLP_BOOL:
        devp2p_rlp_put_u64(w, *(const bool *)at);
        break;
    case DEVP2P_RLP_U256:
        devp2p_rlp_put_u256(w, at);
        break;
    case DEVP2P_RLP_BYTES:
        devp2p_rlp_put_bytes(w, slice->at, slice->len);
        break;
    case DEVP2P_RLP_FIXED:
        devp2p_rlp_put_bytes(w, at, size);
        break;
    case DEVP2P_RLP_RAW:
    case DEVP2P_RLP_REST:
        devp2p_rlp_put_raw(w, *slice);
        break;
    case DEVP2P_RLP_STRUCT:
        dp_assert(false); /* its table writes it */
    }
}

void devp2p_rlp_put_item(devp2p_rlp_writer *w, const devp2p_item *item)
{
    if (item->negative && !w->err)
        w->err = DEVP2P_ERR_RLP_RANGE;
    if (item->kind == DEVP2P_RLP_STRUCT)
        devp2p_rlp_put_struct(w, item->v.st.type, item->v.st.value);
    else
        dp_rlp_put_value(w, item->kind, sizeof item->v.u64, &item->v);
}

void devp2p_rlp_put_items(
    devp2p_rlp_writer *w, const devp2p_item *items, size_t n)
{
    devp2p_rlp_open(w);
    for (size_t i = 0; i < n; i++)
        devp2p_rlp_put_item(w, &items[i]);
    devp2p_rlp_close(w);
}

static devp2p_slice get_rest(devp2p_rlp_reader *r)
{
    devp2p_slice rest = { r->at, 0 };
    while (devp2p_rlp_more(r))
        rest.len += devp2p_rlp_get_raw(r).len;
    return r->err ? (devp2p_slice){ 0 } : rest;
}

void dp_rlp_get_value(devp2p_rlp_reader *r, devp2p_rlp_kind kind, size_t size,
    const devp2p_rlp_type *type, void *to, devp2p_arena *arena)
{
    switch (kind) {
    case DEVP2P_RLP_UINT: {
        uint64_t max = UINT64_MAX >> (64 - 8 * size);
        store_uint(to, size, devp2p_rlp_get_uint(r, max));
        break;
    }
    case DEVP2P_RLP_BOOL:
        *(bool *)to = devp2p_rlp_get_bool(r);
        break;
    case DEVP2P_RLP_U256:
        dp_rlp_get_u256_to(r, to);
        break;
    case DEVP2P_RLP_BYTES:
        *(devp2p_slice *)to = devp2p_rlp_get_bytes(r);
        break;
    case DEVP2P_RLP_FIXED:
        devp2p_rlp_get_fixed(r, to, size);
        break;
    case DEVP2P_RLP_RAW:
        *(devp2p_slice *)to = devp2p_rlp_get_raw(r);
        break;
    case DEVP2P_RLP_REST:
        *(devp2p_slice *)to = get_rest(r);
        break;
    case DEVP2P_RLP_STRUCT:
        devp2p_rlp_get_struct(r, type, to, arena);
        break;
    }
}

void devp2p_rlp_get_item(
    devp2p_rlp_reader *r, const devp2p_dest *dest, devp2p_arena *arena)
{
    dp_rlp_get_value(r, dest->kind, dest->size, dest->type, dest->to, arena);
}

void devp2p_rlp_get_items(devp2p_rlp_reader *r, const devp2p_dest *dests,
    size_t n, devp2p_arena *arena)
{
    devp2p_rlp_enter(r);
    for (size_t i = 0; i < n; i++)
        devp2p_rlp_get_item(r, &dests[i], arena);
    devp2p_rlp_leave(r);
}
