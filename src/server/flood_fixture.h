/* SPDX-License-Identifier: MIT */
/* flood_fixture.h - nodes that send as much as they can, for tests: of one
 * protocol or two, with codes of the test's choice.  The messages do not
 * shrink. */
#ifndef DP_FLOOD_FIXTURE_H
#define DP_FLOOD_FIXTURE_H

#include "server/net_fixture.h"
#include "server/server.h"

enum { FLOOD_CODES = 4, FLOOD_MAX = 1 << 20, FLOOD_RWS = 4 };

/* A flood is one protocol of one node: what it sends to each peer, in rounds of
 * one message of each code, and what it heard. */
typedef struct flood {
    uint32_t size[FLOOD_CODES]; /* of a message, 0: none of this code */
    uint64_t rounds;            /* to each peer; 0: nothing */
    bool deaf;                  /* puts off what comes, for good */

    devp2p_rw *rw[FLOOD_RWS]; /* those that are open */
    size_t nrws;
    struct {
        devp2p_rw *rw;
        uint64_t round;
        unsigned code; /* the next one of the round */
    } sent[FLOOD_RWS];
    uint64_t accepted;
    uint64_t got[FLOOD_CODES], bytes[FLOOD_CODES];
    uint64_t first[FLOOD_CODES]; /* when the first came, 0: not yet */
    uint64_t last;               /* when the last came */
    uint64_t before[FLOOD_CODES][FLOOD_CODES]; /* before[a][b]: of b, when the
                                                  first of a came */
    int closed;                                /* the last reason */
    uint32_t unsent;
    net *net;
} flood;

static inline devp2p_slice flood_bytes(uint32_t size)
{
    static uint8_t noise[FLOOD_MAX];

    if (!noise[0] && !noise[1])
        net_noise(noise, sizeof noise);
    return (devp2p_slice){ noise, size };
}

/* flood_say sends one message. */
static inline int flood_say(flood *f, devp2p_rw *rw, unsigned code)
{
    int err = devp2p_send_raw(rw, code, flood_bytes(f->size[code]));
    f->accepted += err == 0;
    return err;
}

/* flood_go sends until there is no room. */
static inline int flood_go(flood *f, devp2p_rw *rw)
{
    size_t i = 0;

    while (f->sent[i].rw != rw)
        i++;
    while (f->sent[i].round < f->rounds) {
        unsigned code = f->sent[i].code;
        int err = f->size[code] ? flood_say(f, rw, code) : 0;
        if (err)
            return err == DEVP2P_ERR_AGAIN ? 0 : err;
        f->sent[i].code = (code + 1) % FLOOD_CODES;
        f->sent[i].round += code + 1 == FLOOD_CODES;
    }
    return 0;
}

static inline int flood_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    flood *f = user;
    size_t i = 0;

    (void)peer;
    while (f->sent[i].rw)
        i++;
    assert_true(i < FLOOD_RWS);
    f->sent[i].rw = rw;
    f->sent[i].round = f->sent[i].code = 0;
    f->rw[f->nrws++] = rw;
    return flood_go(f, rw);
}

static inline int flood_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    flood *f = user;
    uint64_t code = msg->code;

    (void)rw;
    if (f->deaf)
        return DEVP2P_ERR_AGAIN;
    assert_true(code < FLOOD_CODES);
    f->last = dp_sim_now(f->net->sim).mono;
    if (!f->first[code]) {
        f->first[code] = f->last;
        memcpy(f->before[code], f->got, sizeof f->got);
    }
    f->got[code]++;
    f->bytes[code] += msg->payload.len;
    return 0;
}

static inline void flood_writable(devp2p_rw *rw, void *user)
{
    assert_int_equal(flood_go(user, rw), 0);
}

static inline void flood_close(
    devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    flood *f = user;
    size_t i = 0;

    while (f->sent[i].rw != rw)
        i++;
    f->sent[i].rw = NULL;
    for (i = 0; f->rw[i] != rw; i++)
        ;
    f->rw[i] = f->rw[--f->nrws];
    f->closed = reason;
    f->unsent = unsent;
}

static inline devp2p_protocol flood_row(
    flood *f, net *n, const char *name, const devp2p_rule *rules)
{
    f->net = n;
    return (devp2p_protocol){ .name = name,
        .version = 1,
        .length = FLOOD_CODES,
        .user = f,
        .on_open = flood_open,
        .on_msg = flood_msg,
        .on_writable = flood_writable,
        .on_close = flood_close,
        .rules = rules };
}

/* A flooder is a node with the protocols "one" and "two". */
typedef struct flooder {
    node x;
    flood one, two;
    devp2p_protocol rows[3];
} flooder;

/* flooder_config prepares a node; the test changes it before flooder_start. */
static inline void flooder_config(flooder *f, net *n, uint8_t number)
{
    memset(f, 0, sizeof *f);
    f->rows[0] = flood_row(&f->one, n, "one", NULL);
    f->rows[1] = flood_row(&f->two, n, "two", NULL);
    node_config(&f->x, number, f->rows);
    f->x.cfg.log_level = DEVP2P_LOG_DEBUG;
}

static inline void flooder_start(flooder *f, net *n)
{
    node_start(&f->x, n);
}

/* flood_link gives the link between two nodes a speed. */
static inline void flood_link(
    net *n, const flooder *a, const flooder *b, uint64_t bytes_per_s)
{
    const devp2p_sim_link link = { .latency_us = 5000,
        .bytes_per_s = bytes_per_s };
    assert_int_equal(dp_sim_set_link(n->sim, a->x.world, b->x.world, &link), 0);
}

/* flood_near: two numbers differ by 10 % at most. */
static inline bool flood_near(uint64_t a, uint64_t b)
{
    uint64_t more = a > b ? a : b, less = a > b ? b : a;
    return less > 0 && (more - less) * 10 <= more;
}

#endif
