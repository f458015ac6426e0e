/* SPDX-License-Identifier: MIT */
#include "core/ec.h"

#include "base/bytes.h"
#include "base/list.h"
#include "core/ec_job.h"

#include <string.h>

dp_work *dp_ec_work(dp_ec *ec)
{
    return &ec->work;
}

dp_ec *dp_ec_of(dp_work *work)
{
    return dp_of(work, dp_ec, work);
}

void *dp_ec_owner(const dp_ec *ec)
{
    return ec->owner;
}

void dp_ec_set_owner(dp_ec *ec, void *owner)
{
    ec->owner = owner;
}

static void run_work(dp_work *work)
{
    dp_ec_run(dp_ec_of(work));
}

int dp_ec_new(dp_ec **out, const dp_handshake_setup *setup)
{
    dp_ec *ec = dp_alloc(setup->env, sizeof *ec);
    *out = ec;
    if (!ec)
        return DEVP2P_ERR_NOMEM;
    ec->work.run = run_work;
    ec->env = *setup->env;
    ec->crypto = setup->crypto;
    ec->key = *setup->key;
    ec->pub = *setup->pub;
    ec->tokens = setup->tokens;
    ec->err = DEVP2P_ERR_HANDSHAKE; /* until a step has run */
    ec->step = DP_EC_READ_AUTH;
    if (setup->dial) {
        ec->peer = *setup->dial;
        ec->step = DP_EC_MAKE_AUTH;
    }
    return 0;
}

void dp_ec_free(dp_ec *ec)
{
    if (!ec)
        return;
    dp_env env = ec->env;
    dp_wipe(ec, sizeof *ec);
    dp_free(&env, ec, sizeof *ec);
}

int dp_ec_draw(dp_ec *ec)
{
    dp_ec_chance *c = &ec->chance;
    int err = dp_key_draw(&ec->env, &c->eph);
    if (!err)
        err = dp_key_draw(&ec->env, &c->envelope);
    if (!err)
        err = dp_random(&ec->env, c->nonce, sizeof c->nonce);
    if (!err)
        err = dp_random(&ec->env, c->iv, sizeof c->iv);
    if (!err)
        err = dp_random(&ec->env, &c->padding, sizeof c->padding);
    return err;
}

static void mix(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = a[i] ^ b[i];
}

static void hash_two(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    uint8_t both[64];
    memcpy(both, a, 32);
    memcpy(both + 32, b, 32);
    devp2p_keccak256(out, both, sizeof both);
    dp_wipe(both, sizeof both);
}

/* seed starts a MAC with a nonce and a whole packet. */
static void seed(dp_keccak *k, const uint8_t mac[32], const uint8_t nonce[32],
    const uint8_t *packet, size_t len)
{
    uint8_t mixed[32];
    mix(mixed, mac, nonce);
    dp_keccak_init(k);
    dp_keccak_add(k, mixed, sizeof mixed);
    dp_keccak_add(k, packet, len);
    dp_wipe(mixed, sizeof mixed);
}

/* dp_ec_secrets: RLPx, "Initial Handshake", from ephemeral-key to the MACs.
 * What an end sends is seeded with the nonce of the other. */
int dp_ec_secrets(
    dp_ec *ec, const devp2p_pubkey *peer_eph, const uint8_t peer_nonce[32])
{
    const uint8_t *nonce = ec->chance.nonce;
    bool respond = ec->step == DP_EC_READ_AUTH;
    dp_secrets *s = &ec->secrets;
    uint8_t eph[32], shared[32], nonces[32];
    int err = dp_crypto_curve(ec->crypto)
                  ->ecdh(ec->crypto, eph, peer_eph, &ec->chance.eph);
    if (!err) {
        hash_two(
            nonces, respond ? nonce : peer_nonce, respond ? peer_nonce : nonce);
        hash_two(shared, eph, nonces);
        hash_two(s->aes, eph, shared);
        hash_two(s->mac, eph, s->aes);
        seed(&s->egress, s->mac, peer_nonce, ec->out, ec->out_len);
        seed(&s->ingress, s->mac, nonce, ec->in, ec->in_len);
    }
    dp_wipe(eph, sizeof eph);
    dp_wipe(shared, sizeof shared);
    dp_wipe(nonces, sizeof nonces);
    return err;
}

/* dp_ec_seal: the size prefix is authenticated with the envelope (EIP-8). */
int dp_ec_seal(dp_ec *ec, const uint8_t *plain, size_t len)
{
    const dp_ec_chance *c = &ec->chance;
    dp_put16(ec->out, (uint16_t)(len + DP_ECIES_OVERHEAD));
    int err =
        c->envelope_made
            ? dp_ecies_seal_with(ec->crypto, ec->out + 2, &ec->peer,
                  &c->envelope, &c->envelope_pub, c->iv, plain, len, ec->out, 2)
            : dp_ecies_seal(ec->crypto, ec->out + 2, &ec->peer, &c->envelope,
                  c->iv, plain, len, ec->out, 2);
    ec->out_len = err ? 0 : 2 + len + DP_ECIES_OVERHEAD;
    return err;
}

/* find_token: of who was here before it is known. */
static int find_token(dp_ec *ec)
{
    if (dp_tokens_find(ec->tokens, ec->token, &ec->peer))
        return 0;
    int err = dp_crypto_curve(ec->crypto)
                  ->ecdh(ec->crypto, ec->token, &ec->peer, &ec->key);
    ec->token_new = !err && ec->tokens;
    return err;
}

/* signed_hash is what the initiator's ephemeral key signs: the secret of the
 * two static keys, mixed with the initiator's nonce. */
static int signed_hash(dp_ec *ec, uint8_t hash[32], const uint8_t nonce[32])
{
    int err = find_token(ec);
    if (!err)
        mix(hash, ec->token, nonce);
    if (!ec->token_new)
        dp_wipe(ec->token, sizeof ec->token);
    return err;
}

int dp_ec_auth_body(dp_ec *ec, uint8_t *out, size_t *len)
{
    dp_auth auth;
    uint8_t hash[32];
    memcpy(auth.pub, ec->pub.b, sizeof auth.pub);
    memcpy(auth.nonce, ec->chance.nonce, sizeof auth.nonce);
    int err = signed_hash(ec, hash, auth.nonce);
    if (!err)
        err = dp_crypto_curve(ec->crypto)
                  ->sign(ec->crypto, &auth.sig, hash, &ec->chance.eph);
    if (!err)
        *len = dp_auth_write(out, &auth);
    dp_wipe(hash, sizeof hash);
    return err;
}

int dp_ec_ack_body(dp_ec *ec, uint8_t *out, size_t *len)
{
    dp_ack ack;
    devp2p_pubkey eph = ec->chance.eph_pub;
    int err = 0;
    if (!ec->chance.eph_made)
        err = dp_crypto_curve(ec->crypto)
                  ->derive(ec->crypto, &eph, &ec->chance.eph);
    if (err)
        return err;
    memcpy(ack.eph, eph.b, sizeof ack.eph);
    memcpy(ack.nonce, ec->chance.nonce, sizeof ack.nonce);
    *len = dp_ack_write(out, &ack);
    return 0;
}

/* make puts zeros behind a body and seals it. */
static int make(dp_ec *ec, int body(dp_ec *, uint8_t *, size_t *))
{
    enum { RANGE = DP_PAD_MAX - DP_PAD_MIN + 1 };
    uint8_t plain[DP_EC_PLAIN_MAX] = { 0 };
    size_t len;
    int err = body(ec, plain, &len);
    if (!err) {
        len += DP_PAD_MIN + (size_t)ec->chance.padding * RANGE / 256;
        err = dp_ec_seal(ec, plain, len);
    }
    dp_wipe(plain, sizeof plain);
    return err;
}

static int make_auth(dp_ec *ec)
{
    return make(ec, dp_ec_auth_body);
}

/* open_in opens the peer's packet in scratch: in stays as it came, because the
 * MAC is seeded with it. */
static int open_in(
    dp_ec *ec, uint8_t scratch[DP_EC_IN_MAX], uint8_t **plain, size_t *len)
{
    size_t size = ec->in_len - 2;
    memcpy(scratch, ec->in + 2, size);
    return dp_ecies_open(
        ec->crypto, plain, len, scratch, size, &ec->key, ec->in, 2);
}

static int read_ack(dp_ec *ec)
{
    const dp_curve *curve = dp_crypto_curve(ec->crypto);
    uint8_t scratch[DP_EC_IN_MAX], *plain;
    size_t len;
    dp_ack ack;
    devp2p_pubkey eph;
    int err = open_in(ec, scratch, &plain, &len);
    if (!err)
        err = dp_ack_read(&ack, plain, len);
    if (!err)
        err = curve->parse(ec->crypto, &eph, ack.eph, sizeof ack.eph);
    if (!err)
        err = dp_ec_secrets(ec, &eph, ack.nonce);
    dp_wipe(scratch, sizeof scratch);
    return err;
}

static int read_auth(dp_ec *ec)
{
    const dp_curve *curve = dp_crypto_curve(ec->crypto);
    uint8_t scratch[DP_EC_IN_MAX], hash[32], *plain;
    size_t len;
    dp_auth auth;
    devp2p_pubkey eph;
    int err = open_in(ec, scratch, &plain, &len);
    if (!err)
        err = dp_auth_read(&auth, plain, len);
    if (!err)
        err = curve->parse(ec->crypto, &ec->peer, auth.pub, sizeof auth.pub);
    if (!err)
        err = signed_hash(ec, hash, auth.nonce);
    if (!err)
        err = curve->recover(ec->crypto, &eph, &auth.sig, hash);
    if (!err)
        err = make(ec, dp_ec_ack_body);
    if (!err)
        err = dp_ec_secrets(ec, &eph, auth.nonce);
    dp_wipe(scratch, sizeof scratch);
    dp_wipe(hash, sizeof hash);
    return err;
}

void dp_ec_run(dp_ec *ec)
{
    static int (*const steps[])(dp_ec *) = { make_auth, read_ack, read_auth };
    int err = steps[ec->step](ec);
    dp_wipe_stack(); /* of what libraries and the compiler left there */
    ec->err = err && err != DEVP2P_ERR_NOMEM ? DEVP2P_ERR_HANDSHAKE : err;
}
