/* SPDX-License-Identifier: MIT */
/* sim_account.h - the account of a simulation: what each end of each connection
 * accepted, delivered and lost, held against what the library promises.
 *
 * Both ends live in one process, so for each direction of a connection
 *
 *     accepted = delivered + unsent + lost with the connection
 *
 * can be checked; the last may be above zero only when the receiver did not
 * hear a goodbye, which comes behind all that was given to the kernel.  It is
 * no more than a link can hold when the receiver read to the end. */
#ifndef CLI_SIM_ACCOUNT_H
#define CLI_SIM_ACCOUNT_H

#include <devp2p/sim.h>

typedef struct sim_account sim_account;

/* A sim_end is one end of a connection: a node and its handler's rw. */
typedef struct sim_end {
    sim_account *account;
    struct sim_end *older; /* the one that the same node opened before */
    struct sim_end *other; /* NULL until a message of either was delivered */
    devp2p_sim_node *node, *peer;
    devp2p_addr addr; /* of the peer */
    uint64_t number;  /* stands in its messages */
    uint64_t began_us;
    uint64_t accepted, delivered;
    uint64_t *upto; /* bytes accepted with and before each message */
    size_t upto_cap;
    uint32_t unsent;
    int reason;
    bool remote;
    bool dropped;  /* PEER_DROP was told */
    bool closed;   /* the handler has ended */
    bool told;     /* on_close said how many are unsent, before the event did */
    bool held;     /* on_msg has put a message off */
    bool unsure;   /* events were lost, for want of memory, since it opened */
    uint64_t life; /* the server of its node that opened it */
    uint64_t crashes, starved, stops; /* of its node when it was opened */
    uint64_t stopped_us; /* when its node stopped next, which may start again */
    uint64_t leaving_us; /* from then to its PEER_DROP */

    /* the sender's */
    devp2p_rw *rw; /* NULL once that is gone */
    unsigned owed; /* messages it means to send */
    void *user;
} sim_end;

typedef struct sim_sums {
    uint64_t ends, accepted, delivered, unsent, lost;
} sim_sums;

/* sim_account_new makes one for a world of at most so many nodes, whose links
 * hold at most so many bytes of a stream: NULL without memory.  It is freed
 * after the simulation, whose callbacks have its ends. */
sim_account *sim_account_new(devp2p_sim *sim, size_t nodes, uint32_t window);
void sim_account_free(sim_account *a);

/* sim_account_join: the next node has been added to the world. */
void sim_account_join(sim_account *a, devp2p_sim_node *node);

/* sim_account_open begins an end: NULL without memory, or, and then a check has
 * failed, when the peer is none of the nodes. */
sim_end *sim_account_open(
    sim_account *a, devp2p_sim_node *node, devp2p_peer *peer, devp2p_rw *rw);

/* sim_account_accept: a send accepted the next message, of so many bytes that
 * do not compress. */
void sim_account_accept(sim_end *e, size_t len);

/* sim_account_deliver checks the number and sequence of a message that came:
 * 0, or ERR_UNEXPECTED when it is not the one that had to come next. */
int sim_account_deliver(sim_end *e, uint64_t number, uint64_t sequence);

/* sim_account_close: the handler has ended; unsent is what on_close said, NULL
 * for a run-style one. */
void sim_account_close(sim_end *e, const uint32_t *unsent);

/* sim_account_hear takes the events of a node. */
void sim_account_hear(
    sim_account *a, devp2p_sim_node *node, const devp2p_event *event);

/* sim_account_stopping: the program is about to stop a node, whose handlers
 * then need not read what has come. */
void sim_account_stopping(sim_account *a, devp2p_sim_node *node);

/* sim_end_crashed tells whether the node of an end crashed since. */
bool sim_end_crashed(const sim_end *e);

/* sim_account_settled checks that what connections which are up accepted was
 * delivered; nobody sends any more. */
void sim_account_settled(sim_account *a);

/* sim_account_ended checks that every connection was ended in due form; all
 * nodes have stopped. */
void sim_account_ended(sim_account *a);

sim_sums sim_account_sums(const sim_account *a);

#endif
