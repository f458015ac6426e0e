/* SPDX-License-Identifier: MIT */
#include "core/scratch.h"

#include "base/limits.h"
#include "base/list.h"
#include "wire/envelope.h"

#include <string.h>

enum {
    KEPT = 64 * 1024, /* a buffer up to this size stays */
    IDLE = 1024       /* while nothing waits: enough for most messages */
};

/* The arena of a scratch without a block begins and ends here: nobody writes
 * into no bytes. */
static const uint8_t nowhere;

void dp_scratch_init(dp_scratch *s, const dp_env *env)
{
    *s = (dp_scratch){ .env = env };
    dp_scratch_arena(s);
}

void dp_scratch_fini(dp_scratch *s)
{
    if (!s->env)
        return;
    dp_buf_fini(&s->plain, s->env);
    dp_free(s->env, s->block, DP_ARENA);
    *s = (dp_scratch){ .env = NULL };
}

int dp_scratch_open(dp_scratch *s, devp2p_slice body, size_t full, bool snappy)
{
    s->plain.len = 0;
    int err = dp_buf_room(&s->plain, s->env, full ? full : 1);
    if (err)
        return err;
    if (snappy)
        err = dp_snappy_inflate(s->plain.at, full, body.at, body.len);
    else if (full)
        memcpy(s->plain.at, body.at, full);
    return err;
}

devp2p_arena *dp_scratch_arena(dp_scratch *s)
{
    s->arena.at = s->block ? s->block : (uint8_t *)(uintptr_t)&nowhere;
    s->arena.end = s->arena.at + (s->block ? DP_ARENA : 0);
    return &s->arena;
}

void dp_scratch_shrink(dp_scratch *s)
{
    if (s->plain.cap > KEPT)
        dp_buf_fini(&s->plain, s->env);
}

void dp_scratch_rest(dp_scratch *s)
{
    if (s->plain.cap > IDLE)
        dp_buf_fini(&s->plain, s->env);
    dp_free(s->env, s->block, DP_ARENA);
    s->block = NULL;
    dp_scratch_arena(s);
}

bool dp_arena_grow(devp2p_arena *arena)
{
    if (!arena || arena->at != &nowhere)
        return false;
    dp_scratch *s = dp_of(arena, dp_scratch, arena);
    s->block = dp_resize(s->env, NULL, 0, DP_ARENA);
    if (!s->block)
        return false;
    dp_scratch_arena(s);
    return true;
}
