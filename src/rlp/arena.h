/* SPDX-License-Identifier: MIT */
/* arena.h - where the arrays of a decoded message land. */
#ifndef DP_RLP_ARENA_H
#define DP_RLP_ARENA_H

#include <devp2p/rlp.h>

/* dp_arena_take gives n places of size bytes, aligned for every type and not
 * cleared; NULL when they do not fit or there is no arena. */
void *dp_arena_take(devp2p_arena *arena, size_t n, size_t size);

#endif
