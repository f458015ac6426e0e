/* SPDX-License-Identifier: MIT */
/* peer.h - what a Hello told of a connected node, and the lock under which the
 * threads that talk to it meet the loop.  Counted; it may outlive its server.
 *
 * The world may be touched by another thread than the loop only under the lock
 * while line is set, or between parked++ and parked--, for which the line
 * waits. */
#ifndef DP_PEER_H
#define DP_PEER_H

#include "base/world.h"
#include "core/session.h"
#include "server/traffic.h"

#include <pthread.h>
#include <stdatomic.h>

struct dp_line;
struct dp_pipe;

struct devp2p_peer {
    atomic_uint refs;
    atomic_uint flags; /* set by the loop */
    atomic_int score;  /* set by the loop, of a test peer by who reports */
    dp_env env;        /* of the memory, kept (warm.h); it has no randomness */
    size_t size;       /* of this block */

    /* never changes */
    devp2p_pubkey pub;
    devp2p_id id;
    devp2p_addr remote, local;
    uint64_t version;
    const char *name; /* escaped */
    const devp2p_cap *caps;
    size_t ncaps;
    struct dp_pipe *pipe; /* of a test peer, which never has a line; counted */

    /* under the lock */
    pthread_mutex_t lock;
    struct dp_line *line; /* NULL: the world is out of reach; set, with its
                             channels, while the server lists the peer */
    bool ending;          /* nothing is sent or accepted any more */
    bool drain;           /* what was received may still be read */
    bool posted;
    bool past;       /* born is how long it lasted */
    bool unlisted;   /* under the server's lock: it is not listed any more */
    unsigned parked; /* threads that use the world without the lock */
    int reason;      /* 0 while it is up */
    bool remote_said;
    uint16_t port; /* where its Hello says that it listens, 0: nowhere; it never
                      changes, and stands where there is room */
    uint64_t born; /* when it was accepted; set before others see it */
    dp_traffic traffic;
    int asked;        /* somebody wants to end it with this reason, 0: nobody */
    size_t asked_cap; /* the capability to blame, SIZE_MAX for none */
    int points;       /* of what was reported, for the loop to take */
};

typedef struct dp_peer_setup {
    const dp_env *env;
    const devp2p_pubkey *pub;
    const dp_hello *hello;
    devp2p_addr local, remote;
    uint32_t flags;
    struct dp_line *line;
    struct dp_pipe *pipe; /* its reference goes over to the peer */
} dp_peer_setup;

int dp_peer_new(devp2p_peer **out, const dp_peer_setup *setup);

static inline void dp_peer_lock(devp2p_peer *p)
{
    pthread_mutex_lock(&p->lock);
}

static inline void dp_peer_unlock(devp2p_peer *p)
{
    pthread_mutex_unlock(&p->lock);
}

/* dp_peer_nudge makes the loop look at the peer soon.  Lock held. */
void dp_peer_nudge(devp2p_peer *p);

/* dp_peer_park is park with the lock given up meanwhile: 0, ERR_TIMEOUT,
 * ERR_STATE.  Lock held, line set. */
int dp_peer_park(devp2p_peer *p, dp_parker *parker, uint64_t until);

/* dp_peer_ask wants the connection ended; the first one counts.  Lock held. */
void dp_peer_ask(devp2p_peer *p, int reason, size_t cap);

/* dp_peer_over: what a test peer was connected by is over; the first reason
 * stays. */
void dp_peer_over(devp2p_peer *p, int reason, bool remote);

/* dp_peer_ending tells whether it is over for its users. */
bool dp_peer_ending(devp2p_peer *p);

#endif
