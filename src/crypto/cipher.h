/* SPDX-License-Identifier: MIT */
/* cipher.h - the two ciphers of a direction of frames (RLPx, "Framing" and
 * "MAC"): AES-256-CTR for headers and bodies, AES-256 of single blocks for the
 * seeds of MACs.  By the processor's instructions or by libcrypto.  For the
 * frame engine and its tests. */
#ifndef DP_CIPHER_H
#define DP_CIPHER_H

#include "crypto/aes.h"
#include "crypto/crypto.h"

#include <openssl/evp.h>

typedef struct dp_cipher {
    const dp_aes_kernel *aes; /* NULL: libcrypto, by the contexts */
    EVP_CIPHER_CTX *ctr, *ecb;
    dp_aes_key stream, block;
} dp_cipher;

/* dp_cipher_init: with aes it cannot fail and owns nothing, and crypto may be
 * NULL; without, 0 or ERR_NOMEM.  dp_cipher_fini wipes. */
int dp_cipher_init(
    dp_cipher *c, const dp_aes_kernel *aes, const dp_crypto *crypto);
void dp_cipher_fini(dp_cipher *c);

/* dp_cipher_rekey readies it for a direction, whose place in the key stream is
 * in blocks of 16 bytes: it began with a counter of zero. */
bool dp_cipher_rekey(dp_cipher *c, const uint8_t aes_key[32],
    const uint8_t mac_key[32], uint64_t place);

/* dp_cipher_forget overwrites the keys. */
void dp_cipher_forget(dp_cipher *c);

/* dp_cipher_stream encrypts or decrypts whole blocks in place and moves on. */
bool dp_cipher_stream(dp_cipher *c, uint64_t *place, uint8_t *at, size_t len);

bool dp_cipher_block(dp_cipher *c, uint8_t out[16], const uint8_t in[16]);

#endif
