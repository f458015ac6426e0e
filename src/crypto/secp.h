/* SPDX-License-Identifier: MIT */
/* secp.h - glue to libsecp256k1, for crypto/ alone.  Every call's answer is
 * checked, and bytes become a point in one place only. */
#ifndef DP_SECP_H
#define DP_SECP_H

#include "base/env.h"

#include <devp2p/key.h>
#include <secp256k1.h>

/* A dp_secp is a context in memory of ours; calls that may fail there return an
 * error instead of ending the process. */
typedef struct dp_secp {
    secp256k1_context *context;
    void *memory;
    size_t size;
} dp_secp;

/* dp_secp_init: seed is secret; it blinds the computations with private keys.
 * Returns 0 or ERR_NOMEM. */
int dp_secp_init(dp_secp *s, const dp_env *env, const uint8_t seed[32]);
void dp_secp_fini(dp_secp *s, const dp_env *env);

bool dp_secp_key_valid(const devp2p_key *key);

/* The five functions of dp_curve.  Parse, ecdh and recover also work with
 * secp256k1_context_static. */
int dp_secp_derive(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_key *key);
int dp_secp_parse(const secp256k1_context *context, devp2p_pubkey *out,
    const uint8_t *at, size_t len);
int dp_secp_ecdh(const secp256k1_context *context, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key);
int dp_secp_sign(const secp256k1_context *context, devp2p_sig *out,
    const uint8_t hash[32], const devp2p_key *key);
int dp_secp_recover(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32]);

#endif
