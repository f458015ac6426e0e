/* SPDX-License-Identifier: MIT */
#include "core/book_fixture.h"

static const dp_access limits = { .max_bans = 0 };

static void conduct_adds_up_and_fades(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_int_equal(score(s, 1), 0);
    for (int i = 0; i < 30; i++)
        assert_false(report(s, 1, DP_POINTS_USEFUL));
    assert_int_equal(score(s, 1), 100);
    assert_int_equal(score(s, 2), 0);
    shelf_pass(s, DP_SCORE_HALF_NS);
    assert_int_equal(score(s, 1), 50);
    assert_false(report(s, 1, DP_POINTS_MALFORMED)); /* it had a credit */
    assert_int_equal(score(s, 1), -50);
    assert_false(shuns(s, 1));
    shelf_pass(s, 100 * DP_SCORE_HALF_NS);
    assert_int_equal(score(s, 1), 0);
    shelf_free(s);
}

/* expect_out: it stays out for exactly so long, and is not dialled. */
static void expect_out(shelf *s, size_t n, uint64_t ns)
{
    shelf_pass(s, ns - 1);
    assert_true(shuns(s, n));
    assert_true(avoids(s, n));
    shelf_pass(s, 1);
    assert_false(shuns(s, n));
    assert_false(avoids(s, n));
}

static void three_classes(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_false(report(s, 1, -99));
    assert_false(shuns(s, 1));
    assert_true(report(s, 1, -1));
    expect_out(s, 1, 30 * DP_SEC);
    assert_true(report(s, 2, -250));
    expect_out(s, 2, 180 * DP_SEC);
    assert_true(report(s, 3, -500));
    expect_out(s, 3, 900 * DP_SEC);
    assert_false(shuns(s, 4));
    shelf_free(s);
}

/* Once more, and it stays out for longer, an hour at most. */
static void each_time_is_longer(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    for (unsigned i = 1; i < 9; i++) {
        assert_true(report(s, 1, DP_POINTS_HOSTILE));
        expect_out(s, 1, (i < 4 ? i * 900 : 3600) * DP_SEC);
    }
    /* all is forgiven when nothing is left of it */
    shelf_pass(s, 11 * DP_SCORE_HALF_NS);
    assert_true(report(s, 1, DP_POINTS_MALFORMED));
    expect_out(s, 1, 30 * DP_SEC);
    shelf_free(s);
}

/* What is done while it is out is the same time, which a worse class may make
 * longer. */
static void while_it_is_out(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_true(report(s, 1, -100));
    assert_false(report(s, 1, -1));
    assert_true(report(s, 1, -200));
    expect_out(s, 1, 180 * DP_SEC);
    shelf_free(s);
}

static void the_spared_stay(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    devp2p_id id = id_of(1);
    for (int i = 0; i < 3; i++)
        assert_false(dp_standings_report(
            &s->b.standings, &id, DP_POINTS_HOSTILE, true, s->now));
    assert_int_equal(score(s, 1), DP_SCORE_SHORT + 1);
    assert_false(shuns(s, 1));
    shelf_free(s);
}

static void backoff_can_be_set(void **state)
{
    (void)state;
    shelf *s = shelf_new(&(dp_access){ .backoff_ms = 1000 });
    assert_true(report(s, 1, -100));
    expect_out(s, 1, DP_SEC);
    assert_true(report(s, 2, -500));
    expect_out(s, 2, 30 * DP_SEC);
    missed(s, 3, DP_BACKOFF_MEDIUM);
    shelf_pass(s, 6 * DP_SEC - 1);
    assert_true(avoids(s, 3));
    shelf_pass(s, 1);
    assert_false(avoids(s, 3));
    shelf_free(s);
    s = shelf_new(&(dp_access){ .backoff_ms = DEVP2P_NONE });
    assert_false(report(s, 1, DP_POINTS_HOSTILE));
    assert_int_equal(score(s, 1), -1000);
    missed(s, 2, DP_BACKOFF_LONG);
    assert_false(shuns(s, 1) || avoids(s, 1) || avoids(s, 2));
    shelf_free(s);
}

/* A dial that came to nothing keeps the dialer away, and nobody out. */
static void dials(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    for (unsigned i = 1; i < 125; i++) {
        uint64_t ns = (i < 120 ? i * 30 : 3600) * DP_SEC;
        missed(s, 1, DP_BACKOFF_SHORT);
        assert_false(shuns(s, 1));
        shelf_pass(s, ns - 1);
        assert_true(avoids(s, 1));
        shelf_pass(s, 1);
        assert_false(avoids(s, 1));
    }
    missed(s, 1, DP_BACKOFF_NONE);
    assert_false(avoids(s, 1));
    missed(s, 1, DP_BACKOFF_LONG);
    missed(s, 2, DP_BACKOFF_SHORT);
    shelf_pass(s, 3599 * DP_SEC);
    assert_true(avoids(s, 1));
    /* until it is met, on whatever way */
    met(s, 1);
    met(s, 3);
    assert_false(avoids(s, 1));
    missed(s, 1, DP_BACKOFF_SHORT);
    shelf_pass(s, 30 * DP_SEC);
    assert_false(avoids(s, 1));
    shelf_free(s);
}

/* Of whom nothing follows takes no place. */
static void the_trivial_is_forgotten(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    missed(s, 1, DP_BACKOFF_SHORT);
    assert_int_equal(known(s), 1);
    met(s, 1);
    assert_int_equal(known(s), 0);
    report(s, 1, 5);
    report(s, 1, 0);
    assert_int_equal(known(s), 1);
    report(s, 1, -5);
    assert_int_equal(known(s), 0);
    shelf_free(s);
}

static void as_many_as_may_be(void **state)
{
    (void)state;
    shelf *s = shelf_new(&(dp_access){ .max_standings = 16 });
    for (size_t i = 0; i < 16; i++)
        assert_true(report(s, i, DP_POINTS_HOSTILE));
    assert_false(report(s, 0, DP_POINTS_USEFUL)); /* news */
    assert_true(shuns(s, 1));
    report(s, 16, -5);
    assert_int_equal(known(s), 16);
    assert_false(shuns(s, 1)); /* the longest without */
    for (size_t i = 0; i < 17; i++)
        assert_int_equal(score(s, i) != 0, i != 1);
    shelf_free(s);
}

static void the_default_limit(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    for (size_t i = 0; i < DP_STANDINGS + 100; i++)
        report(s, i, -5);
    assert_int_equal(known(s), DP_STANDINGS);
    assert_int_equal(score(s, 99), 0);
    assert_int_equal(score(s, 100), -5);
    print_message("%d standings take %zu bytes\n", DP_STANDINGS, s->t.live);
    shelf_free(s);
}

static void without_memory(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        shelf *s = shelf_new(&limits);
        test_env_fail(&s->t, n);
        for (size_t i = 0; i < 40; i++)
            report(s, i, -100);
        bool failed = s->t.fails > 0;
        s->t.fail_from = 0;
        size_t out = 0;
        for (size_t i = 0; i < 40; i++)
            out += shuns(s, i);
        assert_int_equal(out, failed ? 39 : 40);
        shelf_free(s);
        if (!failed)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conduct_adds_up_and_fades),
        cmocka_unit_test(three_classes),
        cmocka_unit_test(each_time_is_longer),
        cmocka_unit_test(while_it_is_out),
        cmocka_unit_test(the_spared_stay),
        cmocka_unit_test(backoff_can_be_set),
        cmocka_unit_test(dials),
        cmocka_unit_test(the_trivial_is_forgotten),
        cmocka_unit_test(as_many_as_may_be),
        cmocka_unit_test(the_default_limit),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
