/* SPDX-License-Identifier: MIT */
/* table.c - C structs as lists.  Structs nest as deep as their tables say; the
 * reader's and the writer's own bound on lists within lists stops tables that
 * refer to themselves. */
#include "base/env.h"
#include "rlp/arena.h"
#include "rlp/item.h"

#include <string.h>

/* A span is how every list member of a struct begins: T *at, size_t len. */
typedef struct span {
    void *at;
    size_t len;
} span;

static bool is_many(const devp2p_rlp_field *f)
{
    return (f->flags & (DEVP2P_RLP_LIST | DEVP2P_RLP_TAIL)) != 0;
}

static bool all_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i])
            return false;
    }
    return true;
}

static bool is_zero_struct(const devp2p_rlp_type *type, const uint8_t *value);

/* is_zero looks at values, never at the padding between them. */
static bool is_zero(const devp2p_rlp_field *f, const void *at)
{
    if (is_many(f))
        return ((const span *)at)->len == 0;
    switch (f->kind) {
    case DEVP2P_RLP_UINT:
        return dp_rlp_load_uint(at, f->size) == 0;
    case DEVP2P_RLP_BOOL:
        return !*(const bool *)at;
    case DEVP2P_RLP_U256:
    case DEVP2P_RLP_FIXED:
        return all_zero(at, f->size);
    case DEVP2P_RLP_BYTES:
    case DEVP2P_RLP_RAW:
    case DEVP2P_RLP_REST:
        return ((const devp2p_slice *)at)->len == 0;
    case DEVP2P_RLP_STRUCT:
        return is_zero_struct(f->type, at);
    }
    return false;
}

static bool is_zero_struct(const devp2p_rlp_type *type, const uint8_t *value)
{
    for (size_t i = 0; i < type->nfields; i++) {
        const devp2p_rlp_field *f = &type->fields[i];
        if (!is_zero(f, value + f->offset))
            return false;
    }
    return true;
}

static void put_many(
    devp2p_rlp_writer *w, const devp2p_rlp_field *f, const span *elements)
{
    const uint8_t *at = elements->at;
    if (f->flags & DEVP2P_RLP_LIST)
        devp2p_rlp_open(w);
    for (size_t i = 0; i < elements->len && !w->err; i++)
        dp_rlp_put_value(w, f->kind, f->size, f->type, at + i * f->size);
    if (f->flags & DEVP2P_RLP_LIST)
        devp2p_rlp_close(w);
}

/* can_lack: the list may end before this row, when the row is zero.  Nothing is
 * written of an empty tail or rest, so an optional row before it can lack too.
 */
static bool can_lack(const devp2p_rlp_field *f)
{
    return (f->flags & (DEVP2P_RLP_OPTIONAL | DEVP2P_RLP_TAIL)) != 0 ||
           f->kind == DEVP2P_RLP_REST;
}

void devp2p_rlp_put_struct(
    devp2p_rlp_writer *w, const devp2p_rlp_type *type, const void *value)
{
    const uint8_t *base = value;
    const devp2p_rlp_field *f = type->fields, *end = f + type->nfields;
    while (end > f && can_lack(&end[-1]) &&
           is_zero(&end[-1], base + end[-1].offset))
        end--;
    devp2p_rlp_open(w);
    for (; f < end && !w->err; f++) {
        const void *at = base + f->offset;
        if (is_many(f))
            put_many(w, f, at);
        else
            dp_rlp_put_value(w, f->kind, f->size, f->type, at);
    }
    devp2p_rlp_close(w);
}

/* get_many counts before it takes room, so that a list costs what its elements
 * cost and no claim is believed. */
static void get_many(devp2p_rlp_reader *r, const devp2p_rlp_field *f, span *out,
    devp2p_arena *arena)
{
    if (f->flags & DEVP2P_RLP_LIST)
        devp2p_rlp_enter(r);
    size_t n = devp2p_rlp_count(r);
    uint8_t *at = n ? dp_arena_take(arena, n, f->size) : NULL;
    if (n && !at) {
        r->err = DEVP2P_ERR_NOBUF;
        return;
    }
    for (size_t i = 0; i < n && !r->err; i++) {
        devp2p_dest element = { f->kind, f->size, f->type, at + i * f->size };
        devp2p_rlp_get_item(r, &element, arena);
    }
    if (f->flags & DEVP2P_RLP_LIST)
        devp2p_rlp_leave(r);
    *out = (span){ at, n };
}

static void get_field(devp2p_rlp_reader *r, const devp2p_rlp_field *f, void *at,
    devp2p_arena *arena)
{
    if ((f->flags & DEVP2P_RLP_OPTIONAL) && !devp2p_rlp_more(r))
        return;
    if (is_many(f)) {
        get_many(r, f, at, arena);
    } else {
        devp2p_dest dest = { f->kind, f->size, f->type, at };
        devp2p_rlp_get_item(r, &dest, arena);
    }
}

/* tell makes the sentence of devp2p_last_detail.  The innermost struct sees an
 * error first and has the last word. */
static void tell(devp2p_rlp_reader *r, const devp2p_rlp_type *type,
    const devp2p_rlp_field *f)
{
    if (!r->err || r->told)
        return;
    r->told = true;
    dp_fail(r->err, "%s%s%s: %s", type->name, f ? "." : "", f ? f->name : "",
        devp2p_strerror(r->err));
}

void devp2p_rlp_get_struct(devp2p_rlp_reader *r, const devp2p_rlp_type *type,
    void *value, devp2p_arena *arena)
{
    devp2p_rlp_enter(r);
    memset(value, 0, type->size);
    for (size_t i = 0; i < type->nfields && !r->err; i++) {
        const devp2p_rlp_field *f = &type->fields[i];
        get_field(r, f, (uint8_t *)value + f->offset, arena);
        tell(r, type, f);
    }
    devp2p_rlp_leave(r);
    tell(r, type, NULL);
    if (r->err)
        memset(value, 0, type->size);
}
