/* SPDX-License-Identifier: MIT */
/* stage.h - actors in a simulated world, for tests that plant faults.  The
 * first one, a, is the one whose memory or world fails; b and the others are
 * well.  Everybody answers questions, notes what happens, and insists that
 * messages come whole, once, in order, and that nobody is blamed for what he
 * did not do. */
#ifndef DP_STAGE_H
#define DP_STAGE_H

#include "faulty_world.h"
#include "server/net_fixture.h"

enum { RUN, EVENTS, STYLES };           /* of handlers */
enum { QUESTION, ANSWER, LIST, CODES }; /* messages */
enum {
    TALKS = 16,                  /* connections of one actor */
    CODES_TOLD = 32,             /* ends of them */
    OTHERS = 3,                  /* beside a and b */
    BIG = 40 * 1024,             /* bytes of a question: more than a chunk */
    HUGE = 256 * 1024,           /* more than a window */
    LONG = DP_PLAIN_AT_ONCE + 1, /* made plain in pieces */
    FILL = DP_SEND_MARK / HUGE,  /* so many reach a send mark */
    STOP_S = 10,                 /* from stop to the end */
    REDIAL_S = 80                /* from any state to the next try that works */
};

struct list {
    struct {
        uint32_t *at;
        size_t len;
    } numbers;
};
DEVP2P_RLP_TABLE(list, DEVP2P_FIELD_LIST(list, numbers));

/* A talk is one protocol of one connection. */
typedef struct talk {
    devp2p_rw *rw; /* kept */
    bool open;
    uint32_t asked, answered; /* our questions: accepted by send, answered */
    uint32_t heard, lists;    /* of the other side */
    uint32_t unsent;
    bool sulked; /* the next question was put off once */
} talk;

typedef struct side {
    talk talks[TALKS];
    size_t n, closes;
    bool sulks;    /* puts each question off once */
    bool writable; /* on_writable came */
} side;

typedef struct actor {
    struct stage *on;
    node x;
    side sides[STYLES];
    devp2p_protocol rows[STYLES + 1];
    size_t adds, drops, lost;
    int command;           /* outcome of the last one */
    int codes[CODES_TOLD]; /* of peers dropped and dials that failed */
    size_t ncodes;
} actor;

typedef struct stage {
    net w;
    test_env memory; /* of a */
    faulty world;    /* of a */
    actor a, b, others[OTHERS];
    size_t nothers;
    devp2p_events *ring;
    size_t unmade; /* servers that could not be made */
} stage;

/* --- questions --- */

/* body_of is what question n of that length holds. */
static inline devp2p_slice body_of(uint32_t n, size_t len)
{
    static uint8_t noise[LONG + 64];
    if (!noise[0])
        net_noise(noise, HUGE + 64); /* the rest shrinks: below a mark */
    return (devp2p_slice){ noise + n % 64, len };
}

static inline int ask(talk *t, size_t len)
{
    int err =
        devp2p_send_items(t->rw, QUESTION, t->asked, body_of(t->asked, len));
    t->asked += err == 0;
    return err;
}

static inline int hear_question(talk *t, devp2p_rw *rw, const devp2p_msg *msg)
{
    uint32_t n;
    devp2p_slice body;
    assert_int_equal(devp2p_decode_items(msg, &n, &body), 0);
    assert_int_equal(n, t->heard);
    assert_true(body.len <= LONG);
    assert_memory_equal(body.at, body_of(n, body.len).at, body.len);
    int err = devp2p_send_value(rw, ANSWER, n);
    t->heard += err == 0;
    return err;
}

static inline int hear_list(talk *t, const devp2p_msg *msg)
{
    struct list l;
    int err = devp2p_decode(msg, list, &l);
    if (err == DEVP2P_ERR_NOBUF) /* the arena had no memory */
        return err;
    assert_int_equal(err, 0);
    assert_int_equal(l.numbers.len, 3);
    assert_int_equal(l.numbers.at[2], 8);
    t->lists++;
    return 0;
}

static inline int hear(talk *t, devp2p_rw *rw, const devp2p_msg *msg)
{
    uint32_t n;
    switch (msg->code) {
    case QUESTION:
        return hear_question(t, rw, msg);
    case LIST:
        return hear_list(t, msg);
    default:
        assert_int_equal(msg->code, ANSWER);
        assert_int_equal(devp2p_decode_value(msg, &n), 0);
        assert_int_equal(n, t->answered);
        assert_true(n < t->asked);
        t->answered++;
        return 0;
    }
}

static inline int tell_list(talk *t)
{
    uint32_t numbers[] = { 6, 7, 8 };
    struct list l = { { numbers, 3 } };
    return devp2p_send(t->rw, LIST, list, &l);
}

/* --- handlers --- */

static inline talk *talk_open(side *s, devp2p_rw *rw)
{
    assert_true(s->n < TALKS);
    talk *t = &s->talks[s->n++];
    t->rw = devp2p_rw_keep(rw);
    t->open = true;
    devp2p_rw_set_data(rw, t);
    return t;
}

static inline void talk_close(side *s, talk *t)
{
    assert_true(t->open);
    t->open = false;
    s->closes++;
}

static inline int stage_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    side *s = user;
    talk *t = talk_open(s, rw);
    devp2p_msg msg;
    int err, tries = 0;
    (void)peer;
    do {
        err = devp2p_read(rw, &msg);
        if (err == DEVP2P_ERR_NOMEM && tries++ < 3)
            err = 0; /* the message waits */
        else if (!err)
            err = hear(t, rw, &msg);
    } while (!err);
    talk_close(s, t);
    return err;
}

static inline int stage_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    talk_open(user, rw);
    return 0;
}

static inline int stage_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    side *s = user;
    talk *t = devp2p_rw_data(rw);
    assert_true(t->open);
    if (s->sulks && msg->code == QUESTION && !t->sulked) {
        t->sulked = true;
        return DEVP2P_ERR_AGAIN;
    }
    t->sulked = false;
    return hear(t, rw, msg);
}

static inline void stage_writable(devp2p_rw *rw, void *user)
{
    (void)rw;
    ((side *)user)->writable = true;
}

static inline void stage_close(
    devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    talk *t = devp2p_rw_data(rw);
    assert_int_not_equal(reason, 0);
    t->unsent = unsent;
    talk_close(user, t);
}

/* --- events --- */

/* blames: the code says that the other side broke the rules or was silent,
 * which nobody here does. */
static inline bool blames(int code)
{
    static const int codes[] = { DEVP2P_ERR_HANDSHAKE, DEVP2P_ERR_FRAME_MAC,
        DEVP2P_ERR_FRAME_SIZE, DEVP2P_ERR_MESSAGE, DEVP2P_ERR_SNAPPY,
        DEVP2P_ERR_SIGNATURE, DEVP2P_ERR_KEY, DEVP2P_ERR_STALLED,
        DEVP2P_ERR_STATE, DEVP2P_ERR_INVALID, DEVP2P_DISC_PROTOCOL_ERROR,
        DEVP2P_DISC_USELESS_PEER, DEVP2P_DISC_INCOMPATIBLE_VERSION,
        DEVP2P_DISC_INVALID_IDENTITY, DEVP2P_DISC_UNEXPECTED_IDENTITY,
        DEVP2P_DISC_SELF, DEVP2P_DISC_READ_TIMEOUT };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static inline void note_code(actor *p, int code)
{
    assert_int_not_equal(code, 0);
    assert_true(p->ncodes < CODES_TOLD);
    p->codes[p->ncodes++] = code;
}

/* told: a peer was dropped or a dial failed with this code. */
static inline bool told(const actor *p, int code)
{
    for (size_t i = 0; i < p->ncodes; i++)
        if (p->codes[i] == code)
            return true;
    return false;
}

static inline void stage_event(const devp2p_event *e, void *user)
{
    actor *p = user;
    if (blames(e->code))
        fail_msg("node %d tells: %s", p->x.cfg.private_key.b[31],
            devp2p_strerror(e->code));
    switch (e->kind) {
    case DEVP2P_EVENT_PEER_ADD:
        p->adds++;
        break;
    case DEVP2P_EVENT_PEER_DROP:
        p->drops++;
        note_code(p, e->code);
        break;
    case DEVP2P_EVENT_DIAL_FAIL:
        note_code(p, e->code);
        break;
    case DEVP2P_EVENT_COMMAND:
        p->command = e->code;
        break;
    case DEVP2P_EVENT_LOST:
        assert_true(p == &p->on->a); /* who has memory loses nothing */
        p->lost += e->count;
        break;
    case DEVP2P_EVENT_MSG_SENT: /* nobody asked for them */
    case DEVP2P_EVENT_MSG_RECEIVED:
        fail();
        break;
    }
}

/* --- actors --- */

static inline void actor_init(actor *p, stage *s, uint8_t number)
{
    devp2p_node self = { .addr = node_ip(number) };
    devp2p_protocol row = { .version = 1, .length = CODES };

    p->on = s;
    p->rows[RUN] = p->rows[EVENTS] = row;
    p->rows[RUN].name = "run";
    p->rows[RUN].run = stage_run;
    p->rows[EVENTS].name = "events";
    p->rows[EVENTS].on_open = stage_open;
    p->rows[EVENTS].on_msg = stage_msg;
    p->rows[EVENTS].on_writable = stage_writable;
    p->rows[EVENTS].on_close = stage_close;
    for (int i = 0; i < STYLES; i++)
        p->rows[i].user = &p->sides[i];
    node_config(&p->x, number, p->rows);
    p->x.net = &s->w;
    p->x.cfg.on_event = stage_event;
    p->x.cfg.on_event_user = p;
    p->x.cfg.alloc = test_alloc;
    p->x.cfg.alloc_user = p == &s->a ? &s->memory : &s->w.t;
    self.addr.port = 30303;
    assert_int_equal(devp2p_key_public(&self.pub, &p->x.cfg.private_key), 0);
    devp2p_node_url(p->x.url, &self);
}

/* actor_begin makes and starts a server, in two tries; when it fails nothing is
 * there. */
static inline int actor_begin(actor *p)
{
    stage *s = p->on;
    devp2p_addr ip = node_ip(p->x.cfg.private_key.b[31]);

    assert_int_equal(dp_sim_world(&p->x.world, s->w.sim, &ip), 0);
    if (p == &s->a)
        faulty_plant(&s->world, p->x.world);
    int err = dp_server_new(&p->x.srv, &p->x.cfg, sizeof p->x.cfg,
        sizeof(devp2p_protocol), p->x.world, NULL);
    if (err) {
        assert_null(p->x.srv);
        p->x.world->ops->free(p->x.world);
        assert_int_equal(s->memory.live, 0);
        s->unmade++;
        return err;
    }
    if (p == &s->a)
        faulty_listen(&s->world, p->x.world);
    err = devp2p_server_start(p->x.srv);
    if (err)
        err = devp2p_server_start(p->x.srv);
    if (err) {
        devp2p_server_free(p->x.srv);
        p->x.srv = NULL;
    }
    return err;
}

static inline void actor_drop(actor *p)
{
    for (int i = 0; i < STYLES; i++) {
        side *s = &p->sides[i];
        assert_int_equal(s->n, s->closes);
        for (size_t k = 0; k < s->n; k++) {
            assert_int_equal(ask(&s->talks[k], 1), DEVP2P_ERR_CLOSED);
            devp2p_rw_drop(s->talks[k].rw);
        }
        s->n = s->closes = 0;
        memset(s->talks, 0, sizeof s->talks);
    }
}

/* actor_end stops a server, which takes no more than STOP_S, and frees it. */
static inline void actor_end(actor *p)
{
    if (!p->x.srv)
        return;
    devp2p_server_stop(p->x.srv);
    net_run(&p->on->w, STOP_S * DP_SEC);
    assert_true(dp_sim_node_of(p->x.world)->ended);
    assert_int_equal(devp2p_server_wait(p->x.srv), 0);
    assert_int_equal(devp2p_server_count(p->x.srv), 0);
    devp2p_server_free(p->x.srv);
    p->x.srv = NULL;
    size_t more = p->adds > p->drops ? p->adds - p->drops : p->drops - p->adds;
    assert_true(more <= p->lost);
}

/* --- the stage --- */

static inline void stage_init(stage *s)
{
    memset(s, 0, sizeof *s);
    net_init(&s->w, 31);
    test_env_init(&s->memory);
    faulty_init(&s->world);
    actor_init(&s->a, s, 1);
    actor_init(&s->b, s, 2);
    for (uint8_t i = 0; i < OTHERS; i++)
        actor_init(&s->others[i], s, (uint8_t)(3 + i));
    assert_int_equal(actor_begin(&s->b), 0);
}

static inline void stage_fini(stage *s)
{
    devp2p_events_close(s->ring);
    actor_end(&s->a);
    actor_end(&s->b);
    actor_drop(&s->a);
    actor_drop(&s->b);
    assert_int_equal(s->memory.live, 0);
    net_fini(&s->w);
}

/* stage_wait lets time pass until something is true. */
static inline bool stage_wait(
    stage *s, uint64_t seconds, bool (*done)(void *user), void *user)
{
    return dp_sim_run(
        s->w.sim, dp_sim_now(s->w.sim).mono + seconds * DP_SEC, done, user);
}

static inline talk *talk_now(actor *p, int style)
{
    side *s = &p->sides[style];
    talk *t = s->n ? &s->talks[s->n - 1] : NULL;
    return t && t->open ? t : NULL;
}

static inline bool joined(const actor *p)
{
    actor *q = (actor *)(uintptr_t)p;
    return talk_now(q, RUN) && talk_now(q, EVENTS);
}

/* met: a and b are connected, their handlers are there. */
static inline bool met(void *user)
{
    stage *s = user;
    return joined(&s->a) && joined(&s->b);
}

/* settled: every question of a and b that is still to be answered was. */
static inline bool settled(void *user)
{
    stage *s = user;
    for (int i = 0; i < STYLES; i++) {
        const talk *t = talk_now(&s->a, i), *u = talk_now(&s->b, i);
        if (!t || !u || t->answered < t->asked || u->answered < u->asked)
            return false;
    }
    return true;
}

static inline int add(actor *p, const actor *to)
{
    return devp2p_server_add_peer(p->x.srv, NULL, to->x.url);
}

/* talked: each of a and b asks the other something in both styles. */
static inline bool talked(stage *s)
{
    if (!stage_wait(s, REDIAL_S, met, s))
        return false;
    for (int i = 0; i < STYLES; i++)
        if (ask(talk_now(&s->a, i), 100) || ask(talk_now(&s->b, i), 100))
            return false;
    return stage_wait(s, 5, settled, s);
}

#endif
