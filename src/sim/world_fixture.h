/* SPDX-License-Identifier: MIT */
/* world_fixture.h - simulations of devp2p/sim.h, for tests: nodes that answer
 * "foo" with "bar". */
#ifndef DP_WORLD_FIXTURE_H
#define DP_WORLD_FIXTURE_H

#include "test.h"

#include "sim/public.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <stdio.h>

enum { EVENTS = 256 };

/* A place is a node with what its program heard. */
typedef struct place {
    devp2p_sim_node *node;
    devp2p_event events[EVENTS];
    size_t nevents;
    size_t opens, closes, foos;
    int last; /* reason of the last close */
} place;

static inline int place_answer(place *p, devp2p_rw *rw, const devp2p_msg *msg)
{
    devp2p_slice word;
    int err = devp2p_decode_items(msg, &word);

    if (err || !devp2p_slice_is(word, "foo"))
        return err;
    p->foos++;
    return devp2p_send_items(rw, 0, "bar");
}

static inline int place_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer, (void)rw;
    ((place *)user)->opens++;
    return 0;
}

static inline int place_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    return place_answer(user, rw, msg);
}

static inline void place_close(
    devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    place *p = user;

    (void)rw, (void)unsent;
    p->closes++;
    p->last = reason;
}

static inline int place_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    place *p = user;
    devp2p_msg msg;
    int err;

    (void)peer;
    p->opens++;
    while (!(err = devp2p_read(rw, &msg)))
        if ((err = place_answer(p, rw, &msg)) != 0)
            break;
    p->closes++;
    return err;
}

static inline void place_event(const devp2p_event *event, void *user)
{
    place *p = user;

    assert_true(p->nevents < EVENTS);
    p->events[p->nevents++] = *event;
}

static inline size_t place_told(const place *p, devp2p_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < p->nevents; i++)
        n += p->events[i].kind == kind;
    return n;
}

static inline devp2p_sim *world_new(uint64_t seed, devp2p_sim_link link)
{
    devp2p_sim_config how = { .seed = seed,
        .link = link,
        .log = test_log,
        .log_level = DEVP2P_LOG_TRACE };
    devp2p_sim *sim;

    assert_int_equal(devp2p_sim_new(&sim, &how), 0);
    return sim;
}

/* world_free: no check failed. */
static inline void world_free(devp2p_sim *sim)
{
    if (devp2p_sim_failure(sim))
        fail_msg("%s", devp2p_sim_failure(sim));
    devp2p_sim_free(sim);
}

/* place_add adds a node and starts it. */
static inline int place_add(
    devp2p_sim *sim, place *p, bool runs, const char *listen, uint32_t slots)
{
    devp2p_protocol rows[] = {
        { .name = "MyProtocol", .version = 1, .length = 1, .user = p },
        { .name = NULL }
    };
    devp2p_config cfg = { .name = "place",
        .listen_addr = listen,
        .protocols = rows,
        .max_peers = slots,
        .on_event = place_event,
        .on_event_user = p,
        .log = test_log,
        .log_level = DEVP2P_LOG_TRACE };

    memset(p, 0, sizeof *p);
    rows[0].run = runs ? place_run : NULL;
    rows[0].on_open = runs ? NULL : place_open;
    rows[0].on_msg = runs ? NULL : place_msg;
    rows[0].on_close = runs ? NULL : place_close;
    int err = devp2p_sim_add(sim, &p->node, &cfg);
    return err ? err : devp2p_sim_start(p->node);
}

/* world_two makes two nodes that are connected; the first one dialled. */
static inline devp2p_sim *world_two(uint64_t seed, place *a, place *b)
{
    devp2p_sim *sim = world_new(seed, (devp2p_sim_link){ .latency_us = 10000 });

    assert_int_equal(place_add(sim, a, true, ":30303", 0), 0);
    assert_int_equal(place_add(sim, b, false, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_connect(a->node, b->node), 0);
    assert_int_equal(devp2p_sim_run(sim, 1000), 0);
    assert_true(devp2p_sim_connected(a->node, b->node));
    return sim;
}

#endif
