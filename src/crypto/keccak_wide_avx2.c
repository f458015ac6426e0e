/* SPDX-License-Identifier: MIT */
/* keccak_wide_avx2.c - four states.  AVX2 has no rotation, three instructions
 * for one, and 16 registers; four states still take but half as long again as
 * one in general registers. */
#include "crypto/keccak_kernels.h"

#if defined(__x86_64__)

#include "crypto/keccak_wide.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define STATES 4

#define LANE      __m256i
#define XOR(x, y) _mm256_xor_si256(x, y)
#define ROL(x, n) \
    _mm256_or_si256(_mm256_slli_epi64(x, n), _mm256_srli_epi64(x, 64 - (n)))
#define XOR5(v, w, x, y, z) XOR(XOR(XOR(v, w), XOR(x, y)), z)
#define CHI(x, y, z)        XOR(x, _mm256_andnot_si256(y, z))
#define CONSTANT(x)         _mm256_set1_epi64x((long long)(x))
#define AT(i)               (void *)(lane + STATES * (i))
#define LOAD(i)             _mm256_loadu_si256(AT(i))
#define STORE(i, x)         _mm256_storeu_si256(AT(i), x)
#define SELECT(keep, x, y)  _mm256_blendv_epi8(y, x, keep)
#define GATHER(i)           gather(at, from + 8 * (i))
#define WORD(j)             (long long)dp_keccak_load(at[j] + from, 8)
#define KEEP                __m256i

TARGET INLINE __m256i keep_of(unsigned states)
{
    const __m256i bits = _mm256_set_epi64x(8, 4, 2, 1);
    __m256i all = _mm256_set1_epi64x((long long)states);
    return _mm256_cmpeq_epi64(_mm256_and_si256(all, bits), bits);
}

TARGET INLINE __m256i gather(const uint8_t *const at[], size_t from)
{
    return _mm256_set_epi64x(WORD(3), WORD(2), WORD(1), WORD(0));
}

KERNEL

const dp_keccak_wide dp_keccak_wide_avx2 = {
    .states = STATES, .least = 3, .permute = permute, .absorb = absorb
};

#endif
