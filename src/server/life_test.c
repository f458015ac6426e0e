/* SPDX-License-Identifier: MIT */
/* life_test.c - a server from new to free, and who finds whom. */
#include "server/net_fixture.h"

#include <string.h>

static int quiet(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static const devp2p_protocol one[] = {
    { .name = "one", .version = 1, .length = 1, .on_msg = quiet },
    { .name = NULL },
};
static const devp2p_protocol one_newer[] = {
    { .name = "one", .version = 2, .length = 1, .on_msg = quiet },
    { .name = NULL },
};

static void starts_once(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 1);
    node_config(&a, 1, one);
    node_start(&a, &n);
    assert_int_equal(devp2p_server_start(a.srv), DEVP2P_ERR_STATE);
    assert_non_null(strstr(devp2p_last_detail(), "starts once"));
    assert_int_equal(devp2p_server_run(a.srv), DEVP2P_ERR_STATE);
    net_run(&n, DP_SEC);
    devp2p_server_stop(a.srv);
    devp2p_server_stop(a.srv);
    assert_int_equal(devp2p_server_wait(a.srv), 0);
    assert_int_equal(devp2p_server_wait(a.srv), 0);
    assert_int_equal(devp2p_server_start(a.srv), DEVP2P_ERR_STATE);
    devp2p_server_stop(a.srv);
    node_stop(&a);
    devp2p_server_free(NULL);
    net_fini(&n);
}

static void never_started(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 1);
    node_config(&a, 1, one);
    assert_int_equal(node_new(&a, &n), 0);
    assert_int_equal(devp2p_server_wait(a.srv), DEVP2P_ERR_STATE);
    devp2p_server_stop(a.srv);
    assert_int_equal(devp2p_server_start(a.srv), DEVP2P_ERR_STATE);
    assert_int_equal(
        devp2p_server_add_peer(a.srv, NULL, "enode://"), DEVP2P_ERR_URL);
    node_stop(&a);
    net_fini(&n);
}

static void stop_at_once(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 1);
    node_config(&a, 1, one);
    node_start(&a, &n);
    devp2p_server_stop(a.srv); /* before the first turn */
    assert_int_equal(devp2p_server_wait(a.srv), 0);
    node_stop(&a);
    net_fini(&n);
}

static void key(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 1);
    node_config(&a, 0, one);
    assert_int_equal(node_new(&a, &n), DEVP2P_ERR_KEY);
    assert_non_null(strstr(devp2p_last_detail(), "private_key"));
    memset(a.cfg.private_key.b, 0xff, 32);
    assert_int_equal(node_new(&a, &n), DEVP2P_ERR_KEY);
    net_fini(&n);
}

/* 64 names of 64 letters are more than a Hello can hold. */
static void hello_too_long(void **state)
{
    (void)state;
    static char names[DP_PROTOCOLS_MAX][DP_NAME_MAX + 1];
    devp2p_protocol rows[DP_PROTOCOLS_MAX + 1] = { { .name = NULL } };
    net n;
    node a;

    for (size_t i = 0; i < DP_PROTOCOLS_MAX; i++) {
        rows[i] = one[0];
        memset(names[i], 'a' + (int)i % 26, DP_NAME_MAX);
        rows[i].version = (uint32_t)i;
        rows[i].name = names[i];
    }
    net_init(&n, 1);
    node_config(&a, 1, rows);
    assert_int_equal(node_new(&a, &n), DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "protocols: "));
    net_fini(&n);
}

/* A start that failed leaves the server as it was. */
static void address_in_use(void **state)
{
    (void)state;
    net n;
    node a;
    dp_io *io;
    devp2p_addr at = { .family = 4, .port = 30303 }, bound;

    net_init(&n, 1);
    node_config(&a, 1, one);
    assert_int_equal(node_new(&a, &n), 0);
    assert_int_equal(a.world->ops->listen(a.world, &at, NULL, &io, &bound), 0);
    assert_int_equal(devp2p_server_start(a.srv), DEVP2P_ERR_ADDR_IN_USE);
    assert_string_equal(
        devp2p_last_detail(), "listen_addr: :30303: address already in use");
    assert_int_equal(devp2p_server_wait(a.srv), DEVP2P_ERR_STATE);
    a.world->ops->close(io, false);
    assert_int_equal(devp2p_server_start(a.srv), 0);
    node_stop(&a);
    net_fini(&n);
}

static void nobody_listens(void **state)
{
    (void)state;
    net n;
    node a;
    devp2p_node self;

    net_init(&n, 1);
    node_config(&a, 1, NULL);
    a.cfg.listen_addr = NULL;
    node_start(&a, &n);
    devp2p_server_self(a.srv, &self);
    assert_int_equal(self.addr.port, 0);
    assert_int_equal(self.addr.family, 4);
    net_run(&n, DP_SEC);
    node_stop(&a);
    net_fini(&n);
}

static void any_port(void **state)
{
    (void)state;
    net n;
    node a;
    devp2p_node self;
    char text[DEVP2P_URL_MAX];

    net_init(&n, 1);
    node_config(&a, 1, one);
    a.cfg.listen_addr = ":0";
    node_start(&a, &n);
    devp2p_server_self(a.srv, &self);
    assert_true(self.addr.port != 0);
    assert_int_equal(self.addr.ip[0], 127);
    assert_int_equal(self.udp, 0);
    assert_non_null(strstr(devp2p_node_url(text, &self), "?discport=0"));
    node_stop(&a);
    net_fini(&n);
}

/* wait says so on the loop and in a handler. */
static int waits_for_itself(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    node *x = user;
    (void)peer, (void)rw;
    assert_int_equal(devp2p_server_wait(x->srv), DEVP2P_ERR_STATE);
    return DEVP2P_DISC_REQUESTED;
}

static void wait_states(void **state)
{
    (void)state;
    net n;
    node a, b;
    devp2p_protocol loop[] = { one[0], { .name = NULL } };
    devp2p_protocol thread[] = { one[0], { .name = NULL } };

    loop[0].on_open = waits_for_itself;
    loop[0].user = &a;
    thread[0].on_msg = NULL;
    thread[0].run = waits_for_itself;
    thread[0].user = &b;
    net_init(&n, 1);
    node_config(&a, 1, loop);
    node_config(&b, 2, thread);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    assert_int_equal(
        node_expect(&a, DEVP2P_EVENT_PEER_DROP)->code, DEVP2P_DISC_REQUESTED);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* refuses: a dials b and hears the reason. */
static void refuses(
    const devp2p_protocol *pa, const devp2p_protocol *pb, int code)
{
    net n;
    node a, b;

    net_init(&n, 3);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_server_add_peer(a.srv, NULL, b.url), 0);
    assert_int_equal(node_expect(&a, DEVP2P_EVENT_DIAL_FAIL)->code, code);
    assert_int_equal(devp2p_server_count(a.srv), 0);
    assert_int_equal(devp2p_server_count(b.srv), 0);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* Who shares nothing is useless, but not to those who have no protocols. */
static void nothing_shared(void **state)
{
    (void)state;
    net n;
    node a, b;

    refuses(one, one_newer, DEVP2P_DISC_USELESS_PEER);
    refuses(one, NULL, DEVP2P_DISC_USELESS_PEER);
    net_init(&n, 3);
    node_config(&a, 1, NULL);
    node_config(&b, 2, NULL);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    net_run(&n, 100 * DP_SEC);
    assert_int_equal(devp2p_server_count(a.srv), 1);
    assert_int_equal(devp2p_server_count(b.srv), 1);
    node_stop(&a);
    node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    node_stop(&b);
    net_fini(&n);
}

static void too_many(void **state)
{
    (void)state;
    net n;
    node a, b, c;

    net_init(&n, 4);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_config(&c, 3, one);
    b.cfg.max_peers = 1;
    b.cfg.dial_ratio = DEVP2P_NONE;
    node_start(&a, &n);
    node_start(&b, &n);
    node_start(&c, &n);
    node_dial(&a, &b);
    assert_int_equal(devp2p_server_add_peer(c.srv, NULL, b.url), 0);
    const devp2p_event *e = node_expect(&c, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->code, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_true(e->remote);
    assert_int_equal(devp2p_server_count(b.srv), 1);
    node_stop(&a);
    node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    node_expect(&c, DEVP2P_EVENT_PEER_ADD); /* it tries again */
    node_stop(&c);
    node_stop(&b);
    net_fini(&n);
}

/* ourselves and a wrong key: nothing comes of it, and the other end of a wrong
 * key hears nothing but silence. */
static void wrong_nodes(void **state)
{
    (void)state;
    net n;
    node a, b, c;
    char url[DEVP2P_URL_MAX];
    uint64_t ticket;

    net_init(&n, 5);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_config(&c, 3, one);
    node_start(&a, &n);
    node_start(&b, &n);
    node_start(&c, &n);
    assert_int_equal(devp2p_server_add_peer(a.srv, &ticket, a.url), 0);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->code, DEVP2P_DISC_SELF);
    assert_int_equal(e->ticket, ticket);
    /* the key of c at the address of b */
    snprintf(url, sizeof url, "%.*s@10.0.0.2:30303",
        (int)(strchr(c.url, '@') - c.url), c.url);
    assert_int_equal(devp2p_server_add_peer(a.srv, &ticket, url), 0);
    e = node_expect(&a, DEVP2P_EVENT_DIAL_FAIL);
    assert_true(e->code < 0 && !DEVP2P_IS_DISC(e->code));
    assert_int_equal(b.nevents, 0);
    node_stop(&a);
    node_stop(&b);
    node_stop(&c);
    net_fini(&n);
}

/* Static nodes of the configuration are dialled without a word. */
static void static_nodes(void **state)
{
    (void)state;
    net n;
    node a, b;
    const char *nodes[2] = { NULL, NULL };

    net_init(&n, 6);
    node_config(&b, 2, one);
    node_start(&b, &n);
    nodes[0] = b.url;
    node_config(&a, 1, one);
    a.cfg.static_nodes = nodes;
    node_start(&a, &n);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(a.nevents, 1);
    assert_int_equal(e->flags, DEVP2P_PEER_STATIC);
    e = node_expect(&b, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(e->flags, DEVP2P_PEER_INBOUND);
    node_stop(&b);
    node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    e = node_expect(
        &a, DEVP2P_EVENT_DIAL_FAIL); /* 1 to 2 s later, and 35 s after that */
    uint64_t at = e->time_ms;
    e = node_expect(&a, DEVP2P_EVENT_DIAL_FAIL);
    assert_true(e->time_ms >= at + 34000 && e->time_ms <= at + 51000);
    node_stop(&a);
    net_fini(&n);
}

static void commands(void **state)
{
    (void)state;
    net n;
    node a, b;
    uint64_t first, second;

    net_init(&n, 7);
    node_config(&a, 1, one);
    node_config(&b, 2, one);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_server_add_peer(a.srv, &first, b.url), 0);
    assert_int_equal(devp2p_server_add_peer(a.srv, &second, b.url), 0);
    assert_true(first != 0 && second != first);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->ticket, first);
    assert_int_equal(e->code, 0);
    e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->ticket, second);
    assert_int_equal(e->code, DEVP2P_ERR_EXISTS);
    node_expect(&a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(devp2p_server_remove_peer(a.srv, &first, b.url), 0);
    e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->ticket, first);
    assert_int_equal(e->code, 0);
    e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_REQUESTED);
    assert_true(e->remote);
    e = node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_REQUESTED);
    assert_false(e->remote);
    net_run(&n, 100 * DP_SEC);
    assert_int_equal(devp2p_server_count(a.srv), 0);
    assert_int_equal(devp2p_server_remove_peer(a.srv, &first, b.url), 0);
    e = node_expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->code, DEVP2P_ERR_NOT_FOUND);
    devp2p_server_stop(a.srv);
    assert_int_equal(
        devp2p_server_add_peer(a.srv, NULL, b.url), DEVP2P_ERR_CLOSED);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* The mailbox takes so many commands between two turns. */
static void mailbox_full(void **state)
{
    (void)state;
    net n;
    node a;

    net_init(&n, 8);
    node_config(&a, 1, one);
    a.cfg.on_event = NULL;
    node_start(&a, &n);
    for (int i = 0; i < DP_COMMANDS_MAX; i++)
        assert_int_equal(devp2p_server_remove_peer(a.srv, NULL, a.url), 0);
    assert_int_equal(
        devp2p_server_remove_peer(a.srv, NULL, a.url), DEVP2P_ERR_AGAIN);
    devp2p_server_free(a.srv); /* with commands that nobody read */
    net_fini(&n);
}

/* Whatever allocation of _new fails, the sentence is about that. */
static void no_memory_says_so(void **state)
{
    (void)state;
    int err = DEVP2P_ERR_NOMEM;
    for (size_t k = 1; err; k++) {
        net n;
        node x;
        devp2p_addr ip = node_ip(1);
        net_init(&n, 1);
        node_config(&x, 1, NULL);
        x.cfg.alloc = n.t.env.alloc;
        x.cfg.alloc_user = n.t.env.alloc_user;
        assert_int_equal(dp_sim_world(&x.world, n.sim, &ip), 0);
        dp_fail(0, "stale");
        test_env_fail(&n.t, k);
        err = dp_server_new(&x.srv, &x.cfg, sizeof x.cfg,
            sizeof(devp2p_protocol), x.world, NULL);
        if (err) {
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
            assert_string_equal(devp2p_last_detail(), "out of memory");
            x.world->ops->free(x.world);
        } else {
            node_stop(&x);
        }
        net_fini(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_once),
        cmocka_unit_test(never_started),
        cmocka_unit_test(stop_at_once),
        cmocka_unit_test(key),
        cmocka_unit_test(hello_too_long),
        cmocka_unit_test(address_in_use),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(any_port),
        cmocka_unit_test(wait_states),
        cmocka_unit_test(nothing_shared),
        cmocka_unit_test(too_many),
        cmocka_unit_test(wrong_nodes),
        cmocka_unit_test(static_nodes),
        cmocka_unit_test(commands),
        cmocka_unit_test(no_memory_says_so),
        cmocka_unit_test(mailbox_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
