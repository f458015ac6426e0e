/* SPDX-License-Identifier: MIT */
/* session_fuzz.c - a peer that owns the keys turns the input into frames,
 * bytes, verbs and time.  Whatever it does, the session must end once, in
 * time, within its memory, and leave nothing. */
#include "base/assert.h"
#include "raw_peer.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MEMORY_MAX = 48 << 20, /* of one session and what is kept for it */
    WORDS_MAX = 6 << 20,   /* that fill a receive queue */
    OPS_MAX = 400
};

/* How far inputs came.  A run that never got to an established session and to a
 * handler proved nothing. */
static struct {
    unsigned long inputs, established, handled;
} reached;

__attribute__((destructor)) static void say_reached(void)
{
    if (!reached.inputs)
        return;
    fprintf(stderr, "reached: %lu established, %lu messages handled\n",
        reached.established, reached.handled);
    if (!reached.established || !reached.handled)
        abort();
}

typedef struct game {
    lone l;
    const uint8_t *at, *end; /* what is left of the input */
    bool keys;               /* the peer has them */
    size_t words;            /* bytes that it may still make of nothing */
    size_t live;             /* memory before the session */
} game;

static unsigned take(game *g)
{
    return g->at < g->end ? *g->at++ : 0;
}

/* take_bytes gives the next run of bytes: its length, then itself. */
static devp2p_slice take_bytes(game *g)
{
    size_t n = take(g), left = (size_t)(g->end - g->at);
    devp2p_slice s = { g->at, n < left ? n : left };
    g->at += s.len;
    return s;
}

/* take_id prefers ids that mean something. */
static uint64_t take_id(game *g)
{
    unsigned b = take(g);
    if (b < 0xf0)
        return b % 0x18;
    return b == 0xff ? UINT64_MAX : (uint64_t)take(g) << (b % 60);
}

/* --- what the peer says --- */

static void say(game *g)
{
    uint64_t id = take_id(g);
    devp2p_slice s = take_bytes(g);
    if (g->keys)
        raw_say(&g->l.r, id, s.at, s.len);
}

static void say_plain(game *g)
{
    uint64_t id = take_id(g);
    devp2p_slice s = take_bytes(g);
    if (g->keys)
        raw_frame(&g->l.r, id, s.at, s.len);
}

static void say_body(game *g)
{
    devp2p_slice s = take_bytes(g);
    if (g->keys && s.len)
        raw_body(&g->l.r, s.at, s.len);
}

static void say_garbage(game *g)
{
    devp2p_slice s = take_bytes(g);
    raw_put(&g->l.r, s.at, s.len);
}

static void say_hello(game *g)
{
    unsigned how = take(g);
    const pair_node *who = how & 0x80 ? &g->l.node : &g->l.other;
    if (g->keys)
        raw_hello_as(&g->l.r, &who->self.pub, how % 8);
    g->l.r.snappy = how % 8 >= 5;
}

/* say_much says a long message, or very many short ones. */
static void say_much(game *g)
{
    unsigned how = take(g);
    uint64_t id = take_id(g);
    size_t len = (size_t)1 << (how % 20), times = 1;
    if (how >= 0x80) {
        times = 250;
        len %= 64;
    }
    if (!g->keys || len * times > g->words)
        return;
    g->words -= len * times;
    uint8_t *at = how & 0x40 ? calloc(1, len + 1) : test_noise(len, how);
    for (size_t i = 0; i < times; i++)
        raw_say(&g->l.r, id, at, len);
    free(at);
}

static void flip(game *g)
{
    pair_pipe *p = &g->l.e.in;
    size_t at = p->head + take(g);
    if (at < p->len)
        p->at[at] ^= (uint8_t)(1u << take(g) % 8);
}

/* --- what the world does --- */

static void turn(game *g)
{
    pair_turn(&g->l.e);
}

static void settle(game *g)
{
    (void)g;
    pair_settle(&g->l.e, 1);
}

static void wait(game *g)
{
    static const uint64_t units[] = { DP_MS, 100 * DP_MS, DP_SEC, 10 * DP_SEC };
    unsigned b = take(g);
    if (!g->l.e.down)
        pair_sleep(&g->l.e, 1, units[b % 4] * (b / 4));
}

static void squeeze(game *g)
{
    unsigned b = take(g);
    size_t *max = b & 1 ? &g->l.e.read_max : &g->l.e.write_max;
    *max = b >= 0xf0 ? SIZE_MAX : (size_t)b * b;
}

static void cut_off(game *g)
{
    unsigned b = take(g);
    if (b & 1)
        g->l.e.in.broken = DEVP2P_ERR_RESET;
    else
        g->l.e.in.shut = true;
}

static void exhaust(game *g)
{
    dp_budget *total = take(g) & 1 ? &g->l.node.recv : &g->l.node.send;
    total->limit = total->limit ? 0 : DP_RECV_TOTAL;
}

/* --- what its owner does --- */

static void send(game *g)
{
    unsigned b = take(g);
    size_t len = (size_t)1 << (take(g) % 18);
    if (g->l.e.down || b % 4 >= dp_session_caps(g->l.e.s)->n)
        return;
    uint8_t *at = test_noise(len, b);
    (void)pair_send(&g->l.e, b % 4, b / 4 % 4, at, len);
    free(at);
}

static void close_it(game *g)
{
    unsigned b = take(g);
    int reason = b & 2 ? DEVP2P_DISC(b >> 2) : DEVP2P_ERR_CLOSED;
    if (!g->l.e.down)
        dp_session_close(g->l.e.s, reason, b & 1, g->l.w.now);
}

static void took(game *g)
{
    size_t n = take(g);
    if (!g->l.e.down)
        pair_took(&g->l.e, n < g->l.e.nparked ? n : g->l.e.nparked);
}

static void park(game *g)
{
    bool *p = &g->l.e.park[take(g) % PAIR_CAPS];
    *p = !*p;
}

static void judge(game *g)
{
    unsigned b = take(g);
    if (!g->l.e.down)
        dp_session_judge(g->l.e.s, b & 1 ? DEVP2P_DISC(b >> 1) : 0, g->l.w.now);
}

/* --- the game --- */

typedef void op(game *g);
static op *const ops[] = { say, say, say_plain, say_body, say_garbage,
    say_hello, say_much, flip, turn, turn, settle, wait, squeeze, cut_off,
    exhaust, send, send, close_it, took, park, judge };

/* begin sets the roles up; most games begin behind the handshake, and many
 * behind both Hellos. */
static void begin(game *g)
{
    lone *l = &g->l;
    unsigned how = take(g);
    bool dials = how & 1;
    pair_end_init(
        &l->e, &l->w, &l->node, dials ? &l->other.self.pub : NULL, NULL);
    l->e.any_verdict = true;
    if (how & 2)
        l->e.on_ready = PAIR_HOLD;
    raw_init(&l->r, &l->e, &l->other, dials ? NULL : &l->node.self.pub);
    if ((how & 0xc) == 0) {
        raw_step(&l->r);
        return;
    }
    raw_keys(&l->r);
    g->keys = true;
    if ((how & 0xc) > 4) {
        raw_hello_as(&l->r, &l->other.self.pub, how & 0x10 ? 4 : 5);
        l->r.snappy = !(how & 0x10);
        pair_settle(&l->e, 1);
    }
}

/* finish: left alone, every session ends. */
static void finish(game *g)
{
    pair_end *e = &g->l.e;
    e->read_max = e->write_max = SIZE_MAX;
    pair_sleep(e, 1, 100 * DP_SEC);
    if (!e->down) /* held for ever, or it has no reason to end */
        dp_session_close(e->s, DEVP2P_DISC_QUITTING, true, g->l.w.now);
    pair_sleep(e, 1, 10 * DP_SEC);
    dp_assert(e->down);
    dp_assert(e->end.reason != 0);
    reached.established += e->ready;
    for (size_t i = 0; i < PAIR_CAPS; i++)
        reached.handled += e->got[i];
    raw_fini(&g->l.r);
    pair_end_fini(e);
    g->l.node.recv.limit = DP_RECV_TOTAL;
    g->l.node.send.limit = DP_SEND_TOTAL;
    dp_assert(g->l.node.recv.used == 0 && g->l.node.send.used == 0);
    dp_assert(g->l.w.env.live == g->live);
}

/* rule gives the first protocol of a node rules: few of one code, and of the
 * others none that are long. */
static void rule(game *g)
{
    static const devp2p_rule table[] = { { 1, DEVP2P_URGENT, 0, 4 },
        { DEVP2P_OTHER_CODES, DEVP2P_BULK, 4096, 0 }, { .code = 0 } };
    static dp_rules rules[PAIR_CAPS];
    int err = dp_rules_init(&rules[0], &g->l.w.env.env, table);
    dp_assert(!err);
    g->l.node.self.rules = rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static game g; /* the world and its nodes stay, everything else is new */
    if (!reached.inputs++) {
        pair_world_init(&g.l.w);
        pair_node_init(&g.l.node, &g.l.w, 1, 2);
        pair_node_init(&g.l.other, &g.l.w, 2, 3);
        rule(&g);
    }
    g.at = data;
    g.end = data + size;
    g.keys = false;
    g.words = WORDS_MAX;
    g.live = g.l.w.env.live;
    g.l.w.env.drawn = 0;
    begin(&g);
    for (unsigned i = 0; i < OPS_MAX && g.at < g.end; i++) {
        ops[take(&g) % (sizeof ops / sizeof *ops)](&g);
        dp_assert(g.l.w.env.live - g.live <= MEMORY_MAX);
    }
    finish(&g);
    return 0;
}
