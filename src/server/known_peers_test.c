/* SPDX-License-Identifier: MIT */
/* known_peers_test.c - what the handshake of a peer costs that was here before
 * (tokens.h): exchanges of one server are counted. */
#include "server/net_fixture.h"

#include "core/ec_job.h"
#include "counting_curve.h"

enum { EXCHANGES = 4, KNOWN = 3 };

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static const devp2p_protocol one[] = {
    { .name = "one", .version = 1, .length = 1, .on_msg = on_msg },
    { .name = NULL },
};
static const devp2p_protocol two[] = {
    { .name = "two", .version = 1, .length = 1, .on_msg = on_msg },
    { .name = NULL },
};

typedef struct pair {
    net n;
    node host, guest;
    dp_crypto *real;
} pair;

static void pair_init(pair *p)
{
    net_init(&p->n, 9);
    assert_int_equal(dp_crypto_new(&p->real, &p->n.t.env, NULL), 0);
    counted.curve = dp_crypto_curve(p->real);
    node_config(&p->host, 1, one);
    node_config(&p->guest, 2, one);
}

/* pair_start: the host's curve is counted. */
static void pair_start(pair *p)
{
    node *x = &p->host;
    devp2p_addr ip = node_ip(1);
    devp2p_node self;

    node_start(&p->guest, &p->n);
    x->net = &p->n;
    x->cfg.alloc = test_alloc;
    x->cfg.alloc_user = &p->n.t;
    assert_int_equal(dp_sim_world(&x->world, p->n.sim, &ip), 0);
    assert_int_equal(dp_server_new(&x->srv, &x->cfg, sizeof x->cfg,
                         sizeof(devp2p_protocol), x->world, &counting_curve),
        0);
    assert_int_equal(devp2p_server_start(x->srv), 0);
    devp2p_server_self(x->srv, &self);
    self.addr.ip[0] = 10, self.addr.ip[1] = self.addr.ip[2] = 0;
    self.addr.ip[3] = 1;
    devp2p_node_url(x->url, &self);
    counted.ecdh = 0;
}

static void pair_fini(pair *p)
{
    node_stop(&p->host);
    node_stop(&p->guest);
    dp_crypto_free(p->real);
    net_fini(&p->n);
}

/* part ends what there is; nobody is dialled again. */
static void part(node *from, node *to)
{
    assert_int_equal(devp2p_server_remove_peer(from->srv, NULL, to->url), 0);
    node_expect(from, DEVP2P_EVENT_PEER_DROP);
    node_expect(to, DEVP2P_EVENT_PEER_DROP);
    net_run(from->net, 60 * DP_SEC);
}

/* exchanges_of is what a connection costs the host. */
static unsigned exchanges_of(node *from, node *to)
{
    counted.ecdh = 0;
    node_dial(from, to);
    part(from, to);
    return counted.ecdh;
}

static void costs_less_the_second_time(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pair_start(&p);
    assert_int_equal(exchanges_of(&p.guest, &p.host), EXCHANGES);
    assert_int_equal(exchanges_of(&p.guest, &p.host), KNOWN);
    assert_int_equal(exchanges_of(&p.host, &p.guest), KNOWN);
    assert_int_equal(exchanges_of(&p.guest, &p.host), KNOWN);
    pair_fini(&p);
}

static void whom_we_dialled_too(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pair_start(&p);
    assert_int_equal(exchanges_of(&p.host, &p.guest), EXCHANGES);
    assert_int_equal(exchanges_of(&p.host, &p.guest), KNOWN);
    pair_fini(&p);
}

static void none_is_kept(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    p.host.cfg.kept_secrets = DEVP2P_NONE;
    pair_start(&p);
    assert_int_equal(exchanges_of(&p.guest, &p.host), EXCHANGES);
    assert_int_equal(exchanges_of(&p.guest, &p.host), EXCHANGES);
    pair_fini(&p);
}

/* Who completes the handshake but is not let in is not kept. */
static void only_who_was_let_in(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    p.guest.cfg.protocols = two;
    p.host.cfg.protocols = one;
    pair_start(&p);
    for (int i = 0; i < 2; i++) {
        counted.ecdh = 0;
        assert_int_equal(
            devp2p_server_add_peer(p.guest.srv, NULL, p.host.url), 0);
        node_expect(&p.guest, DEVP2P_EVENT_DIAL_FAIL);
        assert_int_equal(
            devp2p_server_remove_peer(p.guest.srv, NULL, p.host.url), 0);
        net_run(&p.n, 60 * DP_SEC);
        assert_int_equal(counted.ecdh, EXCHANGES);
    }
    pair_fini(&p);
}

/* --- who lies --- */

static int liar;

/* lie connects and says to be the guest, without its key. */
static void lie(pair *p)
{
    dp_world *w = p->guest.world;
    const devp2p_pubkey host = p->host.srv->self.pub;
    const devp2p_pubkey guest = p->guest.srv->self.pub;
    devp2p_key key;
    uint8_t noise[200];
    dp_ec *ec;
    dp_io *io;
    int raw[2];
    size_t n;

    assert_int_equal(dp_key_draw(&p->n.t.env, &key), 0);
    const dp_handshake_setup how = { .env = &p->n.t.env,
        .crypto = p->real,
        .key = &key,
        .pub = &guest,
        .dial = &host };
    assert_int_equal(dp_ec_new(&ec, &how), 0);
    assert_int_equal(dp_ec_draw(ec), 0);
    dp_ec_run(ec);
    assert_int_equal(ec->err, 0);
    assert_int_equal(dp_sim_raw(w, p->host.world, raw), 0);
    assert_int_equal(devp2p_server_setup_conn(
                         p->host.srv, NULL, raw[1], DEVP2P_PEER_INBOUND, NULL),
        0);
    assert_int_equal(w->ops->adopt(w, raw[0], &liar, &io), 0);
    assert_int_equal(w->ops->write(io, ec->out, ec->out_len, &n), 0);
    net_run(&p->n, DP_SEC);
    net_noise(noise, sizeof noise);
    (void)!w->ops->write(io, noise, sizeof noise, &n);
    net_run(&p->n, 10 * DP_SEC);
    w->ops->close(io, true);
    dp_ec_free(ec);
}

static size_t added(const node *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nevents; i++)
        n += x->events[i].kind == DEVP2P_EVENT_PEER_ADD;
    return n;
}

/* That the secret of a peer is kept helps nobody who has not its key; and what
 * such a one does changes nothing in what is kept. */
static void a_wrong_proof_is_refused(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pair_start(&p);
    lie(&p);
    assert_int_equal(added(&p.host), 0);
    assert_int_equal(counted.ecdh, EXCHANGES);
    assert_int_equal(exchanges_of(&p.guest, &p.host), EXCHANGES);
    counted.ecdh = 0;
    lie(&p);
    assert_int_equal(counted.ecdh, KNOWN);
    assert_int_equal(added(&p.host), 1);
    assert_int_equal(devp2p_server_count(p.host.srv), 0);
    assert_int_equal(exchanges_of(&p.guest, &p.host), KNOWN);
    assert_int_equal(added(&p.host), 2);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_less_the_second_time),
        cmocka_unit_test(whom_we_dialled_too),
        cmocka_unit_test(none_is_kept),
        cmocka_unit_test(only_who_was_let_in),
        cmocka_unit_test(a_wrong_proof_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
