/* SPDX-License-Identifier: MIT */
/* world.h - all that the server asks of the world, and all that the world tells
 * it.  One dp_world is one loop; a node may have several.  os/ and sim/
 * implement dp_world_ops, server/ implements dp_world_up.
 *
 * Down calls return at once (join, park and wait excepted) and never lead to an
 * up call before they return.  Unless a line says "any thread", a call belongs
 * to the world's loop; before start, and after wait, that is the thread that
 * owns the server. */
#ifndef DP_WORLD_H
#define DP_WORLD_H

#include "base/addr.h"
#include "base/env.h"
#include "base/now.h"

typedef struct dp_world_ops dp_world_ops;
typedef struct dp_world_up dp_world_up;

/* A dp_world is the head of what a world allocates. */
typedef struct dp_world {
    const dp_world_ops *ops;
    const dp_world_up *up; /* set by attach */
    void *server;          /* first argument of the up calls */
} dp_world;

typedef struct dp_io dp_io;         /* listener, stream or datagram socket;
                                       made by the world */
typedef struct dp_task dp_task;     /* thread of a blocking handler */
typedef struct dp_parker dp_parker; /* where one thread waits */

/* A dp_work is embedded in a job for the pool; run touches the job alone. */
typedef struct dp_work {
    struct dp_work *next;
    void (*run)(struct dp_work *work);
} dp_work;

/* A dp_post is embedded in what wants the loop's attention.  It is linked at
 * most once: posts of one record coalesce until posted is called. */
typedef struct dp_post {
    struct dp_post *next;
    bool linked;
    uint8_t what; /* the server's own word for what it is embedded in */
} dp_post;

/* A dp_row is a row of the store; value.at is NULL to delete one. */
typedef struct dp_row {
    devp2p_slice key, value;
} dp_row;

/* A dp_answer is what a name stands for, borrowed: addresses (of port 0) or
 * texts. */
typedef struct dp_answer {
    const devp2p_addr *addrs;
    const devp2p_slice *texts;
    size_t n;
} dp_answer;

enum {
    DP_READ = 1,
    DP_WRITE = 2,
    DP_DATAGRAM_MAX = 65507, /* payload that UDP over IPv4 can say */
    DP_NAME_BYTES = 253,     /* of a name in DNS */
    DP_ASKS_MAX = 64         /* names, or stores, that are not answered yet */
};

struct dp_world_ops {
    /* --- life ---
     * loop makes another loop of the node that w is the first loop of, to be
     * freed before w.  Only the first one has listen and work; a socket that it
     * accepted or took may be adopted by any.  now, names and the links are the
     * node's, whatever the loop: 0, ERR_NOMEM, ERR_LIMIT, ERR_IO. */
    int (*loop)(dp_world *w, dp_world **out);
    void (*free)(
        dp_world *w); /* NULL is not fine; after wait, or not started */
    int (*start)(dp_world *w); /* the loop turns, on a thread of the world's
                                  own, until end */
    void (*wake)(
        dp_world *w); /* a turn comes soon; any thread, signal handlers */
    void (*end)(dp_world *w); /* the loop ends after this turn */
    int (*wait)(dp_world *w); /* any other thread: until the loop has ended;
                                 ERR_STATE on a loop or a task of the node; may
                                 be called by several and again */

    /* --- time, chance, words; any thread --- */
    dp_now (*now)(dp_world *w); /* on the loop: the same for a whole turn */
    int (*random)(dp_world *w, void *out, size_t len); /* 0 or ERR_RANDOM */

    /* --- streams ---
     * listen binds (port 0: any; IPv6 means IPv6 only) and accepts once READ is
     * wanted.  connect answers with connected.  adopt makes an accepted socket
     * a stream of this loop, refuse closes it with a reset.  take (any thread)
     * makes a socket that somebody else has connected one for these two, and
     * tells the address of the other end, of family 0 when it has none: 0;
     * ERR_INVALID when it is no stream socket; ERR_IO.  READ and WRITE of want
     * are level-triggered; a new io wants nothing.  read: 0 with *n = 0 is
     * the end; ERR_AGAIN; ERR_RESET, ERR_IO.  write: *n is what was taken;
     * ERR_AGAIN when nothing was.  shut ends our side after what was written.
     * close: no up call for io follows; reset throws unsent bytes away. */
    int (*listen)(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
        devp2p_addr *bound);
    int (*connect)(dp_world *w, const devp2p_addr *to, void *user, dp_io **out);
    int (*adopt)(dp_world *w, int raw, void *user, dp_io **out);
    void (*refuse)(dp_world *w, int raw);
    int (*take)(dp_world *w, int raw, devp2p_addr *far);
    void (*names)(dp_io *io, devp2p_addr *local, devp2p_addr *remote);
    void (*want)(dp_io *io, unsigned events);
    int (*read)(dp_io *io, void *out, size_t cap, size_t *n);
    int (*write)(dp_io *io, const void *at, size_t len, size_t *n);
    void (*shut)(dp_io *io);
    void (*close)(dp_io *io, bool reset);

    /* --- slow things: the answer is an up call ---
     * work: ERR_AGAIN when the queue (DP_EC_QUEUE) is full. */
    int (*work)(dp_world *w, dp_work *job);

    /* --- threads ---
     * post: any thread.  spawn runs a task on a thread with so much stack; join
     * waits for its end and frees it; the loop joins a task only after the task
     * has said (by a post) that it is about to return.  park waits until its
     * token is there and takes it: 0, or ERR_TIMEOUT at mono until, or
     * ERR_STATE on the loop.  unpark, any thread, puts the one token there. */
    void (*post)(dp_world *w, dp_post *p);
    int (*spawn)(dp_world *w, void (*run)(void *arg), void *arg, size_t stack,
        dp_task **out);
    void (*join)(dp_task *t);
    int (*parker)(dp_world *w, dp_parker **out);
    void (*parker_free)(dp_parker *p);
    int (*park)(dp_parker *p, uint64_t until);
    void (*unpark)(dp_parker *p);

    /* --- what only the simulated world has ---
     * The real one gets these calls with the first issue that uses them, and
     * they are NULL there until then.
     *
     * udp binds a datagram socket (port 0: any; IPv6 means IPv6 only).  want
     * and close serve it as they do a stream.  recv takes one datagram, cut to
     * cap, or ERR_AGAIN.  send never waits, and 0 does not mean that anything
     * arrives: ERR_TOO_BIG above DP_DATAGRAM_MAX, ERR_UNREACHABLE for another
     * family.
     *
     * resolve asks for the addresses or the texts of a name; store commits
     * rows, all or none, in the order of the calls; load asks for all that are
     * committed.  What they are given is copied.  Each that returned 0 is
     * answered once, unless the loop ends first.  ERR_AGAIN when DP_ASKS_MAX
     * are out; resolve: ERR_INVALID for a name that is too long; load, store:
     * ERR_IO when there is no store. */
    int (*udp)(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
        devp2p_addr *bound);
    int (*recv)(dp_io *io, void *out, size_t cap, size_t *n, devp2p_addr *from);
    int (*send)(dp_io *io, const void *at, size_t len, const devp2p_addr *to);
    int (*resolve)(dp_world *w, uint64_t token, const char *name, bool txt);
    int (*load)(dp_world *w, uint64_t token);
    int (*store)(dp_world *w, uint64_t token, const dp_row *rows, size_t n);
};

struct dp_world_up {
    void (*accepted)(
        void *server, void *user, int raw, const devp2p_addr *from);
    void (*connected)(void *server, void *user, dp_io *io, int err);
    void (*ready)(void *server, void *user, dp_io *io, unsigned events);
    void (*worked)(void *server, dp_work *job);
    void (*posted)(void *server, dp_post *p);
    /* turn comes after every batch of the calls above and before the loop
     * sleeps.  It does what is due and returns when it wants the next one:
     * now.mono for at once, DP_NEVER for not by itself. */
    uint64_t (*turn)(void *server, dp_now now);

    /* Answers; NULL in a server that never asks.  resolved: ERR_NOT_FOUND,
     * ERR_TIMEOUT, and answer is then NULL.  loaded: the rows are borrowed, in
     * the order of their keys.  stored: ERR_IO, and nothing of that call is
     * kept.  All: ERR_NOMEM. */
    void (*resolved)(
        void *server, uint64_t token, int err, const dp_answer *answer);
    void (*loaded)(
        void *server, uint64_t token, int err, const dp_row *rows, size_t n);
    void (*stored)(void *server, uint64_t token, int err);
};

static inline void dp_world_attach(
    dp_world *w, const dp_world_up *up, void *server)
{
    w->up = up;
    w->server = server;
}

#endif
