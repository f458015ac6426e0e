/* SPDX-License-Identifier: MIT */
/* admission_test.c - who may connect to a server, and what it says of it. */
#include "server/net_fixture.h"

enum { STRANGERS = 10000 };

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static const devp2p_protocol one[] = {
    { .name = "one", .version = 1, .length = 1, .on_msg = on_msg },
    { .name = NULL },
};

static devp2p_counters counters(const node *x)
{
    devp2p_counters c;
    devp2p_server_counters(x->srv, &c);
    return c;
}

/* --- strangers: they connect and hold their tongue --- */

typedef struct stranger {
    dp_world *w;
    dp_io *io;
    bool ended;
} stranger;

static void leave(stranger *s)
{
    if (s->io)
        s->w->ops->close(s->io, true);
    s->io = NULL;
    s->ended = true;
    s->w->ops->end(s->w);
    s->w->ops->wake(s->w);
}

static void connected(void *server, void *user, dp_io *io, int err)
{
    stranger *s = server;
    (void)user;
    if (err)
        leave(s);
    else
        s->w->ops->want(io, DP_READ);
}

static void heard(void *server, void *user, dp_io *io, unsigned events)
{
    stranger *s = server;
    uint8_t bytes[16];
    size_t n;
    (void)user, (void)events;
    int err = s->w->ops->read(io, bytes, sizeof bytes, &n);
    assert_true(err || n == 0); /* not a word is said to it */
    if (err != DEVP2P_ERR_AGAIN)
        leave(s);
}

static uint64_t stranger_turn(void *server, dp_now now)
{
    (void)server, (void)now;
    return DP_NEVER;
}

static const dp_world_up stranger_up = {
    .connected = connected, .ready = heard, .turn = stranger_turn
};

static void come(stranger *s, net *n, const devp2p_addr *ip, uint8_t to)
{
    devp2p_addr at = node_ip(to);
    at.port = 30303;
    *s = (stranger){ .w = NULL };
    assert_int_equal(dp_sim_world(&s->w, n->sim, ip), 0);
    dp_world_attach(s->w, &stranger_up, s);
    assert_int_equal(s->w->ops->start(s->w), 0);
    assert_int_equal(s->w->ops->connect(s->w, &at, s, &s->io), 0);
}

static void go(stranger *s)
{
    if (!s->w)
        return;
    if (!s->ended)
        leave(s);
    assert_int_equal(s->w->ops->wait(s->w), 0);
    s->w->ops->free(s->w);
    s->w = NULL;
}

/* --- addresses --- */

static void addresses(net *n, bool limit_lan, size_t out[2])
{
    static const devp2p_addr ips[2] = {
        { .ip = { 127, 0, 0, 1 }, .family = 4 },
        { .ip = { 20, 0, 0, 1 }, .family = 4 },
    };
    node a;
    net_init(n, 70);
    node_config(&a, 1, one);
    a.cfg.limit_lan = limit_lan;
    node_start(&a, n);
    for (int i = 0; i < 2; i++) {
        uint64_t before = counters(&a).accepted;
        for (int k = 0; k < 3; k++) {
            stranger s;
            come(&s, n, &ips[i], 1);
            net_run(n, DP_SEC);
            go(&s);
        }
        out[i] = (size_t)(counters(&a).accepted - before);
    }
    assert_int_equal(counters(&a).refused_throttled, 6 - out[0] - out[1]);
    node_stop(&a);
    net_fini(n);
}

/* The limits of addresses leave 127.0.0.1 alone and a global address not,
 * unless limit_lan is set. */
static void local_addresses_are_exempt(void **state)
{
    (void)state;
    net n;
    size_t in[2];
    addresses(&n, false, in);
    assert_int_equal(in[0], 3);
    assert_int_equal(in[1], 1);
    addresses(&n, true, in);
    assert_int_equal(in[0], 1);
    assert_int_equal(in[1], 1);
}

static void networks(void **state)
{
    (void)state;
    static const char *const nets[] = { "10.0.0.2/32", NULL };
    net n;
    node a, b, c;
    net_init(&n, 71);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_config(&c, 3, one);
    a.cfg.net_restrict = nets;
    node_start(&a, &n);
    node_start(&b, &n);
    node_start(&c, &n);
    node_dial(&b, &a);
    assert_int_equal(devp2p_server_add_peer(c.srv, NULL, a.url), 0);
    const devp2p_event *e = node_expect(&c, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_ERR_REFUSED);
    assert_int_equal(counters(&a).refused_restricted, 1);
    assert_int_equal(devp2p_server_add_peer(a.srv, NULL, c.url), 0);
    e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->code, DEVP2P_ERR_ACCESS);
    node_stop(&a);
    node_stop(&b);
    node_stop(&c);
    net_fini(&n);
}

/* --- ids --- */

static void ids(void **state)
{
    (void)state;
    net n;
    node a, b, c;
    const char *allowed[] = { b.url, NULL };
    net_init(&n, 72);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_config(&c, 3, one);
    a.cfg.allow_ids = allowed;
    node_start(&b, &n);
    node_start(&c, &n);
    node_start(&a, &n);
    node_dial(&b, &a);
    assert_int_equal(devp2p_server_add_peer(c.srv, NULL, a.url), 0);
    const devp2p_event *e = node_expect(&c, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_USELESS_PEER);
    assert_true(e->remote);
    assert_int_equal(counters(&a).not_allowed, 1);
    assert_int_equal(counters(&a).peers, 1);
    node_stop(&a);
    node_stop(&b);
    node_stop(&c);
    net_fini(&n);
}

/* --- trust --- */

static int outcome(node *x, uint64_t ticket)
{
    const devp2p_event *e;
    do
        e = node_expect(x, DEVP2P_EVENT_COMMAND);
    while (e->ticket != ticket);
    return e->code;
}

static void trust_of_a_live_peer(void **state)
{
    (void)state;
    net n;
    node a, b;
    uint64_t ticket;
    devp2p_peer *peer;
    net_init(&n, 73);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&b, &a);
    assert_int_equal(devp2p_server_peers(a.srv, &peer, 1), 1);
    assert_int_equal(devp2p_peer_flags(peer), DEVP2P_PEER_INBOUND);
    assert_int_equal(devp2p_server_add_trusted(a.srv, &ticket, b.url), 0);
    assert_int_equal(outcome(&a, ticket), 0);
    assert_int_equal(
        devp2p_peer_flags(peer), DEVP2P_PEER_INBOUND | DEVP2P_PEER_TRUSTED);
    assert_int_equal(devp2p_server_add_trusted(a.srv, &ticket, b.url), 0);
    assert_int_equal(outcome(&a, ticket), DEVP2P_ERR_EXISTS);
    assert_int_equal(devp2p_server_remove_trusted(a.srv, &ticket, b.url), 0);
    assert_int_equal(outcome(&a, ticket), 0);
    assert_int_equal(devp2p_peer_flags(peer), DEVP2P_PEER_INBOUND);
    assert_int_equal(devp2p_server_remove_trusted(a.srv, &ticket, b.url), 0);
    assert_int_equal(outcome(&a, ticket), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(
        devp2p_server_add_trusted(a.srv, NULL, "enode://"), DEVP2P_ERR_URL);
    /* a peer that becomes static is seen to be so, too */
    assert_int_equal(devp2p_server_add_peer(a.srv, &ticket, b.url), 0);
    assert_int_equal(outcome(&a, ticket), 0);
    assert_int_equal(
        devp2p_peer_flags(peer), DEVP2P_PEER_INBOUND | DEVP2P_PEER_STATIC);
    assert_int_equal(devp2p_server_count(a.srv), 1);
    devp2p_peer_drop(peer);
    node_stop(&b);
    node_stop(&a);
    net_fini(&n);
}

static void shares(void **state)
{
    (void)state;
    net n;
    node a;
    struct { /* as of a program that was made for fewer counters */
        uint64_t accepted, guard;
    } old = { 1, 7 };
    net_init(&n, 74);
    node_config(&a, 1, one);
    a.cfg.max_peers = 10;
    node_start(&a, &n);
    assert_int_equal(devp2p_server_max_inbound(a.srv), 7);
    assert_int_equal(devp2p_server_max_dialled(a.srv), 3);
    devp2p_server_counters_sized(
        a.srv, (devp2p_counters *)(void *)&old, sizeof old.accepted);
    assert_int_equal(old.accepted, 0);
    assert_int_equal(old.guard, 7);
    node_stop(&a);
    net_fini(&n);
}

/* --- full --- */

/* A full server, 10,000 strangers in 10 s, and a trusted node that tries every
 * second: it is a peer within 5 s, few others are listened to, and who speaks
 * hears why. */
static void a_full_server_under_a_flood(void **state)
{
    (void)state;
    static stranger all[STRANGERS];
    net n;
    node a, b, c, d;
    const char *trusted[] = { c.url, NULL };
    int in_after = -1;
    net_init(&n, 75);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_config(&c, 3, one);
    node_config(&d, 4, one);
    a.cfg.max_peers = 2; /* one inbound */
    a.cfg.trusted_nodes = trusted;
    a.cfg.log_level = DEVP2P_LOG_OFF;
    node_start(&c, &n);
    node_start(&b, &n);
    node_start(&d, &n);
    node_start(&a, &n);
    node_dial(&b, &a);
    assert_int_equal(devp2p_server_add_peer(d.srv, NULL, a.url), 0);
    const devp2p_event *e = node_expect(&d, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_true(e->remote);
    node_stop(&d);
    devp2p_counters before = counters(&a);
    for (size_t i = 0; i < STRANGERS; i++) {
        devp2p_addr ip = { .ip = { 20, (uint8_t)(i >> 8), (uint8_t)i, 1 },
            .family = 4 };
        if (i % 1000 == 500 && in_after < 0) { /* again */
            assert_int_equal(devp2p_server_remove_peer(c.srv, NULL, a.url), 0);
            net_run(&n, DP_US);
            assert_int_equal(devp2p_server_add_peer(c.srv, NULL, a.url), 0);
        }
        come(&all[i], &n, &ip, 1);
        net_run(&n, DP_MS);
        if (in_after < 0 && devp2p_server_count(a.srv) == 2)
            in_after = (int)i;
        if (i >= 100 && all[i - 100].ended)
            go(&all[i - 100]);
    }
    net_run(&n, DP_SEC);
    assert_in_range(in_after, 0, 5500);
    devp2p_counters after = counters(&a);
    assert_in_range(
        after.farewells - before.farewells, 45, 50 + DP_FAREWELLS_PER_S);
    assert_int_equal(after.trusted, 1);
    assert_int_equal(after.farewells - before.farewells + after.refused_full -
                         before.refused_full,
        STRANGERS);
    for (size_t i = 0; i < STRANGERS; i++)
        go(&all[i]);
    node_stop(&c);
    node_stop(&b);
    node_stop(&a);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_addresses_are_exempt),
        cmocka_unit_test(networks),
        cmocka_unit_test(ids),
        cmocka_unit_test(trust_of_a_live_peer),
        cmocka_unit_test(shares),
        cmocka_unit_test(a_full_server_under_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
