/* SPDX-License-Identifier: MIT */
/* ecies_fuzz.c - any bytes as an envelope, and envelopes whose tag holds: as
 * they are, with one byte changed, cut short.  The sealer is ours, as it would
 * be an attacker's: our public key is public. */
#include "base/assert.h"
#include "crypto/ecies.h"
#include "test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MODE, SHARED, WHERE, HOW = WHERE + 2, HEAD, MOST = 4096 };

static test_env env;
static dp_crypto *crypto;
static devp2p_key key, eph;
static devp2p_pubkey pub;

static void prepare(void)
{
    if (crypto)
        return;
    test_env_init(&env);
    dp_assert(dp_crypto_new(&crypto, &env.env, NULL) == 0);
    dp_assert(dp_key_draw(&env.env, &key) == 0);
    dp_assert(dp_key_draw(&env.env, &eph) == 0);
    dp_assert(devp2p_key_public(&pub, &key) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prepare();
    if (size < HEAD || size > MOST)
        return 0;
    const uint8_t iv[16] = { data[HOW] }, *text = data + HEAD;
    size_t len = size - HEAD,
           where = (size_t)data[WHERE] << 8 | data[WHERE + 1];
    size_t sealed = len + DP_ECIES_OVERHEAD, shared = data[SHARED] % 3;
    uint8_t *envelope = malloc(sealed), *plain;
    dp_assert(envelope);
    int want = DEVP2P_ERR_HANDSHAKE;
    if (data[MODE] % 4) {
        dp_assert(dp_ecies_seal(crypto, envelope, &pub, &eph, iv, text, len,
                      data, shared) == 0);
        want = len ? 0 : want;
    }
    switch (data[MODE] % 4) {
    case 0:
        memcpy(envelope, text, len);
        sealed = len;
        break;
    case 1:
        break;
    case 2:
        envelope[where % sealed] ^= data[HOW];
        want = data[HOW] ? DEVP2P_ERR_HANDSHAKE : want;
        break;
    default:
        sealed = where % sealed;
        want = DEVP2P_ERR_HANDSHAKE;
    }
    /* an exact block, so that a read beyond it is seen */
    uint8_t *exact = malloc(sealed ? sealed : 1);
    dp_assert(exact);
    memcpy(exact, envelope, sealed);
    size_t got;
    int err =
        dp_ecies_open(crypto, &plain, &got, exact, sealed, &key, data, shared);
    dp_assert(err == want);
    if (!err)
        dp_assert(got == len && memcmp(plain, text, len) == 0);
    free(exact);
    free(envelope);
    return 0;
}
