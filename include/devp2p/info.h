/* SPDX-License-Identifier: MIT */
/* devp2p/info.h - all that a server and its peers tell of themselves.
 *
 * It is in one piece, with what the program says of its protocols, as in
 * go-ethereum's NodeInfo and PeerInfo.  The library makes these structs, so
 * they may grow at their end. */
#ifndef DEVP2P_INFO_H
#define DEVP2P_INFO_H

#include <devp2p/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A devp2p_protocol_info is about one protocol.  The struct is frozen. */
typedef struct devp2p_protocol_info {
    char name[67];
    uint32_t version;
    const char *text; /* what node_info or peer_info of its row said; "" when it
                         had nothing to tell; NULL when the row has none, or the
                         peer has left */
} devp2p_protocol_info;

typedef struct devp2p_node_info {
    devp2p_node node;   /* as devp2p_server_self tells */
    const char *name;   /* client name in Hello */
    devp2p_addr listen; /* what is bound: [::] for every address, of IPv4 too;
                           family 0 when it does not listen, or not yet */
    const devp2p_protocol_info *protocols; /* in the order of the rows */
    size_t nprotocols;
} devp2p_node_info;

typedef struct devp2p_peer_info {
    devp2p_node node; /* as devp2p_peer_node tells */
    const char *name; /* as devp2p_peer_name tells, and so on: */
    uint64_t version;
    const devp2p_cap *caps;
    size_t ncaps;
    devp2p_addr local, remote;
    uint32_t flags; /* DEVP2P_PEER_* */
    uint64_t lifetime_ms;
    devp2p_traffic traffic;
    const devp2p_protocol_info *protocols; /* that run, or ran, with it */
    size_t nprotocols;
} devp2p_peer_info;

/* devp2p_node_info_new asks a server, and node_info of its protocols.
 *
 * Returns: 0; ERR_NOMEM; ERR_TOO_BIG when a text is longer than 64 KiB, and the
 *          detail names the protocol.
 * Out:     out - owned by the caller, freed with devp2p_node_info_free; NULL
 *          after an error.
 * Thread:  any, any callback but node_info and peer_info. */
DEVP2P_API DEVP2P_CHECK int devp2p_node_info_new(
    devp2p_node_info **out, devp2p_server *srv);

/* devp2p_node_info_free frees one, also after its server.  NULL is fine.
 *
 * Thread: any. */
DEVP2P_API void devp2p_node_info_free(devp2p_node_info *info);

/* devp2p_peer_info_new asks a peer, and while it is up peer_info of the
 * protocols that run with it; the server does not end meanwhile.
 *
 * Returns: as devp2p_node_info_new.
 * Out:     out - owned by the caller, freed with devp2p_peer_info_free; NULL
 *          after an error.
 * Thread:  as devp2p_node_info_new. */
DEVP2P_API DEVP2P_CHECK int devp2p_peer_info_new(
    devp2p_peer_info **out, devp2p_peer *peer);

/* devp2p_peer_info_free frees one, also after its peer.  NULL is fine.
 *
 * Thread: any. */
DEVP2P_API void devp2p_peer_info_free(devp2p_peer_info *info);

#ifdef __cplusplus
}
#endif
#endif
