/* SPDX-License-Identifier: MIT */
/* keccak_generic.c - runs everywhere.  Where "and not" costs two instructions,
 * as on x86-64 before BMI, lanes 1, 2, 8, 12, 17 and 20 are kept inverted (TURN
 * inverts them on the way in and out): De Morgan then leaves one "not" in a row
 * at most, which is a tenth of the time.  ARM has "and not". */
#if defined(__aarch64__)
#define TURN (void)0
#else
#define ROW(n, e0, e1, e2, e3, e4) ROW_##n(e0, e1, e2, e3, e4)
#define ROW_0(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);          \
    e1 = b1 ^ (~b2 | b3);         \
    e2 = b2 ^ (b3 & b4);          \
    e3 = b3 ^ (b4 | b0);          \
    e4 = b4 ^ (b0 & b1)
#define ROW_1(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);          \
    e1 = b1 ^ (b2 & b3);          \
    e2 = b2 ^ (b3 | ~b4);         \
    e3 = b3 ^ (b4 | b0);          \
    e4 = b4 ^ (b0 & b1)
#define ROW_2(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 | b2);          \
    e1 = b1 ^ (b2 & b3);          \
    e2 = b2 ^ (~b3 & b4);         \
    e3 = ~b3 ^ (b4 | b0);         \
    e4 = b4 ^ (b0 & b1)
#define ROW_3(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (b1 & b2);          \
    e1 = b1 ^ (b2 | b3);          \
    e2 = b2 ^ (~b3 | b4);         \
    e3 = ~b3 ^ (b4 & b0);         \
    e4 = b4 ^ (b0 | b1)
#define ROW_4(e0, e1, e2, e3, e4) \
    e0 = b0 ^ (~b1 & b2);         \
    e1 = ~b1 ^ (b2 | b3);         \
    e2 = b2 ^ (b3 & b4);          \
    e3 = b3 ^ (b4 | b0);          \
    e4 = b4 ^ (b0 & b1)
#define TURN    \
    a1 = ~a1;   \
    a2 = ~a2;   \
    a8 = ~a8;   \
    a12 = ~a12; \
    a17 = ~a17; \
    a20 = ~a20
#endif

#include "crypto/keccak_scalar.h"

KERNEL()

const dp_keccak_kernel dp_keccak_generic = {
    .permute = permute, .absorb = absorb, .permute_two = permute_two
};
