/* SPDX-License-Identifier: MIT */
#include "core/flow.h"

#include "base/limits.h"
#include "test.h"

static dp_now at(uint64_t mono)
{
    return (dp_now){ .mono = mono };
}

/* One that wants as much as it may have. */
typedef struct flow {
    dp_flow t;
    uint64_t moved;
} flow;

/* run lets n flows move for so long, looking as often as they ask to be. */
static void run(flow *flows, size_t n, dp_now *now, uint64_t ns)
{
    uint64_t until = now->mono + ns;
    while (now->mono < until) {
        uint64_t next = DP_NEVER;
        for (size_t i = 0; i < n; i++) {
            dp_flow *t = &flows[i].t;
            dp_rest_end(&t->rest, *now);
            size_t room = dp_flow_room(t);
            flows[i].moved += room;
            if (room)
                dp_flow_spend(t, room, *now);
            next = dp_sooner(next, t->rest.on ? t->rest.until : now->mono);
        }
        now->mono = next;
    }
}

static void no_bound(void **state)
{
    (void)state;
    dp_flow t;
    dp_rate shared = { 0 };
    dp_flow_init(&t, 0, &shared);
    dp_flow_spend(&t, SIZE_MAX / 4, at(DP_SEC));
    assert_true(dp_flow_room(&t) == SIZE_MAX);
    assert_true(dp_rest_until(&t.rest) == DP_NEVER);
    dp_flow_init(&t, 0, NULL);
    dp_flow_spend(&t, 1000, at(DP_SEC));
    assert_true(dp_flow_room(&t) == SIZE_MAX);
}

/* A rate is kept, from the smallest to the largest. */
static void exact(void **state)
{
    (void)state;
    static const uint32_t rates[] = { DP_RATE_MIN, 100 * 1024, 12345678,
        UINT32_MAX };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        flow f = { .moved = 0 };
        dp_now now = at(1000 * DP_SEC);
        dp_flow_init(&f.t, rates[i], NULL);
        run(&f, 1, &now, 20 * DP_SEC);
        assert_in_range(f.moved, (uint64_t)rates[i] * 20,
            (uint64_t)rates[i] * 20 + rates[i] / 10 + 2 * DP_RATE_QUANTUM);
    }
}

/* What nobody used is not saved up, but for a late timer. */
static void idle_time_is_lost(void **state)
{
    (void)state;
    flow f = { .moved = 0 };
    dp_now now = at(DP_SEC);
    dp_flow_init(&f.t, 1000 * 1000, NULL);
    run(&f, 1, &now, DP_SEC);
    now.mono += 100 * DP_SEC;
    f.moved = 0;
    run(&f, 1, &now, DP_SEC);
    assert_in_range(f.moved, 1000 * 1000, 1060 * 1000);
}

/* A rest begins when more moved than is paid and ends at its time. */
static void rests(void **state)
{
    (void)state;
    dp_flow t;
    dp_flow_init(&t, 1000 * 1000, NULL);
    dp_flow_spend(&t, 50 * 1000, at(DP_SEC)); /* what a late timer saves */
    assert_true(dp_flow_room(&t) > 0);
    dp_flow_spend(&t, 1000, at(DP_SEC));
    assert_int_equal(dp_flow_room(&t), 0);
    assert_int_equal(dp_rest_until(&t.rest), DP_SEC + DP_MS);
    assert_int_equal(dp_rest_end(&t.rest, at(DP_SEC + DP_MS - 1)), 0);
    assert_int_equal(dp_flow_room(&t), 0);
    dp_flow_spend(&t, 1000, at(DP_SEC)); /* in spite of it */
    assert_int_equal(dp_rest_until(&t.rest), DP_SEC + 2 * DP_MS);
    assert_int_equal(dp_rest_end(&t.rest, at(DP_SEC + 3 * DP_MS)), 3 * DP_MS);
    assert_true(dp_flow_room(&t) > 0);
    assert_int_equal(dp_rest_end(&t.rest, at(DP_SEC + 4 * DP_MS)), 0);
}

/* Those who share a rate have equal parts of it, none more than its own. */
static void shared(void **state)
{
    (void)state;
    enum { N = 7, TOTAL = 1000 * 1000 };
    static const uint32_t own[] = { 0, TOTAL / 5, TOTAL / 20 };

    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        dp_rate rate = { .per_s = TOTAL };
        flow f[N] = { { .moved = 0 } };
        dp_now now = at(DP_SEC);
        uint64_t part = own[k] == TOTAL / 20 ? TOTAL / 20 : TOTAL / N;
        for (size_t i = 0; i < N; i++)
            dp_flow_init(&f[i].t, own[k], &rate);
        run(f, N, &now, 30 * DP_SEC);
        for (size_t i = 0; i < N; i++)
            assert_in_range(
                f[i].moved, 30 * part - part / 50, 30 * part + part / 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bound),
        cmocka_unit_test(exact),
        cmocka_unit_test(idle_time_is_lost),
        cmocka_unit_test(rests),
        cmocka_unit_test(shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
