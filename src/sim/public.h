/* SPDX-License-Identifier: MIT */
/* public.h - what stands behind devp2p/sim.h: nodes with their servers, one
 * life after the other, above the world of sim.h. */
#ifndef DP_SIM_PUBLIC_H
#define DP_SIM_PUBLIC_H

#include "crypto/crypto.h"
#include "server/config.h"
#include "sim/parts.h"
#include "sim/tap.h"

/* A dp_wish is a node that another one has as a static node. */
typedef struct dp_wish {
    devp2p_node target; /* where it was when we heard of it last */
    uint64_t due; /* it gave a reason, and is not dialled before, by the clock
                     of the node */
    bool untold;  /* the server may not know where it is now */
    bool retold;  /* it was told, and has not said that it knows */
    uint64_t told_at;    /* when it said so last, by the server's clock; a dial
                            that was decided before may begin on another loop */
    uint64_t dialled_at; /* when it was dialled last, by the server's clock */
    uint64_t dropped_at; /* when it was lost last, by the same */
} dp_wish;

/* A dp_own_link is the link of one pair, while both live and afterwards. */
typedef struct dp_own_link {
    devp2p_sim_node *a, *b;
    devp2p_sim_link link;
} dp_own_link;

/* A dp_lifetime is one server of a node. */
typedef struct dp_lifetime {
    dp_link link; /* in the simulation's ending, once it was told to end */
    devp2p_sim_node *node;
    dp_world *world;
    devp2p_server *srv;
    dp_tap tap;
    uint64_t number; /* among those of its node, from 1 */
    bool crashed;    /* nobody hears of what it still does */
} dp_lifetime;

struct devp2p_sim_node {
    devp2p_sim *sim;
    size_t number;
    dp_config cfg; /* its memory and log are those of the program */
    devp2p_node self;
    uint8_t ip_key[17];
    devp2p_addr *addrs; /* all that it had, the present one last */
    size_t naddrs;
    dp_wish *wishes;
    size_t nwishes;
    unsigned region;
    dp_lifetime *life; /* NULL: it does not run */
    uint64_t lives;    /* so many began */
    uint64_t telling;  /* the life whose on_event runs, 0: none */
    uint64_t failing;  /* allocations that are to fail */
    uint64_t faults[DEVP2P_SIM_SERVER_FAULTS];
};

struct devp2p_sim {
    dp_sim *world;
    dp_env env;
    const dp_curve *curve; /* NULL: the real one */
    dp_crypto *crypto;     /* derives the public keys */
    dp_chance chance;      /* of devp2p_sim_random */
    dp_chance fate;        /* of keys, topologies and faults */
    devp2p_sim_node **nodes;
    size_t nnodes;
    dp_index ids, ips; /* of nodes */
    dp_own_link *links;
    size_t nlinks;
    uint32_t last_ip, last_stranger;
    dp_list ending;    /* lives */
    dp_list strangers; /* dp_stranger */
    dp_list scripts;   /* dp_script */
    dp_list plans;     /* dp_plan */
    uint64_t chaos;    /* the set of faults that happen by chance */
    uint64_t chaos_until, chaos_mean;
    char failure[512]; /* "": none */
};

/* dp_sim_mono is the time of the world. */
static inline uint64_t dp_sim_mono(const devp2p_sim *sim)
{
    return dp_sim_now(sim->world).mono;
}

/* dp_sim_longer makes an array of n elements one longer, the new one of zeros:
 * the array, or NULL. */
void *dp_sim_longer(const dp_env *env, void *array, size_t n, size_t size);

/* --- nodes --- */

/* dp_sim_find is the node with an id, or NULL. */
devp2p_sim_node *dp_sim_find(const devp2p_sim *sim, const devp2p_id *id);

/* dp_sim_move gives a node its next address: 0, ERR_NOMEM. */
int dp_sim_move(devp2p_sim_node *node, const devp2p_addr *ip);

/* dp_sim_fresh_ip is an address that no node has, of a family. */
devp2p_addr dp_sim_fresh_ip(devp2p_sim *sim, uint8_t family);
void dp_sim_node_free(devp2p_sim_node *node); /* it has no life */
void dp_sim_index_init(devp2p_sim *sim);

/* --- lives --- */

/* dp_links_apply gives the pairs of a node that runs their own links: 0,
 * ERR_NOMEM. */
int dp_links_apply(devp2p_sim_node *node);

/* dp_lifetime_end lets a node's life end: with goodbyes, or in a crash.
 * dp_lifetimes_bury frees those that have ended. */
void dp_lifetime_end(devp2p_sim_node *node, bool crash);
void dp_lifetimes_bury(devp2p_sim *sim);

/* --- plans --- */

/* A dp_plan is what happens later: the end of a fault, or what a program
 * wants. */
typedef struct dp_plan {
    dp_sim_event event;
    dp_link link;
    devp2p_sim *sim;
    void (*run)(struct dp_plan *plan);
    devp2p_sim_node *a, *b;
    devp2p_sim_then_fn *then;
    void *user;
    bool mends; /* it ends a fault */
} dp_plan;

/* dp_sim_plan copies a plan that runs in so many ns: 0, ERR_NOMEM.
 * dp_sim_mend runs those that end a fault at once. */
int dp_sim_plan(devp2p_sim *sim, uint64_t ns, const dp_plan *what);
void dp_sim_mend(devp2p_sim *sim);
void dp_sim_plans_free(devp2p_sim *sim);

/* --- wishes --- */

/* dp_sim_wish finds a node among the static ones of another, or NULL. */
dp_wish *dp_sim_wish(const devp2p_sim_node *node, const devp2p_id *id);

/* dp_sim_moved tells those that have a node as a static one where it is now, as
 * discovery would; dp_sim_tell_again those that may not have heard it. */
void dp_sim_moved(devp2p_sim_node *node);
void dp_sim_tell_again(devp2p_sim *sim);

/* --- checks --- */

/* dp_sim_idle: no queue of a running node holds anything, and its totals say
 * so; else *node does. */
bool dp_sim_idle(const devp2p_sim *sim, const devp2p_sim_node **node);

#endif
