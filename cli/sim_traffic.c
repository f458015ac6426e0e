/* SPDX-License-Identifier: MIT */
#include "sim_traffic.h"

#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE = 0, /* the one code of the protocol */
    SMALL = 256,
    MIDDLE = 16 * 1024,
    LARGE = 200 * 1024,
    OFFSETS = 4096, /* at which a filler may begin in the noise */
    OWED_MAX = 256, /* what an end that cannot send saves up */
    STACK = 256 * 1024
};

enum {
    SETTLE_MS = 60 * 1000,
    /* a connection whose bytes are lost is found dead after 30 s */
    UNNOTICED_MS = 40 * 1000,
    LAST_MS = 10 * 1000 /* for what is on its way: greetings, goodbyes */
};

/* A member is a node as its handlers know it. */
typedef struct member {
    sim_traffic *traffic;
    devp2p_sim_node *node;
} member;

struct sim_traffic {
    sim_traffic_config cfg;
    sim_account *account;
    member *members;
    size_t n;
    bool quiet; /* only greetings are sent any more */
    uint8_t
        noise[]; /* OFFSETS and cfg.largest bytes: fillers are parts of it */
};

struct message {
    uint64_t number, sequence;
    devp2p_slice filler;
};
DEVP2P_RLP_TYPE(message, number, sequence, filler);

/* --- what is said --- */

static uint64_t draw(sim_traffic *t, uint64_t bound)
{
    return devp2p_sim_random(t->cfg.sim, bound);
}

/* draw_length: mostly small ones, few of some KB, rarely a long one. */
static size_t draw_length(sim_traffic *t)
{
    uint64_t dice = draw(t, 1000);
    uint32_t bound = dice == 0    ? t->cfg.largest
                     : dice < 10  ? LARGE
                     : dice < 100 ? MIDDLE
                                  : SMALL;
    return draw(t, (bound < t->cfg.largest ? bound : t->cfg.largest) + 1ull);
}

static unsigned draw_burst(sim_traffic *t)
{
    return 1 + (unsigned)draw(t, draw(t, 32) ? 4 : 100);
}

static uint32_t draw_pause(sim_traffic *t)
{
    return 1 + (uint32_t)draw(t, 2ull * t->cfg.pace_ms);
}

/* filler is what a message has to be filled with. */
static const uint8_t *filler(const sim_traffic *t, const struct message *m)
{
    return t->noise + (m->number * 131 + m->sequence * 17) % OFFSETS;
}

/* say sends the next message of an end: 0, or as devp2p_send. */
static int say(sim_traffic *t, sim_end *e, devp2p_rw *rw)
{
    struct message m = { e->number, e->accepted, { NULL, 0 } };
    m.filler = (devp2p_slice){ filler(t, &m), draw_length(t) };
    int err = devp2p_send(rw, MESSAGE, message, &m);
    if (!err)
        sim_account_accept(e, m.filler.len);
    else if (err != DEVP2P_ERR_AGAIN && err != DEVP2P_ERR_CLOSED &&
             err != DEVP2P_ERR_NOMEM)
        devp2p_sim_fail(t->cfg.sim, "node %zu cannot send: %s",
            devp2p_sim_number(e->node), devp2p_strerror(err));
    return err;
}

/* pay sends what an end owes.  After ERR_AGAIN on_writable goes on, after
 * ERR_NOMEM whatever comes next. */
static void pay(sim_traffic *t, sim_end *e)
{
    int err = 0;
    while (!err && e->owed && e->rw && !(t->quiet && e->accepted)) {
        err = say(t, e, e->rw);
        e->owed -= !err;
    }
}

static void owe(sim_traffic *t, sim_end *e, unsigned n)
{
    if (!t->quiet)
        e->owed = e->owed + n < OWED_MAX ? e->owed + n : OWED_MAX;
}

/* hear checks a message that came, and answers one in four: 0, or
 * ERR_UNEXPECTED when it is wrong. */
static int hear(sim_traffic *t, sim_end *e, const devp2p_msg *msg)
{
    struct message m;
    if (devp2p_decode(msg, message, &m) || m.filler.len > t->cfg.largest ||
        memcmp(m.filler.at, filler(t, &m), m.filler.len) != 0) {
        devp2p_sim_fail(t->cfg.sim, "node %zu has a message that nobody sent",
            devp2p_sim_number(e->node));
        return DEVP2P_ERR_UNEXPECTED;
    }
    int err = sim_account_deliver(e, m.number, m.sequence);
    if (!err && draw(t, 4) == 0)
        owe(t, e, 1);
    return err;
}

/* meet begins an end, which owes a greeting. */
static sim_end *meet(member *self, devp2p_peer *peer, devp2p_rw *rw)
{
    sim_traffic *t = self->traffic;
    sim_end *e = sim_account_open(t->account, self->node, peer, rw);
    if (e) {
        e->user = t;
        e->owed = 1;
    } else {
        devp2p_sim_fail(t->cfg.sim, "no memory for the account");
    }
    return e;
}

/* --- handlers of the run style --- */

/* converse talks until the connection has ended.  After a send that says so
 * there may still be something to read. */
static void converse(sim_traffic *t, sim_end *e, devp2p_rw *rw)
{
    devp2p_msg msg;
    int err = 0;
    while (!err || err == DEVP2P_ERR_TIMEOUT || err == DEVP2P_ERR_NOMEM) {
        pay(t, e);
        err = devp2p_read_for(
            rw, &msg, t->quiet ? DEVP2P_FOREVER : draw_pause(t));
        if (!err)
            err = hear(t, e, &msg);
        else if (err == DEVP2P_ERR_TIMEOUT)
            owe(t, e, draw_burst(t));
    }
    if (err != DEVP2P_ERR_CLOSED)
        devp2p_sim_fail(t->cfg.sim, "node %zu cannot read: %s",
            devp2p_sim_number(e->node), devp2p_strerror(err));
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    member *self = user;
    if (devp2p_peer_reason(peer, NULL))
        return DEVP2P_ERR_CLOSED; /* it was over before it began */
    sim_end *e = meet(self, peer, rw);
    if (!e)
        return DEVP2P_ERR_NOMEM;
    converse(self->traffic, e, rw);
    sim_account_close(e, NULL);
    return DEVP2P_ERR_CLOSED;
}

/* --- handlers of the event style --- */

/* beat sends a burst and comes again, until the end has gone. */
static void beat(devp2p_sim *sim, void *user)
{
    sim_end *e = user;
    sim_traffic *t = e->user;
    if (!e->rw || t->quiet || sim_end_crashed(e))
        return;
    owe(t, e, draw_burst(t));
    pay(t, e);
    if (devp2p_sim_after(sim, draw_pause(t), beat, e))
        devp2p_sim_fail(sim, "no memory for a timer");
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    member *self = user;
    sim_traffic *t = self->traffic;
    sim_end *e = meet(self, peer, rw);
    if (!e)
        return DEVP2P_ERR_NOMEM;
    devp2p_rw_set_data(rw, e);
    pay(t, e);
    return devp2p_sim_after(t->cfg.sim, draw_pause(t), beat, e);
}

/* on_msg now and then puts a message off, which must then come again. */
static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    sim_traffic *t = ((member *)user)->traffic;
    sim_end *e = devp2p_rw_data(rw);
    if (!e->held && draw(t, 64) == 0) {
        e->held = true;
        return DEVP2P_ERR_AGAIN;
    }
    int err = hear(t, e, msg);
    pay(t, e);
    return err;
}

static void on_writable(devp2p_rw *rw, void *user)
{
    pay(((member *)user)->traffic, devp2p_rw_data(rw));
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    (void)reason, (void)user;
    sim_end *e = devp2p_rw_data(rw);
    if (e)
        sim_account_close(e, &unsent);
}

/* --- nodes --- */

static void on_event(const devp2p_event *event, void *user)
{
    member *self = user;
    sim_account_hear(self->traffic->account, self->node, event);
}

int sim_traffic_add(sim_traffic *t, devp2p_config *cfg)
{
    member *self = &t->members[t->n];
    bool threads = t->cfg.nodes <= SIM_THREADED && t->n % 2 == 0;
    devp2p_protocol rows[2] = {
        { .name = "traffic", .version = 1, .length = 1, .user = self }
    };
    if (threads) {
        rows[0].run = run;
    } else {
        rows[0].on_open = on_open;
        rows[0].on_msg = on_msg;
        rows[0].on_writable = on_writable;
        rows[0].on_close = on_close;
    }
    cfg->protocols = rows;
    cfg->on_event = on_event;
    cfg->on_event_user = self;
    cfg->run_stack = STACK;
    self->traffic = t;
    int err = devp2p_sim_add(t->cfg.sim, &self->node, cfg);
    if (!err) {
        t->n++;
        sim_account_join(t->account, self->node);
    }
    return err;
}

void sim_traffic_stop(sim_traffic *t, devp2p_sim_node *node)
{
    sim_account_stopping(t->account, node);
    devp2p_sim_stop(node);
}

/* --- the whole --- */

/* make_noise fills it from one draw (xorshift64); it must not compress. */
static void make_noise(sim_traffic *t, size_t len)
{
    uint64_t x = draw(t, UINT64_MAX) | 1;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        t->noise[i] = (uint8_t)(x >> 32);
    }
}

sim_traffic *sim_traffic_new(const sim_traffic_config *cfg)
{
    size_t noise = OFFSETS + (size_t)cfg->largest;
    sim_traffic *t = malloc(sizeof *t + noise);
    sim_account *account = sim_account_new(cfg->sim, cfg->nodes, cfg->window);
    member *members = calloc(cfg->nodes, sizeof *members);
    if (!t || !account || !members) {
        sim_account_free(account);
        free(members);
        free(t);
        return NULL;
    }
    *t = (sim_traffic){ .cfg = *cfg, .account = account, .members = members };
    make_noise(t, noise);
    return t;
}

void sim_traffic_free(sim_traffic *t)
{
    if (!t)
        return;
    sim_account_free(t->account);
    free(t->members);
    free(t);
}

int sim_traffic_settle(sim_traffic *t)
{
    devp2p_sim *sim = t->cfg.sim;
    t->quiet = true;
    int err = devp2p_sim_settle(sim, SETTLE_MS);
    if (!err)
        err = devp2p_sim_run(sim, UNNOTICED_MS);
    if (!err)
        err = devp2p_sim_settle(sim, SETTLE_MS);
    if (!err)
        err = devp2p_sim_run(sim, LAST_MS);
    if (!err)
        sim_account_settled(t->account);
    return devp2p_sim_failure(sim) ? DEVP2P_ERR_CHECK : err;
}

int sim_traffic_finish(sim_traffic *t)
{
    devp2p_sim *sim = t->cfg.sim;
    for (size_t i = 0; i < t->n; i++)
        sim_traffic_stop(t, t->members[i].node);
    int err = devp2p_sim_run(sim, LAST_MS);
    if (!err)
        sim_account_ended(t->account);
    return devp2p_sim_failure(sim) ? DEVP2P_ERR_CHECK : err;
}

sim_sums sim_traffic_sums(const sim_traffic *t)
{
    return sim_account_sums(t->account);
}
