/* SPDX-License-Identifier: MIT */
#include "core/meter.h"

#include "test.h"
#include "test_env.h"

/* Three capabilities: of two codes, of none, of more than are counted apart. */
enum { MANY = DP_METERED_CODES + 8 };

static dp_caps caps_of(dp_shared out[3])
{
    static const uint32_t length[] = { 2, 0, MANY };
    uint64_t offset = DP_BASE_LENGTH;

    for (size_t i = 0; i < 3; i++) {
        out[i] = (dp_shared){ i, offset, length[i] };
        offset += length[i];
    }
    return (dp_caps){ out, 3 };
}

static void counts(void **state)
{
    (void)state;
    test_env t;
    dp_shared shared[3];
    devp2p_traffic sum = { .in = { 0 } }, got;
    dp_meter m = { .sum = &sum };
    dp_caps caps = caps_of(shared);
    test_env_init(&t);

    dp_meter_bytes(&m, DP_IN, 300); /* the handshake */
    assert_int_equal(dp_meter_open(&m, &t.env, &caps), 0);
    dp_meter_message(&m, DP_OUT, 0, 1, 64, 10);
    dp_meter_message(&m, DP_OUT, 0, 1, 80, 20);
    dp_meter_message(&m, DP_OUT, 0, 0, 96, 40);
    dp_meter_message(&m, DP_IN, 2, DP_METERED_CODES - 1, 1, 2);
    dp_meter_message(&m, DP_IN, 2, DP_METERED_CODES, 4, 8);
    dp_meter_message(&m, DP_IN, 2, MANY - 1, 16, 32);

    dp_meter_read(&m, &got, 0, 1);
    assert_true(got.out.messages == 2 && got.out.wire == 144);
    assert_true(got.out.plain == 30 && got.in.messages == 0);
    dp_meter_read(&m, &got, 0, DEVP2P_ALL_CODES);
    assert_true(got.out.messages == 3 && got.out.plain == 70);
    dp_meter_read(&m, &got, 1, DEVP2P_ALL_CODES);
    assert_true(got.out.messages == 0);
    dp_meter_read(&m, &got, 2, DP_METERED_CODES - 1);
    assert_true(got.in.messages == 1 && got.in.plain == 2);
    for (uint64_t code = DP_METERED_CODES; code < MANY; code++) {
        dp_meter_read(&m, &got, 2, code); /* one count for all of them */
        assert_true(got.in.messages == 2 && got.in.wire == 20);
    }
    dp_meter_read(&m, &got, 2, DEVP2P_ALL_CODES);
    assert_true(got.in.messages == 3 && got.in.plain == 42);
    dp_meter_read(&m, &got, 3, DEVP2P_ALL_CODES); /* there is none */
    assert_true(got.in.messages == 0);
    assert_true(m.all.in.wire == 300 && m.all.in.messages == 3);
    assert_memory_equal(&sum, &m.all, sizeof sum);
    dp_meter_fini(&m, &t.env);
    assert_int_equal(t.live, 0);
}

static void copies(void **state)
{
    (void)state;
    test_env t;
    dp_shared shared[3];
    dp_meter m = { .sum = NULL }, copy = { .sum = NULL };
    devp2p_traffic got;
    dp_caps caps = caps_of(shared);
    test_env_init(&t);

    assert_int_equal(dp_meter_open(&m, &t.env, &caps), 0);
    assert_int_equal(dp_meter_open(&copy, &t.env, &caps), 0);
    assert_false(dp_meter_copy(&copy, &m));
    dp_meter_message(&m, DP_IN, 0, 1, 64, 10);
    assert_true(dp_meter_copy(&copy, &m));
    assert_false(dp_meter_copy(&copy, &m));
    dp_meter_read(&copy, &got, 0, 1);
    assert_true(got.in.messages == 1 && got.in.plain == 10);
    dp_meter_fini(&m, &t.env);
    dp_meter_fini(&copy, &t.env);
    assert_int_equal(t.live, 0);
}

static void no_memory(void **state)
{
    (void)state;
    test_env t;
    dp_shared shared[3];
    dp_caps caps = caps_of(shared);
    test_env_init(&t);

    dp_meter m = { .sum = NULL };
    test_env_fail(&t, 1);
    assert_int_equal(dp_meter_open(&m, &t.env, &caps), DEVP2P_ERR_NOMEM);
    dp_meter_message(&m, DP_IN, 0, 0, 1, 1); /* is not counted by code */
    assert_int_equal(m.all.in.messages, 1);
    dp_meter_fini(&m, &t.env);
    assert_int_equal(t.live, 0);
    dp_meter_bytes(NULL, DP_IN, 1);
    dp_meter_message(NULL, DP_IN, 0, 0, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(copies),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
