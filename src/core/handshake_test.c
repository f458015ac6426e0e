/* SPDX-License-Identifier: MIT */
/* handshake_test.c - two machines agree; whatever is wrong with a packet, the
 * answer is one error and not one byte. */
#include "core/handshake.h"

#include "base/bytes.h"
#include "core/ec_job.h"
#include "counting_curve.h"
#include "test.h"
#include "test_env.h"

#include <devp2p/rlp.h>

typedef struct end {
    devp2p_key key;
    devp2p_pubkey pub;
    dp_handshake *h;
} end;

static struct {
    test_env env;
    dp_crypto *real, *crypto;
    end a, b;          /* a dials b */
    dp_tokens *tokens; /* of both; NULL: none */
    size_t draws, fail_draw;
} t;

/* checked_alloc: the memory of a job is zero when it is given back. */
static void *checked_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    if (!new_size && old_size == sizeof(dp_ec))
        for (size_t i = 0; i < old_size; i++)
            assert_int_equal(((uint8_t *)old)[i], 0);
    return test_alloc(user, old, old_size, new_size);
}

static int counted_random(void *user, void *out, size_t len)
{
    int err = test_random(user, out, len);
    return ++t.draws == t.fail_draw ? DEVP2P_ERR_RANDOM : err;
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    test_env_init(&t.env);
    t.env.env.alloc = checked_alloc;
    t.env.env.random = counted_random;
    if (dp_crypto_new(&t.real, &t.env.env, NULL))
        return -1;
    counted.curve = dp_crypto_curve(t.real);
    if (dp_crypto_new(&t.crypto, &t.env.env, &counting_curve))
        return -1;
    return dp_key_draw(&t.env.env, &t.a.key) ||
           dp_key_draw(&t.env.env, &t.b.key) ||
           devp2p_key_public(&t.a.pub, &t.a.key) ||
           devp2p_key_public(&t.b.pub, &t.b.key);
}

static int teardown(void **state)
{
    (void)state;
    dp_handshake_free(t.a.h);
    dp_handshake_free(t.b.h);
    dp_tokens_free(t.tokens);
    dp_crypto_free(t.crypto);
    dp_crypto_free(t.real);
    return t.env.live != 0;
}

static int begin(end *e, const devp2p_pubkey *dial)
{
    const dp_handshake_setup how = { &t.env.env, t.crypto, &e->key, &e->pub,
        dial, t.tokens };
    dp_handshake_free(e->h);
    return dp_handshake_new(&e->h, &how);
}

static void begin_both(void)
{
    assert_int_equal(begin(&t.a, &t.b.pub), 0);
    assert_int_equal(begin(&t.b, NULL), 0);
}

/* work runs what curve work there is: 0, or the machine's error. */
static int work(end *e)
{
    dp_ec *ec;
    int err = dp_handshake_ec(e->h, &ec);
    if (err || !ec)
        return err;
    uint8_t *in;
    const uint8_t *out;
    assert_int_equal(dp_handshake_room(e->h, &in), 0);
    assert_int_equal(dp_handshake_out(e->h, &out), 0);
    dp_ec *none;
    assert_int_equal(dp_handshake_ec(e->h, &none), 0);
    assert_null(none);
    dp_ec_work(ec)->run(dp_ec_work(ec));
    return dp_handshake_ec_done(e->h, ec);
}

/* feed gives bytes to a machine, at most chunk at a time: how many it took, or
 * its error. */
static int feed(end *e, const uint8_t *bytes, size_t len, size_t chunk)
{
    size_t taken = 0;
    while (taken < len) {
        uint8_t *at;
        size_t n = dp_handshake_room(e->h, &at);
        if (!n)
            break;
        if (n > chunk)
            n = chunk;
        if (n > len - taken)
            n = len - taken;
        memcpy(at, bytes + taken, n);
        int err = dp_handshake_recv(e->h, n);
        if (err)
            return err;
        taken += n;
    }
    return (int)taken;
}

/* carry moves what one end has to say, and a byte that is not the handshake's
 * behind it. */
static void carry(end *from, end *to, size_t chunk)
{
    const uint8_t *at;
    size_t len = dp_handshake_out(from->h, &at);
    uint8_t bytes[4096] = { 0 };
    assert_true(len > 0);
    memcpy(bytes, at, len);
    assert_int_equal(feed(to, bytes, len + 1, chunk), len);
    while (len) {
        size_t n = len < chunk ? len : chunk;
        dp_handshake_sent(from->h, n);
        len -= n;
        assert_int_equal(dp_handshake_out(from->h, &at), len);
    }
}

static void agree(size_t chunk)
{
    begin_both();
    uint8_t *at;
    assert_int_equal(dp_handshake_room(t.a.h, &at), 0);
    assert_int_equal(dp_handshake_room(t.b.h, &at), 2);
    assert_int_equal(work(&t.b), 0);
    assert_int_equal(work(&t.a), 0);
    carry(&t.a, &t.b, chunk);
    assert_false(dp_handshake_done(t.b.h));
    assert_int_equal(work(&t.b), 0);
    assert_true(dp_handshake_done(t.b.h));
    carry(&t.b, &t.a, chunk);
    assert_false(dp_handshake_done(t.a.h));
    assert_int_equal(work(&t.a), 0);
    assert_true(dp_handshake_done(t.a.h));

    devp2p_pubkey peer;
    dp_secrets a, b;
    dp_handshake_take(t.a.h, &peer, &a);
    assert_memory_equal(&peer, &t.b.pub, sizeof peer);
    dp_handshake_take(t.b.h, &peer, &b);
    assert_memory_equal(&peer, &t.a.pub, sizeof peer);
    assert_memory_equal(a.aes, b.aes, 32);
    assert_memory_equal(a.mac, b.mac, 32);
    assert_memory_not_equal(a.aes, a.mac, 32);
    assert_memory_equal(&a.egress, &b.ingress, sizeof a.egress);
    assert_memory_equal(&b.egress, &a.ingress, sizeof a.egress);
    assert_memory_not_equal(&a.egress, &a.ingress, sizeof a.egress);
}

static void both_ends_agree(void **state)
{
    (void)state;
    agree(SIZE_MAX);
    agree(1);
    agree(7);
    /* the cost of it, in curve operations */
    memset(&counted.derive, 0, sizeof counted - sizeof counted.curve);
    agree(SIZE_MAX);
    assert_int_equal(counted.ecdh, 8);
    assert_int_equal(counted.sign, 1);
    assert_int_equal(counted.recover, 1);
    assert_int_equal(counted.derive, 3);
}

/* --- peers that were here before --- */

/* remember keeps the secret of each for the other. */
static void remember(void)
{
    uint8_t token[32];
    if (!t.tokens)
        assert_int_equal(dp_tokens_new(&t.tokens, &t.env.env, 2), 0);
    assert_int_equal(counted.curve->ecdh(t.real, token, &t.b.pub, &t.a.key), 0);
    dp_tokens_keep(t.tokens, &t.a.pub, token);
    dp_tokens_keep(t.tokens, &t.b.pub, token);
}

static int forget(void **state)
{
    (void)state;
    dp_tokens_free(t.tokens);
    t.tokens = NULL;
    return 0;
}

/* Each end lends the secret that it computed until somebody keeps it, and
 * computes it no more then. */
static void known_peers_agree(void **state)
{
    (void)state;
    uint8_t token[32];
    assert_int_equal(dp_tokens_new(&t.tokens, &t.env.env, 2), 0);
    counted.ecdh = 0;
    agree(SIZE_MAX);
    assert_int_equal(counted.ecdh, 8);
    assert_int_equal(counted.curve->ecdh(t.real, token, &t.b.pub, &t.a.key), 0);
    assert_memory_equal(dp_handshake_token(t.a.h), token, 32);
    assert_memory_equal(dp_handshake_token(t.b.h), token, 32);
    remember();
    counted.ecdh = 0;
    agree(SIZE_MAX);
    agree(7);
    assert_int_equal(counted.ecdh, 2 * 6);
    assert_null(dp_handshake_token(t.a.h));
    assert_null(dp_handshake_token(t.b.h));
}

/* Every size prefix there is; what is out of bounds ends it before a third byte
 * is asked for, and no memory is taken for any of them. */
static void every_size_prefix(void **state)
{
    (void)state;
    for (unsigned size = 0; size <= 0xffff; size++) {
        assert_int_equal(begin(&t.b, NULL), 0);
        size_t calls = t.env.calls;
        uint8_t prefix[2], *at;
        dp_put16(prefix, (uint16_t)size);
        int got = feed(&t.b, prefix, 2, 1);
        bool good = size >= DP_ECIES_OVERHEAD + 1 && size <= 2048;
        assert_int_equal(got, good ? 2 : DEVP2P_ERR_HANDSHAKE);
        assert_int_equal(dp_handshake_room(t.b.h, &at), good ? size : 0);
        assert_int_equal(t.env.calls, calls);
    }
}

/* offer seals any body for b, as anybody can, and lets b read it. */
static int offer(const uint8_t *body, size_t len)
{
    uint8_t packet[4096];
    devp2p_key eph;
    const uint8_t iv[16] = { 3 };
    assert_int_equal(dp_key_draw(&t.env.env, &eph), 0);
    dp_put16(packet, (uint16_t)(len + DP_ECIES_OVERHEAD));
    assert_int_equal(dp_ecies_seal(t.real, packet + 2, &t.b.pub, &eph, iv, body,
                         len, packet, 2),
        0);
    assert_int_equal(begin(&t.b, NULL), 0);
    len += 2 + DP_ECIES_OVERHEAD;
    assert_int_equal(feed(&t.b, packet, len, SIZE_MAX), len);
    memset(&counted.derive, 0, sizeof counted - sizeof counted.curve);
    return work(&t.b);
}

/* silent: the handshake is over, and nothing goes out. */
static void silent(end *e)
{
    const uint8_t *out;
    uint8_t *in;
    dp_ec *ec;
    assert_int_equal(dp_handshake_out(e->h, &out), 0);
    assert_int_equal(dp_handshake_room(e->h, &in), 0);
    assert_false(dp_handshake_done(e->h));
    assert_int_equal(dp_handshake_ec(e->h, &ec), 0);
    assert_null(ec);
}

/* good_auth is a body that b accepts. */
static void good_auth(dp_auth *auth)
{
    devp2p_key eph;
    uint8_t token[32], hash[32];
    assert_int_equal(dp_key_draw(&t.env.env, &eph), 0);
    assert_int_equal(dp_random(&t.env.env, auth->nonce, 32), 0);
    memcpy(auth->pub, t.a.pub.b, 64);
    assert_int_equal(counted.curve->ecdh(t.real, token, &t.b.pub, &t.a.key), 0);
    for (size_t i = 0; i < 32; i++)
        hash[i] = token[i] ^ auth->nonce[i];
    assert_int_equal(devp2p_sign(&auth->sig, hash, &eph), 0);
}

static int offer_auth(const dp_auth *auth)
{
    uint8_t body[DP_AUTH_BODY_MAX];
    return offer(body, dp_auth_write(body, auth));
}

static void bad_auth(void **state)
{
    (void)state;
    dp_auth good, bad;
    good_auth(&good);
    assert_int_equal(offer_auth(&good), 0);
    assert_true(dp_handshake_done(t.b.h));

    uint8_t order[32]; /* of the group */
    assert_true(dp_unhex(order, 32,
        "fffffffffffffffffffffffffffffffe"
        "baaedce6af48a03bbfd25e8cd0364141",
        64));
    for (size_t half = 0; half < 64; half += 32) {
        bad = good;
        memset(bad.sig.b + half, 0, 32);
        assert_int_equal(offer_auth(&bad), DEVP2P_ERR_HANDSHAKE);
        silent(&t.b);
        memcpy(bad.sig.b + half, order, 32);
        assert_int_equal(offer_auth(&bad), DEVP2P_ERR_HANDSHAKE);
        silent(&t.b);
    }
    for (unsigned id = 4; id < 256; id += 3) {
        bad = good;
        bad.sig.b[64] = (uint8_t)id;
        assert_int_equal(offer_auth(&bad), DEVP2P_ERR_HANDSHAKE);
        silent(&t.b);
    }
    for (size_t i = 0; i < 64; i++) {
        bad = good;
        bad.pub[i] ^= 0x10;
        assert_int_equal(offer_auth(&bad), DEVP2P_ERR_HANDSHAKE);
        assert_int_equal(counted.ecdh, 1); /* the envelope's, no other */
        silent(&t.b);
    }
    uint8_t body[DP_AUTH_BODY_MAX];
    size_t len = dp_auth_write(body, &good);
    for (size_t cut = 1; cut < len; cut++) {
        assert_int_equal(offer(body, cut), DEVP2P_ERR_HANDSHAKE);
        silent(&t.b);
    }
}

/* A secret that is kept replaces no check: all that is refused of a stranger is
 * refused of who says to be a known peer. */
static void bad_auth_of_a_known_peer(void **state)
{
    remember();
    bad_auth(state);
}

/* Who does not know the secret may still be answered, as the proof is in the
 * frames: in secrets that are not his, the same whether it was kept or not. */
static void wrong_proof_of_a_known_peer(void **state)
{
    (void)state;
    dp_auth auth;
    dp_secrets secrets[2];
    devp2p_pubkey peer;
    uint8_t out[2][2048];
    size_t len[2];
    good_auth(&auth);
    auth.nonce[5] ^= 1; /* signed for another hash */
    uint64_t drawn = t.env.drawn;
    for (int known = 0; known < 2; known++) {
        const uint8_t *at;
        t.env.drawn = drawn;
        assert_int_equal(offer_auth(&auth), 0);
        assert_int_equal(counted.ecdh, known ? 3 : 4);
        len[known] = dp_handshake_out(t.b.h, &at);
        memcpy(out[known], at, len[known]);
        dp_handshake_take(t.b.h, &peer, &secrets[known]);
        remember();
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(out[0], out[1], len[0]);
    assert_memory_equal(secrets[0].aes, secrets[1].aes, 32);
    assert_memory_equal(secrets[0].mac, secrets[1].mac, 32);
}

/* Any bit of the packet: in the point, the IV, the body, the tag. */
static void damaged_auth(void **state)
{
    (void)state;
    begin_both();
    assert_int_equal(work(&t.a), 0);
    const uint8_t *at;
    size_t len = dp_handshake_out(t.a.h, &at);
    uint8_t bytes[4096];
    for (size_t i = 2; i < len; i++) {
        memcpy(bytes, at, len);
        bytes[i] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(begin(&t.b, NULL), 0);
        assert_int_equal(feed(&t.b, bytes, len, SIZE_MAX), len);
        counted.ecdh = 0;
        assert_int_equal(work(&t.b), DEVP2P_ERR_HANDSHAKE);
        assert_int_equal(counted.ecdh, i >= 2 + 65);
        silent(&t.b);
    }
    /* one byte fewer announced, and one byte fewer there */
    memcpy(bytes, at, len);
    dp_put16(bytes, (uint16_t)(len - 3));
    assert_int_equal(begin(&t.b, NULL), 0);
    assert_int_equal(feed(&t.b, bytes, len - 1, SIZE_MAX), len - 1);
    assert_int_equal(work(&t.b), DEVP2P_ERR_HANDSHAKE);
    silent(&t.b);
}

static void bad_ack(void **state)
{
    (void)state;
    begin_both();
    assert_int_equal(work(&t.a), 0);
    carry(&t.a, &t.b, SIZE_MAX);
    assert_int_equal(work(&t.b), 0);
    const uint8_t *at;
    size_t len = dp_handshake_out(t.b.h, &at);
    uint8_t bytes[4096];
    memcpy(bytes, at, len);
    bytes[len - 1] ^= 1;
    assert_int_equal(feed(&t.a, bytes, len, SIZE_MAX), len);
    assert_int_equal(work(&t.a), DEVP2P_ERR_HANDSHAKE);
    silent(&t.a);

    /* an ack whose key is off the curve */
    dp_ack ack = { { 1 }, { 2 } };
    uint8_t body[DP_ACK_BODY_MAX];
    size_t body_len = dp_ack_write(body, &ack);
    devp2p_key eph;
    const uint8_t iv[16] = { 3 };
    assert_int_equal(dp_key_draw(&t.env.env, &eph), 0);
    dp_put16(bytes, (uint16_t)(body_len + DP_ECIES_OVERHEAD));
    assert_int_equal(dp_ecies_seal(t.real, bytes + 2, &t.a.pub, &eph, iv, body,
                         body_len, bytes, 2),
        0);
    begin_both();
    assert_int_equal(work(&t.a), 0);
    carry(&t.a, &t.b, SIZE_MAX);
    len = body_len + 2 + DP_ECIES_OVERHEAD;
    assert_int_equal(feed(&t.a, bytes, len, SIZE_MAX), len);
    assert_int_equal(work(&t.a), DEVP2P_ERR_HANDSHAKE);
    silent(&t.a);
}

/* Whom we dialled answers under another key: it cannot even read our packet. */
static void wrong_key(void **state)
{
    (void)state;
    begin_both();
    end other = { 0 };
    assert_int_equal(dp_key_draw(&t.env.env, &other.key), 0);
    assert_int_equal(devp2p_key_public(&other.pub, &other.key), 0);
    assert_int_equal(begin(&other, NULL), 0);
    assert_int_equal(work(&t.a), 0);
    carry(&t.a, &other, SIZE_MAX);
    assert_int_equal(work(&other), DEVP2P_ERR_HANDSHAKE);
    silent(&other);
    dp_handshake_free(other.h);
}

/* The padding is zeros behind the list, 100 to 199 of them, and both ends of
 * the range are reached. */
static void padding(void **state)
{
    (void)state;
    size_t least = SIZE_MAX, most = 0;
    for (unsigned draw = 0; draw < 256; draw += draw < 250 ? 50 : 5) {
        const dp_handshake_setup how = { &t.env.env, t.crypto, &t.a.key,
            &t.a.pub, &t.b.pub, NULL };
        dp_ec *ec;
        assert_int_equal(dp_ec_new(&ec, &how), 0);
        assert_int_equal(dp_ec_draw(ec), 0);
        ec->chance.padding = (uint8_t)draw;
        dp_ec_run(ec);
        assert_int_equal(ec->err, 0);
        assert_int_equal(dp_get16(ec->out), ec->out_len - 2);
        uint8_t *plain;
        size_t len;
        assert_int_equal(dp_ecies_open(t.real, &plain, &len, ec->out + 2,
                             ec->out_len - 2, &t.b.key, ec->out, 2),
            0);
        devp2p_rlp_reader r = devp2p_rlp_read(plain, len);
        size_t list = devp2p_rlp_get_raw(&r).len;
        for (size_t i = list; i < len; i++)
            assert_int_equal(plain[i], 0);
        len -= list;
        least = len < least ? len : least;
        most = len > most ? len : most;
        dp_ec_free(ec);
    }
    assert_int_equal(least, DP_PAD_MIN);
    assert_int_equal(most, DP_PAD_MAX);
}

/* A packet of ours that is not out yet: nothing is read, nothing is lost. */
static void unsent_packet(void **state)
{
    (void)state;
    begin_both();
    const uint8_t *out;
    uint8_t *in;
    assert_int_equal(work(&t.a), 0);
    size_t len = dp_handshake_out(t.a.h, &out);
    dp_handshake_sent(t.a.h, len - 1);
    assert_int_equal(dp_handshake_room(t.a.h, &in), 0);
    assert_int_equal(dp_handshake_out(t.a.h, &out), 1);
    dp_handshake_sent(t.a.h, 1);
    assert_int_equal(dp_handshake_room(t.a.h, &in), 2);
}

/* Each draw fails once: no job, no byte; then it works. */
static void each_draw_fails_once(void **state)
{
    (void)state;
    begin_both();
    size_t failed = 0;
    dp_ec *ec;
    for (;;) {
        t.fail_draw = t.draws + failed + 1;
        int err = dp_handshake_ec(t.a.h, &ec);
        if (!err)
            break;
        const uint8_t *out;
        assert_int_equal(err, DEVP2P_ERR_RANDOM);
        assert_null(ec);
        assert_int_equal(dp_handshake_out(t.a.h, &out), 0);
        failed++;
    }
    t.fail_draw = 0;
    assert_int_equal(failed, 5);
    dp_ec_run(ec);
    assert_int_equal(dp_handshake_ec_done(t.a.h, ec), 0);
    carry(&t.a, &t.b, SIZE_MAX);
    for (size_t i = 1; i <= 5; i++) {
        t.fail_draw = t.draws + i;
        assert_int_equal(dp_handshake_ec(t.b.h, &ec), DEVP2P_ERR_RANDOM);
        assert_null(ec);
    }
    t.fail_draw = 0;
    assert_int_equal(work(&t.b), 0);
    assert_true(dp_handshake_done(t.b.h));
}

static void no_memory(void **state)
{
    (void)state;
    dp_handshake_free(t.b.h);
    t.b.h = NULL;
    for (size_t n = 1; n <= 2; n++) {
        test_env_fail(&t.env, n);
        size_t live = t.env.live;
        assert_int_equal(begin(&t.b, NULL), DEVP2P_ERR_NOMEM);
        assert_null(t.b.h);
        assert_int_equal(t.env.live, live);
    }
    assert_int_equal(begin(&t.b, NULL), 0);
    dp_ec_free(NULL);
    dp_handshake_free(NULL);
}

/* A job may outlive its handshake, and one that never ran gives nothing. */
static void lost_work(void **state)
{
    (void)state;
    begin_both();
    dp_ec *ec;
    int owner;
    assert_int_equal(dp_handshake_ec(t.a.h, &ec), 0);
    dp_ec_set_owner(ec, &owner);
    dp_handshake_free(t.a.h);
    t.a.h = NULL;
    dp_ec_run(ec);
    assert_ptr_equal(dp_ec_owner(ec), &owner);
    assert_ptr_equal(dp_ec_of(dp_ec_work(ec)), ec);
    dp_ec_free(ec);

    begin_both();
    assert_int_equal(dp_handshake_ec(t.a.h, &ec), 0);
    assert_int_equal(dp_handshake_ec_done(t.a.h, ec), DEVP2P_ERR_HANDSHAKE);
    silent(&t.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree),
        cmocka_unit_test_teardown(known_peers_agree, forget),
        cmocka_unit_test(every_size_prefix),
        cmocka_unit_test(bad_auth),
        cmocka_unit_test_teardown(bad_auth_of_a_known_peer, forget),
        cmocka_unit_test_teardown(wrong_proof_of_a_known_peer, forget),
        cmocka_unit_test(damaged_auth),
        cmocka_unit_test(bad_ack),
        cmocka_unit_test(wrong_key),
        cmocka_unit_test(padding),
        cmocka_unit_test(unsent_packet),
        cmocka_unit_test(each_draw_fails_once),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(lost_work),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
