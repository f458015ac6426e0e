/* SPDX-License-Identifier: MIT */
/* proxy_fixture.h - a SOCKS5 proxy in a simulated world, 10.0.0.9:1080, which
 * does what a test tells it, and passes bytes on. */
#ifndef DP_PROXY_FIXTURE_H
#define DP_PROXY_FIXTURE_H

#include "server/net_fixture.h"

enum { TUNNELS = 4, TUNNEL_BYTES = 4096 };

/* A way is one direction of a tunnel. */
typedef struct way {
    uint8_t b[TUNNEL_BYTES];
    size_t n;
} way;

typedef enum tunnel_step {
    GREETING,
    PASSWORD,
    REQUEST,
    DIALLING,
    OPEN
} tunnel_step;

typedef struct tunnel {
    struct proxy *proxy;
    dp_io *io[2]; /* of the client, of the node */
    way from[2];
    tunnel_step step;
} tunnel;

/* What the proxy answers to, and how; zero is a good proxy. */
typedef struct proxy {
    dp_world *w;
    dp_io *listener;
    tunnel tunnels[TUNNELS];
    size_t n;         /* tunnels so far */
    const char *user; /* "user:password" that it demands; NULL: none */
    const char *name; /* what it looks up, to be */
    devp2p_addr named;
    uint8_t reply;  /* to every request; 0: it connects */
    bool mute;      /* says nothing at all */
    bool leaves;    /* closes when it is greeted */
    bool web;       /* speaks HTTP */
    uint64_t drip;  /* a byte of a name without end every so often */
    uint64_t next;  /* of them; 0: none yet */
    char asked[64]; /* the last address or name that it was asked for */
} proxy;

static inline void tunnel_close(tunnel *t)
{
    for (int i = 0; i < 2; i++) {
        if (t->io[i])
            t->proxy->w->ops->close(t->io[i], false);
        t->io[i] = NULL;
    }
}

/* tunnel_want reads where there is room, and writes what there is. */
static inline void tunnel_want(tunnel *t)
{
    for (int i = 0; i < 2; i++) {
        unsigned want = t->from[i].n < TUNNEL_BYTES ? DP_READ : 0;
        if (t->step == OPEN ? t->from[!i].n : 0)
            want |= DP_WRITE;
        if (t->step == DIALLING)
            want = 0;
        if (t->io[i])
            t->proxy->w->ops->want(t->io[i], want);
    }
}

static inline void tunnel_say(tunnel *t, const void *bytes, size_t n)
{
    size_t took;
    for (const uint8_t *at = bytes; n; at += took, n -= took)
        if (t->proxy->w->ops->write(t->io[0], at, n, &took))
            fail_msg("the proxy cannot write");
}

static inline void tunnel_reply(tunnel *t, uint8_t reply)
{
    uint8_t bytes[10] = { 5, reply, 0, 1 };
    tunnel_say(t, bytes, sizeof bytes);
    if (reply)
        tunnel_close(t);
}

static inline void greeted(tunnel *t, const uint8_t *b)
{
    const proxy *p = t->proxy;
    uint8_t method = p->user ? 2 : 0, answer[2] = { 5, 255 };
    for (size_t i = 0; i < b[1]; i++)
        if (b[2 + i] == method)
            answer[1] = method;
    t->step = p->user ? PASSWORD : REQUEST;
    if (p->leaves)
        tunnel_close(t);
    else if (p->web)
        tunnel_say(t, "HTTP/1.1 400 Bad Request", 24);
    else if (!p->mute)
        tunnel_say(t, answer, 2);
}

static inline void introduced(tunnel *t, const uint8_t *b)
{
    char both[512];
    const uint8_t *word = b + 2 + b[1];
    snprintf(both, sizeof both, "%.*s:%.*s", b[1], (const char *)b + 2, *word,
        (const char *)word + 1);
    uint8_t answer[2] = { 1, strcmp(both, t->proxy->user) != 0 };
    tunnel_say(t, answer, 2);
    t->step = REQUEST;
}

static inline void requested(tunnel *t, const uint8_t *b)
{
    proxy *p = t->proxy;
    devp2p_addr to = { .family = b[3] == 4 ? 6 : 4 };
    const uint8_t *port = b + 4 + (b[3] == 3 ? 1 + b[4] : b[3] == 4 ? 16 : 4);
    char text[DEVP2P_ADDR_TEXT];

    memcpy(to.ip, b + 4, to.family == 4 ? 4 : 16);
    to.port = (uint16_t)(port[0] << 8 | port[1]);
    snprintf(p->asked, sizeof p->asked, "%s", devp2p_addr_text(text, &to));
    if (b[3] == 3) {
        snprintf(p->asked, sizeof p->asked, "%.*s:%u", b[4],
            (const char *)b + 5, to.port);
        to = p->named;
    }
    if (p->drip) {
        uint8_t head[5] = { 5, 0, 0, 3, 255 };
        tunnel_say(t, head, sizeof head);
        p->next = p->w->ops->now(p->w).mono;
        t->step = DIALLING;
    } else if (p->reply) {
        tunnel_reply(t, p->reply);
    } else if (b[3] == 3 && to.family == 0) {
        tunnel_reply(t, 4);
    } else {
        t->step = DIALLING;
        if (p->w->ops->connect(p->w, &to, t, &t->io[1]))
            tunnel_reply(t, 1);
    }
}

/* tunnel_hear takes what is whole of what the client says. */
static inline void tunnel_hear(tunnel *t)
{
    uint8_t *b = t->from[0].b;
    size_t n = t->from[0].n, need = 2;

    if (t->step == GREETING && n >= 2)
        need = 2U + b[1];
    if (t->step == PASSWORD && n >= 2)
        need = n >= 3U + b[1] ? 3U + b[1] + b[2 + b[1]] : 3U + b[1];
    if (t->step == REQUEST)
        need = n < 5 ? 5 : b[3] == 3 ? 7U + b[4] : b[3] == 4 ? 22 : 10;
    if (n < need)
        return;
    assert_int_equal(n, need); /* nothing before the answer */
    t->from[0].n = 0;
    if (t->step == GREETING)
        greeted(t, b);
    else if (t->step == PASSWORD)
        introduced(t, b);
    else
        requested(t, b);
}

static inline void tunnel_pass(tunnel *t, int from)
{
    way *w = &t->from[from];
    size_t took;
    if (!t->io[!from] ||
        t->proxy->w->ops->write(t->io[!from], w->b, w->n, &took))
        return;
    memmove(w->b, w->b + took, w->n - took);
    w->n -= took;
}

static inline void proxy_ready(
    void *server, void *user, dp_io *io, unsigned events)
{
    const dp_world_ops *ops = ((proxy *)server)->w->ops;
    tunnel *t = user;
    int side = io == t->io[1];
    way *w = &t->from[side];
    size_t n;

    if (events & DP_READ) {
        int err = ops->read(io, w->b + w->n, TUNNEL_BYTES - w->n, &n);
        if (err != DEVP2P_ERR_AGAIN && (err || n == 0)) {
            tunnel_close(t);
            return;
        }
        w->n += err ? 0 : n;
    }
    if (t->step == OPEN) {
        tunnel_pass(t, 0);
        tunnel_pass(t, 1);
    } else if (side == 0) {
        tunnel_hear(t);
    }
    tunnel_want(t);
}

static inline void proxy_connected(void *server, void *user, dp_io *io, int err)
{
    tunnel *t = user;
    (void)server, (void)io;
    if (err) {
        tunnel_reply(t, err == DEVP2P_ERR_REFUSED ? 5 : 3);
        return;
    }
    t->step = OPEN;
    tunnel_reply(t, 0);
    tunnel_want(t);
}

static inline void proxy_accepted(
    void *server, void *user, int raw, const devp2p_addr *from)
{
    proxy *p = server;
    tunnel *t = &p->tunnels[p->n++ % TUNNELS];
    (void)user, (void)from;
    if (t->proxy)
        tunnel_close(t);
    memset(t, 0, sizeof *t);
    t->proxy = p;
    assert_int_equal(p->w->ops->adopt(p->w, raw, t, &t->io[0]), 0);
    tunnel_want(t);
}

/* proxy_turn: the name without an end. */
static inline uint64_t proxy_turn(void *server, dp_now now)
{
    proxy *p = server;
    if (!p->next)
        return DP_NEVER;
    while (p->next <= now.mono) {
        p->next += p->drip;
        for (size_t i = 0; i < TUNNELS; i++)
            if (p->tunnels[i].io[0])
                tunnel_say(&p->tunnels[i], "x", 1);
    }
    return p->next;
}

static const dp_world_up proxy_up = { .accepted = proxy_accepted,
    .connected = proxy_connected,
    .ready = proxy_ready,
    .turn = proxy_turn };

/* --- life --- */

static inline void proxy_init(proxy *p, net *n)
{
    devp2p_addr ip = node_ip(9), bound;
    memset(p, 0, sizeof *p);
    assert_int_equal(dp_sim_world(&p->w, n->sim, &ip), 0);
    dp_world_attach(p->w, &proxy_up, p);
    assert_int_equal(p->w->ops->start(p->w), 0);
    ip.port = 1080;
    assert_int_equal(
        p->w->ops->listen(p->w, &ip, NULL, &p->listener, &bound), 0);
    p->w->ops->want(p->listener, DP_READ);
}

static inline void proxy_fini(proxy *p)
{
    for (size_t i = 0; i < TUNNELS; i++)
        if (p->tunnels[i].proxy)
            tunnel_close(&p->tunnels[i]);
    p->w->ops->end(p->w);
    p->w->ops->wake(p->w);
    assert_int_equal(p->w->ops->wait(p->w), 0);
    p->w->ops->free(p->w);
}

#endif
