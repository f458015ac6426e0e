/* SPDX-License-Identifier: MIT */
/* devp2p/node.h - network addresses and enode URLs. */
#ifndef DEVP2P_NODE_H
#define DEVP2P_NODE_H

#include <devp2p/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A devp2p_addr is an IP address and a port.  family is 0 for none, 4 or 6; an
 * IPv4 address stands in the first four bytes of ip. */
typedef struct devp2p_addr {
    uint8_t ip[16];
    uint32_t scope; /* IPv6 zone index, or 0 */
    uint16_t port;
    uint8_t family;
    uint8_t reserved;
} devp2p_addr;

#define DEVP2P_ADDR_TEXT 64 /* enough for devp2p_addr_text */
#define DEVP2P_HOST_MAX  253
#define DEVP2P_URL_MAX   512

/* devp2p_addr_parse reads "1.2.3.4:30303" or "[::1]:30303"; the port is needed.
 *
 * Returns: 0, ERR_ADDR.
 * Out:     out - the address.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_addr_parse(
    devp2p_addr *out, const char *text);

/* devp2p_addr_text writes an address as devp2p_addr_parse reads it.
 *
 * Returns: out.
 * Out:     out - DEVP2P_ADDR_TEXT bytes.
 * Thread:  any. */
DEVP2P_API char *devp2p_addr_text(
    char out[DEVP2P_ADDR_TEXT], const devp2p_addr *addr);

/* A devp2p_node is what an enode URL says.  With a host name, addr.family is 0
 * and addr.port the TCP port. */
typedef struct devp2p_node {
    devp2p_pubkey pub;
    devp2p_id id;
    devp2p_addr addr; /* TCP endpoint */
    uint16_t udp;     /* UDP port; equal to addr.port unless discport says so */
    char host[DEVP2P_HOST_MAX + 1]; /* "" unless the URL holds a name */
} devp2p_node;

/* devp2p_node_parse reads enode://<128 hex>@host:port[?discport=n].  The host
 * is an IPv4 address, an IPv6 address in brackets or a DNS name.  The key alone
 * is a node without an endpoint: no address, no host, ports 0.
 *
 * Returns: 0, ERR_URL; the detail names the part that is wrong.
 * Out:     out - the node; no part of it borrows from url.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_node_parse(
    devp2p_node *out, const char *url);

/* devp2p_node_url writes the canonical URL of a node.
 *
 * Returns: out.
 * Out:     out - DEVP2P_URL_MAX bytes.
 * Thread:  any. */
DEVP2P_API char *devp2p_node_url(
    char out[DEVP2P_URL_MAX], const devp2p_node *node);

#ifdef __cplusplus
}
#endif
#endif
