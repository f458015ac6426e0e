/* SPDX-License-Identifier: MIT */
#include "core/host_fixture.h"

/* --- inbound --- */

static void a_stranger_comes_and_goes(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    joined(&f, 1, 7);
    expect(&f, "add n7 inbound\n");
    assert_int_equal(f.event.time_ms, 1700000000000);
    devp2p_addr from = addr_of(1);
    assert_memory_equal(&f.event.addr, &from, sizeof from);
    assert_int_equal(dp_host_peers(f.h), 1);
    assert_int_equal(dp_host_flags(f.h, 1), DEVP2P_PEER_INBOUND);

    devp2p_event end = {
        .code = DEVP2P_DISC_SUBPROTOCOL_ERROR, .unsent = 3, .protocol = "slow/1"
    };
    dp_host_down(f.h, 1, &end, f.now);
    expect(&f, "drop n7 inbound: subprotocol error\n");
    assert_int_equal(f.event.unsent, 3);
    assert_string_equal(f.event.protocol, "slow/1");
    assert_int_equal(dp_host_peers(f.h), 0);
    assert_int_equal(dp_host_flags(f.h, 1), 0);
    fixture_fini(&f);
}

static void a_failed_stranger_is_no_event(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    assert_int_equal(incoming(&f, 1), 0);
    down(&f, 1, DEVP2P_ERR_HANDSHAKE, false);
    inbound(&f, 2, 7);
    down(&f, 2, DEVP2P_ERR_RESET, false);
    expect(&f, "");
    fixture_fini(&f);
}

static void refusals_after_the_auth(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 2);
    assert_int_equal(incoming(&f, 1), 0);
    assert_int_equal(authed(&f, 1, SELF), DEVP2P_DISC_SELF);
    assert_int_equal(ready(&f, 1), DEVP2P_DISC_SELF);
    joined(&f, 2, 7);
    assert_int_equal(incoming(&f, 3), 0);
    assert_int_equal(authed(&f, 3, 7), DEVP2P_DISC_ALREADY_CONNECTED);
    joined(&f, 4, 8);
    /* full comes before everything else, as go-ethereum has it */
    for (uint64_t conn = 5; conn < 8; conn++)
        assert_int_equal(incoming(&f, conn), 0);
    assert_int_equal(authed(&f, 5, 9), DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(authed(&f, 6, 7), DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(authed(&f, 7, SELF), DEVP2P_DISC_TOO_MANY_PEERS);
    expect(&f, "add n7 inbound\nadd n8 inbound\n");
    fixture_fini(&f);
}

static void refusals_after_the_hello(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 2);
    for (uint64_t conn = 1; conn < 4; conn++)
        inbound(&f, conn, 7);
    inbound(&f, 4, 8);
    inbound(&f, 5, 9);
    assert_int_equal(ready(&f, 2), 0);
    assert_int_equal(ready(&f, 1), DEVP2P_DISC_ALREADY_CONNECTED);
    assert_int_equal(ready(&f, 4), 0);
    assert_int_equal(ready(&f, 3), DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(ready(&f, 5), DEVP2P_DISC_TOO_MANY_PEERS);
    /* a refused one has no slot to give back */
    down(&f, 5, DEVP2P_DISC_TOO_MANY_PEERS, false);
    assert_int_equal(dp_host_peers(f.h), 2);
    down(&f, 2, DEVP2P_ERR_RESET, false);
    joined(&f, 6, 9);
    fixture_fini(&f);
}

static void no_peers_at_all(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, DEVP2P_NONE);
    assert_int_equal(incoming(&f, 1), 0);
    assert_int_equal(authed(&f, 1, 7), DEVP2P_DISC_TOO_MANY_PEERS);
    add(&f, 1, 8);
    pass(&f, 100 * DP_SEC);
    expect(&f, "command 1: ok\n");
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    fixture_fini(&f);
}

static void pending_is_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 100);
    for (uint64_t conn = 1; conn <= DP_PENDING_MAX; conn++) {
        assert_true(dp_host_accepting(f.h));
        assert_int_equal(incoming(&f, conn), 0);
    }
    assert_false(dp_host_accepting(f.h));
    assert_int_equal(incoming(&f, 99), DEVP2P_ERR_LIMIT);
    /* a refused one counts until it is gone, a peer does not */
    assert_int_equal(authed(&f, 1, SELF), DEVP2P_DISC_SELF);
    assert_false(dp_host_accepting(f.h));
    down(&f, 1, DEVP2P_DISC_SELF, false);
    assert_true(dp_host_accepting(f.h));
    assert_int_equal(incoming(&f, 99), 0);
    assert_int_equal(authed(&f, 2, 7), 0);
    assert_int_equal(ready(&f, 2), 0);
    assert_true(dp_host_accepting(f.h));
    fixture_fini(&f);
}

/* --- dials --- */

static void a_dial_succeeds(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    add(&f, 1, 7);
    expect(&f, "dial n7\ncommand 1: ok\n");
    assert_true(f.dial[7] >= DP_CONN_DIAL);
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    expect(&f, "add n7 static\n");
    assert_int_equal(dp_host_flags(f.h, f.dial[7]), DEVP2P_PEER_STATIC);
    /* not again while it is connected */
    pass(&f, 1000 * DP_SEC);
    expect(&f, "");
    down(&f, f.dial[7], DEVP2P_DISC_QUITTING, true);
    expect(&f, "drop n7 static: client quitting (remote)\n");
    pass(&f, 2 * DP_SEC);
    expect(&f, "dial n7\n");
    fixture_fini(&f);
}

static void redial_after_35_s(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    add(&f, 1, 7);
    expect(&f, "dial n7\ncommand 1: ok\n");
    pass(&f, 3 * DP_SEC);
    dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
    expect(&f, "fail n7 static: connection refused\n");
    assert_true(dp_host_deadline(f.h) == f.now.mono + 32 * DP_SEC);
    pass(&f, 32 * DP_SEC - 1);
    expect(&f, "");
    pass(&f, 1);
    expect(&f, "dial n7\n");
    /* too many peers there */
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    down(&f, f.dial[7], DEVP2P_DISC_TOO_MANY_PEERS, true);
    expect(&f, "fail n7 static: too many peers (remote)\n");
    pass(&f, 35 * DP_SEC - 1);
    expect(&f, "");
    pass(&f, 1 + DP_RETURN_JITTER_NS);
    expect(&f, "dial n7\n");
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    pass(&f, 10 * DP_SEC);
    /* a connection that we end ourselves is no reason to hurry */
    down(&f, f.dial[7], DEVP2P_DISC_SUBPROTOCOL_ERROR, false);
    expect(&f, "add n7 static\ndrop n7 static: subprotocol error\n");
    pass(&f, 25 * DP_SEC - 1);
    expect(&f, "");
    pass(&f, 1);
    expect(&f, "dial n7\n");
    fixture_fini(&f);
}

static void no_dial_to_who_is_here(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    joined(&f, 1, 7);
    add(&f, 1, 7);
    expect(&f, "add n7 inbound\ncommand 1: ok\n");
    pass(&f, 100 * DP_SEC);
    down(&f, 1, DEVP2P_ERR_RESET, false);
    expect(&f, "drop n7 inbound static: connection reset\n");
    pass(&f, 2 * DP_SEC);
    expect(&f, "dial n7\n");
    /* a claimed id does not keep us from dialling */
    inbound(&f, 2, 8);
    add(&f, 2, 8);
    expect(&f, "dial n8\ncommand 2: ok\n");
    fixture_fini(&f);
}

static void a_dial_overtaken(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    add(&f, 1, LARGER);
    expect(&f, "dial n150\ncommand 1: ok\n");
    joined(&f, 1, LARGER); /* ours has no TCP connection yet */
    expect(&f, "cancel n150\nadd n150 inbound static\n"
               "fail n150 static: already connected\n");
    dialed(&f, f.dial[LARGER], 0); /* crossed the cancel */
    assert_int_equal(authed(&f, f.dial[LARGER], LARGER), DEVP2P_DISC_REQUESTED);
    assert_int_equal(ready(&f, f.dial[LARGER]), DEVP2P_DISC_REQUESTED);
    down(&f, f.dial[LARGER], DEVP2P_ERR_CLOSED, false);
    expect(&f, "");
    /* one that nobody has taken yet is not even dialled */
    add(&f, 2, 160);
    joined(&f, 2, 160);
    expect(&f, "command 2: ok\nadd n160 inbound static\n"
               "fail n160 static: already connected\n");
    fixture_fini(&f);
}

static void a_dial_refused_by_us(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 1);
    add(&f, 1, 7);
    said(&f);
    dialed(&f, f.dial[7], 0);
    joined(&f, 1, 8);
    assert_int_equal(authed(&f, f.dial[7], 7), DEVP2P_DISC_TOO_MANY_PEERS);
    down(&f, f.dial[7], DEVP2P_DISC_TOO_MANY_PEERS, false);
    expect(&f, "add n8 inbound\nfail n7 static: too many peers\n");
    /* none while full; at once when there is room */
    pass(&f, 35 * DP_SEC);
    expect(&f, "");
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    down(&f, 1, DEVP2P_ERR_RESET, false);
    expect(&f, "dial n7\ndrop n8 inbound: connection reset\n");
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 9), DEVP2P_DISC_UNEXPECTED_IDENTITY);
    fixture_fini(&f);
}

static void dials_are_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 100);
    for (uint8_t n = 1; n <= DP_PENDING_MAX + 1; n++)
        add(&f, n, n);
    said(&f);
    assert_true(f.dial[DP_PENDING_MAX] != 0);
    assert_true(f.dial[DP_PENDING_MAX + 1] == 0);
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    dialed(&f, f.dial[3], DEVP2P_ERR_UNREACHABLE);
    expect(&f, "dial n51\nfail n3 static: host or network unreachable\n");
    fixture_fini(&f);
}

/* --- commands --- */

static void commands_answer(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 1);
    joined(&f, 1, 9); /* full: nothing is dialled */
    add(&f, 1, SELF);
    add(&f, 2, 7);
    add(&f, 3, 7);
    devp2p_node named = node_of(8);
    named.addr.family = 0;
    dp_host_add(f.h, 4, &named, f.now);
    devp2p_node closed = node_of(8);
    closed.addr.port = 0;
    dp_host_add(f.h, 5, &closed, f.now);
    remove_node(&f, 6, 7);
    remove_node(&f, 7, 7);
    expect(&f, "add n9 inbound\n"
               "command 1: connected to self\n"
               "command 2: ok\n"
               "command 3: already there\n"
               "command 4: malformed network address\n"
               "command 5: malformed network address\n"
               "command 6: ok\n"
               "command 7: not found\n");
    fixture_fini(&f);
}

static void statics_are_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, DEVP2P_NONE);
    devp2p_node node = node_of(1);
    for (unsigned i = 0; i <= DP_STATIC_MAX; i++) {
        node.id.b[1] = (uint8_t)(i >> 8);
        node.id.b[2] = (uint8_t)i;
        dp_host_add(f.h, i, &node, f.now);
        said(&f);
        assert_int_equal(
            f.event.code, i < DP_STATIC_MAX ? 0 : DEVP2P_ERR_LIMIT);
    }
    fixture_fini(&f);
}

static void remove_disconnects(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    /* while TCP connects */
    add(&f, 1, 7);
    said(&f);
    remove_node(&f, 2, 7);
    expect(&f, "cancel n7\nfail n7 static: disconnect requested\n"
               "command 2: ok\n");
    /* in handshake; added again it waits for the end of the old one */
    add(&f, 3, 7);
    said(&f);
    dialed(&f, f.dial[7], 0);
    remove_node(&f, 4, 7);
    expect(&f, "close n7: disconnect requested\ncommand 4: ok\n");
    assert_int_equal(authed(&f, f.dial[7], 7), DEVP2P_DISC_REQUESTED);
    add(&f, 5, 7);
    expect(&f, "command 5: ok\n");
    down(&f, f.dial[7], DEVP2P_DISC_REQUESTED, false);
    expect(&f, "dial n7\nfail n7 static: disconnect requested\n");
    /* connected */
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    remove_node(&f, 6, 7);
    expect(&f, "close n7: disconnect requested\nadd n7 static\n"
               "command 6: ok\n");
    down(&f, f.dial[7], DEVP2P_DISC_REQUESTED, false);
    pass(&f, 100 * DP_SEC);
    expect(&f, "drop n7: disconnect requested\n");
    /* not static, but connected; what is in handshake only claims to be it */
    joined(&f, 1, 8);
    inbound(&f, 2, 9);
    remove_node(&f, 7, 8);
    remove_node(&f, 8, 9);
    expect(&f, "close c1: disconnect requested\nadd n8 inbound\n"
               "command 7: ok\ncommand 8: not found\n");
    assert_int_equal(ready(&f, 2), 0);
    fixture_fini(&f);
}

static void stop_ends_all(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    add(&f, 1, 7);      /* connecting */
    add(&f, 2, LARGER); /* in handshake, a rival */
    said(&f);
    dialed(&f, f.dial[LARGER], 0);
    add(&f, 3, 9); /* not taken yet */
    joined(&f, 1, 20);
    assert_int_equal(incoming(&f, 2), 0);
    inbound(&f, 3, LARGER);
    assert_int_equal(ready(&f, 3), DP_HOLD);
    said(&f);
    add(&f, 4, 10);
    dp_host_stop(f.h, f.now);
    expect(&f, "cancel n7\n"
               "close n150: client quitting\n"
               "cancel n9\n"
               "close c1: client quitting\n"
               "close c2: client quitting\n"
               "judge c3: client quitting\n"
               "command 4: ok\n"
               "fail n7 static: client quitting\n"
               "fail n9 static: client quitting\n"
               "fail n10 static: client quitting\n");
    assert_false(dp_host_accepting(f.h));
    assert_int_equal(incoming(&f, 4), DEVP2P_ERR_LIMIT);
    assert_int_equal(authed(&f, 2, 30), DEVP2P_DISC_QUITTING);
    assert_int_equal(authed(&f, f.dial[LARGER], LARGER), DEVP2P_DISC_QUITTING);
    add(&f, 5, 11);
    dp_host_stop(f.h, f.now); /* says it again: the first reason stays */
    expect(&f, "close c1: client quitting\ncommand 5: connection closed\n");
    for (uint64_t conn = 1; conn < 4; conn++)
        down(&f, conn, DEVP2P_DISC_QUITTING, false);
    down(&f, f.dial[LARGER], DEVP2P_DISC_QUITTING, false);
    pass(&f, 100 * DP_SEC);
    expect(&f, "drop n20 inbound: client quitting\n"
               "fail n150 static: client quitting\n");
    assert_true(dp_host_deadline(f.h) == DP_NEVER);
    fixture_fini(&f);
}

/* --- two connections of one pair --- */

/* rival_pair sets up SELF and another node, each dialling the other: the
 * favoured connection is in handshake, the other one is ready and held. */
static void rival_pair(
    fixture *f, uint8_t other, uint64_t *favoured, uint64_t *held)
{
    fixture_init(f, 10);
    add(f, 1, other);
    said(f);
    uint64_t dial = f->dial[other];
    dialed(f, dial, 0);
    inbound(f, 1, other);
    assert_int_equal(authed(f, dial, other), 0);
    *favoured = SELF < other ? dial : 1;
    *held = SELF < other ? 1 : dial;
    assert_int_equal(ready(f, *held), DP_HOLD);
    expect(f, "");
}

static void the_favoured_one_wins(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture f;
        uint64_t favoured, held;
        rival_pair(&f, i ? LARGER : SMALLER, &favoured, &held);
        assert_int_equal(ready(&f, favoured), 0);
        expect(&f, i ? "judge c1: already connected\nadd n150 static\n"
                     : "judge n50: already connected\n"
                       "add n50 inbound static\n");
        down(&f, held, DEVP2P_DISC_ALREADY_CONNECTED, false);
        expect(&f, i ? "" : "fail n50 static: already connected\n");
        assert_int_equal(dp_host_peers(f.h), 1);
        fixture_fini(&f);
    }
}

static void the_favoured_one_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture f;
        uint64_t favoured, held;
        rival_pair(&f, i ? LARGER : SMALLER, &favoured, &held);
        down(&f, favoured, DEVP2P_ERR_TIMEOUT, false);
        expect(&f, i ? "judge c1: ok\nfail n150 static: timed out\n"
                       "add n150 inbound static\n"
                     : "judge n50: ok\nadd n50 static\n");
        assert_int_equal(dp_host_peers(f.h), 1);
        fixture_fini(&f);
    }
}

static void the_held_one_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture f;
        uint64_t favoured, held;
        rival_pair(&f, i ? LARGER : SMALLER, &favoured, &held);
        down(&f, held, DEVP2P_ERR_RESET, false);
        assert_int_equal(ready(&f, favoured), 0);
        assert_int_equal(dp_host_peers(f.h), 1);
        fixture_fini(&f);
    }
}

static void the_slot_was_taken_meanwhile(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 1);
    add(&f, 1, LARGER);
    said(&f);
    dialed(&f, f.dial[LARGER], 0);
    inbound(&f, 1, LARGER);
    assert_int_equal(ready(&f, 1), DP_HOLD);
    joined(&f, 2, 7);
    said(&f);
    down(&f, f.dial[LARGER], DEVP2P_ERR_TIMEOUT, false);
    expect(&f, "judge c1: too many peers\nfail n150 static: timed out\n");
    fixture_fini(&f);
}

/* Anyone can replay an auth: it claims an id but cannot become ready. */
static void a_replayed_auth_delays_but_never_refuses(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    inbound(&f, 1, SMALLER); /* the replay */
    add(&f, 1, SMALLER);
    said(&f);
    uint64_t dial = f.dial[SMALLER];
    dialed(&f, dial, 0);
    assert_int_equal(authed(&f, dial, SMALLER), 0);
    assert_int_equal(ready(&f, dial), DP_HOLD);
    /* later ones do not extend it */
    inbound(&f, 2, SMALLER);
    inbound(&f, 3, SMALLER);
    pass(&f, DP_HANDSHAKE_NS);
    down(&f, 1, DEVP2P_ERR_TIMEOUT, false);
    expect(&f, "judge n50: ok\nadd n50 static\n");
    /* neither of the later ones can become it */
    assert_int_equal(ready(&f, 2), DEVP2P_DISC_ALREADY_CONNECTED);

    /* an id larger than ours favours our own dial: no delay at all */
    inbound(&f, 4, LARGER);
    add(&f, 2, LARGER);
    said(&f);
    dialed(&f, f.dial[LARGER], 0);
    assert_int_equal(authed(&f, f.dial[LARGER], LARGER), 0);
    assert_int_equal(ready(&f, f.dial[LARGER]), 0);
    /* and nobody's inbound connection waits for another inbound one */
    inbound(&f, 5, SMALLER - 1);
    joined(&f, 6, SMALLER - 1);
    inbound(&f, 7, LARGER + 1);
    joined(&f, 8, LARGER + 1);
    fixture_fini(&f);
}

static void remove_ends_a_held_one(void **state)
{
    (void)state;
    fixture f;
    uint64_t favoured, held;
    rival_pair(&f, LARGER, &favoured, &held);
    remove_node(&f, 2, LARGER);
    expect(&f, "close n150: disconnect requested\n"
               "judge c1: disconnect requested\ncommand 2: ok\n");
    assert_int_equal(dp_host_peers(f.h), 0);
    fixture_fini(&f);
}

/* An acceptance that nobody has taken yet becomes a refusal. */
static void a_goodbye_replaces_an_acceptance(void **state)
{
    (void)state;
    fixture f;
    uint64_t favoured, held;
    rival_pair(&f, SMALLER, &favoured, &held);
    down(&f, favoured, DEVP2P_ERR_RESET, false);
    remove_node(&f, 2, SMALLER);
    expect(&f, "judge n50: disconnect requested\nadd n50 static\n"
               "command 2: ok\n");
    down(&f, held, DEVP2P_DISC_REQUESTED, false);
    expect(&f, "drop n50: disconnect requested\n");
    fixture_fini(&f);
}

/* --- memory, randomness --- */

static void a_life(fixture *f)
{
    add(f, 1, LARGER);
    said(f);
    if (f->dial[LARGER]) {
        dialed(f, f->dial[LARGER], 0);
        authed(f, f->dial[LARGER], LARGER);
    }
    if (incoming(f, 1) == 0) {
        authed(f, 1, LARGER);
        ready(f, 1);
    }
    if (incoming(f, 2) == 0) {
        authed(f, 2, 7);
        ready(f, 2);
    }
    if (f->dial[LARGER])
        down(f, f->dial[LARGER], DEVP2P_ERR_RESET, false);
    pass(f, 40 * DP_SEC);
    remove_node(f, 2, LARGER);
    dp_host_stop(f->h, f->now);
    down(f, 1, DEVP2P_DISC_QUITTING, false);
    down(f, 2, DEVP2P_DISC_QUITTING, false);
}

/* Whatever allocation fails: no leak, and no event is lost uncounted. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        fixture f = { 0 };
        test_env_init(&f.t);
        dp_host_setup setup = {
            .env = f.t.env, .self = id_of(SELF), .max_peers = 10
        };
        test_env_fail(&f.t, n);
        int err = dp_host_new(&f.h, &setup, f.now);
        if (err) {
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
            assert_int_equal(f.t.live, 0);
            failed++;
            continue;
        }
        a_life(&f);
        bool came = f.t.calls >= f.t.fail_from;
        said(&f);
        assert_true(f.lost <= 1);
        failed += f.lost;
        fixture_fini(&f);
        if (!came)
            break;
    }
    assert_true(failed > 10);
}

static void a_lost_event_is_counted(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    inbound(&f, 1, 7);
    test_env_fail(&f.t, 1);
    assert_int_equal(ready(&f, 1), 0);
    remove_node(&f, 1, 9);
    expect(&f, "command 1: not found\nlost 1\n");
    /* a dial without memory is tried again in its time */
    f.t.fail_from = f.t.calls + 7; /* node, timer, table, answer, connection */
    f.t.fail_to = f.t.fail_from;
    add(&f, 2, 8);
    expect(&f, "command 2: ok\nfail n8 static: out of memory\n");
    pass(&f, 35 * DP_SEC);
    expect(&f, "dial n8\n");
    fixture_fini(&f);
}

static void no_randomness(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    t.no_random = true;
    dp_host_setup setup = { .env = t.env, .max_peers = 10 };
    dp_host *h;
    assert_int_equal(dp_host_new(&h, &setup, (dp_now){ 0 }), DEVP2P_ERR_RANDOM);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_comes_and_goes),
        cmocka_unit_test(a_failed_stranger_is_no_event),
        cmocka_unit_test(refusals_after_the_auth),
        cmocka_unit_test(refusals_after_the_hello),
        cmocka_unit_test(no_peers_at_all),
        cmocka_unit_test(pending_is_bounded),
        cmocka_unit_test(a_dial_succeeds),
        cmocka_unit_test(redial_after_35_s),
        cmocka_unit_test(no_dial_to_who_is_here),
        cmocka_unit_test(a_dial_overtaken),
        cmocka_unit_test(a_dial_refused_by_us),
        cmocka_unit_test(dials_are_bounded),
        cmocka_unit_test(commands_answer),
        cmocka_unit_test(statics_are_bounded),
        cmocka_unit_test(remove_disconnects),
        cmocka_unit_test(stop_ends_all),
        cmocka_unit_test(the_favoured_one_wins),
        cmocka_unit_test(the_favoured_one_fails),
        cmocka_unit_test(the_held_one_fails),
        cmocka_unit_test(the_slot_was_taken_meanwhile),
        cmocka_unit_test(a_replayed_auth_delays_but_never_refuses),
        cmocka_unit_test(remove_ends_a_held_one),
        cmocka_unit_test(a_goodbye_replaces_an_acceptance),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_lost_event_is_counted),
        cmocka_unit_test(no_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
