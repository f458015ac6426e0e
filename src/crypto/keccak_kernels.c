/* SPDX-License-Identifier: MIT */
/* keccak_kernels.c - Keccak-f[1600] (FIPS 202, section 3) on one state.
 *
 * Two rounds a turn of the loop: the first reads the lanes a and writes e, the
 * second goes back, so that no lane is ever copied.  Unrolling further gains
 * nothing and leaves the instruction cache. */
#include "crypto/keccak_kernels.h"

#include "crypto/keccak.h"

#define INLINE static inline __attribute__((always_inline))

static const uint64_t round_constant[24] = { 0x0000000000000001,
    0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081,
    0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b,
    0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a,
    0x800000008000000a, 0x8000000080008081, 0x8000000000008080,
    0x0000000080000001, 0x8000000080008008 };

INLINE uint64_t rol(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* chi: row y of the new state from b0..b4. */
#define PLAIN_ROW(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (~b1 & b2);             \
    e1 = b1 ^ (~b2 & b3);             \
    e2 = b2 ^ (~b3 & b4);             \
    e3 = b3 ^ (~b4 & b0);             \
    e4 = b4 ^ (~b0 & b1)

#define PLAIN_0    PLAIN_ROW
#define PLAIN_1    PLAIN_ROW
#define PLAIN_2    PLAIN_ROW
#define PLAIN_3    PLAIN_ROW
#define PLAIN_4    PLAIN_ROW
#define PLAIN_TURN (void)0

/* The same where "and not" costs two instructions: lanes 1, 2, 8, 12, 17 and 20
 * are kept inverted (TURN inverts them on the way in and out).  De Morgan then
 * leaves one "not" in a row at most. */
#define INVERTED_0(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);               \
    e1 = b1 ^ (~b2 | b3);              \
    e2 = b2 ^ (b3 & b4);               \
    e3 = b3 ^ (b4 | b0);               \
    e4 = b4 ^ (b0 & b1)
#define INVERTED_1(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);               \
    e1 = b1 ^ (b2 & b3);               \
    e2 = b2 ^ (b3 | ~b4);              \
    e3 = b3 ^ (b4 | b0);               \
    e4 = b4 ^ (b0 & b1)
#define INVERTED_2(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);               \
    e1 = b1 ^ (b2 & b3);               \
    e2 = b2 ^ (~b3 & b4);              \
    e3 = ~b3 ^ (b4 | b0);              \
    e4 = b4 ^ (b0 & b1)
#define INVERTED_3(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 & b2);               \
    e1 = b1 ^ (b2 | b3);               \
    e2 = b2 ^ (~b3 | b4);              \
    e3 = ~b3 ^ (b4 & b0);              \
    e4 = b4 ^ (b0 | b1)
#define INVERTED_4(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (~b1 & b2);              \
    e1 = ~b1 ^ (b2 | b3);              \
    e2 = b2 ^ (b3 & b4);               \
    e3 = b3 ^ (b4 | b0);               \
    e4 = b4 ^ (b0 & b1)
#define INVERTED_TURN \
    a1 = ~a1;         \
    a2 = ~a2;         \
    a8 = ~a8;         \
    a12 = ~a12;       \
    a17 = ~a17;       \
    a20 = ~a20

/* ROUND makes the state e from a.  Theta's column sums are c, its changes d;
 * rho and pi bring five lanes to b; chi and iota write them. */
#define ROUND(a, e, constant, chi)              \
    c0 = a##0 ^ a##5 ^ a##10 ^ a##15 ^ a##20;   \
    c1 = a##1 ^ a##6 ^ a##11 ^ a##16 ^ a##21;   \
    c2 = a##2 ^ a##7 ^ a##12 ^ a##17 ^ a##22;   \
    c3 = a##3 ^ a##8 ^ a##13 ^ a##18 ^ a##23;   \
    c4 = a##4 ^ a##9 ^ a##14 ^ a##19 ^ a##24;   \
    d0 = c4 ^ rol(c1, 1);                       \
    d1 = c0 ^ rol(c2, 1);                       \
    d2 = c1 ^ rol(c3, 1);                       \
    d3 = c2 ^ rol(c4, 1);                       \
    d4 = c3 ^ rol(c0, 1);                       \
    b0 = a##0 ^ d0;                             \
    b1 = rol(a##6 ^ d1, 44);                    \
    b2 = rol(a##12 ^ d2, 43);                   \
    b3 = rol(a##18 ^ d3, 21);                   \
    b4 = rol(a##24 ^ d4, 14);                   \
    chi##_0(e##0, e##1, e##2, e##3, e##4);      \
    e##0 ^= (constant);                         \
    b0 = rol(a##3 ^ d3, 28);                    \
    b1 = rol(a##9 ^ d4, 20);                    \
    b2 = rol(a##10 ^ d0, 3);                    \
    b3 = rol(a##16 ^ d1, 45);                   \
    b4 = rol(a##22 ^ d2, 61);                   \
    chi##_1(e##5, e##6, e##7, e##8, e##9);      \
    b0 = rol(a##1 ^ d1, 1);                     \
    b1 = rol(a##7 ^ d2, 6);                     \
    b2 = rol(a##13 ^ d3, 25);                   \
    b3 = rol(a##19 ^ d4, 8);                    \
    b4 = rol(a##20 ^ d0, 18);                   \
    chi##_2(e##10, e##11, e##12, e##13, e##14); \
    b0 = rol(a##4 ^ d4, 27);                    \
    b1 = rol(a##5 ^ d0, 36);                    \
    b2 = rol(a##11 ^ d1, 10);                   \
    b3 = rol(a##17 ^ d2, 15);                   \
    b4 = rol(a##23 ^ d3, 56);                   \
    chi##_3(e##15, e##16, e##17, e##18, e##19); \
    b0 = rol(a##2 ^ d2, 62);                    \
    b1 = rol(a##8 ^ d3, 55);                    \
    b2 = rol(a##14 ^ d4, 39);                   \
    b3 = rol(a##15 ^ d0, 41);                   \
    b4 = rol(a##21 ^ d1, 2);                    \
    chi##_4(e##20, e##21, e##22, e##23, e##24)

/* clang-format off */
#define RATE_LANES(F)                              \
    F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8)   \
    F(9) F(10) F(11) F(12) F(13) F(14) F(15) F(16)
#define ALL_LANES(F)                                              \
    RATE_LANES(F) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24)
/* clang-format on */

#define DECLARE(i) uint64_t a##i = lane[i], e##i;
#define ABSORB(i)  a##i ^= dp_keccak_load(at + 8 * (i), 8);
#define STORE(i)   lane[i] = a##i;

/* KERNEL defines name_permute and name_absorb.  Both are name_sponge, whose
 * input is NULL or not when it is compiled. */
#define KERNEL(name, target, chi)                            \
    target INLINE void name##_sponge(                        \
        uint64_t lane[25], const uint8_t *at, size_t blocks) \
    {                                                        \
        ALL_LANES(DECLARE)                                   \
        uint64_t b0, b1, b2, b3, b4, c0, c1, c2, c3, c4;     \
        uint64_t d0, d1, d2, d3, d4;                         \
        chi##_TURN;                                          \
        for (; blocks; blocks--) {                           \
            if (at) {                                        \
                RATE_LANES(ABSORB)                           \
                at += DP_KECCAK_RATE;                        \
            }                                                \
            for (size_t r = 0; r < 24; r += 2) {             \
                ROUND(a, e, round_constant[r], chi);         \
                ROUND(e, a, round_constant[r + 1], chi);     \
            }                                                \
        }                                                    \
        chi##_TURN;                                          \
        ALL_LANES(STORE)                                     \
    }                                                        \
    target static void name##_permute(uint64_t lane[25])     \
    {                                                        \
        name##_sponge(lane, NULL, 1);                        \
    }                                                        \
    target static void name##_absorb(                        \
        uint64_t lane[25], const uint8_t *at, size_t blocks) \
    {                                                        \
        name##_sponge(lane, at, blocks);                     \
    }

static bool anywhere(void)
{
    return true;
}

/* x86-64 has "and not" and a rotation into another register since BMI: a
 * kernel is made for it whatever the target of the build, and chosen when it
 * runs.  ARM has both. */
#if defined(__aarch64__)
KERNEL(generic, , PLAIN)
#else
KERNEL(generic, , INVERTED)
#endif

#if defined(__x86_64__)
KERNEL(bmi, __attribute__((target("bmi,bmi2"))), PLAIN)

static bool has_bmi(void)
{
    return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#endif

const dp_keccak_kernel dp_keccak_kernels[DP_KECCAK_KERNELS] = {
#if defined(__x86_64__)
    [DP_KECCAK_BMI] = { "bmi", has_bmi, bmi_permute, bmi_absorb },
#endif
    [DP_KECCAK_GENERIC] = { "generic", anywhere, generic_permute,
        generic_absorb },
};
