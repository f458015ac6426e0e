/* SPDX-License-Identifier: MIT */
/* cpu_test.c - which kind a name, and no name, chooses. */
#include "crypto/cpu.h"

#include "test.h"

#include <stdlib.h>

enum { SKIPPED = 77 }; /* what ctest is told of a kind that is not here */

/* best is the first that runs, as the table promises. */
static const dp_cpu *best(void)
{
    size_t i = 0;
    while (!dp_cpus[i].runs())
        i++;
    return &dp_cpus[i];
}

static void by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < DP_CPUS; i++) {
        const dp_cpu *cpu = &dp_cpus[i];
        assert_ptr_equal(dp_cpu_choose(cpu->name), cpu->runs() ? cpu : best());
    }
    const dp_cpu *generic = dp_cpu_choose("generic");
    assert_ptr_equal(generic, &dp_cpus[DP_CPU_GENERIC]);
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
    assert_ptr_equal(dp_cpu_chosen(), dp_cpu_choose(getenv("DEVP2P_CPU")));
}

static const dp_cpu *early;

__attribute__((constructor(200))) static void before_the_choice(void)
{
    early = dp_cpu_chosen();
}

static void before_load(void **state)
{
    (void)state;
    assert_ptr_equal(early, &dp_cpus[DP_CPU_GENERIC]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(without_a_name),
        cmocka_unit_test(at_load),
        cmocka_unit_test(before_load),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const char *forced = getenv("DEVP2P_CPU");
    if (failed || !forced || !strcmp(forced, dp_cpu_chosen()->name))
        return failed;
    print_message("skipped: this processor has no %s\n", forced);
    return SKIPPED;
}
