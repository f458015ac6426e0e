/* SPDX-License-Identifier: MIT */
#include "core/book_fixture.h"

static const dp_access limits = { .max_bans = 0 };

static void whom_it_may_be(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "1.2.3", "10.0.0.0/33", "::/129",
        "10.0.0.0/8,11.0.0.0/8", "node.example", "ab", "enode://",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg" };
    devp2p_ban out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dp_fail(0, "%s", "");
        assert_int_equal(dp_ban_parse(&out, bad[i]), DEVP2P_ERR_INVALID);
        assert_true(devp2p_last_detail()[0]);
    }
    out = ban_text(
        "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef");
    assert_int_equal(out.net.family, 0);
    assert_int_equal(out.id.b[31], 0xef);
    out = ban_text("1.2.3.4");
    assert_int_equal(out.bits, 32);
    out = ban_text("::ffff:1.2.3.4");
    assert_int_equal(out.net.family, 4);
    assert_int_equal(out.bits, 32);
    out = ban_text("10.255.255.255/9"); /* what does not count is cleared */
    assert_int_equal(out.net.ip[1], 128);
    assert_int_equal(out.net.ip[2], 0);
    out = ban_text("2001:db8::1/64");
    assert_int_equal(out.net.family, 6);
    assert_int_equal(out.net.ip[15], 0);
}

static void addresses_and_networks(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_false(banned(s, "1.2.3.4"));
    assert_int_equal(ban(s, "1.2.3.4", 0), 0);
    assert_int_equal(ban(s, "20.0.0.0/7", 0), 0);
    assert_int_equal(ban(s, "2001:db8::/33", 0), 0);
    assert_true(banned(s, "1.2.3.4"));
    assert_true(banned(s, "::ffff:1.2.3.4"));
    assert_false(banned(s, "1.2.3.5"));
    assert_true(banned(s, "21.255.255.255"));
    assert_false(banned(s, "22.0.0.0"));
    assert_true(banned(s, "2001:db8:7fff::1"));
    assert_false(banned(s, "2001:db8:8000::1"));
    assert_int_equal(lift(s, "21.1.1.1/7"), 0); /* the same network */
    assert_int_equal(lift(s, "1.2.3.0/24"), DEVP2P_ERR_NOT_FOUND);
    assert_false(banned(s, "21.255.255.255"));
    assert_int_equal(ban(s, "0.0.0.0/0", 0), 0);
    assert_true(banned(s, "200.1.1.1"));
    assert_false(banned(s, "3001::1"));
    devp2p_addr none = { .family = 0 };
    assert_false(dp_bans_addr(&s->b.bans, &none));
    shelf_free(s);
}

static void nodes(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_int_equal(ban(s, "0.0.0.0/0", 0), 0);
    assert_false(banned_id(s, 0)); /* an id of zeros is no network */
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_true(banned_id(s, 1));
    assert_false(banned_id(s, 2));
    assert_int_equal(lift_id(s, 1), 0);
    assert_int_equal(lift_id(s, 1), DEVP2P_ERR_NOT_FOUND);
    assert_false(banned_id(s, 1));
    shelf_free(s);
}

static void bans_end(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    assert_int_equal(ban_id(s, 1, 5000), 0);
    assert_int_equal(ban(s, "1.2.3.4", 2000), 0);
    assert_int_equal(dp_bans_when(&s->b.bans), s->now.mono + 2 * DP_SEC);
    shelf_pass(s, 2 * DP_SEC - 1);
    assert_true(banned(s, "1.2.3.4"));
    shelf_pass(s, 1);
    assert_false(banned(s, "1.2.3.4"));
    assert_true(banned_id(s, 1));
    /* a new end replaces the old one, also an earlier one */
    assert_int_equal(ban_id(s, 1, 60000), 0);
    shelf_pass(s, 59 * DP_SEC);
    assert_true(banned_id(s, 1));
    assert_int_equal(ban_id(s, 1, 0), 0);
    assert_int_equal(dp_bans_when(&s->b.bans), DP_NEVER);
    shelf_pass(s, 3600 * 24 * 365 * DP_SEC);
    assert_true(banned_id(s, 1));
    assert_int_equal(ban_id(s, 1, 1), 0);
    shelf_pass(s, DP_MS);
    assert_false(banned_id(s, 1));
    assert_int_equal(ban_id(s, 1, DP_BAN_MS_MAX), 0);
    shelf_free(s);
}

static void as_many_as_may_be(void **state)
{
    (void)state;
    shelf *s = shelf_new(&(dp_access){ .max_bans = 3 });
    assert_int_equal(ban_id(s, 1, 1000), 0);
    assert_int_equal(ban_id(s, 2, 0), 0);
    assert_int_equal(ban(s, "10.0.0.0/8", 0), 0);
    uint64_t version = s->b.bans.version;
    assert_int_equal(ban(s, "11.0.0.0/8", 0), DEVP2P_ERR_LIMIT);
    assert_int_equal(ban_id(s, 3, 0), DEVP2P_ERR_LIMIT);
    assert_int_equal(s->b.bans.version, version);
    assert_int_equal(ban_id(s, 1, 2000), 0); /* it is there */
    shelf_pass(s, 2 * DP_SEC);
    assert_int_equal(ban_id(s, 3, 0), 0);
    assert_int_equal(ban_id(s, 4, 0), DEVP2P_ERR_LIMIT);
    assert_true(banned_id(s, 2));
    shelf_free(s);
}

static void the_default_limit(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    for (size_t i = 0; i < DP_BANS; i++)
        assert_int_equal(ban_id(s, i, 0), 0);
    assert_int_equal(ban_id(s, DP_BANS, 0), DEVP2P_ERR_LIMIT);
    for (size_t i = 0; i < DP_BANS; i++)
        assert_true(banned_id(s, i));
    print_message("%d bans take %zu bytes\n", DP_BANS, s->t.live);
    shelf_free(s);
}

static void a_list_of_them(void **state)
{
    (void)state;
    shelf *s = shelf_new(&limits);
    devp2p_ban out[3];
    assert_int_equal(dp_bans_list(&s->b.bans, NULL, 0, s->now), 0);
    assert_int_equal(ban(s, "10.1.2.3/8", 0), 0);
    assert_int_equal(ban_id(s, 7, 1500), 0);
    assert_int_equal(ban(s, "2001:db8::/32", 0), 0);
    assert_int_equal(dp_bans_list(&s->b.bans, out, 2, s->now), 3);
    assert_int_equal(out[0].net.family, 4);
    assert_int_equal(out[0].net.ip[0], 10);
    assert_int_equal(out[0].net.ip[3], 0);
    assert_int_equal(out[0].bits, 8);
    assert_int_equal(out[0].until_ms, 0);
    assert_int_equal(out[1].net.family, 0);
    assert_int_equal(out[1].id.b[0], 7);
    assert_int_equal(out[1].until_ms, s->now.wall + 1500);
    shelf_free(s);
}

static void without_memory(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        shelf *s = shelf_new(&limits);
        size_t before = s->t.fails;
        assert_int_equal(ban_id(s, 1, 0), 0);
        test_env_fail(&s->t, n);
        int err = 0;
        for (size_t i = 2; i < 40 && !err; i++)
            err = ban_id(s, i, 1000 * i);
        bool failed = s->t.fails > before;
        assert_int_equal(err, failed ? DEVP2P_ERR_NOMEM : 0);
        s->t.fail_from = 0;
        for (size_t i = 2; i < 40; i++)
            assert_int_equal(ban_id(s, i, 1000 * i), 0);
        shelf_pass(s, 20 * DP_SEC);
        for (size_t i = 1; i < 40; i++)
            assert_int_equal(banned_id(s, i), i == 1 || i > 20);
        shelf_free(s);
        if (!failed)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whom_it_may_be),
        cmocka_unit_test(addresses_and_networks),
        cmocka_unit_test(nodes),
        cmocka_unit_test(bans_end),
        cmocka_unit_test(as_many_as_may_be),
        cmocka_unit_test(the_default_limit),
        cmocka_unit_test(a_list_of_them),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
