/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "crypto/keccak.h"

#include <devp2p/key.h>

#include <string.h>

/* message makes the input of a case: data, a repeated byte, or 0, 1, 2 ... */
static uint8_t *message(const json_t *input, size_t *len)
{
    const json_t *repeat = json_object_get(input, "repeat");
    const json_t *counter = json_object_get(input, "counter");
    if (!repeat && !counter)
        return vector_bytes(input, "data", len);
    *len = repeat ? (size_t)vector_int(repeat, "count")
                  : (size_t)json_integer_value(counter);
    uint8_t *at = vector_alloc(*len);
    for (size_t i = 0; i < *len; i++)
        at[i] = (uint8_t)i;
    if (repeat) {
        size_t one;
        const uint8_t *byte = vector_bytes(repeat, "byte", &one);
        memset(at, *byte, *len);
    }
    return at;
}

static int run_hash(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = message(input, &len);
    uint8_t digest[32];
    devp2p_keccak256(digest, at, len);
    return vector_same(output, "digest", digest, 32) ? 0 : VECTOR_DIFFERS;
}

static int run_rolling(const json_t *input, const json_t *output)
{
    const json_t *updates = json_object_get(input, "updates");
    const json_t *digests = json_object_get(output, "digests");
    if (json_array_size(updates) != json_array_size(digests))
        return VECTOR_DIFFERS;
    dp_keccak k;
    dp_keccak_init(&k);
    for (size_t i = 0; i < json_array_size(updates); i++) {
        size_t len, want_len;
        const uint8_t *at = vector_hex(json_array_get(updates, i), &len);
        const uint8_t *want = vector_hex(json_array_get(digests, i), &want_len);
        uint8_t digest[32];
        dp_keccak_add(&k, at, len);
        dp_keccak_peek(&k, digest);
        if (want_len != 32 || memcmp(digest, want, 32) != 0)
            return VECTOR_DIFFERS;
    }
    return 0;
}

static const vector_row rows[] = { { "hash", run_hash },
    { "rolling", run_rolling }, { NULL, NULL } };

const vector_file vector_keccak256 = { "keccak256", rows };
