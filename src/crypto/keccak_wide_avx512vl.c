/* SPDX-License-Identifier: MIT */
/* keccak_wide_avx512vl.c - four states in the time of one.  For more of them
 * the eight of keccak_wide_avx512.c are a little faster, for fewer half as
 * fast. */
#include "crypto/keccak_kernels.h"

#if defined(__x86_64__)

#include "crypto/keccak_wide.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512vl")))
#define STATES 4

#define LANE                __m256i
#define XOR(x, y)           _mm256_xor_si256(x, y)
#define ROL(x, n)           _mm256_rol_epi64(x, n)
#define XOR3(x, y, z)       _mm256_ternarylogic_epi64(x, y, z, 0x96)
#define XOR5(v, w, x, y, z) XOR3(XOR3(v, w, x), y, z)
#define CHI(x, y, z)        _mm256_ternarylogic_epi64(x, y, z, 0xd2)
#define CONSTANT(x)         _mm256_set1_epi64x((long long)(x))
#define AT(i)               (void *)(lane + STATES * (i))
#define LOAD(i)             _mm256_loadu_si256(AT(i))
#define STORE(i, x)         _mm256_storeu_si256(AT(i), x)
#define SELECT(keep, x, y)  _mm256_mask_mov_epi64(y, keep, x)
#define GATHER(i)           gather(at, from + 8 * (i))
#define WORD(j)             (long long)dp_keccak_load(at[j] + from, 8)
#define KEEP                __mmask8

TARGET INLINE __mmask8 keep_of(unsigned states)
{
    return (__mmask8)states;
}

TARGET INLINE __m256i gather(const uint8_t *const at[], size_t from)
{
    return _mm256_set_epi64x(WORD(3), WORD(2), WORD(1), WORD(0));
}

KERNEL

const dp_keccak_wide dp_keccak_wide_avx512vl = {
    .states = STATES, .least = 2, .permute = permute, .absorb = absorb
};

#endif
