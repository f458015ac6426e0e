/* SPDX-License-Identifier: MIT */
/* world_gone_test.c - the calls of a server on its world fail from one on, or
 * move one byte at a time; afterwards everything works. */
#include "server/world_faults.h"

static void each_fails_from_then_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++) {
        round r = { .for_good = true };
        for (size_t k = 0; k < TROUBLES; k++)
            if (!moves_bytes(&troubles[k]))
                each_call(&r, &scenarios[i], &troubles[k]);
        round_told(&r, &scenarios[i]);
    }
}

/* Every read, or every write, moves one byte. */
static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        for (size_t k = 0; k < TROUBLES && !scenarios[i].bulk; k++) {
            fault f = { .plant = plant,
                .heal = heal,
                .what = troubles[k].what,
                .call = troubles[k].call,
                .err = FAULTY_SHORT,
                .from = 1,
                .to = SIZE_MAX };
            size_t complete = 0;
            if (moves_bytes(&troubles[k]))
                (void)try(&scenarios[i], &f, &complete);
        }
}

/* When reading and writing fail from one call on, no connection lives. */
static void streams_break_from_then_on(void **state)
{
    (void)state;
    static const int errs[] = { DEVP2P_ERR_RESET, DEVP2P_ERR_IO };
    for (size_t i = 0; i < SCENARIOS; i++) {
        trouble t = { .errs = { errs[i % 2] } };
        round r = { .for_good = true };
        for (t.call = FAULTY_READ; t.call <= FAULTY_WRITE; t.call++) {
            t.what = t.call == FAULTY_READ ? "read" : "write";
            if (!scenarios[i].bulk)
                each_call(&r, &scenarios[i], &t);
        }
        round_told(&r, &scenarios[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_fails_from_then_on, tell_where),
        cmocka_unit_test_teardown(streams_break_from_then_on, tell_where),
        cmocka_unit_test_teardown(byte_by_byte, tell_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
