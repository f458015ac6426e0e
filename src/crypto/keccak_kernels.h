/* SPDX-License-Identifier: MIT */
/* keccak_kernels.h - the forms of the permutation that keccak.c chooses from;
 * all give the same result.  For keccak.c and its test. */
#ifndef DP_KECCAK_KERNELS_H
#define DP_KECCAK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct dp_keccak_kernel {
    const char *name;
    bool (*runs)(void); /* on this processor? */
    void (*permute)(uint64_t lane[25]);
    void (*absorb)(uint64_t lane[25], const uint8_t *at, size_t blocks);
} dp_keccak_kernel;

/* dp_keccak_kernels: best first; the last runs everywhere. */
enum {
#if defined(__x86_64__)
    DP_KECCAK_BMI,
#endif
    DP_KECCAK_GENERIC,
    DP_KECCAK_KERNELS
};
extern const dp_keccak_kernel dp_keccak_kernels[DP_KECCAK_KERNELS];

/* dp_keccak_kernel_best is the one that cpu.c chose. */
const dp_keccak_kernel *dp_keccak_kernel_best(void);

/* dp_keccak_load reads the low bytes of a lane, n of at most 8, at any
 * alignment; dp_keccak_store writes all 8.  A lane is little-endian. */
static inline uint64_t dp_keccak_load(const uint8_t *at, size_t n)
{
    uint64_t lane = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n == 8) {
        memcpy(&lane, at, 8);
        return lane;
    }
#endif
    for (size_t i = 0; i < n; i++)
        lane |= (uint64_t)at[i] << 8 * i;
    return lane;
}

static inline void dp_keccak_store(uint8_t *at, uint64_t lane)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(at, &lane, 8);
#else
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)(lane >> 8 * i);
#endif
}

#endif
