/* SPDX-License-Identifier: MIT */
/* algs.h - what a dp_crypto holds, and HMAC; for crypto/ alone. */
#ifndef DP_ALGS_H
#define DP_ALGS_H

#include "crypto/crypto.h"
#include "crypto/secp.h"

#include <openssl/evp.h>

struct dp_crypto {
    dp_env env;
    dp_curve curve;
    dp_secp secp;
    EVP_CIPHER *aes128_ctr, *aes256_ctr, *aes256_ecb;
    EVP_MD *sha256;
    EVP_MAC *hmac;
};

/* dp_hmac_sha256 over n parts one after the other: 0 or ERR_NOMEM. */
int dp_hmac_sha256(const dp_crypto *c, uint8_t out[32], const uint8_t *key,
    size_t key_len, const devp2p_slice *parts, size_t n);

#endif
