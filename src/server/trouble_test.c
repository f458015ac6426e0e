/* SPDX-License-Identifier: MIT */
/* trouble_test.c - what goes wrong around a server: dials that nobody answers,
 * a pool that does not answer, malformed messages, crowds, no threads. */
#include "server/channel.h"
#include "server/net_fixture.h"

typedef struct ear {
    devp2p_rw *rw; /* borrowed while it is open */
    int heard, err;
} ear;

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    ear *e = user;

    (void)peer;
    e->rw = rw;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    ear *e = user;

    (void)rw, (void)msg;
    e->heard++;
    return 0;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    ear *e = user;

    (void)rw, (void)unsent;
    e->rw = NULL;
    e->err = reason;
}

static int listen(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    ear *e = user;
    devp2p_msg msg;

    (void)peer;
    while ((e->err = devp2p_read(rw, &msg)) == 0)
        e->heard++;
    return devp2p_read(rw, &msg) ? e->err : 0; /* closed stays closed */
}

static devp2p_protocol row(ear *e, bool runs)
{
    devp2p_protocol p = { .name = "p", .version = 1, .length = 1, .user = e };
    if (runs) {
        p.run = listen;
    } else {
        p.on_open = on_open;
        p.on_msg = on_msg;
        p.on_close = on_close;
    }
    return p;
}

typedef struct pair {
    net n;
    node a, b;
    ear ea, eb;
    devp2p_protocol pa[2], pb[2];
} pair;

static void pair_init(pair *p, bool b_runs)
{
    memset(p, 0, sizeof *p);
    net_init(&p->n, 51);
    p->pa[0] = row(&p->ea, false);
    p->pb[0] = row(&p->eb, b_runs);
    node_config(&p->a, 1, p->pa);
    node_config(&p->b, 2, p->pb);
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
}

static void pair_fini(pair *p)
{
    node_stop(&p->a);
    node_stop(&p->b);
    net_fini(&p->n);
}

/* A dial that nobody answers ends after 15 s, one that is refused at once. */
static void dials(void **state)
{
    (void)state;
    pair p;
    char url[DEVP2P_URL_MAX];

    pair_init(&p, false);
    net_hold(&p.n, p.a.world, p.b.world, true);
    uint64_t before = dp_sim_now(p.n.sim).mono;
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.b.url), 0);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_ERR_TIMEOUT);
    uint64_t took = dp_sim_now(p.n.sim).mono - before;
    assert_true(took >= DP_DIAL_NS && took <= DP_DIAL_NS + DP_SEC);
    assert_int_equal(devp2p_server_remove_peer(p.a.srv, NULL, p.b.url), 0);
    net_hold(&p.n, p.a.world, p.b.world, false);
    net_run(&p.n, 60 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.b.srv), 0);

    snprintf(url, sizeof url, "%.*s@10.0.0.2:4",
        (int)(strchr(p.b.url, '@') - p.b.url), p.b.url);
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, url), 0);
    e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_ERR_REFUSED);
    /* removed while it is being dialled */
    net_run(&p.n, 60 * DP_SEC);
    net_hold(&p.n, p.a.world, p.b.world, true);
    net_run(&p.n, 36 * DP_SEC);
    assert_int_equal(devp2p_server_remove_peer(p.a.srv, NULL, url), 0);
    e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    pair_fini(&p);
}

/* A node of its own that stands in a static list as a host name or without a
 * port is only a line in the log. */
static void undialable(void **state)
{
    (void)state;
    net n;
    node a, b;
    char name[DEVP2P_URL_MAX];
    const char *nodes[2] = { name, NULL };

    net_init(&n, 52);
    node_config(&b, 2, NULL);
    node_start(&b, &n);
    snprintf(name, sizeof name, "%.*s@example.org:30303",
        (int)(strchr(b.url, '@') - b.url), b.url);
    node_config(&a, 1, NULL);
    a.cfg.static_nodes = nodes;
    node_start(&a, &n);
    net_run(&n, 60 * DP_SEC);
    assert_int_equal(a.nevents, 0);
    uint64_t ticket;
    assert_int_equal(devp2p_server_add_peer(a.srv, &ticket, name), 0);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->code, DEVP2P_ERR_NAME);
    assert_int_equal(e->ticket, ticket);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* While the pool answers nobody, who is connected stays so: pings are answered
 * and messages pass.  Who wants to connect waits 5 s at most, and what the pool
 * answers after that is thrown away. */
static void latched(void **state)
{
    (void)state;
    pair p;
    node c;
    ear ec = { .rw = NULL };
    devp2p_protocol pc[] = { row(&ec, false), { .name = NULL } };

    pair_init(&p, false);
    node_dial(&p.a, &p.b);
    dp_sim_latch(p.n.sim, true);
    node_config(&c, 3, pc);
    node_start(&c, &p.n);
    assert_int_equal(devp2p_server_add_peer(c.srv, NULL, p.b.url), 0);
    const devp2p_event *e = node_expect(&c, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_ERR_TIMEOUT);
    net_run(&p.n, 3 * DP_DEAD_NS);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    assert_int_equal(devp2p_server_count(p.b.srv), 1);
    assert_int_equal(devp2p_send_items(p.ea.rw, 0, 1u), 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.eb.heard, 1);
    dp_sim_latch(p.n.sim, false);
    node_expect(&c, DEVP2P_EVENT_PEER_ADD);
    node_stop(&c);
    pair_fini(&p);
}

/* A compressed payload that is none, with a size that could be, ends the
 * connection with 0x02 and is never seen by a handler. */
static void bad_snappy(void **state)
{
    (void)state;
    static const uint8_t lie[] = { 5, (5 - 1) << 2, 'a', 'b' };
    for (int runs = 0; runs < 2; runs++) {
        pair p;
        dp_packet *packet;
        pair_init(&p, runs);
        node_dial(&p.a, &p.b);
        assert_int_equal(devp2p_send_items(p.ea.rw, 0, 1u), 0);
        assert_int_equal(dp_packet_new(&packet, &p.n.t.env, 0,
                             (devp2p_slice){ lie, sizeof lie }, false),
            0);
        assert_int_equal(dp_channel_send(dp_channel_of(p.ea.rw), packet), 0);
        dp_packet_drop(packet);
        assert_int_equal(devp2p_send_items(p.ea.rw, 0, 2u), 0);
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_DISC_PROTOCOL_ERROR);
        assert_false(e->remote);
        assert_string_equal(e->protocol, "");
        e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_DISC_PROTOCOL_ERROR);
        assert_true(e->remote);
        net_run(&p.n, DP_SEC);
        assert_int_equal(p.eb.heard, 1);
        assert_int_equal(
            p.eb.err, runs ? DEVP2P_ERR_CLOSED : DEVP2P_DISC_PROTOCOL_ERROR);
        pair_fini(&p);
    }
}

/* --- time --- */

typedef struct patience {
    node *x;
    int first, second, third;
    uint64_t waited;
} patience;

static int read_for(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    patience *t = user;
    devp2p_msg msg;

    (void)peer;
    t->first = devp2p_read_for(rw, &msg, 0);
    uint64_t before = dp_sim_now(t->x->net->sim).mono;
    t->second = devp2p_read_for(rw, &msg, 250);
    t->waited = dp_sim_now(t->x->net->sim).mono - before;
    t->third = devp2p_read_for(rw, &msg, 60000);
    return DEVP2P_DISC_REQUESTED;
}

static void read_timeouts(void **state)
{
    (void)state;
    pair p;
    patience t = { .third = -1 };

    pair_init(&p, true);
    node_stop(&p.b);
    t.x = &p.b;
    p.pb[0].run = read_for;
    p.pb[0].user = &t;
    node_config(&p.b, 2, p.pb);
    node_start(&p.b, &p.n);
    node_dial(&p.a, &p.b);
    net_run(&p.n, 5 * DP_SEC);
    assert_int_equal(t.first, DEVP2P_ERR_TIMEOUT);
    assert_int_equal(t.second, DEVP2P_ERR_TIMEOUT);
    assert_true(t.waited >= 250 * DP_MS && t.waited < 300 * DP_MS);
    assert_int_equal(t.third, -1);
    assert_int_equal(devp2p_send_items(p.ea.rw, 0, 1u), 0);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(t.third, 0);
    pair_fini(&p);
}

/* --- crowds --- */

enum { CROWD = 70 };

static int echo(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    ear *e = user;
    e->heard++;
    return devp2p_send_raw(rw, msg->code, msg->payload);
}

static bool full_house(void *user)
{
    node *x = user;
    return devp2p_server_count(x->srv) == CROWD;
}

static bool all_echoed(void *user)
{
    ear *e = user;
    for (size_t i = 0; i < CROWD; i++)
        if (!e[i].heard)
            return false;
    return true;
}

static int broadcast(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer, (void)user;
    static const uint8_t big[20000];
    return devp2p_send_raw(rw, 0, (devp2p_slice){ big, sizeof big });
}

/* More dial at once than may be in handshake: all come in, in turn. */
static void crowd(void **state)
{
    (void)state;
    static node a, c[CROWD];
    ear ea = { .rw = NULL }, ec[CROWD];
    devp2p_protocol pa[] = { row(&ea, false), { .name = NULL } };
    devp2p_protocol pc[CROWD][2] = { { { .name = NULL } } };
    const char *nodes[2] = { a.url, NULL };
    net n;

    net_init(&n, 53);
    pa[0].on_open = broadcast;
    node_config(&a, 200, pa);
    a.cfg.max_peers = 150; /* 100 inbound */
    node_start(&a, &n);
    for (uint8_t i = 0; i < CROWD; i++) {
        ec[i] = (ear){ .rw = NULL };
        pc[i][0] = row(&ec[i], false);
        pc[i][0].on_msg = echo;
        node_config(&c[i], (uint8_t)(i + 1), pc[i]);
        c[i].cfg.static_nodes = nodes;
        c[i].cfg.listen_addr = NULL;
        node_start(&c[i], &n);
    }
    assert_true(net_until(&n, full_house, &a));
    assert_true(net_until(&n, all_echoed, ec));
    net_run(&n, DP_SEC);
    assert_int_equal(ea.heard, CROWD);
    node_stop(&a);
    for (uint8_t i = 0; i < CROWD; i++) {
        node_expect(&c[i], DEVP2P_EVENT_PEER_DROP);
        node_stop(&c[i]);
    }
    net_fini(&n);
}

/* --- no threads --- */

static dp_world_ops threadless;

static int no_spawn(
    dp_world *w, void (*run)(void *arg), void *arg, size_t stack, dp_task **out)
{
    (void)w, (void)run, (void)arg, (void)stack, (void)out;
    return DEVP2P_ERR_LIMIT;
}

static void no_threads(void **state)
{
    (void)state;
    pair p;

    pair_init(&p, true);
    threadless = *p.b.world->ops;
    threadless.spawn = no_spawn;
    p.b.world->ops = &threadless;
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.b.url), 0);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_string_equal(e->protocol, "p");
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dials),
        cmocka_unit_test(undialable),
        cmocka_unit_test(latched),
        cmocka_unit_test(bad_snappy),
        cmocka_unit_test(read_timeouts),
        cmocka_unit_test(crowd),
        cmocka_unit_test(no_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
