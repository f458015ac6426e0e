/* SPDX-License-Identifier: MIT */
/* node_fixture.h - a simulation of a few nodes with a datagram socket each,
 * which note what they hear and what they are answered. */
#ifndef NODE_FIXTURE_H
#define NODE_FIXTURE_H

#include "test.h"

#include "base/limits.h"
#include "sim/sim.h"
#include "test_env.h"

#include <stdio.h>

enum { NODES = 4, HEARD_MAX = 4096, ANSWERS_MAX = 128, PORT = 30303 };

typedef struct heard {
    devp2p_addr from;
    uint32_t number; /* the first four bytes */
    size_t len;
    uint64_t at;
} heard;

typedef struct answer {
    uint64_t token, at;
    int err;
    size_t n;
} answer;

typedef struct node {
    dp_world *w;
    dp_io *io;
    devp2p_addr ip, at;
    heard heard[HEARD_MAX];
    size_t heard_n;
    uint8_t last[2048]; /* the last datagram */
    bool closes;        /* its socket, at the next datagram */
    unsigned ready, events;
    answer answers[ANSWERS_MAX]; /* of any kind */
    size_t answers_n;
    devp2p_addr addrs[4]; /* of the last one */
    char texts[4][64];
    char rows[8][2][16];
    devp2p_addr accepted; /* from there */
    unsigned accepts;
    bool connected;
    int outcome;
} node;

typedef struct net {
    test_env t;
    dp_sim *sim;
    node n[NODES];
} net;

static inline devp2p_addr addr_of(const char *text)
{
    devp2p_addr a;
    assert_int_equal(devp2p_addr_parse(&a, text), 0);
    return a;
}

/* --- the server of a node --- */

static inline void hear(node *x, dp_io *io)
{
    heard h;
    assert_true(x->heard_n < HEARD_MAX);
    int err = x->w->ops->recv(io, x->last, sizeof x->last, &h.len, &h.from);
    assert_int_equal(err, 0);
    h.number = 0;
    memcpy(&h.number, x->last, h.len < 4 ? h.len : 4);
    h.at = x->w->ops->now(x->w).mono;
    x->heard[x->heard_n++] = h;
    if (x->closes) {
        x->w->ops->close(io, false);
        x->io = NULL;
    }
}

static inline void node_ready(
    void *server, void *user, dp_io *io, unsigned events)
{
    node *x = server;
    assert_ptr_equal(user, x);
    x->ready++;
    x->events |= events;
    if (events & DP_READ)
        hear(x, io);
    else
        x->w->ops->want(io, DP_READ);
}

static inline void node_accepted(
    void *server, void *user, int raw, const devp2p_addr *from)
{
    node *x = server;
    (void)user;
    x->accepts++;
    x->accepted = *from;
    dp_io *io; /* stays until the node is freed */
    assert_int_equal(x->w->ops->adopt(x->w, raw, x, &io), 0);
}

static inline void node_connected(void *server, void *user, dp_io *io, int err)
{
    node *x = server;
    (void)user;
    x->connected = true;
    x->outcome = err;
    x->w->ops->close(io, false);
}

static inline void note(node *x, uint64_t token, int err, size_t n)
{
    assert_true(x->answers_n < ANSWERS_MAX);
    x->answers[x->answers_n++] =
        (answer){ token, x->w->ops->now(x->w).mono, err, n };
}

static inline void node_resolved(
    void *server, uint64_t token, int err, const dp_answer *a)
{
    node *x = server;
    assert_true((a == NULL) == (err != 0));
    note(x, token, err, a ? a->n : 0);
    for (size_t i = 0; a && i < a->n && i < 4; i++) {
        if (a->addrs)
            x->addrs[i] = a->addrs[i];
        if (a->texts)
            snprintf(x->texts[i], sizeof x->texts[i], "%.*s",
                DEVP2P_PRI(a->texts[i]));
    }
}

static inline void node_loaded(
    void *server, uint64_t token, int err, const dp_row *rows, size_t n)
{
    node *x = server;
    note(x, token, err, n);
    for (size_t i = 0; i < n && i < 8; i++) {
        snprintf(x->rows[i][0], 16, "%.*s", DEVP2P_PRI(rows[i].key));
        snprintf(x->rows[i][1], 16, "%.*s", DEVP2P_PRI(rows[i].value));
    }
}

static inline void node_stored(void *server, uint64_t token, int err)
{
    note(server, token, err, 0);
}

static inline uint64_t node_turn(void *server, dp_now now)
{
    (void)server;
    (void)now;
    return DP_NEVER;
}

static const dp_world_up node_up = {
    .accepted = node_accepted,
    .connected = node_connected,
    .ready = node_ready,
    .turn = node_turn,
    .resolved = node_resolved,
    .loaded = node_loaded,
    .stored = node_stored,
};

/* --- life --- */

static inline void node_up_again(net *p, node *x)
{
    assert_int_equal(dp_sim_world(&x->w, p->sim, &x->ip), 0);
    dp_world_attach(x->w, &node_up, x);
    assert_int_equal(x->w->ops->start(x->w), 0);
    x->at = x->ip;
    x->at.port = PORT;
    devp2p_addr bound;
    assert_int_equal(x->w->ops->udp(x->w, &x->at, x, &x->io, &bound), 0);
    x->w->ops->want(x->io, DP_READ);
}

static inline void node_down(node *x)
{
    x->w->ops->end(x->w);
    x->w->ops->wake(x->w);
    assert_int_equal(x->w->ops->wait(x->w), 0);
    x->w->ops->free(x->w);
    x->w = NULL;
    x->io = NULL;
}

static inline void net_init_traced(net *p, uint64_t seed, devp2p_sim_link link,
    devp2p_sim_trace_fn *trace, void *trace_user)
{
    static const char *const text[NODES] = { "10.0.0.1:0", "10.0.0.2:0",
        "10.0.0.3:0", "[fd00::4]:0" };
    *p = (net){ 0 };
    test_env_init(&p->t);
    dp_sim_setup setup = { .seed = seed,
        .link = link,
        .trace = trace,
        .trace_user = trace_user,
        .env = p->t.env };
    assert_int_equal(dp_sim_new(&p->sim, &setup), 0);
    for (size_t i = 0; i < NODES; i++) {
        p->n[i].ip = addr_of(text[i]);
        node_up_again(p, &p->n[i]);
    }
}

static inline void net_init(net *p, uint64_t seed, devp2p_sim_link link)
{
    net_init_traced(p, seed, link, NULL, NULL);
}

static inline void net_fini(net *p)
{
    for (size_t i = 0; i < NODES; i++)
        if (p->n[i].w)
            node_down(&p->n[i]);
    dp_sim_free(p->sim);
    assert_int_equal(p->t.live, 0);
}

/* --- what tests do --- */

static inline void pass(net *p, uint64_t ns)
{
    dp_sim_run(p->sim, dp_sim_now(p->sim).mono + ns, NULL, NULL);
}

/* put sends a datagram of so many bytes that begins with a number. */
static inline int put(node *x, devp2p_addr to, uint32_t number, size_t len)
{
    uint8_t bytes[2048] = { 0 };
    memcpy(bytes, &number, sizeof number);
    return x->w->ops->send(x->io, bytes, len, &to);
}

static inline uint64_t counted(const net *p, devp2p_sim_fault_kind kind)
{
    return dp_sim_counted(p->sim, kind);
}

#endif
