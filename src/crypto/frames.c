/* SPDX-License-Identifier: MIT */
#include "crypto/frames.h"

#include "base/bytes.h"
#include "crypto/algs.h"

#include <string.h>

enum { BLOCK = 16 };

struct dp_engine {
    dp_env env;
    EVP_CIPHER_CTX *stream; /* AES-256-CTR: headers and bodies */
    EVP_CIPHER_CTX *block;  /* AES-256-ECB: seeds of MACs */
};

void dp_dir_init(dp_dir *dir, const dp_secrets *s, const dp_keccak *mac)
{
    uint8_t digest[32];
    *dir = (dp_dir){ .mac = *mac };
    memcpy(dir->aes_key, s->aes, sizeof dir->aes_key);
    memcpy(dir->mac_key, s->mac, sizeof dir->mac_key);
    dp_keccak_peek(mac, digest);
    memcpy(dir->digest, digest, BLOCK);
}

void dp_dir_fini(dp_dir *dir)
{
    dp_wipe(dir, sizeof *dir);
}

/* dp_frame_header: behind the size stands header-data, a list of two zeros; the
 * rest is zero. */
void dp_frame_header(uint8_t out[16], uint32_t size)
{
    static const uint8_t data[3] = { 0xc2, 0x80, 0x80 };
    memset(out, 0, BLOCK);
    dp_put24(out, size);
    memcpy(out + 3, data, sizeof data);
}

int dp_engine_new(dp_engine **out, const dp_env *env, const dp_crypto *crypto)
{
    *out = NULL;
    dp_engine *e = dp_alloc(env, sizeof *e);
    if (!e)
        return DEVP2P_ERR_NOMEM;
    e->env = *env;
    e->stream = EVP_CIPHER_CTX_new();
    e->block = EVP_CIPHER_CTX_new();
    if (!e->stream || !e->block ||
        !EVP_EncryptInit_ex2(e->stream, crypto->aes256_ctr, NULL, NULL, NULL) ||
        !EVP_EncryptInit_ex2(e->block, crypto->aes256_ecb, NULL, NULL, NULL) ||
        !EVP_CIPHER_CTX_set_padding(e->block, 0)) {
        dp_engine_free(e);
        return DEVP2P_ERR_NOMEM;
    }
    *out = e;
    return 0;
}

void dp_engine_free(dp_engine *e)
{
    if (!e)
        return;
    EVP_CIPHER_CTX_free(e->stream); /* wipes the last job's keys */
    EVP_CIPHER_CTX_free(e->block);
    dp_env env = e->env;
    dp_free(&env, e, sizeof *e);
}

void dp_engine_forget(dp_engine *e)
{
    static const uint8_t none[32];
    /* a schedule is replaced in place, and failing here leaves no worse */
    (void)EVP_EncryptInit_ex2(e->stream, NULL, none, none, NULL);
    (void)EVP_EncryptInit_ex2(e->block, NULL, none, NULL, NULL);
}

/* rekey readies the engine for a direction: its keys, and the place in the
 * key stream, which began with a counter of zero. */
static bool rekey(dp_engine *e, const dp_dir *dir)
{
    uint8_t counter[BLOCK] = { 0 };
    for (unsigned i = 0; i < 8; i++)
        counter[15 - i] = (uint8_t)(dir->block >> 8 * i);
    return EVP_EncryptInit_ex2(e->stream, NULL, dir->aes_key, counter, NULL) &&
           EVP_EncryptInit_ex2(e->block, NULL, dir->mac_key, NULL, NULL);
}

/* crypt is the key stream, to seal and to open. */
static bool crypt(dp_engine *e, dp_dir *dir, uint8_t *at, size_t len)
{
    int n;
    dir->block += len / BLOCK;
    return EVP_EncryptUpdate(e->stream, at, &n, at, (int)len);
}

/* advance makes the next MAC (RLPx, "MAC"): the digest so far, encrypted, and
 * the bytes that it shall cover go into the sponge, whose digest it is.  The
 * digest before a header is the MAC of the frame before: it is at hand. */
static bool advance(dp_engine *e, dp_dir *dir, const uint8_t covers[BLOCK])
{
    uint8_t seed[BLOCK], digest[32];
    int n;
    if (!EVP_EncryptUpdate(e->block, seed, &n, dir->digest, BLOCK))
        return false;
    for (size_t i = 0; i < BLOCK; i++)
        seed[i] ^= covers[i];
    dp_keccak_add(&dir->mac, seed, BLOCK);
    dp_keccak_peek(&dir->mac, digest);
    memcpy(dir->digest, digest, BLOCK);
    return true;
}

static int seal_header(dp_engine *e, dp_frames *f)
{
    dp_dir *dir = f->dir;
    dir->size = dp_get24(f->at);
    if (!dir->size)
        return DEVP2P_ERR_FRAME_SIZE;
    if (!crypt(e, dir, f->at, BLOCK) || !advance(e, dir, f->at))
        return DEVP2P_ERR_NOMEM;
    memcpy(f->at + BLOCK, dir->digest, BLOCK);
    return 0;
}

/* open_header looks at the size only when the MAC holds. */
static int open_header(dp_engine *e, dp_frames *f)
{
    dp_dir *dir = f->dir;
    if (!advance(e, dir, f->at))
        return DEVP2P_ERR_NOMEM;
    if (!dp_equal_secret(dir->digest, f->at + BLOCK, BLOCK))
        return DEVP2P_ERR_FRAME_MAC;
    if (!crypt(e, dir, f->at, BLOCK))
        return DEVP2P_ERR_NOMEM;
    dir->size = dp_get24(f->at);
    if (!dir->size || dir->size > f->size_max)
        return DEVP2P_ERR_FRAME_SIZE;
    return 0;
}

static int header(dp_engine *e, dp_frames *f)
{
    int err = f->open ? open_header(e, f) : seal_header(e, f);
    if (err)
        return err;
    f->dir->left = (uint32_t)dp_frame_body(f->dir->size);
    f->dir->place = DP_AT_BODY;
    f->at += DP_FRAME_HEAD;
    return 0;
}

/* body works as much of the body as there is; the MAC covers ciphertext. */
static int body(dp_engine *e, dp_frames *f)
{
    dp_dir *dir = f->dir;
    size_t n = (size_t)(f->end - f->at) & ~(size_t)(BLOCK - 1);
    if (n > dir->left)
        n = dir->left;
    if (f->open)
        dp_keccak_add(&dir->mac, f->at, n);
    if (!crypt(e, dir, f->at, n))
        return DEVP2P_ERR_NOMEM;
    if (!f->open)
        dp_keccak_add(&dir->mac, f->at, n);
    f->at += n;
    dir->left -= (uint32_t)n;
    if (!dir->left)
        dir->place = DP_AT_MAC;
    return 0;
}

static int body_mac(dp_engine *e, dp_frames *f)
{
    dp_dir *dir = f->dir;
    uint8_t digest[32];
    dp_keccak_peek(&dir->mac, digest);
    memcpy(dir->digest, digest, BLOCK);
    if (!advance(e, dir, dir->digest))
        return DEVP2P_ERR_NOMEM;
    if (!f->open)
        memcpy(f->at, dir->digest, BLOCK);
    else if (!dp_equal_secret(dir->digest, f->at, BLOCK))
        return DEVP2P_ERR_FRAME_MAC;
    dir->place = DP_AT_HEADER;
    f->at += DP_FRAME_TAIL;
    f->count++;
    return 0;
}

static void run(dp_engine *e, dp_frames *f)
{
    static int (*const steps[])(
        dp_engine *, dp_frames *) = { header, body, body_mac };
    f->count = 0;
    f->err = rekey(e, f->dir) ? 0 : DEVP2P_ERR_NOMEM;
    while (!f->err && f->count < f->count_max) {
        size_t least = f->dir->place == DP_AT_HEADER ? DP_FRAME_HEAD : BLOCK;
        if ((size_t)(f->end - f->at) < least)
            break;
        f->err = steps[f->dir->place](e, f);
    }
}

void dp_frames_run(dp_engine *e, dp_frames **v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run(e, v[i]);
    dp_wipe_stack(); /* MAC states, seeds */
}
