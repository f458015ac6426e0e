/* SPDX-License-Identifier: MIT */
/* book_test.c - what a store keeps of the book. */
#include "core/book_fixture.h"

static const dp_access limits = { .max_bans = 0 };

/* settle makes commits until nothing is due any more, and counts them. */
static size_t settle(shelf *s)
{
    size_t n = 0;
    while (shelf_commit(s, 0))
        n++;
    return n;
}

static void bans_survive(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_int_equal(ban_id(s, 2, 100000), 0);
    assert_int_equal(ban(s, "10.0.0.0/8", 200000), 0);
    assert_int_equal(ban(s, "2001:db8::/32", 1000), 0);
    assert_int_equal(dp_book_when(&s->b), s->now.mono); /* at once */
    assert_int_equal(settle(s), 1);
    assert_int_equal(s->n, 4);
    shelf_again(s, &limits, 50 * DP_SEC);
    assert_true(banned_id(s, 1) && banned_id(s, 2));
    assert_true(banned(s, "10.1.1.1"));
    assert_false(banned(s, "2001:db8::1")); /* over meanwhile, row and all */
    assert_int_equal(settle(s), 1);
    assert_int_equal(s->n, 3);
    shelf_pass(s, 50 * DP_SEC - 1);
    assert_true(banned_id(s, 2));
    shelf_pass(s, 1);
    assert_false(banned_id(s, 2));
    settle(s);
    assert_int_equal(s->n, 2);
    shelf_free(s);
}

/* A clock that is wrong at the start makes no ban longer than it was. */
static void a_clock_that_went_back(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 100000), 0);
    assert_true(report(s, 2, DP_POINTS_HOSTILE));
    shelf_pass(s, DP_BOOK_WRITE_NS);
    settle(s);
    s->now.wall = 1000;
    shelf_again(s, &limits, 0);
    assert_true(banned_id(s, 1) && shuns(s, 2));
    shelf_pass(s, 100 * DP_SEC);
    assert_false(banned_id(s, 1));
    shelf_pass(s, 3500 * DP_SEC);
    assert_false(shuns(s, 2));
    shelf_free(s);
}

static void lifted_bans_do_not_come_back(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_int_equal(lift_id(s, 1), 0);
    assert_int_equal(settle(s), 0); /* nobody was told */
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_int_equal(ban_id(s, 2, 0), 0);
    settle(s);
    assert_int_equal(lift_id(s, 1), 0);
    assert_int_equal(lift_id(s, 2), 0);
    assert_int_equal(ban_id(s, 2, 5000), 0); /* on second thoughts */
    settle(s);
    assert_int_equal(s->n, 1);
    shelf_again(s, &limits, 0);
    assert_false(banned_id(s, 1));
    assert_true(banned_id(s, 2));
    /* twice before the store hears of it */
    assert_int_equal(lift_id(s, 2), 0);
    assert_int_equal(ban_id(s, 2, 0), 0);
    assert_int_equal(lift_id(s, 2), 0);
    settle(s);
    assert_int_equal(s->n, 0);
    shelf_free(s);
}

/* When the ban that took the place of a lifted one is cut off by the size of a
 * commit, and then lifted, its row goes too. */
static void a_row_that_two_bans_had(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    settle(s);
    for (size_t i = 2; i < DP_BOOK_ROWS + 2; i++)
        assert_int_equal(ban_id(s, i, 0), 0);
    assert_int_equal(lift_id(s, 1), 0);
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_true(shelf_commit(s, 0)); /* all but that */
    assert_int_equal(s->n, DP_BOOK_ROWS + 1);
    assert_int_equal(lift_id(s, 1), 0);
    settle(s);
    assert_int_equal(s->n, DP_BOOK_ROWS);
    shelf_free(s);
}

static void conduct_survives_and_fades(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_true(report(s, 1, DP_POINTS_HOSTILE));
    report(s, 2, 40);
    report(s, 3, 1);
    missed(s, 4, DP_BACKOFF_LONG);
    assert_int_equal(dp_book_when(&s->b), s->now.mono + DP_BOOK_WRITE_NS);
    assert_int_equal(settle(s), 0);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    assert_int_equal(settle(s), 1);
    shelf_again(s, &limits, 0);
    assert_int_equal(score(s, 1), -1000);
    assert_true(shuns(s, 1));
    assert_int_equal(score(s, 2), 40);
    assert_true(avoids(s, 4));
    shelf_again(s, &limits, DP_SCORE_HALF_NS);
    assert_int_equal(score(s, 1), -500);
    assert_false(shuns(s, 1));
    assert_int_equal(score(s, 2), 20);
    assert_int_equal(score(s, 3), 0);
    assert_false(avoids(s, 4));
    /* it has been out once: the next time is longer */
    assert_true(report(s, 1, -1));
    shelf_pass(s, 1800 * DP_SEC - 1);
    assert_true(shuns(s, 1));
    shelf_pass(s, 1);
    assert_false(shuns(s, 1));
    settle(s);
    assert_int_equal(s->n, 3); /* of the third one nothing follows */
    shelf_free(s);
}

/* What happened between the start and the answer of the store adds to it. */
static void news_before_the_answer(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_true(report(s, 2, -300));
    missed(s, 2, DP_BACKOFF_LONG);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    settle(s);
    dp_book_fini(&s->b);
    shelf_open(s, &limits);
    assert_int_equal(ban_id(s, 1, 1000), 0);
    assert_true(report(s, 2, -100));
    assert_int_equal(settle(s), 0); /* not before the answer */
    shelf_load(s);
    assert_int_equal(score(s, 2), -400);
    assert_true(avoids(s, 2));
    shelf_pass(s, DP_SEC);
    assert_false(banned_id(s, 1)); /* the later word */
    settle(s);
    assert_int_equal(s->n, 1);
    shelf_free(s);
}

static void a_store_that_fails(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_int_equal(ban_id(s, 2, 0), 0);
    settle(s);
    assert_int_equal(lift_id(s, 2), 0);
    assert_int_equal(ban_id(s, 3, 0), 0);
    report(s, 4, -7);
    assert_true(shelf_commit(s, DEVP2P_ERR_IO));
    assert_false(dp_book_due(&s->b, s->now));
    shelf_pass(s, DP_BOOK_WRITE_NS - 1);
    assert_false(dp_book_due(&s->b, s->now));
    shelf_pass(s, 1);
    assert_true(dp_book_due(&s->b, s->now));
    settle(s);
    assert_int_equal(s->n, 3);
    shelf_again(s, &limits, 0);
    assert_true(banned_id(s, 1) && banned_id(s, 3));
    assert_false(banned_id(s, 2));
    assert_int_equal(score(s, 4), -7);
    shelf_free(s);
}

/* Lifted bans whose rows cannot be deleted have their place; nothing else piles
 * up. */
static void a_store_that_fails_for_ever(void **state)
{
    (void)state;
    const dp_access few = { .max_bans = 8, .max_standings = 1500 };
    shelf *s = shelf_new(&few);
    shelf_load(s);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ban_id(s, i, 0), 0);
    for (size_t i = 0; i < 1500; i++)
        report(s, i, -5);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    settle(s);
    assert_int_equal(s->n, 1508);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(lift_id(s, i), 0);
    assert_int_equal(ban_id(s, 9, 0), DEVP2P_ERR_LIMIT);
    for (size_t i = 1500; i < 6000; i++) {
        report(s, i, -5);
        shelf_pass(s, DP_BOOK_WRITE_NS);
        assert_true(shelf_commit(s, DEVP2P_ERR_IO));
    }
    assert_int_equal(s->b.notes.ngone, DP_BOOK_GONE);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    settle(s);
    assert_int_equal(s->b.notes.ngone, 0);
    assert_int_equal(ban_id(s, 9, 0), 0);
    /* what could not be deleted is an old standing, which the next start may
     * find a place for or not */
    assert_int_equal(s->n, 1508 - DP_BOOK_GONE + 1500);
    shelf_free(s);
}

static void many_rows_are_many_commits(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(ban_id(s, i, 0), 0);
    assert_int_equal(settle(s), 4);
    assert_int_equal(s->n, 1000);
    shelf_again(s, &(dp_access){ .max_bans = 900 }, 0);
    assert_int_equal(dp_bans_list(&s->b.bans, NULL, 0, s->now), 900);
    assert_int_equal(s->n, 1000); /* and none is forgotten there */
    shelf_again(s, &limits, 0);
    assert_int_equal(dp_bans_list(&s->b.bans, NULL, 0, s->now), 1000);
    shelf_free(s);
}

static void rows_of_others(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    static const uint8_t bytes[40] = { 'B', 'i' };
    dp_row rows[] = {
        { { bytes, 0 }, { bytes, 0 } },
        { { bytes + 5, 34 }, { bytes, 17 } },
        { { bytes, 34 }, { bytes, 17 } }, /* no version 0 */
        { { bytes, 40 }, { bytes, 17 } },
    };
    dp_book_load(&s->b, rows, 4, s->now);
    assert_int_equal(dp_bans_list(&s->b.bans, NULL, 0, s->now), 0);
    assert_int_equal(settle(s), 0);
    shelf_free(s);
}

static void alone(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_int_equal(ban_id(s, 1, 0), 0);
    report(s, 2, -5);
    assert_false(dp_book_safe(&s->b)); /* there may be one */
    dp_book_alone(&s->b);
    assert_int_equal(dp_book_when(&s->b), DP_NEVER);
    assert_int_equal(ban_id(s, 3, 0), 0);
    assert_int_equal(lift_id(s, 1), 0);
    report(s, 2, -5);
    assert_int_equal(dp_book_when(&s->b), DP_NEVER);
    assert_false(dp_book_due(&s->b, s->now));
    assert_true(dp_book_safe(&s->b));
    assert_int_equal(score(s, 2), -10);
    shelf_free(s);
}

static void at_the_end_nothing_waits(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_true(dp_book_safe(&s->b));
    report(s, 1, -5);
    assert_false(dp_book_safe(&s->b));
    dp_book_hurry(&s->b, s->now);
    assert_int_equal(settle(s), 1);
    assert_true(dp_book_safe(&s->b));
    report(s, 1, -5);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    assert_true(shelf_commit(s, DEVP2P_ERR_IO));
    assert_true(dp_book_safe(&s->b)); /* as safe as can be */
    dp_book_hurry(&s->b, s->now);
    assert_false(dp_book_safe(&s->b));
    assert_int_equal(settle(s), 1);
    assert_int_equal(s->n, 1);
    shelf_free(s);
}

static void without_memory(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    shelf_load(s);
    assert_int_equal(ban_id(s, 1, 0), 0);
    test_env_fail(&s->t, 1);
    assert_false(shelf_commit(s, 0));
    assert_int_equal(s->t.fails, 1);
    shelf_pass(s, DP_BOOK_WRITE_NS);
    assert_true(shelf_commit(s, 0));
    assert_int_equal(s->n, 1);
    /* rows that do not fit into memory are told of, not the end */
    for (size_t n = 1; n < 5; n++) {
        dp_book_fini(&s->b);
        shelf_open(s, &limits);
        test_env_fail(&s->t, n);
        shelf_load(s);
        s->t.fail_from = 0;
        assert_int_equal(ban_id(s, 1, 0), 0);
    }
    dp_book_fini(&s->b);
    test_env_fail(&s->t, 1);
    static const uint8_t salt[16];
    assert_int_equal(
        dp_book_init(&s->b, &s->t.env, salt, &limits), DEVP2P_ERR_NOMEM);
    shelf_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bans_survive),
        cmocka_unit_test(a_clock_that_went_back),
        cmocka_unit_test(lifted_bans_do_not_come_back),
        cmocka_unit_test(a_row_that_two_bans_had),
        cmocka_unit_test(conduct_survives_and_fades),
        cmocka_unit_test(news_before_the_answer),
        cmocka_unit_test(a_store_that_fails),
        cmocka_unit_test(a_store_that_fails_for_ever),
        cmocka_unit_test(many_rows_are_many_commits),
        cmocka_unit_test(rows_of_others),
        cmocka_unit_test(alone),
        cmocka_unit_test(at_the_end_nothing_waits),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
