/* SPDX-License-Identifier: MIT */
/* bandwidth_config_test.c - rates, marks, totals and rules in a configuration:
 * ranges, defaults, sentences that name the field, copies. */
#include "base/limits.h"
#include "server/config.h"
#include "test.h"
#include "test_env.h"

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static int init(dp_config *out, const devp2p_config *cfg)
{
    return dp_config_init(out, cfg, sizeof *cfg, sizeof(devp2p_protocol));
}

/* The fields that are numbers, and what they may be. */
typedef struct field {
    const char *name;
    size_t theirs, ours;
    uint32_t standard, least, most;
    bool none;
} field;

#define FIELD(theirs, ours, standard, least, most, none)                     \
    {                                                                        \
#theirs, offsetof(devp2p_config, theirs), offsetof(dp_config, ours), \
            standard, least, most, none                                      \
    }
static const field fields[] = {
    FIELD(bytes_in_per_s, bandwidth.in_per_s, 0, DP_RATE_MIN, UINT32_MAX, 0),
    FIELD(bytes_out_per_s, bandwidth.out_per_s, 0, DP_RATE_MIN, UINT32_MAX, 0),
    FIELD(peer_bytes_in_per_s, bandwidth.peer_in_per_s, 0, DP_RATE_MIN,
        UINT32_MAX, 0),
    FIELD(peer_bytes_out_per_s, bandwidth.peer_out_per_s, 0, DP_RATE_MIN,
        UINT32_MAX, 0),
    FIELD(send_mark, bandwidth.send_mark, DP_SEND_MARK, DP_MARK_MIN,
        DP_MARK_MAX, 0),
    FIELD(recv_mark, bandwidth.recv_mark, DP_RECV_MARK, DP_MARK_MIN,
        DP_MARK_MAX, 0),
    FIELD(send_total, bandwidth.send_total, DP_SEND_TOTAL, DP_SEND_TOTAL_MIN,
        UINT32_MAX - 1, 1),
    FIELD(recv_total, bandwidth.recv_total, DP_RECV_TOTAL, DP_RECV_TOTAL_MIN,
        UINT32_MAX - 1, 1),
};

/* given is what a value comes to, or UINT32_MAX when it is refused. */
static uint32_t given(const field *f, uint32_t value)
{
    devp2p_config cfg = { .max_peers = 1 };
    dp_config c;
    uint32_t got;

    memcpy((uint8_t *)&cfg + f->theirs, &value, sizeof value);
    int err = init(&c, &cfg);
    if (err) {
        assert_int_equal(err, DEVP2P_ERR_INVALID);
        assert_memory_equal(devp2p_last_detail(), f->name, strlen(f->name));
        return UINT32_MAX;
    }
    memcpy(&got, (const uint8_t *)&c + f->ours, sizeof got);
    dp_config_fini(&c);
    return got;
}

static void ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const field *f = &fields[i];
        assert_int_equal(given(f, 0), f->standard);
        assert_int_equal(given(f, f->least), f->least);
        assert_int_equal(given(f, f->most), f->most);
        assert_int_equal(given(f, f->least - 1), UINT32_MAX);
        if (f->most < UINT32_MAX - 1)
            assert_int_equal(given(f, f->most + 1), UINT32_MAX);
        assert_int_equal(given(f, DEVP2P_NONE), DEVP2P_NONE);
    }
}

/* What a configuration came to makes the same one again. */
static void there_and_back(void **state)
{
    (void)state;
    devp2p_config cfg = { .send_total = DEVP2P_NONE,
        .recv_mark = DP_MARK_MIN,
        .peer_bytes_in_per_s = 9999 };
    dp_bandwidth a, b;

    assert_int_equal(dp_bandwidth_init(&a, &cfg), 0);
    dp_bandwidth_write(&a, &cfg);
    assert_int_equal(dp_bandwidth_init(&b, &cfg), 0);
    assert_memory_equal(&a, &b, sizeof a);
}

/* Loops have equal parts of the totals, each enough for what one session may
 * need; without that much there is no such server. */
static void totals_of_loops(void **state)
{
    (void)state;
    devp2p_config cfg = { .io_threads = 3 };
    dp_budget recv = { 0 }, send = { 0 };
    dp_node_self self = { .nprotocols = 0 };
    dp_rate in = { 0 }, out = { 0 };
    dp_bandwidth b;

    assert_int_equal(dp_bandwidth_init(&b, &cfg), 0);
    assert_int_equal(b.recv_total, 3 * DP_RECV_TOTAL_MIN); /* above 64 MiB */
    assert_int_equal(b.send_total, DP_SEND_TOTAL);
    dp_bandwidth_apply(&b, &self, &in, &out, &recv, &send);
    assert_int_equal(recv.limit, DP_RECV_TOTAL_MIN);
    assert_int_equal(send.limit, DP_SEND_TOTAL / 3);
    cfg.recv_total = 3 * DP_RECV_TOTAL_MIN - 1;
    assert_int_equal(dp_bandwidth_init(&b, &cfg), DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "recv_total"));
    cfg.recv_total = DEVP2P_NONE;
    cfg.send_total = 3 * DP_SEND_TOTAL_MIN - 1;
    assert_int_equal(dp_bandwidth_init(&b, &cfg), DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "send_total"));
    cfg.send_total = 3 * DP_SEND_TOTAL_MIN;
    assert_int_equal(dp_bandwidth_init(&b, &cfg), 0);
    dp_bandwidth_apply(&b, &self, &in, &out, &recv, &send);
    assert_int_equal(send.limit, DP_SEND_TOTAL_MIN);
    cfg.io_threads = DP_LOOPS_MAX;
    cfg.recv_total = cfg.send_total = 0;
    assert_int_equal(dp_bandwidth_init(&b, &cfg), 0);
    dp_bandwidth_apply(&b, &self, &in, &out, &recv, &send);
    assert_int_equal(recv.limit, DP_RECV_TOTAL_MIN);
    assert_int_equal(send.limit, DP_SEND_TOTAL_MIN);
}

static devp2p_config ruled(
    test_env *t, devp2p_protocol rows[2], const devp2p_rule *rules)
{
    rows[0] = (devp2p_protocol){ .name = "foo",
        .version = 1,
        .length = 3,
        .on_msg = on_msg,
        .rules = rules };
    rows[1] = (devp2p_protocol){ .name = NULL };
    return (devp2p_config){ .protocols = rows,
        .alloc = t->env.alloc,
        .alloc_user = t->env.alloc_user };
}

static void rules_are_copied(void **state)
{
    (void)state;
    devp2p_rule rules[] = {
        { .code = 2, .priority = DEVP2P_BULK, .max_size = 5 }, { 0 }
    };
    devp2p_protocol rows[2];
    test_env t;
    dp_config c;
    test_env_init(&t);
    devp2p_config cfg = ruled(&t, rows, rules);

    assert_int_equal(init(&c, &cfg), 0);
    memset(rules, 0xff, sizeof rules);
    assert_int_equal(c.rows[0].rules[0].code, 2);
    assert_int_equal(c.rows[0].rules[0].max_size, 5);
    assert_int_equal(c.rows[0].rules[1].priority, 0);
    dp_config_fini(&c);
    assert_int_equal(t.live, 0);
}

static void rules_are_checked(void **state)
{
    (void)state;
    devp2p_rule rules[DP_RULES_MAX + 2] = { { .code = 3,
        .priority = DEVP2P_BULK } };
    devp2p_protocol rows[2];
    test_env t;
    dp_config c;
    test_env_init(&t);
    devp2p_config cfg = ruled(&t, rows, rules);

    assert_int_equal(init(&c, &cfg), DEVP2P_ERR_INVALID);
    assert_non_null(
        strstr(devp2p_last_detail(), "protocols[0].rules[0].code: 3"));
    for (size_t i = 0; i <= DP_RULES_MAX; i++)
        rules[i] = (devp2p_rule){ .code = 1, .priority = DEVP2P_BULK };
    assert_int_equal(init(&c, &cfg), DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "more than 256"));
    assert_int_equal(t.live, 0);
}

/* A program that knows no rules has rows that end before them. */
static void rows_without_rules(void **state)
{
    (void)state;
    size_t size = offsetof(devp2p_protocol, rules);
    devp2p_protocol rows[2];
    uint8_t old[3 * sizeof(devp2p_protocol)];
    test_env t;
    dp_config c;
    test_env_init(&t);
    devp2p_config cfg = ruled(&t, rows, NULL);

    memcpy(old, &rows[0], size);
    rows[0].version = 2;
    memcpy(old + size, &rows[0], size);
    memcpy(old + 2 * size, &rows[1], size);
    cfg.protocols = (const devp2p_protocol *)(const void *)old;
    assert_int_equal(dp_config_init(&c, &cfg, sizeof cfg, size), 0);
    assert_int_equal(c.nrows, 2);
    assert_null(c.rows[0].rules);
    dp_config_fini(&c);
    assert_int_equal(t.live, 0);
}

static void each_allocation_fails(void **state)
{
    (void)state;
    const devp2p_rule rules[] = { { .code = 1, .priority = DEVP2P_URGENT },
        { 0 } };
    devp2p_protocol rows[2];
    unsigned k = 0;
    int err;

    do {
        test_env t;
        dp_config c;
        test_env_init(&t);
        devp2p_config cfg = ruled(&t, rows, rules);
        test_env_fail(&t, ++k);
        err = init(&c, &cfg);
        if (!err)
            dp_config_fini(&c);
        assert_int_equal(t.live, 0);
    } while (err == DEVP2P_ERR_NOMEM);
    assert_int_equal(err, 0);
    assert_true(k > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(totals_of_loops),
        cmocka_unit_test(rules_are_copied),
        cmocka_unit_test(rules_are_checked),
        cmocka_unit_test(rows_without_rules),
        cmocka_unit_test(each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
