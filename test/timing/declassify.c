/* SPDX-License-Identifier: MIT */
/* declassify.c - the only places where what was computed from a secret stops
 * being one.  The linker puts these functions around those of the same name
 * (-Wl,--wrap): the library itself holds no mark. */
#include "base/bytes.h"
#include "crypto/cipher.h"
#include "crypto/secp.h"

#include <openssl/evp.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>
#include <string.h>
#include <valgrind/memcheck.h>

static void make_public(const void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/* The verdict on a MAC: the peer sees it, the connection ends or goes on. */
bool __real_dp_equal_secret(const void *a, const void *b, size_t len);
bool __wrap_dp_equal_secret(const void *a, const void *b, size_t len);
bool __wrap_dp_equal_secret(const void *a, const void *b, size_t len)
{
    bool equal = __real_dp_equal_secret(a, b, len);
    make_public(&equal, sizeof equal);
    return equal;
}

/* What is decrypted in place, under a MAC that held: a frame's size shows in
 * its length on the wire, and messages are read in a time of their own. */
int __real_EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
    const unsigned char *in, int len);
int __wrap_EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
    const unsigned char *in, int len);
int __wrap_EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
    const unsigned char *in, int len)
{
    int ok = __real_EVP_EncryptUpdate(ctx, out, n, in, len);
    if (out == in)
        make_public(out, (size_t)len);
    return ok;
}

/* The same of the frame engine, whose cipher may be the processor's. */
bool __real_dp_cipher_stream(
    dp_cipher *c, uint64_t *place, uint8_t *at, size_t len);
bool __wrap_dp_cipher_stream(
    dp_cipher *c, uint64_t *place, uint8_t *at, size_t len);
bool __wrap_dp_cipher_stream(
    dp_cipher *c, uint64_t *place, uint8_t *at, size_t len)
{
    bool ok = __real_dp_cipher_stream(c, place, at, len);
    make_public(at, len);
    return ok;
}

/* That a private key lies within the group's order: it always does. */
int __real_secp256k1_ecdh(const secp256k1_context *context, unsigned char *out,
    const secp256k1_pubkey *pub, const unsigned char *key,
    secp256k1_ecdh_hash_function hash, void *user);
int __wrap_secp256k1_ecdh(const secp256k1_context *context, unsigned char *out,
    const secp256k1_pubkey *pub, const unsigned char *key,
    secp256k1_ecdh_hash_function hash, void *user);
int __wrap_secp256k1_ecdh(const secp256k1_context *context, unsigned char *out,
    const secp256k1_pubkey *pub, const unsigned char *key,
    secp256k1_ecdh_hash_function hash, void *user)
{
    int ok = __real_secp256k1_ecdh(context, out, pub, key, hash, user);
    make_public(&ok, sizeof ok);
    return ok;
}

/* A public key. */
int __real_secp256k1_ec_pubkey_create(const secp256k1_context *context,
    secp256k1_pubkey *out, const unsigned char *key);
int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context,
    secp256k1_pubkey *out, const unsigned char *key);
int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context,
    secp256k1_pubkey *out, const unsigned char *key)
{
    int ok = __real_secp256k1_ec_pubkey_create(context, out, key);
    make_public(&ok, sizeof ok);
    make_public(out, sizeof *out);
    return ok;
}

/* A signature.  libsecp256k1 marks within the signing what may be known, but
 * not in the build that distributions ship, so it is not looked into here: its
 * own tests do. */
int __real_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context,
    secp256k1_ecdsa_recoverable_signature *out, const unsigned char *hash,
    const unsigned char *key, secp256k1_nonce_function nonce, const void *user);
int __wrap_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context,
    secp256k1_ecdsa_recoverable_signature *out, const unsigned char *hash,
    const unsigned char *key, secp256k1_nonce_function nonce, const void *user);
int __wrap_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context,
    secp256k1_ecdsa_recoverable_signature *out, const unsigned char *hash,
    const unsigned char *key, secp256k1_nonce_function nonce, const void *user)
{
    uint8_t h[32], k[32];
    memcpy(h, hash, sizeof h);
    memcpy(k, key, sizeof k);
    make_public(h, sizeof h);
    make_public(k, sizeof k);
    return __real_secp256k1_ecdsa_sign_recoverable(
        context, out, h, k, nonce, user);
}

/* The hash under a signature that is verified, to which RLPx makes a mix of the
 * two static keys' secret and a nonce: libsecp256k1 recovers keys in a time
 * that depends on it, and has no other way. */
int __real_dp_secp_recover(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32]);
int __wrap_dp_secp_recover(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32]);
int __wrap_dp_secp_recover(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32])
{
    uint8_t h[32];
    memcpy(h, hash, sizeof h);
    make_public(h, sizeof h);
    return __real_dp_secp_recover(context, out, sig, h);
}
