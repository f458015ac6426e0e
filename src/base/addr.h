/* SPDX-License-Identifier: MIT */
/* addr.h - questions about network addresses; parsing and printing them is
 * public (devp2p/node.h). */
#ifndef DP_ADDR_H
#define DP_ADDR_H

#include <devp2p/node.h>

bool dp_addr_equal(const devp2p_addr *a, const devp2p_addr *b);

/* dp_addr_is_lan: loopback, private or link-local; exempt from limits by
 * address or subnet. */
bool dp_addr_is_lan(const devp2p_addr *addr);
bool dp_addr_is_unspecified(const devp2p_addr *addr);

/* dp_addr_unmap turns an IPv4-mapped IPv6 address into IPv4. */
devp2p_addr dp_addr_unmap(const devp2p_addr *addr);

/* dp_addr_subnet is the /24 of an IPv4 or the /48 of an IPv6 address as a key
 * of 8 bytes: family, then the prefix, then zeros. */
void dp_addr_subnet(uint8_t out[8], const devp2p_addr *addr);

/* dp_ip_parse reads an address alone, without brackets, port or zone. */
bool dp_ip_parse(devp2p_addr *out, const char *text, size_t len);

/* dp_listen_parse reads a listen address: as devp2p_addr_parse, or ":port" for
 * every address (family 0).  Returns 0 or ERR_ADDR. */
int dp_listen_parse(devp2p_addr *out, const char *text);

#endif
