/* SPDX-License-Identifier: MIT */
/* counting_curve.h - libsecp256k1's curve, and how often it was asked. */
#ifndef COUNTING_CURVE_H
#define COUNTING_CURVE_H

#include "crypto/crypto.h"

static struct {
    const dp_curve *curve; /* the real one: set it first */
    unsigned derive, parse, ecdh, sign, recover;
} counted;

static int counting_derive(
    const dp_crypto *c, devp2p_pubkey *out, const devp2p_key *key)
{
    counted.derive++;
    return counted.curve->derive(c, out, key);
}

static int counting_parse(
    const dp_crypto *c, devp2p_pubkey *out, const uint8_t *at, size_t len)
{
    counted.parse++;
    return counted.curve->parse(c, out, at, len);
}

static int counting_ecdh(const dp_crypto *c, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key)
{
    counted.ecdh++;
    return counted.curve->ecdh(c, x, pub, key);
}

static int counting_sign(const dp_crypto *c, devp2p_sig *out,
    const uint8_t hash[32], const devp2p_key *key)
{
    counted.sign++;
    return counted.curve->sign(c, out, hash, key);
}

static int counting_recover(const dp_crypto *c, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32])
{
    counted.recover++;
    return counted.curve->recover(c, out, sig, hash);
}

static const dp_curve counting_curve = { counting_derive, counting_parse,
    counting_ecdh, counting_sign, counting_recover };

#endif
