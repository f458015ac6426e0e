/* SPDX-License-Identifier: MIT */
/* ends.h - real servers in a test, which say "foo" to each other, answer "bar"
 * and part when they have heard it. */
#ifndef ENDS_H
#define ENDS_H

#include "test.h"
#include "test_log.h"

#include <devp2p/devp2p.h>

enum { PATIENCE_MS = 60000 };

/* --- servers that talk --- */

static inline int talk(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_slice word;
    devp2p_msg msg;

    (void)peer, (void)user;
    int err = devp2p_send_items(rw, 0, "foo");
    while (!err && !(err = devp2p_read(rw, &msg))) {
        if (devp2p_decode_items(&msg, &word) == 0 &&
            devp2p_slice_is(word, "foo"))
            err = devp2p_send_items(rw, 1, "bar");
        else
            err = DEVP2P_DISC_REQUESTED; /* it has been answered */
    }
    return err;
}

static const devp2p_protocol rows[] = {
    { .name = "foobar", .version = 1, .length = 2, .run = talk },
    { .name = NULL },
};

typedef struct end {
    devp2p_server *srv;
    devp2p_events *ring;
    devp2p_node self;
} end;

static inline int end_try(end *e, const devp2p_config *how)
{
    devp2p_config cfg = *how;

    cfg.protocols = rows;
    cfg.worker_threads = 1;
    cfg.log = test_log;
    cfg.log_level = DEVP2P_LOG_TRACE;
    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    test_secret(cfg.private_key.b);
    assert_int_equal(devp2p_server_new(&e->srv, &cfg), 0);
    assert_int_equal(devp2p_events_open(&e->ring, e->srv), 0);
    int err = devp2p_server_start(e->srv);
    devp2p_server_self(e->srv, &e->self);
    return err;
}

static inline void end_init(end *e, const devp2p_config *how)
{
    assert_int_equal(end_try(e, how), 0);
}

static inline void end_fini(end *e)
{
    devp2p_events_close(e->ring);
    devp2p_server_free(e->srv);
}

static inline devp2p_event expect(end *e, devp2p_event_kind kind)
{
    devp2p_event event;

    do
        assert_int_equal(devp2p_events_next(e->ring, &event, PATIENCE_MS), 0);
    while (event.kind != kind);
    return event;
}

static inline void dial(end *from, const devp2p_node *to)
{
    char url[DEVP2P_URL_MAX];

    assert_int_equal(
        devp2p_server_add_peer(from->srv, NULL, devp2p_node_url(url, to)), 0);
}

/* have_talked: both have heard both words. */
static inline void have_talked(end *a, end *b)
{
    assert_int_equal(
        expect(a, DEVP2P_EVENT_PEER_DROP).code, DEVP2P_DISC_REQUESTED);
    assert_int_equal(
        expect(b, DEVP2P_EVENT_PEER_DROP).code, DEVP2P_DISC_REQUESTED);
}

#endif
