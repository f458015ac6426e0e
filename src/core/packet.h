/* SPDX-License-Identifier: MIT */
/* packet.h - one message to send: encoded, compressed, immutable, counted. Made
 * on the sender's thread, sealed on any number of sessions. */
#ifndef DP_PACKET_H
#define DP_PACKET_H

#include "base/env.h"

#include <stdatomic.h>

typedef struct dp_packet {
    atomic_uint refs;
    const dp_env *env; /* of the memory */
    uint64_t code;     /* relative to the capability */
    uint32_t len;      /* payload bytes on the wire */
    uint32_t full;     /* payload bytes inflated */
    uint8_t bytes[];
} dp_packet;

/* dp_packet_new copies (snappy false) or compresses a payload: 0, ERR_TOO_BIG
 * above DP_MESSAGE_MAX, ERR_NOMEM.  Whether a frame holds it depends on the id
 * that it is sent with. */
int dp_packet_new(dp_packet **out, const dp_env *env, uint64_t code,
    devp2p_slice payload, bool snappy);
dp_packet *dp_packet_keep(dp_packet *p);
void dp_packet_drop(dp_packet *p); /* NULL is fine */

#endif
