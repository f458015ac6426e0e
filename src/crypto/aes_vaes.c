/* SPDX-License-Identifier: MIT */
/* aes_vaes.c - with VAES an instruction works on four blocks: a long stream
 * takes half the time, and a small frame's is over at once. */
#include "crypto/aes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,vaes")))
#define INLINE static inline __attribute__((always_inline))

enum { EACH = 4, ALL = 4 * EACH };

/* key is a round's, for four blocks. */
TARGET INLINE __m512i key(const dp_aes_key *k, size_t round)
{
    return _mm512_broadcast_i32x4(
        _mm_loadu_si128((const void *)k->round[round]));
}

/* counters are four blocks that hold a number and those after it, the highest
 * byte first. */
TARGET INLINE __m512i counters(uint64_t number)
{
    const __m512i turned =
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0));
    const __m512i up = _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0);
    __m512i x = _mm512_set1_epi64((long long)number);
    return _mm512_shuffle_epi8(_mm512_maskz_add_epi64(0xaa, x, up), turned);
}

/* mix adds the first n of four blocks. */
TARGET INLINE void mix(uint8_t *at, size_t n, __m512i x)
{
    __mmask8 words = (__mmask8)(n < EACH ? (1U << 2 * n) - 1 : 0xff);
    __m512i was = _mm512_maskz_loadu_epi64(words, at);
    _mm512_mask_storeu_epi64(at, words, _mm512_xor_si512(was, x));
}

/* one vector of the stream; n blocks of it are wanted. */
TARGET INLINE void one(
    const dp_aes_key *k, uint64_t first, uint8_t *at, size_t n)
{
    __m512i x = _mm512_xor_si512(counters(first), key(k, 0));
    for (size_t r = 1; r < 14; r++)
        x = _mm512_aesenc_epi128(x, key(k, r));
    mix(at, n, _mm512_aesenclast_epi128(x, key(k, 14)));
}

/* two vectors, under way together; n is more than one of them holds. */
TARGET INLINE void two(
    const dp_aes_key *k, uint64_t first, uint8_t *at, size_t n)
{
    __m512i now = key(k, 0);
    __m512i x0 = _mm512_xor_si512(counters(first), now);
    __m512i x1 = _mm512_xor_si512(counters(first + EACH), now);
    for (size_t r = 1; r < 14; r++) {
        now = key(k, r);
        x0 = _mm512_aesenc_epi128(x0, now);
        x1 = _mm512_aesenc_epi128(x1, now);
    }
    now = key(k, 14);
    mix(at, EACH, _mm512_aesenclast_epi128(x0, now));
    mix(at + 16 * EACH, n - EACH, _mm512_aesenclast_epi128(x1, now));
}

/* four vectors, under way together. */
TARGET INLINE void four(const dp_aes_key *k, uint64_t first, uint8_t *at)
{
    __m512i now = key(k, 0);
    __m512i x0 = _mm512_xor_si512(counters(first), now);
    __m512i x1 = _mm512_xor_si512(counters(first + EACH), now);
    __m512i x2 = _mm512_xor_si512(counters(first + 2 * EACH), now);
    __m512i x3 = _mm512_xor_si512(counters(first + 3 * EACH), now);
    for (size_t r = 1; r < 14; r++) {
        now = key(k, r);
        x0 = _mm512_aesenc_epi128(x0, now);
        x1 = _mm512_aesenc_epi128(x1, now);
        x2 = _mm512_aesenc_epi128(x2, now);
        x3 = _mm512_aesenc_epi128(x3, now);
    }
    now = key(k, 14);
    mix(at, EACH, _mm512_aesenclast_epi128(x0, now));
    mix(at + 16 * EACH, EACH, _mm512_aesenclast_epi128(x1, now));
    mix(at + 32 * EACH, EACH, _mm512_aesenclast_epi128(x2, now));
    mix(at + 48 * EACH, EACH, _mm512_aesenclast_epi128(x3, now));
}

TARGET static void stream(
    const dp_aes_key *k, uint64_t first, uint8_t *at, size_t blocks)
{
    for (; blocks >= ALL; blocks -= ALL, first += ALL, at += 16 * ALL)
        four(k, first, at);
    while (blocks > EACH) {
        size_t n = blocks < 2 * EACH ? blocks : 2 * EACH;
        two(k, first, at, n);
        blocks -= n;
        first += n;
        at += 16 * n;
    }
    if (blocks)
        one(k, first, at, blocks);
}

const dp_aes_kernel dp_aes_vaes = {
    .ready = dp_aes_ni_ready, .block = dp_aes_ni_block, .stream = stream
};

#endif
