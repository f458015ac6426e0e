/* SPDX-License-Identifier: MIT */
/* keccak_round.h - a round of Keccak-f[1600] (FIPS 202, section 3), once for
 * all forms of it.  Who includes it says what a lane is, of one state or of
 * several side by side, and how one is worked on:
 *
 *     LANE                     its type
 *     LOAD(i), STORE(i, lane)  lane i of the state in memory
 *     XOR(x, y), ROL(x, n)     n is 1 to 63
 *     XOR5(v, w, x, y, z)      of five
 *     CONSTANT(x)              a number, in every state
 *     CHI(x, y, z)             x ^ (~y & z)
 *
 * Two rounds are a turn of the loop: the first reads the lanes a and writes e,
 * the second goes back, so that no lane is ever copied.  Unrolling further
 * gains nothing on a quiet machine; on a busy one it leaves the instruction
 * cache and costs a third. */
#ifndef DP_KECCAK_ROUND_H
#define DP_KECCAK_ROUND_H

#include <stddef.h>
#include <stdint.h>

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

/* ROW is chi: row n of the new state from b0..b4. */
#ifndef ROW
#define ROW(n, e0, e1, e2, e3, e4) \
    e0 = CHI(b0, b1, b2);          \
    e1 = CHI(b1, b2, b3);          \
    e2 = CHI(b2, b3, b4);          \
    e3 = CHI(b3, b4, b0);          \
    e4 = CHI(b4, b0, b1)
#endif

/* ROUND makes the state e from a.  Theta's column sums are c, its changes d;
 * rho and pi bring five lanes to b; chi and iota write them. */
#define ROUND(a, e, constant)                   \
    c0 = XOR5(a##0, a##5, a##10, a##15, a##20); \
    c1 = XOR5(a##1, a##6, a##11, a##16, a##21); \
    c2 = XOR5(a##2, a##7, a##12, a##17, a##22); \
    c3 = XOR5(a##3, a##8, a##13, a##18, a##23); \
    c4 = XOR5(a##4, a##9, a##14, a##19, a##24); \
    d0 = XOR(c4, ROL(c1, 1));                   \
    d1 = XOR(c0, ROL(c2, 1));                   \
    d2 = XOR(c1, ROL(c3, 1));                   \
    d3 = XOR(c2, ROL(c4, 1));                   \
    d4 = XOR(c3, ROL(c0, 1));                   \
    b0 = XOR(a##0, d0);                         \
    b1 = ROL(XOR(a##6, d1), 44);                \
    b2 = ROL(XOR(a##12, d2), 43);               \
    b3 = ROL(XOR(a##18, d3), 21);               \
    b4 = ROL(XOR(a##24, d4), 14);               \
    ROW(0, e##0, e##1, e##2, e##3, e##4);       \
    e##0 = XOR(e##0, CONSTANT(constant));       \
    b0 = ROL(XOR(a##3, d3), 28);                \
    b1 = ROL(XOR(a##9, d4), 20);                \
    b2 = ROL(XOR(a##10, d0), 3);                \
    b3 = ROL(XOR(a##16, d1), 45);               \
    b4 = ROL(XOR(a##22, d2), 61);               \
    ROW(1, e##5, e##6, e##7, e##8, e##9);       \
    b0 = ROL(XOR(a##1, d1), 1);                 \
    b1 = ROL(XOR(a##7, d2), 6);                 \
    b2 = ROL(XOR(a##13, d3), 25);               \
    b3 = ROL(XOR(a##19, d4), 8);                \
    b4 = ROL(XOR(a##20, d0), 18);               \
    ROW(2, e##10, e##11, e##12, e##13, e##14);  \
    b0 = ROL(XOR(a##4, d4), 27);                \
    b1 = ROL(XOR(a##5, d0), 36);                \
    b2 = ROL(XOR(a##11, d1), 10);               \
    b3 = ROL(XOR(a##17, d2), 15);               \
    b4 = ROL(XOR(a##23, d3), 56);               \
    ROW(3, e##15, e##16, e##17, e##18, e##19);  \
    b0 = ROL(XOR(a##2, d2), 62);                \
    b1 = ROL(XOR(a##8, d3), 55);                \
    b2 = ROL(XOR(a##14, d4), 39);               \
    b3 = ROL(XOR(a##15, d0), 41);               \
    b4 = ROL(XOR(a##21, d1), 2);                \
    ROW(4, e##20, e##21, e##22, e##23, e##24)

/* clang-format off */
#define RATE_LANES(F)                              \
    F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8)   \
    F(9) F(10) F(11) F(12) F(13) F(14) F(15) F(16)
#define ALL_LANES(F)                                              \
    RATE_LANES(F) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24)
/* clang-format on */

#define LOAD_LANE(i)  LANE a##i = LOAD(i), e##i;
#define STORE_LANE(i) STORE(i, a##i);

/* DECLARE_STATE has the state in a, PERMUTE turns it over. */
#define DECLARE_STATE        \
    ALL_LANES(LOAD_LANE)     \
    LANE b0, b1, b2, b3, b4; \
    LANE c0, c1, c2, c3, c4; \
    LANE d0, d1, d2, d3, d4;

#define PERMUTE                             \
    for (size_t r = 0; r < 24; r += 2) {    \
        ROUND(a, e, round_constant[r]);     \
        ROUND(e, a, round_constant[r + 1]); \
    }

#endif
