/* SPDX-License-Identifier: MIT */
/* ecies.h - the envelope of auth and ack (RLPx, "ECIES Encryption"): ephemeral
 * point 65, IV 16, ciphertext, tag 32.  The two bytes of the size prefix are
 * authenticated with it (EIP-8). */
#ifndef DP_ECIES_H
#define DP_ECIES_H

#include "crypto/crypto.h"

enum { DP_ECIES_OVERHEAD = 65 + 16 + 32 };

/* dp_ecies_seal writes len + DP_ECIES_OVERHEAD bytes to out.
 * In:      eph, iv - drawn by the caller, for this envelope alone.
 * Returns: 0, ERR_KEY, ERR_NOMEM. */
int dp_ecies_seal(const dp_crypto *c, uint8_t *out, const devp2p_pubkey *to,
    const devp2p_key *eph, const uint8_t iv[16], const uint8_t *plain,
    size_t len, const uint8_t *shared, size_t shared_len);

/* dp_ecies_seal_with is the same where point, the public key of eph, is known
 * already. */
int dp_ecies_seal_with(const dp_crypto *c, uint8_t *out,
    const devp2p_pubkey *to, const devp2p_key *eph, const devp2p_pubkey *point,
    const uint8_t iv[16], const uint8_t *plain, size_t len,
    const uint8_t *shared, size_t shared_len);

/* dp_ecies_open checks and opens an envelope in place: the plain bytes begin at
 * *plain, inside envelope.  An envelope shorter than the overhead and one byte
 * is refused before any curve work.
 * Returns: 0, or ERR_HANDSHAKE for every cause alike; ERR_NOMEM. */
int dp_ecies_open(const dp_crypto *c, uint8_t **plain, size_t *plain_len,
    uint8_t *envelope, size_t len, const devp2p_key *key, const uint8_t *shared,
    size_t shared_len);

/* dp_ecies_kdf is the concatenation KDF with SHA-256: ERR_NOMEM or 0. */
int dp_ecies_kdf(const dp_crypto *c, uint8_t *out, size_t out_len,
    const uint8_t *z, size_t z_len);

#endif
