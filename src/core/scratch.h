/* SPDX-License-Identifier: MIT */
/* scratch.h - where one message at a time is made plain, and where the arrays
 * that are decoded from it land. */
#ifndef DP_SCRATCH_H
#define DP_SCRATCH_H

#include "base/buf.h"

#include <devp2p/rlp.h>

typedef struct dp_scratch {
    const dp_env *env;
    dp_buf plain;
    devp2p_arena arena; /* what devp2p_msg.arena points at */
    uint8_t *block;     /* DP_ARENA bytes, NULL until a message has an array */
} dp_scratch;

void dp_scratch_init(dp_scratch *s, const dp_env *env);
void dp_scratch_fini(dp_scratch *s);

/* dp_scratch_open makes a body plain, in place of the last one: 0, ERR_SNAPPY,
 * ERR_NOMEM. */
int dp_scratch_open(dp_scratch *s, devp2p_slice body, size_t full, bool snappy);

/* dp_scratch_arena empties the arena for the next message. */
devp2p_arena *dp_scratch_arena(dp_scratch *s);

/* dp_scratch_shrink gives large memory back; what was plain there is gone. */
void dp_scratch_shrink(dp_scratch *s);

/* dp_scratch_rest gives back all but a little: nothing waits to be made plain.
 */
void dp_scratch_rest(dp_scratch *s);

/* dp_arena_grow gives the arena of a scratch its block; false when it has one,
 * when it is no scratch's, or when memory is out. */
bool dp_arena_grow(devp2p_arena *arena);

#endif
