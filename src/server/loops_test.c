/* SPDX-License-Identifier: MIT */
/* loops_test.c - a server with several loops is a server: what a script sees of
 * it does not depend on their number, and what meets on the way between two
 * loops is not lost. */
#include "server/net_fixture.h"

#include "server/relay.h"
#include "server/server.h"

#include <string.h>

enum { GUESTS = 6, LOOPS = 3 };

/* --- handlers of both styles --- */

/* A tale is what the handlers of one server have heard, all peers together. */
typedef struct tale {
    size_t opens, closes, echoes, runs, ends;
    uint32_t unsent;
    int reason;
    devp2p_server *srv; /* NULL: shouts are not passed on */
} tale;

enum { ASK, ANSWER, SHOUT, WORDS };

/* shout tells all peers what one of them said, from its loop. */
static int shout(tale *t)
{
    devp2p_packet *packet;
    size_t sent = 0, full = 0;

    if (!t->srv)
        return 0;
    assert_int_equal(devp2p_packet_new_items(&packet, ANSWER, "all"), 0);
    int err =
        devp2p_server_broadcast(t->srv, &sent, &full, "events", 1, packet);
    devp2p_packet_drop(packet);
    assert_int_equal(full, 0);
    assert_int_equal(sent, devp2p_server_count(t->srv));
    return err;
}

static int echo_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer, (void)rw;
    ((tale *)user)->opens++;
    return 0;
}

static int echo_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    ((tale *)user)->echoes++;
    if (msg->code == ASK)
        return devp2p_send_raw(rw, ANSWER, msg->payload);
    return msg->code == SHOUT ? shout(user) : 0;
}

static void echo_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    tale *t = user;

    (void)rw;
    t->closes++;
    t->unsent += unsent;
    t->reason = reason;
}

/* ask_run asks once and reads until the end. */
static int ask_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    tale *t = user;
    devp2p_msg msg;
    int err = devp2p_send_items(rw, ASK, "foo");

    (void)peer;
    t->runs++;
    while (!err && !(err = devp2p_read(rw, &msg))) {
        t->echoes++;
        if (msg.code == ASK)
            err = devp2p_send_raw(rw, ANSWER, msg.payload);
    }
    t->ends++;
    return err;
}

/* flood sends as much as it may, and reads nothing. */
static int flood(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    uint8_t noise[1000];
    int err = 0;

    (void)peer;
    net_noise(noise, sizeof noise);
    ((tale *)user)->runs++;
    while (!err)
        err = devp2p_send_raw(rw, ASK, (devp2p_slice){ noise, sizeof noise });
    ((tale *)user)->ends++;
    return err;
}

/* --- a host with guests --- */

typedef struct party {
    net n;
    node host, guests[GUESTS];
    tale told, heard;
    devp2p_protocol rows[3], guest_rows[3];
} party;

static void make_rows(devp2p_protocol rows[3], tale *t)
{
    memset(rows, 0, 3 * sizeof *rows);
    rows[0] = (devp2p_protocol){ .name = "events",
        .version = 1,
        .length = WORDS,
        .user = t,
        .on_open = echo_open,
        .on_msg = echo_msg,
        .on_close = echo_close };
    rows[1] = (devp2p_protocol){
        .name = "runs", .version = 1, .length = WORDS, .user = t, .run = ask_run
    };
}

static void party_init(party *p, uint64_t seed, uint32_t loops)
{
    memset(p, 0, sizeof *p);
    net_init(&p->n, seed);
    make_rows(p->rows, &p->told);
    make_rows(p->guest_rows, &p->heard);
    node_config(&p->host, 1, p->rows);
    p->host.cfg.io_threads = loops;
    node_start(&p->host, &p->n);
}

static void party_fini(party *p)
{
    for (size_t i = 0; i < GUESTS; i++)
        if (p->guests[i].srv)
            node_stop(&p->guests[i]);
    if (p->host.srv)
        node_stop(&p->host);
    assert_int_equal(p->told.opens, p->told.closes);
    assert_int_equal(p->told.runs, p->told.ends);
    assert_int_equal(p->heard.opens, p->heard.closes);
    net_fini(&p->n);
}

static void guest_start(party *p, size_t i, uint32_t loops)
{
    node *g = &p->guests[i];

    node_config(g, (uint8_t)(2 + i), p->guest_rows);
    g->cfg.io_threads = loops;
    node_start(g, &p->n);
}

/* meet connects every guest: the even ones dial, the odd ones are dialled. */
static void meet(party *p, uint32_t loops)
{
    for (size_t i = 0; i < GUESTS; i++) {
        guest_start(p, i, loops);
        if (i % 2)
            node_dial(&p->host, &p->guests[i]);
        else
            node_dial(&p->guests[i], &p->host);
    }
}

/* --- parity --- */

/* A summary is what a program has seen at the end of the script. */
typedef struct summary {
    uint64_t adds, drops, fails, peers, echoes, heard, in, out, unsent;
    int64_t reason;
} summary;

static size_t told(const node *x, devp2p_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < x->nevents; i++)
        n += x->events[i].kind == kind;
    return n;
}

static void broadcast(node *x, uint64_t code, size_t peers)
{
    devp2p_packet *packet;
    size_t sent, full;

    assert_int_equal(devp2p_packet_new_items(&packet, code, "round"), 0);
    assert_int_equal(
        devp2p_server_broadcast(x->srv, &sent, &full, "events", 1, packet), 0);
    devp2p_packet_drop(packet);
    assert_int_equal(sent, peers);
    assert_int_equal(full, 0);
    net_run(x->net, DP_SEC);
}

/* play: all meet, the host asks all, a guest shouts, one is removed, two stop.
 */
static summary play(uint32_t loops)
{
    static party p;
    devp2p_traffic moved;

    party_init(&p, 7, loops);
    meet(&p, loops);
    net_run(&p.n, DP_SEC);
    assert_int_equal(devp2p_server_count(p.host.srv), GUESTS);
    broadcast(&p.host, ASK, GUESTS);
    p.told.srv = p.host.srv;
    broadcast(&p.guests[0], SHOUT, 1);
    assert_int_equal(
        devp2p_server_remove_peer(p.host.srv, NULL, p.guests[1].url), 0);
    node_stop(&p.guests[2]);
    node_stop(&p.guests[3]);
    net_run(&p.n, 3 * DP_SEC);
    devp2p_server_traffic(p.host.srv, &moved);
    summary s = { .adds = told(&p.host, DEVP2P_EVENT_PEER_ADD),
        .drops = told(&p.host, DEVP2P_EVENT_PEER_DROP),
        .fails = told(&p.host, DEVP2P_EVENT_DIAL_FAIL),
        .peers = devp2p_server_count(p.host.srv),
        .echoes = p.told.echoes,
        .heard = p.heard.echoes,
        .in = moved.in.messages,
        .out = moved.out.messages,
        .unsent = p.told.unsent,
        .reason = p.told.reason };
    party_fini(&p);
    return s;
}

static void parity(void **state)
{
    (void)state;
    const summary one = play(1);

    assert_int_equal(one.adds, GUESTS);
    assert_int_equal(one.drops, 3);
    assert_int_equal(one.peers, GUESTS - 3);
    /* in the run style a question and an answer each; of the events the answers
     * to the host, and the shout */
    assert_int_equal(one.echoes, 2 * GUESTS + GUESTS + 1);
    assert_int_equal(one.heard, 2 * GUESTS + GUESTS + GUESTS);
    for (uint32_t loops = 2; loops <= LOOPS; loops++) {
        const summary more = play(loops);
        assert_memory_equal(&one, &more, sizeof one);
    }
}

/* --- where lines live --- */

static size_t lines(const party *p, size_t loop)
{
    return p->host.srv->loops[loop].nlines;
}

/* Loops have as many lines, and who comes goes to the one with the fewest. */
static void spread(void **state)
{
    (void)state;
    static party p;

    party_init(&p, 8, LOOPS);
    meet(&p, 1);
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(lines(&p, i), GUESTS / LOOPS);
    node_stop(&p.guests[0]);
    net_run(&p.n, 5 * DP_SEC);
    size_t free = 0;
    while (lines(&p, free) == GUESTS / LOOPS)
        free++;
    assert_true(free < LOOPS);
    guest_start(&p, 0, 1);
    node_dial(&p.guests[0], &p.host);
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(lines(&p, i), GUESTS / LOOPS);
    party_fini(&p);
}

/* --- what meets on the way --- */

/* A moment is when something is on its way between the loops of a server. */
typedef struct moment {
    node *x;
    unsigned fact, order;
} moment;

static bool is_there(void *user)
{
    const moment *m = user;
    dp_list *all = &m->x->srv->relays;

    for (dp_link *k = dp_list_first(all); k; k = dp_list_next(all, k)) {
        const dp_relay *r = dp_of(k, dp_relay, all);
        if ((r->told && r->facts.what & m->fact) ||
            (r->ordered && r->orders.what & m->order))
            return true;
    }
    return false;
}

static const moment moments[] = { { NULL, DP_FACT_DIALED, 0 },
    { NULL, DP_FACT_EC, 0 }, { NULL, DP_FACT_AUTHED, 0 },
    { NULL, DP_FACT_READY, 0 }, { NULL, 0, DP_ORDER_OPEN },
    { NULL, 0, DP_ORDER_EC }, { NULL, 0, DP_ORDER_NAMED },
    { NULL, 0, DP_ORDER_JUDGE } };

enum { MOMENTS = sizeof moments / sizeof *moments };

/* What happens at a moment. */
typedef void strike_fn(party *p);

static void cut(party *p)
{
    dp_sim_cut(p->n.sim, p->host.world, p->guests[0].world);
}

static void stop_host(party *p)
{
    devp2p_server_stop(p->host.srv);
    assert_int_equal(devp2p_server_wait(p->host.srv), 0);
}

static void stop_guest(party *p)
{
    devp2p_server_stop(p->guests[0].srv);
    assert_int_equal(devp2p_server_wait(p->guests[0].srv), 0);
}

static void remove_guest(party *p)
{
    assert_int_equal(
        devp2p_server_remove_peer(p->host.srv, NULL, p->guests[0].url), 0);
}

/* balanced: who was told of is told of again, and nothing is left. */
static void balanced(const node *x)
{
    assert_int_equal(
        told(x, DEVP2P_EVENT_PEER_ADD), told(x, DEVP2P_EVENT_PEER_DROP));
}

/* strike_at: the host dials a guest, both from a loop that is not the first,
 * and something happens just then; false when it never was then. */
static bool strike_at(
    const moment *when, bool at_host, strike_fn *strike, bool heals)
{
    static party p;
    moment m = *when;

    party_init(&p, 9, 2);
    guest_start(&p, 0, 2);
    p.host.srv->turn = p.guests[0].srv->turn = 1;
    m.x = at_host ? &p.host : &p.guests[0];
    assert_int_equal(
        devp2p_server_add_peer(p.host.srv, NULL, p.guests[0].url), 0);
    bool was = dp_sim_run(
        p.n.sim, dp_sim_now(p.n.sim).mono + 2 * DP_SEC, is_there, &m);
    if (was)
        strike(&p);
    net_run(&p.n, 60 * DP_SEC);
    if (was && heals)
        assert_int_equal(devp2p_server_count(p.host.srv), 1);
    node_stop(&p.host);
    balanced(&p.host);
    node_stop(&p.guests[0]);
    balanced(&p.guests[0]);
    party_fini(&p);
    return was;
}

static void at_every_moment(void **state)
{
    (void)state;
    static const struct {
        strike_fn *strike;
        bool heals;
    } strikes[] = { { cut, true }, { stop_host, false }, { stop_guest, false },
        { remove_guest, false } };

    for (size_t i = 0; i < MOMENTS; i++)
        for (size_t k = 0; k < sizeof strikes / sizeof *strikes; k++) {
            bool host = strike_at(
                &moments[i], true, strikes[k].strike, strikes[k].heals);
            bool guest = strike_at(
                &moments[i], false, strikes[k].strike, strikes[k].heals);
            assert_true(host);
            assert_true(guest == (moments[i].fact != DP_FACT_DIALED));
        }
}

/* --- curve work that waits --- */

static int no_work(dp_world *w, dp_work *job)
{
    (void)w, (void)job;
    return DEVP2P_ERR_AGAIN;
}

/* What waits at the gate for a line of another loop goes with that line. */
static void waits_at_the_gate(void **state)
{
    (void)state;
    static party p;

    party_init(&p, 12, 2);
    const dp_world_ops *real = p.host.world->ops;
    dp_world_ops full = *real;
    full.work = no_work;
    p.host.world->ops = &full;
    p.host.srv->turn = 1;
    guest_start(&p, 0, 1);
    assert_int_equal(
        devp2p_server_add_peer(p.guests[0].srv, NULL, p.host.url), 0);
    net_run(&p.n, DP_SEC);
    dp_list *all = &p.host.srv->relays;
    assert_false(dp_list_empty(all));
    const dp_relay *r = dp_of(dp_list_first(all), dp_relay, all);
    assert_int_equal(r->ec.at, DP_EC_GATE);
    net_run(&p.n, 10 * DP_SEC); /* the handshake has taken too long */
    assert_true(dp_list_empty(all));
    p.host.world->ops = real;
    p.host.srv->pool_full = false; /* no job was out to say so */
    net_run(&p.n, 60 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.host.srv), 1);
    party_fini(&p);
}

/* --- who is listed --- */

/* A peer whose loop has taken it out of the list before the first loop put it
 * there is not put there any more. */
static void listed_too_late(void **state)
{
    (void)state;
    static party p;
    devp2p_peer *peer;

    party_init(&p, 13, 2);
    guest_start(&p, 0, 1);
    node_dial(&p.guests[0], &p.host);
    assert_int_equal(devp2p_server_peers(p.host.srv, &peer, 1), 1);
    dp_server_unlist(p.host.srv, peer);
    assert_int_equal(devp2p_server_count(p.host.srv), 0);
    assert_int_equal(dp_server_list(p.host.srv, peer), 0);
    assert_int_equal(devp2p_server_count(p.host.srv), 0);
    devp2p_peer_drop(peer);
    party_fini(&p);
}

/* --- bandwidth --- */

/* One rate is for all loops together: peers on two of them get no more than
 * peers on one. */
static uint64_t moved_in_5_s(uint32_t loops)
{
    static party p;
    devp2p_traffic before, after;

    memset(&p, 0, sizeof p);
    net_init(&p.n, 11);
    make_rows(p.rows, &p.told);
    make_rows(p.guest_rows, &p.heard);
    p.guest_rows[1].run = flood;
    node_config(&p.host, 1, p.rows);
    p.host.cfg.io_threads = loops;
    p.host.cfg.bytes_in_per_s = 200000;
    node_start(&p.host, &p.n);
    meet(&p, 1);
    net_run(&p.n, DP_SEC);
    devp2p_server_traffic(p.host.srv, &before);
    net_run(&p.n, 5 * DP_SEC);
    devp2p_server_traffic(p.host.srv, &after);
    party_fini(&p);
    return after.in.wire - before.in.wire;
}

static void one_rate_for_all(void **state)
{
    (void)state;
    for (uint32_t loops = 1; loops <= LOOPS; loops++) {
        uint64_t moved = moved_in_5_s(loops);
        assert_in_range(moved, 5 * 190000, 5 * 210000);
    }
}

/* --- stopping under load --- */

static void stops_under_load(void **state)
{
    (void)state;
    static party p;

    for (uint64_t seed = 0; seed < 4; seed++) {
        party_init(&p, seed, LOOPS);
        p.guest_rows[1].run = flood;
        meet(&p, 2);
        net_run(&p.n, 50 * DP_MS + seed * 7 * DP_MS);
        devp2p_server_stop(p.host.srv);
        assert_int_equal(devp2p_server_wait(p.host.srv), 0);
        assert_int_equal(devp2p_server_count(p.host.srv), 0);
        balanced(&p.host);
        party_fini(&p);
    }
}

/* --- loops that do not start --- */

static size_t starts;

static int no_start(dp_world *w)
{
    (void)w;
    starts++;
    return DEVP2P_ERR_LIMIT;
}

/* A start that failed half-way may be tried again, or not. */
static void start_fails(void **state)
{
    (void)state;
    net n;
    node x;

    for (int again = 0; again < 2; again++) {
        net_init(&n, 10);
        node_config(&x, 1, NULL);
        x.cfg.io_threads = LOOPS;
        assert_int_equal(node_new(&x, &n), 0);
        dp_world *last = x.srv->loops[LOOPS - 1].world;
        const dp_world_ops *real = last->ops;
        dp_world_ops broken = *real;
        broken.start = no_start;
        last->ops = &broken;
        assert_int_equal(devp2p_server_start(x.srv), DEVP2P_ERR_LIMIT);
        last->ops = real;
        if (again)
            assert_int_equal(devp2p_server_start(x.srv), 0);
        net_run(&n, DP_SEC);
        node_stop(&x);
        net_fini(&n);
    }
    assert_int_equal(starts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parity),
        cmocka_unit_test(spread),
        cmocka_unit_test(at_every_moment),
        cmocka_unit_test(waits_at_the_gate),
        cmocka_unit_test(listed_too_late),
        cmocka_unit_test(one_rate_for_all),
        cmocka_unit_test(stops_under_load),
        cmocka_unit_test(start_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
