/* SPDX-License-Identifier: MIT */
#include "crypto/secp.h"

#include "base/bytes.h"

#include <secp256k1_ecdh.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>

/* Secrets: libsecp256k1 leaves scalars and limbs of field elements on the stack
 * (its own clearing is removed by compilers), so each function here that meets
 * a private key wipes what lies below it. */

/* refused stands for libsecp256k1's callbacks, which end the process.  The call
 * goes on to return 0, and that is looked at. */
static void refused(const char *text, void *user)
{
    (void)text;
    (void)user;
}

int dp_secp_init(dp_secp *s, const dp_env *env, const uint8_t seed[32])
{
    s->size = secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE);
    s->memory = dp_alloc(env, s->size);
    if (!s->memory)
        return DEVP2P_ERR_NOMEM;
    s->context = secp256k1_context_preallocated_create(
        s->memory, SECP256K1_CONTEXT_NONE);
    secp256k1_context_set_illegal_callback(s->context, refused, NULL);
    secp256k1_context_set_error_callback(s->context, refused, NULL);
    bool blinded = secp256k1_context_randomize(s->context, seed);
    dp_wipe_stack();
    if (blinded)
        return 0;
    dp_secp_fini(s, env);
    return DEVP2P_ERR_NOMEM;
}

void dp_secp_fini(dp_secp *s, const dp_env *env)
{
    if (!s->memory)
        return;
    secp256k1_context_preallocated_destroy(s->context);
    dp_wipe(s->memory, s->size);
    dp_free(env, s->memory, s->size);
    *s = (dp_secp){ 0 };
}

bool dp_secp_key_valid(const devp2p_key *key)
{
    bool valid = secp256k1_ec_seckey_verify(secp256k1_context_static, key->b);
    dp_wipe_stack();
    return valid;
}

/* read_point: 33 bytes are compressed, 65 begin with 4.  libsecp256k1 also
 * reads the hybrid form of 65 bytes (6 or 7), which nothing here uses. */
static bool read_point(const secp256k1_context *context, secp256k1_pubkey *out,
    const uint8_t *at, size_t len)
{
    if (len != 33 && (len != 65 || at[0] != 4))
        return false;
    return secp256k1_ec_pubkey_parse(context, out, at, len);
}

static bool read_pubkey(const secp256k1_context *context, secp256k1_pubkey *out,
    const uint8_t xy[64])
{
    uint8_t bytes[65] = { 4 };
    memcpy(bytes + 1, xy, 64);
    return read_point(context, out, bytes, sizeof bytes);
}

static bool write_pubkey(const secp256k1_context *context, devp2p_pubkey *out,
    const secp256k1_pubkey *point)
{
    uint8_t bytes[65];
    size_t len = sizeof bytes;
    if (!secp256k1_ec_pubkey_serialize(
            context, bytes, &len, point, SECP256K1_EC_UNCOMPRESSED))
        return false;
    memcpy(out->b, bytes + 1, sizeof out->b);
    return true;
}

int dp_secp_derive(
    const secp256k1_context *context, devp2p_pubkey *out, const devp2p_key *key)
{
    secp256k1_pubkey point;
    bool made = secp256k1_ec_pubkey_create(context, &point, key->b) &&
                write_pubkey(context, out, &point);
    dp_wipe_stack();
    return made ? 0 : DEVP2P_ERR_KEY;
}

int dp_secp_parse(const secp256k1_context *context, devp2p_pubkey *out,
    const uint8_t *at, size_t len)
{
    secp256k1_pubkey point;
    bool read = len == 64 ? read_pubkey(context, &point, at)
                          : read_point(context, &point, at, len);
    return read && write_pubkey(context, out, &point) ? 0 : DEVP2P_ERR_KEY;
}

/* copy_x is the "hash" of RLPx: the shared point's x as it is. */
static int copy_x(
    unsigned char *out, const unsigned char *x, const unsigned char *y, void *u)
{
    (void)y;
    (void)u;
    memcpy(out, x, 32);
    return 1;
}

int dp_secp_ecdh(const secp256k1_context *context, uint8_t x[32],
    const devp2p_pubkey *pub, const devp2p_key *key)
{
    secp256k1_pubkey point;
    bool made = read_pubkey(context, &point, pub->b) &&
                secp256k1_ecdh(context, x, &point, key->b, copy_x, NULL);
    dp_wipe_stack();
    return made ? 0 : DEVP2P_ERR_KEY;
}

int dp_secp_sign(const secp256k1_context *context, devp2p_sig *out,
    const uint8_t hash[32], const devp2p_key *key)
{
    secp256k1_ecdsa_recoverable_signature sig;
    int id;
    bool made = secp256k1_ecdsa_sign_recoverable(
                    context, &sig, hash, key->b, NULL, NULL) &&
                secp256k1_ecdsa_recoverable_signature_serialize_compact(
                    context, out->b, &id, &sig);
    dp_wipe_stack();
    if (!made)
        return DEVP2P_ERR_KEY;
    out->b[64] = (uint8_t)id;
    return 0;
}

int dp_secp_recover(const secp256k1_context *context, devp2p_pubkey *out,
    const devp2p_sig *sig, const uint8_t hash[32])
{
    secp256k1_ecdsa_recoverable_signature read;
    secp256k1_pubkey point;
    if (sig->b[64] > 3)
        return DEVP2P_ERR_SIGNATURE;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(
            context, &read, sig->b, sig->b[64]) ||
        !secp256k1_ecdsa_recover(context, &point, &read, hash) ||
        !write_pubkey(context, out, &point))
        return DEVP2P_ERR_SIGNATURE;
    return 0;
}
