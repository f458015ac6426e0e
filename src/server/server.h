/* SPDX-License-Identifier: MIT */
/* server.h - what a server is made of. */
#ifndef DP_SERVER_H
#define DP_SERVER_H

#include "base/map.h"
#include "base/world.h"
#include "core/gate.h"
#include "core/host.h"
#include "core/spares.h"
#include "server/await.h"
#include "server/candidates.h"
#include "server/config.h"
#include "server/keep.h"
#include "server/line.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/mailbox.h"
#include "server/warm.h"

typedef enum dp_life {
    DP_LIFE_NEW = 0,
    DP_LIFE_STARTING,
    DP_LIFE_RUNNING /* also when it has ended again */
} dp_life;

struct devp2p_server {
    /* never changes */
    dp_config cfg;
    dp_world *world; /* of the first loop */
    dp_crypto *crypto;
    dp_protocol *protocols;
    dp_rules *rules;   /* one for each protocol, NULL: none has any */
    dp_node_self self; /* what the loops' are copies of */
    size_t send_limit; /* of what waits to be sent in all */
    dp_warm *warm;     /* above the allocator, for the loops; NULL: none */

    /* any thread */
    atomic_int life; /* dp_life */
    atomic_bool stop;
    atomic_size_t outside; /* bytes that threads sent and no session has */
    atomic_size_t sending; /* bytes that sessions had at the last turn's end */

    /* under the lock */
    pthread_mutex_t lock;
    dp_mailbox mail;
    devp2p_node node;       /* of devp2p_server_self */
    devp2p_addr listens_at; /* [::] for every address; family 0: nowhere */
    devp2p_peer **peers;
    size_t npeers, peers_cap;
    dp_list rings;            /* devp2p_events */
    dp_list waiters;          /* _wait */
    bool silent;              /* no event follows */
    devp2p_counters counters; /* as they were after the last turn */
    devp2p_ban *bans;         /* as they were then */
    size_t nbans, bans_cap;

    /* of all loops, which are made with the server */
    dp_loop *loops;
    size_t nloops;
    dp_rate in, out;
    atomic_bool over; /* the first loop has ended */

    /* of the first loop */
    dp_host *host;
    dp_gate *gate;
    dp_spares spares;
    dp_map *lines;    /* by number, those that the host may know */
    dp_map *relayed;  /* so do relays; NULL with one loop */
    dp_list relays;   /* all */
    dp_list outgoing; /* those with orders */
    size_t turn;      /* whose it is among loops with as few lines */
    uint64_t numbers; /* of inbound connections */
    dp_listener listener;
    dp_candidates candidates;
    dp_keep keep;
    uint64_t bans_version; /* of the book, when bans was made */
    bool stopping;
    bool pool_full;
};

static inline dp_now dp_server_now(const devp2p_server *srv)
{
    return srv->world->ops->now(srv->world);
}

/* dp_server_inside: this thread is in an up call of one of its loops. */
bool dp_server_inside(const devp2p_server *srv);

/* dp_server_command puts a command into the mailbox: as devp2p_server_add_peer
 * but for ERR_URL; ticket may be NULL. */
int dp_server_command(devp2p_server *srv, dp_command_kind kind,
    const devp2p_node *node, uint64_t *ticket);
int dp_server_send(
    devp2p_server *srv, const dp_command *command, uint64_t *ticket);

/* dp_server_trust_list makes nodes trusted before anything happens: 0,
 * ERR_NOMEM.  The URLs were checked; NULL ends them. */
int dp_server_trust_list(devp2p_server *srv, const char *const *urls);

/* dp_server_publish lets other threads see the counters and the bans,
 * dp_server_reflag the present flags of a peer that is up.  On the loop. */
void dp_server_publish(devp2p_server *srv, dp_now now);
void dp_server_reflag(devp2p_server *srv, const devp2p_id *id);

/* dp_server_list puts a peer among those that devp2p_server_peers tells, unless
 * it has been taken out already: 0, ERR_NOMEM; _unlist takes it out for good.
 * dp_server_admit also tells it its flags: the host has accepted it. */
int dp_server_list(devp2p_server *srv, devp2p_peer *peer);
int dp_server_admit(
    devp2p_server *srv, uint64_t conn, devp2p_peer *peer, dp_now now);

/* dp_server_judge gives the host what was reported of a peer. */
void dp_server_judge(
    devp2p_server *srv, devp2p_peer *peer, int points, dp_now now);
void dp_server_unlist(devp2p_server *srv, devp2p_peer *peer);

#endif
