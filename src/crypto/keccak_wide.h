/* SPDX-License-Identifier: MIT */
/* keccak_wide.h - Keccak-f[1600] on STATES states, lane i of each of them in
 * one vector.  Who includes it defines that, what keccak_round.h asks for, and
 *
 *     TARGET                   attribute of a function that uses the vectors
 *     KEEP                     type of a mask of states; keep_of makes it
 *     SELECT(keep, x, y)       lanes of x for the states in keep, y elsewhere
 *     GATHER(i)                word i of every state's block, at[j] + from */
#ifndef DP_KECCAK_WIDE_H
#define DP_KECCAK_WIDE_H

#include "crypto/keccak.h"
#include "crypto/keccak_round.h"

#define ABSORB_LANE(i) a##i = XOR(a##i, GATHER(i));
#define KEEP_LANE(i)   STORE(i, SELECT(keep, a##i, LOAD(i)));

/* KERNEL defines permute and absorb. */
#define KERNEL                                                    \
    TARGET static void permute(                                   \
        uint64_t *lane, unsigned states, uint64_t *digest)        \
    {                                                             \
        const KEEP keep = keep_of(states);                        \
        DECLARE_STATE                                             \
        PERMUTE                                                   \
        ALL_LANES(KEEP_LANE)                                      \
        lane = digest;                                            \
        STORE(0, a0);                                             \
        STORE(1, a1);                                             \
    }                                                             \
    TARGET static void absorb(                                    \
        uint64_t *lane, const uint8_t *const at[], size_t blocks) \
    {                                                             \
        size_t from = 0;                                          \
        DECLARE_STATE                                             \
        for (; blocks; blocks--) {                                \
            RATE_LANES(ABSORB_LANE)                               \
            from += DP_KECCAK_RATE;                               \
            PERMUTE                                               \
        }                                                         \
        ALL_LANES(STORE_LANE)                                     \
    }

#endif
