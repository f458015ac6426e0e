/* SPDX-License-Identifier: MIT */
/* cpu.h - which of several forms of a computation this processor runs. */
#ifndef DP_CRYPTO_CPU_H
#define DP_CRYPTO_CPU_H

#include "crypto/aes.h"
#include "crypto/keccak_kernels.h"

/* A dp_cpu is a kind of processor, and what it runs. */
typedef struct dp_cpu {
    const char *name;
    bool (*runs)(void); /* is this processor one? */
    const dp_keccak_kernel *keccak;
    /* for several directions at once, many no narrower than few; both NULL
     * where one after the other is as fast.  They need aes. */
    const dp_keccak_wide *few, *many;
    const dp_aes_kernel *aes; /* NULL: libcrypto's */
} dp_cpu;

/* dp_cpus: best first; the last runs everywhere. */
enum {
#if defined(__x86_64__)
    DP_CPU_VAES,
    DP_CPU_AVX512,
    DP_CPU_AVX2,
    DP_CPU_BMI,
#endif
    DP_CPU_GENERIC,
    DP_CPUS
};
extern const dp_cpu dp_cpus[DP_CPUS];

/* dp_cpu_choose is the kind of that name, or the best one when this processor
 * is none of that name or name is NULL. */
const dp_cpu *dp_cpu_choose(const char *name);

/* dp_cpu_chosen is what was chosen when the library was loaded. */
const dp_cpu *dp_cpu_chosen(void);

#endif
