/* SPDX-License-Identifier: MIT */
/* rlp_fuzz.c - whatever is accepted is canonical: written again it is the same
 * bytes; what a table reads stays inside its arena. */
#include "base/assert.h"

#include <devp2p/rlp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct inner {
    uint16_t small;
    devp2p_slice bytes;
};
DEVP2P_RLP_TYPE(inner, small, bytes);

struct outer {
    uint64_t number;
    bool flag;
    devp2p_u256 big;
    uint8_t fixed[4];
    struct inner one;
    struct {
        struct inner *at;
        size_t len;
    } many;
    struct {
        uint32_t *at;
        size_t len;
    } numbers;
    struct {
        devp2p_slice *at;
        size_t len;
    } words;
    devp2p_slice raw;
    uint64_t maybe;
    devp2p_slice rest;
};
DEVP2P_RLP_TABLE(outer, DEVP2P_FIELD(outer, number), DEVP2P_FIELD(outer, flag),
    DEVP2P_FIELD(outer, big), DEVP2P_FIELD(outer, fixed),
    DEVP2P_FIELD_STRUCT(outer, one, inner),
    DEVP2P_FIELD_STRUCTS(outer, many, inner), DEVP2P_FIELD_LIST(outer, numbers),
    DEVP2P_FIELD_LIST(outer, words), DEVP2P_FIELD_RAW(outer, raw),
    DEVP2P_FIELD_OPT(outer, maybe), DEVP2P_FIELD_REST(outer, rest));

/* A list that may end before any of its fields. */
struct maybe {
    uint64_t number;
    bool flag;
    devp2p_u256 big;
    uint8_t fixed[4];
    devp2p_slice bytes;
};
DEVP2P_RLP_TABLE(maybe, DEVP2P_FIELD_OPT(maybe, number),
    DEVP2P_FIELD_OPT(maybe, flag), DEVP2P_FIELD_OPT(maybe, big),
    DEVP2P_FIELD_OPT(maybe, fixed), DEVP2P_FIELD_OPT(maybe, bytes));

/* copy writes every value that r reads; lists nest as deep as the reader lets
 * them. */
static void copy(devp2p_rlp_reader *r, devp2p_rlp_writer *w)
{
    unsigned depth = 0;
    for (;;) {
        if (devp2p_rlp_more(r) && devp2p_rlp_is_list(r)) {
            devp2p_rlp_enter(r);
            devp2p_rlp_open(w);
            depth++;
        } else if (devp2p_rlp_more(r)) {
            devp2p_slice s = devp2p_rlp_get_bytes(r);
            devp2p_rlp_put_bytes(w, s.at, s.len);
        } else if (depth && !r->err) {
            devp2p_rlp_leave(r);
            devp2p_rlp_close(w);
            depth--;
        } else {
            return;
        }
    }
}

static void round_trip(const uint8_t *data, size_t size, uint8_t *out)
{
    devp2p_rlp_reader r = devp2p_rlp_read(data, size);
    devp2p_rlp_writer w = devp2p_rlp_write(out, size);
    devp2p_slice s;
    copy(&r, &w);
    if (devp2p_rlp_done(&r))
        return;
    dp_assert(devp2p_rlp_finish(&w, &s) == 0);
    dp_assert(s.len == size && (!size || !memcmp(s.at, data, size)));
}

static void table(const uint8_t *data, size_t size, uint8_t *out)
{
    /* how much arena there is depends on the input; too little is an error */
    size_t room = size ? data[size - 1] * 16u : 0;
    uint8_t *memory = malloc(room + 1);
    dp_assert(memory);
    devp2p_arena arena = { memory, memory + room };
    devp2p_rlp_reader r = devp2p_rlp_read(data, size);
    devp2p_rlp_writer w = devp2p_rlp_write(out, size);
    struct outer v;
    devp2p_slice s;
    devp2p_rlp_get_struct(&r, &outer_rlp, &v, &arena);
    dp_assert(arena.at <= arena.end);
    /* an optional field that is there and zero is left out when written */
    if (devp2p_rlp_done(&r) == 0 && (v.maybe || v.rest.len == 0)) {
        devp2p_rlp_put_struct(&w, &outer_rlp, &v);
        if (devp2p_rlp_finish(&w, &s) == 0 && s.len == size)
            dp_assert(memcmp(s.at, data, size) == 0);
    }
    free(memory);
}

/* same: what was written is the input, unless zeros at its end were left out.
 */
static void same(devp2p_rlp_writer *w, const uint8_t *data, size_t size)
{
    devp2p_slice s;
    dp_assert(devp2p_rlp_finish(w, &s) == 0 && s.len <= size);
    if (s.len == size)
        dp_assert(memcmp(s.at, data, size) == 0);
}

static void optional(const uint8_t *data, size_t size, uint8_t *out)
{
    devp2p_rlp_reader r = devp2p_rlp_read(data, size);
    devp2p_rlp_writer w = devp2p_rlp_write(out, size);
    struct maybe v;
    devp2p_rlp_get_struct(&r, &maybe_rlp, &v, NULL);
    if (devp2p_rlp_done(&r))
        return;
    devp2p_rlp_put_struct(&w, &maybe_rlp, &v);
    same(&w, data, size);
}

/* items: the loose values that a handler reads. */
static void items(const uint8_t *data, size_t size, uint8_t *out)
{
    devp2p_rlp_reader r = devp2p_rlp_read(data, size);
    devp2p_rlp_writer w = devp2p_rlp_write(out, size);
    uint8_t small;
    uint16_t half;
    uint32_t word;
    devp2p_slice bytes, rest;
    const devp2p_dest dests[] = { DEVP2P_DEST(&small), DEVP2P_DEST(&half),
        DEVP2P_DEST(&word), DEVP2P_DEST(&bytes),
        { DEVP2P_RLP_REST, sizeof rest, NULL, &rest } };
    devp2p_rlp_get_items(&r, dests, 5, NULL);
    if (devp2p_rlp_done(&r))
        return;
    const devp2p_item values[] = { DEVP2P_ITEM(small), DEVP2P_ITEM(half),
        DEVP2P_ITEM(word), DEVP2P_ITEM(bytes),
        { .kind = DEVP2P_RLP_REST, .v.bytes = rest } };
    devp2p_rlp_put_items(&w, values, 5);
    same(&w, data, size);
}

/* early: elements of a list that nobody wants are passed over. */
static void early(const uint8_t *data, size_t size)
{
    devp2p_rlp_reader r = devp2p_rlp_read(data, size);
    devp2p_rlp_enter(&r);
    uint64_t first = devp2p_rlp_get_u64(&r);
    size_t left = devp2p_rlp_count(&r);
    devp2p_rlp_leave_early(&r);
    if (devp2p_rlp_done(&r))
        return;
    dp_assert(left < size && (first == 0 || size > 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *out = malloc(size + 1);
    dp_assert(out);
    round_trip(data, size, out);
    table(data, size, out);
    optional(data, size, out);
    items(data, size, out);
    early(data, size);
    free(out);
    return 0;
}
