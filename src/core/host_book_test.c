/* SPDX-License-Identifier: MIT */
/* host_book_test.c - bans, conduct and rotation: who is refused, dropped, not
 * dialled because of them. */
#include "core/book.h"
#include "core/host_fixture.h"

static const dp_access open_door = { .dial_ratio = DEVP2P_NONE };

static const devp2p_counters *counts(const fixture *f)
{
    return dp_host_counters(f->h);
}

static void ban(fixture *f, uint64_t ticket, const char *who, uint64_t ms)
{
    devp2p_ban whom;
    assert_int_equal(dp_ban_parse(&whom, who), 0);
    dp_host_ban(f->h, ticket, &whom, ms, f->now);
}

static void unban(fixture *f, uint64_t ticket, const char *who)
{
    devp2p_ban whom;
    assert_int_equal(dp_ban_parse(&whom, who), 0);
    dp_host_unban(f->h, ticket, &whom, f->now);
}

static void ban_node(fixture *f, uint64_t ticket, uint8_t n, uint64_t ms)
{
    devp2p_ban whom = { .id = id_of(n) };
    dp_host_ban(f->h, ticket, &whom, ms, f->now);
}

static void unban_node(fixture *f, uint64_t ticket, uint8_t n)
{
    devp2p_ban whom = { .id = id_of(n) };
    dp_host_unban(f->h, ticket, &whom, f->now);
}

static void report(fixture *f, uint8_t n, int points)
{
    devp2p_id id = id_of(n);
    dp_host_report(f->h, &id, points, f->now);
}

static int score(fixture *f, uint8_t n)
{
    devp2p_id id = id_of(n);
    return dp_host_score(f->h, &id, f->now);
}

static int offer(fixture *f, uint8_t n)
{
    devp2p_node node = node_of(n);
    return dp_host_offer(f->h, &node, f->now);
}

static void trust(fixture *f, uint8_t n)
{
    devp2p_node node = node_of(n);
    assert_int_equal(dp_host_trust_list(f->h, &node, f->now), 0);
}

/* --- bans of nodes --- */

static void a_banned_node_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    ban_node(&f, 1, 7, 10000);
    expect(&f, "command 1: ok\n");
    assert_int_equal(incoming(&f, 1), 0); /* its address is not */
    assert_int_equal(authed(&f, 1, 7), DEVP2P_DISC_USELESS_PEER);
    down(&f, 1, DEVP2P_DISC_USELESS_PEER, false);
    assert_int_equal(counts(&f)->banned, 1);
    assert_int_equal(counts(&f)->not_allowed, 0);
    pass(&f, 10 * DP_SEC);
    joined(&f, 2, 7);
    expect(&f, "add n7 inbound\n");
    fixture_fini(&f);
}

/* A ban that comes between the auth and the Hello is heard after the Hello. */
static void a_ban_during_the_handshake(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    inbound(&f, 1, 7);
    ban_node(&f, 1, 7, 0);
    expect(&f, "command 1: ok\n"); /* the auth may be a replay */
    assert_int_equal(ready(&f, 1), DEVP2P_DISC_USELESS_PEER);
    fixture_fini(&f);
}

static void a_banned_peer_is_dropped(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    joined(&f, 1, 7);
    joined(&f, 2, 8);
    expect(&f, "add n7 inbound\nadd n8 inbound\n");
    ban_node(&f, 5, 7, 0);
    expect(&f, "close c1: useless peer\ncommand 5: ok\n");
    ban_node(&f, 6, 7, 0); /* it is told once */
    down(&f, 1, DEVP2P_DISC_USELESS_PEER, false);
    expect(&f, "command 6: ok\ndrop n7 inbound: useless peer\n");
    assert_int_equal(counts(&f)->banned, 1);
    fixture_fini(&f);
}

/* A ban goes before all else that was said of a node. */
static void bans_go_before_favours(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    trust(&f, 7);
    add(&f, 1, 7);
    ban_node(&f, 2, 7, 60000);
    expect(&f, "command 1: ok\ncommand 2: ok\n"
               "fail n7 static trusted: banned here\n");
    assert_int_equal(incoming(&f, 1), 0);
    assert_int_equal(authed(&f, 1, 7), DEVP2P_DISC_USELESS_PEER);
    /* it is still static, and dialled when the ban is over */
    pass(&f, 35 * DP_SEC);
    expect(&f, "fail n7 static trusted: banned here\n");
    pass(&f, 35 * DP_SEC);
    expect(&f, "dial n7\n");
    fixture_fini(&f);
}

static void a_banned_dial_ends(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    add(&f, 1, 7);
    add(&f, 2, 8);
    add(&f, 3, 9);
    expect(&f, "dial n7\ndial n8\ndial n9\ncommand 1: ok\ncommand 2: ok\n"
               "command 3: ok\n");
    dialed(&f, f.dial[8], 0);
    dialed(&f, f.dial[9], 0);
    assert_int_equal(authed(&f, f.dial[9], 9), 0);
    assert_int_equal(ready(&f, f.dial[9]), 0);
    expect(&f, "add n9 static\n");
    ban(&f, 4, "10.0.2.0/24", 0); /* where all of them are */
    expect(&f, "cancel n7\nclose n8: useless peer\nclose n9: useless peer\n"
               "command 4: ok\nfail n7 static: banned here\n");
    assert_int_equal(authed(&f, f.dial[8], 8), DEVP2P_DISC_USELESS_PEER);
    devp2p_node node = node_of(10);
    uint64_t conn;
    assert_int_equal(
        dp_host_outgoing(f.h, &conn, &node, f.now), DEVP2P_ERR_BANNED);
    assert_int_equal(offer(&f, 10), DEVP2P_ERR_BANNED);
    unban(&f, 5, "10.0.2.99/24");
    unban(&f, 6, "10.0.2.99/24");
    assert_int_equal(offer(&f, 10), 0);
    expect(&f, "dial n10\ncommand 5: ok\ncommand 6: not found\n");
    unban_node(&f, 7, 8);
    expect(&f, "command 7: not found\n");
    fixture_fini(&f);
}

/* --- bans of addresses --- */

static void a_banned_address_is_closed_at_once(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    joined(&f, 1, 7);
    assert_int_equal(incoming(&f, 2), 0); /* in handshake */
    said(&f);
    ban(&f, 1, "10.0.2.1", 0);
    ban(&f, 2, "10.0.2.2", 5000);
    expect(&f, "close c1: useless peer\nclose c2: useless peer\n"
               "command 1: ok\ncommand 2: ok\n");
    assert_int_equal(counts(&f)->banned, 2);
    down(&f, 1, 0, false);
    down(&f, 2, 0, false);
    size_t calls = f.t.calls;
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(incoming(&f, 256 * (i + 1) + 1), DEVP2P_ERR_BANNED);
    assert_int_equal(f.t.calls, calls); /* and costs nothing */
    assert_int_equal(counts(&f)->refused_banned, 1000);
    assert_int_equal(incoming(&f, 3), 0);
    pass(&f, 5 * DP_SEC);
    assert_int_equal(incoming(&f, 258), 0);
    fixture_fini(&f);
}

static void too_many_bans(void **state)
{
    (void)state;
    fixture f;
    dp_access a = open_door;
    a.max_bans = 1;
    fixture_open(&f, 50, &a);
    joined(&f, 1, 7);
    ban_node(&f, 1, 8, 0);
    ban_node(&f, 2, 7, 0);
    expect(&f, "add n7 inbound\ncommand 1: ok\n"
               "command 2: a limit was reached\n");
    dp_host_stop(f.h, f.now);
    ban_node(&f, 3, 8, 0);
    expect(&f, "close c1: client quitting\ncommand 3: connection closed\n");
    fixture_fini(&f);
}

/* --- conduct --- */

static void who_behaves_badly_stays_out(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    joined(&f, 1, 7);
    report(&f, 7, -99);
    expect(&f, "add n7 inbound\n");
    report(&f, 7, -1);
    expect(&f, "close c1: useless peer\n");
    down(&f, 1, DEVP2P_DISC_USELESS_PEER, false);
    expect(&f, "drop n7 inbound: useless peer\n");
    pass(&f, 30 * DP_SEC - 1);
    assert_int_equal(incoming(&f, 2), 0);
    assert_int_equal(authed(&f, 2, 7), DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(offer(&f, 7), DEVP2P_ERR_AGAIN);
    assert_int_equal(counts(&f)->shunned, 2);
    /* others behind its address are not asked about it */
    devp2p_addr same = addr_of(1);
    assert_int_equal(dp_host_incoming(f.h, 3, &same, f.now), 0);
    assert_int_equal(authed(&f, 3, 8), 0);
    pass(&f, 1);
    inbound(&f, 4, 7);
    fixture_fini(&f);
}

/* Static and trusted nodes are the program's own. */
static void the_named_are_spared(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    trust(&f, 7);
    add(&f, 1, 8);
    joined(&f, 1, 7);
    joined(&f, 2, 8);
    said(&f);
    report(&f, 7, -1000);
    report(&f, 8, -1000);
    expect(&f, "");
    assert_int_equal(score(&f, 7), -99);
    assert_int_equal(score(&f, 8), -99);
    fixture_fini(&f);
}

/* One breach of the protocol is forgiven, the second in half an hour is not. */
static void ends_of_sessions_are_judged(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    joined(&f, 1, 7);
    down(&f, 1, DEVP2P_DISC_PROTOCOL_ERROR, false);
    assert_int_equal(score(&f, 7), -50);
    joined(&f, 2, 7);
    pass(&f, 60 * DP_SEC);
    down(&f, 2, DEVP2P_ERR_FRAME_SIZE, false);
    assert_int_equal(score(&f, 7), -100);
    assert_int_equal(incoming(&f, 3), 0);
    assert_int_equal(authed(&f, 3, 7), DEVP2P_DISC_USELESS_PEER);
    /* who only claims to be it does it no harm */
    inbound(&f, 4, 8);
    down(&f, 4, DEVP2P_DISC_PROTOCOL_ERROR, false);
    assert_int_equal(score(&f, 8), 0);
    /* nor who breaks its frames on the way */
    for (uint64_t i = 10; i < 40; i++) {
        joined(&f, i, 9);
        down(&f, i, DEVP2P_ERR_FRAME_MAC, false);
    }
    assert_int_equal(score(&f, 9), 0);
    /* time as a peer is good conduct */
    joined(&f, 50, 10);
    pass(&f, 1799 * DP_SEC);
    down(&f, 50, DEVP2P_DISC_QUITTING, true);
    assert_int_equal(score(&f, 10), 10);
    joined(&f, 51, 10);
    f.now.mono += 1000000 * DP_SEC;
    down(&f, 51, DEVP2P_DISC_READ_TIMEOUT, false);
    assert_int_equal(score(&f, 10), 90);
    fixture_fini(&f);
}

/* --- dials to candidates --- */

/* retry offers a node every second, and returns after how many it is dialled.
 */
static unsigned retry(fixture *f, uint8_t n)
{
    for (unsigned s = 0; s < 4000; s++) {
        int err = offer(f, n);
        if (err != DEVP2P_ERR_AGAIN) {
            assert_int_equal(err, 0);
            said(f);
            return s;
        }
        pass(f, DP_SEC);
    }
    return 4000;
}

static void candidates_out_of_reach(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 50, &open_door);
    assert_int_equal(retry(&f, 7), 0);
    static const unsigned waits[] = { 35, 60, 90, 120 };
    for (size_t i = 0; i < 4; i++) {
        dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
        assert_int_equal(retry(&f, 7), waits[i]);
    }
    dialed(&f, f.dial[7], 0); /* a useless one */
    down(&f, f.dial[7], DEVP2P_DISC_USELESS_PEER, false);
    assert_int_equal(retry(&f, 7), 3600);
    for (int i = 0; i < 200; i++) {
        dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
        f.now.mono += 3600 * DP_SEC;
        assert_int_equal(retry(&f, 7), 0);
    }
    /* once it is met, all begins anew */
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    pass(&f, 40 * DP_SEC);
    down(&f, f.dial[7], DEVP2P_DISC_REQUESTED, false); /* we did not want it */
    said(&f);
    assert_int_equal(retry(&f, 7), 0);
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    pass(&f, 40 * DP_SEC);
    down(&f, f.dial[7], DEVP2P_DISC_TOO_MANY_PEERS, true);
    said(&f);
    assert_int_equal(retry(&f, 7), 30);
    fixture_fini(&f);
}

/* --- the store --- */

static void what_was_kept_is_applied(void **state)
{
    (void)state;
    fixture f;
    dp_book other;
    const dp_row *rows;
    static const uint8_t salt[16];
    devp2p_ban whom = { .id = id_of(7) };
    devp2p_id bad = id_of(8);
    fixture_open(&f, 50, &open_door);
    assert_int_equal(dp_book_init(&other, &f.t.env, salt, &open_door), 0);
    dp_book_load(&other, NULL, 0, f.now);
    assert_int_equal(dp_bans_put(&other.bans, &whom, 0, f.now), 0);
    assert_true(
        dp_standings_report(&other.standings, &bad, -1000, false, f.now));
    size_t n = dp_book_rows(&other, &rows, f.now);
    assert_int_equal(n, 2);

    for (uint8_t i = 1; i < 4; i++)
        joined(&f, i, 6 + i);
    said(&f);
    dp_host_loaded(f.h, rows, n, f.now);
    expect(&f, "close c1: useless peer\nclose c2: useless peer\n");
    dp_book_fini(&other);
    fixture_fini(&f);
}

static void stores_are_asked_for(void **state)
{
    (void)state;
    fixture f;
    dp_effect e;
    const dp_row *rows;
    fixture_open(&f, 50, &open_door);
    ban_node(&f, 1, 7, 0);
    expect(&f, "command 1: ok\n"); /* nobody knows the store yet */
    dp_host_loaded(f.h, NULL, 0, f.now);
    assert_int_equal(dp_host_deadline(f.h), f.now.mono);
    assert_true(dp_host_next(f.h, &e, f.now));
    assert_int_equal(e.kind, DP_STORE);
    assert_int_equal(dp_book_rows(dp_host_book(f.h), &rows, f.now), 1);
    assert_false(dp_host_next(f.h, &e, f.now));
    dp_book_stored(dp_host_book(f.h), 0, f.now);
    assert_false(dp_host_next(f.h, &e, f.now));
    assert_int_equal(dp_host_deadline(f.h), DP_NEVER);
    fixture_fini(&f);
}

/* --- rotation --- */

/* fill makes peers 1..n, all from outside. */
static void fill(fixture *f, uint8_t n)
{
    for (uint8_t i = 1; i <= n; i++)
        joined(f, i, i);
    said(f);
}

/* next_to_leave is the conn of the next peer that has to go, 0 for none in an
 * hour. */
static uint64_t next_to_leave(fixture *f)
{
    dp_effect e;
    for (int s = 0; s < 3600; s++) {
        pass(f, DP_SEC);
        while (dp_host_next(f->h, &e, f->now))
            if (e.kind == DP_CLOSE) {
                assert_int_equal(e.code, DEVP2P_DISC_TOO_MANY_PEERS);
                return e.conn;
            }
    }
    return 0;
}

static void nobody_leaves_by_default(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, 5, &open_door);
    fill(&f, 5);
    assert_int_equal(next_to_leave(&f), 0);
    fixture_fini(&f);
}

static void somebody_leaves_when_full(void **state)
{
    (void)state;
    fixture f;
    dp_access a = open_door;
    a.rotate_ms = 300000;
    fixture_open(&f, 5, &a);
    fill(&f, 4);
    assert_int_equal(next_to_leave(&f), 0); /* there is room */
    joined(&f, 5, 5);
    uint64_t begin = f.now.mono, left = next_to_leave(&f);
    assert_in_range(left, 2, 4); /* the first is the best, the fifth new */
    assert_in_range(f.now.mono - begin, 1, 451 * DP_SEC);
    assert_int_equal(counts(&f)->rotated, 1);
    down(&f, left, DEVP2P_DISC_TOO_MANY_PEERS, false);
    /* the place is not for who left, in this direction or that */
    assert_int_equal(incoming(&f, 20), 0);
    assert_int_equal(authed(&f, 20, (uint8_t)left), DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(offer(&f, (uint8_t)left), DEVP2P_ERR_AGAIN);
    joined(&f, 21, 21);
    /* but later it is one like any other */
    down(&f, 21, DEVP2P_DISC_QUITTING, true);
    pass(&f, 600 * DP_SEC);
    joined(&f, 22, (uint8_t)left);
    fixture_fini(&f);
}

/* Who was told to leave, and takes its time, is not told again. */
static void who_leaves_is_told_once(void **state)
{
    (void)state;
    fixture f;
    dp_access a = open_door;
    a.rotate_ms = 60000;
    fixture_open(&f, 5, &a);
    fill(&f, 5);
    bool told[6] = { false };
    for (int i = 0; i < 4; i++) {
        uint64_t left = next_to_leave(&f);
        assert_in_range(left, 2, 5);
        assert_false(told[left]);
        told[left] = true;
    }
    assert_int_equal(next_to_leave(&f), 0);
    assert_int_equal(counts(&f)->rotated, 4);
    fixture_fini(&f);
}

/* Those that the user named, and the best, stay for ever. */
static void the_named_and_the_best_stay(void **state)
{
    (void)state;
    fixture f;
    dp_access a = open_door;
    a.rotate_ms = 60000;
    fixture_open(&f, 5, &a);
    trust(&f, 1);
    add(&f, 1, 2);
    fill(&f, 5);
    report(&f, 4, DP_POINTS_USEFUL);
    bool gone[6] = { false };
    for (int i = 0; i < 2; i++) {
        uint64_t left = next_to_leave(&f);
        assert_in_range(left, 3, 5);
        gone[left] = true;
        down(&f, left, DEVP2P_DISC_TOO_MANY_PEERS, false);
        joined(&f, 30 + (uint64_t)i, (uint8_t)(30 + i));
        report(&f, 4, DP_POINTS_USEFUL);
    }
    assert_true(gone[3] && gone[5]);
    fixture_fini(&f);
}

/* Peers that we dialled make no room for others that have a share of their own;
 * where every slot is for both they do. */
static void shares_are_kept(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        fixture f;
        dp_access a = { .rotate_ms = 60000 };
        if (shared)
            a.dial_ratio = DEVP2P_NONE;
        fixture_open(&f, 3, &a);
        assert_int_equal(offer(&f, 50), 0);
        said(&f);
        dialed(&f, f.dial[50], 0);
        assert_int_equal(authed(&f, f.dial[50], 50), 0);
        assert_int_equal(ready(&f, f.dial[50]), 0);
        report(&f, 1, 100); /* the best */
        joined(&f, 1, 1);
        joined(&f, 2, 2);
        trust(&f, 2);
        assert_int_equal(next_to_leave(&f), shared ? f.dial[50] : 0);
        fixture_fini(&f);
    }
}

static void rotation_without_memory(void **state)
{
    (void)state;
    fixture f;
    dp_access a = open_door;
    a.rotate_ms = 60000;
    fixture_open(&f, 5, &a);
    fill(&f, 5);
    f.t.fail_from = f.t.calls + 1;
    f.t.fail_to = f.t.calls + 30;
    for (int i = 0; i < 60; i++)
        pass(&f, 60 * DP_SEC);
    assert_in_range(f.t.fails, 30, 60);
    f.t.no_random = true;
    f.t.fail_from = 0;
    uint64_t rotated = counts(&f)->rotated;
    for (int i = 0; i < 60; i++)
        pass(&f, 60 * DP_SEC);
    assert_int_equal(counts(&f)->rotated, rotated);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_banned_node_is_refused),
        cmocka_unit_test(a_ban_during_the_handshake),
        cmocka_unit_test(a_banned_peer_is_dropped),
        cmocka_unit_test(bans_go_before_favours),
        cmocka_unit_test(a_banned_dial_ends),
        cmocka_unit_test(a_banned_address_is_closed_at_once),
        cmocka_unit_test(too_many_bans),
        cmocka_unit_test(who_behaves_badly_stays_out),
        cmocka_unit_test(the_named_are_spared),
        cmocka_unit_test(ends_of_sessions_are_judged),
        cmocka_unit_test(candidates_out_of_reach),
        cmocka_unit_test(what_was_kept_is_applied),
        cmocka_unit_test(stores_are_asked_for),
        cmocka_unit_test(nobody_leaves_by_default),
        cmocka_unit_test(somebody_leaves_when_full),
        cmocka_unit_test(who_leaves_is_told_once),
        cmocka_unit_test(the_named_and_the_best_stay),
        cmocka_unit_test(shares_are_kept),
        cmocka_unit_test(rotation_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
