/* SPDX-License-Identifier: MIT */
/* marks_test.c - a handler that does not read: until its mark it delays nobody,
 * at the mark the connection waits, after the grace it ends.  Protocol "slow"
 * is the one that does not read, "live" the other; a sends, b receives. */
#include "server/net_fixture.h"

typedef struct slow {
    int put;         /* messages to send, by a */
    uint32_t got;    /* of b */
    bool asleep;     /* b does not read */
    bool on_loop;    /* b's style */
    dp_world *world; /* of b */
    dp_parker *parker;
    int err;
} slow;

typedef struct live {
    uint32_t rounds, done; /* of ping-pong */
    int err;
} live;

/* --- slow --- */

static int send_slow(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    slow *s = user;
    devp2p_msg msg;
    int err = 0;

    (void)peer;
    for (uint32_t i = 0; (int)i < s->put && !err; i++)
        err = devp2p_send_items(rw, 0, i);
    if (!err)
        err = devp2p_read(rw, &msg);
    return s->err = err;
}

static int take(slow *s, const devp2p_msg *msg)
{
    uint32_t i;

    assert_int_equal(devp2p_decode_items(msg, &i), 0);
    assert_int_equal(i, s->got++);
    return 0;
}

/* The thread sleeps where the test says. */
static int run_slow(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    slow *s = user;
    devp2p_msg msg;
    int err = 0;

    (void)peer;
    while (!err) {
        while (s->asleep)
            s->world->ops->park(s->parker, DP_NEVER);
        err = devp2p_read(rw, &msg);
        if (!err)
            take(s, &msg);
    }
    return s->err = err;
}

static int msg_slow(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    slow *s = user;

    (void)rw;
    return s->asleep ? DEVP2P_ERR_AGAIN : take(s, msg);
}

static void close_slow(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    slow *s = user;

    (void)rw, (void)unsent;
    s->err = reason;
}

static void wake(slow *s)
{
    s->asleep = false;
    s->world->ops->unpark(s->parker);
}

/* --- live --- */

static int run_live(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    live *l = user;
    devp2p_msg msg;
    int err = 0;

    (void)peer;
    while (l->done < l->rounds && !err) {
        err = devp2p_send_items(rw, 0, "ping");
        if (!err)
            err = devp2p_read(rw, &msg);
        if (!err)
            l->done++;
    }
    return l->err = err ? err : devp2p_read(rw, &msg);
}

static int msg_live(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)msg, (void)user;
    return devp2p_send_items(rw, 0, "pong");
}

/* --- the pair --- */

typedef struct pair {
    net n;
    node a, b;
    slow sa, sb;
    live la;
    devp2p_protocol pa[3], pb[3];
} pair;

static void pair_init(pair *p)
{
    net_init(&p->n, 21);
    p->pa[0] = (devp2p_protocol){ .name = "slow",
        .version = 1,
        .length = 1,
        .run = send_slow,
        .user = &p->sa };
    p->pa[1] = (devp2p_protocol){ .name = "live",
        .version = 1,
        .length = 1,
        .run = run_live,
        .user = &p->la };
    p->pb[0] = p->pa[0];
    p->pb[0].user = &p->sb;
    p->pb[0].run = p->sb.on_loop ? NULL : run_slow;
    p->pb[0].on_msg = p->sb.on_loop ? msg_slow : NULL;
    p->pb[0].on_close = p->sb.on_loop ? close_slow : NULL;
    p->pb[1] = p->pa[1];
    p->pb[1].run = NULL;
    p->pb[1].on_msg = msg_live;
    node_config(&p->a, 1, p->pa);
    node_config(&p->b, 2, p->pb);
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
    p->sb.world = p->b.world;
    p->sb.asleep = true;
    assert_int_equal(p->b.world->ops->parker(p->b.world, &p->sb.parker), 0);
    node_dial(&p->a, &p->b);
}

static void pair_fini(pair *p)
{
    node_stop(&p->a);
    devp2p_server_stop(p->b.srv);
    wake(&p->sb);
    devp2p_server_wait(p->b.srv);
    p->b.world->ops->parker_free(p->sb.parker);
    node_stop(&p->b);
    net_fini(&p->n);
}

static bool rounds_done(void *user)
{
    pair *p = user;
    return p->la.done == p->la.rounds;
}

static bool all_read(void *user)
{
    pair *p = user;
    return (int)p->sb.got == p->sa.put;
}

/* (a) One below its mark, slow delays nobody: live exchanges 1,000 messages,
 * and the connection lives on for longer than a peer may be silent. */
static void below(void **state)
{
    (void)state;
    for (int on_loop = 0; on_loop < 2; on_loop++) {
        pair p = { .sa.put = DP_RECV_MESSAGES - 1,
            .la.rounds = 1000,
            .sb.on_loop = on_loop };
        pair_init(&p);
        assert_true(net_until(&p.n, rounds_done, &p));
        net_run(&p.n, 3 * DP_DEAD_NS);
        assert_int_equal(devp2p_server_count(p.a.srv), 1);
        assert_int_equal(devp2p_server_count(p.b.srv), 1);
        assert_int_equal(p.sb.got, 0);
        wake(&p.sb);
        assert_true(net_until(&p.n, all_read, &p));
        pair_fini(&p);
    }
}

/* (b) At the mark live waits as well, and goes on when slow reads. */
static void at_the_mark(void **state)
{
    (void)state;
    for (int on_loop = 0; on_loop < 2; on_loop++) {
        pair p = { .sa.put = DP_RECV_MESSAGES + 500,
            .la.rounds = UINT32_MAX,
            .sb.on_loop = on_loop };
        pair_init(&p);
        net_run(&p.n, 10 * DP_SEC);
        uint32_t done = p.la.done;
        net_run(&p.n, 10 * DP_SEC);
        assert_int_equal(p.la.done, done);
        wake(&p.sb);
        assert_true(net_until(&p.n, all_read, &p));
        net_run(&p.n, DP_SEC);
        assert_true(p.la.done > done + 10);
        assert_int_equal(devp2p_server_count(p.b.srv), 1);
        pair_fini(&p);
    }
}

/* (c) After the grace the peer is gone, with the reason; the event names the
 * protocol. */
static void after_the_grace(void **state)
{
    (void)state;
    for (int on_loop = 0; on_loop < 2; on_loop++) {
        pair p = { .sa.put = DP_RECV_MESSAGES + 500,
            .la.rounds = 1,
            .sb.on_loop = on_loop };
        pair_init(&p);
        uint64_t before = dp_sim_now(p.n.sim).mono;
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
        uint64_t took = dp_sim_now(p.n.sim).mono - before;
        assert_int_equal(e->code, DEVP2P_DISC_SUBPROTOCOL_ERROR);
        assert_string_equal(e->protocol, "slow");
        assert_false(e->remote);
        assert_true(took >= DP_STALL_NS && took <= DP_STALL_NS + 6 * DP_SEC);
        e = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_DISC_SUBPROTOCOL_ERROR);
        assert_string_equal(e->protocol, "");
        assert_true(e->remote);
        if (on_loop)
            assert_int_equal(p.sb.err, DEVP2P_DISC_SUBPROTOCOL_ERROR);
        pair_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below),
        cmocka_unit_test(at_the_mark),
        cmocka_unit_test(after_the_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
