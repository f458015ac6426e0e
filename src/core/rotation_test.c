/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "core/rotation.h"
#include "test_env.h"

enum { MANY = 200 };

static const dp_now now = { .mono = 100000 * DP_SEC };

static dp_seat seat(uint64_t age_s, int score)
{
    return (dp_seat){ .since = now.mono - age_s * DP_SEC, .score = score };
}

/* chosen is how often each seat is chosen in n draws. */
static void chosen(size_t *out, const dp_seat *seats, size_t n, size_t draws)
{
    memset(out, 0, (n + 1) * sizeof *out);
    for (uint64_t i = 0; i < draws; i++) {
        uint64_t draw = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        out[dp_rotation_choose(seats, n, draw, now)]++;
    }
}

static void nobody_there(void **state)
{
    (void)state;
    assert_int_equal(dp_rotation_choose(NULL, 0, 7, now), 0);
}

static void only_who_has_been_there_long(void **state)
{
    (void)state;
    dp_seat s[4] = { seat(9999, 0), seat(599, 0), seat(600, 0), seat(0, 0) };
    size_t times[5];
    chosen(times, s, 4, 1000);
    assert_int_equal(times[2], 1000); /* the first is the best tenth */
    s[2].kept = true;
    chosen(times, s, 4, 1000);
    assert_int_equal(times[4], 1000); /* nobody */
}

/* The best tenth by score; of equal scores the oldest. */
static void the_best_tenth_stays(void **state)
{
    (void)state;
    dp_seat s[MANY];
    size_t times[MANY + 1];
    for (size_t i = 0; i < MANY; i++)
        s[i] = seat(1000 + i, i % 20 == 7 ? 5 : 0); /* ten good ones */
    chosen(times, s, MANY, 100000);
    assert_int_equal(times[MANY], 0);
    for (size_t i = 0; i < MANY; i++) {
        bool best = i % 20 == 7 || i >= MANY - 10; /* and the ten oldest */
        if (best)
            assert_int_equal(times[i], 0);
        else
            assert_in_range(times[i], 400, 720); /* 555 on average */
    }
}

/* A bad score alone makes nobody leave, and does not keep anybody. */
static void all_others_have_the_same_chance(void **state)
{
    (void)state;
    dp_seat s[10];
    size_t times[11];
    for (size_t i = 0; i < 10; i++)
        s[i] = seat(1000, 0 - (int)i);
    s[3].kept = true;
    chosen(times, s, 10, 8000);
    assert_int_equal(times[0] + times[3] + times[10], 0);
    for (size_t i = 1; i < 10; i++)
        if (i != 3)
            assert_in_range(times[i], 850, 1150);
}

/* When hardly anybody may leave, that one is found. */
static void the_only_one(void **state)
{
    (void)state;
    dp_seat s[MANY];
    size_t times[MANY + 1];
    for (size_t i = 0; i < MANY; i++)
        s[i] = seat(i == 150 ? 700 : 10, i == 150 ? -9 : 0);
    chosen(times, s, MANY, 100);
    assert_int_equal(times[150], 100);
}

static void times_are_jittered(void **state)
{
    (void)state;
    test_env t;
    dp_rotation *r;
    uint64_t low = DP_NEVER, high = 0, sum = 0;
    test_env_init(&t);
    assert_int_equal(dp_rotation_new(&r, &t.env, 300000, now), 0);
    assert_int_equal(dp_rotation_when(r), now.mono + 300 * DP_SEC);
    for (uint64_t i = 0; i < 10000; i++) {
        dp_rotation_next(r, (i + 1) * UINT64_C(0x9e3779b97f4a7c15), now);
        uint64_t in = dp_rotation_when(r) - now.mono;
        low = in < low ? in : low;
        high = in > high ? in : high;
        sum += in / 10000;
    }
    assert_in_range(low, 150 * DP_SEC, 151 * DP_SEC);
    assert_in_range(high, 449 * DP_SEC, 450 * DP_SEC);
    assert_in_range(sum, 297 * DP_SEC, 303 * DP_SEC);
    dp_rotation_free(r);
    assert_int_equal(dp_rotation_when(NULL), DP_NEVER);
    dp_rotation_free(NULL);
    test_env_fail(&t, 1);
    assert_int_equal(
        dp_rotation_new(&r, &t.env, 300000, now), DEVP2P_ERR_NOMEM);
    assert_int_equal(t.live, 0);
}

static devp2p_id id_of(size_t n)
{
    devp2p_id id = { { (uint8_t)n, (uint8_t)(n >> 8) } };
    return id;
}

/* Who left rests twice the time; when more than DP_ROTATED did, the first ones
 * are forgotten. */
static void who_left_rests(void **state)
{
    (void)state;
    test_env t;
    dp_rotation *r;
    dp_now at = now;
    test_env_init(&t);
    assert_int_equal(dp_rotation_new(&r, &t.env, 60000, now), 0);
    for (size_t i = 0; i < DP_ROTATED + 5; i++) {
        devp2p_id id = id_of(i);
        assert_false(dp_rotation_rests(r, &id, at));
        dp_rotation_note(r, &id, at);
        assert_true(dp_rotation_rests(r, &id, at));
    }
    for (size_t i = 0; i < DP_ROTATED + 5; i++) {
        devp2p_id id = id_of(i);
        assert_int_equal(dp_rotation_rests(r, &id, at), i >= 5);
    }
    devp2p_id id = id_of(50);
    at.mono += 120 * DP_SEC - 1;
    assert_true(dp_rotation_rests(r, &id, at));
    at.mono++;
    assert_false(dp_rotation_rests(r, &id, at));
    assert_false(dp_rotation_rests(NULL, &id, at));
    dp_rotation_free(r);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(only_who_has_been_there_long),
        cmocka_unit_test(the_best_tenth_stays),
        cmocka_unit_test(all_others_have_the_same_chance),
        cmocka_unit_test(the_only_one),
        cmocka_unit_test(times_are_jittered),
        cmocka_unit_test(who_left_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
