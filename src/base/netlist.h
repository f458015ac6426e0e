/* SPDX-License-Identifier: MIT */
/* netlist.h - IP networks, written as an address and the bits that count:
 * "10.0.0.0/8".  The other bits may be set and mean nothing. */
#ifndef DP_NETLIST_H
#define DP_NETLIST_H

#include <devp2p/node.h>

/* A dp_net is one network; IPv4 mapped into IPv6 is kept as IPv4. */
typedef struct dp_net {
    devp2p_addr ip; /* of port 0 */
    unsigned bits;
} dp_net;

/* dp_netlist_parse reads networks with commas between them; space around one
 * and empty ones are ignored.
 * Returns: 0; ERR_ADDR; ERR_LIMIT for more than cap.
 * Out:     n - how many there are, also while out is NULL. */
int dp_netlist_parse(dp_net *out, size_t cap, size_t *n, const char *text);

/* dp_netlist_has tells whether an address is in one of n networks. */
bool dp_netlist_has(const dp_net *nets, size_t n, const devp2p_addr *addr);

/* dp_same_net: two addresses of one family whose first bits are the same. */
bool dp_same_net(const devp2p_addr *a, const devp2p_addr *b, unsigned bits);

#endif
