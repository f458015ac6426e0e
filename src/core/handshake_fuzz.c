/* SPDX-License-Identifier: MIT */
/* handshake_fuzz.c - packets for both roles: any bytes, any body in an envelope
 * whose tag holds, and bodies that are right but for what the input changes. */
#include "base/assert.h"
#include "base/bytes.h"
#include "core/ec_job.h"
#include "test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW, BODY, CHANGED, KINDS };

typedef struct end {
    devp2p_key key;
    devp2p_pubkey pub;
} end;

static test_env env;
static dp_crypto *crypto;
static end us, them;

static void draw(end *e)
{
    dp_assert(dp_key_draw(&env.env, &e->key) == 0);
    dp_assert(devp2p_key_public(&e->pub, &e->key) == 0);
}

static void prepare(void)
{
    if (crypto)
        return;
    test_env_init(&env);
    dp_assert(dp_crypto_new(&crypto, &env.env, NULL) == 0);
    draw(&us);
    draw(&them);
}

/* compose is the peer's packet. */
static size_t compose(uint8_t out[DP_EC_IN_MAX], unsigned kind, bool auth,
    const uint8_t *data, size_t len)
{
    uint8_t plain[DP_HANDSHAKE_PACKET_MAX] = { 0 };
    const dp_handshake_setup how = { &env.env, crypto, &them.key, &them.pub,
        &us.pub, NULL };
    size_t known = 0, most = sizeof plain - DP_ECIES_OVERHEAD;
    if (kind == RAW) {
        len = len < DP_EC_IN_MAX ? len : DP_EC_IN_MAX;
        memcpy(out, data, len);
        return len;
    }
    dp_ec *ec;
    dp_assert(dp_ec_new(&ec, &how) == 0 && dp_ec_draw(ec) == 0);
    if (kind == CHANGED)
        dp_assert(
            (auth ? dp_ec_auth_body : dp_ec_ack_body)(ec, plain, &known) == 0);
    len = len < most ? len : most;
    for (size_t i = 0; i < len; i++)
        plain[i] ^= data[i];
    len = len < known ? known : len;
    dp_put16(out, (uint16_t)(len + DP_ECIES_OVERHEAD));
    dp_assert(dp_ecies_seal(crypto, out + 2, &us.pub, &ec->chance.envelope,
                  ec->chance.iv, plain, len, out, 2) == 0);
    dp_ec_free(ec);
    return 2 + len + DP_ECIES_OVERHEAD;
}

static int work(dp_handshake *h)
{
    dp_ec *ec;
    dp_assert(dp_handshake_ec(h, &ec) == 0 && ec);
    dp_ec_run(ec);
    return dp_handshake_ec_done(h, ec);
}

/* feed gives the packet in parts: whether all of what was wanted came. */
static bool feed(dp_handshake *h, const uint8_t *at, size_t len, size_t part)
{
    uint8_t *to;
    size_t n;
    while ((n = dp_handshake_room(h, &to)) > 0 && len) {
        n = n < part ? n : part;
        n = n < len ? n : len;
        memcpy(to, at, n);
        int err = dp_handshake_recv(h, n);
        if (err) {
            dp_assert(err == DEVP2P_ERR_HANDSHAKE);
            dp_assert(dp_handshake_room(h, &to) == 0);
            return false;
        }
        at += n;
        len -= n;
    }
    return n == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t packet[DP_EC_IN_MAX];
    const uint8_t *out;
    dp_handshake *h;
    prepare();
    if (size < 2)
        return 0;
    bool auth = data[0] & 1;
    unsigned kind = data[0] / 2U % KINDS;
    size_t len = compose(packet, kind, auth, data + 2, size - 2);
    const dp_handshake_setup how = { &env.env, crypto, &us.key, &us.pub,
        auth ? NULL : &them.pub, NULL };
    dp_assert(dp_handshake_new(&h, &how) == 0);
    if (!auth) {
        dp_assert(work(h) == 0);
        dp_handshake_sent(h, dp_handshake_out(h, &out));
    }
    if (feed(h, packet, len, 1 + data[1])) {
        int err = work(h);
        dp_assert(err == 0 || err == DEVP2P_ERR_HANDSHAKE);
        dp_assert(dp_handshake_done(h) == (err == 0));
        /* only a packet that is right is answered */
        dp_assert((dp_handshake_out(h, &out) > 0) == (auth && !err));
        if (!err) {
            devp2p_pubkey peer;
            dp_secrets secrets;
            dp_handshake_take(h, &peer, &secrets);
        }
        /* nothing changed: it must be right */
        bool changed = false;
        for (size_t i = 2; i < size; i++)
            changed |= data[i] != 0;
        dp_assert(kind != CHANGED || changed || !err);
    }
    dp_handshake_free(h);
    return 0;
}
