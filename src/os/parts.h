/* SPDX-License-Identifier: MIT */
/* parts.h - what the files of the real world know of each other. */
#ifndef DP_OS_PARTS_H
#define DP_OS_PARTS_H

#include "base/assert.h"
#include "base/limits.h"
#include "base/list.h"
#include "os/os.h"

#include <pthread.h>
#include <uv.h>

struct sockaddr_storage;
typedef struct dp_os dp_os;

/* --- sockets --- */

/* dp_os_code turns an errno into ours; dp_os_fail also keeps a sentence that
 * names the call. */
int dp_os_code(int err);
int dp_os_fail(const char *call);

/* dp_os_socket_* return 0 and a socket that does not block, or an error. */
int dp_os_socket_listen(int *out, const devp2p_addr *at);
int dp_os_socket_connect(int *out, bool *pending, const devp2p_addr *to);
int dp_os_socket_accept(int *out, devp2p_addr *from, int listener);
int dp_os_socket_take(int fd); /* one that somebody else has made */
void dp_os_socket_close(int fd, bool reset);
int dp_os_socket_error(int fd);
void dp_os_socket_local(int fd, devp2p_addr *out);
void dp_os_socket_remote(int fd, devp2p_addr *out);

/* --- listeners and streams --- */

typedef enum dp_io_kind {
    DP_IO_LISTENER,
    DP_IO_DIAL, /* its outcome is not known yet, or not yet told */
    DP_IO_STREAM
} dp_io_kind;

struct dp_io {
    uv_poll_t poll;
    dp_os *os;
    dp_link link;
    dp_link told; /* a dial whose outcome is to be told */
    dp_io_kind kind;
    void *user;
    int fd, outcome;
    unsigned want, watched;
    bool closed;
    devp2p_addr remote;
};

int dp_os_listen(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound);
int dp_os_connect(dp_world *w, const devp2p_addr *to, void *user, dp_io **out);
int dp_os_adopt(dp_world *w, int raw, void *user, dp_io **out);
void dp_os_refuse(dp_world *w, int raw);
int dp_os_take(dp_world *w, int raw, devp2p_addr *far);
void dp_os_names(dp_io *io, devp2p_addr *local, devp2p_addr *remote);
void dp_os_want(dp_io *io, unsigned events);
int dp_os_read(dp_io *io, void *out, size_t cap, size_t *n);
int dp_os_write(dp_io *io, const void *at, size_t len, size_t *n);
void dp_os_shut(dp_io *io);
void dp_os_close(dp_io *io, bool reset);

/* dp_os_watch has the loop watch for what is wanted; dp_os_tell tells
 * the outcomes of dials that were known at once. */
void dp_os_watch(dp_io *io);
void dp_os_tell(dp_os *os);

/* --- workers --- */

/* The dp_workers run jobs; those that are done wait until the loop takes them.
 */
typedef struct dp_workers {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    dp_work *head, **tail;
    dp_work *done, **done_tail;
    size_t jobs;   /* given and not yet done */
    size_t untold; /* done, since the loop took them last */
    bool told;     /* it is to take them */
    bool stop;
    unsigned max, n;
    pthread_t threads[DP_WORKERS_MAX];
} dp_workers;

void dp_os_workers_init(dp_workers *k, uint32_t max);
void dp_os_workers_fini(dp_workers *k);
int dp_os_workers_start(dp_workers *k, dp_os *os);

/* dp_os_workers_stop returns when every job that was given is done. */
void dp_os_workers_stop(dp_workers *k);
int dp_os_workers_give(dp_workers *k, dp_work *job);
dp_work *dp_os_workers_take(dp_workers *k);

/* --- threads --- */

/* dp_os_thread starts a thread that takes no signals: those are for the
 * program's own threads.  stack 0 is the system's default. */
int dp_os_thread(
    pthread_t *out, size_t stack, void *(*run)(void *arg), void *arg);

/* dp_os_on_loop tells whether the calling thread is the loop w, or (NULL) any;
 * dp_os_of_node whether it is a loop or a task of the node that w belongs to.
 */
bool dp_os_on_loop(const dp_world *w);
bool dp_os_of_node(dp_world *w);
void dp_os_here(dp_world *w);

int dp_os_spawn(dp_world *w, void (*run)(void *arg), void *arg, size_t stack,
    dp_task **out);
void dp_os_join(dp_task *t);
int dp_os_parker(dp_world *w, dp_parker **out);
void dp_os_parker_free(dp_parker *p);
int dp_os_park(dp_parker *p, uint64_t until);
void dp_os_unpark(dp_parker *p);

/* --- a loop --- */

struct dp_os {
    dp_world world;
    dp_os_setup setup;
    dp_os *first; /* loop of the node, which has the workers; or itself */
    uv_loop_t loop;
    uv_async_t poke;     /* others want the loop's attention */
    uv_prepare_t turn;   /* before the loop sleeps */
    uv_idle_t at_once;   /* it does not sleep */
    uv_timer_t alarm;    /* it sleeps no longer than that */
    uv_timer_t back_off; /* from accepting */
    uv_poll_t grow;      /* see grow_watchers */
    uint64_t alarm_at;
    dp_now now;
    bool stale; /* now is of the last turn */
    bool ending;
    bool over; /* no up call any more */
    bool backing_off;
    bool started;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t ended_now;
    bool ended;
    dp_post *posts, **posts_tail;
    dp_list ios, told; /* of the loop again */
    dp_workers workers;
};

static inline dp_os *dp_os_of(dp_world *w)
{
    return dp_of(w, dp_os, world);
}

/* dp_os_poke makes a batch of what waits; any thread, signal handlers. */
void dp_os_poke(dp_os *os);

/* dp_os_back_off stops accepting for a while. */
void dp_os_back_off(dp_os *os, int err);

#endif
