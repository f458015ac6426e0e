/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "wire/envelope.h"

#include <devp2p/key.h>

#include <string.h>

/* --- streams too long to print --- */

static uint8_t byte_of(const json_t *object)
{
    size_t len;
    return *vector_bytes(object, "byte", &len);
}

static size_t put_size(uint8_t *out, size_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

/* single_literal is one literal whose length takes two bytes. */
static size_t single_literal(uint8_t *out, uint8_t byte, size_t count)
{
    size_t n = put_size(out, count);
    out[n++] = 61 << 2;
    out[n++] = (uint8_t)(count - 1);
    out[n++] = (uint8_t)((count - 1) >> 8);
    memset(out + n, byte, count);
    return n + count;
}

/* run is one byte, then copies of 64 at offset 1, the last one shorter. */
static size_t run(uint8_t *out, uint8_t byte, size_t count)
{
    size_t n = put_size(out, count);
    out[n++] = 0;
    out[n++] = byte;
    for (size_t left = count - 1, len; left; left -= len) {
        len = left < 64 ? left : 64;
        out[n++] = (uint8_t)((len - 1) << 2 | 2);
        out[n++] = 1;
        out[n++] = 0;
    }
    return n;
}

static uint8_t *stream(const json_t *input, size_t *len)
{
    const json_t *generate = json_object_get(input, "generate");
    if (!generate)
        return vector_bytes(input, "hex", len);
    size_t count = (size_t)vector_int(generate, "count");
    uint8_t *at = vector_alloc(count + 16);
    bool is_run = strcmp(vector_text(generate, "kind"), "run") == 0;
    *len = (is_run ? run : single_literal)(at, byte_of(generate), count);
    return at;
}

static bool same_digest(
    const json_t *output, const char *key, const uint8_t *at, size_t len)
{
    uint8_t digest[32];
    devp2p_keccak256(digest, at, len);
    return vector_same(output, key, digest, sizeof digest);
}

static bool same_plain(const json_t *output, const uint8_t *at, size_t len)
{
    if (json_object_get(output, "hex"))
        return vector_same(output, "hex", at, len);
    return vector_int(output, "size") == (int64_t)len &&
           same_digest(output, "keccak256", at, len);
}

/* --- ops --- */

static int decode(const json_t *input, const json_t *output)
{
    size_t len, full;
    const uint8_t *at = stream(input, &len);
    if (json_object_get(output, "stream_size") &&
        (vector_int(output, "stream_size") != (int64_t)len ||
            !same_digest(output, "stream_keccak256", at, len)))
        return VECTOR_DIFFERS;
    int err = dp_snappy_size(&full, at, len);
    if (err)
        return err;
    uint8_t *plain = vector_alloc(full);
    err = dp_snappy_inflate(plain, full, at, len);
    if (err || !output)
        return err;
    return same_plain(output, plain, full) ? 0 : VECTOR_DIFFERS;
}

static int decoded_length(const json_t *input, const json_t *output)
{
    size_t len, used;
    uint32_t full;
    const uint8_t *at = vector_bytes(input, "hex", &len);
    int err = dp_snappy_header(&full, &used, at, len);
    if (err || !output)
        return err;
    bool same = vector_int(output, "length") == (int64_t)full && used == len;
    return same ? 0 : VECTOR_DIFFERS;
}

static uint8_t *plain_of(const json_t *plain, size_t *len)
{
    const json_t *repeat = json_object_get(plain, "repeat");
    *len = (size_t)vector_int(
        repeat ? repeat : plain, repeat ? "count" : "counter");
    uint8_t *at = vector_alloc(*len);
    for (size_t i = 0; i < *len; i++)
        at[i] = (uint8_t)i;
    if (repeat)
        memset(at, byte_of(repeat), *len);
    return at;
}

static int roundtrip(const json_t *input, const json_t *output)
{
    size_t len, full;
    const uint8_t *plain = plain_of(json_object_get(input, "plain"), &len);
    size_t cap = dp_snappy_bound(len);
    uint8_t *packed = vector_alloc(cap), *again = vector_alloc(len);
    size_t n = dp_snappy_deflate(packed, cap, plain, len);
    if (dp_snappy_size(&full, packed, n) != 0 || full != len ||
        dp_snappy_inflate(again, full, packed, n) != 0)
        return VECTOR_DIFFERS;
    bool same = memcmp(again, plain, len) == 0 &&
                (int64_t)n <= vector_int(input, "max_compressed") &&
                vector_int(output, "size") == (int64_t)len;
    return same ? 0 : VECTOR_DIFFERS;
}

static const vector_row rows[] = { { "decode", decode },
    { "decoded_length", decoded_length }, { "roundtrip", roundtrip },
    { NULL, NULL } };

const vector_file vector_snappy = { "snappy", rows };
