/* SPDX-License-Identifier: MIT */
/* encode.h - C values into the payload of a message, for all that sends. */
#ifndef DP_ENCODE_H
#define DP_ENCODE_H

#include "base/env.h"

#include <devp2p/rlp.h>

/* A dp_source writes the same value as often as it is asked: a long one is
 * counted before it is kept. */
typedef struct dp_source {
    const devp2p_rlp_type *type; /* a struct */
    const void *value;
    const devp2p_item *items; /* or n values in a list, or one bare value */
    size_t n;
    bool bare;
} dp_source;

/* A dp_payload holds what was encoded; it stays where it is while it is used,
 * since small ones lie within. */
typedef struct dp_payload {
    devp2p_slice bytes;
    const dp_env *env;
    uint8_t *heap; /* cap bytes; NULL: small */
    size_t cap;
    uint8_t small[512];
} dp_payload;

/* dp_payload_init encodes: 0, ERR_RLP_*, ERR_TOO_BIG above DP_MESSAGE_MAX,
 * ERR_NOMEM; only after 0 there is something to dp_payload_fini. */
int dp_payload_init(dp_payload *p, const dp_env *env, const dp_source *from);
void dp_payload_fini(dp_payload *p);

#endif
