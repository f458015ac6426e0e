/* SPDX-License-Identifier: MIT */
/* keccak_avx512.c - AVX-512VL has a rotation and functions of three operands
 * for vectors, and 32 registers: the state fits, and a round takes 95
 * instructions for about 130.  With one lane in each register half of it is
 * idle, and still this is a sixth faster than general registers, and less
 * disturbed by a busy neighbour; a second state in the other half is free. */
#include "crypto/keccak_kernels.h"

#if defined(__x86_64__)

#include "crypto/keccak.h"
#include "crypto/keccak_round.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512vl")))

#define LANE      __m128i
#define XOR(x, y) _mm_xor_si128(x, y)
#define ROL(x, n) _mm_rol_epi64(x, n)
/* the last operand is the table of the function: x ^ y ^ z, x ^ (~y & z) */
#define XOR3(x, y, z)       _mm_ternarylogic_epi64(x, y, z, 0x96)
#define XOR5(v, w, x, y, z) XOR3(XOR3(v, w, x), y, z)
#define CHI(x, y, z)        _mm_ternarylogic_epi64(x, y, z, 0xd2)
#define CONSTANT(x)         _mm_set1_epi64x((long long)(x))
#define LOAD(i)             load(lane + (i), other ? other + (i) : NULL)
#define STORE(i, x)         store(lane + (i), other ? other + (i) : NULL, x)
#define ABSORB_LANE(i)      a##i = XOR(a##i, load(at + 8 * (i), NULL));

TARGET INLINE __m128i load(const void *low, const void *high)
{
    __m128i x = _mm_loadl_epi64(low);
    return high ? _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(x), high)) : x;
}

TARGET INLINE void store(void *low, void *high, __m128i x)
{
    _mm_storel_epi64(low, x);
    if (high)
        _mm_storeh_pd(high, _mm_castsi128_pd(x));
}

/* Of other and at one is NULL at least. */
TARGET INLINE void sponge(
    uint64_t *lane, uint64_t *other, const uint8_t *at, size_t blocks)
{
    DECLARE_STATE
    for (; blocks; blocks--) {
        if (at) {
            RATE_LANES(ABSORB_LANE)
            at += DP_KECCAK_RATE;
        }
        PERMUTE
    }
    ALL_LANES(STORE_LANE)
}

TARGET static void permute(uint64_t lane[25])
{
    sponge(lane, NULL, NULL, 1);
}

TARGET static void permute_two(uint64_t lane[25], uint64_t other[25])
{
    sponge(lane, other, NULL, 1);
}

TARGET static void absorb(uint64_t lane[25], const uint8_t *at, size_t blocks)
{
    sponge(lane, NULL, at, blocks);
}

const dp_keccak_kernel dp_keccak_avx512 = {
    .permute = permute, .absorb = absorb, .permute_two = permute_two
};

#endif
