/* SPDX-License-Identifier: MIT */
/* world_faults_test.c - every call of every scenario on its world fails once,
 * with each error that the real world may give; afterwards everything works. */
#include "server/world_faults.h"

static void each_fails_once(void **state)
{
    (void)state;
    size_t each[TROUBLES] = { 0 };
    for (size_t i = 0; i < SCENARIOS; i++) {
        round r = { .in_turn = false };
        if (scenarios[i].bulk)
            continue;
        for (size_t k = 0; k < TROUBLES; k++) {
            size_t before = r.runs;
            each_call(&r, &scenarios[i], &troubles[k]);
            each[k] += r.runs - before;
        }
        round_told(&r, &scenarios[i]);
    }
    for (size_t k = 0; k < TROUBLES; k++) {
        print_message("%s: %zu failures\n", troubles[k].what, each[k]);
        assert_true(each[k] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_fails_once, tell_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
