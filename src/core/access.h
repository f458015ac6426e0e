/* SPDX-License-Identifier: MIT */
/* access.h - who may connect, as the configuration says it: plain values, which
 * are checked and turned into what the host works with. */
#ifndef DP_ACCESS_H
#define DP_ACCESS_H

#include "base/map.h"
#include "base/netlist.h"

/* A dp_access holds the fields of devp2p_config as they were set, 0 for the
 * default.  The lists end with NULL; who fills it in keeps them. */
typedef struct dp_access {
    const char *const *net_restrict; /* NULL: every address */
    const char *const *allow_ids;    /* NULL: every node */
    uint32_t dial_ratio;
    uint32_t max_pending_in, max_pending_out;
    uint32_t pending_per_subnet;
    uint32_t accepts_per_s, farewells_per_s;
    uint32_t throttle_ms;
    uint32_t max_bans, max_standings, backoff_ms, rotate_ms;
    bool no_dial, limit_lan;
} dp_access;

/* A dp_slots is for how many connections there is a place. */
typedef struct dp_slots {
    size_t up;               /* peers that are not trusted, beside what is up */
    size_t most;             /* peers in all */
    size_t inbound, dialled; /* shares of up */
    size_t pending_in, pending_out;
} dp_slots;

/* dp_access_check: 0, or ERR_INVALID, ERR_ADDR, ERR_URL with a sentence that
 * names the field. */
int dp_access_check(const dp_access *a);

/* max_peers is DEVP2P_NONE for none. */
dp_slots dp_slots_of(uint32_t max_peers, const dp_access *a);

/* dp_access_ids makes the set of allow_ids, which has been checked, for
 * dp_map_get: 0, ERR_NOMEM; NULL when everybody is allowed. */
int dp_access_ids(dp_map **out, const dp_access *a, const dp_env *env,
    const uint8_t salt[16]);

/* dp_access_nets reads net_restrict, which has been checked, into at most
 * DP_NETS_MAX networks and returns how many they are; out may be NULL. */
size_t dp_access_nets(dp_net *out, const dp_access *a);

/* dp_or is a value, or its default. */
static inline uint32_t dp_or(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

#endif
