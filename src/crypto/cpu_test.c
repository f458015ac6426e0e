/* SPDX-License-Identifier: MIT */
/* cpu_test.c - which kernel a name, and no name, chooses. */
#include "crypto/cpu.h"

#include "test.h"

#include <stdlib.h>

/* best is the first that runs, as the table promises. */
static const dp_keccak_kernel *best(void)
{
    size_t i = 0;
    while (!dp_keccak_kernels[i].runs())
        i++;
    return &dp_keccak_kernels[i];
}

static void by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < DP_KECCAK_KERNELS; i++) {
        const dp_keccak_kernel *k = &dp_keccak_kernels[i];
        assert_ptr_equal(dp_cpu_choose(k->name), k->runs() ? k : best());
    }
    const dp_keccak_kernel *generic = dp_cpu_choose("generic");
    assert_ptr_equal(generic, &dp_keccak_kernels[DP_KECCAK_GENERIC]);
}

static void without_a_name(void **state)
{
    (void)state;
    static const char *const none[] = { NULL, "", "none", "Generic", "bm",
        "bmi2", "generic " };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_ptr_equal(dp_cpu_choose(none[i]), best());
}

/* The choice was made before main, by the environment of this program. */
static void at_load(void **state)
{
    (void)state;
    assert_ptr_equal(
        dp_keccak_kernel_best(), dp_cpu_choose(getenv("DEVP2P_CPU")));
}

static const dp_keccak_kernel *early;

__attribute__((constructor(200))) static void before_the_choice(void)
{
    early = dp_keccak_kernel_best();
}

static void before_load(void **state)
{
    (void)state;
    assert_ptr_equal(early, &dp_keccak_kernels[DP_KECCAK_GENERIC]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(without_a_name),
        cmocka_unit_test(at_load),
        cmocka_unit_test(before_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
