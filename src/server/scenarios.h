/* SPDX-License-Identifier: MIT */
/* scenarios.h - what programs do with servers, as a table.  A scenario takes
 * whatever the calls return, and tells whether it got what it wanted: without a
 * fault it does. */
#ifndef DP_SCENARIOS_H
#define DP_SCENARIOS_H

#include "server/stage.h"

typedef struct scenario {
    const char *name;
    bool (*play)(stage *s);
    void (*prepare)(stage *s); /* before a's server is made; NULL: nothing */
    bool other_dials;          /* b dials a, again and again */
    bool bulk;                 /* many calls that are alike */
} scenario;

/* --- life --- */

static inline bool start_and_stop(stage *s)
{
    devp2p_node self;

    devp2p_server_self(s->a.x.srv, &self);
    assert_int_equal(self.addr.port, 30303);
    assert_int_equal(devp2p_server_start(s->a.x.srv), DEVP2P_ERR_STATE);
    net_run(&s->w, DP_SEC);
    actor_end(&s->a);
    return actor_begin(&s->a) == 0;
}

static inline bool dial(stage *s)
{
    return add(&s->a, &s->b) == 0 && stage_wait(s, REDIAL_S, met, s);
}

static inline bool be_dialled(stage *s)
{
    return stage_wait(s, REDIAL_S, met, s);
}

static inline void b_knows_a(stage *s)
{
    assert_int_equal(add(&s->b, &s->a), 0);
}

/* hand_over: the program has connected the two. */
static inline bool hand_over(stage *s)
{
    devp2p_node b;
    int raw[2];

    assert_int_equal(devp2p_node_parse(&b, s->b.x.url), 0);
    assert_int_equal(dp_sim_raw(s->a.x.world, s->b.x.world, raw), 0);
    int err = devp2p_server_setup_conn(s->a.x.srv, NULL, raw[0], 0, &b);
    if (err)
        s->a.x.world->ops->refuse(s->a.x.world, raw[0]);
    assert_int_equal(devp2p_server_setup_conn(
                         s->b.x.srv, NULL, raw[1], DEVP2P_PEER_INBOUND, NULL),
        0);
    return !err && stage_wait(s, REDIAL_S, met, s);
}

/* cross: both dial at once; one connection stays. */
static inline bool cross(stage *s)
{
    int err = add(&s->a, &s->b);
    bool good = stage_wait(s, REDIAL_S, met, s) && !err;
    net_run(&s->w, 6 * DP_SEC);
    assert_true(devp2p_server_count(s->a.x.srv) <= 1);
    assert_true(devp2p_server_count(s->b.x.srv) <= 1);
    return good;
}

/* listed: b is a static node of a's configuration. */
static inline void a_lists_b(stage *s)
{
    static const char *nodes[2];
    nodes[0] = s->b.x.url;
    s->a.x.cfg.static_nodes = nodes;
}

/* --- messages --- */

static inline bool send_small(stage *s)
{
    static const size_t sizes[] = { 0, 1, 100, 3000 };
    bool good = dial(s);

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int i = 0; i < STYLES; i++) {
            talk *t = talk_now(&s->a, i);
            good = good && t && !ask(t, sizes[k]) && !tell_list(t);
            net_run(&s->w, DP_SEC / 4);
        }
    return good && stage_wait(s, 5, settled, s);
}

/* fill brings an rw to its mark while the link stands still; once bytes flow
 * again there is room. */
static inline bool fill(stage *s)
{
    bool good = dial(s);
    talk *t = talk_now(&s->a, EVENTS);
    int err = 0, n = 0;

    if (!good || !t)
        return false;
    net_hold(&s->w, s->a.x.world, s->b.x.world, true);
    for (; !err && n <= FILL; n++) {
        err = ask(t, HUGE);
        net_run(&s->w, DP_MS);
    }
    net_hold(&s->w, s->a.x.world, s->b.x.world, false);
    good = err == DEVP2P_ERR_AGAIN && n == FILL + 1;
    return stage_wait(s, 30, settled, s) && s->a.sides[EVENTS].writable && good;
}

/* block: the sender waits at the mark of a run-style rw. */
static inline bool block(stage *s)
{
    bool good = dial(s);
    talk *t = talk_now(&s->a, RUN);
    uint64_t began = dp_sim_now(s->w.sim).mono;

    for (int n = 0; good && t && n <= FILL; n++)
        good = ask(t, HUGE) == 0;
    good = good && dp_sim_now(s->w.sim).mono > began;
    return good && stage_wait(s, 30, settled, s);
}

/* receive: b asks a, small and big, and lists of numbers. */
static inline bool receive(stage *s, int style)
{
    static const size_t sizes[] = { 100, BIG, 0, 3000 };
    bool good = dial(s);

    for (size_t k = 0; good && k < sizeof sizes / sizeof *sizes; k++) {
        talk *t = talk_now(&s->b, style);
        good = t && !ask(t, sizes[k]) && !ask(t, sizes[k]) && !tell_list(t);
        net_run(&s->w, DP_SEC / 4);
    }
    talk *t = talk_now(&s->a, style);
    return good && stage_wait(s, 5, settled, s) && t && t->lists == 4;
}

static inline bool receive_run(stage *s)
{
    return receive(s, RUN);
}

/* receive_events: each message is put off once. */
static inline bool receive_events(stage *s)
{
    s->a.sides[EVENTS].sulks = true;
    bool good = receive(s, EVENTS);
    s->a.sides[EVENTS].sulks = false;
    return good;
}

/* receive_long: b asks what a makes plain a piece a turn. */
static inline bool receive_long(stage *s)
{
    s->a.sides[EVENTS].sulks = true;
    bool good = dial(s);
    talk *t = talk_now(&s->b, EVENTS);

    good = good && t && !ask(t, LONG) && !ask(t, 100);
    good = stage_wait(s, 5, settled, s) && good;
    s->a.sides[EVENTS].sulks = false;
    return good && t->answered == 2;
}

/* --- many --- */

static inline void others_know_a(stage *s)
{
    s->nothers = OTHERS;
    for (size_t i = 0; i < OTHERS; i++) {
        assert_int_equal(actor_begin(&s->others[i]), 0);
        assert_int_equal(add(&s->others[i], &s->a), 0);
    }
}

static inline bool all_joined(void *user)
{
    const stage *s = user;
    for (size_t i = 0; i < OTHERS; i++)
        if (!joined(&s->others[i]))
            return false;
    return devp2p_server_count(s->a.x.srv) == OTHERS;
}

static inline bool all_heard(void *user)
{
    stage *s = user;
    for (size_t i = 0; i < OTHERS; i++)
        for (int k = 0; k < STYLES; k++) {
            const talk *t = talk_now(&s->others[i], k);
            if (!t || t->lists == 0)
                return false;
        }
    return true;
}

/* tell_all gives one packet to everybody. */
static inline bool tell_all(stage *s)
{
    static const char *const names[] = { "run", "events" };
    uint32_t numbers[] = { 6, 7, 8 };
    struct list l = { { numbers, 3 } };
    devp2p_packet *packet;
    size_t sent, full, all = 0;
    bool good = stage_wait(s, REDIAL_S, all_joined, s);

    assert_int_equal(devp2p_packet_new(&packet, LIST, list, &l), 0);
    for (int i = 0; i < STYLES; i++) {
        int err = devp2p_server_broadcast(
            s->a.x.srv, &sent, &full, names[i], 1, packet);
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        assert_true(sent <= devp2p_server_count(s->a.x.srv) && full == 0);
        all += sent;
    }
    devp2p_packet_drop(packet);
    good = good && all == (size_t)STYLES * OTHERS;
    return good && stage_wait(s, 5, all_heard, s);
}

/* refuse: there is room for one; the others are told so. */
static inline void room_for_one(stage *s)
{
    s->a.x.cfg.max_peers = 1;
    s->a.x.cfg.dial_ratio = DEVP2P_NONE;
    others_know_a(s);
}

static inline bool two_refused(void *user)
{
    const stage *s = user;
    size_t n = 0;
    for (size_t i = 0; i < OTHERS; i++)
        n += told(&s->others[i], DEVP2P_DISC_TOO_MANY_PEERS);
    return n == OTHERS - 1 && devp2p_server_count(s->a.x.srv) == 1;
}

static inline bool refuse(stage *s)
{
    bool good = stage_wait(s, REDIAL_S, two_refused, s);
    assert_true(devp2p_server_count(s->a.x.srv) <= 1);
    return good;
}

/* --- ends --- */

/* flush: what was accepted before the goodbye arrives, or is counted. */
static inline bool flush(stage *s)
{
    enum { N = 5 };
    bool good = dial(s);
    talk *t = talk_now(&s->a, EVENTS), *u = talk_now(&s->b, EVENTS);

    if (!good || !t || !u)
        return false;
    for (int i = 0; i < N; i++)
        (void)!ask(t, BIG);
    devp2p_peer_disconnect(devp2p_rw_peer(t->rw), DEVP2P_DISC_REQUESTED);
    net_run(&s->w, 6 * DP_SEC);
    assert_false(t->open);
    assert_false(u->open);
    assert_true(u->heard + t->unsent <= t->asked);
    return t->asked == N && u->heard == N && t->unsent == 0;
}

static inline bool parted(void *user)
{
    const stage *s = user;
    return !joined(&s->a) && !joined(&s->b);
}

static inline bool redial(stage *s)
{
    bool good = dial(s);

    dp_sim_cut(s->w.sim, s->a.x.world, s->b.x.world);
    good = good && stage_wait(s, 5, parted, s);
    return good && stage_wait(s, REDIAL_S, met, s);
}

/* outcome runs a command to its end: what the call or the event said. */
static inline int outcome(stage *s, int err)
{
    s->a.command = 1;
    net_run(&s->w, DP_SEC);
    return err ? err : s->a.command;
}

static inline bool command(stage *s)
{
    devp2p_server *srv = s->a.x.srv;
    const char *b = s->b.x.url, *other = s->others[0].x.url;
    devp2p_events *second = NULL;
    devp2p_event e;
    size_t told = 0;

    int err = devp2p_events_open(&s->ring, srv);
    assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
    bool good = !err && !devp2p_events_open(&second, srv);
    good &= outcome(s, devp2p_server_add_peer(srv, NULL, b)) == 0;
    good &=
        outcome(s, devp2p_server_add_peer(srv, NULL, b)) == DEVP2P_ERR_EXISTS;
    good &= outcome(s, devp2p_server_remove_peer(srv, NULL, other)) ==
            DEVP2P_ERR_NOT_FOUND;
    assert_int_equal(
        devp2p_server_add_peer(srv, NULL, "enode://"), DEVP2P_ERR_URL);
    good &= outcome(s, devp2p_server_remove_peer(srv, NULL, b)) == 0;
    devp2p_events_close(second);
    while (s->ring && devp2p_events_next(s->ring, &e, 1000) == 0)
        told++;
    return good && told == 6; /* four commands, a peer that came and went */
}

/* keep holds a peer and its rws beyond the server. */
static inline bool keep(stage *s)
{
    devp2p_peer *peers[2];
    bool good = dial(s);
    size_t n = devp2p_server_peers(s->a.x.srv, peers, 2);

    good = good && n == 1;
    actor_end(&s->a);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(devp2p_peer_name(peers[i]), "node");
        assert_int_not_equal(devp2p_peer_reason(peers[i], NULL), 0);
        devp2p_peer_drop(peers[i]);
    }
    actor_drop(&s->a); /* its rws answer ERR_CLOSED */
    assert_int_equal(s->memory.live, 0);
    return actor_begin(&s->a) == 0 && good;
}

enum { DIAL = 1 };

static const scenario scenarios[] = {
    { .name = "start and stop", .play = start_and_stop },
    [DIAL] = { .name = "dial", .play = dial },
    { .name = "static node", .play = be_dialled, .prepare = a_lists_b },
    { .name = "accept",
        .play = be_dialled,
        .prepare = b_knows_a,
        .other_dials = true },
    { .name = "dial each other", .play = cross, .prepare = b_knows_a },
    { .name = "hand over", .play = hand_over },
    { .name = "send small", .play = send_small },
    { .name = "send to the mark", .play = fill, .bulk = true },
    { .name = "wait at the mark", .play = block, .bulk = true },
    { .name = "receive, run style", .play = receive_run },
    { .name = "receive, event style", .play = receive_events },
    { .name = "receive, in pieces", .play = receive_long },
    { .name = "tell everybody", .play = tell_all, .prepare = others_know_a },
    { .name = "refuse", .play = refuse, .prepare = room_for_one },
    { .name = "say goodbye", .play = flush },
    { .name = "redial", .play = redial },
    { .name = "add and remove", .play = command },
    { .name = "keep beyond the end", .play = keep },
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* --- before and behind --- */

/* recover: what failed is done again, and works. */
static inline void recover(stage *s, const scenario *c)
{
    for (size_t i = 0; i < s->nothers; i++) {
        actor_end(&s->others[i]);
        actor_drop(&s->others[i]);
    }
    s->nothers = 0;
    if (!s->a.x.srv)
        assert_int_equal(actor_begin(&s->a), 0);
    if (!c->other_dials && !s->a.x.cfg.static_nodes)
        assert_int_equal(add(&s->a, &s->b), 0);
    net_run(&s->w, 5 * DP_SEC); /* a connection may be about to end */
    assert_true(talked(s));
}

/* A fault is what goes wrong from the making of a's server until the scenario
 * is over. */
typedef struct fault {
    void (*plant)(stage *s, const struct fault *f);
    void (*heal)(stage *s);
    const char *what;
    faulty_call call; /* of the world */
    int err;          /* that it answers */
    size_t from, to;  /* which calls fail, counted from 1 */
} fault;

/* what is played, for the message of a test that fails */
static char playing[128];

/* tell_where is the teardown of a test that plays scenarios. */
static inline int tell_where(void **state)
{
    (void)state;
    if (playing[0])
        print_error("in: %s\n", playing);
    playing[0] = '\0';
    return 0;
}

/* play_scenario plays one with a fault, heals that, and demands that everything
 * works then; it returns whether the scenario got what it wanted. */
static inline bool play_scenario(const scenario *c, stage *s, const fault *f)
{
    snprintf(playing, sizeof playing, "%s, %s %zu to %zu: %s", c->name, f->what,
        f->from, f->to, devp2p_strerror(f->err));
    stage_init(s);
    f->plant(s, f);
    if (c->prepare)
        c->prepare(s);
    int err = actor_begin(&s->a);
    if (err)
        assert_int_equal(err, f->err);
    bool good = !err && c->play(s);
    f->heal(s);
    recover(s, c);
    stage_fini(s);
    /* nobody waits for who is not coming */
    if (f->err != DEVP2P_ERR_TIMEOUT)
        assert_false(
            told(&s->a, DEVP2P_ERR_TIMEOUT) || told(&s->b, DEVP2P_ERR_TIMEOUT));
    playing[0] = '\0';
    return good;
}

#endif
