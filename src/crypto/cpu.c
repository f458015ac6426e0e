/* SPDX-License-Identifier: MIT */
/* cpu.c - the forms are chosen once, when the library is loaded: by the
 * processor, or by DEVP2P_CPU, so that a machine can run what another one
 * would.  It is all that the library ever reads of the environment. */
#include "crypto/cpu.h"

#include <stdlib.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static bool anywhere(void)
{
    return true;
}

#if defined(__x86_64__)

static bool has_bmi(void)
{
    return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("aes");
}

static bool has_avx2(void)
{
    return has_bmi() && __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl");
}

/* clang 14 has no name for VAES; that the system keeps the registers which it
 * works on follows from AVX-512. */
static bool has_vaes(void)
{
    unsigned a, b, c = 0, d;
    return has_avx512() && __builtin_cpu_supports("avx512bw") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_VAES);
}

#endif

/* AVX2 has no form of one state that beats general registers. */
const dp_cpu dp_cpus[DP_CPUS] = {
#if defined(__x86_64__)
    [DP_CPU_VAES] = { "vaes", has_vaes, &dp_keccak_avx512,
        &dp_keccak_wide_avx512vl, &dp_keccak_wide_avx512, &dp_aes_vaes },
    [DP_CPU_AVX512] = { "avx512", has_avx512, &dp_keccak_avx512,
        &dp_keccak_wide_avx512vl, &dp_keccak_wide_avx512, &dp_aes_ni },
    [DP_CPU_AVX2] = { "avx2", has_avx2, &dp_keccak_bmi, &dp_keccak_wide_avx2,
        &dp_keccak_wide_avx2, &dp_aes_ni },
    [DP_CPU_BMI] = { "bmi", has_bmi, &dp_keccak_bmi, NULL, NULL, &dp_aes_ni },
#endif
    [DP_CPU_GENERIC] = { "generic", anywhere, &dp_keccak_generic, NULL, NULL,
        NULL },
};

/* Who hashes before the choice, in a constructor of its own, gets what runs
 * everywhere. */
static const dp_cpu *chosen = &dp_cpus[DP_CPU_GENERIC];

const dp_cpu *dp_cpu_choose(const char *name)
{
    const dp_cpu *best = NULL;
    for (size_t i = 0; i < DP_CPUS; i++) {
        const dp_cpu *cpu = &dp_cpus[i];
        if (!cpu->runs())
            continue;
        if (name && !strcmp(name, cpu->name))
            return cpu;
        if (!best)
            best = cpu;
    }
    return best;
}

/* choose writes before a program has threads, and nothing writes later. */
__attribute__((constructor)) static void choose(void)
{
    chosen = dp_cpu_choose(getenv("DEVP2P_CPU"));
}

const dp_cpu *dp_cpu_chosen(void)
{
    return chosen;
}
