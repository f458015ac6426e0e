/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "core/throttle.h"
#include "test_env.h"

typedef struct fixture {
    test_env t;
    dp_throttle *throttle;
    dp_now now;
} fixture;

static void fixture_init(fixture *f)
{
    static const uint8_t salt[16] = { 1 };
    memset(f, 0, sizeof *f);
    test_env_init(&f->t);
    f->now.mono = DP_SEC;
    assert_int_equal(
        dp_throttle_new(&f->throttle, &f->t.env, salt, 30 * DP_SEC), 0);
}

static void fixture_fini(fixture *f)
{
    dp_throttle_free(f->throttle);
    assert_int_equal(f->t.live, 0);
}

static devp2p_addr addr_of(const char *text)
{
    devp2p_addr a;
    assert_int_equal(devp2p_addr_parse(&a, text), 0);
    return a;
}

static bool has(fixture *f, const char *text)
{
    devp2p_addr a = addr_of(text);
    return dp_throttle_has(f->throttle, &a, f->now);
}

static void note(fixture *f, const char *text)
{
    devp2p_addr a = addr_of(text);
    dp_throttle_note(f->throttle, &a, f->now);
}

static void remembered_for_its_time(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    assert_false(has(&f, "20.0.0.1:1"));
    note(&f, "20.0.0.1:1");
    assert_true(has(&f, "20.0.0.1:2")); /* the port does not count */
    assert_true(has(&f, "[::ffff:20.0.0.1]:2"));
    assert_false(has(&f, "20.0.0.2:1"));
    f.now.mono += 10 * DP_SEC;
    note(&f, "20.0.0.2:1");
    f.now.mono += 20 * DP_SEC - 1;
    assert_true(has(&f, "20.0.0.1:1"));
    f.now.mono += 1;
    assert_false(has(&f, "20.0.0.1:1"));
    assert_true(has(&f, "20.0.0.2:1"));
    note(&f, "20.0.0.1:1"); /* again */
    f.now.mono += 10 * DP_SEC;
    assert_true(has(&f, "20.0.0.1:1"));
    assert_false(has(&f, "20.0.0.2:1"));
    fixture_fini(&f);
}

static void a_64_of_ipv6_is_one_address(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    note(&f, "[2a00:1:2:3::1]:1");
    assert_true(has(&f, "[2a00:1:2:3:ffff::2]:1"));
    assert_false(has(&f, "[2a00:1:2:4::1]:1"));
    fixture_fini(&f);
}

static void the_oldest_is_forgotten(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    size_t live = f.t.live;
    devp2p_addr a = addr_of("20.0.0.0:1");
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i <= DP_THROTTLED; i++) {
            a.ip[1] = (uint8_t)(i >> 16);
            a.ip[2] = (uint8_t)(i >> 8);
            a.ip[3] = (uint8_t)i;
            if (!dp_throttle_has(f.throttle, &a, f.now))
                dp_throttle_note(f.throttle, &a, f.now);
        }
    assert_true(dp_throttle_has(f.throttle, &a, f.now));
    assert_false(has(&f, "20.0.0.0:1"));
    assert_true(has(&f, "20.0.0.3:1"));
    assert_int_equal(f.t.live, live);
    fixture_fini(&f);
}

static void no_memory(void **state)
{
    (void)state;
    static const uint8_t salt[16] = { 1 };
    test_env t;
    dp_throttle *throttle = NULL;
    for (size_t n = 1; n <= 4; n++) {
        test_env_init(&t);
        test_env_fail(&t, n);
        assert_int_equal(
            dp_throttle_new(&throttle, &t.env, salt, 1), DEVP2P_ERR_NOMEM);
        assert_int_equal(t.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembered_for_its_time),
        cmocka_unit_test(a_64_of_ipv6_is_one_address),
        cmocka_unit_test(the_oldest_is_forgotten),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
