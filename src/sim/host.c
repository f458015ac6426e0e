/* SPDX-License-Identifier: MIT */
/* host.c - who has which address. */
#include "sim/parts.h"

static void key_of(uint8_t key[DP_HOST_KEY], const devp2p_addr *ip)
{
    memset(key, 0, DP_HOST_KEY);
    key[0] = (uint8_t)ip->family;
    memcpy(key + 1, ip->ip, ip->family == 4 ? 4 : 16);
}

const uint8_t *dp_sim_host_key(const void *node)
{
    return ((const dp_node *)node)->key;
}

dp_node *dp_sim_host(dp_sim *sim, const devp2p_addr *addr, const dp_node *asks)
{
    uint8_t key[DP_HOST_KEY];
    key_of(key, addr);
    dp_node *n = dp_index_get(&sim->hosts, key);
    return n || !dp_sim_is_loopback(addr) ? n : (dp_node *)asks;
}

/* inherit: who sent something to the node that had the address before sends it
 * again, as TCP does, and is answered. */
static void inherit(dp_node *n)
{
    dp_list *widows = &n->sim->widows;
    for (dp_link *k = dp_list_first(widows), *next; k; k = next) {
        dp_conn *c = dp_of(k, dp_conn, widow);
        next = dp_list_next(widows, k);
        for (size_t i = 0; i < 2; i++)
            if (c->ends[i].away && c->ends[i].missed &&
                dp_sim_same_ip(&c->ends[i].addr, &n->ip))
                dp_sim_end_disown(&c->ends[i]);
    }
}

void dp_sim_host_enter(dp_node *n, const devp2p_addr *ip)
{
    n->ip = *ip;
    n->ip.port = 0;
    key_of(n->key, ip);
    dp_index_put(&n->sim->hosts, n);
    inherit(n);
}

void dp_sim_host_leave(dp_node *n)
{
    dp_index_cut(&n->sim->hosts, n);
}
