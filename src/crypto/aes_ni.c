/* SPDX-License-Identifier: MIT */
/* aes_ni.c - AES-256 (FIPS 197) with AES-NI.  Eight blocks are under way at a
 * time: an instruction takes four cycles, and two can begin in each. */
#include "crypto/aes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("aes,sse4.1")))
#define INLINE static inline __attribute__((always_inline))

TARGET INLINE __m128i get(const uint8_t *at)
{
    return _mm_loadu_si128((const void *)at);
}

TARGET INLINE void put(uint8_t *at, __m128i x)
{
    _mm_storeu_si128((void *)at, x);
}

/* follow makes the next four words of the schedule from the four that lie eight
 * words back and from what the last word before them was turned into (FIPS 197,
 * 5.2): each is the one before it and the one eight back. */
TARGET INLINE __m128i follow(__m128i back, __m128i turned)
{
    back = _mm_xor_si128(back, _mm_slli_si128(back, 4));
    back = _mm_xor_si128(back, _mm_slli_si128(back, 8));
    return _mm_xor_si128(back, turned);
}

/* The instruction that turns a word wants its round constant when compiled.
 * Word 3 of the result is turned and rotated, word 2 turned only. */
#define EVEN(i, constant)                                                   \
    even = follow(even,                                                     \
        _mm_shuffle_epi32(_mm_aeskeygenassist_si128(odd, constant), 0xff)); \
    put(k->round[i], even)
#define ODD(i)                                                             \
    odd = follow(                                                          \
        odd, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xaa)); \
    put(k->round[i], odd)

TARGET void dp_aes_ni_ready(dp_aes_key *k, const uint8_t key[32])
{
    __m128i even = get(key), odd = get(key + 16);
    put(k->round[0], even);
    put(k->round[1], odd);
    EVEN(2, 0x01);
    ODD(3);
    EVEN(4, 0x02);
    ODD(5);
    EVEN(6, 0x04);
    ODD(7);
    EVEN(8, 0x08);
    ODD(9);
    EVEN(10, 0x10);
    ODD(11);
    EVEN(12, 0x20);
    ODD(13);
    EVEN(14, 0x40);
}

TARGET INLINE __m128i encrypt(const dp_aes_key *k, __m128i x)
{
    x = _mm_xor_si128(x, get(k->round[0]));
    for (size_t r = 1; r < 14; r++)
        x = _mm_aesenc_si128(x, get(k->round[r]));
    return _mm_aesenclast_si128(x, get(k->round[14]));
}

TARGET void dp_aes_ni_block(
    const dp_aes_key *k, uint8_t out[16], const uint8_t in[16])
{
    put(out, encrypt(k, get(in)));
}

/* counter is the block that holds a number, the highest byte first. */
TARGET INLINE __m128i counter(uint64_t number)
{
    return _mm_set_epi64x((long long)__builtin_bswap64(number), 0);
}

/* gcc 12 keeps an array of blocks in memory, at four times the cost: they have
 * names. */
/* clang-format off */
#define EIGHT(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
/* clang-format on */
#define BEGIN(i) __m128i x##i = _mm_xor_si128(counter(first + (i)), key);
#define ROUND(i) x##i = _mm_aesenc_si128(x##i, key);
#define LAST(i)  x##i = _mm_aesenclast_si128(x##i, key);
#define MIX(i)   \
    if ((i) < n) \
        put(at + 16 * (i), _mm_xor_si128(get(at + 16 * (i)), x##i));

/* eight is so many blocks of the stream; more are made when that is fewer than
 * eight, which costs no time. */
TARGET INLINE void eight(
    const dp_aes_key *k, uint64_t first, uint8_t *at, size_t n)
{
    __m128i key = get(k->round[0]);
    EIGHT(BEGIN)
    for (size_t r = 1; r < 14; r++) {
        key = get(k->round[r]);
        EIGHT(ROUND)
    }
    key = get(k->round[14]);
    EIGHT(LAST)
    EIGHT(MIX)
}

TARGET static void stream(
    const dp_aes_key *k, uint64_t first, uint8_t *at, size_t blocks)
{
    for (; blocks >= 8; blocks -= 8, first += 8, at += 128)
        eight(k, first, at, 8);
    if (blocks > 1)
        eight(k, first, at, blocks);
    else if (blocks)
        put(at, _mm_xor_si128(get(at), encrypt(k, counter(first))));
}

const dp_aes_kernel dp_aes_ni = {
    .ready = dp_aes_ni_ready, .block = dp_aes_ni_block, .stream = stream
};

#endif
