/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

#include "base/bytes.h"
#include "crypto/algs.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

/* --- the curve of libsecp256k1 --- */

static int derive(const dp_crypto *c, devp2p_pubkey *out, const devp2p_key *key)
{
    return dp_secp_derive(c->secp.context, out, key);
}

static int parse(
    const dp_crypto *c, devp2p_pubkey *out, const uint8_t *at, size_t len)
{
    return dp_secp_parse(c->secp.context, out, at, len);
}

static int ecdh(const dp_crypto *c, uint8_t x[32], const devp2p_pubkey *pub,
    const devp2p_key *key)
{
    return dp_secp_ecdh(c->secp.context, x, pub, key);
}

static int sign(const dp_crypto *c, devp2p_sig *out, const uint8_t hash[32],
    const devp2p_key *key)
{
    return dp_secp_sign(c->secp.context, out, hash, key);
}

static int recover(const dp_crypto *c, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32])
{
    return dp_secp_recover(c->secp.context, out, sig, hash);
}

/* --- life --- */

static int fetch(dp_crypto *c)
{
    c->aes128_ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    c->aes256_ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    c->aes256_ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    c->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!c->aes128_ctr || !c->aes256_ctr || !c->aes256_ecb || !c->sha256 ||
        !c->hmac)
        return dp_fail(DEVP2P_ERR_NOMEM,
            "libcrypto does not give AES-CTR, AES-ECB, SHA-256 and HMAC");
    return 0;
}

int dp_crypto_new(dp_crypto **out, const dp_env *env, const dp_curve *curve)
{
    uint8_t seed[32];
    *out = NULL;
    int err = dp_random(env, seed, sizeof seed);
    if (err)
        return err;
    dp_crypto *c = dp_alloc(env, sizeof *c);
    if (!c) {
        dp_wipe(seed, sizeof seed);
        return DEVP2P_ERR_NOMEM;
    }
    c->env = *env;
    c->curve =
        curve ? *curve : (dp_curve){ derive, parse, ecdh, sign, recover };
    err = dp_secp_init(&c->secp, env, seed);
    dp_wipe(seed, sizeof seed);
    if (!err)
        err = fetch(c);
    if (err)
        dp_crypto_free(c);
    else
        *out = c;
    return err;
}

void dp_crypto_free(dp_crypto *c)
{
    if (!c)
        return;
    EVP_CIPHER_free(c->aes128_ctr);
    EVP_CIPHER_free(c->aes256_ctr);
    EVP_CIPHER_free(c->aes256_ecb);
    EVP_MD_free(c->sha256);
    EVP_MAC_free(c->hmac);
    dp_env env = c->env;
    dp_secp_fini(&c->secp, &env);
    dp_free(&env, c, sizeof *c);
}

const dp_curve *dp_crypto_curve(const dp_crypto *c)
{
    return &c->curve;
}

/* --- what belongs to no key --- */

int dp_key_draw(const dp_env *env, devp2p_key *out)
{
    int err = dp_random(env, out->b, sizeof out->b);
    if (err)
        return err;
    /* honest chance gives a number outside the group once in 2^128 draws */
    if (!dp_secp_key_valid(out)) {
        devp2p_key_wipe(out);
        return DEVP2P_ERR_RANDOM;
    }
    return 0;
}

int dp_hmac_sha256(const dp_crypto *c, uint8_t out[32], const uint8_t *key,
    size_t key_len, const devp2p_slice *parts, size_t n)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(
                                      OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end() };
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(c->hmac);
    bool ok = mac && EVP_MAC_init(mac, key, key_len, params);
    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_MAC_update(mac, parts[i].at, parts[i].len);
    size_t len;
    ok = ok && EVP_MAC_final(mac, out, &len, 32) && len == 32;
    EVP_MAC_CTX_free(mac);
    return ok ? 0 : DEVP2P_ERR_NOMEM;
}
