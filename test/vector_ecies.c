/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "base/env.h"
#include "crypto/algs.h"
#include "crypto/ecies.h"

#include <string.h>

static int no_chance(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 7, len); /* only blinds the curve context */
    return 0;
}

/* with_crypto runs an operation with a dp_crypto of its own. */
typedef int operation(
    const dp_crypto *c, const json_t *input, const json_t *output);

static int with_crypto(
    operation *run, const json_t *input, const json_t *output)
{
    const dp_env env = { .alloc = dp_default_alloc, .random = no_chance };
    dp_crypto *c;
    int err = dp_crypto_new(&c, &env, NULL);
    if (err)
        return err;
    int result = run(c, input, output);
    dp_crypto_free(c);
    return result;
}

static int answer(
    int err, const json_t *output, const char *key, const void *at, size_t len)
{
    if (err || !output)
        return err;
    return vector_same(output, key, at, len) ? 0 : VECTOR_DIFFERS;
}

/* read_key takes the bytes as they are: the curve is to refuse bad ones. */
static devp2p_key read_key(const json_t *input, const char *member)
{
    devp2p_key key = { { 0 } };
    size_t n;
    const uint8_t *at = vector_bytes(input, member, &n);
    if (n == sizeof key.b)
        memcpy(key.b, at, n);
    return key;
}

static int read_pub(const dp_crypto *c, devp2p_pubkey *out, const json_t *input)
{
    size_t n;
    const uint8_t *at = vector_bytes(input, "pub", &n);
    return dp_crypto_curve(c)->parse(c, out, at, n);
}

static int kdf(const dp_crypto *c, const json_t *input, const json_t *output)
{
    size_t n, want = (size_t)vector_int(input, "length");
    const uint8_t *z = vector_bytes(input, "z", &n);
    uint8_t *out = vector_alloc(want);
    int err = dp_ecies_kdf(c, out, want, z, n);
    return answer(err, output, "hex", out, want);
}

static int hmac(const dp_crypto *c, const json_t *input, const json_t *output)
{
    size_t key_len;
    const uint8_t *key = vector_bytes(input, "key", &key_len);
    devp2p_slice data;
    data.at = vector_bytes(input, "data", &data.len);
    uint8_t out[32];
    int err = dp_hmac_sha256(c, out, key, key_len, &data, 1);
    return answer(err, output, "hex", out, sizeof out);
}

static int ecdh(const dp_crypto *c, const json_t *input, const json_t *output)
{
    devp2p_key key = read_key(input, "key");
    devp2p_pubkey pub;
    uint8_t x[32];
    int err = read_pub(c, &pub, input);
    if (!err)
        err = dp_crypto_curve(c)->ecdh(c, x, &pub, &key);
    return answer(err, output, "x", x, sizeof x);
}

static int encrypt(
    const dp_crypto *c, const json_t *input, const json_t *output)
{
    devp2p_key eph = read_key(input, "ephemeral_key");
    devp2p_pubkey to;
    size_t len, shared_len, iv_len;
    const uint8_t *plain = vector_bytes(input, "plaintext", &len);
    const uint8_t *shared = vector_bytes(input, "mac_data", &shared_len);
    const uint8_t *iv = vector_bytes(input, "iv", &iv_len);
    uint8_t *out = vector_alloc(len + DP_ECIES_OVERHEAD);
    int err = read_pub(c, &to, input);
    if (!err)
        err = dp_ecies_seal(
            c, out, &to, &eph, iv, plain, len, shared, shared_len);
    return answer(err, output, "ciphertext", out, len + DP_ECIES_OVERHEAD);
}

static int decrypt(
    const dp_crypto *c, const json_t *input, const json_t *output)
{
    devp2p_key key = read_key(input, "key");
    size_t len, shared_len, plain_len = 0;
    uint8_t *envelope = vector_bytes(input, "ciphertext", &len), *plain = NULL;
    const uint8_t *shared = vector_bytes(input, "mac_data", &shared_len);
    int err = dp_ecies_open(
        c, &plain, &plain_len, envelope, len, &key, shared, shared_len);
    return answer(err, output, "plaintext", plain, plain_len);
}

#define ROW(op)                                                    \
    static int run_##op(const json_t *input, const json_t *output) \
    {                                                              \
        return with_crypto(op, input, output);                     \
    }
ROW(kdf)
ROW(hmac)
ROW(ecdh)
ROW(encrypt)
ROW(decrypt)

static const vector_row rows[] = { { "kdf", run_kdf }, { "hmac", run_hmac },
    { "ecdh", run_ecdh }, { "encrypt", run_encrypt },
    { "decrypt", run_decrypt }, { NULL, NULL } };

const vector_file vector_ecies = { "ecies", rows };
