/* SPDX-License-Identifier: MIT */
/* send_test.c - what senders hear: room, marks, sizes, and what became of the
 * messages when the connection ended. */
#include "server/net_fixture.h"
#include "server/server.h"

enum { SIZE = 8 * 1024 };

/* A side sends total messages of size bytes, as its style allows, and counts
 * what comes in. */
typedef struct side {
    uint32_t total, size;
    uint32_t accepted, received;
    int again, writable, closes, opens;
    int err;          /* of the last send or read of run */
    uint32_t unsent;  /* of on_close */
    int put_off;      /* how often on_msg says ERR_AGAIN to each message */
    bool put_off_all; /* as long as the peer is there */
    int asked;        /* how often it did to this one */
    devp2p_rw *rw;    /* of the event style, while it is open */
    bool holds;       /* on_open sends nothing; the test does */
    uint8_t *bytes;
} side;

static int say(side *s, devp2p_rw *rw)
{
    devp2p_slice payload = { s->bytes, s->size };

    memcpy(s->bytes, &s->accepted, 4);
    int err = devp2p_send_raw(rw, 0, payload);
    if (err == 0)
        s->accepted++;
    return err;
}

static int say_all(side *s, devp2p_rw *rw)
{
    while (s->accepted < s->total) {
        int err = say(s, rw);
        if (err)
            return err;
    }
    return 0;
}

static void hear(side *s, const devp2p_msg *msg)
{
    uint32_t i;

    memcpy(&i, msg->payload.at, 4);
    assert_int_equal(i, s->received);
    s->received++;
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    side *s = user;
    devp2p_msg msg;

    (void)peer;
    s->err = say_all(s, rw);
    while (!s->err && !(s->err = devp2p_read(rw, &msg)))
        hear(s, &msg);
    return s->err;
}

static int go_on(side *s)
{
    int err = say_all(s, s->rw);
    if (err != DEVP2P_ERR_AGAIN)
        return err;
    s->again++;
    return 0;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    side *s = user;

    (void)peer;
    s->rw = rw;
    s->opens++;
    return s->holds ? 0 : go_on(s);
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    side *s = user;

    if (s->asked++ < s->put_off)
        return DEVP2P_ERR_AGAIN;
    if (s->put_off_all && !devp2p_peer_reason(devp2p_rw_peer(rw), NULL))
        return DEVP2P_ERR_AGAIN;
    s->asked = 0;
    hear(s, msg);
    return 0;
}

static void on_writable(devp2p_rw *rw, void *user)
{
    side *s = user;

    assert_ptr_equal(rw, s->rw);
    s->writable++;
    if (!s->holds)
        assert_int_equal(go_on(s), 0);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    side *s = user;

    (void)rw, (void)reason;
    s->closes++;
    s->unsent = unsent;
    s->rw = NULL;
}

static devp2p_protocol row(side *s, bool runs)
{
    devp2p_protocol p = { .name = "p", .version = 1, .length = 1, .user = s };
    if (runs) {
        p.run = run;
    } else {
        p.on_open = on_open;
        p.on_msg = on_msg;
        p.on_writable = on_writable;
        p.on_close = on_close;
    }
    return p;
}

/* A pair is two nodes; a's bytes are random, so that they do not shrink. */
typedef struct pair {
    net n;
    node a, b;
    side sa, sb;
    devp2p_protocol pa[2], pb[2];
} pair;

static void pair_init(pair *p, bool a_runs, bool b_runs)
{
    p->sa.bytes = malloc(p->sa.size + 4u);
    p->sb.bytes = malloc(p->sb.size + 4u);
    net_init(&p->n, 11);
    net_noise(p->sa.bytes, p->sa.size + 4u);
    net_noise(p->sb.bytes, p->sb.size + 4u);
    p->pa[0] = row(&p->sa, a_runs);
    p->pb[0] = row(&p->sb, b_runs);
    node_config(&p->a, 1, p->pa);
    node_config(&p->b, 2, p->pb);
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
    node_dial(&p->a, &p->b);
}

static void pair_fini(pair *p)
{
    if (p->a.srv)
        node_stop(&p->a);
    if (p->b.srv)
        node_stop(&p->b);
    net_fini(&p->n);
    free(p->sa.bytes);
    free(p->sb.bytes);
}

static void pair_hold(pair *p, bool held)
{
    net_hold(&p->n, p->a.world, p->b.world, held);
}

static bool all_there(void *user)
{
    pair *p = user;
    return p->sb.received == p->sa.total && p->sa.received == p->sb.total;
}

/* --- room --- */

static bool mark_reached(void *user)
{
    pair *p = user;
    return p->sa.again || p->sa.accepted * SIZE >= DP_SEND_MARK;
}

/* An event-style sender is refused at the mark, told once below half, and
 * goes on. */
static void events_at_the_mark(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 1000, .size = SIZE } };

    pair_init(&p, false, true);
    assert_int_equal(p.sa.again, 1);
    assert_true(p.sa.accepted * SIZE >= DP_SEND_MARK - SIZE);
    assert_true(p.sa.accepted * SIZE <= DP_SEND_MARK + 2 * SIZE);
    pair_hold(&p, true);
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.sa.writable, 0);
    pair_hold(&p, false);
    assert_true(net_until(&p.n, all_there, &p));
    assert_true(p.sa.writable >= 10);
    assert_int_equal(p.sa.writable, p.sa.again);
    pair_fini(&p);
}

/* A run-style sender waits; what it was promised arrives. */
static void run_at_the_mark(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 1000, .size = SIZE } };

    pair_init(&p, true, false);
    pair_hold(&p, true);
    assert_true(net_until(&p.n, mark_reached, &p));
    net_run(&p.n, DP_SEC);
    uint32_t stuck = p.sa.accepted;
    assert_true(stuck * SIZE <= DP_SEND_MARK + DP_WINDOW + 128 * 1024);
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.sa.accepted, stuck);
    pair_hold(&p, false);
    assert_true(net_until(&p.n, all_there, &p));
    pair_fini(&p);
}

/* Both send much at once, and neither waits for the other forever. */
static void both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        pair p = { .sa = { .total = 600, .size = SIZE },
            .sb = { .total = 600, .size = SIZE } };
        if (i % 2 == 0 && i / 2 == 0) {
            /* two of the run style that only write, then only read, would wait
             * for each other as in any language: less than the marks */
            p.sa.total = p.sb.total = 200;
        }
        pair_init(&p, i % 2 == 0, i / 2 == 0);
        assert_true(net_until(&p.n, all_there, &p));
        pair_fini(&p);
    }
}

/* on_msg puts every message off, and gets it again, in order. */
static void put_off(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 200, .size = 100 }, .sb = { .put_off = 2 } };

    pair_init(&p, true, false);
    assert_true(net_until(&p.n, all_there, &p));
    assert_int_equal(p.sb.asked, 0);
    pair_fini(&p);
}

/* --- the end --- */

/* A peer that takes nothing for 20 s is dropped, and every message accepted is
 * given to the kernel or counted. */
static void takes_nothing(void **state)
{
    (void)state;
    for (int runs = 0; runs < 2; runs++) {
        pair p = { .sa = { .total = 1000, .size = SIZE } };
        pair_init(&p, runs, true);
        pair_hold(&p, true);
        uint64_t before = dp_sim_now(p.n.sim).mono;
        const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
        uint64_t took = dp_sim_now(p.n.sim).mono - before;
        assert_int_equal(e->code, DEVP2P_ERR_STALLED);
        assert_true(took >= 19 * DP_SEC && took <= 22 * DP_SEC);
        net_run(&p.n, DP_SEC);
        if (runs)
            assert_int_equal(p.sa.err, DEVP2P_ERR_CLOSED);
        else
            assert_int_equal(p.sa.unsent, e->unsent);
        uint32_t given = p.sa.accepted - e->unsent;
        assert_true(e->unsent > 0);
        assert_true(given >= p.sb.received);
        assert_true((given - p.sb.received) * SIZE <= 64 * 1024 + SIZE);
        pair_fini(&p);
    }
}

/* The line is cut while much is under way. */
static void cut(void **state)
{
    (void)state;
    for (int runs = 0; runs < 2; runs++) {
        pair p = { .sa = { .total = 1000, .size = SIZE } };
        pair_init(&p, runs, true);
        net_run(&p.n, 50 * DP_MS);
        dp_sim_cut(p.n.sim, p.a.world, p.b.world);
        const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_ERR_RESET);
        node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
        net_run(&p.n, DP_SEC);
        uint32_t given = p.sa.accepted - e->unsent;
        assert_true(e->unsent > 0 && given >= p.sb.received);
        if (!runs)
            assert_int_equal(p.sa.unsent, e->unsent);
        pair_fini(&p);
    }
}

/* What was sent before an orderly end goes out first. */
static void flush(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 100, .size = SIZE } };

    pair_init(&p, false, true);
    devp2p_peer_disconnect(devp2p_rw_peer(p.sa.rw), DEVP2P_DISC_REQUESTED);
    assert_int_equal(say(&p.sa, p.sa.rw), DEVP2P_ERR_CLOSED);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_REQUESTED);
    assert_true(e->remote);
    e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->unsent, 0);
    assert_string_equal(e->protocol, "");
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.sb.received, 100);
    pair_fini(&p);
}

/* Also what threads sent while the session was at its mark: short messages, of
 * which it holds fewer than threads may have waiting. */
static void flush_beyond_the_mark(void **state)
{
    (void)state;
    pair p = { .sa = { .size = 4, .holds = true } };

    pair_init(&p, false, true);
    p.sa.total = UINT32_MAX;
    pair_hold(&p, true);
    assert_int_equal(say_all(&p.sa, p.sa.rw), DEVP2P_ERR_AGAIN);
    net_run(&p.n, DP_MS);
    assert_true(((dp_channel *)(void *)p.sa.rw)->out.n > 0);
    devp2p_peer_disconnect(devp2p_rw_peer(p.sa.rw), DEVP2P_DISC_REQUESTED);
    pair_hold(&p, false);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->unsent, 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.sb.received, p.sa.accepted);
    pair_fini(&p);
}

/* What on_msg put off, and what came behind that, is offered again before the
 * end when the other end leaves meanwhile. */
static void flush_to_who_put_off(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 500, .size = 100 },
        .sb = { .put_off_all = true } };

    pair_init(&p, false, false);
    devp2p_peer_disconnect(devp2p_rw_peer(p.sa.rw), DEVP2P_DISC_REQUESTED);
    const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_REQUESTED);
    assert_int_equal(p.sa.accepted, 500);
    assert_int_equal(p.sb.received, 500);
    assert_int_equal(p.sb.closes, 1);
    pair_fini(&p);
}

/* --- from other threads than the loop --- */

/* Here the test is a thread of its own. */
static void from_outside(void **state)
{
    (void)state;
    pair p = { .sa = { .total = 300, .size = SIZE, .holds = true } };
    uint32_t refused = 0;
    int err;

    pair_init(&p, false, true);
    devp2p_rw *rw = devp2p_rw_keep(p.sa.rw);
    while (p.sa.accepted < p.sa.total) {
        err = say(&p.sa, rw);
        if (err == DEVP2P_ERR_AGAIN) {
            refused++;
            assert_int_equal(devp2p_rw_wait(rw, 0), DEVP2P_ERR_TIMEOUT);
            err = devp2p_rw_wait(rw, 10000);
        }
        assert_int_equal(err, 0);
    }
    assert_true(refused >= 2);
    assert_true(net_until(&p.n, all_there, &p));
    assert_true(p.sa.writable >= 2);

    /* what is in the inbox when the line breaks is counted */
    p.sa.total = 1000;
    for (int i = 0; i < 10; i++)
        assert_int_equal(say(&p.sa, rw), 0);
    dp_sim_cut(p.n.sim, p.a.world, p.b.world);
    assert_int_equal(node_expect(&p.a, DEVP2P_EVENT_PEER_DROP)->unsent, 10);
    assert_int_equal(p.sa.unsent, 10);
    assert_int_equal(say(&p.sa, rw), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_rw_wait(rw, 10), DEVP2P_ERR_CLOSED);
    node_stop(&p.a);

    /* rw and peer outlive their server */
    bool remote = true;
    devp2p_peer *peer = devp2p_peer_keep(devp2p_rw_peer(rw));
    assert_int_equal(say(&p.sa, rw), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_rw_wait(rw, 10), DEVP2P_ERR_CLOSED);
    devp2p_rw_drop(rw);
    assert_int_equal(devp2p_peer_reason(peer, &remote), DEVP2P_ERR_RESET);
    assert_false(remote);
    devp2p_peer_disconnect(peer, DEVP2P_DISC_REQUESTED);
    assert_int_equal(devp2p_peer_reason(peer, NULL), DEVP2P_ERR_RESET);
    assert_string_equal(devp2p_peer_name(peer), "node");
    devp2p_peer_drop(peer);
    pair_fini(&p);
}

/* --- the total of all --- */

/* A crowd is a server, a, that may hold little in all, and two peers of it. */
typedef struct crowd {
    net n;
    node a, b, c;
    side to_b, to_c, at_b, at_c;
    devp2p_protocol pa[2], pb[2], pc[2];
} crowd;

/* by_peer: a's two sides are told apart by the peer. */
static side *by_peer(crowd *w, devp2p_rw *rw)
{
    uint8_t last = devp2p_peer_remote(devp2p_rw_peer(rw))->ip[3];
    return last == 2 ? &w->to_b : &w->to_c;
}

static int open_crowd(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    return on_open(peer, rw, by_peer(user, rw));
}

static int msg_crowd(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static void writable_crowd(devp2p_rw *rw, void *user)
{
    on_writable(rw, by_peer(user, rw));
}

static bool c_has_all(void *user)
{
    crowd *w = user;
    return w->at_c.received == w->to_c.total;
}

static bool b_has_all(void *user)
{
    crowd *w = user;
    return w->at_b.received == w->to_b.total;
}

/* One peer that takes nothing uses the total up; another one goes on with the
 * spare that each has, and the first when there is room again. */
static void total(void **state)
{
    (void)state;
    crowd w = { .to_b = { .total = 100, .size = SIZE },
        .to_c = { .total = 100, .size = SIZE } };

    w.to_b.bytes = malloc(SIZE);
    w.to_c.bytes = malloc(SIZE);
    net_noise(w.to_b.bytes, SIZE);
    net_noise(w.to_c.bytes, SIZE);
    net_init(&w.n, 13);
    w.pa[0] = (devp2p_protocol){ .name = "p",
        .version = 1,
        .length = 1,
        .on_open = open_crowd,
        .on_msg = msg_crowd,
        .on_writable = writable_crowd,
        .user = &w };
    w.pb[0] = row(&w.at_b, true);
    w.pc[0] = row(&w.at_c, false);
    node_config(&w.a, 1, w.pa);
    node_config(&w.b, 2, w.pb);
    node_config(&w.c, 3, w.pc);
    node_start(&w.a, &w.n);
    node_send_total(&w.a, 10 * SIZE);
    node_start(&w.b, &w.n);
    node_start(&w.c, &w.n);
    assert_int_equal(devp2p_server_add_peer(w.a.srv, NULL, w.b.url), 0);
    node_expect(&w.a, DEVP2P_EVENT_PEER_ADD);
    net_hold(&w.n, w.a.world, w.b.world, true);
    net_run(&w.n, DP_SEC);
    assert_true(w.to_b.accepted <= 25);
    assert_int_equal(devp2p_server_add_peer(w.a.srv, NULL, w.c.url), 0);
    node_expect(&w.a, DEVP2P_EVENT_PEER_ADD);
    assert_true(w.to_c.accepted <= 5);
    uint32_t stuck = w.to_b.accepted;
    assert_true(net_until(&w.n, c_has_all, &w));
    assert_true(w.to_c.again >= 10);
    assert_int_equal(w.to_b.accepted, stuck);
    net_hold(&w.n, w.a.world, w.b.world, false);
    assert_true(net_until(&w.n, b_has_all, &w));
    node_stop(&w.a);
    node_stop(&w.b);
    node_stop(&w.c);
    net_fini(&w.n);
    free(w.to_b.bytes);
    free(w.to_c.bytes);
}

/* --- codes and sizes --- */

typedef struct echo {
    uint8_t *bytes;
    size_t len;
    bool same;
} echo;

static int check_echo(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    echo *e = user;

    (void)rw;
    e->same = msg->code == 2 && msg->payload.len == e->len &&
              (!e->len || memcmp(msg->payload.at, e->bytes, e->len) == 0);
    return 0;
}

static int echo_back(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    int err;

    (void)peer, (void)user;
    while (!(err = devp2p_read(rw, &msg)))
        if ((err = devp2p_send_raw(rw, msg.code, msg.payload)) != 0)
            return err;
    return err;
}

static bool is_same(void *user)
{
    return ((echo *)user)->same;
}

static devp2p_rw *the_rw;

static int open_echo(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    the_rw = rw;
    devp2p_rw_set_data(rw, user);
    return 0;
}

static void sizes(void **state)
{
    (void)state;
    static const size_t lens[] = { 0, 1, 100, 64 * 1024, 1 << 20,
        DP_MESSAGE_MAX };
    net n;
    node a, b;
    echo e = { .bytes = calloc(1, DP_MESSAGE_MAX + 1) };
    devp2p_protocol pa[] = { { .name = "p",
                                 .version = 1,
                                 .length = 3,
                                 .on_open = open_echo,
                                 .on_msg = check_echo,
                                 .user = &e },
        { .name = NULL } };
    devp2p_protocol pb[] = {
        { .name = "p", .version = 1, .length = 3, .run = echo_back },
        { .name = NULL }
    };

    net_init(&n, 12);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    assert_ptr_equal(devp2p_rw_data(the_rw), &e);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
        for (int random = 0; random < 2; random++) {
            if (random && lens[i] == DP_MESSAGE_MAX)
                continue;
            memset(e.bytes, 'x', lens[i]);
            if (random)
                net_noise(e.bytes, lens[i]);
            e.len = lens[i];
            e.same = false;
            devp2p_slice payload = { e.bytes, e.len };
            assert_int_equal(devp2p_send_raw(the_rw, 2, payload), 0);
            assert_true(net_until(&n, is_same, &e));
        }
    devp2p_slice big = { e.bytes, DP_MESSAGE_MAX + 1 };
    assert_int_equal(devp2p_send_raw(the_rw, 2, big), DEVP2P_ERR_TOO_BIG);
    big.len--;
    net_noise(e.bytes, big.len);
    assert_int_equal(devp2p_send_raw(the_rw, 2, big), DEVP2P_ERR_TOO_BIG);
    assert_int_equal(devp2p_send_items(the_rw, 2, big), DEVP2P_ERR_TOO_BIG);
    big.len = 3;
    assert_int_equal(devp2p_send_raw(the_rw, 3, big), DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_send_items(the_rw, UINT64_MAX, 1u), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_send_items(the_rw, 2, -1), DEVP2P_ERR_RLP_RANGE);
    e.len = 3; /* the connection is as it was */
    e.same = false;
    assert_int_equal(devp2p_send_raw(the_rw, 2, big), 0);
    assert_true(net_until(&n, is_same, &e));
    free(e.bytes);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_at_the_mark),
        cmocka_unit_test(run_at_the_mark),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(put_off),
        cmocka_unit_test(takes_nothing),
        cmocka_unit_test(cut),
        cmocka_unit_test(flush),
        cmocka_unit_test(flush_beyond_the_mark),
        cmocka_unit_test(flush_to_who_put_off),
        cmocka_unit_test(from_outside),
        cmocka_unit_test(total),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
