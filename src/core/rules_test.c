/* SPDX-License-Identifier: MIT */
#include "core/rules.h"

#include "base/limits.h"
#include "test.h"
#include "test_env.h"

static void none(void **state)
{
    (void)state;
    test_env t;
    dp_rules r;
    test_env_init(&t);
    const devp2p_rule empty[] = { { 0 } };

    assert_int_equal(dp_rules_init(&r, &t.env, NULL), 0);
    assert_int_equal(dp_rules_of(&r, 5)->class, DP_NORMAL);
    assert_int_equal(dp_rules_init(&r, &t.env, empty), 0);
    assert_int_equal(dp_rules_of(&r, 5)->class, DP_NORMAL);
    assert_int_equal(dp_rules_of(NULL, 5)->max_size, DP_MESSAGE_MAX);
    assert_int_equal(dp_rules_of(NULL, 5)->per_second, 0);
    dp_rules_fini(&r, &t.env);
    assert_int_equal(t.live, 0);
}

static void found(void **state)
{
    (void)state;
    test_env t;
    dp_rules r;
    test_env_init(&t);
    const devp2p_rule table[] = {
        { .code = 9, .priority = DEVP2P_BULK, .per_second = 3 },
        { .code = DEVP2P_OTHER_CODES,
            .priority = DEVP2P_NORMAL,
            .max_size = 100,
            .per_second = 7 },
        { .code = 0, .priority = DEVP2P_URGENT, .max_size = 10 },
        { .code = 4, .priority = DEVP2P_NORMAL, .per_second = 5 }, { 0 }
    };

    assert_int_equal(dp_rules_check(table, 10, "protocols", 0), 0);
    assert_int_equal(dp_rules_init(&r, &t.env, table), 0);
    assert_int_equal(r.nbuckets, 3);
    assert_int_equal(dp_rules_of(&r, 0)->class, DP_URGENT);
    assert_int_equal(dp_rules_of(&r, 0)->max_size, 10);
    assert_int_equal(dp_rules_of(&r, 9)->class, DP_BULK);
    assert_int_equal(dp_rules_of(&r, 9)->max_size, DP_MESSAGE_MAX);
    assert_int_equal(dp_rules_of(&r, 4)->per_second, 5);
    for (uint64_t code = 1; code < 9; code++)
        if (code != 4)
            assert_int_equal(dp_rules_of(&r, code)->max_size, 100);
    assert_int_not_equal(
        dp_rules_of(&r, 9)->bucket, dp_rules_of(&r, 4)->bucket);
    assert_int_not_equal(
        dp_rules_of(&r, 9)->bucket, dp_rules_of(&r, 5)->bucket);
    dp_rules_fini(&r, &t.env);
    assert_int_equal(dp_rules_init(&r, &t.env, table + 2), 0);
    assert_int_equal(dp_rules_of(&r, 5)->max_size, DP_MESSAGE_MAX);
    dp_rules_fini(&r, &t.env);
    test_env_fail(&t, 1);
    assert_int_equal(dp_rules_init(&r, &t.env, table), DEVP2P_ERR_NOMEM);
    dp_rules_fini(&r, &t.env);
    assert_int_equal(t.live, 0);
}

static void refused(const devp2p_rule *table, const char *why)
{
    assert_int_equal(
        dp_rules_check(table, 10, "protocols", 3), DEVP2P_ERR_INVALID);
    if (!strstr(devp2p_last_detail(), why))
        fail_msg("\"%s\" does not say %s", devp2p_last_detail(), why);
}

static void mistakes(void **state)
{
    (void)state;
    devp2p_rule table[DP_RULES_MAX + 2] = {
        { .code = 9, .priority = DEVP2P_BULK, .max_size = DP_MESSAGE_MAX },
        { .code = 8, .priority = DEVP2P_NORMAL },
    };
    assert_int_equal(dp_rules_check(table, 10, "protocols", 3), 0);
    table[1].code = 10;
    refused(table, "protocols[3].rules[1].code: 10");
    table[1].code = 9;
    refused(table, "protocols[3].rules[1]: there are two for code 9");
    table[1].code = 8;
    table[0].max_size++;
    refused(table, "protocols[3].rules[0].max_size: 16777216");
    table[0].max_size--;
    table[1].priority = (devp2p_priority)4;
    refused(table, "protocols[3].rules[1].priority: 4");
    for (size_t i = 0; i < DP_RULES_MAX; i++)
        table[i] = (devp2p_rule){ .code = i, .priority = DEVP2P_URGENT };
    assert_int_equal(dp_rules_check(table, DP_RULES_MAX, "protocols", 3), 0);
    assert_int_equal(dp_rules_count(table), DP_RULES_MAX);
    table[DP_RULES_MAX] = table[0];
    refused(table, "protocols[3].rules: more than 256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(found),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
