/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "test_env.h"

#include <devp2p/request.h>

enum { ANSWER = 5 };

typedef struct fixture {
    test_env t;
    devp2p_requests *r;
    int peers[2], users[4]; /* for their addresses */
} fixture;

static void begin(fixture *f, uint32_t max, uint32_t late, uint32_t late_ms)
{
    test_env_init(&f->t);
    devp2p_requests_config cfg = { .max_in_flight = max,
        .max_late = late,
        .late_ms = late_ms,
        .alloc = test_alloc,
        .alloc_user = &f->t };
    assert_int_equal(devp2p_requests_new(&f->r, &cfg), 0);
}

static void end(fixture *f)
{
    devp2p_requests_free(f->r);
    assert_int_equal(f->t.live, 0);
}

/* ask is for one peer, with 10 items at most. */
static uint64_t ask(fixture *f, size_t user, uint64_t deadline, uint64_t now)
{
    uint64_t id = 0;
    devp2p_request what = { .peer = &f->peers[0],
        .user = &f->users[user],
        .answer = ANSWER,
        .max_items = 10,
        .deadline_ms = deadline };
    assert_int_equal(devp2p_requests_track(f->r, &id, &what, now), 0);
    assert_true(id != 0);
    return id;
}

static int answer(fixture *f, devp2p_request *out, uint64_t id, uint64_t now)
{
    return devp2p_requests_fulfil(f->r, out, &f->peers[0], id, ANSWER, 10, now);
}

static devp2p_requests_count counts(const fixture *f)
{
    devp2p_requests_count c;
    devp2p_requests_counts(f->r, &c);
    assert_int_equal(
        c.tracked, c.in_flight + c.fulfilled + c.lost + c.cancelled);
    return c;
}

/* --- what an answer is --- */

static void an_answer_in_time(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, 4, 1000);
    uint64_t id = ask(&f, 2, 500, 100);
    assert_int_equal(devp2p_requests_deadline(f.r), 500);
    assert_int_equal(answer(&f, &got, id, 130), 0);
    assert_ptr_equal(got.peer, &f.peers[0]);
    assert_ptr_equal(got.user, &f.users[2]);
    assert_int_equal(got.answer, ANSWER);
    assert_int_equal(got.max_items, 10);
    assert_int_equal(got.deadline_ms, 500);
    assert_int_equal(got.id, id);
    assert_int_equal(got.took_ms, 30);
    assert_true(devp2p_requests_deadline(f.r) == UINT64_MAX);
    assert_int_equal(answer(&f, &got, id, 131), DEVP2P_ERR_NOT_FOUND);
    assert_null(got.user);
    assert_int_equal(counts(&f).fulfilled, 1);
    assert_int_equal(counts(&f).unasked, 1);
    end(&f);
}

/* One request, and all that may come instead of its answer. */
static void late_unasked_and_wrong_are_told_apart(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, 4, 1000);
    uint64_t id = ask(&f, 0, 500, 0);
    for (int late = 0; late < 2; late++) {
        const void *peer = &f.peers[0], *other = &f.peers[1];
        assert_int_equal(
            devp2p_requests_fulfil(f.r, &got, peer, id, ANSWER + 1, 1, 9),
            DEVP2P_ERR_UNEXPECTED);
        assert_ptr_equal(got.user, &f.users[0]);
        assert_int_equal(
            devp2p_requests_fulfil(f.r, &got, peer, id, ANSWER, 11, 9),
            DEVP2P_ERR_TOO_BIG);
        assert_int_equal(
            devp2p_requests_fulfil(f.r, &got, other, id, ANSWER, 1, 9),
            DEVP2P_ERR_NOT_FOUND);
        for (uint64_t bit = 0; bit < 64; bit++)
            assert_int_equal(answer(&f, &got, id ^ UINT64_C(1) << bit, 9),
                DEVP2P_ERR_NOT_FOUND);
        assert_int_equal(answer(&f, &got, 0, 9), DEVP2P_ERR_NOT_FOUND);
        if (!late)
            assert_true(devp2p_requests_expire(f.r, &got, 500));
    }
    assert_int_equal(answer(&f, &got, id, 510), DEVP2P_ERR_TIMEOUT);
    assert_ptr_equal(got.user, &f.users[0]);
    assert_int_equal(got.took_ms, 510);
    assert_int_equal(answer(&f, &got, id, 511), DEVP2P_ERR_NOT_FOUND);
    devp2p_requests_count c = counts(&f);
    assert_int_equal(c.wrong, 4);
    assert_int_equal(c.unasked, 2 * 66 + 1);
    assert_int_equal(c.late, 1);
    assert_int_equal(c.lost, 1);
    assert_int_equal(c.fulfilled, 0);
    assert_int_equal(c.remembered, 0);
    end(&f);
}

static void any_number_of_items(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got, what = { .answer = ANSWER, .deadline_ms = 1 };
    uint64_t id;
    begin(&f, 1, 1, 1);
    assert_int_equal(devp2p_requests_track(f.r, &id, &what, 0), 0);
    assert_int_equal(
        devp2p_requests_fulfil(f.r, &got, NULL, id, ANSWER, UINT64_MAX, 0), 0);
    end(&f);
}

/* --- time --- */

/* Deadlines are drawn from few moments, so that many are equal. */
static void the_order_of_expiry(void **state)
{
    (void)state;
    enum { N = 1000 };
    fixture f;
    devp2p_request got, last = { .deadline_ms = 0 };
    uint64_t asked[N], order = 0, told = 0;
    begin(&f, N, N, 1000);
    for (size_t i = 0; i < N; i++)
        asked[i] = ask(&f, 0, 100 + i * 7919 % 50, 0);
    /* places are given in order at first, so ids tell who was asked before */
    for (size_t i = 1; i < N; i++)
        assert_true(asked[i] > asked[i - 1]);
    assert_int_equal(devp2p_requests_deadline(f.r), 100);
    assert_false(devp2p_requests_expire(f.r, &got, 99));
    while (devp2p_requests_expire(f.r, &got, 148)) {
        assert_true(got.deadline_ms >= last.deadline_ms);
        assert_true(got.deadline_ms <= 148);
        if (got.deadline_ms == last.deadline_ms)
            assert_true(got.id > order);
        order = got.id;
        last = got;
        told++;
    }
    assert_int_equal(told, N - N / 50);
    assert_int_equal(devp2p_requests_deadline(f.r), 149);
    assert_int_equal(counts(&f).in_flight, N / 50);
    end(&f);
}

/* Nobody was told that it is lost, so it is not. */
static void after_the_deadline_and_not_told(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, 4, 1000);
    uint64_t id = ask(&f, 0, 500, 0);
    assert_int_equal(answer(&f, &got, id, 5000), 0);
    assert_false(devp2p_requests_expire(f.r, &got, 5000));
    end(&f);
}

static void the_ends_of_time(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, 4, 1000);
    uint64_t never = ask(&f, 0, UINT64_MAX, 50), past = ask(&f, 1, 0, 50);
    assert_int_equal(devp2p_requests_deadline(f.r), 0);
    assert_true(devp2p_requests_expire(f.r, &got, UINT64_MAX - 1));
    assert_int_equal(got.id, past);
    assert_false(devp2p_requests_expire(f.r, &got, UINT64_MAX - 1));
    assert_true(devp2p_requests_deadline(f.r) == UINT64_MAX);
    /* a clock that goes back */
    assert_int_equal(answer(&f, &got, past, 10), DEVP2P_ERR_TIMEOUT);
    assert_int_equal(got.took_ms, 0);
    assert_false(devp2p_requests_expire(f.r, &got, UINT64_MAX));
    assert_int_equal(answer(&f, &got, never, UINT64_MAX), 0);
    assert_true(got.took_ms == UINT64_MAX - 50);
    end(&f);
}

/* --- limits --- */

static void in_flight_is_bounded(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 1, 3, 64, 65, 0, DP_REQUESTS_MAX };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t max = limits[i] ? limits[i] : DP_REQUESTS_DEFAULT;
        fixture f;
        devp2p_request got, what = { .deadline_ms = 1000 };
        uint64_t id, first = 0;
        begin(&f, limits[i], DEVP2P_NONE, 0);
        for (uint32_t n = 0; n < max; n++) {
            assert_int_equal(devp2p_requests_track(f.r, &id, &what, 0), 0);
            first = first ? first : id;
        }
        assert_int_equal(
            devp2p_requests_track(f.r, &id, &what, 0), DEVP2P_ERR_LIMIT);
        assert_int_equal(devp2p_requests_cancel(f.r, NULL, first, 0), 0);
        assert_int_equal(devp2p_requests_track(f.r, &id, &what, 0), 0);
        assert_int_equal(
            devp2p_requests_track(f.r, &id, &what, 0), DEVP2P_ERR_LIMIT);
        assert_true(devp2p_requests_expire(f.r, &got, 1000));
        assert_int_equal(devp2p_requests_track(f.r, &id, &what, 0), 0);
        assert_int_equal(counts(&f).in_flight, max);
        end(&f);
    }
}

static void late_ones_are_bounded(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 1, 3, 0, DP_REQUESTS_MAX };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t max = limits[i] ? limits[i] : DP_LATE_DEFAULT;
        fixture f;
        devp2p_request got;
        uint64_t oldest = 0, second = 0;
        begin(&f, 2, limits[i], 1000);
        for (uint32_t n = 0; n < max + 1; n++) {
            uint64_t id = ask(&f, 0, 0, 0);
            if (n < 2)
                *(n ? &second : &oldest) = id;
            assert_true(devp2p_requests_expire(f.r, &got, 0));
        }
        assert_int_equal(counts(&f).remembered, max);
        assert_int_equal(answer(&f, &got, oldest, 0), DEVP2P_ERR_NOT_FOUND);
        assert_int_equal(answer(&f, &got, second, 0), DEVP2P_ERR_TIMEOUT);
        end(&f);
    }
}

static void late_ones_are_forgotten_in_time(void **state)
{
    (void)state;
    static const uint32_t times[] = { 1, 1000, 0, DP_LATE_MS_MAX };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint32_t ms = times[i] ? times[i] : DP_LATE_MS;
        fixture f;
        devp2p_request got;
        begin(&f, 4, 4, times[i]);
        uint64_t a = ask(&f, 0, 10, 0), b = ask(&f, 1, 10, 0);
        while (devp2p_requests_expire(f.r, &got, 10))
            ;
        assert_int_equal(answer(&f, &got, a, 10 + ms - 1), DEVP2P_ERR_TIMEOUT);
        assert_int_equal(answer(&f, &got, b, 10 + ms), DEVP2P_ERR_NOT_FOUND);
        assert_int_equal(counts(&f).remembered, 0);
        end(&f);
    }
}

static void nothing_late_is_remembered(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, DEVP2P_NONE, 0);
    uint64_t id = ask(&f, 0, 10, 0);
    assert_true(devp2p_requests_expire(f.r, &got, 10));
    assert_int_equal(answer(&f, &got, id, 11), DEVP2P_ERR_NOT_FOUND);
    end(&f);
}

static void refused(const char *field, devp2p_requests_config cfg)
{
    devp2p_requests *r = (devp2p_requests *)&cfg;
    assert_int_equal(devp2p_requests_new(&r, &cfg), DEVP2P_ERR_INVALID);
    assert_null(r);
    assert_non_null(strstr(devp2p_last_detail(), field));
}

static void configurations(void **state)
{
    (void)state;
    struct {
        devp2p_requests_config cfg;
        uint64_t more;
    } newer = { .more = 1 };
    devp2p_requests *r;
    refused("max_in_flight",
        (devp2p_requests_config){ .max_in_flight = DP_REQUESTS_MAX + 1 });
    refused("max_late",
        (devp2p_requests_config){ .max_late = DP_REQUESTS_MAX + 1 });
    refused(
        "late_ms", (devp2p_requests_config){ .late_ms = DP_LATE_MS_MAX + 1 });
    assert_int_equal(devp2p_requests_new(&r, NULL), 0);
    devp2p_requests_free(r);
    assert_int_equal(devp2p_requests_new_sized(&r, &newer.cfg, sizeof newer),
        DEVP2P_ERR_ABI);
    assert_int_equal(
        devp2p_requests_new_sized(&r, &newer.cfg, 4), DEVP2P_ERR_ABI);
    newer.more = 0;
    assert_int_equal(
        devp2p_requests_new_sized(&r, &newer.cfg, sizeof newer), 0);
    devp2p_requests_free(r);
    devp2p_requests_free(NULL);
}

/* --- ids --- */

static int compare_ids(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* However requests end, and in whatever order places become free. */
static void no_id_comes_twice(void **state)
{
    (void)state;
    enum { N = 200000, MAX = 100 };
    fixture f;
    devp2p_request got;
    uint64_t *ids = calloc(N, sizeof *ids), x = 1;
    assert_non_null(ids);
    begin(&f, MAX, 50, 20);
    for (uint64_t i = 0; i < N; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        ids[i] = ask(&f, 0, i + 1 + (x >> 60), i);
        uint64_t old = ids[i - (i < MAX ? 0 : (x >> 33) % MAX)];
        if (x >> 62 == 0)
            (void)answer(&f, &got, old, i);
        if (x >> 62 == 1)
            (void)devp2p_requests_cancel(f.r, &got, old, i);
        while (devp2p_requests_expire(f.r, &got, i))
            ;
    }
    qsort(ids, N, sizeof *ids, compare_ids);
    assert_true(ids[0] != 0);
    for (size_t i = 1; i < N; i++)
        assert_true(ids[i] != ids[i - 1]);
    devp2p_requests_count c = counts(&f);
    assert_true(c.fulfilled && c.cancelled && c.lost && c.late && c.unasked);
    free(ids);
    end(&f);
}

/* --- other ends --- */

static void a_cancelled_request(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got;
    begin(&f, 4, 4, 1000);
    uint64_t a = ask(&f, 1, 500, 0), b = ask(&f, 2, 100, 0);
    assert_int_equal(devp2p_requests_cancel(f.r, &got, a, 50), 0);
    assert_ptr_equal(got.user, &f.users[1]);
    assert_int_equal(got.took_ms, 50);
    assert_true(devp2p_requests_expire(f.r, &got, 1000));
    assert_int_equal(got.id, b);
    assert_false(devp2p_requests_expire(f.r, &got, 1000));
    assert_int_equal(devp2p_requests_cancel(f.r, &got, b, 1000), 0);
    assert_ptr_equal(got.user, &f.users[2]);
    assert_int_equal(answer(&f, &got, a, 1000), DEVP2P_ERR_TIMEOUT);
    assert_null(got.user);
    assert_int_equal(answer(&f, &got, b, 1000), DEVP2P_ERR_TIMEOUT);
    assert_null(got.user);
    assert_int_equal(
        devp2p_requests_cancel(f.r, &got, a, 1000), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(got.id, 0);
    assert_int_equal(counts(&f).cancelled, 1);
    assert_int_equal(counts(&f).late, 2);
    end(&f);
}

/* What comes from another peer that has the same pointer is unasked. */
static void a_peer_that_has_gone(void **state)
{
    (void)state;
    fixture f;
    devp2p_request got,
        other = { .peer = &f.peers[1], .answer = ANSWER, .deadline_ms = 300 };
    uint64_t b, theirs;
    begin(&f, 8, 8, 1000);
    uint64_t late = ask(&f, 0, 10, 0);
    assert_true(devp2p_requests_expire(f.r, &got, 10));
    uint64_t a = ask(&f, 1, 500, 20);
    assert_int_equal(devp2p_requests_track(f.r, &theirs, &other, 20), 0);
    b = ask(&f, 2, 400, 20);
    devp2p_requests_gone(f.r, &f.peers[0]);
    devp2p_requests_gone(f.r, &f.peers[0]);
    assert_int_equal(answer(&f, &got, late, 30), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer(&f, &got, a, 30), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(devp2p_requests_deadline(f.r), 0);
    assert_int_equal(counts(&f).in_flight, 3);
    assert_true(devp2p_requests_expire(f.r, &got, 30));
    assert_int_equal(got.id, a);
    assert_ptr_equal(got.user, &f.users[1]);
    assert_int_equal(devp2p_requests_cancel(f.r, &got, b, 30), 0);
    assert_ptr_equal(got.user, &f.users[2]);
    assert_false(devp2p_requests_expire(f.r, &got, 30));
    assert_int_equal(answer(&f, &got, b, 30), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(counts(&f).remembered, 0);
    assert_int_equal(
        devp2p_requests_fulfil(f.r, &got, &f.peers[1], theirs, ANSWER, 1, 30),
        0);
    end(&f);
}

/* --- memory --- */

/* The n-th allocation fails, whatever it is for; then everything works. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    enum { ASKED = 200 };
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        fixture f = { .r = NULL };
        devp2p_request got, what = { .deadline_ms = 1 };
        uint64_t id;
        test_env_init(&f.t);
        devp2p_requests_config cfg = { .max_in_flight = ASKED,
            .max_late = ASKED,
            .alloc = test_alloc,
            .alloc_user = &f.t };
        test_env_fail(&f.t, n);
        int err = devp2p_requests_new(&f.r, &cfg);
        if (err) {
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
            assert_null(f.r);
            assert_int_equal(devp2p_requests_new(&f.r, &cfg), 0);
        }
        for (size_t i = 0; i < 2 * ASKED; i++) {
            err = devp2p_requests_track(f.r, &id, &what, 0);
            if (err) {
                assert_int_equal(err, DEVP2P_ERR_NOMEM);
                assert_int_equal(counts(&f).tracked, i);
                assert_int_equal(devp2p_requests_track(f.r, &id, &what, 0), 0);
            }
            if (i >= ASKED - 1)
                assert_true(devp2p_requests_expire(f.r, &got, 1));
        }
        assert_int_equal(counts(&f).tracked, 2 * ASKED);
        bool done = f.t.fails == 0;
        failed += f.t.fails;
        end(&f);
        if (done)
            break;
    }
    assert_true(failed > 10);
}

/* A table that was filled once needs no memory any more, and an empty one is
 * small. */
static void memory_is_taken_once(void **state)
{
    (void)state;
    enum { N = 1000 };
    fixture f;
    devp2p_request got;
    begin(&f, N, 10, 1000);
    assert_true(f.t.live < 1024);
    for (size_t round = 0, calls = 0; round < 4; round++) {
        for (size_t i = 0; i < N; i++)
            ask(&f, 0, 1, 0);
        while (devp2p_requests_expire(f.r, &got, 1))
            ;
        if (round == 1)
            calls = f.t.calls;
        assert_true(round < 2 || f.t.calls == calls);
    }
    assert_true(f.t.live < N * 256);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_in_time),
        cmocka_unit_test(late_unasked_and_wrong_are_told_apart),
        cmocka_unit_test(any_number_of_items),
        cmocka_unit_test(the_order_of_expiry),
        cmocka_unit_test(after_the_deadline_and_not_told),
        cmocka_unit_test(the_ends_of_time),
        cmocka_unit_test(in_flight_is_bounded),
        cmocka_unit_test(late_ones_are_bounded),
        cmocka_unit_test(late_ones_are_forgotten_in_time),
        cmocka_unit_test(nothing_late_is_remembered),
        cmocka_unit_test(configurations),
        cmocka_unit_test(no_id_comes_twice),
        cmocka_unit_test(a_cancelled_request),
        cmocka_unit_test(a_peer_that_has_gone),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(memory_is_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
