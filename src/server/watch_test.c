/* SPDX-License-Identifier: MIT */
/* watch_test.c - events about messages: what is told of each, in which order,
 * and that nothing is when nobody asked. */
#include "server/flood_fixture.h"

/* A log of one node's events, and what it does about them. */
typedef struct watcher {
    devp2p_event v[4096];
    size_t n;
    devp2p_server *srv; /* to act upon; NULL */
    devp2p_rw *echo;    /* where each message that came is answered; NULL */
    bool ends;          /* the first that comes is the last */
} watcher;

typedef struct pair {
    net n;
    flooder a, b;
    watcher wa, wb;
} pair;

static void hear(const devp2p_event *e, void *user)
{
    watcher *w = user;
    static const uint8_t one[1] = { 0xc0 };

    assert_true(w->n < sizeof w->v / sizeof *w->v);
    w->v[w->n++] = *e;
    if (e->kind != DEVP2P_EVENT_MSG_RECEIVED)
        return;
    if (w->echo) {
        devp2p_slice list = { one, 1 };
        assert_int_equal(devp2p_send_raw(w->echo, 3, list), 0);
    }
    if (w->ends) {
        devp2p_peer *peer;
        assert_int_equal(devp2p_server_peers(w->srv, &peer, 1), 1);
        devp2p_peer_disconnect(peer, DEVP2P_DISC_USELESS_PEER);
        devp2p_peer_drop(peer);
    }
}

static pair *pair_new(void)
{
    static pair p;

    memset(&p.wa, 0, sizeof p.wa);
    memset(&p.wb, 0, sizeof p.wb);
    net_init(&p.n, 5);
    flooder_config(&p.a, &p.n, 1);
    flooder_config(&p.b, &p.n, 2);
    p.a.x.cfg.message_events = p.b.x.cfg.message_events = true;
    p.a.x.cfg.on_event = p.b.x.cfg.on_event = hear;
    p.a.x.cfg.on_event_user = &p.wa;
    p.b.x.cfg.on_event_user = &p.wb;
    return &p;
}

static size_t count(const watcher *w, devp2p_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->v[i].kind == kind;
    return n;
}

static bool met(void *user)
{
    pair *p = user;
    return p->a.one.nrws && p->b.one.nrws;
}

static void pair_start(pair *p)
{
    flooder_start(&p->a, &p->n);
    flooder_start(&p->b, &p->n);
    p->wa.srv = p->a.x.srv;
    p->wb.srv = p->b.x.srv;
    assert_int_equal(devp2p_server_add_peer(p->a.x.srv, NULL, p->b.x.url), 0);
    assert_true(net_until(&p->n, met, p));
}

static void pair_end(pair *p)
{
    node_stop(&p->a.x);
    node_stop(&p->b.x);
    net_fini(&p->n);
}

/* ordered: messages stand between PEER_ADD and PEER_DROP. */
static void ordered(const watcher *w)
{
    bool up = false;

    for (size_t i = 0; i < w->n; i++) {
        bool message = w->v[i].kind == DEVP2P_EVENT_MSG_SENT ||
                       w->v[i].kind == DEVP2P_EVENT_MSG_RECEIVED;
        if (w->v[i].kind == DEVP2P_EVENT_PEER_ADD)
            up = true;
        if (w->v[i].kind == DEVP2P_EVENT_PEER_DROP)
            up = false;
        assert_true(up || !message);
    }
}

static const devp2p_event *first(const watcher *w, devp2p_event_kind kind)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->v[i].kind == kind)
            return &w->v[i];
    fail_msg("no event of kind %d", (int)kind);
    return NULL;
}

/* Each message is told once at either end, in order, with its peer, protocol,
 * code and length. */
static void both_ends(void **state)
{
    (void)state;
    pair *p = pair_new();
    devp2p_node self;

    p->a.one.size[0] = 1000;
    p->a.one.size[2] = 30000;
    p->a.one.rounds = 10;
    pair_start(p);
    net_run(&p->n, DP_SEC);
    devp2p_server_self(p->b.x.srv, &self);
    assert_int_equal(count(&p->wa, DEVP2P_EVENT_MSG_SENT), 20);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), 20);
    assert_int_equal(count(&p->wa, DEVP2P_EVENT_MSG_RECEIVED), 0);
    const devp2p_event *e = first(&p->wa, DEVP2P_EVENT_MSG_SENT);
    assert_memory_equal(&e->id, &self.id, sizeof self.id);
    assert_int_equal(e->addr.ip[3], 2);
    assert_int_equal(e->flags, DEVP2P_PEER_STATIC);
    assert_string_equal(e->protocol, "one");
    assert_int_equal(e->version, 1);
    assert_int_equal(e->msg_code, 0);
    assert_int_equal(e->msg_size, 1000);
    assert_true(e->time_ms > 1600000000000);
    assert_int_equal(e[1].msg_code, 2);
    assert_int_equal(e[1].msg_size, 30000);
    e = first(&p->wb, DEVP2P_EVENT_MSG_RECEIVED);
    assert_int_equal(e->addr.ip[3], 1);
    assert_int_equal(e->flags, DEVP2P_PEER_INBOUND);
    assert_string_equal(e->protocol, "one");
    assert_int_equal(e[1].msg_code, 2);
    assert_int_equal(e[1].msg_size, 30000);
    pair_end(p);
    ordered(&p->wa);
    ordered(&p->wb);
}

/* Nothing is told when it was not configured. */
static void off(void **state)
{
    (void)state;
    pair *p = pair_new();

    p->a.x.cfg.message_events = p->b.x.cfg.message_events = false;
    p->a.one.size[0] = 1000;
    p->a.one.rounds = 10;
    pair_start(p);
    net_run(&p->n, DP_SEC);
    assert_int_equal(p->b.one.got[0], 10);
    assert_int_equal(p->wa.n, 2); /* COMMAND, PEER_ADD */
    assert_int_equal(p->wb.n, 1);
    pair_end(p);
}

/* What a send accepted was told as sent, or is counted as unsent. */
static void told_or_unsent(void **state)
{
    (void)state;
    pair *p = pair_new();
    const devp2p_event *drop;

    p->a.one.size[0] = 10000;
    p->a.one.rounds = 200;
    p->b.one.deaf = true; /* its mark is reached, and a's */
    p->b.x.cfg.recv_mark = 64 * 1024;
    pair_start(p);
    flood_link(&p->n, &p->a, &p->b, 100 * 1024);
    net_run(&p->n, 2 * DP_SEC);
    dp_sim_cut(p->n.sim, p->a.x.world, p->b.x.world);
    net_run(&p->n, DP_SEC / 2); /* before it is dialled again */
    drop = first(&p->wa, DEVP2P_EVENT_PEER_DROP);
    assert_true(drop->unsent > 0);
    assert_int_equal(
        drop->unsent + count(&p->wa, DEVP2P_EVENT_MSG_SENT), p->a.one.accepted);
    ordered(&p->wa);
    pair_end(p);
}

/* A message that is put off is told when it comes, not when it comes again. */
static void put_off(void **state)
{
    (void)state;
    pair *p = pair_new();

    p->b.one.deaf = true;
    p->a.one.size[0] = 1000;
    p->a.one.rounds = 5;
    pair_start(p);
    net_run(&p->n, DP_SEC);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), 5);
    assert_int_equal(p->b.one.got[0], 0);
    p->b.one.deaf = false;
    net_run(&p->n, DP_SEC);
    assert_int_equal(p->b.one.got[0], 5);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), 5);
    pair_end(p);
}

/* A run-style handler: it answers each message with code 3. */
static int answer(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    int err;

    (void)peer, (void)user;
    while (!(err = devp2p_read(rw, &msg)))
        if ((err = devp2p_send_raw(rw, 3, msg.payload)))
            return err;
    return err;
}

/* The threads of handlers send and read, the loop tells, in order. */
static void threads(void **state)
{
    (void)state;
    pair *p = pair_new();

    p->b.rows[0].run = answer;
    p->b.rows[0].on_open = NULL;
    p->b.rows[0].on_msg = NULL;
    p->b.rows[0].on_writable = NULL;
    p->b.rows[0].on_close = NULL;
    p->a.one.size[0] = 100;
    p->a.one.rounds = 50;
    p->b.one.nrws = 1; /* who has none: met */
    pair_start(p);
    net_run(&p->n, DP_SEC);
    assert_int_equal(p->a.one.got[3], 50);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), 50);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_SENT), 50);
    assert_int_equal(count(&p->wa, DEVP2P_EVENT_MSG_RECEIVED), 50);
    pair_end(p);
    ordered(&p->wb);
}

/* Who hears of a message may send at once, on the connection that it came on:
 * what on_msg is given is not touched by that. */
static void answered_from_the_event(void **state)
{
    (void)state;
    pair *p = pair_new();

    p->a.one.size[0] = 20000;
    p->a.one.rounds = 10;
    pair_start(p);
    p->wb.echo = p->b.one.rw[0];
    net_run(&p->n, DP_SEC);
    p->wb.echo = NULL;
    assert_int_equal(p->b.one.got[0], 10);
    assert_int_equal(p->b.one.bytes[0], 200000);
    assert_int_equal(p->a.one.got[3], 10);
    pair_end(p);
}

/* Who hears of a message may end its connection: on_msg does not see it. */
static void ended_from_the_event(void **state)
{
    (void)state;
    pair *p = pair_new();

    p->wb.ends = true;
    p->a.one.size[0] = 100;
    p->a.one.rounds = 3;
    pair_start(p);
    net_run(&p->n, DP_SEC);
    assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), 1);
    assert_int_equal(p->b.one.got[0], 0);
    assert_int_equal(p->a.one.closed, DEVP2P_DISC_USELESS_PEER);
    p->wb.ends = false;
    pair_end(p);
}

/* A ring that nobody reads holds 1,024, and counts the rest in one LOST. */
static void a_full_ring(void **state)
{
    (void)state;
    enum { MESSAGES = 3000 };
    pair *p = pair_new();
    devp2p_events *ring;
    devp2p_event e;

    p->b.x.cfg.on_event = NULL;
    p->a.x.cfg.message_events = false;
    p->a.one.size[0] = 10;
    p->a.one.rounds = MESSAGES;
    flooder_start(&p->b, &p->n);
    assert_int_equal(devp2p_events_open(&ring, p->b.x.srv), 0);
    flooder_start(&p->a, &p->n);
    assert_int_equal(devp2p_server_add_peer(p->a.x.srv, NULL, p->b.x.url), 0);
    net_run(&p->n, 5 * DP_SEC);
    assert_int_equal(p->b.one.got[0], MESSAGES);
    for (int i = 0; i < DP_EVENTS_RING; i++) {
        assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
        assert_int_equal(
            e.kind, i ? DEVP2P_EVENT_MSG_RECEIVED : DEVP2P_EVENT_PEER_ADD);
    }
    assert_int_equal(devp2p_events_next(ring, &e, 0), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_LOST);
    assert_int_equal(e.count, MESSAGES + 1 - DP_EVENTS_RING);
    assert_int_equal(devp2p_events_next(ring, &e, 0), DEVP2P_ERR_TIMEOUT);
    devp2p_events_close(ring);
    pair_end(p);
}

/* No message costs an allocation more than without events. */
static void no_allocation(void **state)
{
    (void)state;
    size_t calls[2];

    for (int on = 0; on < 2; on++) {
        pair *p = pair_new();
        test_env memory;

        test_env_init(&memory);
        p->b.x.memory = &memory;
        p->b.x.cfg.message_events = on;
        p->a.one.size[0] = 100;
        p->a.one.rounds = 500;
        pair_start(p);
        net_run(&p->n, DP_SEC);
        assert_int_equal(p->b.one.got[0], 500);
        assert_int_equal(count(&p->wb, DEVP2P_EVENT_MSG_RECEIVED), on * 500);
        pair_end(p);
        calls[on] = memory.calls;
    }
    assert_int_equal(calls[0], calls[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends),
        cmocka_unit_test(off),
        cmocka_unit_test(told_or_unsent),
        cmocka_unit_test(put_off),
        cmocka_unit_test(threads),
        cmocka_unit_test(answered_from_the_event),
        cmocka_unit_test(ended_from_the_event),
        cmocka_unit_test(a_full_ring),
        cmocka_unit_test(no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
