/* SPDX-License-Identifier: MIT */
/* nat.h - a translator between a node and the world, in the terms of RFC 4787.
 * It maps datagrams; streams can only leave. */
#ifndef DP_SIM_NAT_H
#define DP_SIM_NAT_H

#include "sim/parts.h"

typedef enum dp_nat_kind {
    /* endpoint-independent mapping, and from outside may send */
    DP_NAT_FULL_CONE = 1,      /* everybody */
    DP_NAT_ADDRESS_RESTRICTED, /* addresses that were sent to */
    DP_NAT_PORT_RESTRICTED,    /* endpoints that were sent to */
    DP_NAT_SYMMETRIC /* a mapping for each endpoint that was sent to, which
                        alone may answer */
} dp_nat_kind;

enum { DP_NAT_MAPPINGS = 256 }; /* the one used longest ago makes room */
#define DP_NAT_MAPPING_NS (120 * DP_SEC) /* since the last datagram out */

/* dp_sim_nat puts a node behind a translator, which has the address outside
 * (the port is ignored).  From then on the node's own address means nothing to
 * others, and the translator does not hairpin: 0, ERR_EXISTS for an address
 * that somebody has, ERR_UNREACHABLE for one of another family, ERR_STATE when
 * the node is behind one already, ERR_NOMEM. */
int dp_sim_nat(dp_world *w, dp_nat_kind kind, const devp2p_addr *outside);

/* dp_sim_nat_rebind forgets all mappings, and counts as NAT_REBIND; new ones
 * have other ports.  Nothing happens to a node without a translator. */
void dp_sim_nat_rebind(dp_world *w);

/* dp_sim_nat_outside is the address that the other end sees when local of a
 * node dials to: for streams, which have a port each for as long as they live.
 * A node without a translator shows itself, as it does to itself. */
devp2p_addr dp_sim_nat_outside(
    dp_node *n, const devp2p_addr *local, const devp2p_addr *to);

/* dp_sim_nat_bars tells whether n cannot be dialled by another node. */
static inline bool dp_sim_nat_bars(const dp_node *n, const dp_node *dialer)
{
    return n->nat && n != dialer;
}

/* dp_sim_nat_owner is the node behind the translator with an address; NULL. */
dp_node *dp_sim_nat_owner(dp_sim *sim, const devp2p_addr *outside);

/* dp_sim_nat_out maps a datagram from local to an endpoint: *local is then what
 * others see.  dp_sim_nat_in maps one that comes from an endpoint: *to is then
 * where it is for; false when nobody may send there. */
void dp_sim_nat_out(dp_node *n, devp2p_addr *local, const devp2p_addr *to);
bool dp_sim_nat_in(dp_node *n, devp2p_addr *to, const devp2p_addr *from);

void dp_sim_nat_free(dp_node *n);

#endif
