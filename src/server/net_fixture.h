/* SPDX-License-Identifier: MIT */
/* net_fixture.h - servers in a simulated world, for tests.  Node n has the
 * address 10.0.0.n, the key n, and listens on port 30303. */
#ifndef DP_NET_FIXTURE_H
#define DP_NET_FIXTURE_H

#include "test.h"

#include "base/limits.h"
#include "server/join.h"
#include "server/server.h"
#include "sim/sim.h"
#include "test_env.h"

#include <stdio.h>

enum { NET_EVENTS = 512 };

/* NET_LOOPS is how many loops a server has.  cmake/tests.cmake makes some of
 * the tests a second time, with more. */
#ifndef NET_LOOPS
#define NET_LOOPS 0
#endif

/* NET_KEYS: servers of tests are made in thousands, and each key is 25 us of
 * work. */
enum { NET_KEYS = 4 };

typedef struct net {
    test_env t;
    dp_sim *sim;
} net;

typedef struct node {
    net *net;
    dp_world *world;
    devp2p_server *srv;
    devp2p_config cfg; /* filled in by node_config, changed by the test */
    test_env *memory;  /* its own; NULL: the net's */
    char url[DEVP2P_URL_MAX];
    devp2p_event events[NET_EVENTS];
    size_t nevents, seen; /* told; looked at by node_expect */
} node;

static inline void net_init(net *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    test_env_init(&n->t);
    dp_sim_setup setup = { .seed = seed,
        .link = { .latency_us = 10000, .jitter_us = 1000 },
        .env = n->t.env };
    assert_int_equal(dp_sim_new(&n->sim, &setup), 0);
}

/* net_fini: whatever was allocated has been freed. */
static inline void net_fini(net *n)
{
    dp_sim_free(n->sim);
    assert_int_equal(n->t.live, 0);
}

/* net_run lets time pass. */
static inline void net_run(net *n, uint64_t ns)
{
    dp_sim_run(n->sim, dp_sim_now(n->sim).mono + ns, NULL, NULL);
}

/* net_hold stops what passes between two worlds, or lets it go on. */
static inline void net_hold(net *n, dp_world *a, dp_world *b, bool held)
{
    assert_int_equal(dp_sim_hold(n->sim, a, b, held), 0);
    assert_int_equal(dp_sim_hold(n->sim, b, a, held), 0);
}

/* net_until lets time pass, 200 s at most, until something is true. */
static inline bool net_until(net *n, bool (*done)(void *user), void *user)
{
    return dp_sim_run(
        n->sim, dp_sim_now(n->sim).mono + 200 * DP_SEC, done, user);
}

static inline void node_event(const devp2p_event *event, void *user)
{
    node *x = user;
    assert_true(x->nevents < NET_EVENTS);
    x->events[x->nevents++] = *event;
}

/* net_noise fills bytes that do not shrink. */
static inline void net_noise(uint8_t *at, size_t len)
{
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        at[i] = (uint8_t)(x >> 32);
    }
}

static inline devp2p_addr node_ip(uint8_t number)
{
    return (devp2p_addr){ .ip = { 10, 0, 0, number }, .family = 4 };
}

static inline void node_config(
    node *x, uint8_t number, const devp2p_protocol *protocols)
{
    memset(x, 0, sizeof *x);
    x->cfg.private_key.b[31] = number;
    test_secret(x->cfg.private_key.b);
    x->cfg.log = test_log;
    x->cfg.log_level = DEVP2P_LOG_TRACE;
    x->cfg.name = "node";
    x->cfg.listen_addr = ":30303";
    x->cfg.protocols = protocols;
    x->cfg.on_event = node_event;
    x->cfg.on_event_user = x;
    x->cfg.io_threads = NET_LOOPS;
    x->cfg.spare_keys = NET_KEYS;
}

static inline int node_new(node *x, net *n)
{
    devp2p_addr ip = node_ip(x->cfg.private_key.b[31]);

    x->net = n;
    x->cfg.alloc = test_alloc;
    x->cfg.alloc_user = x->memory ? x->memory : &n->t;
    assert_int_equal(dp_sim_world(&x->world, n->sim, &ip), 0);
    int err = dp_server_new(&x->srv, &x->cfg, sizeof x->cfg,
        sizeof(devp2p_protocol), x->world, NULL);
    if (err)
        x->world->ops->free(x->world);
    return err;
}

/* node_start makes and starts a node and writes down its URL. */
static inline void node_start(node *x, net *n)
{
    devp2p_node self;

    assert_int_equal(node_new(x, n), 0);
    assert_int_equal(devp2p_server_start(x->srv), 0);
    devp2p_server_self(x->srv, &self);
    uint16_t port = self.addr.port;
    self.addr = node_ip(x->cfg.private_key.b[31]);
    self.addr.port = port;
    devp2p_node_url(x->url, &self);
}

/* node_send_total sets what may wait to be sent in all. */
static inline void node_send_total(node *x, size_t n)
{
    x->srv->send_limit = n;
    for (size_t i = 0; i < x->srv->nloops; i++)
        x->srv->loops[i].send.limit = n;
}

static inline void node_stop(node *x)
{
    devp2p_server_free(x->srv);
    x->srv = NULL;
}

/* node_expect lets time pass until the node tells another event of a kind. */
typedef struct node_wish {
    node *x;
    devp2p_event_kind kind;
} node_wish;

static inline bool node_told(void *user)
{
    node_wish *w = user;
    while (w->x->seen < w->x->nevents)
        if (w->x->events[w->x->seen++].kind == w->kind)
            return true;
    return false;
}

static inline const devp2p_event *node_expect(node *x, devp2p_event_kind kind)
{
    node_wish w = { x, kind };
    if (!net_until(x->net, node_told, &w))
        fail_msg("no event of kind %d", (int)kind);
    return &x->events[x->seen - 1];
}

/* node_dial connects a to b and waits until both know. */
static inline void node_dial(node *a, node *b)
{
    assert_int_equal(devp2p_server_add_peer(a->srv, NULL, b->url), 0);
    node_expect(a, DEVP2P_EVENT_PEER_ADD);
    node_expect(b, DEVP2P_EVENT_PEER_ADD);
}

#endif
