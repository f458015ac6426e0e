/* SPDX-License-Identifier: MIT */
/* secret_time [CONTROL]: everything that meets a secret, with the secrets
 * undefined to valgrind's memcheck, which then reports every branch and every
 * address that depends on one.  A CONTROL is a fault that must be reported. */
#include "base/assert.h"
#include "base/bytes.h"
#include "core/ec_job.h"
#include "core/spares.h"
#include "crypto/crypto.h"
#include "test_env.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

static test_env memory;
static dp_crypto *crypto;

static void make_secret(void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

static void make_public(void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/* --- envelopes --- */

static void envelopes(void)
{
    enum { LEN = 100, ALL = LEN + DP_ECIES_OVERHEAD };
    uint8_t packet[ALL], plain[LEN] = { 1, 2, 3 }, iv[16] = { 9 }, *opened;
    size_t len;
    devp2p_key key, eph;
    devp2p_pubkey pub;
    dp_assert(dp_key_draw(&memory.env, &key) == 0);
    dp_assert(dp_key_draw(&memory.env, &eph) == 0);
    make_secret(&key, sizeof key);
    make_secret(&eph, sizeof eph);
    make_secret(plain, sizeof plain);
    dp_assert(devp2p_key_public(&pub, &key) == 0);
    for (int good = 0; good < 2; good++) {
        dp_assert(dp_ecies_seal(crypto, packet, &pub, &eph, iv, plain, LEN,
                      NULL, 0) == 0);
        make_public(packet, ALL);
        packet[ALL - 1] ^= !good;
        int err =
            dp_ecies_open(crypto, &opened, &len, packet, ALL, &key, NULL, 0);
        dp_assert(err == (good ? 0 : DEVP2P_ERR_HANDSHAKE));
    }
}

/* --- a handshake, and what follows from it --- */

typedef struct end {
    devp2p_key key;
    devp2p_pubkey pub;
    dp_ec *ec;
} end;

/* serve gives keys that were made ahead, in secret. */
static void serve(dp_ec *ec)
{
    const dp_now late = { .mono = DP_SEC };
    dp_spares s;
    dp_spares_init(&s, &memory.env, crypto, 2, (dp_now){ 0 });
    dp_work *job = dp_spares_job(&s, late);
    for (size_t i = 0; i < s.batch; i++)
        make_secret(&s.keys[s.max + i].key, sizeof s.keys->key);
    job->run(job);
    dp_assert(dp_spares_made(&s, job) && s.n == 2);
    dp_spares_serve(&s, ec);
    dp_assert(ec->chance.envelope_made);
    dp_spares_fini(&s);
}

/* end_init: tokens is NULL for ends that never met. */
static void end_init(end *e, const devp2p_pubkey *dial, dp_tokens *tokens)
{
    dp_handshake_setup setup = { .env = &memory.env,
        .crypto = crypto,
        .key = &e->key,
        .pub = &e->pub,
        .dial = dial,
        .tokens = tokens };
    dp_assert(dp_ec_new(&e->ec, &setup) == 0);
    dp_assert(dp_ec_draw(e->ec) == 0);
    make_secret(&e->ec->key, sizeof e->ec->key);
    make_secret(&e->ec->chance.eph, sizeof e->ec->chance.eph);
    make_secret(&e->ec->chance.nonce, sizeof e->ec->chance.nonce);
    make_secret(&e->ec->chance.envelope, sizeof e->ec->chance.envelope);
    if (tokens)
        serve(e->ec);
}

static void end_key(end *e)
{
    dp_assert(dp_key_draw(&memory.env, &e->key) == 0);
    dp_assert(devp2p_key_public(&e->pub, &e->key) == 0);
}

static void send(dp_ec *from, dp_ec *to)
{
    make_public(from->out, from->out_len);
    memcpy(to->in, from->out, from->out_len);
    to->in_len = from->out_len;
}

static void handshake(
    end *ends, dp_tokens *tokens, dp_secrets *a_secrets, dp_secrets *b_secrets)
{
    end a = ends[0], b = ends[1];
    end_init(&a, &b.pub, tokens);
    end_init(&b, NULL, tokens);
    dp_ec_run(a.ec);
    dp_assert(a.ec->err == 0);
    send(a.ec, b.ec);
    dp_ec_run(b.ec);
    dp_assert(b.ec->err == 0);
    send(b.ec, a.ec);
    a.ec->step = DP_EC_READ_ACK;
    dp_ec_run(a.ec);
    dp_assert(a.ec->err == 0);
    *a_secrets = a.ec->secrets;
    *b_secrets = b.ec->secrets;
    if (tokens && a.ec->token_new) {
        dp_tokens_keep(tokens, &a.pub, b.ec->token);
        dp_tokens_keep(tokens, &b.pub, a.ec->token);
    }
    dp_ec_free(a.ec);
    dp_ec_free(b.ec);
}

/* known: the second time they have met before. */
static void known(void)
{
    end ends[2];
    dp_secrets a, b;
    dp_tokens *tokens;
    dp_assert(dp_tokens_new(&tokens, &memory.env, 2) == 0);
    end_key(&ends[0]);
    end_key(&ends[1]);
    for (int i = 0; i < 2; i++)
        handshake(ends, tokens, &a, &b);
    dp_tokens_free(tokens);
}

/* secret tells whether memcheck would report the use of these bytes. */
static bool secret(const void *at, size_t len)
{
    uint8_t bits[64];
    dp_assert(len <= sizeof bits);
    if (VALGRIND_GET_VBITS(at, bits, len) != 1)
        return true; /* not under valgrind: nothing is checked */
    for (size_t i = 0; i < len; i++)
        if (bits[i] != 0xff)
            return false;
    return true;
}

/* A line is both ends of a direction, and a frame between them. */
typedef struct line {
    dp_dir out, in;
    uint8_t wire[DP_FRAME_HEAD + 112 + DP_FRAME_TAIL];
} line;

/* exchange seals n frames and opens them, whose MACs hold or do not. */
static void exchange(dp_engine *engine, line *lines, size_t n, bool good)
{
    enum { SIZE = 100, MOST = 9 };
    dp_frames seal[MOST], open[MOST], *job[MOST];
    dp_assert(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        line *l = &lines[i];
        seal[i] = (dp_frames){ .dir = &l->out,
            .at = l->wire,
            .end = l->wire + sizeof l->wire,
            .count_max = 1 };
        open[i] = seal[i];
        open[i].dir = &l->in;
        open[i].open = true;
        open[i].size_max = SIZE;
        dp_frame_header(l->wire, SIZE);
        job[i] = &seal[i];
    }
    dp_frames_run(engine, job, n);
    for (size_t i = 0; i < n; i++) {
        line *l = &lines[i];
        dp_assert(seal[i].err == 0 && seal[i].count == 1);
        make_public(l->wire, sizeof l->wire);
        l->wire[sizeof l->wire - 1] ^= !good;
        job[i] = &open[i];
    }
    dp_frames_run(engine, job, n);
    for (size_t i = 0; i < n; i++)
        dp_assert(open[i].err == (good ? 0 : DEVP2P_ERR_FRAME_MAC));
}

/* frames of one connection, and of more than a processor works on at once. */
static void frames(const dp_secrets *a, const dp_secrets *b)
{
    static const size_t counts[] = { 1, 9 };
    line lines[9];
    dp_engine *engine;
    dp_assert(dp_engine_new(&engine, &memory.env, crypto) == 0);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        memset(lines, 0, sizeof lines);
        for (size_t i = 0; i < counts[k]; i++) {
            dp_dir_init(&lines[i].out, a, &a->egress);
            dp_dir_init(&lines[i].in, b, &b->ingress);
        }
        exchange(engine, lines, counts[k], true);
        exchange(engine, lines, counts[k], false);
        for (size_t i = 0; i < counts[k]; i++) {
            dp_dir_fini(&lines[i].out);
            dp_dir_fini(&lines[i].in);
        }
    }
    dp_engine_free(engine);
}

static void sessions(void)
{
    dp_secrets a, b;
    end ends[2];
    end_key(&ends[0]);
    end_key(&ends[1]);
    handshake(ends, NULL, &a, &b);
    dp_assert(secret(a.aes, 32) && secret(a.mac, 32));
    dp_assert(secret(b.egress.lane, 64) && secret(b.ingress.lane, 64));
    frames(&a, &b);
}

/* --- faults --- */

static volatile int sink;

static void control(const char *name)
{
    uint8_t a[32] = { 1 }, b[32] = { 2 };
    static const uint8_t table[256] = { 3 };
    make_secret(a, sizeof a);
    if (strcmp(name, "memcmp") == 0)
        sink = memcmp(a, b, sizeof a) == 0 ? 1 : 2;
    else if (strcmp(name, "branch") == 0)
        sink = a[0] & 1 ? 1 : table[a[1] != 0];
    else if (strcmp(name, "index") == 0)
        sink = table[a[0]];
    else
        dp_assert(name == NULL); /* no such control */
}

int main(int argc, char **argv)
{
    test_env_init(&memory);
    dp_assert(dp_crypto_new(&crypto, &memory.env, NULL) == 0);
    if (argc > 1) {
        control(argv[1]);
    } else {
        envelopes();
        sessions();
        known();
    }
    dp_crypto_free(crypto);
    dp_assert(memory.live == 0);
    return RUNNING_ON_VALGRIND ? 0 : 2;
}
