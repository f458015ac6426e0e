/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "test_env.h"

#include <devp2p/request.h>

typedef struct fixture {
    test_env t;
    devp2p_rates *set;
} fixture;

static void begin_with(fixture *f, devp2p_rates_config cfg, uint64_t now)
{
    test_env_init(&f->t);
    cfg.alloc = test_alloc;
    cfg.alloc_user = &f->t;
    assert_int_equal(devp2p_rates_new(&f->set, &cfg, now), 0);
}

static void begin(fixture *f)
{
    begin_with(f, (devp2p_rates_config){ .kinds = 2 }, 0);
}

static void end(fixture *f)
{
    devp2p_rates_free(f->set);
    assert_int_equal(f->t.live, 0);
}

static devp2p_rate *join(fixture *f)
{
    devp2p_rate *rate;
    assert_int_equal(devp2p_rate_new(&rate, f->set), 0);
    return rate;
}

/* --- go-ethereum --- */

/* What go-ethereum 1.17.5 answered to the steps below, every tenth of them;
 * its clock was set back by 3 s at each. */
typedef struct answers {
    uint64_t target, timeout, median; /* ms */
    uint32_t capacity[2];             /* of the peer of the step, by kind */
} answers;
static const answers geth[] = {
    { 17505, 58350, 17800, { 1, 38 } },
    { 16716, 60000, 15943, { 3, 1 } },
    { 16435, 60000, 17326, { 36, 331 } },
    { 15662, 60000, 14826, { 4, 16 } },
    { 14530, 60000, 12369, { 95, 390 } },
    { 13577, 50372, 11908, { 61, 217 } },
    { 12529, 48598, 10428, { 2065, 1 } },
    { 11541, 41381, 9531, { 54, 50 } },
    { 10607, 39847, 8674, { 150, 299 } },
    { 9642, 36510, 7493, { 763, 21 } },
    { 8748, 31018, 6742, { 530, 1378 } },
    { 7975, 29172, 6285, { 157, 213 } },
    { 7330, 27000, 5996, { 507, 16 } },
    { 6720, 23519, 5433, { 132, 1 } },
    { 6170, 21067, 5021, { 349, 132 } },
    { 5757, 19422, 5021, { 1, 661 } },
    { 5366, 17994, 4659, { 3, 30 } },
    { 5052, 16892, 4568, { 27, 46 } },
    { 4798, 16019, 4485, { 1, 257 } },
    { 4589, 15309, 4400, { 85, 42 } },
    { 4393, 14649, 4227, { 78, 505 } },
    { 4212, 14045, 4079, { 136, 121 } },
    { 4026, 13421, 3851, { 130, 147 } },
    { 3822, 12742, 3569, { 107, 24 } },
    { 3612, 12040, 3311, { 1, 407 } },
    { 3448, 11496, 3288, { 1, 360 } },
    { 3279, 10930, 3077, { 505, 92 } },
    { 3151, 10503, 3074, { 536, 196 } },
    { 3004, 10013, 2847, { 6, 352 } },
    { 2893, 9645, 2847, { 6, 1 } },
    { 2771, 9237, 2671, { 463, 173 } },
    { 2667, 8892, 2618, { 47, 1 } },
    { 2589, 8633, 2618, { 309, 1 } },
    { 2499, 8332, 2477, { 43, 14 } },
    { 2424, 8080, 2441, { 44, 1 } },
    { 2367, 7892, 2441, { 48, 56 } },
    { 2315, 7717, 2397, { 1, 38 } },
    { 2255, 7517, 2306, { 14, 19 } },
    { 2188, 7295, 2210, { 112, 554 } },
    { 2138, 7127, 2207, { 40, 35 } },
};

static uint32_t draw(uint32_t *x, uint32_t n)
{
    *x = *x * 1664525 + 1013904223;
    return (*x >> 8) % n;
}

/* near allows for what rounding does, ours and that of whole milliseconds. */
static void near(uint64_t ours, uint64_t theirs)
{
    uint64_t far = ours > theirs ? ours - theirs : theirs - ours;
    if (far > 1 + theirs / 1000)
        fail_msg("%llu, go-ethereum says %llu", (unsigned long long)ours,
            (unsigned long long)theirs);
}

static void as_go_ethereum(void **state)
{
    (void)state;
    fixture f;
    devp2p_rate *peers[14];
    const answers *says = geth;
    uint32_t n = 0, x = 1;
    begin(&f);
    for (uint64_t step = 0; step < 400; step++) {
        uint64_t now = (step + 1) * 3000;
        if (step % 16 == 0 && n < 14)
            peers[n++] = join(&f);
        uint32_t p = draw(&x, n), kind = draw(&x, 2);
        uint32_t elapsed = 1 + draw(&x, 30000) / (p + 1), items = draw(&x, 200);
        if (draw(&x, 8) == 0)
            items = 0;
        assert_int_equal(devp2p_rate_update(peers[p], kind, elapsed, items), 0);
        if (step % 10 != 9)
            continue;
        uint64_t target = devp2p_rates_target(f.set, now);
        near(target, says->target);
        near(devp2p_rates_timeout(f.set, now), says->timeout);
        near(devp2p_rates_median(f.set), says->median);
        for (uint32_t k = 0; k < 2; k++)
            near(devp2p_rate_capacity(peers[p], k, target), says->capacity[k]);
        says++;
    }
    assert_int_equal(says - geth, sizeof geth / sizeof *geth);
    while (n)
        devp2p_rate_free(peers[--n]);
    end(&f);
}

/* --- one peer --- */

static void a_steady_peer_is_known(void **state)
{
    (void)state;
    static const uint32_t per_s[] = { 1, 7, 100, 5000, 1000000 };
    for (size_t i = 0; i < sizeof per_s / sizeof *per_s; i++) {
        fixture f;
        begin(&f);
        devp2p_rate *rate = join(&f);
        uint32_t last = 0;
        for (int n = 0; n < 200; n++) {
            assert_int_equal(
                devp2p_rate_update(rate, 1, 3000, 3 * per_s[i]), 0);
            uint32_t capacity = devp2p_rate_capacity(rate, 1, 2000);
            assert_true(capacity >= last);
            last = capacity;
        }
        /* 1.01 times what it delivers in 2 s, rounded up, and one */
        near(last, (uint64_t)per_s[i] * 202 / 100 + 1);
        near(devp2p_rate_round_trip(rate), 3000);
        near(devp2p_rates_mean(f.set, 1), per_s[i]);
        assert_int_equal(devp2p_rate_capacity(rate, 0, 2000), 1);
        devp2p_rate_free(rate);
        end(&f);
    }
}

/* A peer that needs 80 ms, and a millisecond for 3 items, is asked for what the
 * estimate says: requests come to take the time that is aimed at. */
static void requests_come_to_take_the_target(void **state)
{
    (void)state;
    fixture f;
    uint64_t now = 0, target = 0, elapsed = 0;
    begin(&f);
    devp2p_rate *rate = join(&f);
    for (int n = 0; n < 2000; n++) {
        target = devp2p_rates_target(f.set, now);
        uint32_t items = devp2p_rate_capacity(rate, 0, target);
        elapsed = 80 + items / 3;
        assert_true(elapsed <= devp2p_rates_timeout(f.set, now));
        now += elapsed;
        assert_int_equal(devp2p_rate_update(rate, 0, elapsed, items), 0);
    }
    assert_in_range(target, 1790, 1810); /* 0.9 of the least round trip */
    assert_in_range(elapsed, target * 9 / 10, target * 11 / 10);
    assert_int_equal(devp2p_rates_confidence(f.set), 1000);
    devp2p_rate_free(rate);
    end(&f);
}

static void nothing_delivered(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    devp2p_rate *rate = join(&f);
    uint64_t before = devp2p_rate_round_trip(rate);
    for (uint32_t kind = 0; kind < 2; kind++)
        assert_int_equal(devp2p_rate_update(rate, kind, 1000, 1000), 0);
    assert_int_equal(devp2p_rate_capacity(rate, 0, 1000), 102);
    assert_true(devp2p_rate_round_trip(rate) < before);
    before = devp2p_rate_round_trip(rate);
    assert_int_equal(devp2p_rate_update(rate, 0, 60000, 0), 0);
    assert_int_equal(devp2p_rate_capacity(rate, 0, 1000), 1);
    assert_int_equal(devp2p_rate_capacity(rate, 1, 1000), 102);
    assert_int_equal(devp2p_rate_round_trip(rate), before);
    assert_int_equal(devp2p_rate_update(rate, 0, 1000, 1), 0);
    assert_int_equal(devp2p_rate_capacity(rate, 0, 1000), 2);
    devp2p_rate_free(rate);
    end(&f);
}

/* --- the set --- */

static void a_newcomer_is_like_the_others(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    devp2p_rate *a = join(&f);
    assert_int_equal(devp2p_rate_round_trip(a), DP_ROUND_TRIP_MAX_MS);
    assert_int_equal(devp2p_rates_mean(f.set, 0), 0);
    for (int n = 0; n < 300; n++)
        assert_int_equal(devp2p_rate_update(a, 0, 5000, 500), 0);
    devp2p_rate *b = join(&f);
    near(devp2p_rate_round_trip(b), 5000);
    near(devp2p_rate_capacity(b, 0, 10000), 1011);
    for (int n = 0; n < 300; n++)
        assert_int_equal(devp2p_rate_update(b, 0, 1000, 300), 0);
    near(devp2p_rates_mean(f.set, 0), 200);
    devp2p_rate *c = join(&f);
    near(devp2p_rate_capacity(c, 0, 10000), 2021);
    devp2p_rate_free(a);
    devp2p_rate_free(c);
    near(devp2p_rates_mean(f.set, 0), 300);
    devp2p_rate_free(b);
    assert_int_equal(devp2p_rates_mean(f.set, 0), 0);
    assert_int_equal(devp2p_rates_median(f.set), DP_ROUND_TRIP_MAX_MS);
    end(&f);
}

/* Of 16 peers the one of rank 4, whatever was freed and updated before. */
static void the_median_is_that_of_rank_sqrt_n(void **state)
{
    (void)state;
    fixture f;
    devp2p_rate *peers[20];
    uint32_t x = 5;
    begin(&f);
    for (size_t i = 0; i < 20; i++)
        peers[i] = join(&f);
    for (int n = 0; n < 20 * 300; n++) {
        uint32_t i = draw(&x, 20);
        assert_int_equal(
            devp2p_rate_update(peers[i], 0, 3000 + 500 * ((i * 7) % 20), 1), 0);
    }
    near(devp2p_rates_median(f.set), 3000 + 500 * 4);
    for (size_t i = 0; i < 20; i++)
        if ((i * 7) % 20 < 4) {
            devp2p_rate_free(peers[i]);
            peers[i] = NULL;
        }
    near(devp2p_rates_median(f.set), 3000 + 500 * 8);
    for (size_t i = 0; i < 20; i++)
        devp2p_rate_free(peers[i]);
    end(&f);
}

static void newcomers_bring_doubt_and_time_removes_it(void **state)
{
    (void)state;
    fixture f;
    devp2p_rate *peers[12];
    uint64_t now = 0;
    uint32_t last = 1000;
    begin(&f);
    for (size_t i = 0; i < 12; i++) {
        peers[i] = join(&f);
        uint32_t sure = devp2p_rates_confidence(f.set);
        assert_true(i == 0  ? sure == 1000
                    : i < 9 ? sure < last || last == 100
                            : sure == last);
        assert_true(sure >= 100);
        last = sure;
    }
    assert_int_equal(devp2p_rates_timeout(f.set, 0), DP_TIMEOUT_MS);
    for (int n = 0; n < 100; n++) {
        now += DP_ROUND_TRIP_MAX_MS + 1;
        for (size_t i = 0; i < 12; i++)
            assert_int_equal(devp2p_rate_update(peers[i], 0, 1, 1), 0);
        assert_true(
            devp2p_rates_timeout(f.set, now) >= 3 * DP_ROUND_TRIP_MIN_MS);
    }
    assert_int_equal(devp2p_rates_confidence(f.set), 1000);
    near(devp2p_rates_target(f.set, now), DP_ROUND_TRIP_MIN_MS * 9 / 10);
    near(devp2p_rates_timeout(f.set, now), DP_ROUND_TRIP_MIN_MS * 3);
    for (size_t i = 0; i < 12; i++)
        devp2p_rate_free(peers[i]);
    end(&f);
}

/* --- numbers without end --- */

static const uint64_t numbers[] = { 0, 1, 2, 999, 1000, 1001, 65535, 1 << 20,
    INT32_MAX, UINT32_MAX, UINT64_C(1) << 40, (UINT64_C(1) << 40) + 1,
    UINT64_C(1) << 50, UINT64_MAX / 1000, UINT64_MAX / 2, UINT64_MAX - 1,
    UINT64_MAX };
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* check: more time is never less capacity. */
static void check(fixture *f, const devp2p_rate *rate, uint64_t now)
{
    for (uint32_t kind = 0; kind < 3; kind++) {
        uint32_t last = 1;
        for (size_t i = 0; i < NUMBERS; i++) {
            uint32_t it = devp2p_rate_capacity(rate, kind, numbers[i]);
            assert_in_range(it, last, INT32_MAX);
            last = it;
        }
    }
    uint64_t target = devp2p_rates_target(f->set, now);
    uint64_t timeout = devp2p_rates_timeout(f->set, now);
    assert_in_range(target, 1, timeout);
    assert_in_range(timeout, 1, DP_WAIT_MAX_MS);
    assert_in_range(devp2p_rates_mean(f->set, 0), 0, INT32_MAX);
    assert_in_range(devp2p_rates_confidence(f->set), 100, 1000);
}

/* Every pair of numbers, at the configuration's ends, with moments that go
 * back and forth. */
static void whatever_it_is_told(void **state)
{
    (void)state;
    static const devp2p_rates_config ends[] = { { .kinds = 2 },
        { .kinds = 2,
            .min_round_trip_ms = 1,
            .max_round_trip_ms = 1,
            .max_timeout_ms = 1 },
        { .kinds = 2, .min_round_trip_ms = DP_WAIT_MAX_MS } };
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
        fixture f;
        begin_with(&f, ends[e], UINT64_MAX);
        devp2p_rate *a = join(&f), *b = join(&f);
        for (size_t i = 0; i < NUMBERS; i++)
            for (size_t j = 0; j < NUMBERS; j++) {
                devp2p_rate *rate = (i + j) % 3 ? a : b;
                assert_int_equal(devp2p_rate_update(
                                     rate, (i ^ j) & 1, numbers[i], numbers[j]),
                    0);
                check(&f, rate, numbers[(i * 5 + j) % NUMBERS]);
            }
        for (int n = 0; n < 500; n++)
            assert_int_equal(devp2p_rate_update(a, 0, 0, UINT64_MAX), 0);
        assert_int_equal(devp2p_rate_capacity(a, 0, 1000), INT32_MAX);
        check(&f, a, UINT64_MAX);
        for (uint64_t n = 0, last = 0; n < 500; n++) {
            assert_int_equal(devp2p_rate_update(a, 1, UINT64_MAX, 1), 0);
            assert_true(devp2p_rate_round_trip(a) >= last);
            last = devp2p_rate_round_trip(a);
        }
        devp2p_rate_free(a);
        devp2p_rate_free(b);
        end(&f);
    }
}

/* Long and many is measured as exactly as short and few. */
static void big_deliveries_are_measured(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 30; shift++) {
        fixture f;
        begin(&f);
        devp2p_rate *rate = join(&f);
        assert_int_equal(devp2p_rate_update(rate, 0, UINT64_C(1000) << shift,
                             UINT64_C(20000000) << shift),
            0);
        near(devp2p_rate_capacity(rate, 0, 100000), 202000001);
        devp2p_rate_free(rate);
        end(&f);
    }
}

/* --- limits --- */

static void peers_are_bounded(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 1, 3, 0 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t max = limits[i] ? limits[i] : DP_RATES_PEERS;
        fixture f;
        devp2p_rate **peers = calloc(max, sizeof *peers), *more;
        assert_non_null(peers);
        begin_with(
            &f, (devp2p_rates_config){ .max_peers = limits[i], .kinds = 1 }, 0);
        for (uint32_t n = 0; n < max; n++) {
            peers[n] = join(&f);
            /* all deliver as much as there is: the sum must not overflow */
            for (int k = 0; n == 0 && k < 500; k++)
                assert_int_equal(
                    devp2p_rate_update(peers[0], 0, 1, UINT64_MAX), 0);
        }
        assert_int_equal(devp2p_rate_new(&more, f.set), DEVP2P_ERR_LIMIT);
        assert_null(more);
        near(devp2p_rates_mean(f.set, 0), INT32_MAX);
        devp2p_rate_free(peers[0]);
        peers[0] = join(&f);
        while (max)
            devp2p_rate_free(peers[--max]);
        free(peers);
        end(&f);
    }
}

static void kinds_are_bounded(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 1, 7, 0, DP_RATES_KINDS };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t max = limits[i] ? limits[i] : DP_RATES_KINDS_DEFAULT;
        fixture f;
        begin_with(&f, (devp2p_rates_config){ .kinds = limits[i] }, 0);
        devp2p_rate *rate = join(&f);
        assert_int_equal(devp2p_rate_update(rate, max - 1, 1, 100), 0);
        assert_int_equal(
            devp2p_rate_update(rate, max, 1, 100), DEVP2P_ERR_INVALID);
        assert_true(devp2p_rate_capacity(rate, max - 1, 1000) > 1);
        assert_int_equal(devp2p_rate_capacity(rate, max, 1000), 1);
        assert_int_equal(devp2p_rates_mean(f.set, max), 0);
        devp2p_rate_free(rate);
        end(&f);
    }
}

static void times_are_bounded(void **state)
{
    (void)state;
    fixture f;
    devp2p_rates_config cfg = { .min_round_trip_ms = 100,
        .max_round_trip_ms = 200,
        .max_timeout_ms = 300 };
    begin_with(&f, cfg, 0);
    devp2p_rate *rate = join(&f);
    assert_int_equal(devp2p_rates_median(f.set), 200);
    assert_int_equal(devp2p_rates_target(f.set, 0), 180);
    assert_int_equal(devp2p_rates_timeout(f.set, 0), 300);
    for (int n = 0; n < 300; n++)
        assert_int_equal(devp2p_rate_update(rate, 0, 1, 1), 0);
    assert_int_equal(devp2p_rates_median(f.set), 100);
    /* not before a round trip has passed */
    assert_int_equal(devp2p_rates_target(f.set, 200), 180);
    assert_int_equal(devp2p_rates_target(f.set, 201), 157);
    assert_int_equal(devp2p_rates_target(f.set, 0), 157);
    devp2p_rate_free(rate);
    end(&f);
}

static void refused(const char *field, devp2p_rates_config cfg)
{
    devp2p_rates *set = (devp2p_rates *)&cfg;
    assert_int_equal(devp2p_rates_new(&set, &cfg, 0), DEVP2P_ERR_INVALID);
    assert_null(set);
    assert_non_null(strstr(devp2p_last_detail(), field));
}

static void configurations(void **state)
{
    (void)state;
    struct {
        devp2p_rates_config cfg;
        uint64_t more;
    } newer = { .more = 1 };
    devp2p_rates *set;
    refused(
        "max_peers", (devp2p_rates_config){ .max_peers = DP_RATES_PEERS + 1 });
    refused("kinds", (devp2p_rates_config){ .kinds = DP_RATES_KINDS + 1 });
    refused("min_round_trip_ms",
        (devp2p_rates_config){ .min_round_trip_ms = DP_WAIT_MAX_MS + 1 });
    refused("max_round_trip_ms",
        (devp2p_rates_config){ .max_round_trip_ms = DP_WAIT_MAX_MS + 1 });
    refused("max_round_trip_ms",
        (devp2p_rates_config){ .max_round_trip_ms = DP_ROUND_TRIP_MIN_MS - 1 });
    refused("max_timeout_ms",
        (devp2p_rates_config){ .max_timeout_ms = DP_WAIT_MAX_MS + 1 });
    refused("max_timeout_ms",
        (devp2p_rates_config){ .max_timeout_ms = DP_ROUND_TRIP_MAX_MS - 1 });
    assert_int_equal(devp2p_rates_new(&set, NULL, 0), 0);
    devp2p_rates_free(set);
    assert_int_equal(devp2p_rates_new_sized(&set, &newer.cfg, sizeof newer, 0),
        DEVP2P_ERR_ABI);
    newer.more = 0;
    assert_int_equal(
        devp2p_rates_new_sized(&set, &newer.cfg, sizeof newer, 0), 0);
    devp2p_rates_free(set);
    devp2p_rates_free(NULL);
    devp2p_rate_free(NULL);
}

/* --- memory --- */

static void every_allocation_fails_once(void **state)
{
    (void)state;
    enum { PEERS = 20 };
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        fixture f = { .set = NULL };
        devp2p_rate *peers[PEERS];
        test_env_init(&f.t);
        devp2p_rates_config cfg = { .alloc = test_alloc, .alloc_user = &f.t };
        test_env_fail(&f.t, n);
        int err = devp2p_rates_new(&f.set, &cfg, 0);
        if (err) {
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
            assert_null(f.set);
            assert_int_equal(devp2p_rates_new(&f.set, &cfg, 0), 0);
        }
        for (size_t i = 0; i < PEERS; i++) {
            err = devp2p_rate_new(&peers[i], f.set);
            if (err) {
                assert_int_equal(err, DEVP2P_ERR_NOMEM);
                assert_null(peers[i]);
                peers[i] = join(&f);
            }
            assert_int_equal(devp2p_rate_update(peers[i], 0, 1000, 100), 0);
        }
        bool done = f.t.fails == 0;
        failed += f.t.fails;
        for (size_t i = 0; i < PEERS; i++)
            devp2p_rate_free(peers[i]);
        end(&f);
        if (done)
            break;
    }
    assert_true(failed > PEERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_go_ethereum),
        cmocka_unit_test(a_steady_peer_is_known),
        cmocka_unit_test(requests_come_to_take_the_target),
        cmocka_unit_test(nothing_delivered),
        cmocka_unit_test(a_newcomer_is_like_the_others),
        cmocka_unit_test(the_median_is_that_of_rank_sqrt_n),
        cmocka_unit_test(newcomers_bring_doubt_and_time_removes_it),
        cmocka_unit_test(whatever_it_is_told),
        cmocka_unit_test(big_deliveries_are_measured),
        cmocka_unit_test(peers_are_bounded),
        cmocka_unit_test(kinds_are_bounded),
        cmocka_unit_test(times_are_bounded),
        cmocka_unit_test(configurations),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
