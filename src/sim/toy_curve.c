/* SPDX-License-Identifier: MIT */
#include "sim/toy_curve.h"

#include "crypto/keccak.h"

#include <string.h>

static int derive(const dp_crypto *c, devp2p_pubkey *out, const devp2p_key *key)
{
    static const uint8_t zero[32];
    (void)c;
    if (memcmp(key->b, zero, sizeof zero) == 0)
        return DEVP2P_ERR_KEY;
    memcpy(out->b, key->b, 32);
    devp2p_keccak256(out->b + 32, key->b, 32);
    return 0;
}

static int parse(
    const dp_crypto *c, devp2p_pubkey *out, const uint8_t *at, size_t len)
{
    devp2p_key key;
    devp2p_pubkey whole;
    if (len != 33 && len != 64 && len != 65)
        return DEVP2P_ERR_KEY;
    at += len & 1;
    memcpy(key.b, at, 32);
    if (derive(c, &whole, &key) ||
        (len != 33 && memcmp(at + 32, whole.b + 32, 32) != 0))
        return DEVP2P_ERR_KEY;
    *out = whole;
    return 0;
}

static int ecdh(const dp_crypto *c, uint8_t x[32], const devp2p_pubkey *pub,
    const devp2p_key *key)
{
    uint8_t both[64];
    bool swap = memcmp(pub->b, key->b, 32) > 0;
    (void)c;
    memcpy(both + (swap ? 32 : 0), pub->b, 32);
    memcpy(both + (swap ? 0 : 32), key->b, 32);
    devp2p_keccak256(x, both, sizeof both);
    return 0;
}

static int sign(const dp_crypto *c, devp2p_sig *out, const uint8_t hash[32],
    const devp2p_key *key)
{
    (void)c;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < 32; i++)
        out->b[i] = key->b[i] ^ hash[i];
    return 0;
}

static int recover(const dp_crypto *c, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32])
{
    devp2p_key key;
    for (size_t i = 0; i < 32; i++)
        key.b[i] = sig->b[i] ^ hash[i];
    return derive(c, out, &key) ? DEVP2P_ERR_SIGNATURE : 0;
}

const dp_curve dp_toy_curve = { derive, parse, ecdh, sign, recover };
