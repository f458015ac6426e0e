/* SPDX-License-Identifier: MIT */
#include "crypto/ecies.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/algs.h"

#include <string.h>

/* Where the parts of an envelope lie; the tag follows the ciphertext. */
enum { POINT = 65, IV = 16, TAG = 32, CIPHER = POINT + IV };

typedef struct keys {
    uint8_t cipher[16];
    uint8_t mac[32];
} keys;

int dp_ecies_kdf(const dp_crypto *c, uint8_t *out, size_t out_len,
    const uint8_t *z, size_t z_len)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t block[32];
    bool ok = md != NULL;
    dp_assert(out_len <= 255 * sizeof block);
    for (uint8_t counter = 1; ok && out_len; counter++) {
        const uint8_t count[4] = { 0, 0, 0, counter };
        size_t n = out_len < sizeof block ? out_len : sizeof block;
        ok = EVP_DigestInit_ex2(md, c->sha256, NULL) &&
             EVP_DigestUpdate(md, count, sizeof count) &&
             EVP_DigestUpdate(md, z, z_len) &&
             EVP_DigestFinal_ex(md, block, NULL);
        if (ok)
            memcpy(out, block, n);
        out += n;
        out_len -= n;
    }
    EVP_MD_CTX_free(md);
    dp_wipe(block, sizeof block);
    return ok ? 0 : DEVP2P_ERR_NOMEM;
}

/* make_keys: the shared point's x gives the cipher's key and, hashed once more,
 * the tag's (RLPx, "ECIES Encryption": kE and kM).  Returns 0, ERR_KEY or
 * ERR_NOMEM. */
static int make_keys(const dp_crypto *c, keys *k, const devp2p_pubkey *pub,
    const devp2p_key *key)
{
    uint8_t x[32], both[32];
    int err = dp_crypto_curve(c)->ecdh(c, x, pub, key);
    if (!err)
        err = dp_ecies_kdf(c, both, sizeof both, x, sizeof x);
    if (!err) {
        memcpy(k->cipher, both, sizeof k->cipher);
        if (!EVP_Digest(both + 16, 16, k->mac, NULL, c->sha256, NULL))
            err = DEVP2P_ERR_NOMEM;
    }
    dp_wipe(x, sizeof x);
    dp_wipe(both, sizeof both);
    return err;
}

/* make_tag covers IV and ciphertext, then the shared bytes. */
static int make_tag(const dp_crypto *c, uint8_t tag[TAG], const keys *k,
    const uint8_t *envelope, size_t len, const uint8_t *shared,
    size_t shared_len)
{
    const devp2p_slice parts[] = { { envelope + POINT, IV + len },
        { shared, shared_len } };
    return dp_hmac_sha256(c, tag, k->mac, sizeof k->mac, parts, 2);
}

/* crypt is AES-128-CTR, to seal and to open; out may be in. */
static int crypt(const dp_crypto *c, uint8_t *out, const uint8_t *in,
    size_t len, const keys *k, const uint8_t iv[IV])
{
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    int n;
    bool ok = aes && len <= INT32_MAX &&
              EVP_EncryptInit_ex2(aes, c->aes128_ctr, k->cipher, iv, NULL) &&
              EVP_EncryptUpdate(aes, out, &n, in, (int)len);
    EVP_CIPHER_CTX_free(aes);
    return ok ? 0 : DEVP2P_ERR_NOMEM;
}

int dp_ecies_seal_with(const dp_crypto *c, uint8_t *out,
    const devp2p_pubkey *to, const devp2p_key *eph, const devp2p_pubkey *point,
    const uint8_t iv[16], const uint8_t *plain, size_t len,
    const uint8_t *shared, size_t shared_len)
{
    keys k;
    out[0] = 4;
    memcpy(out + 1, point->b, sizeof point->b);
    memcpy(out + POINT, iv, IV);
    int err = make_keys(c, &k, to, eph);
    if (!err)
        err = crypt(c, out + CIPHER, plain, len, &k, iv);
    if (!err)
        err = make_tag(c, out + CIPHER + len, &k, out, len, shared, shared_len);
    dp_wipe(&k, sizeof k);
    return err;
}

int dp_ecies_seal(const dp_crypto *c, uint8_t *out, const devp2p_pubkey *to,
    const devp2p_key *eph, const uint8_t iv[16], const uint8_t *plain,
    size_t len, const uint8_t *shared, size_t shared_len)
{
    devp2p_pubkey point;
    int err = dp_crypto_curve(c)->derive(c, &point, eph);
    return err ? err
               : dp_ecies_seal_with(c, out, to, eph, &point, iv, plain, len,
                     shared, shared_len);
}

/* open_with checks the tag before anything is decrypted. */
static int open_with(const dp_crypto *c, const keys *k, uint8_t *envelope,
    size_t len, const uint8_t *shared, size_t shared_len)
{
    uint8_t tag[TAG];
    int err = make_tag(c, tag, k, envelope, len, shared, shared_len);
    if (!err && !dp_equal_secret(tag, envelope + CIPHER + len, TAG))
        err = DEVP2P_ERR_HANDSHAKE;
    if (!err)
        err = crypt(
            c, envelope + CIPHER, envelope + CIPHER, len, k, envelope + POINT);
    dp_wipe(tag, sizeof tag);
    return err;
}

int dp_ecies_open(const dp_crypto *c, uint8_t **plain, size_t *plain_len,
    uint8_t *envelope, size_t len, const devp2p_key *key, const uint8_t *shared,
    size_t shared_len)
{
    if (len <= DP_ECIES_OVERHEAD)
        return DEVP2P_ERR_HANDSHAKE;
    size_t body = len - DP_ECIES_OVERHEAD;
    devp2p_pubkey from;
    keys k;
    int err = dp_crypto_curve(c)->parse(c, &from, envelope, POINT);
    if (!err)
        err = make_keys(c, &k, &from, key);
    if (!err)
        err = open_with(c, &k, envelope, body, shared, shared_len);
    dp_wipe(&k, sizeof k);
    if (err)
        return err == DEVP2P_ERR_NOMEM ? err : DEVP2P_ERR_HANDSHAKE;
    *plain = envelope + CIPHER;
    *plain_len = body;
    return 0;
}
