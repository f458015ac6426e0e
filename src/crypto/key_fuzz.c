/* SPDX-License-Identifier: MIT */
/* key_fuzz.c - bytes of strangers as keys: what is read is a point, with one
 * form, whatever form it came in; what is refused leaves a sentence. */
#include "base/assert.h"
#include "base/bytes.h"
#include "base/env.h"
#include "crypto/secp.h"

#include <devp2p/key.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused(void)
{
    dp_assert(devp2p_last_detail()[0]);
    dp_fail(0, "%s", "");
}

static void public_key(const uint8_t *data, size_t size)
{
    devp2p_pubkey pub, again;
    uint8_t full[65] = { 4 }, half[33];
    if (devp2p_pubkey_parse(&pub, data, size)) {
        refused();
        return;
    }
    dp_assert(size == 33 || size == 64 || size == 65);
    memcpy(full + 1, pub.b, 64);
    half[0] = (uint8_t)(2 + (pub.b[63] & 1));
    memcpy(half + 1, pub.b, 32);
    dp_assert(devp2p_pubkey_parse(&again, full, sizeof full) == 0);
    dp_assert(memcmp(&again, &pub, sizeof pub) == 0);
    dp_assert(devp2p_pubkey_parse(&again, half, sizeof half) == 0);
    dp_assert(memcmp(&again, &pub, sizeof pub) == 0);
    (void)devp2p_pubkey_id(&pub);
    /* what is shared with the key 1 is the point itself */
    const devp2p_key one = { { [31] = 1 } };
    uint8_t x[32];
    dp_assert(dp_secp_ecdh(secp256k1_context_static, x, &pub, &one) == 0);
    dp_assert(memcmp(x, pub.b, sizeof x) == 0);
}

/* private_key: a text of 64 digits, and 32 bytes that nobody looked at. */
static void private_key(const uint8_t *data, size_t size)
{
    char text[80] = "";
    devp2p_key key, again;
    devp2p_pubkey pub, found;
    devp2p_sig sig;
    memcpy(text, data, size < sizeof text ? size : sizeof text - 1);
    if (devp2p_key_parse(&key, text)) {
        refused();
        memset(&key, 0, sizeof key);
        memcpy(&key, data, size < sizeof key ? size : sizeof key);
    } else {
        char digits[65];
        dp_hex(digits, key.b, sizeof key.b);
        dp_assert(devp2p_key_parse(&again, digits) == 0);
        dp_assert(memcmp(&again, &key, sizeof key) == 0);
    }
    if (devp2p_key_public(&pub, &key)) {
        refused();
        dp_assert(devp2p_sign(&sig, key.b, &key) != 0);
        refused();
        return;
    }
    dp_assert(devp2p_sign(&sig, pub.b, &key) == 0);
    dp_assert(devp2p_recover(&found, &sig, pub.b) == 0);
    dp_assert(memcmp(&found, &pub, sizeof pub) == 0);
}

static void signature(const uint8_t *data, size_t size)
{
    devp2p_sig sig = { { 0 } };
    devp2p_pubkey pub;
    static const uint8_t hash[32] = { 1 };
    memcpy(&sig, data, size < sizeof sig ? size : sizeof sig);
    if (devp2p_recover(&pub, &sig, hash))
        refused();
    else
        public_key(pub.b, sizeof pub.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const read_as[])(
        const uint8_t *, size_t) = { public_key, private_key, signature };
    if (size)
        read_as[data[0] % 3](data + 1, size - 1);
    return 0;
}
