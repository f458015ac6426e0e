/* SPDX-License-Identifier: MIT */
#include "core/spares.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/list.h"
#include "core/ec_job.h"

#include <string.h>

static void make(dp_work *work);

/* --- life --- */

static size_t size_of(const dp_spares *s)
{
    return (s->max + DP_SPARES_BATCH) * sizeof *s->keys;
}

void dp_spares_init(dp_spares *s, const dp_env *env, const dp_crypto *crypto,
    size_t max, dp_now now)
{
    *s = (dp_spares){ .work.run = make,
        .env = *env,
        .crypto = crypto,
        .max = max,
        .due = dp_after(now, DP_SPARES_REST_NS) };
}

void dp_spares_close(dp_spares *s)
{
    s->closed = true;
    if (s->keys)
        dp_wipe(s->keys, s->max * sizeof *s->keys);
    s->n = 0;
}

void dp_spares_fini(dp_spares *s)
{
    if (s->keys)
        dp_wipe(s->keys, size_of(s));
    dp_free(&s->env, s->keys, size_of(s));
    *s = (dp_spares){ .due = DP_NEVER };
}

/* --- for handshakes --- */

static void give(dp_spares *s, devp2p_key *key, devp2p_pubkey *pub, bool *made)
{
    if (*made || s->n == 0)
        return;
    dp_spare *spare = &s->keys[--s->n];
    *key = spare->key;
    *pub = spare->pub;
    *made = true;
    dp_wipe(spare, sizeof *spare);
}

void dp_spares_serve(dp_spares *s, dp_ec *ec)
{
    dp_ec_chance *c = &ec->chance;

    if (ec->step == DP_EC_READ_AUTH)
        give(s, &c->eph, &c->eph_pub, &c->eph_made);
    if (ec->step != DP_EC_READ_ACK)
        give(s, &c->envelope, &c->envelope_pub, &c->envelope_made);
}

void dp_spares_began(dp_spares *s)
{
    s->out++;
}

void dp_spares_ended(dp_spares *s, dp_now now)
{
    dp_assert(s->out);
    s->out--;
    s->due = dp_after(now, DP_SPARES_REST_NS);
}

/* --- making them --- */

/* make runs in the pool. */
static void make(dp_work *work)
{
    dp_spares *s = dp_of(work, dp_spares, work);
    const dp_curve *curve = dp_crypto_curve(s->crypto);
    dp_spare *batch = s->keys + s->max;

    s->err = 0;
    for (size_t i = 0; i < s->batch && !s->err; i++)
        s->err = curve->derive(s->crypto, &batch[i].pub, &batch[i].key);
}

/* draw gives a batch its private halves: 0, ERR_NOMEM, ERR_RANDOM. */
static int draw(dp_spares *s, size_t n)
{
    int err = 0;

    if (!s->keys)
        s->keys = dp_alloc(&s->env, size_of(s));
    if (!s->keys)
        return DEVP2P_ERR_NOMEM;
    for (; s->batch < n && !err; s->batch++)
        err = dp_key_draw(&s->env, &s->keys[s->max + s->batch].key);
    return err;
}

uint64_t dp_spares_when(const dp_spares *s)
{
    bool rests = s->closed || s->out || s->batch || s->n == s->max;
    return rests ? DP_NEVER : s->due;
}

dp_work *dp_spares_job(dp_spares *s, dp_now now)
{
    size_t lack = s->max - s->n;

    if (now.mono < dp_spares_when(s))
        return NULL;
    if (draw(s, lack < DP_SPARES_BATCH ? lack : DP_SPARES_BATCH)) {
        dp_spares_undo(s);
        return NULL;
    }
    return &s->work;
}

static void wipe_batch(dp_spares *s)
{
    if (s->keys)
        dp_wipe(s->keys + s->max, DP_SPARES_BATCH * sizeof *s->keys);
    s->batch = 0;
}

void dp_spares_undo(dp_spares *s)
{
    wipe_batch(s);
    s->due = DP_NEVER;
}

bool dp_spares_made(dp_spares *s, const dp_work *job)
{
    if (job != &s->work)
        return false;
    if (s->err) {
        dp_spares_undo(s);
        return true;
    }
    if (!s->closed) {
        memcpy(s->keys + s->n, s->keys + s->max, s->batch * sizeof *s->keys);
        s->n += s->batch;
    }
    wipe_batch(s);
    return true;
}
