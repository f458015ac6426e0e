/* SPDX-License-Identifier: MIT */
/* keccak_bmi.c - x86-64 has "and not" and a rotation into another register
 * since BMI.  The kernel is made for it whatever the target of the build: with
 * all of -march=native gcc 12 spills through vector registers on some
 * processors, and takes 1.7 times as long. */
#include "crypto/keccak_kernels.h"

#if defined(__x86_64__)

#define TURN (void)0
#include "crypto/keccak_scalar.h"

KERNEL(__attribute__((target("bmi,bmi2"))))

const dp_keccak_kernel dp_keccak_bmi = {
    .permute = permute, .absorb = absorb, .permute_two = permute_two
};

#endif
