/* SPDX-License-Identifier: MIT */
#include "base/bucket.h"

#include "base/assert.h"

void dp_bucket_init(dp_bucket *b, uint32_t per_s, uint32_t burst, dp_now now)
{
    dp_assert(burst > 0);
    *b = (dp_bucket){ per_s, burst, burst * DP_SEC, now.mono };
}

static void refill(dp_bucket *b, dp_now now)
{
    if (now.mono <= b->last)
        return;
    uint64_t full = b->burst * DP_SEC, past = now.mono - b->last;
    if (b->per_s && past > (full - b->fill) / b->per_s)
        b->fill = full;
    else
        b->fill += past * b->per_s;
    b->last = now.mono;
}

bool dp_bucket_take(dp_bucket *b, dp_now now)
{
    refill(b, now);
    if (b->fill < DP_SEC)
        return false;
    b->fill -= DP_SEC;
    return true;
}

uint64_t dp_bucket_when(dp_bucket *b, dp_now now)
{
    refill(b, now);
    if (b->fill >= DP_SEC)
        return now.mono;
    if (!b->per_s)
        return DP_NEVER;
    uint64_t missing = DP_SEC - b->fill;
    return dp_after(now, (missing + b->per_s - 1) / b->per_s);
}
