/* SPDX-License-Identifier: MIT */
/* pipe_fixture.h - a thread that plays one end of a pipe. */
#ifndef PIPE_FIXTURE_H
#define PIPE_FIXTURE_H

#include "server/pipe.h"
#include "test.h"

#include <pthread.h>

/* An actor runs a handler as a server would: the end is given up behind it,
 * which closes the pipe. */
typedef struct actor {
    devp2p_run_fn *run;
    void *user;
    devp2p_peer *peer;
    devp2p_rw *rw;
    int result;
    pthread_t thread;
} actor;

static inline void *actor_main(void *arg)
{
    actor *a = arg;

    a->result = a->run(a->peer, a->rw, a->user);
    devp2p_rw_drop(a->rw);
    return NULL;
}

/* actor_start gives the actor the caller's reference to an end. */
static inline void actor_start(actor *a, devp2p_rw *end)
{
    a->rw = end;
    assert_int_equal(pthread_create(&a->thread, NULL, actor_main, a), 0);
}

static inline int actor_join(actor *a)
{
    assert_int_equal(pthread_join(a->thread, NULL), 0);
    return a->result;
}

#endif
