/* SPDX-License-Identifier: MIT */
#include "sim/sim_fixture.h"

#include "sim/parts.h"

static dp_now now_of(const host *h)
{
    return h->w->ops->now(h->w);
}

static void run(play *p, uint64_t ns)
{
    dp_sim_run(p->sim, dp_sim_now(p->sim).mono + ns, NULL, NULL);
}

static void numbers_scale_and_do_not_wrap(void **state)
{
    (void)state;
    assert_int_equal(dp_sim_scale(7, 3, 2, false), 10);
    assert_int_equal(dp_sim_scale(7, 3, 2, true), 11);
    assert_int_equal(dp_sim_scale(8, 3, 2, true), 12);
    assert_true(dp_sim_scale(DP_NEVER, 2, 1, false) == DP_NEVER);
    assert_true(dp_sim_scale(DP_NEVER, 1, DP_NEVER, true) == 1);
    assert_true(dp_sim_scale(DP_NEVER / 2, 1000, 1000, true) == DP_NEVER / 2);
}

/* Of two nodes one runs 250 parts of a million faster, one 100 slower: so much
 * they are apart, to the nanosecond. */
static void clocks_drift_apart(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ 0 });
    host *a = &p.h[0], *b = &p.h[1];
    run(&p, 12345);
    uint64_t begin = dp_sim_now(p.sim).mono;
    dp_sim_skew(a->w, 250);
    dp_sim_skew(b->w, -100);
    assert_int_equal(now_of(a).mono, begin);
    run(&p, 1000 * DP_SEC);
    assert_int_equal(now_of(a).mono - begin, 1000 * DP_SEC + 250 * DP_MS);
    assert_int_equal(now_of(b).mono - begin, 1000 * DP_SEC - 100 * DP_MS);
    assert_int_equal(now_of(a).wall - now_of(b).wall, 350);
    assert_int_equal(now_of(&p.h[2]).mono, dp_sim_now(p.sim).mono);

    /* what they are apart stays when they run alike again */
    dp_sim_skew(a->w, 0);
    dp_sim_skew(b->w, 0);
    run(&p, 1000 * DP_SEC);
    assert_int_equal(now_of(a).mono - now_of(b).mono, 350 * DP_MS);
    assert_int_equal(dp_sim_counted(p.sim, DEVP2P_SIM_CLOCK_SKEW), 4);
    play_fini(&p);
}

static void a_jump_is_of_the_wall_alone(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ 0 });
    host *a = &p.h[0];
    dp_now before = now_of(a);
    dp_sim_jump(a->w, -5000);
    assert_int_equal(now_of(a).mono, before.mono);
    assert_true(now_of(a).wall == before.wall - 5000);
    dp_sim_jump(a->w, 12000);
    assert_true(now_of(a).wall == before.wall + 7000);
    assert_true(now_of(&p.h[1]).wall == before.wall);
    run(&p, DP_SEC);
    assert_true(now_of(a).wall == before.wall + 8000);
    dp_sim_jump(a->w, INT64_MAX);
    assert_true(now_of(a).wall == INT64_MAX);
    for (unsigned i = 0; i < 3; i++)
        dp_sim_jump(a->w, INT64_MIN);
    assert_true(now_of(a).wall < 0);
    assert_int_equal(dp_sim_counted(p.sim, DEVP2P_SIM_CLOCK_JUMP), 6);
    play_fini(&p);
}

/* A moment of the world is the first at which a clock shows a deadline. */
static void a_deadline_is_neither_early_nor_late(void **state)
{
    (void)state;
    static const int32_t ppm[] = { 0, 1, -1, 333, -777, 999999, -999999,
        INT32_MAX };
    play p;
    play_init(&p, (dp_sim_setup){ .seed = 9 });
    dp_node *n = dp_sim_node_of(p.h[0].w);
    dp_chance c;
    dp_chance_init(&c, 1, 1);
    for (size_t i = 0; i < sizeof ppm / sizeof *ppm; i++) {
        dp_sim_skew(p.h[0].w, ppm[i]);
        for (unsigned k = 0; k < 1000; k++) {
            uint64_t now = p.sim->now.mono;
            uint64_t d = n->clock.mono + dp_chance_below(&c, 10 * DP_SEC);
            uint64_t at = dp_sim_node_when(n, d);
            p.sim->now.mono = at;
            assert_true(dp_sim_node_now(n).mono >= d);
            p.sim->now.mono = at - 1;
            assert_true(at == n->clock.world || dp_sim_node_now(n).mono < d);
            p.sim->now.mono = now;
        }
        assert_true(dp_sim_node_when(n, DP_NEVER) == DP_NEVER);
        assert_true(dp_sim_node_when(n, 0) == n->clock.world);
        assert_true(dp_sim_node_when(n, DP_NEVER - 1) > DP_NEVER / 3000);
        run(&p, DP_SEC);
    }
    play_fini(&p);
}

/* --- who sleeps --- */

/* The host wants a turn at a moment of its clock; the clock changes
 * meanwhile. */
static void turns_come_by_the_clock_of_the_node(void **state)
{
    (void)state;
    static const int32_t ppm[] = { 500000, -500000 };
    for (size_t i = 0; i < 2; i++) {
        play p;
        play_init(&p, (dp_sim_setup){ 0 });
        host *h = &p.h[0];
        run(&p, DP_SEC);
        uint64_t begin = dp_sim_now(p.sim).mono;
        h->next = now_of(h).mono + 10 * DP_SEC;
        h->w->ops->wake(h->w);
        run(&p, 4 * DP_SEC);
        unsigned turns = h->turns;
        dp_sim_skew(h->w, ppm[i]); /* 6 s are left: now 4 s, or 12 */
        uint64_t due = begin + (i ? 16 : 8) * DP_SEC;
        dp_sim_run(p.sim, due - 1, NULL, NULL);
        assert_int_equal(h->turns, turns);
        dp_sim_run(p.sim, due, NULL, NULL);
        assert_int_equal(h->turns, turns + 1);
        assert_int_equal(now_of(h).mono, h->next);
        play_fini(&p);
    }
}

typedef struct sleeper {
    host *h;
    dp_parker *parker;
    uint64_t until, woke;
} sleeper;

static void sleep_until(void *arg)
{
    sleeper *s = arg;
    const dp_world_ops *ops = s->h->w->ops;
    assert_int_equal(ops->park(s->parker, s->until), DEVP2P_ERR_TIMEOUT);
    s->woke = ops->now(s->h->w).mono;
}

static void tasks_sleep_by_the_clock_of_the_node(void **state)
{
    (void)state;
    static const int32_t ppm[] = { 500000, -500000 };
    for (size_t i = 0; i < 2; i++) {
        play p;
        play_init(&p, (dp_sim_setup){ 0 });
        host *h = &p.h[0];
        const dp_world_ops *ops = h->w->ops;
        uint64_t begin = dp_sim_now(p.sim).mono;
        sleeper s = { .h = h, .until = now_of(h).mono + 10 * DP_SEC };
        dp_task *t;
        assert_int_equal(ops->parker(h->w, &s.parker), 0);
        assert_int_equal(ops->spawn(h->w, sleep_until, &s, 256 * 1024, &t), 0);
        run(&p, 4 * DP_SEC);
        dp_sim_skew(h->w, ppm[i]);
        uint64_t due = begin + (i ? 16 : 8) * DP_SEC;
        dp_sim_run(p.sim, due - 1, NULL, NULL);
        assert_int_equal(s.woke, 0);
        dp_sim_run(p.sim, due, NULL, NULL);
        assert_int_equal(s.woke, s.until);
        ops->join(t);

        /* so does the thread of the simulation, which no pause stops */
        dp_sim_pause(h->w, DP_NEVER);
        begin = dp_sim_now(p.sim).mono;
        assert_int_equal(
            ops->park(s.parker, s.until + 3 * DP_SEC), DEVP2P_ERR_TIMEOUT);
        assert_int_equal(dp_sim_now(p.sim).mono - begin, (i ? 6 : 2) * DP_SEC);
        dp_sim_pause(h->w, 0);
        ops->parker_free(s.parker);
        play_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_scale_and_do_not_wrap),
        cmocka_unit_test(clocks_drift_apart),
        cmocka_unit_test(a_jump_is_of_the_wall_alone),
        cmocka_unit_test(a_deadline_is_neither_early_nor_late),
        cmocka_unit_test(turns_come_by_the_clock_of_the_node),
        cmocka_unit_test(tasks_sleep_by_the_clock_of_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
