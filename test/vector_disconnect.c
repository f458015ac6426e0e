/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "wire/disconnect.h"
#include "wire/envelope.h"

/* A reason is the same however the payload is read: alone, as it came without
 * compression, and as it came with it. */
static int decode(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, "payload", &len);
    size_t cap = dp_snappy_bound(len);
    uint8_t *packed = vector_alloc(cap);
    size_t n = dp_snappy_deflate(packed, cap, at, len);

    uint8_t alone, plain, inflated;
    int err = dp_disconnect_read(&alone, at, len);
    if (dp_disconnect_read_any(&plain, at, len) != err ||
        dp_disconnect_read_any(&inflated, packed, n) != err)
        return VECTOR_DIFFERS;
    if (err || !output)
        return err;
    int64_t want = vector_int(output, "reason");
    bool same = alone == want && plain == want && inflated == want;
    return same ? 0 : VECTOR_DIFFERS;
}

static const vector_row rows[] = { { "decode", decode }, { NULL, NULL } };

const vector_file vector_disconnect = { "disconnect", rows };
