/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "core/ec_job.h"
#include "core/spares.h"
#include "crypto/secp.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

static int record_fd = -1;

void record_to(int fd)
{
    record_fd = fd;
}

/* keep writes one record: its kind, a length, the bytes. */
static void keep(char kind, const void *at, size_t len)
{
    uint8_t head[2] = { (uint8_t)kind, (uint8_t)len };
    const struct iovec parts[] = { { head, sizeof head },
        { (void *)(uintptr_t)at, len } };
    if (record_fd < 0)
        return;
    if (writev(record_fd, parts, 2) != (ssize_t)(sizeof head + len))
        abort();
}

/* --- what an end draws --- */

int __real_dp_ec_draw(dp_ec *ec);
int __wrap_dp_ec_draw(dp_ec *ec);
int __wrap_dp_ec_draw(dp_ec *ec)
{
    int err = __real_dp_ec_draw(ec);
    keep('e', ec->chance.eph.b, 32);
    keep('v', ec->chance.envelope.b, 32);
    keep('n', ec->chance.nonce, 32);
    return err;
}

/* --- what was drawn before --- */

bool __real_dp_spares_made(dp_spares *s, const dp_work *job);
bool __wrap_dp_spares_made(dp_spares *s, const dp_work *job);
bool __wrap_dp_spares_made(dp_spares *s, const dp_work *job)
{
    bool made = __real_dp_spares_made(s, job);
    for (size_t i = 0; made && i < s->n; i++)
        keep('p', s->keys[i].key.b, 32);
    return made;
}

void __real_dp_spares_serve(dp_spares *s, dp_ec *ec);
void __wrap_dp_spares_serve(dp_spares *s, dp_ec *ec);
void __wrap_dp_spares_serve(dp_spares *s, dp_ec *ec)
{
    __real_dp_spares_serve(s, ec);
    if (ec->chance.eph_made)
        keep('e', ec->chance.eph.b, 32);
    if (ec->chance.envelope_made)
        keep('v', ec->chance.envelope.b, 32);
}

void __real_dp_tokens_keep(
    dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token);
void __wrap_dp_tokens_keep(
    dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token);
void __wrap_dp_tokens_keep(
    dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token)
{
    if (t && token)
        keep('y', token, 32);
    __real_dp_tokens_keep(t, peer, token);
}

/* --- what two ends share --- */

int __real_dp_secp_ecdh(const secp256k1_context *context, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key);
int __wrap_dp_secp_ecdh(const secp256k1_context *context, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key);
int __wrap_dp_secp_ecdh(const secp256k1_context *context, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key)
{
    int err = __real_dp_secp_ecdh(context, x, pub, key);
    keep('x', x, 32);
    return err;
}

/* Hashes of two halves: those of secrets are found among them by the reader. */
void __real_devp2p_keccak256(uint8_t out[32], const void *bytes, size_t len);
void __wrap_devp2p_keccak256(uint8_t out[32], const void *bytes, size_t len);
void __wrap_devp2p_keccak256(uint8_t out[32], const void *bytes, size_t len)
{
    if (len == 64)
        keep('i', bytes, len);
    __real_devp2p_keccak256(out, bytes, len);
    if (len == 64)
        keep('o', out, 32);
}

void record_secrets(const dp_secrets *secrets)
{
    keep('a', secrets->aes, 32);
    keep('m', secrets->mac, 32);
    keep('s', secrets->egress.lane, sizeof secrets->egress.lane);
    keep('s', secrets->ingress.lane, sizeof secrets->ingress.lane);
}

void __real_dp_handshake_take(
    dp_handshake *h, devp2p_pubkey *peer, dp_secrets *secrets);
void __wrap_dp_handshake_take(
    dp_handshake *h, devp2p_pubkey *peer, dp_secrets *secrets);
void __wrap_dp_handshake_take(
    dp_handshake *h, devp2p_pubkey *peer, dp_secrets *secrets)
{
    __real_dp_handshake_take(h, peer, secrets);
    record_secrets(secrets);
}

/* A direction that ends: where its MAC has come to. */
void __real_dp_dir_fini(dp_dir *dir);
void __wrap_dp_dir_fini(dp_dir *dir);
void __wrap_dp_dir_fini(dp_dir *dir)
{
    keep('s', dir->mac.lane, sizeof dir->mac.lane);
    __real_dp_dir_fini(dir);
}

/* --- what libcrypto is told --- */

int __real_EVP_EncryptInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
    const unsigned char *key, const unsigned char *iv,
    const OSSL_PARAM *params);
int __wrap_EVP_EncryptInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
    const unsigned char *key, const unsigned char *iv,
    const OSSL_PARAM *params);
int __wrap_EVP_EncryptInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
    const unsigned char *key, const unsigned char *iv, const OSSL_PARAM *params)
{
    int ok = __real_EVP_EncryptInit_ex2(ctx, cipher, key, iv, params);
    /* the envelope's; a session's is known from its handshake */
    if (ok && key && EVP_CIPHER_CTX_get_key_length(ctx) == 16)
        keep('c', key, 16);
    return ok;
}

int __real_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t key_len, const OSSL_PARAM params[]);
int __wrap_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t key_len, const OSSL_PARAM params[]);
int __wrap_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key,
    size_t key_len, const OSSL_PARAM params[])
{
    keep('t', key, key_len);
    return __real_EVP_MAC_init(ctx, key, key_len, params);
}
