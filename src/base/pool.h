/* SPDX-License-Identifier: MIT */
/* pool.h - chunks of one size, kept warm for a moment; one pool a loop. */
#ifndef DP_POOL_H
#define DP_POOL_H

#include "base/env.h"
#include "base/now.h"

enum { DP_CHUNK = 16 * 1024 };

typedef struct dp_pool dp_pool;

/* dp_pool_new keeps up to keep free chunks of DP_CHUNK bytes; dp_pool_drain
 * gives back those that are there. */
int dp_pool_new(dp_pool **out, const dp_env *env, size_t keep);
void dp_pool_free(dp_pool *p);
void dp_pool_drain(dp_pool *p);

/* dp_pool_get returns a chunk (not zeroed) or NULL; dp_pool_put gives it back.
 */
uint8_t *dp_pool_get(dp_pool *p);
void dp_pool_put(dp_pool *p, uint8_t *chunk);

/* dp_pool_age gives back the chunks that nobody needed for DP_WARM_NS, and
 * returns when that is to be looked at again.  Who never asks keeps all. */
uint64_t dp_pool_age(dp_pool *p, dp_now now);

#endif
