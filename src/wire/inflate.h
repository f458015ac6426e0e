/* SPDX-License-Identifier: MIT */
/* inflate.h - snappy a piece at a time, for messages that would keep a loop
 * busy for milliseconds.  libsnappy, which is faster, does the others. */
#ifndef DP_INFLATE_H
#define DP_INFLATE_H

#include <devp2p/base.h>

typedef struct dp_inflate {
    const uint8_t *in, *in_end;
    uint8_t *out, *at, *out_end; /* out..at is plain, the rest is in use */
    size_t literal;              /* bytes of in to be copied before a tag */
} dp_inflate;

/* dp_inflate_begin is for a block whose size was found by dp_snappy_size: 0 or
 * ERR_SNAPPY.  Both buffers stay in place until the end. */
int dp_inflate_begin(
    dp_inflate *f, uint8_t *out, size_t full, const uint8_t *at, size_t len);

/* dp_inflate_some writes about max more bytes, at most 63 beyond that: 0 when
 * all of out is plain and nothing of the block is left, ERR_AGAIN, ERR_SNAPPY.
 */
int dp_inflate_some(dp_inflate *f, size_t max);

#endif
