/* SPDX-License-Identifier: MIT */
/* host_fixture.h - a host in a test: time by hand, and what it wants as text.
 * Nodes are numbers from 1 to 255, and their ids are ordered alike. */
#ifndef DP_HOST_FIXTURE_H
#define DP_HOST_FIXTURE_H

#include "test.h"

#include "core/host.h"
#include "test_env.h"

#include <stdio.h>

enum { SELF = 100, SMALLER = 50, LARGER = 150 };

typedef struct fixture {
    test_env t;
    dp_host *h;
    dp_now now;
    uint64_t dial[256]; /* conn of the last DIAL to a node */
    uint64_t question;  /* the last RESOLVE or FIND */
    devp2p_node node;   /* of the last DIAL */
    uint64_t lost;      /* by LOST events */
    devp2p_event event; /* the last one */
    char said[16 * 1024];
} fixture;

static inline devp2p_id id_of(uint8_t n)
{
    devp2p_id id = { { 0 } };
    id.b[0] = n;
    return id;
}

static inline devp2p_addr addr_of(uint8_t n)
{
    return (devp2p_addr){ .ip = { 10, 0, 2, n }, .family = 4, .port = 30303 };
}

static inline devp2p_node node_of(uint8_t n)
{
    return (devp2p_node){ .id = id_of(n), .addr = addr_of(n) };
}

/* fixture_setup is for hosts that are not as fixture_init makes them. */
static inline void fixture_setup(fixture *f, dp_host_setup setup)
{
    memset(f, 0, sizeof *f);
    test_env_init(&f->t);
    f->now = (dp_now){ .mono = 1000 * DP_SEC, .wall = 1700000000000 };
    setup.env = f->t.env;
    setup.self = id_of(SELF);
    assert_int_equal(dp_access_check(&setup.access), 0);
    assert_int_equal(dp_host_new(&f->h, &setup, f->now), 0);
}

/* fixture_open makes a host with rules of its own about who may connect. */
static inline void fixture_open(
    fixture *f, uint32_t max_peers, const dp_access *access)
{
    fixture_setup(
        f, (dp_host_setup){ .max_peers = max_peers, .access = *access });
}

static inline void fixture_init(fixture *f, uint32_t max_peers)
{
    fixture_open(f, max_peers, &(dp_access){ .dial_ratio = DEVP2P_NONE });
}

static inline void fixture_fini(fixture *f)
{
    dp_host_free(f->h);
    assert_int_equal(f->t.live, 0);
}

/* --- facts --- */

static inline void pass(fixture *f, uint64_t ns)
{
    f->now.mono += ns;
    f->now.wall += (int64_t)(ns / DP_MS);
    if (dp_host_deadline(f->h) <= f->now.mono)
        dp_host_tick(f->h, f->now);
}

static inline void add(fixture *f, uint64_t ticket, uint8_t n)
{
    devp2p_node node = node_of(n);
    dp_host_add(f->h, ticket, &node, f->now);
}

static inline void remove_node(fixture *f, uint64_t ticket, uint8_t n)
{
    devp2p_id id = id_of(n);
    dp_host_remove(f->h, ticket, &id, f->now);
}

static inline int incoming(fixture *f, uint64_t conn)
{
    devp2p_addr from = addr_of((uint8_t)conn);
    return dp_host_incoming(f->h, conn, &from, f->now);
}

static inline int authed(fixture *f, uint64_t conn, uint8_t n)
{
    devp2p_id id = id_of(n);
    return dp_host_authed(f->h, conn, &id, f->now);
}

static inline int ready(fixture *f, uint64_t conn)
{
    return dp_host_ready(f->h, conn, f->now);
}

static inline void dialed(fixture *f, uint64_t conn, int err)
{
    dp_host_dialed(f->h, conn, err, f->now);
}

static inline void down(fixture *f, uint64_t conn, int code, bool remote)
{
    devp2p_event end = { .code = code, .remote = remote };
    dp_host_down(f->h, conn, &end, f->now);
}

/* inbound brings a connection of n as far as its auth; joined, to its slot. */
static inline void inbound(fixture *f, uint64_t conn, uint8_t n)
{
    assert_int_equal(incoming(f, conn), 0);
    assert_int_equal(authed(f, conn, n), 0);
}

static inline void joined(fixture *f, uint64_t conn, uint8_t n)
{
    inbound(f, conn, n);
    assert_int_equal(ready(f, conn), 0);
}

/* --- what it wants --- */

static inline const char *words(int code)
{
    return code ? devp2p_strerror(code) : "ok";
}

/* label is nN for the last dial to node N, cN for an inbound connection. */
static inline const char *label(fixture *f, char out[16], uint64_t conn)
{
    int n = 0;
    while (conn >= DP_CONN_DIAL && f->dial[n] != conn)
        n++;
    snprintf(out, 16, conn >= DP_CONN_DIAL ? "n%d" : "c%d",
        conn >= DP_CONN_DIAL ? n : (int)conn);
    return out;
}

static inline size_t say_event(char *out, size_t cap, const devp2p_event *e)
{
    static const char *const kinds[] = { "?", "add", "drop", "fail", "command",
        "lost" };
    int n;
    if (e->kind == DEVP2P_EVENT_COMMAND)
        n = snprintf(
            out, cap, "command %d: %s\n", (int)e->ticket, words(e->code));
    else if (e->kind == DEVP2P_EVENT_LOST)
        n = snprintf(out, cap, "lost %d\n", (int)e->count);
    else
        n = snprintf(out, cap, "%s n%d%s%s%s%s%s%s%s\n", kinds[e->kind],
            e->id.b[0], e->flags & DEVP2P_PEER_INBOUND ? " inbound" : "",
            e->flags & DEVP2P_PEER_STATIC ? " static" : "",
            e->flags & DEVP2P_PEER_TRUSTED ? " trusted" : "",
            e->flags & DEVP2P_PEER_DYNAMIC ? " dynamic" : "",
            e->kind == DEVP2P_EVENT_PEER_ADD ? "" : ": ",
            e->kind == DEVP2P_EVENT_PEER_ADD ? "" : words(e->code),
            e->remote ? " (remote)" : "");
    return (size_t)n;
}

/* said is all that the host wanted since it was last asked, one line each. */
static inline const char *said(fixture *f)
{
    static const char *const names[] = { "?", "dial", "cancel", "judge",
        "close", "event", "resolve", "find" };
    dp_effect e;
    size_t at = 0;
    f->said[0] = 0;
    while (dp_host_next(f->h, &e, f->now)) {
        size_t cap = sizeof f->said - at;
        char name[16];
        if (e.kind == DP_DIAL)
            f->dial[e.node.id.b[0]] = e.conn;
        if (e.kind == DP_EVENT) {
            f->event = e.event;
            f->lost += e.event.count;
            at += say_event(f->said + at, cap, &e.event);
        } else if (e.kind >= DP_RESOLVE) {
            f->question = e.conn;
            at += (size_t)snprintf(f->said + at, cap, "%s %s%d%s%s\n",
                names[e.kind], "n", e.node.id.b[0],
                e.kind == DP_RESOLVE ? " at " : "",
                e.kind == DP_RESOLVE ? e.node.host : "");
        } else {
            f->node = e.kind == DP_DIAL ? e.node : f->node;
            at += (size_t)snprintf(f->said + at, cap, "%s %s%s%s\n",
                names[e.kind], label(f, name, e.conn),
                e.kind < DP_JUDGE ? "" : ": ",
                e.kind < DP_JUDGE ? "" : words(e.code));
        }
        assert_true(at < sizeof f->said);
    }
    return f->said;
}

#define expect(f, text) assert_string_equal(said(f), text)

#endif
