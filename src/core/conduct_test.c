/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "core/conduct.h"

static void every_conduct_has_points(void **state)
{
    (void)state;
#define X(name, number, words) \
    assert_int_not_equal(dp_conduct_points(number), 0);
    DEVP2P_CONDUCTS(X)
#undef X
    assert_int_equal(dp_conduct_points(0), 0);
    assert_int_equal(dp_conduct_points(8), 0);
    assert_int_equal(dp_conduct_points(DEVP2P_CONDUCT_USEFUL), 5);
    assert_int_equal(dp_conduct_points(DEVP2P_CONDUCT_HOSTILE), -1000);
}

static void scores_have_ends(void **state)
{
    (void)state;
    assert_int_equal(dp_conduct_add(98, 5), 100);
    assert_int_equal(dp_conduct_add(-998, -5), -1000);
    assert_int_equal(dp_conduct_add(100, -1000), -900);
    assert_int_equal(dp_conduct_add(-1000, INT32_MAX / 2), 100);
    assert_int_equal(dp_conduct_add(100, INT32_MIN / 2), -1000);
}

static void half_is_left_after_half_an_hour(void **state)
{
    (void)state;
    uint64_t since = 77;
    assert_int_equal(
        dp_conduct_fade(-1000, &since, 77 + DP_SCORE_HALF_NS - 1), -1000);
    assert_int_equal(since, 77);
    assert_int_equal(
        dp_conduct_fade(-1000, &since, 77 + DP_SCORE_HALF_NS), -500);
    assert_int_equal(since, 77 + DP_SCORE_HALF_NS);
    since = 0;
    assert_int_equal(dp_conduct_fade(100, &since, 3 * DP_SCORE_HALF_NS), 12);
    since = 0; /* after whatever time */
    assert_int_equal(dp_conduct_fade(-1000, &since, UINT64_MAX), 0);
    assert_int_equal(since, UINT64_MAX);
}

static void classes(void **state)
{
    (void)state;
    assert_int_equal(dp_backoff_of_score(-99), DP_BACKOFF_NONE);
    assert_int_equal(dp_backoff_of_score(-100), DP_BACKOFF_SHORT);
    assert_int_equal(dp_backoff_of_score(-249), DP_BACKOFF_SHORT);
    assert_int_equal(dp_backoff_of_score(-250), DP_BACKOFF_MEDIUM);
    assert_int_equal(dp_backoff_of_score(-499), DP_BACKOFF_MEDIUM);
    assert_int_equal(dp_backoff_of_score(-500), DP_BACKOFF_LONG);
    const uint64_t first = 30 * DP_SEC, hour = 3600 * DP_SEC;
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_NONE, 9, first), 0);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_SHORT, 1, first), 30 * DP_SEC);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_MEDIUM, 1, first), 180 * DP_SEC);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 1, first), 900 * DP_SEC);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 3, first), 2700 * DP_SEC);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 4, first), hour);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 5, first), hour);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_SHORT, 255, first), hour);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 255, hour), hour);
    assert_int_equal(dp_backoff_ns(DP_BACKOFF_LONG, 1, 0), 0);
}

/* What a third party can bring about is nobody's fault. */
static void ends_of_sessions(void **state)
{
    (void)state;
    static const int nothing[] = { DEVP2P_ERR_FRAME_MAC, DEVP2P_ERR_RESET,
        DEVP2P_ERR_CLOSED, DEVP2P_ERR_NOMEM, DEVP2P_DISC_SUBPROTOCOL_ERROR,
        DEVP2P_DISC_TOO_MANY_PEERS, DEVP2P_DISC_REQUESTED, DEVP2P_DISC_QUITTING,
        DEVP2P_DISC_NETWORK_ERROR };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        assert_int_equal(dp_conduct_of_end(nothing[i], false), 0);
    assert_int_equal(dp_conduct_of_end(DEVP2P_DISC_PROTOCOL_ERROR, false), -50);
    assert_int_equal(dp_conduct_of_end(DEVP2P_DISC_PROTOCOL_ERROR, true), 0);
    assert_int_equal(dp_conduct_of_end(DEVP2P_ERR_FRAME_SIZE, false), -50);
    assert_int_equal(dp_conduct_of_end(DEVP2P_DISC_READ_TIMEOUT, false), -10);
    assert_int_equal(dp_conduct_of_end(DEVP2P_ERR_STALLED, false), -10);
}

static void ends_of_dials(void **state)
{
    (void)state;
    static const struct {
        int code;
        bool remote;
        dp_backoff class;
    } all[] = {
        { DEVP2P_ERR_REFUSED, false, DP_BACKOFF_SHORT },
        { DEVP2P_ERR_TIMEOUT, false, DP_BACKOFF_SHORT },
        { DEVP2P_ERR_RESET, false, DP_BACKOFF_SHORT },
        { DEVP2P_DISC_READ_TIMEOUT, false, DP_BACKOFF_SHORT },
        { DEVP2P_DISC_TOO_MANY_PEERS, true, DP_BACKOFF_SHORT },
        { DEVP2P_DISC(0x7f), true, DP_BACKOFF_SHORT },
        { DEVP2P_ERR_HANDSHAKE, false, DP_BACKOFF_MEDIUM },
        { DEVP2P_DISC_PROTOCOL_ERROR, false, DP_BACKOFF_MEDIUM },
        { DEVP2P_DISC_SUBPROTOCOL_ERROR, true, DP_BACKOFF_MEDIUM },
        { DEVP2P_DISC_USELESS_PEER, false, DP_BACKOFF_LONG },
        { DEVP2P_DISC_USELESS_PEER, true, DP_BACKOFF_LONG },
        { DEVP2P_DISC_SELF, true, DP_BACKOFF_LONG },
        { DEVP2P_DISC_UNEXPECTED_IDENTITY, false, DP_BACKOFF_LONG },
        { DEVP2P_DISC_TOO_MANY_PEERS, false, DP_BACKOFF_NONE },
        { DEVP2P_DISC_ALREADY_CONNECTED, false, DP_BACKOFF_NONE },
        { DEVP2P_DISC_QUITTING, false, DP_BACKOFF_NONE },
        { DEVP2P_ERR_NOMEM, false, DP_BACKOFF_NONE },
        { DEVP2P_ERR_BANNED, false, DP_BACKOFF_NONE },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(
            dp_backoff_of_dial(all[i].code, all[i].remote), all[i].class);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_conduct_has_points),
        cmocka_unit_test(scores_have_ends),
        cmocka_unit_test(half_is_left_after_half_an_hour),
        cmocka_unit_test(classes),
        cmocka_unit_test(ends_of_sessions),
        cmocka_unit_test(ends_of_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
