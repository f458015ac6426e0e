/* SPDX-License-Identifier: MIT */
/* devp2p/key.h - secp256k1 keys, node ids, signatures, key files. */
#ifndef DEVP2P_KEY_H
#define DEVP2P_KEY_H

#include <devp2p/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A devp2p_key is a private key, big-endian, from 1 to the group order - 1. It
 * has no print function; wipe it with devp2p_key_wipe when you are done. */
typedef struct devp2p_key {
    uint8_t b[32];
} devp2p_key;

/* A devp2p_pubkey is a public key: x then y, big-endian, on the curve. */
typedef struct devp2p_pubkey {
    uint8_t b[64];
} devp2p_pubkey;

/* A devp2p_id is a node id: Keccak-256 of the 64 bytes of the public key. */
typedef struct devp2p_id {
    uint8_t b[32];
} devp2p_id;

/* A devp2p_sig is a recoverable signature: r, s, recovery id 0..3. */
typedef struct devp2p_sig {
    uint8_t b[65];
} devp2p_sig;

/* devp2p_key_generate draws a new private key from the system's randomness.
 *
 * Returns: 0, ERR_RANDOM, ERR_NOMEM.
 * Out:     out - wipe it with devp2p_key_wipe when done.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_key_generate(devp2p_key *out);

/* devp2p_key_load reads a key file: 64 hex digits, one newline may follow.
 *
 * Returns: 0, ERR_KEY_FILE (missing, not a plain file of ours, readable or
 *          writable by others, wrong length or digits; the detail names it),
 *          ERR_KEY (zero, or not below the group order).
 * Out:     out - wipe it with devp2p_key_wipe when done.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_key_load(devp2p_key *out, const char *path);

/* devp2p_key_save writes a key file with mode 0600.  The file appears whole or
 * not at all; an existing one is not replaced.
 *
 * Returns: 0, ERR_EXISTS, ERR_KEY_FILE, ERR_KEY.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_key_save(
    const devp2p_key *key, const char *path);

/* devp2p_key_parse reads a private key from 64 hex digits.
 *
 * Returns: 0, ERR_KEY.
 * Out:     out - wipe it with devp2p_key_wipe when done.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_key_parse(devp2p_key *out, const char *hex);

/* devp2p_key_wipe overwrites a key in a way no compiler removes.
 *
 * Thread:  any. */
DEVP2P_API void devp2p_key_wipe(devp2p_key *key);

/* devp2p_key_public derives the public key.
 *
 * Returns: 0, ERR_KEY, ERR_NOMEM.
 * Out:     out - the public key.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_key_public(
    devp2p_pubkey *out, const devp2p_key *key);

/* devp2p_pubkey_parse is the one way from bytes to a public key: 64 (x, y), 65
 * (0x04, x, y) or 33 (compressed) bytes; the point must be on the curve and its
 * coordinates below the field prime.
 *
 * Returns: 0, ERR_KEY, ERR_NOMEM.
 * Out:     out - the public key.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_pubkey_parse(
    devp2p_pubkey *out, const void *bytes, size_t len);

/* devp2p_pubkey_id is the node id of a public key.
 *
 * Returns: the id, by value.
 * Thread:  any. */
DEVP2P_API devp2p_id devp2p_pubkey_id(const devp2p_pubkey *pub);

/* devp2p_sign signs a 32-byte hash (RFC 6979, low s).
 *
 * Returns: 0, ERR_KEY, ERR_NOMEM.
 * Out:     out - the signature.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_sign(
    devp2p_sig *out, const uint8_t hash[32], const devp2p_key *key);

/* devp2p_recover finds the public key that made a signature.
 *
 * Returns: 0, ERR_SIGNATURE, ERR_NOMEM.
 * Out:     out - the public key.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_recover(
    devp2p_pubkey *out, const devp2p_sig *sig, const uint8_t hash[32]);

/* devp2p_keccak256 hashes len bytes with Keccak-256 (padding byte 0x01).
 *
 * Out:     out - 32 bytes.
 * Thread:  any. */
DEVP2P_API void devp2p_keccak256(
    uint8_t out[32], const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
