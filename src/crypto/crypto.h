/* SPDX-License-Identifier: MIT */
/* crypto.h - what is made once and then only read: a randomised curve context,
 * algorithms fetched from libcrypto, five curve functions.  Shared by all
 * threads of a server. */
#ifndef DP_CRYPTO_H
#define DP_CRYPTO_H

#include "base/env.h"

#include <devp2p/key.h>

typedef struct dp_crypto dp_crypto;

/* The curve: a simulation may put cheap functions of the same shape here.  All
 * return 0, ERR_KEY or ERR_SIGNATURE. */
typedef struct dp_curve {
    int (*derive)(
        const dp_crypto *c, devp2p_pubkey *out, const devp2p_key *key);
    int (*parse)(const dp_crypto *c, devp2p_pubkey *out, const uint8_t *at,
        size_t len); /* 33, 64 or 65 bytes: the one way to a public key */
    int (*ecdh)(const dp_crypto *c, uint8_t x[32], const devp2p_pubkey *pub,
        const devp2p_key *key);
    int (*sign)(const dp_crypto *c, devp2p_sig *out, const uint8_t hash[32],
        const devp2p_key *key);
    int (*recover)(const dp_crypto *c, devp2p_pubkey *out,
        const devp2p_sig *sig, const uint8_t hash[32]);
} dp_curve;

/* dp_crypto_new: curve NULL is libsecp256k1.  Returns 0, ERR_NOMEM, ERR_RANDOM.
 */
int dp_crypto_new(dp_crypto **out, const dp_env *env, const dp_curve *curve);
void dp_crypto_free(dp_crypto *c);

const dp_curve *dp_crypto_curve(const dp_crypto *c);

/* dp_key_draw draws a private key from env's randomness: 0 or ERR_RANDOM. */
int dp_key_draw(const dp_env *env, devp2p_key *out);

#endif
