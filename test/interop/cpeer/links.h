/* SPDX-License-Identifier: MIT */
/* links.h - who is connected, and over which protocols. */
#ifndef CPEER_LINKS_H
#define CPEER_LINKS_H

#include <devp2p/devp2p.h>

enum { CAPS_MAX = 8 };

/* A cap is one row of the start command. */
typedef struct cap {
    char name[65];
    uint32_t version, length;
    bool echo;    /* send every message back */
    bool has_bye; /* end the connection from inside the handler ... */
    uint64_t bye_code;
    int bye_reason; /* ... with this DEVP2P_DISC_* */
} cap;

/* links_join adds an rw (NULL for a peer without protocols) and tells of the
 * peer with the last of the protocols that it shares with caps. */
void links_join(devp2p_peer *peer, devp2p_rw *rw, const cap *row,
    const cap *caps, size_t ncaps);

/* links_leave takes the rw back out. */
void links_leave(devp2p_peer *peer, devp2p_rw *rw);

/* links_gone marks the peer of an id: links_peer and links_rw pass it by. */
void links_gone(const devp2p_id *id);

/* links_peer finds the peer whose id is written in hex, or with "" the only
 * one; links_rw its rw of a protocol.  Both return a reference, or NULL. */
devp2p_peer *links_peer(const char *hex_id);
devp2p_rw *links_rw(const char *hex_id, const char *protocol);

#endif
