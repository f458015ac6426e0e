/* SPDX-License-Identifier: MIT */
/* parts.h - what the files of the simulation know of each other. */
#ifndef DP_SIM_PARTS_H
#define DP_SIM_PARTS_H

#include "base/assert.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/timer.h"
#include "sim/chance.h"
#include "sim/sim.h"

#include <pthread.h>
#include <string.h>

/* --- events --- */

/* A dp_sim_event is one thing that may happen at a virtual time. */
typedef struct dp_sim_event {
    dp_timer timer;
    void (*fire)(struct dp_sim_event *e);
} dp_sim_event;

struct dp_sim {
    dp_sim_setup setup; /* defaults filled in */
    dp_now now;
    dp_timers *heap;
    size_t events; /* that the heap has room for */
    dp_chance chance;
    uint64_t trace;
    uint64_t nodes_made;
    int raw; /* last number of an accepted connection */
    bool latched;
    dp_list nodes, conns, holds;
    struct dp_node *loop; /* whose batch runs */
    pthread_mutex_t mutex;
    pthread_cond_t back;
    dp_task *holder; /* of the baton; NULL: the simulation's thread */
};

/* dp_sim_event_init makes room for one event, so that setting it cannot fail.
 */
int dp_sim_event_init(
    dp_sim *sim, dp_sim_event *e, void (*fire)(dp_sim_event *e));
void dp_sim_event_fini(dp_sim *sim, dp_sim_event *e);

/* dp_sim_event_by makes it happen at that time, or sooner when it was. */
void dp_sim_event_by(dp_sim *sim, dp_sim_event *e, uint64_t at);

/* dp_sim_must steps, and aborts when nothing is left that could happen: a
 * deadlock of the program under test. */
void dp_sim_must(dp_sim *sim, const char *waits_for);

/* --- one world --- */

typedef struct dp_node {
    dp_world world;
    dp_sim *sim;
    dp_link link;
    devp2p_addr ip;
    dp_chance chance;
    dp_sim_event batch; /* the next turn */
    uint64_t turned;    /* when the last one was */
    bool started, ending, ended;
    uint16_t port; /* last ephemeral one */
    dp_list ios, eager, closed;
    dp_list raws; /* accepted connections, neither adopted nor refused */
    dp_post *posts, **posts_end;
    dp_sim_event pool; /* a job is done */
    dp_work *jobs, *done;
    size_t jobs_n;
} dp_node;

static inline dp_node *dp_sim_node_of(const dp_world *w)
{
    return dp_of(w, dp_node, world);
}

/* dp_sim_node_wake: a batch comes soon. */
void dp_sim_node_wake(dp_node *n);

/* dp_sim_node_latch lets the pool of a node run, or stops it. */
void dp_sim_node_latch(dp_node *n);

/* --- listeners and streams --- */

struct dp_io {
    dp_node *node;
    dp_link link;  /* in ios or closed */
    dp_link eager; /* while it has something to say */
    void *user;
    unsigned want;
    devp2p_addr local, remote;
    dp_list queue; /* of a listener: connections that wait for it */
    size_t queued;
    struct dp_end *end; /* NULL: listener */
    bool closed, shut;
    bool open;     /* adopted, or connected was called */
    bool answered; /* connected is to be called, with */
    int answer;
};

static inline bool dp_sim_same_ip(const devp2p_addr *a, const devp2p_addr *b)
{
    return a->family == b->family &&
           memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

/* dp_sim_io_answer says how a dial went.  dp_sim_io_poke puts an io among the
 * eager ones of its node if it has something to say; dp_sim_io_serve says it.
 */
void dp_sim_io_answer(dp_io *io, int err);
void dp_sim_io_poke(dp_io *io);
void dp_sim_io_serve(dp_io *io);

int dp_sim_listen(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound);
int dp_sim_connect(dp_world *w, const devp2p_addr *to, void *user, dp_io **out);
int dp_sim_adopt(dp_world *w, int raw, void *user, dp_io **out);
void dp_sim_refuse(dp_world *w, int raw);
void dp_sim_names(dp_io *io, devp2p_addr *local, devp2p_addr *remote);
void dp_sim_want(dp_io *io, unsigned events);
int dp_sim_read(dp_io *io, void *out, size_t cap, size_t *n);
int dp_sim_write(dp_io *io, const void *at, size_t len, size_t *n);
void dp_sim_shut(dp_io *io);
void dp_sim_close(dp_io *io, bool reset);
void dp_sim_io_free(dp_io *io);

/* --- connections --- */

typedef enum dp_segment_kind {
    DP_SYN, /* or the answer to it */
    DP_DATA,
    DP_FIN,
    DP_RST
} dp_segment_kind;

/* A dp_segment is on its way, or has arrived and waits to be read; its bytes
 * follow it. */
typedef struct dp_segment {
    dp_link link;
    uint64_t at; /* arrival */
    dp_segment_kind kind;
    size_t size, taken;
} dp_segment;

typedef enum dp_end_state {
    DP_END_NONE,    /* of the dialled side: the SYN is on its way */
    DP_END_WAITING, /* in the queue of a listener */
    DP_END_OPEN,    /* has an io */
    DP_END_GONE
} dp_end_state;

/* A dp_end is one side of a connection with what comes in there. */
typedef struct dp_end {
    struct dp_conn *conn;
    dp_end_state state;
    dp_io *io;
    devp2p_addr addr;
    dp_sim_event arrival; /* of the first segment in flight */
    dp_list flight, here;
    size_t load;        /* bytes in both */
    uint64_t last;      /* arrival of the last segment */
    bool ended, broken; /* FIN, RST arrived */
    dp_segment syn, fin, rst;
} dp_end;

typedef struct dp_conn {
    dp_sim *sim;
    dp_link link;
    dp_link waiting;
    dp_io *listener; /* in whose queue it waits */
    int raw;
    dp_end ends[2]; /* the first one dialled */
} dp_conn;

/* dp_sim_conn_new puts the SYN of a connection on its way. */
int dp_sim_conn_new(
    dp_conn **out, dp_sim *sim, const devp2p_addr *from, const devp2p_addr *to);
void dp_sim_conn_free(dp_conn *c);

/* dp_sim_end_read takes what is here, dp_sim_end_send puts bytes on their way
 * to the other side, dp_sim_end_finish the FIN behind them. */
size_t dp_sim_end_read(dp_end *e, uint8_t *out, size_t cap);
int dp_sim_end_send(dp_end *e, const void *at, size_t len);
void dp_sim_end_finish(dp_end *e);

/* dp_sim_end_leave: this side is gone, with FIN or RST; the connection is freed
 * when the other one has gone too. */
void dp_sim_end_leave(dp_end *e, bool reset);

/* dp_sim_end_schedule sets the next arrival, unless the link is held. */
void dp_sim_end_schedule(dp_end *e);

/* dp_sim_end_break is a reset that takes no time. */
void dp_sim_end_break(dp_end *e, int err);

static inline dp_end *dp_sim_end_other(dp_end *e)
{
    dp_conn *c = e->conn;
    return e == &c->ends[0] ? &c->ends[1] : &c->ends[0];
}

/* dp_sim_offer puts a connection into the queue of the listener that its
 * SYN is for: 0, ERR_REFUSED, ERR_UNREACHABLE. */
int dp_sim_offer(dp_conn *c);

/* --- faults --- */

bool dp_sim_held(dp_sim *sim, const devp2p_addr *a, const devp2p_addr *b);
void dp_sim_holds_free(dp_sim *sim);

/* --- tasks --- */

int dp_sim_spawn(dp_world *w, void (*run)(void *arg), void *arg, size_t stack,
    dp_task **out);
void dp_sim_join(dp_task *t);
int dp_sim_parker(dp_world *w, dp_parker **out);
void dp_sim_parker_free(dp_parker *p);
int dp_sim_park(dp_parker *p, uint64_t until);
void dp_sim_unpark(dp_parker *p);

#endif
