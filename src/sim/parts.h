/* SPDX-License-Identifier: MIT */
/* parts.h - what the files of the simulation know of each other. */
#ifndef DP_SIM_PARTS_H
#define DP_SIM_PARTS_H

#include "base/assert.h"
#include "base/index.h"
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

/* --- links --- */

typedef struct dp_node dp_node;
typedef struct dp_pair dp_pair;

/* A dp_side is one node of a pair, and the direction that leaves it. */
typedef struct dp_side {
    dp_link link; /* in the pairs of the node */
    dp_pair *pair;
    dp_node *node;
    uint64_t free; /* when all that was sent has left */
    bool held;
} dp_side;

enum { DP_PAIR_KEY = 16 };

/* A dp_pair is two nodes, the one that was made first at side 0, or a node and
 * itself.  It is made when they have to do with each other. */
struct dp_pair {
    struct dp_sim *sim;
    uint8_t key[DP_PAIR_KEY];
    dp_side side[2];
    dp_list conns;
    bool own; /* has a link of its own */
    devp2p_sim_link link;
};

typedef struct dp_region_link {
    bool set;
    devp2p_sim_link link;
} dp_region_link;

struct dp_sim {
    dp_sim_setup setup;
    dp_now now;
    dp_timers *heap;
    size_t events; /* that the heap has room for */
    dp_chance chance;
    uint64_t trace;
    uint64_t counts[DEVP2P_SIM_FAULT_KINDS];
    uint64_t nodes_made;
    size_t nodes_live;
    size_t running; /* worlds that have started and not ended */
    int raw;        /* last number of an end without io */
    bool latched, calm;
    dp_list nodes, conns;
    dp_list flights, nats, names;
    dp_list widows; /* connections that one node was torn from */
    dp_index hosts; /* nodes by address */
    dp_index pairs;
    dp_pair nowhere; /* of connections to what is no node */
    dp_region_link regions[DEVP2P_SIM_REGIONS][DEVP2P_SIM_REGIONS];
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

/* dp_sim_pair finds or makes a pair: NULL when there is no memory.
 * dp_sim_pair_known finds it or not. */
dp_pair *dp_sim_pair(dp_sim *sim, dp_node *a, dp_node *b);
dp_pair *dp_sim_pair_known(dp_sim *sim, const dp_node *a, const dp_node *b);
const devp2p_sim_link *dp_sim_pair_link(const dp_pair *p);
bool dp_sim_pair_held(const dp_pair *p, const dp_node *from);

/* dp_sim_travel is when len bytes arrive that from sends now; they take their
 * turn behind all that it sent there before.  Of a side the number says who
 * sends. */
uint64_t dp_sim_travel(dp_pair *p, const dp_node *from, size_t len);
uint64_t dp_sim_travel_side(dp_pair *p, unsigned side, size_t len);

/* dp_sim_pair_poke: the link has changed, and streams may have more room. */
void dp_sim_pair_poke(dp_pair *p);

/* dp_sim_pairs_forget: a node is freed; what is left of its connections leads
 * nowhere. */
void dp_sim_pairs_forget(dp_node *n);
void dp_sim_pair_init(dp_pair *p, dp_sim *sim);
const uint8_t *dp_sim_pair_key(const void *pair);

/* dp_sim_happens draws whether a fault happens, and counts it; it draws nothing
 * for a chance of 0. */
bool dp_sim_happens(dp_sim *sim, uint32_t ppm, devp2p_sim_fault_kind kind);

/* --- addresses --- */

enum { DP_HOST_KEY = 17 };

/* dp_sim_host is the node with an address; a loopback address that no node has
 * is asks itself. */
dp_node *dp_sim_host(dp_sim *sim, const devp2p_addr *addr, const dp_node *asks);

/* dp_sim_host_enter gives a node its address, which an older node loses that
 * has it too, and answers for those who had it before; dp_sim_host_leave takes
 * it away.  Room is reserved with the node. */
void dp_sim_host_enter(dp_node *n, const devp2p_addr *ip);
void dp_sim_host_leave(dp_node *n);
const uint8_t *dp_sim_host_key(const void *node);

/* --- one world --- */

/* A dp_clock is what a node takes for the time: it was mono at a moment of the
 * world, and runs on from there. */
typedef struct dp_clock {
    uint64_t world, mono;
    int32_t ppm;  /* faster */
    int64_t jump; /* ms that wall is ahead */
} dp_clock;

enum { DP_OVERHEARD = 2048 };

/* A dp_node is a world: a node, or another loop of one, which has its address,
 * links, clocks and faults. */
struct dp_node {
    dp_world world;
    dp_sim *sim;
    dp_link link;
    dp_node *host;   /* whose loop it is; the first loop: itself */
    dp_list loops;   /* of a host: the others */
    dp_link of_host; /* in these */
    devp2p_addr ip;
    uint8_t key[DP_HOST_KEY]; /* its address as a key */
    uint64_t number;
    unsigned region;
    dp_list pairs;
    dp_chance chance;
    dp_clock clock;
    dp_sim_event batch; /* the next turn */
    uint64_t turned;    /* when the last one was */
    uint64_t due;       /* when the server wants it, by the node's clock */
    uint64_t called;    /* when somebody else wanted it */
    uint64_t paused;    /* it stands still until then */
    uint64_t mute;      /* so many draws fail */
    bool slow, crashed;
    bool started, ending, ended;
    uint16_t port; /* last ephemeral one */
    dp_list listeners, ios, eager, closed;
    dp_list raws; /* ends that are open and neither adopted nor refused */
    dp_list tasks, parkers;
    dp_post *posts, **posts_end;
    uint64_t posts_due; /* they are on their way until then */
    dp_sim_event pool;  /* a job is done */
    dp_work *jobs, *done;
    size_t jobs_n;
    int heard_raw; /* the connection that was overheard */
    size_t heard_n;
    uint8_t *heard;      /* DP_OVERHEARD bytes at most */
    dp_list sockets;     /* of datagrams */
    uint16_t dgram_port; /* last ephemeral one of theirs */
    size_t flying;       /* datagrams on their way */
    struct dp_nat *nat;  /* NULL: none */
    dp_list asks, answers;
    bool mute_resolver;
    struct dp_disk *disk; /* NULL: none */
};

static inline dp_node *dp_sim_node_of(const dp_world *w)
{
    return dp_of(w, dp_node, world);
}

/* dp_sim_loop is dp_world_ops.loop. */
int dp_sim_loop(dp_world *w, dp_world **out);

/* dp_sim_node_next goes over the loops of a host, itself first: NULL is none;
 * start with NULL. */
dp_node *dp_sim_node_next(dp_node *host, dp_node *n);

/* dp_sim_node_wake: a batch comes soon.  dp_sim_node_arm sets its time anew
 * when the clock of the node has changed. */
void dp_sim_node_wake(dp_node *n);
void dp_sim_node_arm(dp_node *n);

/* dp_sim_node_now is what the clocks of a node show, dp_sim_node_when the first
 * moment of the world at which its mono is that far. */
dp_now dp_sim_node_now(const dp_node *n);
uint64_t dp_sim_node_when(const dp_node *n, uint64_t mono);

/* dp_sim_scale is v * by / over, rounded up if so wanted, and at most
 * DP_NEVER. */
uint64_t dp_sim_scale(uint64_t v, uint64_t by, uint64_t over, bool up);

/* dp_sim_wall is the wall clock that belongs to a mono. */
int64_t dp_sim_wall(uint64_t mono);

#define DP_SIM_START DP_SEC /* mono of a new world */

/* dp_sim_node_latch lets the pool of a node run, or stops it. */
void dp_sim_node_latch(dp_node *n);

/* --- listeners and streams --- */

struct dp_io {
    dp_node *node;
    dp_link link;  /* in listeners, ios or closed */
    dp_link eager; /* while it has something to say */
    void *user;
    unsigned want;
    devp2p_addr local, remote;
    dp_list queue; /* of a listener: connections that wait for it; of a
                      datagram socket: datagrams */
    size_t queued;
    struct dp_end *end; /* NULL: listener, or */
    bool datagrams;     /* a socket of these */
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

static inline bool dp_sim_is_loopback(const devp2p_addr *a)
{
    static const uint8_t one[16] = { [15] = 1 };
    return a->family == 4 ? a->ip[0] == 127 : memcmp(a->ip, one, 16) == 0;
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
int dp_sim_take(dp_world *w, int raw, devp2p_addr *far);
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
    uint64_t at; /* when it is there */
    dp_segment_kind kind;
    size_t size, taken;
} dp_segment;

typedef enum dp_end_state {
    DP_END_NONE,    /* of the dialled side: the SYN is on its way */
    DP_END_WAITING, /* in the queue of a listener, or without io */
    DP_END_OPEN,    /* has an io */
    DP_END_GONE
} dp_end_state;

/* A dp_end is one side of a connection with what comes in there. */
typedef struct dp_end {
    struct dp_conn *conn;
    dp_end_state state;
    dp_node *node; /* until it is gone; NULL: nobody has the address */
    dp_io *io;
    devp2p_addr addr;
    dp_sim_event arrival; /* of the first segment in flight */
    dp_list flight, here;
    int raw;            /* its number while it has no io */
    dp_link of_raws;    /* of its node */
    size_t load;        /* bytes in both, or lost on the way here */
    bool ended, broken; /* FIN, RST arrived */
    bool away;          /* the node has left the address */
    bool missed;        /* something was lost on the way here */
    dp_segment syn, fin, rst;
} dp_end;

typedef struct dp_conn {
    dp_sim *sim;
    dp_link link;
    dp_link waiting, of_pair, widow;
    dp_pair *pair;
    bool turned;     /* the dialled side is side 0 of the pair */
    bool severed;    /* nothing arrives any more */
    bool disowned;   /* but a reset, from who has the address now */
    bool overheard;  /* the first bytes to the dialled side have arrived */
    dp_io *listener; /* in whose queue it waits */
    dp_end ends[2];  /* the first one dialled */
} dp_conn;

/* dp_sim_conn_new puts the SYN of a connection on its way; dp_sim_conn_join
 * makes one that is open at both ends.  0, ERR_NOMEM. */
int dp_sim_conn_new(
    dp_conn **out, dp_node *n, const devp2p_addr *from, const devp2p_addr *to);
int dp_sim_conn_join(dp_conn **out, dp_node *n, dp_node *m,
    const devp2p_addr *from, const devp2p_addr *to);
void dp_sim_conn_free(dp_conn *c);

/* dp_sim_conn_bind: the dialled address is that of a node, or of none (NULL):
 * 0, ERR_NOMEM. */
int dp_sim_conn_bind(dp_conn *c, dp_node *host);
void dp_sim_conn_nowhere(dp_conn *c);

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

/* dp_sim_end_break is a reset that takes no time.  dp_sim_end_disown: another
 * node has the address of this end, and answers with a reset. */
void dp_sim_end_break(dp_end *e, int err);
void dp_sim_end_disown(dp_end *e);

static inline dp_end *dp_sim_end_other(dp_end *e)
{
    dp_conn *c = e->conn;
    return e == &c->ends[0] ? &c->ends[1] : &c->ends[0];
}

/* dp_sim_offer puts a connection into the queue of the listener that its
 * SYN is for: 0, ERR_REFUSED, ERR_UNREACHABLE. */
int dp_sim_offer(dp_conn *c);

/* --- tasks --- */

int dp_sim_spawn(dp_world *w, void (*run)(void *arg), void *arg, size_t stack,
    dp_task **out);
void dp_sim_join(dp_task *t);
int dp_sim_parker(dp_world *w, dp_parker **out);
void dp_sim_parker_free(dp_parker *p);
int dp_sim_park(dp_parker *p, uint64_t until);
void dp_sim_unpark(dp_parker *p);

/* dp_sim_tasks_arm sets the times of tasks anew when the clock of their node
 * has changed. */
void dp_sim_tasks_arm(dp_node *n);

#endif
