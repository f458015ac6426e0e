/* SPDX-License-Identifier: MIT */
/* auth.h - the bodies of auth and ack (RLPx, "Initial Handshake"; EIP-8): extra
 * list elements, bytes after the list and other versions are ignored. */
#ifndef DP_AUTH_H
#define DP_AUTH_H

#include <devp2p/key.h>

typedef struct dp_auth {
    devp2p_sig sig;
    uint8_t pub[64]; /* bytes, not yet a key */
    uint8_t nonce[32];
} dp_auth;

typedef struct dp_ack {
    uint8_t eph[64]; /* bytes, not yet a key */
    uint8_t nonce[32];
} dp_ack;

enum { DP_AUTH_BODY_MAX = 192, DP_ACK_BODY_MAX = 112, DP_AUTH_VERSION = 4 };

/* Both reads return 0 or ERR_RLP_*; both writes return the length. */
int dp_auth_read(dp_auth *out, const uint8_t *at, size_t len);
int dp_ack_read(dp_ack *out, const uint8_t *at, size_t len);
size_t dp_auth_write(uint8_t out[DP_AUTH_BODY_MAX], const dp_auth *auth);
size_t dp_ack_write(uint8_t out[DP_ACK_BODY_MAX], const dp_ack *ack);

#endif
