/* SPDX-License-Identifier: MIT */
/* vector_rlpx_handshake.c - packets go through the machine and the step that it
 * lends; what those keep to themselves is computed beside them. */
#include "vector_main.h"

#include "base/bytes.h"
#include "core/ec_job.h"

#include <devp2p/rlp.h>
#include <string.h>

/* A party is one end with everything that a case may give it. */
typedef struct party {
    dp_env env;
    dp_crypto *crypto;
    devp2p_key key;
    devp2p_pubkey pub;
} party;

static int some_chance(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 7, len);
    return 0;
}

static int party_init(party *p, const json_t *input, const char *member)
{
    *p = (party){ .env = { .alloc = dp_default_alloc, .random = some_chance } };
    int err = devp2p_key_parse(&p->key, vector_text(input, member));
    if (!err)
        err = devp2p_key_public(&p->pub, &p->key);
    return err ? err : dp_crypto_new(&p->crypto, &p->env, NULL);
}

static void party_fini(party *p)
{
    dp_crypto_free(p->crypto);
}

static void fixed(void *out, size_t len, const json_t *input, const char *key)
{
    size_t n;
    const uint8_t *at = vector_bytes(input, key, &n);
    memset(out, 0, len);
    memcpy(out, at, n < len ? n : len);
}

static dp_handshake_setup setup(const party *p, const devp2p_pubkey *dial)
{
    return (
        dp_handshake_setup){ &p->env, p->crypto, &p->key, &p->pub, dial, NULL };
}

/* --- reading --- */

/* feed gives a machine a packet: 0 when that is just what it wanted. */
static int feed(dp_handshake *h, const uint8_t *at, size_t len)
{
    uint8_t *to;
    size_t n;
    while ((n = dp_handshake_room(h, &to)) > 0) {
        if (n > len)
            return DEVP2P_ERR_HANDSHAKE;
        memcpy(to, at, n);
        int err = dp_handshake_recv(h, n);
        if (err)
            return err;
        at += n;
        len -= n;
    }
    return len ? DEVP2P_ERR_HANDSHAKE : 0;
}

static int step(dp_handshake *h)
{
    dp_ec *ec;
    int err = dp_handshake_ec(h, &ec);
    if (err)
        return err;
    dp_ec_run(ec);
    return dp_handshake_ec_done(h, ec);
}

/* accept runs a packet through a machine of p: the responder's for auth, the
 * initiator's, who has dialled somebody, for ack. */
static int accept(const party *p, bool auth, const uint8_t *at, size_t len,
    devp2p_pubkey *peer)
{
    dp_handshake *h;
    dp_secrets secrets;
    dp_handshake_setup how = setup(p, auth ? NULL : &p->pub);
    int err = dp_handshake_new(&h, &how);
    if (err)
        return err;
    if (!auth) {
        const uint8_t *out;
        err = step(h);
        dp_handshake_sent(h, dp_handshake_out(h, &out));
    }
    if (!err)
        err = feed(h, at, len);
    if (!err)
        err = step(h);
    if (!err)
        dp_handshake_take(h, peer, &secrets);
    dp_handshake_free(h);
    return err;
}

/* rest_agrees looks at what comes after the elements that are ours to read:
 * version, further elements, padding. */
static bool rest_agrees(
    const json_t *output, size_t skip, const uint8_t *plain, size_t len)
{
    devp2p_rlp_reader r = devp2p_rlp_read(plain, len);
    devp2p_slice list = devp2p_rlp_get_raw(&r);
    if (list.len + (size_t)vector_int(output, "padding_size") != len)
        return false;
    r = devp2p_rlp_read(list.at, list.len);
    devp2p_rlp_enter(&r);
    while (skip--)
        devp2p_rlp_get_bytes(&r);
    if (devp2p_rlp_get_u64(&r) != (uint64_t)vector_int(output, "version"))
        return false;
    size_t i;
    const json_t *want;
    json_array_foreach(json_object_get(output, "rest"), i, want)
    {
        devp2p_slice got = devp2p_rlp_get_raw(&r);
        size_t n;
        const uint8_t *bytes = vector_hex(want, &n);
        if (got.len != n || memcmp(got.at, bytes, n) != 0)
            return false;
    }
    devp2p_rlp_leave(&r);
    return devp2p_rlp_done(&r) == 0;
}

/* signed_by recovers the ephemeral key of an auth body. */
static int signed_by(const party *p, devp2p_pubkey *eph, const dp_auth *auth,
    uint8_t token[32], uint8_t hash[32])
{
    devp2p_pubkey from;
    const dp_curve *curve = dp_crypto_curve(p->crypto);
    int err = curve->parse(p->crypto, &from, auth->pub, 64);
    if (!err)
        err = curve->ecdh(p->crypto, token, &from, &p->key);
    for (size_t i = 0; !err && i < 32; i++)
        hash[i] = token[i] ^ auth->nonce[i];
    return err ? err : curve->recover(p->crypto, eph, &auth->sig, hash);
}

static bool auth_agrees(const party *p, const json_t *output,
    const devp2p_pubkey *peer, const uint8_t *plain, size_t len)
{
    dp_auth auth;
    devp2p_pubkey eph;
    uint8_t token[32], hash[32];
    return dp_auth_read(&auth, plain, len) == 0 &&
           signed_by(p, &eph, &auth, token, hash) == 0 &&
           vector_same(output, "signature", auth.sig.b, 65) &&
           vector_same(output, "initiator_pub", peer->b, 64) &&
           vector_same(output, "nonce", auth.nonce, 32) &&
           vector_same(output, "eph_pub", eph.b, 64) &&
           rest_agrees(output, 3, plain, len);
}

static bool ack_agrees(const json_t *output, const uint8_t *plain, size_t len)
{
    dp_ack ack;
    return dp_ack_read(&ack, plain, len) == 0 &&
           vector_same(output, "eph_pub", ack.eph, 64) &&
           vector_same(output, "nonce", ack.nonce, 32) &&
           rest_agrees(output, 2, plain, len);
}

static int read_packet(const json_t *input, const json_t *output, bool auth)
{
    party p;
    devp2p_pubkey peer;
    size_t len, plain_len;
    uint8_t *packet = vector_bytes(input, "packet", &len), *plain;
    int err = party_init(&p, input, auth ? "recipient_key" : "initiator_key");
    if (!err)
        err = accept(&p, auth, packet, len, &peer);
    if (!err && output) {
        bool same = dp_ecies_open(p.crypto, &plain, &plain_len, packet + 2,
                        len - 2, &p.key, packet, 2) == 0 &&
                    vector_same(output, "plaintext", plain, plain_len) &&
                    (auth ? auth_agrees(&p, output, &peer, plain, plain_len)
                          : ack_agrees(output, plain, plain_len));
        err = same ? 0 : VECTOR_DIFFERS;
    }
    party_fini(&p);
    return err;
}

static int run_read_auth(const json_t *input, const json_t *output)
{
    return read_packet(input, output, true);
}

static int run_read_ack(const json_t *input, const json_t *output)
{
    return read_packet(input, output, false);
}

/* --- making, with chance given --- */

/* job is one of p for a peer, with the chance of the case. */
static int job(dp_ec **out, const party *p, const json_t *input,
    const char *peer, const char *eph, const char *nonce)
{
    devp2p_pubkey to;
    fixed(to.b, 64, input, peer);
    dp_handshake_setup how = setup(p, &to);
    int err = dp_ec_new(out, &how);
    if (err)
        return err;
    fixed((*out)->chance.eph.b, 32, input, eph);
    fixed((*out)->chance.nonce, 32, input, nonce);
    return 0;
}

typedef int body_fn(dp_ec *ec, uint8_t *out, size_t *len);

static int make(const party *p, const json_t *input, const json_t *output,
    const char *peer, body_fn *body)
{
    dp_ec *ec;
    uint8_t plain[DP_EC_PLAIN_MAX];
    size_t len, padding_len;
    const uint8_t *padding = vector_bytes(input, "padding", &padding_len);
    int err = job(&ec, p, input, peer, "eph_key", "nonce");
    if (err)
        return err;
    fixed(ec->chance.envelope.b, 32, input, "ecies_key");
    fixed(ec->chance.iv, 16, input, "ecies_iv");
    err = body(ec, plain, &len);
    bool same = !err && vector_same(output, "body", plain, len) &&
                vector_int(input, "version") == DP_AUTH_VERSION &&
                padding_len <= DP_PAD_MAX;
    if (same) {
        memcpy(plain + len, padding, padding_len);
        err = dp_ec_seal(ec, plain, len + padding_len);
        same = vector_same(output, "packet", ec->out, ec->out_len);
    }
    dp_ec_free(ec);
    return err ? err : same ? 0 : VECTOR_DIFFERS;
}

static int run_make_auth(const json_t *input, const json_t *output)
{
    party p;
    int err = party_init(&p, input, "initiator_key");
    if (!err)
        err = make(&p, input, output, "recipient_pub", dp_ec_auth_body);
    party_fini(&p);
    return err;
}

static int run_make_ack(const json_t *input, const json_t *output)
{
    party p; /* its own key does not matter */
    int err = party_init(&p, input, "ecies_key");
    if (!err)
        err = make(&p, input, output, "initiator_pub", dp_ec_ack_body);
    party_fini(&p);
    return err;
}

/* --- the signature inside auth --- */

static int signature_agrees(const json_t *output, const uint8_t token[32],
    const uint8_t hash[32], const char *key, const void *at, size_t len)
{
    return vector_same(output, "static_shared", token, 32) &&
                   vector_same(output, "signed_hash", hash, 32) &&
                   vector_same(output, key, at, len)
               ? 0
               : VECTOR_DIFFERS;
}

static int run_signature_recover(const json_t *input, const json_t *output)
{
    party p;
    dp_auth auth;
    devp2p_pubkey eph;
    uint8_t token[32], hash[32];
    fixed(auth.sig.b, 65, input, "signature");
    fixed(auth.pub, 64, input, "initiator_pub");
    fixed(auth.nonce, 32, input, "nonce");
    int err = party_init(&p, input, "recipient_key");
    if (!err)
        err = signed_by(&p, &eph, &auth, token, hash);
    party_fini(&p);
    return err || !output
               ? err
               : signature_agrees(output, token, hash, "eph_pub", eph.b, 64);
}

static int run_signature_make(const json_t *input, const json_t *output)
{
    party p;
    dp_ec *ec = NULL;
    dp_auth auth;
    uint8_t body[DP_AUTH_BODY_MAX], token[32], hash[32];
    size_t len;
    int err = party_init(&p, input, "initiator_key");
    if (!err)
        err = job(&ec, &p, input, "recipient_pub", "eph_key", "nonce");
    if (!err)
        err = dp_ec_auth_body(ec, body, &len);
    if (!err)
        err = dp_auth_read(&auth, body, len);
    if (!err)
        err = dp_crypto_curve(p.crypto)->ecdh(
            p.crypto, token, &ec->peer, &ec->key);
    for (size_t i = 0; !err && i < 32; i++)
        hash[i] = token[i] ^ auth.nonce[i];
    dp_ec_free(ec);
    party_fini(&p);
    return err || !output ? err
                          : signature_agrees(output, token, hash, "signature",
                                auth.sig.b, 65);
}

/* --- secrets --- */

/* of names a member of one side: "initiator_nonce". */
static const char *of(const char *side, const char *what)
{
    static char name[64];
    snprintf(name, sizeof name, "%s_%s", side, what);
    return name;
}

static bool mac_agrees(
    const json_t *output, const char *side, const char *way, dp_keccak k)
{
    char name[32];
    uint8_t digest[32];
    dp_keccak_peek(&k, digest);
    snprintf(name, sizeof name, "%s_mac_start", way);
    if (!vector_same(output, of(side, name), digest, 32))
        return false;
    dp_keccak_add(&k, "foo", 3);
    dp_keccak_peek(&k, digest);
    snprintf(name, sizeof name, "%s_mac_foo", way);
    return vector_same(output, of(side, name), digest, 32);
}

/* shared_agrees: what the secrets are made from. */
static bool shared_agrees(const json_t *input, const json_t *output,
    const dp_ec *ec, const devp2p_pubkey *peer_eph)
{
    uint8_t token[32], eph[32], both[64], shared[32];
    const dp_curve *curve = dp_crypto_curve(ec->crypto);
    if (curve->ecdh(ec->crypto, token, &ec->peer, &ec->key) ||
        curve->ecdh(ec->crypto, eph, peer_eph, &ec->chance.eph))
        return false;
    fixed(both, 32, input, "recipient_nonce");
    fixed(both + 32, 32, input, "initiator_nonce");
    devp2p_keccak256(both + 32, both, 64);
    memcpy(both, eph, 32);
    devp2p_keccak256(shared, both, 64);
    return vector_same(output, "static_shared", token, 32) &&
           vector_same(output, "eph_shared", eph, 32) &&
           vector_same(output, "shared_secret", shared, 32);
}

static bool packet(uint8_t *out, size_t *len, size_t cap, const json_t *input,
    const char *member)
{
    const uint8_t *at = vector_bytes(input, member, len);
    if (*len > cap)
        return false;
    memcpy(out, at, *len);
    return true;
}

static int derive(devp2p_pubkey *out, const json_t *input, const char *member)
{
    devp2p_key key;
    fixed(key.b, 32, input, member);
    return devp2p_key_public(out, &key);
}

/* one_side makes the secrets as the initiator or as the recipient does. */
static int one_side(const json_t *input, const json_t *output, bool initiator)
{
    const char *us = initiator ? "initiator" : "recipient";
    const char *them = initiator ? "recipient" : "initiator";
    party p;
    dp_ec *ec = NULL;
    devp2p_pubkey peer, peer_eph;
    uint8_t peer_nonce[32];
    int err = party_init(&p, input, of(us, "key"));
    dp_handshake_setup how = setup(&p, &peer);
    if (!err)
        err = derive(&peer, input, of(them, "key"));
    if (!err)
        err = derive(&peer_eph, input, of(them, "eph_key"));
    if (!err)
        err = dp_ec_new(&ec, &how);
    if (err) {
        party_fini(&p);
        return err;
    }
    ec->step = initiator ? DP_EC_READ_ACK : DP_EC_READ_AUTH;
    fixed(ec->chance.eph.b, 32, input, of(us, "eph_key"));
    fixed(ec->chance.nonce, 32, input, of(us, "nonce"));
    fixed(peer_nonce, 32, input, of(them, "nonce"));
    const char *ours = initiator ? "auth_packet" : "ack_packet";
    const char *theirs = initiator ? "ack_packet" : "auth_packet";
    bool same = packet(ec->out, &ec->out_len, sizeof ec->out, input, ours) &&
                packet(ec->in, &ec->in_len, sizeof ec->in, input, theirs) &&
                dp_ec_secrets(ec, &peer_eph, peer_nonce) == 0 &&
                shared_agrees(input, output, ec, &peer_eph) &&
                vector_same(output, "aes_secret", ec->secrets.aes, 32) &&
                vector_same(output, "mac_secret", ec->secrets.mac, 32) &&
                mac_agrees(output, us, "egress", ec->secrets.egress) &&
                mac_agrees(output, us, "ingress", ec->secrets.ingress);
    dp_ec_free(ec);
    party_fini(&p);
    return same ? 0 : VECTOR_DIFFERS;
}

static int run_secrets(const json_t *input, const json_t *output)
{
    int err = one_side(input, output, true);
    return err ? err : one_side(input, output, false);
}

static const vector_row rows[] = { { "read_auth", run_read_auth },
    { "read_ack", run_read_ack }, { "make_auth", run_make_auth },
    { "make_ack", run_make_ack },
    { "auth_signature_recover", run_signature_recover },
    { "auth_signature_make", run_signature_make }, { "secrets", run_secrets },
    { NULL, NULL } };

const vector_file vector_rlpx_handshake = { "rlpx_handshake", rows };
