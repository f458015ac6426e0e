/* SPDX-License-Identifier: MIT */
/* check_test.c - each check fails when it is told what must not be. */
#include "sim/world_fixture.h"

#include "server/server.h"
#include "sim/check.h"

/* A bench is a world of two nodes whose taps are told lies. */
typedef struct bench {
    devp2p_sim *sim;
    place a, b;
    dp_tap *tap;
    devp2p_event event; /* b is, or was, a peer of a */
} bench;

static void setup(bench *t)
{
    t->sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    assert_int_equal(place_add(t->sim, &t->a, false, ":30303", 1), 0);
    assert_int_equal(place_add(t->sim, &t->b, false, ":30303", 1), 0);
    t->tap = &t->a.node->life->tap;
    t->event = (devp2p_event){ .kind = DEVP2P_EVENT_PEER_ADD,
        .id = t->b.node->self.id,
        .addr = t->b.node->self.addr };
}

/* teardown: the failure said so; the lie is taken back, so that the end of the
 * node is as it should be. */
static void teardown(bench *t, const char *says)
{
    const char *failure = devp2p_sim_failure(t->sim);

    if (!failure || !strstr(failure, says))
        fail_msg("\"%s\" does not say \"%s\"", failure ? failure : "", says);
    assert_int_equal(devp2p_sim_run(t->sim, 1), DEVP2P_ERR_CHECK);
    t->tap->nseen = 0;
    devp2p_sim_free(t->sim);
}

static void one_session_a_pair(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    dp_check_event(t.tap, &t.event);
    assert_null(devp2p_sim_failure(t.sim));
    dp_check_event(t.tap, &t.event);
    teardown(&t, "node 0 has two sessions with one peer");
}

static void no_more_peers_than_slots(void **state)
{
    bench t;
    place c;

    (void)state;
    setup(&t);
    assert_int_equal(place_add(t.sim, &c, false, ":30303", 1), 0);
    dp_check_event(t.tap, &t.event);
    t.event.id = c.node->self.id;
    t.event.addr = c.node->self.addr;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "node 0 has 2 peers and 1 slots");
}

/* Trusted peers may be more; who is not trusted needs a slot all the same. */
static void trusted_peers_need_no_slot(void **state)
{
    bench t;
    place c;

    (void)state;
    setup(&t);
    assert_int_equal(place_add(t.sim, &c, false, ":30303", 1), 0);
    dp_check_event(t.tap, &t.event);
    t.event.flags = DEVP2P_PEER_TRUSTED;
    t.event.id = c.node->self.id;
    t.event.addr = c.node->self.addr;
    dp_check_event(t.tap, &t.event);
    assert_null(devp2p_sim_failure(t.sim));
    t.event.kind = DEVP2P_EVENT_PEER_DROP;
    t.event.id = t.b.node->self.id;
    dp_check_event(t.tap, &t.event);
    t.event.kind = DEVP2P_EVENT_PEER_ADD;
    t.event.addr = t.b.node->self.addr;
    t.event.flags = 0;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "node 0 has 2 peers and 1 slots");
}

/* With one slot, which is for a dial, there is none for others. */
static void no_more_inbound_peers_than_their_slots(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    t.event.flags = DEVP2P_PEER_INBOUND | DEVP2P_PEER_TRUSTED;
    dp_check_event(t.tap, &t.event);
    assert_null(devp2p_sim_failure(t.sim));
    t.event.kind = DEVP2P_EVENT_PEER_DROP;
    dp_check_event(t.tap, &t.event);
    t.event.kind = DEVP2P_EVENT_PEER_ADD;
    t.event.flags = DEVP2P_PEER_INBOUND;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "node 0 has 1 inbound peers and 0 slots for them");
}

static void no_peer_without_proof(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    t.event.addr.ip[0] = 172;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "takes 172.0.0.2:30303 for node 1");
    setup(&t);
    t.event.id.b[0] ^= 1;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "no node of this world");
}

static void nobody_is_dropped_who_was_not_there(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    t.event.kind = DEVP2P_EVENT_PEER_DROP;
    dp_check_event(t.tap, &t.event);
    teardown(&t, "drops a peer that it has not");
}

static void one_handler_a_protocol_and_peer(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    dp_check_open(t.tap, 0, &t.event.id);
    dp_check_open(t.tap, 1, &t.event.id);
    dp_check_close(t.tap, 0, &t.event.id);
    dp_check_open(t.tap, 0, &t.event.id);
    assert_null(devp2p_sim_failure(t.sim));
    dp_check_open(t.tap, 1, &t.event.id);
    teardown(&t, "two handlers of one protocol");
    setup(&t);
    dp_check_open(t.tap, 0, &t.event.id);
    dp_check_close(t.tap, 0, &t.event.id);
    dp_check_close(t.tap, 0, &t.event.id);
    teardown(&t, "ends a handler twice");
}

static void a_handler_begins_behind_its_event(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    dp_lifetime *life = a.node->life;
    const devp2p_peer *peer = life->srv->peers[0];

    (void)state;
    dp_check_told(&life->tap, peer);
    assert_null(devp2p_sim_failure(sim));
    life->tap.seen[0].up = false;
    dp_check_told(&life->tap, peer);
    assert_non_null(strstr(devp2p_sim_failure(sim),
        "node 0 begins a handler before it tells of the peer"));
    life->tap.seen[0].up = true;
    devp2p_sim_free(sim);
}

static void dials_keep_their_distance(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    dp_tap *tap = &a.node->life->tap;
    dp_wish *w = &a.node->wishes[0];
    dp_now now = { .mono = w->dialled_at + DP_REDIAL_NS };

    (void)state;
    assert_true(w->dialled_at > 0); /* it was dialled through the tap */
    dp_check_dial(tap, &w->target.addr, now);
    w->retold = true;
    dp_check_dial(tap, &w->target.addr, now);
    w->retold = false;
    assert_null(devp2p_sim_failure(sim));
    w->dropped_at = now.mono + DP_SEC; /* it comes back fast, once */
    now.mono = w->dropped_at + DP_RETURN_NS;
    dp_check_dial(tap, &w->target.addr, now);
    assert_null(devp2p_sim_failure(sim));
    now.mono += DP_REDIAL_NS - 1;
    dp_check_dial(tap, &w->target.addr, now);
    assert_non_null(
        strstr(devp2p_sim_failure(sim), "34999 ms after it did so before"));
    devp2p_sim_free(sim);
}

static void what_was_opened_is_closed(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    dp_check_open(t.tap, 0, &t.event.id);
    dp_check_ended(t.tap);
    teardown(&t, "has ended and not closed what it opened");
}

static void no_turn_later_than_a_deadline(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    dp_lifetime *life = a.node->life;
    dp_now now = dp_server_now(life->srv);
    uint64_t at = dp_host_deadline(life->srv->host);

    (void)state;
    for (dp_link *k = dp_list_first(&life->srv->loops[0].all); k;
         k = dp_list_next(&life->srv->loops[0].all, k))
        at =
            dp_sooner(at, dp_session_deadline(dp_of(k, dp_line, all)->session));
    assert_true(at != DP_NEVER && at > now.mono);
    dp_check_turn(&life->tap, &life->srv->loops[0], now, at);
    dp_check_turn(&life->tap, &life->srv->loops[0], now, now.mono);
    assert_null(devp2p_sim_failure(sim));
    dp_check_turn(&life->tap, &life->srv->loops[0], now, at + 1);
    assert_non_null(strstr(devp2p_sim_failure(sim), "1 ns after a deadline"));
    devp2p_sim_free(sim);
}

static void totals_are_kept(void **state)
{
    bench t;

    (void)state;
    setup(&t);
    devp2p_server *srv = t.a.node->life->srv;
    srv->loops[0].recv.used = 1;
    dp_check_turn(t.tap, &srv->loops[0], dp_server_now(srv), 0);
    srv->loops[0].recv.used = 0;
    teardown(&t, "no connection and 1 bytes to read");
    setup(&t);
    srv = t.a.node->life->srv;
    srv->loops[0].send.used = srv->loops[0].send.limit + 1;
    dp_check_turn(t.tap, &srv->loops[0], dp_server_now(srv), 0);
    srv->loops[0].send.used = 0;
    teardown(&t, "bytes to send");
    setup(&t);
    srv = t.a.node->life->srv;
    srv->loops[0].send.used = 2; /* when it has ended */
    dp_check_ended(t.tap);
    srv->loops[0].send.used = 0;
    teardown(&t, "no connection and 2 bytes to send");
}

static void who_stays_alone_is_named(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);

    (void)state;
    devp2p_sim_stop(b.node);
    assert_int_equal(devp2p_sim_run(sim, 5000), 0);
    assert_int_equal(devp2p_sim_settle(sim, 5000), 0); /* b does not run */
    assert_int_equal(devp2p_sim_start(b.node), 0);
    a.node->wishes[0].due = 0;
    a.node->wishes[0].target.addr.port++; /* a lie: nobody listens there */
    devp2p_sim_stop(a.node);
    assert_int_equal(devp2p_sim_run(sim, 5000), 0);
    assert_int_equal(devp2p_sim_start(a.node), 0);
    assert_int_equal(devp2p_sim_settle(sim, 60000), DEVP2P_ERR_CHECK);
    assert_non_null(
        strstr(devp2p_sim_failure(sim), "node 0 is not connected to node 1"));
    devp2p_sim_free(sim);
}

static void what_is_read_is_given_back(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);

    (void)state;
    assert_int_equal(devp2p_sim_settle(sim, 1000), 0);
    a.node->life->srv->loops[0].recv.used = 1;
    assert_int_equal(devp2p_sim_settle(sim, 1000), DEVP2P_ERR_CHECK);
    assert_non_null(strstr(
        devp2p_sim_failure(sim), "node 0 still has something in a queue"));
    a.node->life->srv->loops[0].recv.used = 0;
    devp2p_sim_free(sim);
}

/* b says why it ends the connection, as a program may: a leaves it alone for 3
 * minutes, which is no failure, and has no more time than that. */
static void who_gave_a_reason_has_time(void **state)
{
    (void)state;
    for (int away = 0; away < 2; away++) {
        place a, b;
        devp2p_sim *sim = world_two(1, &a, &b);
        devp2p_peer *peer;
        assert_int_equal(
            devp2p_server_peers(devp2p_sim_server(b.node), &peer, 1), 1);
        devp2p_peer_disconnect(peer, DEVP2P_DISC_SUBPROTOCOL_ERROR);
        devp2p_peer_drop(peer);
        assert_int_equal(devp2p_sim_run(sim, 5000), 0);
        uint64_t begun = devp2p_sim_time_us(sim);
        const devp2p_server *srv = a.node->life->srv;
        if (away) /* a is broken, and never dials again */
            dp_host_stop(srv->host, dp_server_now(srv));
        int err = devp2p_sim_settle(sim, 60000);
        uint64_t took_s = (devp2p_sim_time_us(sim) - begun) / 1000000;
        assert_int_equal(err, away ? DEVP2P_ERR_CHECK : 0);
        assert_in_range(took_s, away ? 183 : 174, away ? 187 : 177);
        devp2p_sim_free(sim);
    }
}

static void programs_have_checks_of_their_own(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });

    (void)state;
    assert_int_equal(devp2p_sim_run(sim, 1500), 0);
    devp2p_sim_fail(sim, "%d is not %d", 1, 2);
    devp2p_sim_fail(sim, "a second one");
    assert_string_equal(devp2p_sim_failure(sim), "at 1.500000 s: 1 is not 2");
    assert_int_equal(devp2p_sim_run(sim, 1), DEVP2P_ERR_CHECK);
    assert_string_equal(devp2p_last_detail(), "at 1.500000 s: 1 is not 2");
    devp2p_sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_session_a_pair),
        cmocka_unit_test(no_more_peers_than_slots),
        cmocka_unit_test(trusted_peers_need_no_slot),
        cmocka_unit_test(no_more_inbound_peers_than_their_slots),
        cmocka_unit_test(no_peer_without_proof),
        cmocka_unit_test(nobody_is_dropped_who_was_not_there),
        cmocka_unit_test(one_handler_a_protocol_and_peer),
        cmocka_unit_test(a_handler_begins_behind_its_event),
        cmocka_unit_test(dials_keep_their_distance),
        cmocka_unit_test(what_was_opened_is_closed),
        cmocka_unit_test(no_turn_later_than_a_deadline),
        cmocka_unit_test(totals_are_kept),
        cmocka_unit_test(who_stays_alone_is_named),
        cmocka_unit_test(what_is_read_is_given_back),
        cmocka_unit_test(who_gave_a_reason_has_time),
        cmocka_unit_test(programs_have_checks_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
