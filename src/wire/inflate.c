/* SPDX-License-Identifier: MIT */
/* inflate.c - the elements of a snappy block (snappy format description,
 * section 2). */
#include "wire/inflate.h"

#include "wire/envelope.h"

#include <string.h>

/* WIDE bytes are one move: what it writes beyond an element, the next one
 * writes again. */
enum { WIDE = 16, COPY_MAX = 64, LITERAL_SHORT = 60 };

int dp_inflate_begin(
    dp_inflate *f, uint8_t *out, size_t full, const uint8_t *at, size_t len)
{
    uint32_t declared;
    size_t used;

    if (dp_snappy_header(&declared, &used, at, len) != 0 || declared != full)
        return DEVP2P_ERR_SNAPPY;
    *f = (dp_inflate){ .in = at + used,
        .in_end = at + len,
        .out = out,
        .at = out,
        .out_end = out + full };
    return 0;
}

static size_t in_left(const dp_inflate *f)
{
    return (size_t)(f->in_end - f->in);
}

static size_t out_left(const dp_inflate *f)
{
    return (size_t)(f->out_end - f->at);
}

/* number reads n bytes, at most 4, little-endian. */
static uint32_t number(const dp_inflate *f, size_t n)
{
    static const uint32_t mask[] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff };
    uint8_t b[4] = { 0 };

    if (in_left(f) >= sizeof b)
        memcpy(b, f->in, sizeof b);
    else
        memcpy(b, f->in, n);
    uint32_t v = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
                 (uint32_t)b[3] << 24;
    return v & mask[n];
}

/* literal copies bytes of a literal that has begun, up to limit. */
static void literal(dp_inflate *f, const uint8_t *limit)
{
    size_t n = f->literal;

    if (n > (size_t)(limit - f->at))
        n = (size_t)(limit - f->at);
    if (n <= WIDE && in_left(f) >= WIDE && out_left(f) >= WIDE)
        memcpy(f->at, f->in, WIDE);
    else
        memcpy(f->at, f->in, n);
    f->at += n;
    f->in += n;
    f->literal -= n;
}

/* begin_literal reads how long one is: its tag, or 1 to 4 bytes behind it, tell
 * that less one. */
static int begin_literal(dp_inflate *f, uint8_t tag)
{
    size_t n = tag >> 2, more = n < LITERAL_SHORT ? 0 : n - LITERAL_SHORT + 1;

    if (more > in_left(f))
        return DEVP2P_ERR_SNAPPY;
    if (more)
        n = number(f, more);
    f->in += more;
    if (n >= in_left(f) || n >= out_left(f))
        return DEVP2P_ERR_SNAPPY;
    f->literal = n + 1;
    return 0;
}

/* repeat writes n bytes again that stand so far back and may be some of the n
 * themselves.  There is room for COPY_MAX. */
static void repeat(uint8_t *to, size_t back, size_t n)
{
    const uint8_t *from = to - back;

    if (back == 1) {
        memset(to, *from, COPY_MAX);
    } else if (back < WIDE) {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
    } else {
        for (size_t i = 0; i < n; i += WIDE)
            memcpy(to + i, from + i, WIDE);
    }
}

/* copy reads how far back and how long one is. */
static int copy(dp_inflate *f, uint8_t tag)
{
    size_t kind = tag & 3, more = kind == 3 ? 4 : kind, n = 1 + (tag >> 2);

    if (more > in_left(f))
        return DEVP2P_ERR_SNAPPY;
    size_t back = number(f, more);
    f->in += more;
    if (kind == 1) {
        n = 4 + (tag >> 2 & 7);
        back |= (size_t)(tag >> 5) << 8;
    }
    if (back == 0 || back > (size_t)(f->at - f->out) || n > out_left(f))
        return DEVP2P_ERR_SNAPPY;
    if (out_left(f) >= COPY_MAX)
        repeat(f->at, back, n);
    else
        for (size_t i = 0; i < n; i++)
            f->at[i] = (f->at - back)[i];
    f->at += n;
    return 0;
}

int dp_inflate_some(dp_inflate *f, size_t max)
{
    const uint8_t *limit = f->at + (max < out_left(f) ? max : out_left(f));
    dp_inflate g = *f; /* a local, which what is written cannot alias */
    int err = 0;

    while (!err && g.at < limit) {
        if (!g.literal) {
            if (g.in == g.in_end)
                return DEVP2P_ERR_SNAPPY;
            uint8_t tag = *g.in++;
            err = tag & 3 ? copy(&g, tag) : begin_literal(&g, tag);
        }
        if (g.literal)
            literal(&g, limit);
    }
    *f = g;
    if (err)
        return err;
    if (f->at < f->out_end)
        return DEVP2P_ERR_AGAIN;
    return f->in == f->in_end ? 0 : DEVP2P_ERR_SNAPPY;
}
