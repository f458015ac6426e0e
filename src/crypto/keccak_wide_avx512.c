/* SPDX-License-Identifier: MIT */
/* keccak_wide_avx512.c - eight states in the time of two, or of one where the
 * processor works on all 512 bits at once. */
#include "crypto/keccak_kernels.h"

#if defined(__x86_64__)

#include "crypto/keccak_wide.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define STATES 8

#define LANE                __m512i
#define XOR(x, y)           _mm512_xor_si512(x, y)
#define ROL(x, n)           _mm512_rol_epi64(x, n)
#define XOR3(x, y, z)       _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define XOR5(v, w, x, y, z) XOR3(XOR3(v, w, x), y, z)
#define CHI(x, y, z)        _mm512_ternarylogic_epi64(x, y, z, 0xd2)
#define CONSTANT(x)         _mm512_set1_epi64((long long)(x))
#define LOAD(i)             _mm512_loadu_si512(lane + STATES * (i))
#define STORE(i, x)         _mm512_storeu_si512(lane + STATES * (i), x)
#define SELECT(keep, x, y)  _mm512_mask_mov_epi64(y, keep, x)
#define GATHER(i)           gather(at, from + 8 * (i))
#define WORD(j)             (long long)dp_keccak_load(at[j] + from, 8)
#define KEEP                __mmask8

TARGET INLINE __mmask8 keep_of(unsigned states)
{
    return (__mmask8)states;
}

TARGET INLINE __m512i gather(const uint8_t *const at[], size_t from)
{
    return _mm512_set_epi64(
        WORD(7), WORD(6), WORD(5), WORD(4), WORD(3), WORD(2), WORD(1), WORD(0));
}

KERNEL

const dp_keccak_wide dp_keccak_wide_avx512 = {
    .states = STATES, .least = 5, .permute = permute, .absorb = absorb
};

#endif
