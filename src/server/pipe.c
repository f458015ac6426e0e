/* SPDX-License-Identifier: MIT */
#include "server/pipe.h"

#include "base/limits.h"
#include "core/public_packet.h"
#include "core/scratch.h"
#include "server/message.h"
#include "server/peer.h"
#include "server/rw.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

typedef struct pipe_end {
    devp2p_rw rw;
    dp_pipe *pipe;
    struct pipe_end *far;

    /* under the lock: messages sent to this end, and how many of them were
     * ever sent, read, consumed */
    dp_list in;
    uint64_t sent, read, consumed;

    /* of the reader */
    dp_message *current;
    dp_scratch scratch; /* its arena alone */
} pipe_end;

struct dp_pipe {
    dp_env env;
    dp_now (*now)(void);
    atomic_uint refs;
    pthread_mutex_t lock;
    pthread_cond_t change; /* something was sent, consumed or closed */
    bool closed;
    pipe_end ends[2];
};

static pipe_end *end_of(devp2p_rw *rw)
{
    return dp_of(rw, pipe_end, rw);
}

/* await waits for a change; false when the time is over.  Lock held. */
static bool await(dp_pipe *p, uint64_t until)
{
    struct timespec at = { .tv_sec = (time_t)(until / DP_SEC),
        .tv_nsec = (long)(until % DP_SEC) };

    if (until == DP_NEVER)
        return pthread_cond_wait(&p->change, &p->lock) == 0;
    return pthread_cond_timedwait(&p->change, &p->lock, &at) != ETIMEDOUT;
}

/* consume: the user of this end has done with what it read.  Lock held. */
static void consume(pipe_end *e)
{
    if (e->consumed == e->read)
        return;
    e->consumed = e->read;
    pthread_cond_broadcast(&e->pipe->change);
}

/* --- reading --- */

/* take waits for a message: 0, ERR_CLOSED, ERR_TIMEOUT.  Lock held. */
static int take(pipe_end *e, uint64_t until)
{
    dp_pipe *p = e->pipe;
    bool time = true;

    while (!p->closed && dp_list_empty(&e->in) && time)
        time = await(p, until);
    if (p->closed)
        return DEVP2P_ERR_CLOSED;
    if (dp_list_empty(&e->in))
        return DEVP2P_ERR_TIMEOUT;
    e->current = dp_of(dp_list_pop(&e->in), dp_message, link);
    e->read++;
    return 0;
}

static int read_message(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms)
{
    pipe_end *e = end_of(rw);
    dp_pipe *p = e->pipe;
    uint64_t until = timeout_ms == DEVP2P_FOREVER
                         ? DP_NEVER
                         : dp_after(p->now(), timeout_ms * DP_MS);

    dp_message_free(&p->env, e->current);
    e->current = NULL;
    pthread_mutex_lock(&p->lock);
    consume(e);
    int err = take(e, until);
    pthread_mutex_unlock(&p->lock);
    if (err)
        return err;
    *msg = (devp2p_msg){
        .code = e->current->code,
        .payload = e->current->body,
        .received_ms = (uint64_t)e->current->received_ms,
        .arena = dp_scratch_arena(&e->scratch),
    };
    return 0;
}

static void done(devp2p_rw *rw)
{
    pipe_end *e = end_of(rw);

    pthread_mutex_lock(&e->pipe->lock);
    consume(e);
    pthread_mutex_unlock(&e->pipe->lock);
}

/* --- sending --- */

static int open_or_closed(devp2p_rw *rw, uint32_t timeout_ms)
{
    dp_pipe *p = end_of(rw)->pipe;

    (void)timeout_ms; /* there is no mark to wait for */
    pthread_mutex_lock(&p->lock);
    bool closed = p->closed;
    pthread_mutex_unlock(&p->lock);
    return closed ? DEVP2P_ERR_CLOSED : 0;
}

/* ready: any code will do, and whether the pipe is open is known later. */
static int ready(devp2p_rw *rw, uint64_t code)
{
    (void)rw;
    (void)code;
    return 0;
}

/* hand gives a message to an end and waits until it is consumed.  Lock held. */
static int hand(pipe_end *to, dp_message *m)
{
    dp_pipe *p = to->pipe;
    uint64_t mine = ++to->sent;

    dp_list_push(&to->in, &m->link);
    pthread_cond_broadcast(&p->change);
    while (to->consumed < mine && !p->closed)
        await(p, DP_NEVER);
    return to->read < mine ? DEVP2P_ERR_CLOSED : 0;
}

static int send_payload(devp2p_rw *rw, uint64_t code, devp2p_slice payload)
{
    pipe_end *e = end_of(rw);
    dp_pipe *p = e->pipe;

    if (payload.len > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;
    dp_message head = {
        .code = code,
        .received_ms = p->now().wall,
        .body = payload,
        .full = payload.len,
    };
    dp_message *m = dp_message_new(&p->env, &head);
    if (!m)
        return DEVP2P_ERR_NOMEM;
    pthread_mutex_lock(&p->lock);
    consume(e);
    bool closed = p->closed;
    int err = closed ? DEVP2P_ERR_CLOSED : hand(e->far, m);
    pthread_mutex_unlock(&p->lock);
    if (closed)
        dp_message_free(&p->env, m);
    return err;
}

static int send_packet(devp2p_rw *rw, devp2p_packet *packet)
{
    return send_payload(
        rw, packet->plain->code, dp_public_packet_payload(packet));
}

/* --- life --- */

static void free_end(devp2p_rw *rw)
{
    pipe_end *e = end_of(rw);
    dp_pipe *p = e->pipe;

    dp_pipe_end(p, NULL, DEVP2P_ERR_CLOSED);
    pthread_mutex_lock(&p->lock);
    devp2p_peer *peer = rw->peer;
    rw->peer = NULL;
    pthread_mutex_unlock(&p->lock);
    devp2p_peer_drop(peer);
    dp_messages_free(&p->env, &e->in);
    dp_message_free(&p->env, e->current);
    dp_scratch_fini(&e->scratch);
    dp_pipe_drop(p);
}

static const dp_rw_ops pipe_ops = {
    .read = read_message,
    .done = done,
    .ready = ready,
    .send = send_payload,
    .send_packet = send_packet,
    .wait = open_or_closed,
    .free = free_end,
};

static void init_end(dp_pipe *p, int i)
{
    pipe_end *e = &p->ends[i];

    e->rw.ops = &pipe_ops;
    e->rw.env = &p->env;
    atomic_init(&e->rw.refs, 1);
    e->pipe = p;
    e->far = &p->ends[1 - i];
    dp_list_init(&e->in);
    dp_scratch_init(&e->scratch, &p->env);
}

/* init_condition: its deadlines are of the clock that never goes back. */
static int init_condition(pthread_cond_t *c)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr))
        return DEVP2P_ERR_NOMEM;
    int err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (!err)
        err = pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
    return err ? DEVP2P_ERR_NOMEM : 0;
}

static int init_lock(dp_pipe *p)
{
    int err = init_condition(&p->change);

    if (err)
        return err;
    if (pthread_mutex_init(&p->lock, NULL) == 0)
        return 0;
    pthread_cond_destroy(&p->change);
    return DEVP2P_ERR_NOMEM;
}

int dp_pipe_new(
    devp2p_rw **a, devp2p_rw **b, const dp_env *env, dp_now (*now)(void))
{
    dp_pipe *p = dp_alloc(env, sizeof *p);

    *a = *b = NULL;
    if (!p)
        return DEVP2P_ERR_NOMEM;
    int err = init_lock(p);
    if (err) {
        dp_free(env, p, sizeof *p);
        return err;
    }
    p->env = *env;
    p->now = now;
    atomic_init(&p->refs, 2);
    init_end(p, 0);
    init_end(p, 1);
    *a = &p->ends[0].rw;
    *b = &p->ends[1].rw;
    return 0;
}

dp_pipe *dp_pipe_keep(dp_pipe *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void dp_pipe_drop(dp_pipe *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1)
        return;
    dp_env env = p->env;
    pthread_cond_destroy(&p->change);
    pthread_mutex_destroy(&p->lock);
    dp_free(&env, p, sizeof *p);
}

/* --- peers, and the end --- */

dp_pipe *dp_pipe_of(const devp2p_rw *rw)
{
    if (rw->ops != &pipe_ops)
        return NULL;
    return end_of((devp2p_rw *)(uintptr_t)rw)->pipe;
}

const dp_env *dp_pipe_env(const dp_pipe *p)
{
    return &p->env;
}

int dp_pipe_meet(devp2p_rw *rw, devp2p_peer *peer)
{
    dp_pipe *p = end_of(rw)->pipe;

    pthread_mutex_lock(&p->lock);
    int err = rw->peer ? DEVP2P_ERR_EXISTS : p->closed ? DEVP2P_ERR_CLOSED : 0;
    if (!err)
        rw->peer = devp2p_peer_keep(peer);
    pthread_mutex_unlock(&p->lock);
    return err;
}

void dp_pipe_end(dp_pipe *p, const devp2p_peer *by, int reason)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < 2; i++) {
        devp2p_peer *peer = p->ends[i].rw.peer;
        if (peer)
            dp_peer_over(peer, reason, by && peer != by);
    }
    p->closed = true;
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->lock);
}

void devp2p_pipe_close(devp2p_rw *end)
{
    dp_pipe *p = dp_pipe_of(end);

    if (p)
        dp_pipe_end(p, NULL, DEVP2P_ERR_CLOSED);
}
