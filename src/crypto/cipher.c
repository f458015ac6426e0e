/* SPDX-License-Identifier: MIT */
#include "crypto/cipher.h"

#include "base/bytes.h"
#include "crypto/algs.h"

enum { BLOCK = 16 };

int dp_cipher_init(
    dp_cipher *c, const dp_aes_kernel *aes, const dp_crypto *crypto)
{
    c->aes = aes;
    c->ctr = c->ecb = NULL;
    if (aes)
        return 0;
    c->ctr = EVP_CIPHER_CTX_new();
    c->ecb = EVP_CIPHER_CTX_new();
    if (c->ctr && c->ecb &&
        EVP_EncryptInit_ex2(c->ctr, crypto->aes256_ctr, NULL, NULL, NULL) &&
        EVP_EncryptInit_ex2(c->ecb, crypto->aes256_ecb, NULL, NULL, NULL) &&
        EVP_CIPHER_CTX_set_padding(c->ecb, 0))
        return 0;
    dp_cipher_fini(c);
    return DEVP2P_ERR_NOMEM;
}

void dp_cipher_fini(dp_cipher *c)
{
    EVP_CIPHER_CTX_free(c->ctr); /* wipes the last keys */
    EVP_CIPHER_CTX_free(c->ecb);
    dp_wipe(c, sizeof *c);
}

bool dp_cipher_rekey(dp_cipher *c, const uint8_t aes_key[32],
    const uint8_t mac_key[32], uint64_t place)
{
    if (c->aes) {
        c->aes->ready(&c->stream, aes_key);
        c->aes->ready(&c->block, mac_key);
        return true;
    }
    uint8_t counter[BLOCK] = { 0 };
    for (unsigned i = 0; i < 8; i++)
        counter[15 - i] = (uint8_t)(place >> 8 * i);
    return EVP_EncryptInit_ex2(c->ctr, NULL, aes_key, counter, NULL) &&
           EVP_EncryptInit_ex2(c->ecb, NULL, mac_key, NULL, NULL);
}

void dp_cipher_forget(dp_cipher *c)
{
    static const uint8_t none[32];
    dp_wipe(&c->stream, sizeof c->stream);
    dp_wipe(&c->block, sizeof c->block);
    /* a schedule is replaced in place, and failing here leaves no worse */
    if (!c->aes)
        (void)dp_cipher_rekey(c, none, none, 0);
}

bool dp_cipher_stream(dp_cipher *c, uint64_t *place, uint8_t *at, size_t len)
{
    uint64_t first = *place;
    int n;
    *place += len / BLOCK;
    if (!c->aes)
        return EVP_EncryptUpdate(c->ctr, at, &n, at, (int)len);
    c->aes->stream(&c->stream, first, at, len / BLOCK);
    return true;
}

bool dp_cipher_block(dp_cipher *c, uint8_t out[16], const uint8_t in[16])
{
    int n;
    if (!c->aes)
        return EVP_EncryptUpdate(c->ecb, out, &n, in, BLOCK);
    c->aes->block(&c->block, out, in);
    return true;
}
