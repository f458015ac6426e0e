/* SPDX-License-Identifier: MIT */
/* devp2p/sim.h - servers in a simulated world: virtual time, links that delay,
 * lose and break, nodes that crash, and all chance from one integer.
 *
 * The servers are the real ones, with your protocols: only sockets, clock,
 * randomness and the pool are simulated.  Nothing happens but while
 * devp2p_sim_run, another call below, or a blocking call of the library (a read
 * on a scripted rw, devp2p_server_wait) lets time pass; then everything happens
 * in an order that follows from the seed alone, so that a run can be repeated.
 * Handlers of the run style have threads, of which one at a time runs, and may
 * block in calls of this library only.
 *
 *     devp2p_sim_config how = { .seed = 7 };
 *     devp2p_sim_new(&sim, &how);
 *     devp2p_sim_add(sim, &a, &cfg);          cfg as a server takes it
 *     devp2p_sim_add(sim, &b, &cfg);          another one, with another key
 *     devp2p_sim_start(a), devp2p_sim_start(b);
 *     devp2p_sim_connect(a, b);
 *     devp2p_sim_run(sim, 1000);              a virtual second
 *
 * After every step checks are made: one session a pair, one handler a protocol
 * and peer, MaxPeers, budgets, no peer without proof, no turn later than a
 * deadline.  The first that fails ends the run with ERR_CHECK.
 *
 * Thread: everything here belongs to the thread that made the simulation;
 * callbacks of servers may call what their line allows. */
#ifndef DEVP2P_SIM_H
#define DEVP2P_SIM_H

#include <devp2p/pipe.h>
#include <devp2p/server.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct devp2p_sim devp2p_sim;
typedef struct devp2p_sim_node devp2p_sim_node;

/* --- links --- */

/* A devp2p_sim_link is what the way between two nodes is like, each way; a
 * frozen value.  Chances are parts of a million. */
typedef struct devp2p_sim_link {
    uint64_t bytes_per_s; /* 0: no bound */
    uint32_t latency_us;
    uint32_t jitter_us; /* up to so much more; streams stay in order */
    uint32_t loss_ppm;  /* a piece of a stream then comes 200 ms, 400 ms ...
                            later, as TCP would; a datagram does not */
    uint32_t duplicate_ppm, reorder_ppm, corrupt_ppm; /* datagrams */
    uint32_t window; /* bytes of a stream in flight; 0: 64 KiB */
    uint32_t slice;  /* a read or write moves 1..slice bytes; 0: all */
} devp2p_sim_link;

/* --- faults --- */

/* DEVP2P_SIM_FAULTS lists what can go wrong, with the words of the tool.  Those
 * before DATAGRAM_LOSS concern servers today; the others are for what uses
 * datagrams, names and stores. */
#define DEVP2P_SIM_FAULTS(X)          \
    X(RESET, "reset")                 \
    X(HALF_OPEN, "half-open")         \
    X(PARTITION, "partition")         \
    X(ONE_WAY, "one-way")             \
    X(LOSS, "loss")                   \
    X(SHORT_IO, "short-io")           \
    X(SQUEEZE, "squeeze")             \
    X(SLOW_READER, "slow-reader")     \
    X(CRASH, "crash")                 \
    X(CLOCK_JUMP, "clock-jump")       \
    X(CLOCK_SKEW, "clock-skew")       \
    X(PAUSE, "pause")                 \
    X(NO_MEMORY, "no-memory")         \
    X(NO_RANDOMNESS, "no-randomness") \
    X(NEW_ADDRESS, "new-address")     \
    X(REPLAY, "replay")               \
    X(NOISE, "noise")                 \
    X(DATAGRAM_LOSS, "datagram-loss") \
    X(DUPLICATE, "duplicate")         \
    X(REORDER, "reorder")             \
    X(CORRUPT, "corrupt")             \
    X(NAT_REBIND, "nat-rebind")       \
    X(STORE_LOST, "store-lost")       \
    X(DISK_FULL, "disk-full")         \
    X(NO_RESOLVER, "no-resolver")

typedef enum devp2p_sim_fault_kind {
#define X(name, word) DEVP2P_SIM_##name,
    DEVP2P_SIM_FAULTS(X)
#undef X
        DEVP2P_SIM_FAULT_KINDS
} devp2p_sim_fault_kind;

/* DEVP2P_SIM_SERVER_FAULTS is how many of them concern servers today. */
#define DEVP2P_SIM_SERVER_FAULTS DEVP2P_SIM_DATAGRAM_LOSS

/* DEVP2P_SIM_BIT makes a set of one fault; sets are joined with |. */
#define DEVP2P_SIM_BIT(kind) (UINT64_C(1) << (kind))

/* --- a world --- */

/* A devp2p_sim_trace_fn gets a line, without a newline, for every piece of a
 * stream that arrives, every fault that is let happen, and every event and
 * callback of a server. */
typedef void devp2p_sim_trace_fn(void *user, const char *line);

typedef struct devp2p_sim_config {
    uint64_t seed;
    devp2p_sim_link link; /* of pairs that have none of their own */
    bool test_crypto;     /* cheap curve functions, which protect nothing */
    devp2p_sim_trace_fn *trace; /* nobody listens */
    void *trace_user;
    devp2p_log_fn *log; /* what the simulation itself has to say */
    void *log_user;
    devp2p_log_level log_level; /* DEVP2P_LOG_OFF */
} devp2p_sim_config;

/* devp2p_sim_new makes an empty world.  It is a macro that passes the size your
 * program was compiled with to devp2p_sim_new_sized.
 *
 * Returns: 0, ERR_INVALID, ERR_ABI, ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_sim_free.
 * In:      cfg - copied; NULL is one of zeros. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_new_sized(
    devp2p_sim **out, const devp2p_sim_config *cfg, size_t config_size);
#define devp2p_sim_new(out, cfg) \
    devp2p_sim_new_sized((out), (cfg), sizeof(devp2p_sim_config))

/* devp2p_sim_free stops the servers that still run, lets the time pass that
 * this takes, and frees all nodes.  NULL is fine. */
DEVP2P_API void devp2p_sim_free(devp2p_sim *sim);

/* --- nodes --- */

/* devp2p_sim_add adds a node, which is not started.  Its configuration is that
 * of a server, with two differences: a private key of zeros is drawn from the
 * seed, and the address in listen_addr, if it names one, is the address that
 * the node has in this world, IPv4 or IPv6; a node without one gets the next of
 * 10.0.0.0/8.  It is a macro that passes sizes to devp2p_sim_add_sized.
 *
 * Returns: as devp2p_server_new; ERR_EXISTS for an address that a node has.
 * Out:     out - belongs to the simulation, until that is freed.
 * In:      cfg - copied; what its user pointers point at must live as long as
 *          the simulation. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_add_sized(devp2p_sim *sim,
    devp2p_sim_node **out, const devp2p_config *cfg, size_t config_size,
    size_t protocol_size);
#define devp2p_sim_add(sim, out, cfg) \
    devp2p_sim_add_sized(             \
        (sim), (out), (cfg), sizeof(devp2p_config), sizeof(devp2p_protocol))

/* devp2p_sim_start starts a node, for the first time or again: a new server
 * with the same key, address and configuration, and the static nodes of
 * devp2p_sim_connect.
 *
 * Returns: 0; ERR_STATE when it runs; as devp2p_server_new and
 *          devp2p_server_start. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_start(devp2p_sim_node *node);

/* devp2p_sim_stop asks a node's server to stop, as devp2p_server_stop does.  It
 * can be started again at once; then the old server says its goodbyes, and
 * tells its last events, while the new one is there.
 *
 * Thread: also callbacks and handlers of any node. */
DEVP2P_API void devp2p_sim_stop(devp2p_sim_node *node);

/* devp2p_sim_server is the server of a node.
 *
 * Returns: borrowed until the node is stopped; NULL while it does not run.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API devp2p_server *devp2p_sim_server(const devp2p_sim_node *node);

/* devp2p_sim_life numbers the servers that a node has had.  One that was told
 * to stop still tells events when the next one is there.
 *
 * Returns: in on_event the number of the server that tells, elsewhere of the
 *          last one that was started; from 1, 0 before the first.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API uint64_t devp2p_sim_life(const devp2p_sim_node *node);

/* devp2p_sim_count counts the nodes, devp2p_sim_node_at gives the one that was
 * added as the i-th, from 0; devp2p_sim_number is the reverse.
 *
 * Returns: the number; the node, NULL when there are not so many.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API size_t devp2p_sim_count(const devp2p_sim *sim);
DEVP2P_API devp2p_sim_node *devp2p_sim_node_at(const devp2p_sim *sim, size_t i);
DEVP2P_API size_t devp2p_sim_number(const devp2p_sim_node *node);

/* devp2p_sim_self tells a node's key and TCP endpoint, also while it does not
 * run.
 *
 * Out:    out - the node; its port is 0 without a listener.
 * Thread: also callbacks and handlers of any node. */
DEVP2P_API void devp2p_sim_self(const devp2p_sim_node *node, devp2p_node *out);

/* --- who knows whom --- */

/* devp2p_sim_connect makes b a static node of a, which dials it now and again
 * after every start; devp2p_sim_disconnect takes it off and ends the
 * connection.
 *
 * Returns: 0; ERR_EXISTS; ERR_ADDR when b has no listener; DISC_SELF;
 *          ERR_NOMEM; for disconnect also ERR_NOT_FOUND. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_connect(
    devp2p_sim_node *a, devp2p_sim_node *b);
DEVP2P_API DEVP2P_CHECK int devp2p_sim_disconnect(
    devp2p_sim_node *a, devp2p_sim_node *b);

/* devp2p_sim_connected tells whether two nodes are peers of each other.
 *
 * Returns: true when both say so.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API bool devp2p_sim_connected(
    const devp2p_sim_node *a, const devp2p_sim_node *b);

typedef enum devp2p_sim_topology_kind {
    DEVP2P_SIM_CHAIN = 1, /* each dials the next one */
    DEVP2P_SIM_RING,      /* and the last one the first */
    DEVP2P_SIM_STAR,      /* all dial the first one */
    DEVP2P_SIM_FULL,      /* each dials all that were added before it */
    DEVP2P_SIM_RANDOM     /* each dials degree / 2 others, drawn from the seed,
                             of which the next one is one */
} devp2p_sim_topology_kind;

/* devp2p_sim_topology connects all nodes that there are.
 *
 * Returns: as devp2p_sim_connect; pairs that are connected are left alone.
 * In:      degree - of RANDOM: connections of a node on average. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_topology(
    devp2p_sim *sim, devp2p_sim_topology_kind kind, size_t degree);

/* --- time and chance --- */

/* devp2p_sim_run lets so many virtual milliseconds pass.
 *
 * Returns: 0; ERR_CHECK as soon as a check fails, also when one failed before;
 *          devp2p_sim_failure says which. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_run(devp2p_sim *sim, uint64_t time_ms);

typedef bool devp2p_sim_done_fn(void *user);

/* devp2p_sim_run_until lets time pass until done, asked after every step, says
 * true.
 *
 * Returns: 0; ERR_TIMEOUT after so many virtual milliseconds; ERR_CHECK. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_run_until(
    devp2p_sim *sim, uint64_t time_ms, devp2p_sim_done_fn *done, void *user);

/* devp2p_sim_time_us is the virtual time since the simulation was made.
 *
 * Returns: microseconds.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API uint64_t devp2p_sim_time_us(const devp2p_sim *sim);

typedef void devp2p_sim_then_fn(devp2p_sim *sim, void *user);

/* devp2p_sim_after calls then when so many virtual milliseconds have passed,
 * outside of any server.
 *
 * Returns: 0, ERR_NOMEM.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_after(
    devp2p_sim *sim, uint64_t time_ms, devp2p_sim_then_fn *then, void *user);

/* devp2p_sim_random draws from the seed, in a stream that is your own.
 *
 * Returns: 0..bound-1; 0 for a bound of 0.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API uint64_t devp2p_sim_random(devp2p_sim *sim, uint64_t bound);

/* --- links and faults --- */

/* devp2p_sim_set_link gives a pair of nodes a link of its own.
 *
 * Returns: 0, ERR_NOMEM. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_set_link(
    devp2p_sim_node *a, devp2p_sim_node *b, const devp2p_sim_link *link);

#define DEVP2P_SIM_REGIONS 16

/* devp2p_sim_set_region puts a node into a region, 0 at first;
 * devp2p_sim_set_region_link says what the links between two regions, or within
 * one, are like, for pairs that have none of their own.
 *
 * Returns: 0, ERR_INVALID for a region at or above DEVP2P_SIM_REGIONS. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_set_region(
    devp2p_sim_node *node, unsigned region);
DEVP2P_API DEVP2P_CHECK int devp2p_sim_set_region_link(devp2p_sim *sim,
    unsigned region, unsigned other, const devp2p_sim_link *link);

/* devp2p_sim_fault lets one thing go wrong now:
 *
 * RESET        all streams between a and b break at both ends
 * HALF_OPEN    their bytes are lost from here on, and neither end is told
 * PARTITION    nothing passes between a and b, either way, for amount ms
 * ONE_WAY      nothing passes from a to b for amount ms
 * SQUEEZE      the link between a and b has 8 KiB/s and 300 ms for amount ms
 * SLOW_READER  a reads nothing for amount ms
 * CRASH        a is gone without a word and starts again after amount ms (0:
 *              when devp2p_sim_start says so); on_close and the end of reads
 *              still come, so that its program can clean up, events do not
 * CLOCK_JUMP   the wall clock of a goes amount ms forward, or back if negative
 * CLOCK_SKEW   the clock of a runs amount parts of a million faster, or slower
 * PAUSE        a stands still for amount ms
 * NO_MEMORY    the next amount allocations of a fail
 * NO_RANDOMNESS  the next amount draws of a fail
 * NEW_ADDRESS  a has another address from now on; its streams are half-open
 * REPLAY       a stranger sends a what another node once sent to it first
 * NOISE        a stranger sends a amount bytes of noise, or holds its tongue
 *
 * A fault that lasts ends by itself.
 *
 * Returns: 0; ERR_INVALID for a kind that is not listed here; ERR_STATE when it
 *          does not apply, such as to a node that does not run; ERR_NOMEM.
 * In:      b - NULL but for the first five.
 * Thread:  the simulation's, also in devp2p_sim_after. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_fault(devp2p_sim *sim,
    devp2p_sim_fault_kind kind, devp2p_sim_node *a, devp2p_sim_node *b,
    int64_t amount);

/* devp2p_sim_chaos lets faults happen by chance: about every mean_ms one of a
 * set, to nodes drawn from the seed, until so many milliseconds have passed.
 *
 * Returns: 0, ERR_NOMEM.
 * In:      kinds - a set of DEVP2P_SIM_BIT; those that devp2p_sim_fault does
 *          not know are left out. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_chaos(
    devp2p_sim *sim, uint64_t kinds, uint32_t mean_ms, uint64_t until_ms);

/* devp2p_sim_fault_count tells how often a fault happened,
 * devp2p_sim_fault_word what the tool calls it.
 *
 * Returns: the number; a fixed word. */
DEVP2P_API uint64_t devp2p_sim_fault_count(
    const devp2p_sim *sim, devp2p_sim_fault_kind kind);
DEVP2P_API const char *devp2p_sim_fault_word(devp2p_sim_fault_kind kind);

/* devp2p_sim_node_faults tells how often a fault happened to one node, as a or
 * as b.  A fault is counted before anything can be seen of it: a program that
 * keeps count of its connections learns from CRASH that those of a node ended
 * unheard.
 *
 * Returns: the number.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API uint64_t devp2p_sim_node_faults(
    const devp2p_sim_node *node, devp2p_sim_fault_kind kind);

/* --- checks --- */

/* devp2p_sim_fail says that a check of yours failed; the first one stays.
 *
 * Thread: also callbacks and handlers of any node. */
DEVP2P_API void devp2p_sim_fail(devp2p_sim *sim, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* devp2p_sim_failure tells which check failed first, and when.
 *
 * Returns: a sentence, borrowed from the simulation; NULL when none failed.
 * Thread:  also callbacks and handlers of any node. */
DEVP2P_API const char *devp2p_sim_failure(const devp2p_sim *sim);

/* devp2p_sim_settle ends all faults and lets time pass until every node is
 * connected to its static nodes, as far as both run and have slots, and no
 * queue holds anything.  A connection that is half-open is one until a node
 * finds out, which takes up to 30 s of silence.  A pair of which one said, by a
 * reason, that it wants to be left alone is due when that time is over, 35 s to
 * 15 min after the reason (devp2p_server_add_peer).
 *
 * Returns: 0; ERR_CHECK when that takes longer than time_ms virtual
 *          milliseconds: the failure names a pair or a queue. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_settle(
    devp2p_sim *sim, uint64_t time_ms);

/* devp2p_sim_hash identifies a run: every piece of a stream and every datagram
 * (time, from, to, bytes), every event and callback that a server gave to its
 * program.
 *
 * Returns: the hash of all that happened so far. */
DEVP2P_API uint64_t devp2p_sim_hash(const devp2p_sim *sim);

/* --- scripts: what a protocol must send and receive --- */

/* devp2p_sim_meet adds a node that has one protocol and no handler, connects it
 * to node, and lets time pass until both are peers.  The script is the handler:
 * devp2p_read*, devp2p_send*, devp2p_expect* and devp2p_rw_* work on its rw as
 * on that of a run-style handler, and time passes while they wait.
 *
 *     devp2p_sim_meet(&rw, node, "MyProtocol", 1, 1);
 *     devp2p_send_items(rw, 0, "foo");
 *     devp2p_expect_items(rw, 0, "bar");
 *     devp2p_sim_expect_end(rw, DEVP2P_DISC_QUITTING);
 *     devp2p_sim_leave(rw);
 *
 * Returns: 0; the reason of node, or the error, that the connection ended with;
 *          as devp2p_sim_add and devp2p_sim_start; ERR_TIMEOUT; ERR_CHECK.
 * Out:     out - given back with devp2p_sim_leave; NULL after an error. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_meet(devp2p_rw **out,
    devp2p_sim_node *node, const char *name, uint32_t version, uint32_t length);

/* devp2p_sim_expect_end lets time pass until the other end closes, for at most
 * DEVP2P_EXPECT_MS, and compares its reason.
 *
 * Returns: 0; ERR_UNEXPECTED, and the detail tells the reason that came;
 *          ERR_TIMEOUT. */
DEVP2P_API DEVP2P_CHECK int devp2p_sim_expect_end(devp2p_rw *rw, int reason);

/* devp2p_sim_leave ends a script: its node stops. */
DEVP2P_API void devp2p_sim_leave(devp2p_rw *rw);

#ifdef __cplusplus
}
#endif
#endif
