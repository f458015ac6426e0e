/* SPDX-License-Identifier: MIT */
/* key.c - the functions of devp2p/key.h that ask nothing of the system. */
#include <devp2p/key.h>

#include "base/bytes.h"
#include "crypto/keccak.h"
#include "crypto/secp.h"

#include <string.h>

static const dp_env heap = { .alloc = dp_default_alloc };

int devp2p_key_parse(devp2p_key *out, const char *hex)
{
    if (!dp_unhex(out->b, sizeof out->b, hex, strlen(hex))) {
        devp2p_key_wipe(out);
        return dp_fail(DEVP2P_ERR_KEY, "a private key is 64 hex digits");
    }
    if (!dp_secp_key_valid(out)) {
        devp2p_key_wipe(out);
        return dp_fail(DEVP2P_ERR_KEY,
            "a private key is above zero and below the group order");
    }
    return 0;
}

void devp2p_key_wipe(devp2p_key *key)
{
    dp_wipe(key, sizeof *key);
}

/* own_context makes a context for one computation with a private key.  There is
 * no randomness on this floor; what blinds it must be secret and differ from
 * computation to computation, and a hash of the inputs is both. */
static int own_context(
    dp_secp *s, const devp2p_key *key, const uint8_t *hash, size_t hash_len)
{
    static const char purpose[] = "devp2p blinding";
    dp_keccak k;
    uint8_t seed[32];
    dp_keccak_init(&k);
    dp_keccak_add(&k, purpose, sizeof purpose);
    dp_keccak_add(&k, key->b, sizeof key->b);
    dp_keccak_add(&k, hash, hash_len);
    dp_keccak_peek(&k, seed);
    int err = dp_secp_init(s, &heap, seed);
    dp_wipe(&k, sizeof k);
    dp_wipe(seed, sizeof seed);
    return err ? dp_fail(err, "no memory for a curve context") : 0;
}

static int bad_private(void)
{
    return dp_fail(
        DEVP2P_ERR_KEY, "the private key is zero or not below the group order");
}

int devp2p_key_public(devp2p_pubkey *out, const devp2p_key *key)
{
    dp_secp s;
    int err = own_context(&s, key, NULL, 0);
    if (err)
        return err;
    err = dp_secp_derive(s.context, out, key);
    dp_secp_fini(&s, &heap);
    return err ? bad_private() : 0;
}

int devp2p_sign(devp2p_sig *out, const uint8_t hash[32], const devp2p_key *key)
{
    dp_secp s;
    int err = own_context(&s, key, hash, 32);
    if (err)
        return err;
    err = dp_secp_sign(s.context, out, hash, key);
    dp_secp_fini(&s, &heap);
    return err ? bad_private() : 0;
}

int devp2p_pubkey_parse(devp2p_pubkey *out, const void *bytes, size_t len)
{
    if (dp_secp_parse(secp256k1_context_static, out, bytes, len))
        return dp_fail(
            DEVP2P_ERR_KEY, len == 33 || len == 64 || len == 65
                                ? "the bytes are not a point on the curve"
                                : "a public key is 33, 64 or 65 bytes");
    return 0;
}

devp2p_id devp2p_pubkey_id(const devp2p_pubkey *pub)
{
    devp2p_id id;
    devp2p_keccak256(id.b, pub->b, sizeof pub->b);
    return id;
}

int devp2p_recover(
    devp2p_pubkey *out, const devp2p_sig *sig, const uint8_t hash[32])
{
    if (dp_secp_recover(secp256k1_context_static, out, sig, hash))
        return dp_fail(
            DEVP2P_ERR_SIGNATURE, "no public key made this signature");
    return 0;
}
