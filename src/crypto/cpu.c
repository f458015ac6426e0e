/* SPDX-License-Identifier: MIT */
/* cpu.c - the kernels are chosen once, when the library is loaded: by the
 * processor, or by DEVP2P_CPU, so that a machine can run what another one
 * would.  It is all that the library ever reads of the environment. */
#include "crypto/cpu.h"

#include <stdlib.h>

/* Who hashes before the choice, in a constructor of its own, gets the kernel
 * that runs everywhere. */
static const dp_keccak_kernel *chosen = &dp_keccak_kernels[DP_KECCAK_GENERIC];

const dp_keccak_kernel *dp_cpu_choose(const char *name)
{
    const dp_keccak_kernel *best = NULL;
    for (size_t i = 0; i < DP_KECCAK_KERNELS; i++) {
        const dp_keccak_kernel *k = &dp_keccak_kernels[i];
        if (!k->runs())
            continue;
        if (name && !strcmp(name, k->name))
            return k;
        if (!best)
            best = k;
    }
    return best;
}

/* choose writes before a program has threads, and nothing writes later. */
__attribute__((constructor)) static void choose(void)
{
    chosen = dp_cpu_choose(getenv("DEVP2P_CPU"));
}

const dp_keccak_kernel *dp_keccak_kernel_best(void)
{
    return chosen;
}
