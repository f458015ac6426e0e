/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "rlp/head.h"

#include <devp2p/key.h>

#include <stdio.h>
#include <string.h>

/* --- helpers --- */

static int agree(bool same)
{
    return same ? 0 : VECTOR_DIFFERS;
}

static bool same_number(const json_t *object, const char *key, uint64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    return strcmp(vector_text(object, key), text) == 0;
}

/* big_endian turns a decimal number into the fewest bytes. */
static devp2p_slice big_endian(const char *decimal)
{
    enum { ROOM = 64 };
    uint8_t *at = vector_alloc(ROOM);
    memset(at, 0, ROOM);
    for (; *decimal; decimal++) {
        unsigned carry = (unsigned)(*decimal - '0');
        for (size_t i = ROOM; i-- > 0; carry >>= 8) {
            carry += at[i] * 10u;
            at[i] = (uint8_t)carry;
        }
    }
    size_t zeros = 0;
    while (zeros < ROOM && at[zeros] == 0)
        zeros++;
    return (devp2p_slice){ at + zeros, ROOM - zeros };
}

/* nested makes lists within lists, the innermost empty, from the inside. */
static uint8_t *nested(size_t depth, size_t *len)
{
    size_t room = depth * DP_RLP_HEAD_MAX;
    uint8_t *at = vector_alloc(room), *from = at + room;
    for (size_t i = 0; i < depth; i++) {
        uint8_t head[DP_RLP_HEAD_MAX];
        size_t n = dp_rlp_head_write(head, true, (size_t)(at + room - from));
        from -= n;
        memcpy(from, head, n);
    }
    *len = (size_t)(at + room - from);
    return from;
}

static uint8_t *input_bytes(const json_t *input, size_t *len)
{
    const json_t *generate = json_object_get(input, "generate");
    if (!generate)
        return vector_bytes(input, "hex", len);
    return nested((size_t)vector_int(generate, "depth"), len);
}

/* --- encode --- */

static void put(devp2p_rlp_writer *w, const json_t *item)
{
    if (json_is_array(item)) {
        size_t i;
        json_t *element;
        devp2p_rlp_open(w);
        json_array_foreach(item, i, element) put(w, element);
        devp2p_rlp_close(w);
        return;
    }
    if (json_is_string(item)) {
        size_t len;
        const uint8_t *at = vector_hex(item, &len);
        devp2p_rlp_put_bytes(w, at, len);
        return;
    }
    devp2p_slice number = big_endian(vector_text(item, "uint"));
    devp2p_u256 v = { { 0 } };
    if (number.len > sizeof v.b) { /* more than the library counts */
        devp2p_rlp_put_bytes(w, number.at, number.len);
        return;
    }
    memcpy(v.b + sizeof v.b - number.len, number.at, number.len);
    uint64_t low = 0;
    for (size_t i = 24; i < sizeof v.b; i++)
        low = low << 8 | v.b[i];
    if (number.len <= sizeof low)
        devp2p_rlp_put_u64(w, low);
    else
        devp2p_rlp_put_u256(w, &v);
}

static int encode(const json_t *input, const json_t *output)
{
    const json_t *item = json_object_get(input, "item");
    devp2p_slice counted, written;
    devp2p_rlp_writer w = devp2p_rlp_write(NULL, 0);
    put(&w, item);
    int err = devp2p_rlp_finish(&w, &counted);
    if (err)
        return err;
    w = devp2p_rlp_write(vector_alloc(counted.len), counted.len);
    put(&w, item);
    err = devp2p_rlp_finish(&w, &written);
    if (err || !output)
        return err;
    return agree(counted.len == written.len &&
                 vector_same(output, "hex", written.at, written.len));
}

static int merge_items(const json_t *input, const json_t *output)
{
    uint8_t buf[256];
    devp2p_rlp_writer w = devp2p_rlp_write(buf, sizeof buf);
    devp2p_rlp_open(&w);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(input, "items"), i, item)
    {
        devp2p_slice raw;
        raw.at = vector_hex(item, &raw.len);
        devp2p_rlp_put_raw(&w, raw);
    }
    devp2p_rlp_close(&w);
    devp2p_slice written;
    int err = devp2p_rlp_finish(&w, &written);
    if (err || !output)
        return err;
    return agree(vector_same(output, "hex", written.at, written.len));
}

static int size_of(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "data", &len);
    devp2p_rlp_writer w = devp2p_rlp_write(NULL, 0);
    devp2p_rlp_put_bytes(&w, at, len);
    devp2p_slice counted;
    int err = devp2p_rlp_finish(&w, &counted);
    if (err || !output)
        return err;
    return agree(vector_int(output, "size") == (int64_t)counted.len);
}

/* --- decode --- */

/* copy reads one item to its last leaf and writes it again; *depth is how deep
 * its lists nest. */
static void copy(devp2p_rlp_reader *r, devp2p_rlp_writer *w, unsigned *depth)
{
    *depth = 0;
    do {
        if (devp2p_rlp_is_list(r)) {
            devp2p_rlp_enter(r);
            devp2p_rlp_open(w);
            if (r->depth > *depth)
                *depth = r->depth;
        } else if (devp2p_rlp_more(r) || r->depth == 0) {
            devp2p_slice bytes = devp2p_rlp_get_bytes(r);
            devp2p_rlp_put_bytes(w, bytes.at, bytes.len);
        }
        while (!r->err && r->depth && !devp2p_rlp_more(r)) {
            devp2p_rlp_leave(r);
            devp2p_rlp_close(w);
        }
    } while (!r->err && r->depth);
}

/* equal compares what the reader reads with an item of the file. */
static bool equal(devp2p_rlp_reader *r, const json_t *item)
{
    size_t i, len;
    json_t *element;
    if (!json_is_array(item)) {
        const uint8_t *want = vector_hex(item, &len);
        devp2p_slice got = devp2p_rlp_get_bytes(r);
        return !r->err && got.len == len && memcmp(got.at, want, len) == 0;
    }
    devp2p_rlp_enter(r);
    json_array_foreach(item, i, element)
    {
        if (!equal(r, element))
            return false;
    }
    devp2p_rlp_leave(r);
    return !r->err;
}

static int decode_first(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = input_bytes(input, &len);
    unsigned depth;
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_writer w = devp2p_rlp_write(vector_alloc(len + 1), len + 1);
    copy(&r, &w, &depth);
    if (r.err)
        return r.err;
    devp2p_slice again;
    int err = devp2p_rlp_finish(&w, &again);
    if (err || memcmp(again.at, at, again.len) != 0)
        return VECTOR_DIFFERS;
    if (!output) /* a case of decode that is refused for what follows */
        return again.len == len ? 0 : DEVP2P_ERR_RLP_EXTRA;
    const json_t *item = json_object_get(output, "item");
    r = devp2p_rlp_read(at, len);
    bool same =
        item ? equal(&r, item) : vector_int(output, "depth") == (int64_t)depth;
    if (json_object_get(output, "rest"))
        same = same &&
               vector_same(output, "rest", at + again.len, len - again.len);
    else if (again.len != len)
        return DEVP2P_ERR_RLP_EXTRA;
    return same ? 0 : VECTOR_DIFFERS;
}

static int decode_uint(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    if (vector_int(input, "bits") == 256) {
        devp2p_u256 v = devp2p_rlp_get_u256(&r), want = { { 0 } };
        if (output) {
            devp2p_slice bytes = big_endian(vector_text(output, "uint"));
            memcpy(want.b + sizeof want.b - bytes.len, bytes.at, bytes.len);
        }
        int err = devp2p_rlp_done(&r);
        if (err || !output)
            return err;
        return agree(memcmp(&v, &want, sizeof v) == 0);
    }
    uint32_t v32;
    uint64_t v64;
    bool wide = vector_int(input, "bits") == 64;
    devp2p_dest dest = wide ? DEVP2P_DEST(&v64) : DEVP2P_DEST(&v32);
    devp2p_rlp_get_item(&r, &dest, NULL);
    int err = devp2p_rlp_done(&r);
    if (err || !output)
        return err;
    return agree(same_number(output, "uint", wide ? v64 : v32));
}

static int decode_bool(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    bool v = devp2p_rlp_get_bool(&r);
    int err = devp2p_rlp_done(&r);
    if (err || !output)
        return err;
    return agree(v == json_is_true(json_object_get(output, "bool")));
}

static int decode_bytes(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_slice v = devp2p_rlp_get_bytes(&r);
    int err = devp2p_rlp_done(&r);
    if (err || !output)
        return err;
    return agree(vector_same(output, "hex", v.at, v.len));
}

static int decode_fixed(const json_t *input, const json_t *output)
{
    size_t len, size = (size_t)vector_int(input, "size");
    const uint8_t *at = vector_bytes(input, "hex", &len);
    uint8_t *v = vector_alloc(size);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_get_fixed(&r, v, size);
    int err = devp2p_rlp_done(&r);
    if (err || !output)
        return err;
    return agree(vector_same(output, "hex", v, size));
}

struct uints {
    struct {
        uint64_t *at;
        size_t len;
    } all;
};
DEVP2P_RLP_TABLE(uints, DEVP2P_FIELD_TAIL(uints, all));

static int decode_uint_list(const json_t *input, const json_t *output)
{
    size_t len, i;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    uint8_t memory[256];
    devp2p_arena arena = { memory, memory + sizeof memory };
    struct uints v;
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_get_struct(&r, &uints_rlp, &v, &arena);
    int err = devp2p_rlp_done(&r);
    const json_t *want = json_object_get(output, "uints");
    json_t *number;
    bool same = json_array_size(want) == v.all.len;
    json_array_foreach(want, i, number)
    {
        char text[32];
        snprintf(text, sizeof text, "%llu",
            same ? (unsigned long long)v.all.at[i] : 0);
        same = same && strcmp(json_string_value(number), text) == 0;
    }
    if (err || !output)
        return err;
    return agree(same);
}

/* --- parts --- */

static bool same_kind(const json_t *output, const dp_rlp_head *head)
{
    const char *kind = head->list ? "list" : head->len ? "string" : "byte";
    return strcmp(vector_text(output, "kind"), kind) == 0;
}

static int item_head(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    dp_rlp_head head;
    int err = dp_rlp_head_read(&head, at, len);
    if (err || !output)
        return err;
    return agree(same_kind(output, &head) &&
                 same_number(output, "length", head.len ? head.size : 0));
}

static int split(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_slice raw = devp2p_rlp_get_raw(&r);
    if (r.err)
        return r.err;
    dp_rlp_head head;
    int err = dp_rlp_head_read(&head, raw.at, raw.len);
    if (err || !output)
        return err;
    return agree(
        same_kind(output, &head) &&
        vector_same(output, "content", raw.at + head.len, raw.len - head.len) &&
        vector_same(output, "rest", raw.at + raw.len, len - raw.len));
}

static int split_uint64(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len), rest = r;
    uint64_t v = devp2p_rlp_get_u64(&r);
    size_t used = devp2p_rlp_get_raw(&rest).len;
    if (r.err || !output)
        return r.err;
    return agree(same_number(output, "uint", v) &&
                 vector_same(output, "rest", at + used, len - used));
}

static int list_items(const json_t *input, const json_t *output)
{
    size_t len, i, n;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    const json_t *want = json_object_get(output, "items");
    json_t *item;
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_enter(&r);
    bool same = devp2p_rlp_count(&r) == json_array_size(want);
    json_array_foreach(want, i, item)
    {
        devp2p_slice raw = devp2p_rlp_get_raw(&r);
        const uint8_t *bytes = vector_hex(item, &n);
        same = same && raw.len == n && memcmp(raw.at, bytes, n) == 0;
    }
    devp2p_rlp_leave(&r);
    int err = devp2p_rlp_done(&r);
    if (err || !output)
        return err;
    return agree(same);
}

static int count_items(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    size_t n = devp2p_rlp_count(&r);
    if (r.err || !output)
        return r.err;
    return agree(vector_int(output, "count") == (int64_t)n);
}

static const vector_row rows[] = { { "encode", encode },
    { "decode", decode_first }, { "decode_first", decode_first },
    { "decode_uint", decode_uint }, { "decode_bool", decode_bool },
    { "decode_bytes", decode_bytes }, { "decode_fixed", decode_fixed },
    { "decode_uint_list", decode_uint_list }, { "item_head", item_head },
    { "split", split }, { "split_uint64", split_uint64 },
    { "list_items", list_items }, { "count_items", count_items },
    { "merge_items", merge_items }, { "size_of", size_of }, { NULL, NULL } };

const vector_file vector_rlp = { "rlp", rows };
