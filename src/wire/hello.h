/* SPDX-License-Identifier: MIT */
/* hello.h - the Hello message (RLPx, "Hello (0x00)"). */
#ifndef DP_HELLO_H
#define DP_HELLO_H

#include "base/limits.h"

#include <devp2p/protocol.h>

enum { DP_P2P_VERSION = 5 }; /* that we speak: with snappy (EIP-706) */

/* The payload that is read at most, and an arena that holds the capabilities of
 * any such payload. */
enum { DP_HELLO_MAX = DP_HELLO_FRAME_MAX - 1, DP_HELLO_ARENA = 16 * 1024 };

/* A dp_hello borrows its strings from the payload it was read from; caps from
 * the arena given. */
typedef struct dp_hello {
    uint64_t version;
    devp2p_slice name;
    const devp2p_cap *caps;
    size_t ncaps;
    uint64_t port;     /* legacy: where it listens; anything, often 0 */
    devp2p_pubkey pub; /* bytes as sent; whether it is the handshake's key is
                          the session's question */
} dp_hello;

/* dp_hello_read decodes a payload; extra list elements and bytes after the list
 * are ignored (EIP-8).
 * Returns: 0; ERR_TOO_BIG above DP_HELLO_MAX; ERR_RLP_*; ERR_KEY when the
 *          identity is not 64 bytes or all zero; ERR_NOBUF when the arena is
 *          smaller than DP_HELLO_ARENA and too small. */
int dp_hello_read(
    dp_hello *out, const uint8_t *at, size_t len, devp2p_arena *arena);

/* dp_hello_write encodes; it returns 0 and *len, or ERR_NOBUF. */
int dp_hello_write(
    uint8_t *out, size_t cap, size_t *len, const dp_hello *hello);

#endif
