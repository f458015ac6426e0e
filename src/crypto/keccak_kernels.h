/* SPDX-License-Identifier: MIT */
/* keccak_kernels.h - the forms of the permutation that cpu.c chooses from; all
 * give the same result.  For Keccak, the frame engine and their tests. */
#ifndef DP_KECCAK_KERNELS_H
#define DP_KECCAK_KERNELS_H

#include "crypto/keccak.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A dp_keccak_kernel works on one state. */
typedef struct dp_keccak_kernel {
    void (*permute)(uint64_t lane[25]);
    void (*absorb)(uint64_t lane[25], const uint8_t *at, size_t blocks);
    /* some processors do two in the time of one */
    void (*permute_two)(uint64_t lane[25], uint64_t other[25]);
} dp_keccak_kernel;

/* dp_keccak_add_by is dp_keccak_add with a kernel of one's own choice. */
void dp_keccak_add_by(const dp_keccak_kernel *kernel, dp_keccak *k,
    const void *bytes, size_t len);

extern const dp_keccak_kernel dp_keccak_generic, dp_keccak_bmi,
    dp_keccak_avx512;

/* A dp_keccak_wide works on several states: lane i of state j is
 * lane[i * states + j]. */
typedef struct dp_keccak_wide {
    unsigned states;
    unsigned least; /* with fewer at work a narrower form is as fast */
    /* permute writes back the states in keep, one bit each; of all of them
     * lanes 0 and 1, which are a digest's, go to digest */
    void (*permute)(uint64_t *lane, unsigned keep, uint64_t *digest);
    /* absorb: so many blocks into each state, of state j from at[j] */
    void (*absorb)(uint64_t *lane, const uint8_t *const at[], size_t blocks);
} dp_keccak_wide;

extern const dp_keccak_wide dp_keccak_wide_avx2, dp_keccak_wide_avx512vl,
    dp_keccak_wide_avx512;

/* dp_keccak_load reads the low bytes of a lane, n of at most 8, at any
 * alignment; dp_keccak_store writes all 8.  A lane is little-endian. */
static inline uint64_t dp_keccak_load(const uint8_t *at, size_t n)
{
    uint64_t lane = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n == 8) {
        memcpy(&lane, at, 8);
        return lane;
    }
#endif
    for (size_t i = 0; i < n; i++)
        lane |= (uint64_t)at[i] << 8 * i;
    return lane;
}

static inline void dp_keccak_store(uint8_t *at, uint64_t lane)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(at, &lane, 8);
#else
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)(lane >> 8 * i);
#endif
}

/* dp_keccak_mix adds bytes to the open block of a state, from place at on; they
 * fit in it.  The state's lanes are stride apart.  They are written whole: the
 * permutation reads them so right afterwards, and a processor makes it wait for
 * writes of another shape. */
static inline void dp_keccak_mix(uint64_t *lane, size_t stride, uint32_t at,
    const uint8_t *bytes, size_t len)
{
    unsigned shift = at % 8 * 8;
    uint64_t over = 0; /* what of the last word belongs into the next lane */
    lane += at / 8 * stride;
    for (; len >= 8; len -= 8, bytes += 8, lane += stride) {
        uint64_t word = dp_keccak_load(bytes, 8);
        lane[0] ^= word << shift | over;
        over = shift ? word >> (64 - shift) : 0;
    }
    size_t end = shift / 8 + len;
    uint64_t word = dp_keccak_load(bytes, len);
    if (end)
        lane[0] ^= word << shift | over;
    if (end > 8)
        lane[stride] ^= word >> (64 - shift);
}

/* dp_keccak_pad ends a message, or undoes it: padding byte 0x01, and the last
 * bit of the block. */
static inline void dp_keccak_pad(uint64_t *lane, size_t stride, uint32_t at)
{
    lane[at / 8 * stride] ^= (uint64_t)0x01 << at % 8 * 8;
    lane[16 * stride] ^= (uint64_t)0x80 << 56;
}

#endif
