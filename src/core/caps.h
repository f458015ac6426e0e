/* SPDX-License-Identifier: MIT */
/* caps.h - which protocols two nodes share and which message ids they get
 * (RLPx, "Capability Messaging"). */
#ifndef DP_CAPS_H
#define DP_CAPS_H

#include "base/limits.h"

#include <devp2p/protocol.h>

/* Message ids of the base protocol; a capability's begin behind them. */
enum {
    DP_ID_HELLO = 0,
    DP_ID_DISCONNECT,
    DP_ID_PING,
    DP_ID_PONG,
    DP_BASE_LENGTH = 0x10
};

/* A dp_protocol is what the core knows of a protocol of ours. */
typedef struct dp_protocol {
    devp2p_slice name;
    uint32_t version, length;
} dp_protocol;

/* A dp_shared is one agreed capability: ids offset..offset + length - 1. */
typedef struct dp_shared {
    size_t ours; /* index of our row */
    uint64_t offset;
    uint32_t length;
} dp_shared;

typedef struct dp_caps {
    dp_shared *v;
    size_t n;
} dp_caps;

/* dp_caps_match agrees: for each shared name the highest common version, ids in
 * the order of names from 0x10.  out->v has room for nours. */
void dp_caps_match(dp_caps *out, const dp_protocol *ours, size_t nours,
    const devp2p_cap *theirs, size_t ntheirs);

/* dp_caps_find turns a message id into (index of v, code); false outside. */
bool dp_caps_find(const dp_caps *caps, uint64_t id, size_t *at, uint64_t *code);

/* dp_protocols_sort orders our rows as Hello lists them: by name, then version.
 */
void dp_protocols_sort(const dp_protocol **rows, size_t n);

#endif
