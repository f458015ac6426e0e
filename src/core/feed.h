/* SPDX-License-Identifier: MIT */
/* feed.h - one plain frame, given out in slices of any multiple of 16 bytes: it
 * exists as a whole nowhere, its payload is read where it lies. */
#ifndef DP_FEED_H
#define DP_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dp_feed {
    uint8_t header[16];
    uint8_t id[9];
    size_t id_len;
    const uint8_t *payload; /* borrowed until done */
    size_t len;
    size_t wire, done; /* bytes of the frame, bytes given out */
} dp_feed;

/* dp_feed_start begins a frame; dp_feed_wire is how long it will be, 0 when it
 * exceeds DP_FRAME_MAX. */
void dp_feed_start(dp_feed *f, uint64_t id, const uint8_t *payload, size_t len);
size_t dp_feed_wire(uint64_t id, size_t len);

/* dp_feed_copy writes the next bytes to out, at most n, and returns how many;
 * where the engine puts MACs it writes zeros. */
size_t dp_feed_copy(dp_feed *f, uint8_t *out, size_t n);

static inline bool dp_feed_active(const dp_feed *f)
{
    return f->done < f->wire;
}

#endif
