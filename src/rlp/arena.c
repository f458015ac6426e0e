/* SPDX-License-Identifier: MIT */
#include "rlp/arena.h"

#include <stdalign.h>

void *dp_arena_take(devp2p_arena *arena, size_t n, size_t size)
{
    if (!arena)
        return NULL;
    size_t room = (size_t)(arena->end - arena->at);
    size_t pad = -(uintptr_t)arena->at & (alignof(max_align_t) - 1);
    if (pad > room || n > (room - pad) / size)
        return NULL;
    uint8_t *at = arena->at + pad;
    arena->at = at + n * size;
    return at;
}
