/* SPDX-License-Identifier: MIT */
/* handshakes.c - one end of a handshake in memory, from its first byte to the
 * secrets; beside it the curve operations that RLPx ("Initial Handshake") asks
 * of that end.  The packets of the other end are recorded once: an ack answers
 * any auth of the same node.  The ephemeral keys are made ahead, as a server
 * does while it is idle, and not in the time of a handshake; spare_key is what
 * one of them costs, and fresh the same handshake without them.  known is one
 * with a peer whose shared secret was kept, too. */
#include "trial.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "core/handshake.h"
#include "core/spares.h"

#include <string.h>

typedef struct end {
    devp2p_key key;
    devp2p_pubkey pub;
    uint8_t packet[2 + 2048];
    size_t len;
} end;

static dp_env env;
static dp_crypto *crypto;
static const dp_curve *curve;
static end near, far; /* near dials far */
static dp_spares spares;
static bool ahead;                /* handshakes use them */
static dp_tokens *tokens, *known; /* known: what handshakes use, or NULL */

/* --- the machine --- */

static dp_handshake *begin(const end *of, const devp2p_pubkey *dial)
{
    const dp_handshake_setup setup = {
        .env = &env,
        .crypto = crypto,
        .key = &of->key,
        .pub = &of->pub,
        .dial = dial,
        .tokens = known,
    };
    dp_handshake *h;
    must(dp_handshake_new(&h, &setup) == 0);
    return h;
}

static void work(dp_handshake *h)
{
    dp_ec *ec;
    must(dp_handshake_ec(h, &ec) == 0 && ec);
    if (ahead)
        dp_spares_serve(&spares, ec);
    dp_ec_run(ec);
    must(dp_handshake_ec_done(h, ec) == 0);
}

/* say takes the machine's packet; the first one of an end is recorded. */
static void say(dp_handshake *h, end *of)
{
    const uint8_t *at;
    size_t len = dp_handshake_out(h, &at);
    must(len > 0 && len <= sizeof of->packet);
    if (of->len == 0) {
        memcpy(of->packet, at, len);
        of->len = len;
    }
    dp_handshake_sent(h, len);
}

static void hear(dp_handshake *h, const end *from)
{
    size_t done = 0, n;
    uint8_t *at;
    while ((n = dp_handshake_room(h, &at))) {
        must(n <= from->len - done);
        memcpy(at, from->packet + done, n);
        done += n;
        must(dp_handshake_recv(h, n) == 0);
    }
    must(done == from->len);
}

static void finish(dp_handshake *h)
{
    devp2p_pubkey peer;
    dp_secrets secrets;
    must(dp_handshake_done(h));
    dp_handshake_take(h, &peer, &secrets);
    dp_wipe(&secrets, sizeof secrets);
    dp_handshake_free(h);
}

static void respond(void)
{
    dp_handshake *h = begin(&far, NULL);
    hear(h, &near);
    work(h);
    say(h, &far);
    finish(h);
}

static void initiate(void)
{
    dp_handshake *h = begin(&near, &far.pub);
    work(h);
    say(h, &near);
    hear(h, &far);
    work(h);
    finish(h);
}

/* record needs both ends at once, as the auth comes before the ack. */
static void record(void)
{
    dp_handshake *h = begin(&near, &far.pub);
    work(h);
    say(h, &near);
    respond();
    dp_handshake_free(h);
}

/* fill does what idle time does, and has handshakes use it. */
static void fill(dp_spares *s)
{
    const dp_now late = { .mono = DP_NEVER - 1 };
    for (dp_work *job; (job = dp_spares_job(s, late));) {
        job->run(job);
        must(dp_spares_made(s, job));
    }
    ahead = true;
}

static void responder(meter *m)
{
    fill(&spares);
    meter_start(m);
    respond();
    meter_stop(m, 1);
}

/* known_responder answers a peer that was here before. */
static void known_responder(meter *m)
{
    known = tokens;
    responder(m);
    known = NULL;
}

static void fresh_responder(meter *m)
{
    ahead = false;
    meter_start(m);
    respond();
    meter_stop(m, 1);
}

static void initiator(meter *m)
{
    fill(&spares);
    meter_start(m);
    initiate();
    meter_stop(m, 1);
}

static void spare_key(meter *m)
{
    dp_spares s;
    dp_spares_init(&s, &env, crypto, DP_SPARES_BATCH, (dp_now){ 0 });
    meter_start(m);
    fill(&s);
    meter_stop(m, DP_SPARES_BATCH);
    dp_spares_fini(&s);
}

/* --- the bound --- */

/* operations does what both ends need: two keys (of the exchange and of the
 * envelope), and four exchanges (static with static, ephemeral with ephemeral,
 * the envelopes sent and received); then an auth is signed or its signature
 * recovered. */
static void operations(bool sign)
{
    static const uint8_t hash[32] = { 1 };
    static devp2p_sig sig;
    devp2p_pubkey pub;
    uint8_t x[32];
    for (int i = 0; i < 2; i++)
        must(curve->derive(crypto, &pub, &near.key) == 0);
    for (int i = 0; i < 4; i++)
        must(curve->ecdh(crypto, x, &far.pub, &near.key) == 0);
    if (sign)
        must(curve->sign(crypto, &sig, hash, &near.key) == 0);
    else
        must(curve->recover(crypto, &pub, &sig, hash) == 0);
}

static void bound_initiator(meter *m)
{
    meter_start(m);
    operations(true);
    meter_stop(m, 1);
}

static void bound_responder(meter *m)
{
    meter_start(m);
    operations(false);
    meter_stop(m, 1);
}

int main(void)
{
    static const thing things[] = {
        { "responder", responder },
        { "bound_responder", bound_responder },
        { "known_responder", known_responder },
        { "fresh_responder", fresh_responder },
        { "initiator", initiator },
        { "bound_initiator", bound_initiator },
        { "spare_key", spare_key },
    };
    env = trial_env();
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    curve = dp_crypto_curve(crypto);
    must(dp_key_draw(&env, &near.key) == 0 && dp_key_draw(&env, &far.key) == 0);
    must(curve->derive(crypto, &near.pub, &near.key) == 0);
    must(curve->derive(crypto, &far.pub, &far.key) == 0);
    dp_spares_init(&spares, &env, crypto, 2, (dp_now){ 0 });
    uint8_t token[32];
    must(curve->ecdh(crypto, token, &near.pub, &far.key) == 0);
    must(dp_tokens_new(&tokens, &env, DP_TOKENS_MAX) == 0);
    dp_tokens_keep(tokens, &near.pub, token);
    record();
    operations(true); /* makes the signature to recover from */
    int code = trial_serve(things, sizeof things / sizeof *things);
    dp_tokens_free(tokens);
    dp_spares_fini(&spares);
    dp_crypto_free(crypto);
    return code;
}
