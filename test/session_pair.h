/* SPDX-License-Identifier: MIT */
/* session_pair.h - sessions in one process: nodes, byte pipes between two ends,
 * virtual time, and the turn of a loop.  What an end does with events is plain
 * data, so that a test reads as a list of settings and facts. */
#ifndef SESSION_PAIR_H
#define SESSION_PAIR_H

#include "core/session.h"
#include "noise.h"
#include "sim/toy_curve.h"
#include "test.h"
#include "test_env.h"

#include "wire/envelope.h"

enum { PAIR_CAPS = 3, PAIR_HOLD = 1, PAIR_PARKED = 2048 };

/* --- the world: memory, keys' arithmetic, time --- */

typedef struct pair_world {
    test_env env;
    dp_crypto *crypto;
    dp_engine *engine;
    dp_now now;
    size_t keep; /* chunks that a pool keeps; with none each is a fresh block,
                    and a sanitizer sees who uses one that was given back */
} pair_world;

static inline void pair_world_init(pair_world *w)
{
    memset(w, 0, sizeof *w);
    test_env_init(&w->env);
    w->now = (dp_now){ .mono = 1000 * DP_SEC };
    assert_int_equal(dp_crypto_new(&w->crypto, &w->env.env, &dp_toy_curve), 0);
    assert_int_equal(dp_engine_new(&w->engine, &w->env.env, w->crypto), 0);
}

static inline void pair_world_fini(pair_world *w)
{
    dp_engine_free(w->engine);
    dp_crypto_free(w->crypto);
    assert_int_equal(w->env.live, 0);
}

/* --- a node: what all its sessions share --- */

typedef struct pair_node {
    dp_node_self self;
    dp_protocol protocols[PAIR_CAPS];
    uint8_t hello[2048];
    dp_budget recv, send;
} pair_node;

/* pair_hello writes a Hello for caps of a node. */
static inline size_t pair_hello(uint8_t *out, const devp2p_pubkey *pub,
    uint64_t version, const dp_protocol *protocols, size_t n)
{
    devp2p_cap caps[PAIR_CAPS];
    size_t len;
    for (size_t i = 0; i < n; i++)
        caps[i] = (devp2p_cap){ protocols[i].name, protocols[i].version };
    const dp_hello hello = { .version = version,
        .name = { (const uint8_t *)"pair", 4 },
        .caps = caps,
        .ncaps = n,
        .pub = *pub };
    assert_int_equal(dp_hello_write(out, 2048, &len, &hello), 0);
    return len;
}

/* pair_node_init: number is the key; the first n of foo/1 (2 codes), goo/1 (3
 * codes), hoo/2 (1 code) are its protocols. */
static inline void pair_node_init(
    pair_node *n, pair_world *w, uint8_t number, size_t protocols)
{
    static const dp_protocol rows[PAIR_CAPS] = {
        { { (const uint8_t *)"foo", 3 }, 1, 2 },
        { { (const uint8_t *)"goo", 3 }, 1, 3 },
        { { (const uint8_t *)"hoo", 3 }, 2, 1 }
    };
    memset(n, 0, sizeof *n);
    dp_node_self *self = &n->self;
    self->env = w->env.env;
    self->crypto = w->crypto;
    memset(self->key.b, number, sizeof self->key.b);
    assert_int_equal(dp_toy_curve.derive(w->crypto, &self->pub, &self->key), 0);
    self->id = devp2p_pubkey_id(&self->pub);
    memcpy(n->protocols, rows, sizeof rows);
    self->protocols = n->protocols;
    self->nprotocols = protocols;
    self->hello = n->hello;
    self->hello_len =
        pair_hello(n->hello, &self->pub, 5, n->protocols, protocols);
    assert_int_equal(dp_pool_new(&self->pool, &w->env.env, w->keep), 0);
    n->recv = (dp_budget){ .limit = DP_RECV_TOTAL };
    n->send = (dp_budget){ .limit = DP_SEND_TOTAL };
    self->recv = &n->recv;
    self->send = &n->send;
}

static inline void pair_node_fini(pair_node *n)
{
    dp_pool_free(n->self.pool);
    assert_int_equal(n->recv.used, 0);
    assert_int_equal(n->send.used, 0);
}

/* --- a pipe: one direction of a connection; not of the counted memory --- */

typedef struct pair_pipe {
    uint8_t *at;
    size_t head, len, cap;
    size_t limit;        /* bytes in flight at most */
    bool shut;           /* nothing follows */
    int broken;          /* the error that a reader gets behind what is there */
    uint64_t total, sum; /* bytes so far, and a checksum of them */
} pair_pipe;

static inline size_t pipe_put(pair_pipe *p, const uint8_t *bytes, size_t n)
{
    size_t inside = p->len - p->head, free_ = p->limit - inside;
    if (p->limit < inside || p->broken)
        return 0;
    if (n > free_)
        n = free_;
    if (p->head == p->len)
        p->head = p->len = 0;
    if (p->cap - p->len < n) {
        p->cap = 2 * p->cap + n + 4096;
        p->at = realloc(p->at, p->cap);
        assert_non_null(p->at);
    }
    if (n)
        memcpy(p->at + p->len, bytes, n);
    for (size_t i = 0; i < n; i++)
        p->sum = (p->sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    p->len += n;
    p->total += n;
    return n;
}

static inline size_t pipe_get(pair_pipe *p, uint8_t *out, size_t n)
{
    if (n > p->len - p->head)
        n = p->len - p->head;
    if (n)
        memcpy(out, p->at + p->head, n);
    p->head += n;
    return n;
}

/* --- an end: one session, what it shall do, what happened to it --- */

typedef struct pair_end pair_end;
struct pair_end {
    pair_world *w;
    pair_node *node;
    dp_session *s;
    pair_pipe in;
    pair_pipe *out; /* of whoever is at the other side */
    /* what it shall do */
    int on_authed, on_ready;    /* verdicts, or PAIR_HOLD */
    bool any_verdict;           /* the test judges by itself */
    bool park[PAIR_CAPS];       /* the reader does not take */
    bool latch;                 /* curve work waits */
    size_t read_max, write_max; /* bytes a turn; 0: nothing at all */
    size_t read_total;          /* bytes that it may ever read */
    uint64_t (*chance)(void);   /* reads and writes that vary below the max */
    void (*on_msg)(pair_end *e, const dp_session_event *ev, const uint8_t *at);
    /* what happened */
    dp_ec *ec;
    bool authed, ready, shut, down;
    bool over; /* the end of the input was said */
    dp_session_event end;
    uint64_t down_at;
    unsigned got[PAIR_CAPS], writable[PAIR_CAPS];
    uint64_t got_bytes[PAIR_CAPS];
    unsigned told[PAIR_CAPS]; /* SENT, of a node that tells */
    uint64_t told_bytes[PAIR_CAPS];
    uint32_t unsent[PAIR_CAPS]; /* as DOWN found them */
    struct {
        size_t cap, full;
    } parked[PAIR_PARKED];
    size_t nparked;
};

static inline void pair_end_init(pair_end *e, pair_world *w, pair_node *node,
    const devp2p_pubkey *dial, pair_pipe *out)
{
    memset(e, 0, sizeof *e);
    e->w = w;
    e->node = node;
    e->in.limit = 256 * 1024;
    e->out = out;
    e->read_max = e->write_max = e->read_total = SIZE_MAX;
    const dp_session_setup setup = { &node->self, dial };
    int err = dp_session_new(&e->s, &setup, w->now);
    assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
    e->down = err != 0;
}

static inline void pair_end_fini(pair_end *e)
{
    dp_session_free(e->s);
    dp_ec_free(e->ec);
    free(e->in.at);
}

static inline void pair_took(pair_end *e, size_t n)
{
    assert_true(n <= e->nparked);
    for (size_t i = 0; i < n; i++)
        dp_session_took(e->s, e->parked[i].cap, e->parked[i].full, e->w->now);
    memmove(e->parked, e->parked + n, (e->nparked - n) * sizeof *e->parked);
    e->nparked -= n;
}

/* pair_inflate gives the plain bytes of a MSG, malloc'ed; NULL if snappy finds
 * them bad. */
static inline uint8_t *pair_inflate(
    const pair_end *e, const dp_session_event *ev)
{
    uint8_t *plain = malloc(ev->full + 1);
    assert_non_null(plain);
    if (!dp_session_snappy(e->s)) {
        memcpy(plain, ev->body, ev->len);
    } else if (dp_snappy_inflate(plain, ev->full, ev->body, ev->len)) {
        free(plain);
        plain = NULL;
    }
    return plain;
}

static inline void pair_message(pair_end *e, const dp_session_event *ev)
{
    assert_true(e->ready && ev->cap < PAIR_CAPS);
    assert_true(e->on_ready == 0 || e->any_verdict);
    uint8_t *plain = pair_inflate(e, ev);
    if (!plain) {
        dp_session_took(e->s, ev->cap, ev->full, e->w->now);
        dp_session_close(e->s, DEVP2P_DISC_PROTOCOL_ERROR, false, e->w->now);
        return;
    }
    e->got[ev->cap]++;
    e->got_bytes[ev->cap] += ev->full;
    if (e->park[ev->cap]) {
        assert_true(e->nparked < PAIR_PARKED);
        e->parked[e->nparked].cap = ev->cap;
        e->parked[e->nparked++].full = ev->full;
    }
    if (e->on_msg)
        e->on_msg(e, ev, plain);
    if (!e->park[ev->cap])
        dp_session_took(e->s, ev->cap, ev->full, e->w->now);
    free(plain);
}

static inline void pair_gone(pair_end *e, const dp_session_event *ev)
{
    assert_false(e->down);
    e->down = true;
    e->down_at = e->w->now.mono;
    e->end = *ev;
    for (size_t i = 0; i < PAIR_CAPS; i++)
        e->unsent[i] = dp_session_unsent(e->s, i);
    e->out->shut = true;
    e->in.broken = DEVP2P_ERR_RESET; /* who writes there learns it */
    e->in.head = e->in.len;
    if (ev->reset)
        e->out->broken = DEVP2P_ERR_RESET;
}

static inline void pair_event(pair_end *e, const dp_session_event *ev)
{
    assert_false(e->down);
    switch (ev->kind) {
    case DP_AUTHED:
        assert_false(e->authed);
        e->authed = true;
        if (e->on_authed != PAIR_HOLD)
            dp_session_judge(e->s, e->on_authed, e->w->now);
        break;
    case DP_READY:
        assert_true(e->authed && !e->ready);
        e->ready = true;
        if (e->on_ready != PAIR_HOLD)
            dp_session_judge(e->s, e->on_ready, e->w->now);
        break;
    case DP_MSG:
        pair_message(e, ev);
        break;
    case DP_WRITABLE:
        e->writable[ev->cap]++;
        break;
    case DP_SENT:
        assert_true(e->node->self.tells_sent && e->ready && !e->down);
        e->told[ev->cap]++;
        e->told_bytes[ev->cap] += ev->full;
        break;
    case DP_SHUT:
        assert_false(e->shut);
        e->shut = e->out->shut = true;
        break;
    case DP_DOWN:
        pair_gone(e, ev);
        break;
    }
}

/* --- the turn of a loop, phase by phase; true when something moved --- */

static inline size_t pair_below(pair_end *e, size_t n, size_t max)
{
    if (n > max)
        n = max;
    return e->chance && n > 1 ? 1 + (size_t)(e->chance() % n) : n;
}

static inline bool pair_read(pair_end *e)
{
    size_t left = e->read_max < e->read_total ? e->read_max : e->read_total;
    bool moved = false;
    while (!e->down) {
        uint8_t *at;
        size_t room = dp_session_room(e->s, &at);
        size_t n = pair_below(e, room, left);
        n = room ? pipe_get(&e->in, at, n) : 0;
        if (n) {
            dp_session_recv(e->s, n, e->w->now);
            left -= n;
            e->read_total -= n;
            moved = true;
            continue;
        }
        bool empty = e->in.head == e->in.len;
        if (room && empty && !e->over && (e->in.shut || e->in.broken)) {
            e->over = true;
            dp_session_eof(e->s, e->in.broken, e->w->now);
            moved = true;
        }
        return moved;
    }
    return moved;
}

static inline bool pair_curve(pair_end *e)
{
    bool moved = false;
    if (!e->down && !e->ec)
        e->ec = dp_session_ec(e->s, e->w->now);
    while (e->ec && !e->latch) {
        dp_ec_run(e->ec);
        dp_session_ec_done(e->s, e->ec, e->w->now);
        e->ec = e->down ? NULL : dp_session_ec(e->s, e->w->now);
        moved = true;
    }
    return moved;
}

static inline bool pair_events(pair_end *e)
{
    dp_session_event ev;
    bool moved = false;
    while (!e->down && dp_session_next(e->s, &ev, e->w->now)) {
        pair_event(e, &ev);
        moved = true;
    }
    return moved;
}

static inline bool pair_work(pair_end *e, bool open)
{
    dp_frames *job = e->down ? NULL : dp_session_lend(e->s, open, e->w->now);
    if (!job)
        return false;
    dp_frames_run(e->w->engine, &job, 1);
    dp_session_take(e->s, job, e->w->now);
    return true;
}

static inline bool pair_write(pair_end *e)
{
    const uint8_t *at;
    size_t len, left = e->write_max;
    bool moved = false;
    while (!e->down && (len = dp_session_out(e->s, &at)) > 0) {
        if (e->out->broken) {
            dp_session_eof(e->s, e->out->broken, e->w->now);
            return true;
        }
        size_t n = pipe_put(e->out, at, pair_below(e, len, left));
        if (!n)
            break;
        left -= n;
        dp_session_sent(e->s, n, e->w->now);
        moved = true;
    }
    return moved;
}

static inline bool pair_turn(pair_end *e)
{
    bool moved = pair_read(e);
    moved |= pair_curve(e);
    moved |= pair_work(e, true);
    moved |= pair_events(e);
    moved |= pair_work(e, false);
    moved |= pair_write(e);
    return moved | pair_events(e);
}

/* --- two ends, time --- */

typedef struct pair {
    pair_world w;
    pair_node node[2];
    pair_end e[2]; /* 0 dials 1 */
} pair;

static inline void pair_init_keep(
    pair *p, size_t protocols0, size_t protocols1, size_t keep)
{
    pair_world_init(&p->w);
    p->w.keep = keep;
    pair_node_init(&p->node[0], &p->w, 1, protocols0);
    pair_node_init(&p->node[1], &p->w, 2, protocols1);
    pair_end_init(
        &p->e[0], &p->w, &p->node[0], &p->node[1].self.pub, &p->e[1].in);
    pair_end_init(&p->e[1], &p->w, &p->node[1], NULL, &p->e[0].in);
}

static inline void pair_init(pair *p, size_t protocols0, size_t protocols1)
{
    pair_init_keep(p, protocols0, protocols1, 0);
}

static inline void pair_fini(pair *p)
{
    for (size_t i = 0; i < 2; i++)
        pair_end_fini(&p->e[i]);
    for (size_t i = 0; i < 2; i++)
        pair_node_fini(&p->node[i]);
    pair_world_fini(&p->w);
}

/* pair_settle runs turns at this moment until nothing moves. */
static inline void pair_settle(pair_end *ends, size_t n)
{
    bool moved = true;
    for (unsigned turns = 0; moved; turns++) {
        assert_true(turns < 10000000);
        moved = false;
        for (size_t i = 0; i < n; i++)
            moved |= pair_turn(&ends[i]);
    }
}

/* pair_sleep lets ns pass, from deadline to deadline. */
static inline void pair_sleep(pair_end *ends, size_t n, uint64_t ns)
{
    pair_world *w = ends[0].w;
    uint64_t until = w->now.mono + ns;
    unsigned spins = 0;
    for (;;) {
        pair_settle(ends, n);
        uint64_t at = until;
        for (size_t i = 0; i < n; i++)
            if (!ends[i].down)
                at = dp_sooner(at, dp_session_deadline(ends[i].s));
        spins = at > w->now.mono ? 0 : spins + 1;
        assert_true(spins < 5); /* a deadline that never moves on */
        if (at >= until && w->now.mono == until)
            return;
        if (at > w->now.mono)
            w->now.mono = at;
        for (size_t i = 0; i < n; i++)
            if (!ends[i].down)
                dp_session_tick(ends[i].s, w->now);
    }
}

static inline void pair_run(pair *p, uint64_t ns)
{
    pair_sleep(p->e, 2, ns);
}

/* --- sending --- */

static inline dp_packet *pair_packet(
    const pair_end *e, uint64_t code, const void *at, size_t len)
{
    dp_packet *p;
    int err = dp_packet_new(&p, &e->w->env.env, code, (devp2p_slice){ at, len },
        dp_session_snappy(e->s));
    assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
    return p;
}

static inline int pair_send(
    pair_end *e, size_t cap, uint64_t code, const void *at, size_t len)
{
    dp_packet *p = pair_packet(e, code, at, len);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    int err = dp_session_send(e->s, cap, p, e->w->now);
    dp_packet_drop(p);
    return err;
}

#endif
