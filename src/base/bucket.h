/* SPDX-License-Identifier: MIT */
/* bucket.h - a token bucket in integers. */
#ifndef DP_BUCKET_H
#define DP_BUCKET_H

#include "base/now.h"

#include <stdbool.h>

typedef struct dp_bucket {
    uint32_t per_s, burst; /* tokens; per_s 0: never again; burst above 0 */
    uint64_t fill;         /* billionths of a token, at most a burst */
    uint64_t last;         /* mono of the last look */
} dp_bucket;

void dp_bucket_init(dp_bucket *b, uint32_t per_s, uint32_t burst, dp_now now);

/* dp_bucket_take takes one token if there is one; dp_bucket_when is the moment
 * the next one is there (now.mono when one is). */
bool dp_bucket_take(dp_bucket *b, dp_now now);
uint64_t dp_bucket_when(dp_bucket *b, dp_now now);

#endif
