/* SPDX-License-Identifier: MIT */
/* chance.h - seeded chance: xoshiro256** (Blackman and Vigna), filled by
 * splitmix64.  Nothing secret comes from it. */
#ifndef DP_SIM_CHANCE_H
#define DP_SIM_CHANCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct dp_chance {
    uint64_t s[4];
} dp_chance;

/* dp_chance_init: every (seed, stream) has a sequence of its own. */
void dp_chance_init(dp_chance *c, uint64_t seed, uint64_t stream);
uint64_t dp_chance_next(dp_chance *c);

/* dp_chance_below is a number below bound, 0 when bound is 0. */
uint64_t dp_chance_below(dp_chance *c, uint64_t bound);
void dp_chance_fill(dp_chance *c, void *out, size_t len);

#endif
