/* SPDX-License-Identifier: MIT */
/* table.c - C structs as lists.  Structs nest as deep as their tables say; the
 * reader's and the writer's own bound on lists within lists stops tables that
 * refer to themselves. */
#include "base/env.h"
#include "rlp/arena.h"
#include "rlp/item.h"
#include "rlp/short.h"
#include "rlp/writer.h"

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

/* can_lack: the list may end before this row, when the row is zero.  Nothing is
 * written of an empty tail or rest, so an optional row before it can lack too.
 */
static bool can_lack(const devp2p_rlp_field *f)
{
    return (f->flags & (DEVP2P_RLP_OPTIONAL | DEVP2P_RLP_TAIL)) != 0 ||
           f->kind == DEVP2P_RLP_REST;
}

/* put_plain writes one value to a buffer of at least DP_SHORT_ROOM bytes and
 * returns its length; 0 for one that it leaves to others.  Tests in a row are
 * faster here than a switch, whose jump the processor guesses less well. */
static inline size_t put_plain(uint8_t *out, const uint8_t *end,
    devp2p_rlp_kind kind, size_t size, const void *at)
{
    if (kind == DEVP2P_RLP_U256)
        return dp_short_u256(out, at);
    if (kind == DEVP2P_RLP_UINT)
        return dp_short_u64(out, dp_rlp_load_uint(at, size));
    if (kind == DEVP2P_RLP_FIXED && size <= DP_RLP_SHORT_MAX)
        return dp_short_bytes(out, at, size);
    if (kind == DEVP2P_RLP_BYTES) {
        devp2p_slice s = *(const devp2p_slice *)at;
        if (s.len <= DP_RLP_SHORT_MAX)
            return dp_short_bytes(out, s.at, s.len);
        if (s.len <= (size_t)(end - out) - DP_RLP_HEAD_MAX)
            return dp_long_bytes(out, s.at, s.len);
    }
    if (kind == DEVP2P_RLP_BOOL)
        return dp_short_u64(out, *(const bool *)at);
    return 0;
}

/* put_plain_fields writes fields as long as put_plain does; it returns the
 * first that it did not write.  What the loop needs of the writer is not in
 * memory, where the bytes written might be it. */
static const devp2p_rlp_field *put_plain_fields(devp2p_rlp_writer *w,
    const devp2p_rlp_field *f, const devp2p_rlp_field *end, const uint8_t *base)
{
    if (!w->buf || w->cap - w->len < DP_SHORT_ROOM)
        return f;
    uint8_t *at = w->buf + w->len, *last = w->buf + w->cap - DP_SHORT_ROOM;
    for (; f < end && at <= last && !is_many(f); f++) {
        size_t n = put_plain(
            at, last + DP_SHORT_ROOM, f->kind, f->size, base + f->offset);
        if (n == 0)
            break;
        at += n;
    }
    w->len = (size_t)(at - w->buf);
    return f;
}

/* A guess is how a list's header is made room for: as if its payload was as
 * long as the C value (then nothing moves at its end, in most cases), or with
 * one byte, so that no byte is asked for that is not needed in the end. */
typedef enum guess { TIGHT, LIKE_C } guess;

static size_t head_for(guess g, size_t size)
{
    return g == TIGHT ? 1 : dp_rlp_head_len(size);
}

static void put_struct(devp2p_rlp_writer *w, const devp2p_rlp_type *type,
    const uint8_t *base, guess g);

static void put_many(devp2p_rlp_writer *w, const devp2p_rlp_field *f,
    const span *elements, guess g)
{
    const uint8_t *at = elements->at;
    size_t head = head_for(g, elements->len * f->size);
    if (f->flags & DEVP2P_RLP_LIST)
        dp_rlp_open_list(w, head);
    for (size_t i = 0; i < elements->len && !w->err; i++) {
        if (f->kind == DEVP2P_RLP_STRUCT)
            put_struct(w, f->type, at + i * f->size, g);
        else
            dp_rlp_put_value(w, f->kind, f->size, at + i * f->size);
    }
    if (f->flags & DEVP2P_RLP_LIST)
        dp_rlp_close_list(w, head);
}

static void put_struct(devp2p_rlp_writer *w, const devp2p_rlp_type *type,
    const uint8_t *base, guess g)
{
    const devp2p_rlp_field *f = type->fields, *end = f + type->nfields;
    while (end > f && can_lack(&end[-1]) &&
           is_zero(&end[-1], base + end[-1].offset))
        end--;
    size_t head = head_for(g, type->size);
    dp_rlp_open_list(w, head);
    for (; f < end && !w->err; f++) {
        f = put_plain_fields(w, f, end, base);
        if (f == end)
            break;
        const void *at = base + f->offset;
        if (is_many(f))
            put_many(w, f, at, g);
        else if (f->kind == DEVP2P_RLP_STRUCT)
            put_struct(w, f->type, at, g);
        else
            dp_rlp_put_value(w, f->kind, f->size, at);
    }
    dp_rlp_close_list(w, head);
}

/* Room kept for a header and not needed must not be the room that a value
 * behind it lacks: then all is written again without guesses. */
void devp2p_rlp_put_struct(
    devp2p_rlp_writer *w, const devp2p_rlp_type *type, const void *value)
{
    size_t len = w->len;
    unsigned depth = w->depth;
    if (w->err)
        return;
    put_struct(w, type, value, LIKE_C);
    if (w->err != DEVP2P_ERR_NOBUF)
        return;
    w->err = 0;
    w->len = len;
    w->depth = depth;
    put_struct(w, type, value, TIGHT);
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
        dp_rlp_get_value(r, f->kind, f->size, f->type, at + i * f->size, arena);
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
    if (is_many(f))
        get_many(r, f, at, arena);
    else
        dp_rlp_get_value(r, f->kind, f->size, f->type, at, arena);
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
