/* SPDX-License-Identifier: MIT */
/* keccak_scalar.h - Keccak-f[1600] with a lane in a general register.  Who
 * includes it defines TURN, what is done to the lanes on the way in and out,
 * perhaps ROW, see keccak_round.h, and then uses KERNEL. */
#ifndef DP_KECCAK_SCALAR_H
#define DP_KECCAK_SCALAR_H

#include "crypto/keccak.h"
#include "crypto/keccak_kernels.h"
#include "crypto/keccak_round.h"

#define LANE                uint64_t
#define LOAD(i)             lane[i]
#define STORE(i, x)         lane[i] = (x)
#define XOR(x, y)           ((x) ^ (y))
#define XOR5(v, w, x, y, z) ((v) ^ (w) ^ (x) ^ (y) ^ (z))
#define ROL(x, n)           rol(x, n)
#define CHI(x, y, z)        ((x) ^ (~(y) & (z)))
#define CONSTANT(x)         (x)
#define ABSORB_LANE(i)      a##i ^= dp_keccak_load(at + 8 * (i), 8);

INLINE uint64_t rol(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* KERNEL defines the functions of a kernel.  All are sponge, whose input is
 * NULL or not when it is compiled. */
#define KERNEL(target)                                                    \
    target INLINE void sponge(                                            \
        uint64_t lane[25], const uint8_t *at, size_t blocks)              \
    {                                                                     \
        DECLARE_STATE                                                     \
        TURN;                                                             \
        for (; blocks; blocks--) {                                        \
            if (at) {                                                     \
                RATE_LANES(ABSORB_LANE)                                   \
                at += DP_KECCAK_RATE;                                     \
            }                                                             \
            PERMUTE                                                       \
        }                                                                 \
        TURN;                                                             \
        ALL_LANES(STORE_LANE)                                             \
    }                                                                     \
    target static void permute(uint64_t lane[25])                         \
    {                                                                     \
        sponge(lane, NULL, 1);                                            \
    }                                                                     \
    target static void permute_two(uint64_t lane[25], uint64_t other[25]) \
    {                                                                     \
        sponge(lane, NULL, 1);                                            \
        sponge(other, NULL, 1);                                           \
    }                                                                     \
    target static void absorb(                                            \
        uint64_t lane[25], const uint8_t *at, size_t blocks)              \
    {                                                                     \
        sponge(lane, at, blocks);                                         \
    }

#endif
