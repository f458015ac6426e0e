/* SPDX-License-Identifier: MIT */
/* unfold_test.c - messages that are made plain a piece a turn: what waits for
 * them and what does not, and every moment at which they may end. */
#include "server/channel.h"
#include "server/net_fixture.h"
#include "server/turn.h"
#include "wire/envelope.h"

enum {
    LONG = 3 << 20, /* below a receive mark: the session reads on */
    NOTES = 64,
    SENDERS = 10
};

/* A note is one message that a handler was given. */
typedef struct note {
    size_t ear, len;
    uint64_t code, turn; /* of those in which its loop unfolded something */
    bool whole;          /* the bytes are those that were sent */
} note;

/* An ear is one protocol at b's end. */
typedef struct ear {
    size_t number;
    devp2p_rw *rw; /* borrowed while it is open */
    int closes, reason;
    int sulks;       /* puts so many messages off */
    int answer;      /* what on_msg ends with */
    size_t most;     /* of b's memory in use while a reader holds a message */
    uint64_t offers; /* calls of on_msg */
} ear;

/* What all see; act is done before the turn that follows so many in which
 * something was unfolded. */
static struct {
    uint8_t *bytes;
    size_t full;
    devp2p_server *srv; /* b's */
    test_env *memory;   /* and its memory */
    note notes[NOTES];
    size_t nnotes;
    uint64_t turns, act_at;
    unsigned loop; /* that turns */
    uint64_t turns_of[DP_LOOPS_MAX];
    void (*act)(void);
    size_t most;    /* that a loop unfolded in a turn */
    size_t counted; /* the most of b's receive totals meanwhile */
} seen;

/* --- b's turns --- */

/* watch is a turn of one of b's loops. */
static uint64_t watch(void *server, dp_now now)
{
    dp_loop *loop = server;

    if (seen.act && seen.turns >= seen.act_at) {
        void (*act)(void) = seen.act;
        seen.act = NULL;
        act();
    }
    seen.loop = loop->number;
    uint64_t next = dp_turn_up.turn(server, now);
    size_t used = DP_TURN_PLAIN - loop->unfolds;
    assert_true(used <= DP_TURN_PLAIN);
    if (used && loop->recv.used > seen.counted)
        seen.counted = loop->recv.used;
    seen.turns += used > 0;
    seen.turns_of[loop->number] += used > 0;
    seen.most = used > seen.most ? used : seen.most;
    return next;
}

static void watch_turns(node *x)
{
    static dp_world_up up;

    up = dp_turn_up;
    up.turn = watch;
    for (size_t i = 0; i < x->srv->nloops; i++)
        x->srv->loops[i].world->up = &up;
    seen.srv = x->srv;
}

/* --- handlers --- */

static void take_note(ear *e, const devp2p_msg *msg)
{
    assert_true(seen.nnotes < NOTES);
    seen.notes[seen.nnotes++] = (note){
        .ear = e->number,
        .len = msg->payload.len,
        .code = msg->code,
        .turn = seen.turns_of[seen.loop],
        .whole = !memcmp(msg->payload.at, seen.bytes, msg->payload.len),
    };
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    ear *e = user;

    (void)peer;
    e->rw = rw;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    ear *e = user;

    (void)rw;
    assert_int_equal(e->closes, 0);
    e->offers++;
    if (e->sulks && e->sulks--)
        return DEVP2P_ERR_AGAIN;
    take_note(e, msg);
    return e->answer;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    ear *e = user;

    (void)rw, (void)unsent;
    e->rw = NULL;
    e->closes++;
    e->reason = reason;
}

/* in_use leaves out what is kept warm. */
static size_t in_use(void)
{
    return seen.memory->live - dp_warm_spare(seen.srv->warm);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    ear *e = user;
    devp2p_msg msg;

    (void)peer;
    while ((e->reason = devp2p_read(rw, &msg)) == 0) {
        if (seen.memory && in_use() > e->most)
            e->most = in_use();
        take_note(e, &msg);
    }
    e->closes++;
    return e->reason;
}

/* --- two nodes --- */

/* Of each node two protocols; b's may be of the run style. */
typedef struct pair {
    net n;
    node a, b;
    ear ea[2], eb[2];
    devp2p_protocol pa[3], pb[3];
    test_env memory; /* b's */
} pair;

static void protocols(devp2p_protocol p[3], ear e[2], bool runs)
{
    static const char *const names[] = { "one", "two" };

    for (size_t i = 0; i < 2; i++) {
        e[i] = (ear){ .number = i };
        p[i] = (devp2p_protocol){
            .name = names[i], .version = 1, .length = 4, .user = &e[i]
        };
        if (runs) {
            p[i].run = run;
        } else {
            p[i].on_open = on_open;
            p[i].on_msg = on_msg;
            p[i].on_close = on_close;
        }
    }
    p[2] = (devp2p_protocol){ .name = NULL };
}

static void see_nothing(size_t full)
{
    memset(&seen, 0, sizeof seen);
    seen.full = full;
    seen.bytes = malloc(full);
    assert_non_null(seen.bytes);
    net_noise(seen.bytes, full);
}

static void pair_init(pair *p, size_t full, bool runs)
{
    memset(p, 0, sizeof *p);
    see_nothing(full);
    net_init(&p->n, 61);
    test_env_init(&p->memory);
    protocols(p->pa, p->ea, false);
    protocols(p->pb, p->eb, runs);
    node_config(&p->a, 1, p->pa);
    node_config(&p->b, 2, p->pb);
    p->a.cfg.send_mark = 32 << 20;
    p->b.cfg.message_events = true;
    p->b.memory = seen.memory = &p->memory;
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
    watch_turns(&p->b);
    node_dial(&p->a, &p->b);
}

static void pair_fini(pair *p)
{
    node_stop(&p->a);
    if (p->b.srv)
        node_stop(&p->b);
    assert_int_equal(p->memory.live, 0);
    net_fini(&p->n);
    free(seen.bytes);
}

static void send(ear *e, uint64_t code, size_t len)
{
    assert_int_equal(
        devp2p_send_raw(e->rw, code, (devp2p_slice){ seen.bytes, len }), 0);
}

/* is_note checks one: whose it is, its code and its length. */
static void is_note(size_t i, size_t number, uint64_t code, size_t len)
{
    assert_true(i < seen.nnotes);
    assert_int_equal(seen.notes[i].ear, number);
    assert_int_equal(seen.notes[i].code, code);
    assert_int_equal(seen.notes[i].len, len);
    assert_true(seen.notes[i].whole);
}

/* told_codes compares the codes of the messages that b was told of. */
static void told_codes(const node *x, const char *codes)
{
    size_t n = 0;

    for (size_t i = 0; i < x->nevents; i++)
        if (x->events[i].kind == DEVP2P_EVENT_MSG_RECEIVED) {
            assert_true(codes[n]);
            assert_int_equal(x->events[i].msg_code, codes[n] - '0');
            n++;
        }
    assert_int_equal(codes[n], 0);
}

static size_t held(const devp2p_server *srv)
{
    size_t n = 0;

    for (size_t i = 0; i < srv->nloops; i++)
        n += srv->loops[i].recv.used;
    return n;
}

/* --- what it is for --- */

/* A long message takes a turn for each piece, and is told when it has come; it
 * counts in the total as it came and plain until it is handled. */
static void a_piece_a_turn(void **state)
{
    (void)state;
    static const size_t sizes[] = { DP_PLAIN_AT_ONCE, DP_PLAIN_AT_ONCE + 1,
        LONG, DP_MESSAGE_MAX - 4096 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t full = sizes[i];
        pair p;
        pair_init(&p, full, false);
        send(&p.ea[0], 1, full);
        net_run(&p.n, 60 * DP_SEC);
        assert_int_equal(seen.nnotes, 1);
        is_note(0, 0, 1, full);
        if (full <= DP_PLAIN_AT_ONCE) {
            assert_int_equal(seen.turns, 0);
        } else {
            assert_true(seen.turns >= full / DP_TURN_BYTES);
            assert_true(seen.counted >= 2 * full);
        }
        assert_int_equal(held(p.b.srv), 0);
        told_codes(&p.b, "1");
        pair_fini(&p);
    }
}

/* What comes behind it for the same protocol waits, in order; another protocol
 * is served meanwhile.  Events are told in the order in which all came. */
static void others_go_on(void **state)
{
    (void)state;
    pair p;

    pair_init(&p, LONG, false);
    send(&p.ea[0], 0, 10);
    send(&p.ea[0], 1, LONG);
    send(&p.ea[0], 2, 300);
    send(&p.ea[1], 3, 20);
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(seen.nnotes, 4);
    bool other = false;
    for (size_t i = 0, n = 0; i < 4; i++) {
        static const size_t lens[] = { 10, LONG, 300 };
        if (seen.notes[i].ear == 1) {
            is_note(i, 1, 3, 20);
            other = n < 2;
        } else {
            is_note(i, 0, n, lens[n]);
            n++;
        }
    }
    assert_true(other);
    pair_fini(&p);
}

/* The messages of one protocol come in order, however long they are. */
static void in_order(void **state)
{
    (void)state;
    static const size_t lens[] = { 5, DP_PLAIN_AT_ONCE + 1, DP_PLAIN_AT_ONCE, 7,
        DP_PLAIN_AT_ONCE + 70000, DP_PLAIN_AT_ONCE + 1, 9 };
    enum { N = sizeof lens / sizeof *lens };
    pair p;

    pair_init(&p, LONG, false);
    p.eb[0].sulks = 3;
    for (size_t i = 0; i < N; i++) {
        send(&p.ea[0], i % 4, lens[i]);
        net_run(&p.n, i % 2 ? 0 : DP_SEC);
    }
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(seen.nnotes, N);
    for (size_t i = 0; i < N; i++)
        is_note(i, 0, i % 4, lens[i]);
    told_codes(&p.b, "0123012");
    assert_int_equal(held(p.b.srv), 0);
    pair_fini(&p);
}

/* A long message that on_msg puts off stays plain, and comes again. */
static void put_off(void **state)
{
    (void)state;
    pair p;

    pair_init(&p, LONG, false);
    p.eb[0].sulks = 5;
    send(&p.ea[0], 1, LONG);
    send(&p.ea[0], 2, 10);
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(seen.nnotes, 2);
    is_note(0, 0, 1, LONG);
    is_note(1, 0, 2, 10);
    assert_int_equal(p.eb[0].offers, 7);
    assert_true(seen.turns <= LONG / DP_TURN_BYTES + 1);
    told_codes(&p.b, "12");
    pair_fini(&p);
}

/* --- many at once --- */

typedef struct crowd {
    net n;
    node x[SENDERS + 1]; /* the last one is sent to */
    ear e[SENDERS + 1][2];
    devp2p_protocol p[SENDERS + 1][3];
} crowd;

/* Who sends at the same moment is served in turn, and the loop does no more in
 * a turn than for one. */
static void many_at_once(void **state)
{
    (void)state;
    static crowd c;
    node *b = &c.x[SENDERS];

    memset(&c, 0, sizeof c);
    see_nothing(LONG);
    memset(seen.bytes, 0, LONG); /* so they all come in a few windows */
    test_env_init(&c.n.t);
    dp_sim_setup setup = {
        .seed = 62, .link = { .latency_us = 10000 }, .env = c.n.t.env
    };
    assert_int_equal(dp_sim_new(&c.n.sim, &setup), 0);
    for (size_t i = SENDERS + 1; i-- > 0;) {
        protocols(c.p[i], c.e[i], false);
        node_config(&c.x[i], (uint8_t)(1 + i), c.p[i]);
        node_start(&c.x[i], &c.n);
        if (i < SENDERS)
            node_dial(&c.x[i], b);
    }
    watch_turns(b);
    net_run(&c.n, DP_SEC);
    for (size_t i = 0; i < SENDERS; i++)
        send(&c.e[i][0], 1, LONG);
    net_run(&c.n, 20 * DP_SEC);
    assert_int_equal(seen.nnotes, SENDERS);
    for (size_t i = 0; i < SENDERS; i++)
        is_note(i, 0, 1, LONG);
    assert_int_equal(seen.most, DP_TURN_PLAIN);
    uint64_t first = seen.notes[0].turn, last = seen.notes[SENDERS - 1].turn;
    assert_true(last - first < first / 2);
    for (size_t i = 0; i <= SENDERS; i++)
        node_stop(&c.x[i]);
    net_fini(&c.n);
    free(seen.bytes);
}

/* --- ends --- */

static void drop_peer(void)
{
    devp2p_peer *peer;

    assert_int_equal(devp2p_server_peers(seen.srv, &peer, 1), 1);
    devp2p_peer_disconnect(peer, DEVP2P_DISC_USELESS_PEER);
    devp2p_peer_drop(peer);
}

static void stop_server(void)
{
    devp2p_server_stop(seen.srv);
}

static pair *broken_pair; /* whose network fails */

static void cut(void)
{
    pair *p = broken_pair;

    dp_sim_cut(p->n.sim, p->a.world, p->b.world);
}

/* ends_at plays an end that comes when n turns were spent on a message: true
 * when the message did not need so many. */
static bool ends_at(uint64_t n, void (*act)(void), bool keep)
{
    static pair p;

    pair_init(&p, DP_PLAIN_AT_ONCE + DP_TURN_PLAIN, false);
    broken_pair = &p;
    seen.act_at = n;
    seen.act = act;
    devp2p_rw *rw = keep ? devp2p_rw_keep(p.eb[0].rw) : NULL;
    send(&p.ea[0], 1, DP_PLAIN_AT_ONCE + DP_TURN_PLAIN);
    send(&p.ea[0], 2, 10);
    send(&p.ea[1], 3, 10);
    net_run(&p.n, 20 * DP_SEC);
    bool late = seen.act != NULL;
    assert_int_equal(p.eb[0].closes, !late);
    assert_int_equal(p.eb[1].closes, !late);
    assert_true(seen.nnotes == 3 || !late);
    for (size_t i = 0; i < seen.nnotes; i++)
        assert_true(seen.notes[i].whole);
    assert_int_equal(held(p.b.srv), 0);
    if (rw) { /* a reference holds no message */
        node_stop(&p.b);
        assert_true(p.memory.live < DP_TURN_BYTES);
        devp2p_rw_drop(rw);
    }
    pair_fini(&p);
    return late;
}

static void at_every_moment(void **state)
{
    (void)state;
    static void (*const acts[])(void) = { drop_peer, stop_server, cut };
    for (size_t i = 0; i < 3; i++)
        for (int keep = 0; keep < 2; keep++) {
            uint64_t n = 0;
            while (!ends_at(n, acts[i], keep))
                n++;
            print_message("%d: %d moments\n", (int)i, (int)n);
            assert_true(n >= 2);
        }
}

/* What a peer said before it left is heard, be it still in pieces. */
static void last_words(void **state)
{
    (void)state;
    pair p;
    devp2p_peer *peer;

    pair_init(&p, LONG, false);
    send(&p.ea[0], 1, LONG);
    send(&p.ea[0], 2, 10);
    assert_int_equal(devp2p_server_peers(p.a.srv, &peer, 1), 1);
    devp2p_peer_disconnect(peer, DEVP2P_DISC_QUITTING);
    devp2p_peer_drop(peer);
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(p.eb[0].closes, 1);
    assert_int_equal(p.eb[0].reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(seen.nnotes, 2);
    is_note(0, 0, 1, LONG);
    is_note(1, 0, 2, 10);
    pair_fini(&p);
}

/* A handler that another message ends takes the long one with it. */
static void a_handler_leaves(void **state)
{
    (void)state;
    pair p;

    pair_init(&p, LONG, false);
    p.eb[1].answer = DEVP2P_DISC_USELESS_PEER;
    send(&p.ea[0], 1, LONG);
    send(&p.ea[1], 3, 10);
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(seen.nnotes, 1);
    is_note(0, 1, 3, 10);
    assert_int_equal(p.eb[0].closes, 1);
    assert_int_equal(p.eb[0].reason, DEVP2P_DISC_USELESS_PEER);
    pair_fini(&p);
}

/* A block that turns out to be broken, at its beginning or at its end, ends the
 * connection as a short one does; no handler sees it. */
static void broken(void **state)
{
    (void)state;
    for (int at_end = 0; at_end < 2; at_end++) {
        pair p;
        dp_packet *packet;
        pair_init(&p, LONG, false);
        size_t room = dp_snappy_bound(LONG);
        uint8_t *block = malloc(room);
        assert_non_null(block);
        size_t len = dp_snappy_deflate(block, room, seen.bytes, LONG);
        block[4] = at_end ? block[4] : 1; /* a copy of nothing */
        len -= (size_t)at_end;
        assert_int_equal(dp_packet_new(&packet, &p.n.t.env, 1,
                             (devp2p_slice){ block, len }, false),
            0);
        free(block);
        send(&p.ea[0], 0, 10);
        assert_int_equal(dp_channel_send(dp_channel_of(p.ea[0].rw), packet), 0);
        dp_packet_drop(packet);
        const devp2p_event *e = node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
        assert_int_equal(e->code, DEVP2P_DISC_PROTOCOL_ERROR);
        assert_false(e->remote);
        net_run(&p.n, DP_SEC);
        assert_int_equal(seen.nnotes, 1);
        assert_int_equal(p.eb[0].reason, DEVP2P_DISC_PROTOCOL_ERROR);
        pair_fini(&p);
    }
}

/* --- the run style --- */

/* A reader's thread makes it plain; the loop gives it what came in, and of that
 * nothing is left beside the plain bytes. */
static void run_style(void **state)
{
    (void)state;
    pair p;

    pair_init(&p, LONG, true);
    size_t idle = in_use();
    send(&p.ea[0], 1, LONG);
    send(&p.ea[0], 2, 10);
    net_run(&p.n, 20 * DP_SEC);
    assert_int_equal(seen.turns, 0);
    assert_int_equal(seen.nnotes, 2);
    is_note(0, 0, 1, LONG);
    is_note(1, 0, 2, 10);
    assert_in_range(p.eb[0].most, idle + LONG, idle + LONG + LONG / 2);
    assert_int_equal(held(p.b.srv), 0);
    told_codes(&p.b, "12");
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_a_turn),
        cmocka_unit_test(others_go_on),
        cmocka_unit_test(in_order),
        cmocka_unit_test(put_off),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(at_every_moment),
        cmocka_unit_test(last_words),
        cmocka_unit_test(a_handler_leaves),
        cmocka_unit_test(broken),
        cmocka_unit_test(run_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
