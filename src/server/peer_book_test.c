/* SPDX-License-Identifier: MIT */
/* peer_book_test.c - bans, reports and rotation as a program sees them, and
 * what a store keeps of the first two. */
#include "server/net_fixture.h"

#include "sim/store.h"

#include <devp2p/pipe.h>

enum { QUIET, BREACH };

/* on_msg cannot read a BREACH. */
static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)user;
    return msg->code == BREACH ? DEVP2P_ERR_RLP_CANON : 0;
}

static const devp2p_protocol one[] = {
    { .name = "one", .version = 1, .length = 3, .on_msg = on_msg },
    { .name = NULL },
};

typedef struct place {
    net n;
    node a, b, c;
    dp_disk *disk; /* of a */
} place;

/* start starts a node whose world has a disk, or none. */
static void start(node *x, net *n, dp_disk *disk)
{
    devp2p_node self;
    assert_int_equal(node_new(x, n), 0);
    if (disk)
        dp_sim_insert(x->world, disk);
    assert_int_equal(devp2p_server_start(x->srv), 0);
    devp2p_server_self(x->srv, &self);
    uint16_t port = self.addr.port;
    self.addr = node_ip(x->cfg.private_key.b[31]);
    self.addr.port = port;
    devp2p_node_url(x->url, &self);
}

static void place_init(place *p, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    net_init(&p->n, seed);
    assert_int_equal(dp_sim_disk(&p->disk, p->n.sim), 0);
    node_config(&p->a, 1, one);
    node_config(&p->b, 2, one);
    node_config(&p->c, 3, one);
    start(&p->a, &p->n, p->disk);
    start(&p->b, &p->n, NULL);
    start(&p->c, &p->n, NULL);
}

static void place_fini(place *p)
{
    node *all[] = { &p->a, &p->b, &p->c };
    for (int i = 0; i < 3; i++)
        if (all[i]->srv)
            node_stop(all[i]);
    dp_sim_disk_free(p->disk);
    net_fini(&p->n);
}

/* again lets a stop, or crash, and start again with what it had. */
static void again(place *p, bool crash)
{
    if (crash)
        dp_sim_crash(p->a.world);
    node_stop(&p->a);
    node_config(&p->a, 1, one);
    start(&p->a, &p->n, p->disk);
}

static devp2p_counters counters(const node *x)
{
    devp2p_counters c;
    devp2p_server_counters(x->srv, &c);
    return c;
}

/* outcome waits for a command's. */
static int outcome(node *x, uint64_t ticket)
{
    for (;;) {
        const devp2p_event *e = node_expect(x, DEVP2P_EVENT_COMMAND);
        if (e->ticket == ticket)
            return e->code;
    }
}

static int ban(node *x, const char *who, uint64_t ms)
{
    uint64_t ticket;
    assert_int_equal(devp2p_server_ban(x->srv, &ticket, who, ms), 0);
    return outcome(x, ticket);
}

static int unban(node *x, const char *who)
{
    uint64_t ticket;
    assert_int_equal(devp2p_server_unban(x->srv, &ticket, who), 0);
    return outcome(x, ticket);
}

static devp2p_id id_of(const node *x)
{
    devp2p_node self;
    devp2p_server_self(x->srv, &self);
    return self.id;
}

static devp2p_peer *only_peer(node *x)
{
    devp2p_peer *peer;
    assert_int_equal(devp2p_server_peers(x->srv, &peer, 1), 1);
    return peer;
}

/* --- bans --- */

static void a_node_is_banned_and_dropped(void **state)
{
    (void)state;
    place p;
    devp2p_ban list[2];
    place_init(&p, 1);
    node_dial(&p.b, &p.a);
    assert_int_equal(ban(&p.a, p.b.url, 100000), 0);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    assert_true(e->remote);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 1);
    assert_int_equal(devp2p_server_bans(p.a.srv, list, 2), 1);
    devp2p_id id = id_of(&p.b);
    assert_memory_equal(&list[0].id, &id, sizeof id);
    assert_in_range(list[0].until_ms, p.a.events[p.a.nevents - 1].time_ms,
        p.a.events[p.a.nevents - 1].time_ms + 100000);
    /* we do not dial it either */
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.b.url), 0);
    e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_ERR_BANNED);
    /* it is lifted, and at its end it would be over */
    assert_int_equal(unban(&p.a, p.b.url), 0);
    assert_int_equal(unban(&p.a, p.b.url), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 0);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    place_fini(&p);
}

static void a_network_is_banned(void **state)
{
    (void)state;
    place p;
    place_init(&p, 2);
    node_dial(&p.b, &p.a);
    assert_int_equal(ban(&p.a, "10.0.0.2/31", 200000), 0); /* b and c */
    node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(devp2p_server_add_peer(p.c.srv, NULL, p.a.url), 0);
    const devp2p_event *e = node_expect(&p.c, DEVP2P_EVENT_DIAL_FAIL);
    assert_false(e->remote); /* not a byte */
    assert_true(counters(&p.a).refused_banned > 0);
    assert_int_equal(counters(&p.a).banned, 1);
    net_run(&p.n, 190 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.a.srv), 0);
    net_run(&p.n, 60 * DP_SEC);
    assert_true(devp2p_server_count(p.a.srv) > 0);
    assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 0);
    place_fini(&p);
}

static void what_makes_no_sense(void **state)
{
    (void)state;
    place p;
    place_init(&p, 3);
    devp2p_id id = id_of(&p.b);
    devp2p_server *srv = p.a.srv;
    assert_int_equal(
        devp2p_server_ban(srv, NULL, "nobody", 0), DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_server_unban(srv, NULL, "10.0.0.0/40"), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_server_ban(srv, NULL, "1.2.3.4", DP_BAN_MS_MAX + 1),
        DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_server_report(srv, &id, (devp2p_conduct)99), DEVP2P_ERR_INVALID);
    devp2p_server_stop(srv);
    assert_int_equal(
        devp2p_server_ban(srv, NULL, "1.2.3.4", 0), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_server_report(srv, &id, DEVP2P_CONDUCT_USEFUL),
        DEVP2P_ERR_CLOSED);
    place_fini(&p);
}

/* The list waits for memory, the ban does not. */
static void a_list_without_memory(void **state)
{
    (void)state;
    place p;
    test_env own;
    place_init(&p, 4);
    test_env_init(&own);
    node_stop(&p.b);
    node_config(&p.b, 2, one);
    p.b.memory = &own;
    start(&p.b, &p.n, NULL);
    bool listed = false;
    for (size_t n = 1; n < 20 && !listed; n++) {
        char who[32];
        snprintf(who, sizeof who, "20.0.%zu.0/24", n);
        assert_int_equal(devp2p_server_ban(p.b.srv, NULL, who, 0), 0);
        test_env_fail(&own, n); /* in the loop: the ban's own, the list's */
        net_run(&p.n, DP_SEC);
        own.fail_from = 0;
        bool short_of = devp2p_server_bans(p.b.srv, NULL, 0) < n;
        listed = unban(&p.b, who) == 0 && short_of;
        assert_int_equal(ban(&p.b, who, 0), 0);
        assert_int_equal(devp2p_server_bans(p.b.srv, NULL, 0), n);
    }
    assert_true(listed); /* the case did happen */
    node_stop(&p.b);
    assert_int_equal(own.live, 0);
    place_fini(&p);
}

/* --- conduct --- */

static void who_is_reported_stays_out(void **state)
{
    (void)state;
    place p;
    place_init(&p, 5);
    node_dial(&p.b, &p.a);
    devp2p_peer *peer = only_peer(&p.a);
    assert_int_equal(devp2p_peer_score(peer), 0);
    assert_int_equal(
        devp2p_peer_report(peer, (devp2p_conduct)0), DEVP2P_ERR_INVALID);
    for (int i = 0; i < 7; i++)
        assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_USEFUL), 0);
    assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_LATE), 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(devp2p_peer_score(peer), 30);
    assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_FALSE), 0);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(devp2p_peer_score(peer), -220);
    net_run(&p.n, 5 * DP_SEC);
    assert_int_equal(
        devp2p_peer_report(peer, DEVP2P_CONDUCT_FALSE), DEVP2P_ERR_CLOSED);
    devp2p_peer_drop(peer);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    /* it has to stay out for 30 s; what it heard keeps it away for 15 min */
    net_run(&p.n, 910 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    assert_int_equal(counters(&p.a).shunned, 1);
    place_fini(&p);
}

static void a_node_that_is_not_connected_is_reported(void **state)
{
    (void)state;
    place p;
    place_init(&p, 6);
    devp2p_id id = id_of(&p.b);
    assert_int_equal(
        devp2p_server_report(p.a.srv, &id, DEVP2P_CONDUCT_HOSTILE), 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(devp2p_server_add_peer(p.b.srv, NULL, p.a.url), 0);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(counters(&p.a).shunned, 1);
    /* c, at another address or the same, is not asked about it */
    node_dial(&p.c, &p.a);
    place_fini(&p);
}

/* breach makes b send what a cannot read. */
static void breach(place *p)
{
    devp2p_packet *bad;
    size_t sent;
    static const uint8_t list[] = { 0xc0 };
    assert_int_equal(devp2p_packet_new_raw(
                         &bad, BREACH, (devp2p_slice){ list, sizeof list }),
        0);
    assert_int_equal(
        devp2p_server_broadcast(p->b.srv, &sent, NULL, "one", 1, bad), 0);
    devp2p_packet_drop(bad);
    assert_int_equal(sent, 1);
    node_expect(&p->a, DEVP2P_EVENT_PEER_DROP);
}

static void breaches_add_up(void **state)
{
    (void)state;
    place p;
    place_init(&p, 7);
    node_dial(&p.b, &p.a);
    net_run(&p.n, DP_SEC);
    breach(&p);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD); /* once is forgiven */
    net_run(&p.n, DP_SEC);
    devp2p_peer *peer = only_peer(&p.a);
    assert_int_equal(devp2p_peer_score(peer), -50);
    devp2p_peer_drop(peer);
    breach(&p);
    net_run(&p.n, DP_SEC);
    devp2p_id id = id_of(&p.b);
    assert_int_equal(
        devp2p_server_report(p.a.srv, &id, DEVP2P_CONDUCT_LATE), 0);
    node_stop(&p.b); /* it dials at once when it is new */
    node_config(&p.b, 2, one);
    start(&p.b, &p.n, NULL);
    assert_int_equal(devp2p_server_add_peer(p.b.srv, NULL, p.a.url), 0);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(counters(&p.a).shunned, 1);
    place_fini(&p);
}

static void a_test_peer_is_reported(void **state)
{
    (void)state;
    devp2p_peer *peer;
    devp2p_rw *a, *b;
    assert_int_equal(devp2p_pipe(&a, &b), 0);
    for (int i = 0; i < 2; i++) {
        devp2p_rw *end = i ? a : NULL;
        assert_int_equal(devp2p_test_peer(&peer, "it", NULL, 0, 0, end), 0);
        assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_USEFUL), 0);
        assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_USELESS), 0);
        assert_int_equal(devp2p_peer_score(peer), -20);
        if (i)
            devp2p_peer_disconnect(peer, DEVP2P_DISC_REQUESTED);
        assert_int_equal(devp2p_peer_report(peer, DEVP2P_CONDUCT_USEFUL),
            i ? DEVP2P_ERR_CLOSED : 0);
        devp2p_peer_drop(peer);
    }
    devp2p_rw_drop(a);
    devp2p_rw_drop(b);
}

/* --- what is kept --- */

static void bans_survive_a_crash(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 30; seed++) {
        place p;
        place_init(&p, seed);
        assert_int_equal(ban(&p.a, p.b.url, 0), 0);
        assert_int_equal(ban(&p.a, "20.0.0.0/8", 3600000), 0);
        assert_int_equal(ban(&p.a, "21.0.0.0/8", 0), 0);
        net_run(&p.n, 50 * DP_MS); /* a commit takes 20 ms at most */
        assert_int_equal(dp_sim_disk_rows(p.disk), 3);
        assert_int_equal(unban(&p.a, "21.0.0.0/8"), 0);
        net_run(&p.n, 50 * DP_MS);
        again(&p, true);
        assert_int_equal(devp2p_server_add_peer(p.b.srv, NULL, p.a.url), 0);
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_DIAL_FAIL);
        assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
        assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 2);
        place_fini(&p);
    }
}

/* What a node did is known after a crash, and after a stop even that of the
 * last moment. */
static void conduct_survives(void **state)
{
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        place p;
        place_init(&p, 31);
        devp2p_id id = id_of(&p.b);
        assert_int_equal(
            devp2p_server_report(p.a.srv, &id, DEVP2P_CONDUCT_HOSTILE), 0);
        net_run(&p.n, crash ? 11 * DP_SEC : DP_MS);
        assert_int_equal(dp_sim_disk_rows(p.disk), crash);
        again(&p, crash);
        assert_int_equal(devp2p_server_add_peer(p.b.srv, NULL, p.a.url), 0);
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_DIAL_FAIL);
        assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
        assert_int_equal(counters(&p.a).shunned, 1);
        place_fini(&p);
    }
}

/* A crash before the commit loses what was not in it, and no more. */
static void a_crash_in_between(void **state)
{
    (void)state;
    size_t kept[4] = { 0 };
    for (uint64_t ms = 0; ms < 40; ms++) {
        place p;
        place_init(&p, 32);
        assert_int_equal(ban(&p.a, "20.0.0.0/8", 0), 0);
        assert_int_equal(ban(&p.a, "21.0.0.0/8", 0), 0);
        assert_int_equal(ban(&p.a, "22.0.0.0/8", 0), 0);
        net_run(&p.n, ms * DP_MS);
        size_t rows = dp_sim_disk_rows(p.disk);
        again(&p, true);
        net_run(&p.n, DP_SEC);
        assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), rows);
        kept[rows]++;
        place_fini(&p);
    }
    assert_true(kept[3] > 0 && kept[0] + kept[1] > 0);
}

/* Commands wait for what is kept: who is lifted at once is not banned a moment
 * later. */
static void commands_wait_for_what_is_kept(void **state)
{
    (void)state;
    place p;
    place_init(&p, 33);
    assert_int_equal(ban(&p.a, "20.0.0.0/8", 0), 0);
    net_run(&p.n, DP_SEC);
    again(&p, false);
    assert_int_equal(unban(&p.a, "20.0.0.0/8"), 0);
    assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(dp_sim_disk_rows(p.disk), 0);
    again(&p, true);
    /* one that stops before it knows says so to who waits */
    uint64_t ticket;
    assert_int_equal(devp2p_server_ban(p.a.srv, &ticket, "1.2.3.4", 0), 0);
    devp2p_server_stop(p.a.srv);
    assert_int_equal(outcome(&p.a, ticket), DEVP2P_ERR_CLOSED);
    place_fini(&p);
}

static void a_full_disk(void **state)
{
    (void)state;
    place p;
    place_init(&p, 34);
    dp_sim_disk_full(p.disk, true);
    assert_int_equal(ban(&p.a, "20.0.0.0/8", 0), 0);
    net_run(&p.n, 60 * DP_SEC);
    assert_int_equal(dp_sim_disk_rows(p.disk), 0);
    assert_int_equal(devp2p_server_bans(p.a.srv, NULL, 0), 1);
    dp_sim_disk_full(p.disk, false);
    net_run(&p.n, 11 * DP_SEC);
    assert_int_equal(dp_sim_disk_rows(p.disk), 1);
    /* and it keeps nobody from stopping */
    dp_sim_disk_full(p.disk, true);
    assert_int_equal(ban(&p.a, "21.0.0.0/8", 0), 0);
    uint64_t begin = dp_sim_now(p.n.sim).mono;
    node_stop(&p.a);
    assert_in_range(dp_sim_now(p.n.sim).mono - begin, 0, 2 * DP_SEC);
    place_fini(&p);
}

/* Where the world has no store, as the real one has none yet, all is forgotten
 * at the end. */
static void without_a_store(void **state)
{
    (void)state;
    place p;
    place_init(&p, 35);
    assert_int_equal(ban(&p.b, p.c.url, 0), 0);
    assert_int_equal(devp2p_server_add_peer(p.c.srv, NULL, p.b.url), 0);
    const devp2p_event *e = node_expect(&p.c, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    uint64_t begin = dp_sim_now(p.n.sim).mono;
    node_stop(&p.b);
    assert_in_range(dp_sim_now(p.n.sim).mono - begin, 0, DP_SEC);
    node_config(&p.b, 2, one);
    start(&p.b, &p.n, NULL);
    assert_int_equal(devp2p_server_bans(p.b.srv, NULL, 0), 0);
    net_run(&p.n, 910 * DP_SEC); /* after what it heard */
    assert_int_equal(devp2p_server_count(p.b.srv), 1);
    place_fini(&p);
}

/* --- rotation --- */

enum { MEMBERS = 5 };

typedef struct club {
    net n;
    node host, members[MEMBERS], guest;
} club;

/* club_init makes a full host; the guest is not in. */
static void club_init(club *c, uint64_t seed, uint32_t rotate_ms)
{
    memset(c, 0, sizeof *c);
    net_init(&c->n, seed);
    node_config(&c->host, 1, one);
    c->host.cfg.max_peers = MEMBERS;
    c->host.cfg.dial_ratio = DEVP2P_NONE;
    c->host.cfg.rotate_ms = rotate_ms;
    node_start(&c->host, &c->n);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        node_config(&c->members[i], (uint8_t)(10 + i), one);
        node_start(&c->members[i], &c->n);
        node_dial(&c->members[i], &c->host);
    }
    node_config(&c->guest, 99, one);
    node_start(&c->guest, &c->n);
    assert_int_equal(
        devp2p_server_add_peer(c->guest.srv, NULL, c->host.url), 0);
}

static void club_fini(club *c)
{
    node_stop(&c->host);
    node_stop(&c->guest);
    for (int i = 0; i < MEMBERS; i++)
        node_stop(&c->members[i]);
    net_fini(&c->n);
}

/* enters: when the guest is in, ns; 0 for not in half an hour. */
static uint64_t enters(club *c)
{
    for (uint64_t s = 1; s <= 1800; s++) {
        net_run(&c->n, DP_SEC);
        if (devp2p_server_count(c->guest.srv))
            return s * DP_SEC;
    }
    return 0;
}

/* A host that turns every five minutes lets it in, in whatever order members
 * come back; the oldest of equal ones has never left. */
static void a_newcomer_gets_in(void **state)
{
    (void)state;
    uint64_t longest = 0;
    for (uint64_t seed = 40; seed < 60; seed++) {
        club c;
        club_init(&c, seed, 300000);
        uint64_t ns = enters(&c);
        assert_in_range(ns, 600 * DP_SEC, 1800 * DP_SEC);
        longest = ns > longest ? ns : longest;
        net_run(&c.n, 3600 * DP_SEC);
        for (size_t i = 0; i < c.members[0].nevents; i++)
            assert_int_not_equal(
                c.members[0].events[i].kind, DEVP2P_EVENT_PEER_DROP);
        assert_in_range(counters(&c.host).rotated, 8, 30);
        club_fini(&c);
    }
    print_message("the longest wait was %d s\n", (int)(longest / DP_SEC));
}

static void without_rotation_it_does_not(void **state)
{
    (void)state;
    club c;
    club_init(&c, 40, 0);
    assert_int_equal(enters(&c), 0);
    assert_int_equal(counters(&c.host).rotated, 0);
    club_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_banned_and_dropped),
        cmocka_unit_test(a_network_is_banned),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(a_list_without_memory),
        cmocka_unit_test(who_is_reported_stays_out),
        cmocka_unit_test(a_node_that_is_not_connected_is_reported),
        cmocka_unit_test(breaches_add_up),
        cmocka_unit_test(a_test_peer_is_reported),
        cmocka_unit_test(bans_survive_a_crash),
        cmocka_unit_test(conduct_survives),
        cmocka_unit_test(a_crash_in_between),
        cmocka_unit_test(commands_wait_for_what_is_kept),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(without_a_store),
        cmocka_unit_test(a_newcomer_gets_in),
        cmocka_unit_test(without_rotation_it_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
