/* SPDX-License-Identifier: MIT */
#include "core/door.h"

#include "base/addr.h"

#include <string.h>

/* --- life --- */

static int keep_nets(dp_door *d, const dp_access *a)
{
    d->restricted = a->net_restrict != NULL;
    d->nnets = dp_access_nets(NULL, a);
    if (d->nnets == 0)
        return 0;
    d->nets = dp_alloc(d->env, d->nnets * sizeof *d->nets);
    if (!d->nets)
        return DEVP2P_ERR_NOMEM;
    dp_access_nets(d->nets, a);
    return 0;
}

int dp_door_init(dp_door *d, const dp_env *env, devp2p_counters *counts,
    const uint8_t salt[16], const dp_access *a, dp_now now)
{
    uint32_t goodbyes = dp_or(a->farewells_per_s, DP_FAREWELLS_PER_S);
    uint32_t accepts = dp_or(a->accepts_per_s, DP_ACCEPTS_PER_S);
    uint32_t ms = dp_or(a->throttle_ms, DP_THROTTLE_MS);

    *d = (dp_door){
        .env = env,
        .counts = counts,
        .limit_lan = a->limit_lan,
        .per_subnet = dp_or(a->pending_per_subnet, DP_SUBNET_PENDING),
        .window = ms == DEVP2P_NONE ? 0 : ms * DP_MS,
        .farewells = goodbyes != DEVP2P_NONE,
    };
    memcpy(d->salt, salt, sizeof d->salt);
    dp_bucket_init(&d->accepts, accepts, accepts, now);
    if (d->farewells)
        dp_bucket_init(&d->goodbyes, goodbyes, goodbyes, now);
    return keep_nets(d, a);
}

void dp_door_fini(dp_door *d)
{
    dp_throttle_free(d->throttle);
    dp_free(d->env, d->nets, d->nnets * sizeof *d->nets);
    d->throttle = NULL;
    d->nets = NULL;
}

/* --- decisions --- */

bool dp_door_allows(const dp_door *d, const devp2p_addr *addr)
{
    return !d->restricted || dp_netlist_has(d->nets, d->nnets, addr);
}

/* crowded: the subnet of an address has all its places in handshake. */
static bool crowded(
    const dp_door *d, const dp_guests *g, const devp2p_addr *from)
{
    uint8_t key[8], other[8];
    uint32_t n = 0;

    if (g->inbound < d->per_subnet)
        return false;
    dp_addr_subnet(key, from);
    const dp_link *end = &g->pending.head;
    for (const dp_link *k = end->next; k != end; k = k->next) {
        const dp_guest *c = dp_of(k, dp_guest, pending);
        if (dp_guest_outbound(c))
            continue;
        dp_addr_subnet(other, &c->addr);
        n += memcmp(key, other, sizeof key) == 0;
    }
    return n >= d->per_subnet;
}

/* goodbye: a farewell leaves the last place to trusted nodes. */
static bool goodbye(dp_door *d, const dp_guests *g, dp_now now)
{
    return d->farewells && g->inbound + 1 < g->slots.pending_in &&
           dp_bucket_take(&d->goodbyes, now);
}

static int refuse(int err, uint64_t *counter)
{
    ++*counter;
    return err;
}

/* remember is only for what is let in, so that a refusal takes no memory. */
static int remember(dp_door *d, const devp2p_addr *from, dp_now now)
{
    if (!d->window)
        return 0;
    int err = d->throttle
                  ? 0
                  : dp_throttle_new(&d->throttle, d->env, d->salt, d->window);
    if (!err)
        dp_throttle_note(d->throttle, from, now);
    return err;
}

int dp_door_knock(dp_door *d, const dp_guests *g, dp_trust *t, bool full,
    const devp2p_addr *from, dp_now now)
{
    devp2p_counters *n = d->counts;
    bool given = from->family == 0; /* by the program, without an address */
    bool exempt = given || (!d->limit_lan && dp_addr_is_lan(from));

    if (g->inbound >= g->slots.pending_in)
        return refuse(DEVP2P_ERR_LIMIT, &n->refused_pending);
    if (!given && !dp_door_allows(d, from))
        return refuse(DEVP2P_ERR_ACCESS, &n->refused_restricted);
    if (dp_trust_pass(t, from, now)) {
        n->trusted++;
        return 0;
    }
    if (!exempt && d->throttle && dp_throttle_has(d->throttle, from, now))
        return refuse(DEVP2P_ERR_LIMIT, &n->refused_throttled);
    if (!exempt && crowded(d, g, from))
        return refuse(DEVP2P_ERR_LIMIT, &n->refused_subnet);
    if (full && !goodbye(d, g, now))
        return refuse(DEVP2P_ERR_LIMIT, &n->refused_full);
    if (!full && !exempt && !dp_bucket_take(&d->accepts, now))
        return refuse(DEVP2P_ERR_LIMIT, &n->refused_rate);
    if (!exempt && remember(d, from, now))
        return refuse(DEVP2P_ERR_NOMEM, &n->refused_memory);
    n->farewells += full;
    return 0;
}
