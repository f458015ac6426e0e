/* SPDX-License-Identifier: MIT */
/* handler_test.c - how handlers begin and end, and what their ends mean. */
#include "server/net_fixture.h"

/* A script is what one handler does and what it saw. */
typedef struct script {
    int result;   /* of run, on_open or on_msg */
    bool in_open; /* on_open returns it, not on_msg */
    bool on_loop; /* event style */
    bool says;    /* on_open sends a message */
    int opens, msgs, closes, runs;
    int reason;                          /* of on_close */
    int read_err, send_err, late_reason; /* what run saw at the end */
} script;

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    script *s = user;
    devp2p_msg msg;

    s->runs++;
    if (s->result != 1)
        return s->result;
    s->read_err = devp2p_read(rw, &msg);
    while (!s->read_err)
        s->read_err = devp2p_read(rw, &msg);
    s->send_err = devp2p_send_items(rw, 0, 1u);
    s->late_reason = devp2p_peer_reason(peer, NULL);
    return s->read_err;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    script *s = user;

    assert_int_equal(s->opens++, 0);
    assert_int_equal(devp2p_peer_reason(peer, NULL), 0);
    if (s->in_open)
        return s->result;
    return s->says ? devp2p_send_items(rw, 0, "hi") : 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    script *s = user;

    (void)rw, (void)msg;
    assert_int_equal(s->opens, 1);
    assert_int_equal(s->closes, 0);
    s->msgs++;
    return s->result == 1 ? 0 : s->result;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    script *s = user;
    devp2p_msg msg;

    assert_int_equal(unsent, 0);
    assert_int_equal(s->closes++, 0);
    s->reason = reason;
    assert_int_equal(devp2p_send_items(rw, 0, 1u), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_rw_wait(rw, 0), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_read(rw, &msg), DEVP2P_ERR_STATE);
    assert_int_equal(devp2p_peer_reason(devp2p_rw_peer(rw), NULL), reason);
}

static devp2p_protocol row(const char *name, script *s)
{
    devp2p_protocol p = { .name = name, .version = 1, .length = 1, .user = s };
    if (s->on_loop) {
        p.on_open = on_open;
        p.on_msg = on_msg;
        p.on_close = on_close;
    } else {
        p.run = run;
    }
    return p;
}

/* ends: a's handler returns a result, and the ends say what becomes of it.  b
 * waits, and answers nothing. */
static void ends(script sa, int code_a, int code_b, bool told)
{
    net n;
    node a, b;
    script sb = { .result = 1, .on_loop = !sa.on_loop };
    devp2p_protocol pa[] = { row("p", &sa), { .name = NULL } };
    devp2p_protocol pb[] = { row("p", &sb), { .name = NULL } };

    if (sa.on_loop && !sa.in_open)
        sb = (script){ .result = 1, .on_loop = true, .says = true };
    pb[0] = row("p", &sb);
    net_init(&n, 1);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_server_add_peer(b.srv, NULL, a.url), 0);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, code_a);
    assert_false(e->remote);
    assert_int_equal(e->unsent, 0);
    assert_string_equal(e->protocol, "p");
    e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, code_b);
    assert_int_equal(e->remote, told);
    assert_string_equal(e->protocol, "");
    net_run(&n, DP_SEC);
    if (sa.on_loop) {
        assert_int_equal(sa.closes, 1);
        assert_int_equal(sa.reason, code_a);
        assert_int_equal(sa.msgs, sa.in_open ? 0 : 1);
    }
    if (sb.on_loop) {
        assert_int_equal(sb.closes, 1);
        assert_int_equal(sb.reason, code_b);
    } else {
        assert_int_equal(sb.read_err, DEVP2P_ERR_CLOSED);
        assert_int_equal(sb.send_err, DEVP2P_ERR_CLOSED);
        assert_int_equal(sb.late_reason, code_b);
    }
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

static const struct {
    int result, code; /* of the handler, of the connection */
    bool told;        /* to the peer */
} results[] = {
    { DEVP2P_DISC_REQUESTED, DEVP2P_DISC_REQUESTED, true },
    { DEVP2P_DISC_USELESS_PEER, DEVP2P_DISC_USELESS_PEER, true },
    { DEVP2P_DISC(0xee), DEVP2P_DISC(0xee), true },
    { DEVP2P_ERR_RLP_SHORT, DEVP2P_DISC_PROTOCOL_ERROR, true },
    { DEVP2P_ERR_RLP_DEPTH, DEVP2P_DISC_PROTOCOL_ERROR, true },
    { DEVP2P_ERR_RESET, DEVP2P_DISC_SUBPROTOCOL_ERROR, true },
    { DEVP2P_ERR_IO, DEVP2P_DISC_SUBPROTOCOL_ERROR, true },
    { DEVP2P_ERR_INVALID, DEVP2P_DISC_SUBPROTOCOL_ERROR, true },
    { 7, DEVP2P_DISC_SUBPROTOCOL_ERROR, true },
    { DEVP2P_ERR_CLOSED, DEVP2P_ERR_CLOSED, false },
};

static void results_of_run(void **state)
{
    (void)state;
    ends((script){ .result = 0 }, DEVP2P_DISC_QUITTING, DEVP2P_DISC_QUITTING,
        true);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        ends((script){ .result = results[i].result }, results[i].code,
            results[i].code, results[i].told);
}

static void results_of_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        script s = { .result = results[i].result, .on_loop = true };
        ends(s, results[i].code, results[i].code, results[i].told);
        s.in_open = true;
        ends(s, results[i].code, results[i].code, results[i].told);
    }
}

/* When one handler ends all end; those that were not started never are. */
static void all_end(void **state)
{
    (void)state;
    net n;
    node a, b;
    script sa[] = { { .result = 1 }, { .result = 1, .on_loop = true },
        { .result = DEVP2P_DISC_USELESS_PEER,
            .on_loop = true,
            .in_open = true },
        { .result = 1, .on_loop = true }, { .result = 1 } };
    script sb[5];
    devp2p_protocol pa[6] = { { .name = NULL } }, pb[6] = { { .name = NULL } };
    const char *names[] = { "a", "b", "c", "d", "e" };

    for (size_t i = 0; i < 5; i++) {
        sb[i] = (script){ .result = 1, .on_loop = i % 2 };
        pa[i] = row(names[i], &sa[i]);
        pb[4 - i] = row(names[i], &sb[i]);
    }
    net_init(&n, 2);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    assert_int_equal(devp2p_server_add_peer(b.srv, NULL, a.url), 0);
    const devp2p_event *e = node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_string_equal(e->protocol, "c");
    node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    net_run(&n, DP_SEC);
    assert_int_equal(sa[0].runs, 1);
    assert_int_equal(sa[0].read_err, DEVP2P_ERR_CLOSED);
    assert_int_equal(sa[0].send_err, DEVP2P_ERR_CLOSED);
    assert_int_equal(sa[0].late_reason, DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(sa[1].opens, 1);
    assert_int_equal(sa[1].closes, 1);
    assert_int_equal(sa[1].reason, DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(sa[2].closes, 1);
    assert_int_equal(sa[3].opens, 0);
    assert_int_equal(sa[3].closes, 0);
    assert_int_equal(sa[4].runs, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(sb[i].opens, i % 2);
        assert_int_equal(sb[i].closes, i % 2);
        assert_int_equal(sb[i].runs, 1 - i % 2);
    }
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* stop waits for a handler that takes its time. */
static int patient(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    int *left = user;
    devp2p_msg msg;

    (void)peer;
    while (devp2p_read(rw, &msg) == 0)
        continue;
    *left = 1;
    return 0;
}

static void threads_are_joined(void **state)
{
    (void)state;
    net n;
    node a, b;
    int left_a = 0, left_b = 0;
    devp2p_protocol pa[] = {
        { .name = "p", .version = 1, .run = patient, .user = &left_a },
        { .name = NULL }
    };
    devp2p_protocol pb[] = {
        { .name = "p", .version = 1, .run = patient, .user = &left_b },
        { .name = NULL }
    };

    net_init(&n, 2);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    devp2p_server_stop(a.srv);
    assert_int_equal(devp2p_server_wait(a.srv), 0);
    assert_int_equal(left_a, 1);
    assert_int_equal(a.events[a.nevents - 1].kind, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(a.events[a.nevents - 1].code, DEVP2P_DISC_QUITTING);
    node_stop(&a);
    node_stop(&b);
    assert_int_equal(left_b, 1);
    net_fini(&n);
}

/* Messages that came before the other end left are still read, what comes
 * after our own end is not. */
typedef struct burst {
    int say;  /* messages, then the end */
    int read; /* and this many before the end */
    int got, err;
} burst;

static int talk(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    burst *b = user;
    devp2p_msg msg;

    (void)peer;
    for (int i = 0; i < b->say; i++)
        assert_int_equal(devp2p_send_items(rw, 0, i), 0);
    if (b->say)
        return 0;
    while ((b->err = devp2p_read(rw, &msg)) == 0) {
        uint32_t i;
        assert_int_equal(devp2p_decode_items(&msg, &i), 0);
        assert_int_equal(i, b->got++);
        if (b->got == b->read)
            return DEVP2P_DISC_REQUESTED;
    }
    return b->err;
}

static void last_words(void **state)
{
    (void)state;
    net n;
    node a, b;
    burst ba = { .say = 500 }, bb = { .read = 1000 };
    devp2p_protocol pa[] = {
        { .name = "p", .version = 1, .length = 1, .run = talk, .user = &ba },
        { .name = NULL }
    };
    devp2p_protocol pb[] = {
        { .name = "p", .version = 1, .length = 1, .run = talk, .user = &bb },
        { .name = NULL }
    };

    net_init(&n, 9);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    const devp2p_event *e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_QUITTING);
    e = node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->unsent, 0);
    net_run(&n, DP_SEC);
    assert_int_equal(bb.got, 500);
    assert_int_equal(bb.err, DEVP2P_ERR_CLOSED);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

/* Two nodes dial each other at the same time, and both speak at once: one
 * connection stays, and its handlers hear nothing before they are opened. */
typedef struct eager {
    bool opened;
    int heard, opens, closes;
} eager;

static int open_eager(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    eager *e = user;

    (void)peer;
    e->opened = true;
    e->opens++;
    return devp2p_send_items(rw, 0, "now");
}

static int hear_eager(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    eager *e = user;

    (void)rw, (void)msg;
    assert_true(e->opened);
    e->heard++;
    return 0;
}

static void close_eager(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    eager *e = user;

    (void)rw, (void)reason, (void)unsent;
    e->opened = false;
    e->closes++;
}

static bool both_heard(void *user)
{
    eager *e = user;
    return e[0].heard && e[1].heard;
}

static void both_dial(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        net n;
        node x[2];
        eager e[2] = { { .opened = false }, { .opened = false } };
        devp2p_protocol p[2][2] = { { { .name = NULL } },
            { { .name = NULL } } };
        net_init(&n, seed);
        for (uint8_t i = 0; i < 2; i++) {
            p[i][0] = (devp2p_protocol){ .name = "p",
                .version = 1,
                .length = 1,
                .on_open = open_eager,
                .on_msg = hear_eager,
                .on_close = close_eager,
                .user = &e[i] };
            node_config(&x[i], (uint8_t)(i + 1), p[i]);
            node_start(&x[i], &n);
        }
        assert_int_equal(devp2p_server_add_peer(x[0].srv, NULL, x[1].url), 0);
        net_run(&n, (seed % 10) * 10 * DP_MS);
        assert_int_equal(devp2p_server_add_peer(x[1].srv, NULL, x[0].url), 0);
        assert_true(net_until(&n, both_heard, e));
        net_run(&n, 100 * DP_SEC);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(devp2p_server_count(x[i].srv), 1);
            assert_int_equal(e[i].opens, 1);
            assert_int_equal(e[i].heard, 1);
        }
        node_stop(&x[0]);
        node_stop(&x[1]);
        assert_int_equal(e[0].closes + e[1].closes, 2);
        net_fini(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_of_run),
        cmocka_unit_test(results_of_events),
        cmocka_unit_test(all_end),
        cmocka_unit_test(threads_are_joined),
        cmocka_unit_test(last_words),
        cmocka_unit_test(both_dial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
