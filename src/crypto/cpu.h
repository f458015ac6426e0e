/* SPDX-License-Identifier: MIT */
/* cpu.h - which of several forms of a computation this processor runs. */
#ifndef DP_CRYPTO_CPU_H
#define DP_CRYPTO_CPU_H

#include "crypto/keccak_kernels.h"

/* dp_cpu_choose is the kernel of that name, or the best one when this processor
 * has none of that name or name is NULL. */
const dp_keccak_kernel *dp_cpu_choose(const char *name);

#endif
