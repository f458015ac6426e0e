/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include <devp2p/base.h>
#include <devp2p/key.h>

#include <string.h>

/* fixed copies a hex member of exactly len bytes. */
static int fixed(void *out, size_t len, const json_t *input, const char *key)
{
    size_t n;
    const uint8_t *at = vector_bytes(input, key, &n);
    if (n != len)
        return DEVP2P_ERR_INVALID;
    memcpy(out, at, len);
    return 0;
}

static int read_key(devp2p_key *out, const json_t *input)
{
    return devp2p_key_parse(out, vector_text(input, "key"));
}

static int read_pub(devp2p_pubkey *out, const json_t *input, const char *key)
{
    size_t n;
    const uint8_t *at = vector_bytes(input, key, &n);
    return devp2p_pubkey_parse(out, at, n);
}

/* compress: the library only reads compressed keys; what it reads must be what
 * it was made from. */
static int compress(uint8_t out[33], const devp2p_pubkey *pub)
{
    devp2p_pubkey back;
    out[0] = 2 | (pub->b[63] & 1);
    memcpy(out + 1, pub->b, 32);
    int err = devp2p_pubkey_parse(&back, out, 33);
    return err ? err : memcmp(&back, pub, sizeof back) ? VECTOR_DIFFERS : 0;
}

static int run_pubkey(const json_t *input, const json_t *output)
{
    devp2p_key key;
    devp2p_pubkey pub;
    uint8_t compressed[33];
    int err = read_key(&key, input);
    if (!err)
        err = devp2p_key_public(&pub, &key);
    if (!err)
        err = compress(compressed, &pub);
    if (err || !output)
        return err;
    return vector_same(output, "pub", pub.b, sizeof pub.b) &&
                   vector_same(output, "compressed", compressed, 33)
               ? 0
               : VECTOR_DIFFERS;
}

static int run_key_check(const json_t *input, const json_t *output)
{
    (void)output;
    devp2p_key key;
    return read_key(&key, input);
}

static int run_sign(const json_t *input, const json_t *output)
{
    devp2p_key key;
    devp2p_sig sig;
    uint8_t hash[32];
    int err = read_key(&key, input);
    if (!err)
        err = fixed(hash, 32, input, "hash");
    if (!err)
        err = devp2p_sign(&sig, hash, &key);
    if (err || !output)
        return err;
    return vector_same(output, "sig", sig.b, sizeof sig.b) ? 0 : VECTOR_DIFFERS;
}

static int run_recover(const json_t *input, const json_t *output)
{
    devp2p_sig sig;
    devp2p_pubkey pub;
    uint8_t hash[32];
    int err = fixed(hash, 32, input, "hash");
    if (!err)
        err = fixed(sig.b, sizeof sig.b, input, "sig");
    if (!err)
        err = devp2p_recover(&pub, &sig, hash);
    if (err || !output)
        return err;
    return vector_same(output, "pub", pub.b, sizeof pub.b) ? 0 : VECTOR_DIFFERS;
}

/* run_verify: a signature is a key's when it recovers to it with one of the
 * four recovery ids. */
static int run_verify(const json_t *input, const json_t *output)
{
    (void)output;
    devp2p_sig sig;
    devp2p_pubkey pub, found;
    uint8_t hash[32];
    int err = fixed(hash, 32, input, "hash");
    if (!err)
        err = fixed(sig.b, 64, input, "sig");
    if (!err)
        err = read_pub(&pub, input, "pub");
    if (err)
        return err;
    for (uint8_t id = 0; id < 4; id++) {
        sig.b[64] = id;
        if (!devp2p_recover(&found, &sig, hash) &&
            !memcmp(&found, &pub, sizeof pub))
            return 0;
    }
    return DEVP2P_ERR_SIGNATURE;
}

static int run_decompress(const json_t *input, const json_t *output)
{
    devp2p_pubkey pub;
    int err = read_pub(&pub, input, "compressed");
    if (err || !output)
        return err;
    return vector_same(output, "pub", pub.b, sizeof pub.b) ? 0 : VECTOR_DIFFERS;
}

static int run_compress(const json_t *input, const json_t *output)
{
    devp2p_pubkey pub;
    uint8_t compressed[33];
    int err = read_pub(&pub, input, "pub");
    if (!err)
        err = compress(compressed, &pub);
    if (err || !output)
        return err;
    return vector_same(output, "compressed", compressed, 33) ? 0
                                                             : VECTOR_DIFFERS;
}

static const vector_row rows[] = { { "pubkey", run_pubkey },
    { "key_check", run_key_check }, { "sign", run_sign },
    { "recover", run_recover }, { "verify", run_verify },
    { "decompress", run_decompress }, { "compress", run_compress },
    { NULL, NULL } };

const vector_file vector_secp256k1 = { "secp256k1", rows };
