/* SPDX-License-Identifier: MIT */
/* writer_test.c - what is written against an encoder that goes by the
 * definition alone, byte by byte, in buffers of every size. */
#include "test.h"

#include <devp2p/rlp.h>
#include <stdlib.h>
#include <string.h>

/* --- the encoder by the definition --- */

typedef struct bytes {
    uint8_t *at;
    size_t len;
} bytes;

static void add(bytes *to, const uint8_t *at, size_t len)
{
    if (len == 0)
        return;
    to->at = realloc(to->at, to->len + len);
    assert_non_null(to->at);
    for (size_t i = 0; i < len; i++)
        to->at[to->len++] = at[i];
}

static void add_byte(bytes *to, size_t byte)
{
    add(to, (const uint8_t[]){ (uint8_t)byte }, 1);
}

static void add_head(bytes *to, unsigned base, size_t size)
{
    if (size <= 55) {
        add_byte(to, base + size);
        return;
    }
    unsigned n = 0;
    while (n < 8 && size >> 8 * n)
        n++;
    add_byte(to, base + 55 + n);
    while (n-- > 0)
        add_byte(to, size >> 8 * n & 0xff);
}

static void add_string(bytes *to, const uint8_t *at, size_t len)
{
    if (len != 1 || at[0] >= 0x80)
        add_head(to, 0x80, len);
    add(to, at, len);
}

static void add_integer(bytes *to, const uint8_t *at, size_t len)
{
    for (; len && at[0] == 0; len--)
        at++;
    add_string(to, at, len);
}

/* add_list takes the payload and frees it. */
static void add_list(bytes *to, bytes payload)
{
    add_head(to, 0xc0, payload.len);
    add(to, payload.at, payload.len);
    free(payload.at);
}

static uint64_t integer_of(const void *at, size_t size)
{
    return size == 1   ? *(const uint8_t *)at
           : size == 2 ? *(const uint16_t *)at
           : size == 4 ? *(const uint32_t *)at
                       : *(const uint64_t *)at;
}

static void add_struct(bytes *to, const devp2p_rlp_type *type, const void *v);

static void add_value(bytes *to, const devp2p_rlp_field *f, const void *at)
{
    const devp2p_slice *s = at;
    uint8_t big[8];
    switch (f->kind) {
    case DEVP2P_RLP_UINT:
        for (unsigned i = 0; i < 8; i++)
            big[i] = (uint8_t)(integer_of(at, f->size) >> (56 - 8 * i));
        add_integer(to, big, 8);
        break;
    case DEVP2P_RLP_BOOL:
        add_byte(to, *(const bool *)at ? 1 : 0x80);
        break;
    case DEVP2P_RLP_U256:
        add_integer(to, at, 32);
        break;
    case DEVP2P_RLP_BYTES:
        add_string(to, s->at, s->len);
        break;
    case DEVP2P_RLP_FIXED:
        add_string(to, at, f->size);
        break;
    case DEVP2P_RLP_RAW:
    case DEVP2P_RLP_REST:
        add(to, s->at, s->len);
        break;
    case DEVP2P_RLP_STRUCT:
        add_struct(to, f->type, at);
        break;
    }
}

typedef struct many {
    uint8_t *at;
    size_t len;
} many;

static bool is_many(const devp2p_rlp_field *f)
{
    return f->flags & (DEVP2P_RLP_LIST | DEVP2P_RLP_TAIL);
}

static bool is_zero(const devp2p_rlp_field *f, const uint8_t *at)
{
    if (is_many(f))
        return ((const many *)(const void *)at)->len == 0;
    if (f->kind == DEVP2P_RLP_BYTES || f->kind == DEVP2P_RLP_RAW ||
        f->kind == DEVP2P_RLP_REST)
        return ((const devp2p_slice *)(const void *)at)->len == 0;
    bool zero = true;
    if (f->kind == DEVP2P_RLP_STRUCT) {
        for (size_t i = 0; i < f->type->nfields; i++)
            zero &=
                is_zero(&f->type->fields[i], at + f->type->fields[i].offset);
        return zero;
    }
    for (size_t i = 0; i < f->size; i++)
        zero &= at[i] == 0;
    return zero;
}

static void add_struct(bytes *to, const devp2p_rlp_type *type, const void *v)
{
    bytes payload = { 0 };
    size_t n = type->nfields;
    for (; n; n--) {
        const devp2p_rlp_field *f = &type->fields[n - 1];
        bool may_lack = f->kind == DEVP2P_RLP_REST ||
                        f->flags & (DEVP2P_RLP_OPTIONAL | DEVP2P_RLP_TAIL);
        if (!may_lack || !is_zero(f, (const uint8_t *)v + f->offset))
            break;
    }
    for (size_t i = 0; i < n; i++) {
        const devp2p_rlp_field *f = &type->fields[i];
        const void *at = (const uint8_t *)v + f->offset;
        bytes elements = { 0 };
        for (size_t k = 0; is_many(f) && k < ((const many *)at)->len; k++)
            add_value(&elements, f, ((const many *)at)->at + k * f->size);
        if (f->flags & DEVP2P_RLP_LIST) {
            add_list(&payload, elements);
        } else if (is_many(f)) {
            add(&payload, elements.at, elements.len);
            free(elements.at);
        } else {
            add_value(&payload, f, at);
        }
    }
    add_list(to, payload);
}

/* --- buffers of every size --- */

enum { GUARD = 64, ROOM = 66000 };

/* put writes into cap bytes and looks at those behind them. */
static int put(const devp2p_rlp_type *type, const void *v, uint8_t *buf,
    size_t cap, devp2p_slice *out)
{
    uint8_t guard[GUARD];
    memset(guard, 0xa5, GUARD);
    memcpy(buf + cap, guard, GUARD);
    devp2p_rlp_writer w = devp2p_rlp_write(buf, cap);
    devp2p_rlp_put_struct(&w, type, v);
    int err = devp2p_rlp_finish(&w, out);
    assert_memory_equal(buf + cap, guard, GUARD);
    return err;
}

/* check: a struct is written as the definition says, into a buffer of its very
 * size and a larger one, into none smaller; counting comes to the same. */
static void check(const devp2p_rlp_type *type, const void *v)
{
    static uint8_t buf[ROOM + GUARD];
    bytes right = { 0 };
    add_struct(&right, type, v);
    devp2p_rlp_writer w = devp2p_rlp_write(NULL, 0);
    devp2p_slice out;
    devp2p_rlp_put_struct(&w, type, v);
    assert_int_equal(devp2p_rlp_finish(&w, &out), 0);
    assert_int_equal(out.len, right.len);
    assert_true(right.len + 80 < ROOM);
    for (size_t cap = 0; cap < right.len; cap++) {
        assert_int_equal(put(type, v, buf, cap, &out), DEVP2P_ERR_NOBUF);
        assert_int_equal(out.len, 0);
    }
    for (size_t cap = right.len; cap < right.len + 80; cap++) {
        memset(buf, 0x5a, right.len);
        assert_int_equal(put(type, v, buf, cap, &out), 0);
        assert_int_equal(out.len, right.len);
        assert_memory_equal(out.at, right.at, right.len);
    }
    free(right.at);
}

/* --- random values of random types --- */

static uint64_t seed = 6;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 20) % below;
}

/* hold allocates for as long as a trial lasts: exactly n bytes, so that ASan
 * sees a read of one more. */
static void *held[4096];
static size_t nheld;

static void *hold(size_t n)
{
    assert_true(nheld < sizeof held / sizeof *held);
    held[nheld] = n ? calloc(1, n) : NULL;
    assert_true(n == 0 || held[nheld] != NULL);
    return held[nheld++];
}

static void let_go(void)
{
    while (nheld)
        free(held[--nheld]);
}

static uint8_t some_byte(void)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
    return draw(2) ? (uint8_t)draw(256) : edges[draw(sizeof edges)];
}

static void fill_string(devp2p_slice *s)
{
    size_t len = draw(40) ? draw(71) : 255 + draw(3);
    uint8_t *at = hold(len);
    for (size_t i = 0; i < len; i++)
        at[i] = some_byte();
    *s = (devp2p_slice){ at, len };
}

static void fill(const devp2p_rlp_type *type, uint8_t *v);

static void fill_value(const devp2p_rlp_field *f, uint8_t *at)
{
    uint64_t v = draw(UINT64_MAX) << 20 ^ draw(UINT64_MAX);
    if ((f->flags & DEVP2P_RLP_OPTIONAL) && draw(2))
        return; /* zero */
    switch (f->kind) {
    case DEVP2P_RLP_UINT:
        v = draw(9) ? v >> draw(64) : 0;
        memcpy(at, &v, f->size); /* of any bits */
        break;
    case DEVP2P_RLP_BOOL:
        *at = (uint8_t)draw(2);
        break;
    case DEVP2P_RLP_U256:
        for (size_t i = draw(33); i < 32; i++)
            at[i] = some_byte();
        break;
    case DEVP2P_RLP_FIXED:
        for (size_t i = 0; i < f->size; i++)
            at[i] = some_byte();
        break;
    case DEVP2P_RLP_BYTES:
    case DEVP2P_RLP_RAW:
    case DEVP2P_RLP_REST:
        fill_string((devp2p_slice *)(void *)at);
        break;
    case DEVP2P_RLP_STRUCT:
        fill(f->type, at);
        break;
    }
}

static void fill(const devp2p_rlp_type *type, uint8_t *v)
{
    for (size_t i = 0; i < type->nfields; i++) {
        const devp2p_rlp_field *f = &type->fields[i];
        uint8_t *at = v + f->offset;
        if (!is_many(f)) {
            fill_value(f, at);
            continue;
        }
        many elements = { .len = draw(4) };
        elements.at = hold(elements.len * f->size);
        for (size_t k = 0; k < elements.len; k++)
            fill_value(f, elements.at + k * f->size);
        memcpy(at, &elements, sizeof elements);
    }
}

static const devp2p_rlp_type *some_type(unsigned depth);

static size_t up_to_8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* some_row makes a row; those of a tail or rest are the last. */
static devp2p_rlp_field some_row(unsigned depth, bool last)
{
    devp2p_rlp_field f = { .name = "some" };
    do {
        f.kind = (devp2p_rlp_kind)(1 + draw(DEVP2P_RLP_STRUCT));
    } while ((f.kind == DEVP2P_RLP_STRUCT && depth == 0) ||
             (f.kind == DEVP2P_RLP_REST && !last));
    if (f.kind == DEVP2P_RLP_STRUCT)
        f.type = some_type(depth - 1);
    f.size = f.kind == DEVP2P_RLP_UINT     ? (size_t)1 << draw(4)
             : f.kind == DEVP2P_RLP_BOOL   ? sizeof(bool)
             : f.kind == DEVP2P_RLP_U256   ? sizeof(devp2p_u256)
             : f.kind == DEVP2P_RLP_FIXED  ? 1 + draw(70)
             : f.kind == DEVP2P_RLP_STRUCT ? f.type->size
                                           : sizeof(devp2p_slice);
    if (f.kind == DEVP2P_RLP_REST || f.kind == DEVP2P_RLP_RAW)
        return f;
    if (draw(3) == 0)
        f.flags = last && draw(2) ? DEVP2P_RLP_TAIL : DEVP2P_RLP_LIST;
    return f;
}

static const devp2p_rlp_type *some_type(unsigned depth)
{
    devp2p_rlp_type *type = hold(sizeof *type);
    type->name = "some";
    type->nfields = draw(8);
    devp2p_rlp_field *rows = hold(type->nfields * sizeof *rows);
    bool optional = false;
    for (size_t i = 0; i < type->nfields; i++) {
        rows[i] = some_row(depth, i + 1 == type->nfields);
        optional |= draw(6) == 0;
        if (optional && !(rows[i].flags & DEVP2P_RLP_TAIL))
            rows[i].flags |= DEVP2P_RLP_OPTIONAL;
        rows[i].offset = type->size;
        type->size += up_to_8(is_many(&rows[i]) ? sizeof(many) : rows[i].size);
    }
    type->fields = rows;
    return type;
}

static void random_types(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        const devp2p_rlp_type *type = some_type(i % 4);
        uint8_t *v = hold(type->size);
        fill(type, v);
        check(type, v);
        let_go();
    }
}

/* --- strings and lists of every length where something changes --- */

struct one {
    devp2p_slice string;
};
DEVP2P_RLP_TYPE(one, string);

struct twice {
    uint8_t pad[8];
    struct one one;
};
DEVP2P_RLP_TABLE(
    twice, DEVP2P_FIELD(twice, pad), DEVP2P_FIELD_STRUCT(twice, one, one));

static void check_length(size_t len)
{
    static const uint8_t first[] = { 0, 0x7f, 0x80 };
    for (size_t i = 0; i < sizeof first; i++) {
        uint8_t *at = hold(len);
        if (len) {
            memset(at, 0xee, len);
            at[0] = first[i];
        }
        check(&one_rlp, &(struct one){ { at, len } });
        check(&twice_rlp, &(struct twice){ .one = { { at, len } } });
        const devp2p_rlp_field row = {
            .name = "fixed", .size = len, .kind = DEVP2P_RLP_FIXED
        };
        check(&(const devp2p_rlp_type){ "fixed", len, &row, 1 }, at);
        let_go();
        if (len > 300)
            return;
    }
}

static void lengths(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 70; len++)
        check_length(len);
    for (size_t len = 240; len <= 260; len++)
        check_length(len);
    for (size_t len = 65535; len <= 65537; len++)
        check_length(len);
}

struct integers {
    uint64_t small;
    devp2p_u256 big;
};
DEVP2P_RLP_TYPE(integers, small, big);

static void integers(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit <= 256; bit++) {
        for (unsigned less = 0; less <= 1; less++) {
            /* a power of two, and the number below it */
            struct integers v = { 0 };
            for (unsigned k = 0; k < 256; k++)
                if (less ? k < bit : k == bit)
                    v.big.b[31 - k / 8] |= (uint8_t)(1u << k % 8);
            for (unsigned k = 24; k < 32; k++)
                v.small = v.small << 8 | v.big.b[k];
            check(&integers_rlp, &v);
        }
    }
}

/* --- a value at a time --- */

static void singles(void **state)
{
    (void)state;
    static uint8_t buf[512 + GUARD];
    uint8_t guard[GUARD];
    memset(guard, 0xa5, GUARD);
    for (unsigned len = 0; len <= 70; len++) {
        devp2p_u256 big = { { 0 } };
        for (unsigned i = 0; i < len && i < 32; i++)
            big.b[31 - i] = (uint8_t)(len + i);
        uint64_t small = UINT64_C(0x0807060504030281) >> len % 64;
        uint8_t *at = hold(len), swapped[8];
        for (unsigned i = 0; i < 8; i++)
            swapped[i] = (uint8_t)(small >> (56 - 8 * i));
        bytes right = { 0 };
        add_string(&right, at, len);
        add_integer(&right, big.b, 32);
        add_integer(&right, swapped, 8);
        for (size_t cap = 0; cap < right.len + 80; cap++) {
            memcpy(buf + cap, guard, GUARD);
            devp2p_rlp_writer w = devp2p_rlp_write(buf, cap);
            devp2p_slice out;
            devp2p_rlp_put_bytes(&w, at, len);
            devp2p_rlp_put_u256(&w, &big);
            devp2p_rlp_put_u64(&w, small);
            assert_int_equal(devp2p_rlp_finish(&w, &out),
                cap < right.len ? DEVP2P_ERR_NOBUF : 0);
            assert_memory_equal(buf + cap, guard, GUARD);
            assert_int_equal(out.len, cap < right.len ? 0 : right.len);
            if (out.len)
                assert_memory_equal(out.at, right.at, right.len);
        }
        free(right.at);
        let_go();
    }
}

/* read_back: what was written is read into memory of the very size. */
static void read_back(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 70; len++) {
        uint8_t *at = hold(len), *back = hold(len);
        devp2p_u256 big = { { 0 } };
        bytes all = { 0 };
        for (unsigned i = 0; i < len; i++)
            at[i] = (uint8_t)(0x80 + i);
        for (unsigned i = 0; i < len && i < 32; i++)
            big.b[31 - i] = (uint8_t)(len + i);
        add_string(&all, at, len);
        add_integer(&all, big.b, 32);
        devp2p_rlp_reader r = devp2p_rlp_read(all.at, all.len);
        devp2p_u256 read;
        memset(&read, 0xcc, sizeof read);
        devp2p_rlp_get_fixed(&r, back, len);
        devp2p_rlp_get_item(
            &r, (const devp2p_dest[]){ DEVP2P_DEST(&read) }, NULL);
        assert_int_equal(devp2p_rlp_done(&r), 0);
        if (len)
            assert_memory_equal(back, at, len);
        assert_memory_equal(&read, &big, sizeof read);
        free(all.at);
        let_go();
    }
}

/* --- errors --- */

struct knot {
    struct {
        struct knot *at;
        size_t len;
    } ends;
    uint8_t pad[300];
};
static const devp2p_rlp_type knot_rlp;
static const devp2p_rlp_field knot_rows[] = {
    { .name = "ends",
        .offset = offsetof(struct knot, ends),
        .size = sizeof(struct knot),
        .kind = DEVP2P_RLP_STRUCT,
        .flags = DEVP2P_RLP_LIST,
        .type = &knot_rlp },
};
static const devp2p_rlp_type knot_rlp = { "knot", sizeof(struct knot),
    knot_rows, 1 };

/* A value that contains itself: each list within a list needs one byte, however
 * many were guessed for its header, until they are too deep. */
static void knots(void **state)
{
    (void)state;
    static uint8_t buf[256 + GUARD];
    struct knot v = { .ends = { &v, 1 } };
    devp2p_slice out;
    for (size_t cap = 0; cap < 256; cap++)
        assert_int_equal(put(&knot_rlp, &v, buf, cap, &out),
            cap < DEVP2P_RLP_DEPTH_MAX ? DEVP2P_ERR_NOBUF
                                       : DEVP2P_ERR_RLP_DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_types),
        cmocka_unit_test(lengths),
        cmocka_unit_test(integers),
        cmocka_unit_test(singles),
        cmocka_unit_test(read_back),
        cmocka_unit_test(knots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
