/* SPDX-License-Identifier: MIT */
/* envelope.h - snappy as devp2p uses it (EIP-706): raw blocks, the declared
 * size checked before anything is allocated. */
#ifndef DP_ENVELOPE_H
#define DP_ENVELOPE_H

#include <devp2p/base.h>

/* dp_snappy_header reads the declared size, with no judgement, and how many
 * bytes tell it: 0 or ERR_SNAPPY. */
int dp_snappy_header(
    uint32_t *full, size_t *used, const uint8_t *at, size_t len);

/* dp_snappy_size tells the declared size: 0, ERR_SNAPPY (also when no len bytes
 * can inflate to so much), ERR_TOO_BIG above DP_MESSAGE_MAX. */
int dp_snappy_size(size_t *full, const uint8_t *at, size_t len);

/* dp_snappy_valid looks at a whole stream and inflates nothing. */
bool dp_snappy_valid(const uint8_t *at, size_t len);

/* dp_snappy_inflate writes exactly full bytes: 0 or ERR_SNAPPY. */
int dp_snappy_inflate(uint8_t *out, size_t full, const uint8_t *at, size_t len);

/* dp_snappy_bound is the room that deflating len bytes (at most DP_MESSAGE_MAX)
 * may need; dp_snappy_deflate returns how many it wrote. */
size_t dp_snappy_bound(size_t len);
size_t dp_snappy_deflate(
    uint8_t *out, size_t cap, const uint8_t *at, size_t len);

#endif
