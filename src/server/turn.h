/* SPDX-License-Identifier: MIT */
/* turn.h - the loop of a server: what the world's up calls do.  A turn opens,
 * delivers, seals and writes for all lines that have something to do. */
#ifndef DP_TURN_H
#define DP_TURN_H

#include "base/world.h"

extern const dp_world_up dp_turn_up;

#endif
