/* SPDX-License-Identifier: MIT */
/* guests.h - many nodes that connect to one server, any server, ours or another
 * one, all on one loop: what loads a server in a bench.  Each has a session of
 * the library, so that what is to be compared meets the same other end.  The
 * frames of all of them go to the engine at once, as the frames of a server do.
 */
#ifndef GUESTS_H
#define GUESTS_H

#include "trial.h"

#include "base/list.h"
#include "core/session.h"

/* The protocols of every bench server, alike, and their codes. */
enum {
    GUEST_CAPS = 2,
    CODE_ECHO = 0, /* comes back */
    CODE_SINK,     /* is counted */
    CODE_COUNT,    /* is answered with two numbers of 64 bits, big-endian:
                      messages and bytes that were counted on this protocol of
                      this peer */
    CODE_HASH,     /* is answered with its SHA-256 */
    CODES
};

typedef struct guest {
    dp_node_self self;
    dp_session *session;
    uint8_t hello[256];
    dp_link dirty;
    int fd;
    unsigned watched; /* events of epoll */
    bool up, readable, choked;
    /* for who uses the guests */
    size_t number;
    uint64_t sent, got, began, due;
} guest;

/* A guest_msg_fn hears of each message; the plain payload is borrowed. */
typedef void guest_msg_fn(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user);

typedef struct guests {
    guest *v;
    size_t n, up;
    guest_msg_fn *msg;
    void *user;
    /* private */
    dp_env env;
    dp_crypto *crypto;
    dp_engine *engine;
    dp_pool *pool;
    dp_budget budget;
    devp2p_node server;
    dp_list dirty;
    int poll;
    uint64_t tick;
    bool idle;
    uint8_t *plain;
    size_t plain_cap;
} guests;

/* guests_init makes room for so many guests of the server at url; idle ones
 * have a protocol "idle" in place of the two. */
void guests_init(guests *gs, const char *url, size_t most, bool idle);
void guests_fini(guests *gs);

/* Where guests come from. */
typedef enum guests_from {
    GUESTS_ANYWHERE,   /* the system chooses */
    GUESTS_OF_ONE_NET, /* the addresses of 127.0.1.0/24 in turn */
    GUESTS_OF_MANY     /* each from a /24 of its own in 127.1.0.0/16 */
} guests_from;

/* guests_join adds n of them, so many at once in handshake, and returns when
 * all are up. */
void guests_join(guests *gs, size_t n, size_t at_once, guests_from from);

/* guests_wait waits for something to happen, up to so many ns, and does what is
 * to be done; it returns whether stdin has something. */
bool guests_wait(guests *gs, uint64_t ns);

/* guest_send sends; the packet stays the caller's.  False at the send mark. */
bool guest_send(guests *gs, guest *g, size_t cap, dp_packet *p);

#endif
