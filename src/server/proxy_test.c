/* SPDX-License-Identifier: MIT */
/* proxy_test.c - dials through a SOCKS5 proxy, good ones and others. */
#include "server/proxy_fixture.h"

#include <string.h>

typedef struct trip {
    net w;
    proxy p;
    node a, b;
    test_env memory; /* of a */
    devp2p_node to_b;
    dp_world_ops ops; /* of a, with traps */
} trip;

/* --- nothing but TCP to the proxy leaves a --- */

static int no_datagrams(dp_world *w, const devp2p_addr *at, void *user,
    dp_io **out, devp2p_addr *bound)
{
    (void)w, (void)at, (void)user, (void)out, (void)bound;
    fail_msg("a datagram socket");
    return 0;
}

static int no_names(dp_world *w, uint64_t token, const char *name, bool txt)
{
    (void)w, (void)token, (void)txt;
    fail_msg("looks %s up", name);
    return 0;
}

static int (*real_connect)(
    dp_world *w, const devp2p_addr *to, void *user, dp_io **out);

static int only_the_proxy(
    dp_world *w, const devp2p_addr *to, void *user, dp_io **out)
{
    char text[DEVP2P_ADDR_TEXT];
    assert_string_equal(devp2p_addr_text(text, to), "10.0.0.9:1080");
    return real_connect(w, to, user, out);
}

/* --- a trip --- */

static void trip_init(trip *t)
{
    memset(t, 0, sizeof *t);
    net_init(&t->w, 7);
    test_env_init(&t->memory);
    proxy_init(&t->p, &t->w);
    node_config(&t->a, 1, NULL);
    node_config(&t->b, 2, NULL);
    t->a.memory = &t->memory;
    t->a.cfg.listen_addr = NULL;
    t->a.cfg.socks5 = "10.0.0.9:1080";
    node_start(&t->b, &t->w);
    devp2p_server_self(t->b.srv, &t->to_b);
    t->to_b.addr = node_ip(2);
    t->to_b.addr.port = 30303;
}

static void trip_start(trip *t)
{
    assert_int_equal(node_new(&t->a, &t->w), 0);
    t->ops = *t->a.world->ops;
    t->ops.udp = no_datagrams;
    t->ops.resolve = no_names;
    real_connect = t->ops.connect;
    t->ops.connect = only_the_proxy;
    t->a.world->ops = &t->ops;
    assert_int_equal(devp2p_server_start(t->a.srv), 0);
}

static void trip_fini(trip *t)
{
    node_stop(&t->a);
    node_stop(&t->b);
    proxy_fini(&t->p);
    assert_int_equal(t->memory.live, 0);
    net_fini(&t->w);
}

static void dial_b(trip *t, const char *host)
{
    char url[DEVP2P_URL_MAX];
    devp2p_node to = t->to_b;
    if (host[0]) {
        to.addr = (devp2p_addr){ .port = 30303 };
        snprintf(to.host, sizeof to.host, "%s", host);
    }
    assert_int_equal(
        devp2p_server_add_peer(t->a.srv, NULL, devp2p_node_url(url, &to)), 0);
}

static int failure(trip *t)
{
    return node_expect(&t->a, DEVP2P_EVENT_DIAL_FAIL)->code;
}

static void remote_is(devp2p_server *srv, const char *address)
{
    devp2p_peer *peer;
    char text[DEVP2P_ADDR_TEXT];
    assert_int_equal(devp2p_server_peers(srv, &peer, 1), 1);
    devp2p_addr_text(text, devp2p_peer_remote(peer));
    assert_memory_equal(text, address, strlen(address));
    devp2p_peer_drop(peer);
}

/* --- the ways through it --- */

static void by_address(void **state)
{
    (void)state;
    trip t;
    trip_init(&t);
    trip_start(&t);
    dial_b(&t, "");
    node_expect(&t.a, DEVP2P_EVENT_PEER_ADD);
    node_expect(&t.b, DEVP2P_EVENT_PEER_ADD);
    assert_string_equal(t.p.asked, "10.0.0.2:30303");
    remote_is(t.a.srv, "10.0.0.2:30303");
    remote_is(t.b.srv, "10.0.0.9:");
    net_run(&t.w, 60 * DP_SEC); /* pings pass */
    assert_int_equal(devp2p_server_count(t.a.srv), 1);
    assert_int_equal(t.p.n, 1);
    trip_fini(&t);
}

static void by_name_and_password(void **state)
{
    (void)state;
    trip t;
    trip_init(&t);
    t.a.cfg.socks5 = "me:word@10.0.0.9:1080";
    t.p.user = "me:word";
    t.p.named = t.to_b.addr;
    trip_start(&t);
    dial_b(&t, "b.example");
    node_expect(&t.a, DEVP2P_EVENT_PEER_ADD);
    assert_string_equal(t.p.asked, "b.example:30303");
    remote_is(t.a.srv, ":30303");
    trip_fini(&t);
}

/* Any pieces, in any order of their moments. */
static void in_small_pieces(void **state)
{
    (void)state;
    trip t;
    trip_init(&t);
    t.a.cfg.socks5 = "me:word@10.0.0.9:1080";
    t.p.user = "me:word";
    t.p.named = t.to_b.addr;
    trip_start(&t);
    devp2p_sim_link link = { .latency_us = 1000, .slice = 2 };
    assert_int_equal(dp_sim_set_link(t.w.sim, t.a.world, t.p.w, &link), 0);
    dial_b(&t, "b.example");
    node_expect(&t.a, DEVP2P_EVENT_PEER_ADD);
    trip_fini(&t);
}

/* A node of the configuration may have a name. */
static void a_static_node_by_name(void **state)
{
    (void)state;
    trip t;
    char url[DEVP2P_URL_MAX];
    const char *nodes[] = { url, NULL };
    trip_init(&t);
    t.p.named = t.to_b.addr;
    devp2p_node to = t.to_b;
    to.addr = (devp2p_addr){ .port = 30303 };
    snprintf(to.host, sizeof to.host, "b.example");
    devp2p_node_url(url, &to);
    t.a.cfg.static_nodes = nodes;
    trip_start(&t);
    node_expect(&t.a, DEVP2P_EVENT_PEER_ADD);
    trip_fini(&t);
}

/* --- what goes wrong --- */

static void every_reply_is_named(void **state)
{
    (void)state;
    static const int errs[] = { DEVP2P_ERR_PROXY_FAILURE,
        DEVP2P_ERR_PROXY_RULES, DEVP2P_ERR_PROXY_NETWORK, DEVP2P_ERR_PROXY_HOST,
        DEVP2P_ERR_PROXY_REFUSED, DEVP2P_ERR_PROXY_TTL,
        DEVP2P_ERR_PROXY_COMMAND, DEVP2P_ERR_PROXY_ADDRESS, DEVP2P_ERR_PROXY };
    trip t;
    trip_init(&t);
    trip_start(&t);
    t.p.reply = 1;
    dial_b(&t, "");
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        assert_int_equal(failure(&t), errs[i]);
        t.p.reply++;
    }
    t.p.reply = 0;
    node_expect(&t.a, DEVP2P_EVENT_PEER_ADD);
    trip_fini(&t);
}

/* The next dial finds another proxy each time. */
static void proxies_that_are_none(void **state)
{
    (void)state;
    trip t;
    trip_init(&t);
    trip_start(&t);
    t.p.web = true;
    dial_b(&t, "nobody.example");
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY);
    t.p.web = false;
    t.p.leaves = true;
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY);
    t.p.leaves = false;
    t.p.user = "me:word"; /* of which a knows nothing */
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY_AUTH);
    t.p.user = NULL;
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY_HOST); /* no such name */
    assert_string_equal(t.p.asked, "nobody.example:30303");
    t.p.w->ops->close(t.p.listener, false);
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY);
    trip_fini(&t);
}

static void a_wrong_password(void **state)
{
    (void)state;
    trip t;
    trip_init(&t);
    t.a.cfg.socks5 = "me:sword@10.0.0.9:1080";
    t.p.user = "me:word";
    trip_start(&t);
    dial_b(&t, "");
    assert_int_equal(failure(&t), DEVP2P_ERR_PROXY_AUTH);
    trip_fini(&t);
}

/* 15 s are for all of it, however busy the proxy looks. */
static void no_dial_takes_longer(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        trip t;
        trip_init(&t);
        trip_start(&t);
        t.p.mute = i == 0;
        t.p.drip = i == 0 ? 0 : DP_SEC / 10;
        uint64_t began = dp_sim_now(t.w.sim).mono;
        dial_b(&t, "");
        assert_int_equal(failure(&t), DEVP2P_ERR_TIMEOUT);
        assert_in_range(
            dp_sim_now(t.w.sim).mono - began, DP_DIAL_NS, DP_DIAL_NS + DP_SEC);
        trip_fini(&t);
    }
}

/* Given up in the middle of it, by a stop or a command. */
static void given_up(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        trip t;
        trip_init(&t);
        trip_start(&t);
        t.p.mute = true;
        dial_b(&t, "");
        net_run(&t.w, DP_SEC);
        assert_int_equal(t.p.n, 1);
        if (i == 0)
            devp2p_server_stop(t.a.srv);
        else
            assert_int_equal(
                devp2p_server_remove_peer(t.a.srv, NULL, t.b.url), 0);
        assert_int_equal(
            failure(&t), i == 0 ? DEVP2P_DISC_QUITTING : DEVP2P_DISC_REQUESTED);
        net_run(&t.w, DP_SEC);
        assert_null(t.p.tunnels[0].io[0]); /* a has closed it */
        trip_fini(&t);
    }
}

/* Each allocation fails once; the next dial goes through. */
static void without_memory(void **state)
{
    (void)state;
    size_t n = 0, fails;
    do {
        trip t;
        trip_init(&t);
        t.p.named = t.to_b.addr;
        trip_start(&t);
        test_env_fail(&t.memory, ++n);
        char url[DEVP2P_URL_MAX];
        devp2p_node to = t.to_b;
        to.addr = (devp2p_addr){ .port = 30303 };
        snprintf(to.host, sizeof to.host, "b.example");
        devp2p_node_url(url, &to);
        int err = devp2p_server_add_peer(t.a.srv, NULL, url);
        net_run(&t.w, 2 * DP_SEC);
        fails = t.memory.fails;
        t.memory.fail_from = 0;
        assert_true(!err || err == DEVP2P_ERR_NOMEM);
        if (devp2p_server_count(t.a.srv) == 0) {
            assert_int_equal(fails, 1);
            (void)!devp2p_server_add_peer(t.a.srv, NULL, url);
            net_run(&t.w, 80 * DP_SEC);
        }
        assert_int_equal(devp2p_server_count(t.a.srv), 1);
        trip_fini(&t);
    } while (fails);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_address),
        cmocka_unit_test(by_name_and_password),
        cmocka_unit_test(in_small_pieces),
        cmocka_unit_test(a_static_node_by_name),
        cmocka_unit_test(every_reply_is_named),
        cmocka_unit_test(proxies_that_are_none),
        cmocka_unit_test(a_wrong_password),
        cmocka_unit_test(no_dial_takes_longer),
        cmocka_unit_test(given_up),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
