/* SPDX-License-Identifier: MIT */
/* world_bulk_test.c - the calls of a server on its world fail while bytes come
 * in masses; afterwards everything works. */
#include "server/world_faults.h"

/* Each call fails once, with one of its errors after the other. */
static void each_fails_in_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++) {
        round r = { .in_turn = true };
        if (!scenarios[i].bulk)
            continue;
        for (size_t k = 0; k < TROUBLES; k++)
            each_call(&r, &scenarios[i], &troubles[k]);
        round_told(&r, &scenarios[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_fails_in_turn, tell_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
