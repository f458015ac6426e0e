/* SPDX-License-Identifier: MIT */
#include "sim/nat.h"

enum { PORT_FIRST = 1024, PORT_LAST = 65535 };

/* A mapping is one inner port towards one endpoint, as far as the kind tells
 * endpoints apart; those of an inner port share the outer one unless the
 * translator is symmetric. */
typedef struct mapping {
    uint16_t inner, outer;
    devp2p_addr to;
    uint64_t last; /* datagram out */
} mapping;

struct dp_nat {
    dp_link link;
    dp_node *node;
    dp_nat_kind kind;
    devp2p_addr outside;
    uint16_t port; /* last one given */
    size_t n;
    mapping map[DP_NAT_MAPPINGS]; /* in the order they were made */
};

/* --- the table --- */

static void forget(struct dp_nat *nat, size_t i)
{
    nat->n--;
    memmove(nat->map + i, nat->map + i + 1, (nat->n - i) * sizeof *nat->map);
}

static void expire(struct dp_nat *nat)
{
    uint64_t now = nat->node->sim->now.mono;
    for (size_t i = nat->n; i-- > 0;)
        if (now - nat->map[i].last > DP_NAT_MAPPING_NS)
            forget(nat, i);
}

static void forget_oldest(struct dp_nat *nat)
{
    size_t oldest = 0;
    for (size_t i = 1; i < nat->n; i++)
        if (nat->map[i].last < nat->map[oldest].last)
            oldest = i;
    forget(nat, oldest);
}

/* matches tells whether a mapping is for an endpoint. */
static bool matches(
    dp_nat_kind kind, const mapping *m, const devp2p_addr *endpoint)
{
    if (kind == DP_NAT_FULL_CONE)
        return true;
    return dp_sim_same_ip(&m->to, endpoint) &&
           (kind == DP_NAT_ADDRESS_RESTRICTED || m->to.port == endpoint->port);
}

static mapping *by_outer(struct dp_nat *nat, uint16_t outer)
{
    for (size_t i = 0; i < nat->n; i++)
        if (nat->map[i].outer == outer)
            return &nat->map[i];
    return NULL;
}

static uint16_t free_port(struct dp_nat *nat)
{
    do
        nat->port =
            nat->port == PORT_LAST ? PORT_FIRST : (uint16_t)(nat->port + 1);
    while (by_outer(nat, nat->port));
    return nat->port;
}

/* outer_for is the port outside of a new mapping. */
static uint16_t outer_for(struct dp_nat *nat, uint16_t inner)
{
    for (size_t i = 0; i < nat->n && nat->kind != DP_NAT_SYMMETRIC; i++)
        if (nat->map[i].inner == inner)
            return nat->map[i].outer;
    return free_port(nat);
}

/* --- datagrams --- */

static mapping *mapping_for(
    struct dp_nat *nat, uint16_t inner, const devp2p_addr *to)
{
    expire(nat);
    for (size_t i = 0; i < nat->n; i++) {
        mapping *m = &nat->map[i];
        if (m->inner == inner && matches(nat->kind, m, to))
            return m;
    }
    uint16_t outer = outer_for(nat, inner);
    if (nat->n == DP_NAT_MAPPINGS)
        forget_oldest(nat);
    mapping *m = &nat->map[nat->n++];
    *m = (mapping){ .inner = inner, .outer = outer, .to = *to };
    return m;
}

void dp_sim_nat_out(dp_node *n, devp2p_addr *local, const devp2p_addr *to)
{
    struct dp_nat *nat = n->nat;
    mapping *m = mapping_for(nat, local->port, to);

    m->last = n->sim->now.mono;
    *local = nat->outside;
    local->port = m->outer;
}

bool dp_sim_nat_in(dp_node *n, devp2p_addr *to, const devp2p_addr *from)
{
    struct dp_nat *nat = n->nat;

    expire(nat);
    for (size_t i = 0; i < nat->n; i++) {
        const mapping *m = &nat->map[i];
        if (m->outer != to->port || !matches(nat->kind, m, from))
            continue;
        *to = n->ip;
        to->port = m->inner;
        return true;
    }
    return false;
}

/* --- streams --- */

devp2p_addr dp_sim_nat_outside(
    dp_node *n, const devp2p_addr *local, const devp2p_addr *to)
{
    if (!n->nat || dp_sim_host(n->sim, to, n) == n)
        return *local;
    devp2p_addr outside = n->nat->outside;
    outside.port = free_port(n->nat);
    return outside;
}

/* --- life --- */

dp_node *dp_sim_nat_owner(dp_sim *sim, const devp2p_addr *outside)
{
    for (dp_link *k = dp_list_first(&sim->nats); k;
         k = dp_list_next(&sim->nats, k)) {
        struct dp_nat *nat = dp_of(k, struct dp_nat, link);
        if (dp_sim_same_ip(&nat->outside, outside))
            return nat->node;
    }
    return NULL;
}

int dp_sim_nat(dp_world *w, dp_nat_kind kind, const devp2p_addr *outside)
{
    dp_node *n = dp_sim_node_of(w);
    dp_sim *sim = n->sim;

    if (n->nat)
        return DEVP2P_ERR_STATE;
    if (outside->family != n->ip.family)
        return DEVP2P_ERR_UNREACHABLE;
    if (dp_sim_nat_owner(sim, outside) || dp_sim_host(sim, outside, n))
        return DEVP2P_ERR_EXISTS;
    struct dp_nat *nat = dp_alloc(&sim->setup.env, sizeof *nat);
    if (!nat)
        return DEVP2P_ERR_NOMEM;
    nat->node = n;
    nat->kind = kind;
    nat->outside = *outside;
    nat->port = (uint16_t)(PORT_FIRST + dp_chance_below(&sim->chance,
                                            PORT_LAST - PORT_FIRST));
    dp_list_push(&sim->nats, &nat->link);
    n->nat = nat;
    return 0;
}

void dp_sim_nat_rebind(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);
    if (!n->nat)
        return;
    n->nat->n = 0;
    dp_sim_count(n->sim, DEVP2P_SIM_NAT_REBIND);
    dp_sim_say(n->sim, "a translator forgets its mappings");
}

void dp_sim_nat_free(dp_node *n)
{
    if (!n->nat)
        return;
    dp_unlink(&n->nat->link);
    dp_free(&n->sim->setup.env, n->nat, sizeof *n->nat);
    n->nat = NULL;
}
