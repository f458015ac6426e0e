/* SPDX-License-Identifier: MIT */
#include "core/feed.h"

#include "base/assert.h"
#include "base/limits.h"
#include "crypto/frames.h"

#include <string.h>

/* write_id writes a message id as RLP integer: 1 to 9 bytes. */
static size_t write_id(uint8_t out[9], uint64_t id)
{
    if (id > 0 && id < 0x80) {
        out[0] = (uint8_t)id;
        return 1;
    }
    size_t n = 0;
    while (n < 8 && id >> (8 * n))
        n++;
    out[0] = (uint8_t)(0x80 + n);
    for (size_t i = 0; i < n; i++)
        out[1 + i] = (uint8_t)(id >> (8 * (n - 1 - i)));
    return 1 + n;
}

size_t dp_feed_wire(uint64_t id, size_t len)
{
    uint8_t scratch[9];
    size_t id_len = write_id(scratch, id);
    if (len > DP_FRAME_MAX - id_len)
        return 0;
    return dp_frame_wire(id_len + len);
}

void dp_feed_start(dp_feed *f, uint64_t id, const uint8_t *payload, size_t len)
{
    f->id_len = write_id(f->id, id);
    dp_assert(len <= DP_FRAME_MAX - f->id_len);
    dp_frame_header(f->header, (uint32_t)(f->id_len + len));
    f->payload = payload;
    f->len = len;
    f->wire = dp_frame_wire(f->id_len + len);
    f->done = 0;
}

size_t dp_feed_copy(dp_feed *f, uint8_t *out, size_t n)
{
    const size_t front = DP_FRAME_HEAD - sizeof f->header;
    const size_t back = f->wire - DP_FRAME_HEAD - f->id_len - f->len;
    const struct {
        const uint8_t *at; /* NULL: zeros */
        size_t len;
    } parts[] = { { f->header, sizeof f->header }, { NULL, front },
        { f->id, f->id_len }, { f->payload, f->len }, { NULL, back } };

    if (n > f->wire - f->done)
        n = f->wire - f->done;
    size_t from = f->done, to = f->done + n, begin = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t end = begin + parts[i].len;
        size_t a = from > begin ? from : begin, b = to < end ? to : end;
        if (a < b && parts[i].at)
            memcpy(out + (a - from), parts[i].at + (a - begin), b - a);
        else if (a < b)
            memset(out + (a - from), 0, b - a);
        begin = end;
    }
    f->done = to;
    return n;
}
