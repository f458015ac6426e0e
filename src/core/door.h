/* SPDX-License-Identifier: MIT */
/* door.h - whether a connection that comes in may begin, by its address alone
 * and before a byte of it is read.  In this order: a place in handshake, the
 * networks of net_restrict, the token of a trusted node's address; then the
 * time between two attempts of an address, the places of its subnet, and a
 * token: of the farewells while no slot is free, else of all that come. */
#ifndef DP_DOOR_H
#define DP_DOOR_H

#include "base/bucket.h"
#include "core/access.h"
#include "core/guests.h"
#include "core/throttle.h"
#include "core/trust.h"

typedef struct dp_door {
    const dp_env *env;
    devp2p_counters *counts;
    uint8_t salt[16];
    bool restricted, limit_lan;
    dp_net *nets;
    size_t nnets;
    uint32_t per_subnet;
    uint64_t window;       /* of the throttle, 0: none */
    dp_throttle *throttle; /* made for the first that is not exempt */
    bool farewells;
    dp_bucket goodbyes, accepts;
} dp_door;

/* dp_door_init: what env and counts point at must stay. */
int dp_door_init(dp_door *d, const dp_env *env, devp2p_counters *counts,
    const uint8_t salt[16], const dp_access *a, dp_now now);
void dp_door_fini(dp_door *d);

/* dp_door_allows tells whether net_restrict holds an address. */
bool dp_door_allows(const dp_door *d, const devp2p_addr *addr);

/* dp_door_knock decides and counts.
 * Returns: 0; ERR_LIMIT, ERR_ACCESS, ERR_NOMEM: close it.
 * In:      full - no slot is free for a peer that comes in. */
int dp_door_knock(dp_door *d, const dp_guests *g, dp_trust *t, bool full,
    const devp2p_addr *from, dp_now now);

#endif
