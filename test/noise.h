/* SPDX-License-Identifier: MIT */
/* noise.h - bytes that no compressor makes shorter. */
#ifndef NOISE_H
#define NOISE_H

#include "test.h"

#include <stdlib.h>
#include <string.h>

/* test_noise fills n bytes of memory. */
static inline uint8_t *test_noise(size_t n, uint64_t seed)
{
    uint8_t *at = malloc(n + 8);
    assert_non_null(at);
    for (size_t i = 0; i < n; i += 8) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t x = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        memcpy(at + i, &x, 8);
    }
    return at;
}

#endif
