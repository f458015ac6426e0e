/* SPDX-License-Identifier: MIT */
/* faulty_world.h - a simulated world whose calls fail when they are told to: a
 * table of calls that stands before that of the simulation.  What a call may
 * answer is what the real world may. */
#ifndef FAULTY_WORLD_H
#define FAULTY_WORLD_H

#include "server/server.h"
#include "sim/parts.h"
#include "test.h"

typedef enum faulty_call {
    FAULTY_START,
    FAULTY_RANDOM,
    FAULTY_LISTEN,
    FAULTY_CONNECT,
    FAULTY_CONNECTED, /* the outcome of a dial */
    FAULTY_ADOPT,
    FAULTY_READ,
    FAULTY_WRITE,
    FAULTY_WORK,
    FAULTY_SPAWN,
    FAULTY_PARKER,
    FAULTY_CALLS
} faulty_call;

enum {
    FAULTY_SHORT = 1, /* one byte, instead of an error */
    FAULTY_IOS = 64
};

/* A faulty_io is what a stream of ours has written. */
typedef struct faulty_io {
    dp_io *io;
    size_t written;
} faulty_io;

typedef struct faulty {
    dp_world_ops ops; /* ours */
    const dp_world_ops *real;
    dp_world_up up; /* ours, between the simulation and the server */
    const dp_world_up *server;
    size_t calls[FAULTY_CALLS];
    faulty_call which;
    int err;         /* an error, or FAULTY_SHORT */
    size_t from, to; /* these of its calls fail, counted from 1; 0: none */
    size_t hits;
    size_t jobs;     /* in the pool */
    bool speechless; /* a draw failed and its handshake is not closed yet */
    size_t silent;   /* handshakes that ended so, without a byte */
    faulty_io ios[FAULTY_IOS];
} faulty;

static inline faulty *faulty_of(const dp_world *w)
{
    return dp_of(w->ops, faulty, ops);
}

static inline faulty *faulty_of_io(const dp_io *io)
{
    return faulty_of(&io->node->world);
}

/* faulty_hit counts a call: 0, or what it is to answer. */
static inline int faulty_hit(faulty *f, faulty_call call)
{
    size_t n = ++f->calls[call];
    if (call != f->which || !f->from || n < f->from || n > f->to)
        return 0;
    f->hits++;
    return f->err;
}

/* --- life, chance --- */

static inline int faulty_start(dp_world *w)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_START);
    return err ? err : f->real->start(w);
}

/* faulty_random: what was written before the failure is no secret to use. */
static inline int faulty_random(dp_world *w, void *out, size_t len)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_RANDOM);
    if (err) {
        memset(out, 0x5a, len);
        f->speechless = true;
        return err;
    }
    return f->real->random(w, out, len);
}

/* --- streams --- */

static inline faulty_io *faulty_find(faulty *f, const dp_io *io)
{
    for (size_t i = 0; i < FAULTY_IOS; i++)
        if (f->ios[i].io == io)
            return &f->ios[i];
    fail_msg("more than %d streams", FAULTY_IOS);
    return NULL;
}

static inline void faulty_note(faulty *f, dp_io *io)
{
    *faulty_find(f, NULL) = (faulty_io){ .io = io };
}

static inline int faulty_op_listen(dp_world *w, const devp2p_addr *at,
    void *user, dp_io **out, devp2p_addr *bound)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_LISTEN);
    if (!err)
        err = f->real->listen(w, at, user, out, bound);
    if (!err)
        faulty_note(f, *out);
    return err;
}

static inline int faulty_connect(
    dp_world *w, const devp2p_addr *to, void *user, dp_io **out)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_CONNECT);
    if (!err)
        err = f->real->connect(w, to, user, out);
    if (!err)
        faulty_note(f, *out);
    return err;
}

static inline int faulty_adopt(dp_world *w, int raw, void *user, dp_io **out)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_ADOPT);
    if (!err)
        err = f->real->adopt(w, raw, user, out);
    if (!err)
        faulty_note(f, *out);
    return err;
}

static inline int faulty_read(dp_io *io, void *out, size_t cap, size_t *n)
{
    faulty *f = faulty_of_io(io);
    int err = faulty_hit(f, FAULTY_READ);
    *n = 0;
    if (err < 0)
        return err;
    return f->real->read(io, out, err && cap ? 1 : cap, n);
}

static inline int faulty_write(dp_io *io, const void *at, size_t len, size_t *n)
{
    faulty *f = faulty_of_io(io);
    int err = faulty_hit(f, FAULTY_WRITE);
    *n = 0;
    if (err < 0)
        return err;
    err = f->real->write(io, at, err && len ? 1 : len, n);
    faulty_find(f, io)->written += *n;
    return err;
}

/* faulty_close: the stream that closes behind a failed draw is the one of its
 * handshake, and has said nothing. */
static inline void faulty_close(dp_io *io, bool reset)
{
    faulty *f = faulty_of_io(io);
    faulty_io *known = faulty_find(f, io);
    if (f->speechless) {
        assert_int_equal(known->written, 0);
        f->speechless = false;
        f->silent++;
    }
    known->io = NULL;
    f->real->close(io, reset);
}

/* --- slow things --- */

/* faulty_work: a queue is full only of other jobs. */
static inline int faulty_work(dp_world *w, dp_work *job)
{
    faulty *f = faulty_of(w);
    int err = f->jobs ? faulty_hit(f, FAULTY_WORK) : 0;
    if (!err)
        err = f->real->work(w, job);
    f->jobs += err == 0;
    return err;
}

static inline int faulty_spawn(
    dp_world *w, void (*run)(void *arg), void *arg, size_t stack, dp_task **out)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_SPAWN);
    return err ? err : f->real->spawn(w, run, arg, stack, out);
}

static inline int faulty_parker(dp_world *w, dp_parker **out)
{
    faulty *f = faulty_of(w);
    int err = faulty_hit(f, FAULTY_PARKER);
    return err ? err : f->real->parker(w, out);
}

/* --- up --- */

static inline void faulty_worked(void *server, dp_work *job)
{
    faulty *f = faulty_of(((dp_loop *)server)->world);
    f->jobs--;
    f->server->worked(server, job);
}

static inline void faulty_connected(
    void *server, void *user, dp_io *io, int err)
{
    faulty *f = faulty_of_io(io);
    int fault = faulty_hit(f, FAULTY_CONNECTED);
    f->server->connected(server, user, io, fault ? fault : err);
}

/* --- planting --- */

static inline void faulty_init(faulty *f)
{
    memset(f, 0, sizeof *f);
}

/* faulty_plant stands before a fresh world. */
static inline void faulty_plant(faulty *f, dp_world *w)
{
    f->real = w->ops;
    f->ops = *w->ops;
    f->ops.start = faulty_start;
    f->ops.random = faulty_random;
    f->ops.listen = faulty_op_listen;
    f->ops.connect = faulty_connect;
    f->ops.adopt = faulty_adopt;
    f->ops.read = faulty_read;
    f->ops.write = faulty_write;
    f->ops.close = faulty_close;
    f->ops.work = faulty_work;
    f->ops.spawn = faulty_spawn;
    f->ops.parker = faulty_parker;
    w->ops = &f->ops;
    f->speechless = false;
    f->jobs = 0;
    memset(f->ios, 0, sizeof f->ios);
}

/* faulty_listen stands behind a world that a server was made for, which is none
 * when one of its draws failed. */
static inline void faulty_listen(faulty *f, dp_world *w)
{
    assert_false(f->speechless);
    f->server = w->up;
    f->up = *w->up;
    f->up.connected = faulty_connected;
    f->up.worked = faulty_worked;
    w->up = &f->up;
}

#endif
