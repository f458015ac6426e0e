/* SPDX-License-Identifier: MIT */
/* spares_test.c - every key that was made ahead serves one handshake, is wiped
 * then, and is never missed. */
#include "core/spares.h"

#include "base/limits.h"
#include "core/ec_job.h"
#include "counting_curve.h"
#include "test.h"
#include "test_env.h"

enum { MAX = 20 };

static struct {
    test_env env;
    dp_crypto *real, *crypto;
    devp2p_key key;
    devp2p_pubkey pub;
    dp_spares s;
    dp_now now;
} t;

/* checked_alloc: keys are zero when their memory is given back. */
static void *checked_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    if (!new_size && old == t.s.keys)
        for (size_t i = 0; i < old_size; i++)
            assert_int_equal(((uint8_t *)old)[i], 0);
    return test_alloc(user, old, old_size, new_size);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    test_env_init(&t.env);
    t.env.env.alloc = checked_alloc;
    t.now.mono = DP_SEC;
    if (dp_crypto_new(&t.real, &t.env.env, NULL))
        return -1;
    counted.curve = dp_crypto_curve(t.real);
    if (dp_crypto_new(&t.crypto, &t.env.env, &counting_curve) ||
        dp_key_draw(&t.env.env, &t.key) || devp2p_key_public(&t.pub, &t.key))
        return -1;
    memset(&counted.derive, 0, sizeof counted - sizeof counted.curve);
    dp_spares_init(&t.s, &t.env.env, t.crypto, 64, t.now);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dp_spares_fini(&t.s);
    dp_crypto_free(t.crypto);
    dp_crypto_free(t.real);
    return t.env.live != 0;
}

/* --- steps --- */

static void rest(void)
{
    t.now.mono += DP_SPARES_REST_NS;
}

/* job gives the next job, which has not run; NULL for none. */
static dp_work *job(void)
{
    return dp_spares_job(&t.s, t.now);
}

static void run(dp_work *job)
{
    assert_non_null(job);
    job->run(job);
    assert_true(dp_spares_made(&t.s, job));
}

static void fill(void)
{
    for (dp_work *j; (j = job());)
        run(j);
    assert_int_equal(t.s.n, t.s.max);
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
}

/* ec_of makes the first curve work of an end, as from a handshake. */
static dp_ec *ec_of(const devp2p_pubkey *dial)
{
    const dp_handshake_setup how = { .env = &t.env.env,
        .crypto = t.crypto,
        .key = &t.key,
        .pub = &t.pub,
        .dial = dial };
    dp_ec *ec;
    assert_int_equal(dp_ec_new(&ec, &how), 0);
    assert_int_equal(dp_ec_draw(ec), 0);
    return ec;
}

/* --- tests --- */

static void are_pairs(const dp_spare *at, size_t n)
{
    devp2p_pubkey pub;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(counted.curve->derive(t.real, &pub, &at[i].key), 0);
        assert_memory_equal(&pub, &at[i].pub, sizeof pub);
    }
}

static void is_zero(const void *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(((const uint8_t *)at)[i], 0);
}

static void filled_after_a_rest(void **state)
{
    (void)state;
    size_t live = t.env.live;
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == t.now.mono + DP_SPARES_REST_NS);
    t.now.mono += DP_SPARES_REST_NS - 1;
    assert_null(job());
    assert_int_equal(t.env.live, live); /* no memory before the first */
    t.now.mono++;
    dp_work *first = job();
    assert_int_equal(t.s.batch, DP_SPARES_BATCH);
    assert_null(job()); /* one at a time */
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
    assert_int_equal(counted.derive, 0); /* here, on the loop */
    run(first);
    assert_int_equal(t.s.n, DP_SPARES_BATCH);
    assert_int_equal(counted.derive, DP_SPARES_BATCH);
    is_zero(t.s.keys + t.s.max, DP_SPARES_BATCH * sizeof *t.s.keys);
    fill();
    assert_int_equal(counted.derive, t.s.max);
    are_pairs(t.s.keys, t.s.max);
    assert_int_equal(
        t.env.live - live, (t.s.max + DP_SPARES_BATCH) * sizeof(dp_spare));
}

/* Each key goes out once, to an end that has a use for it, and leaves nothing
 * behind. */
static void each_key_once(void **state)
{
    (void)state;
    devp2p_key used[MAX];
    size_t n = 0;
    dp_spares_init(&t.s, &t.env.env, t.crypto, MAX, t.now);
    rest();
    fill();
    while (t.s.n) {
        size_t before = t.s.n;
        dp_ec *ec = ec_of(NULL);
        dp_spares_serve(&t.s, ec);
        assert_true(ec->chance.eph_made && ec->chance.envelope_made);
        used[n++] = ec->chance.eph;
        used[n++] = ec->chance.envelope;
        assert_int_equal(t.s.n, before - 2);
        is_zero(t.s.keys + t.s.n, 2 * sizeof *t.s.keys);
        dp_spares_serve(&t.s, ec); /* again, when the pool was full */
        assert_int_equal(t.s.n, before - 2);
        assert_memory_equal(&used[n - 2], &ec->chance.eph, 32);
        dp_ec_free(ec);
    }
    assert_int_equal(n, MAX);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&used[i], &used[k], sizeof used[i]);
    rest();
    fill(); /* none of them comes back */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < t.s.n; k++)
            assert_memory_not_equal(&used[i], &t.s.keys[k].key, sizeof used[i]);
}

/* An initiator's key of the exchange goes out as a signature alone. */
static void an_initiator_takes_one(void **state)
{
    (void)state;
    rest();
    fill();
    dp_ec *ec = ec_of(&t.pub);
    dp_spares_serve(&t.s, ec);
    assert_false(ec->chance.eph_made);
    assert_true(ec->chance.envelope_made);
    assert_int_equal(t.s.n, t.s.max - 1);
    ec->step = DP_EC_READ_ACK;
    ec->chance.envelope_made = false;
    dp_spares_serve(&t.s, ec);
    assert_int_equal(t.s.n, t.s.max - 1);
    dp_ec_free(ec);
}

/* handshake runs one whole: so many public halves are derived in it. */
static unsigned handshake(bool ahead)
{
    dp_ec *a = ec_of(&t.pub), *b = ec_of(NULL);
    if (ahead) {
        dp_spares_serve(&t.s, a);
        dp_spares_serve(&t.s, b);
    }
    unsigned before = counted.derive;
    dp_ec_run(a);
    assert_int_equal(a->err, 0);
    memcpy(b->in, a->out, b->in_len = a->out_len);
    dp_ec_run(b);
    assert_int_equal(b->err, 0);
    a->step = DP_EC_READ_ACK;
    memcpy(a->in, b->out, a->in_len = b->out_len);
    dp_ec_run(a);
    assert_int_equal(a->err, 0);
    assert_memory_equal(a->secrets.aes, b->secrets.aes, 32);
    assert_memory_equal(a->secrets.mac, b->secrets.mac, 32);
    dp_ec_free(a);
    dp_ec_free(b);
    return counted.derive - before;
}

static void saves_what_it_is_for(void **state)
{
    (void)state;
    assert_int_equal(handshake(false), 3);
    assert_int_equal(handshake(true), 3); /* there are none */
    rest();
    fill();
    assert_int_equal(handshake(true), 0);
    /* one key is left: the responder derives the other half itself */
    dp_ec *ec = ec_of(NULL);
    for (ec->chance.eph_made = true; t.s.n > 1;) {
        ec->chance.envelope_made = false;
        dp_spares_serve(&t.s, ec);
    }
    dp_ec_free(ec);
    assert_int_equal(t.s.n, 1);
    assert_int_equal(handshake(true), 2);
}

/* Nothing is made while a handshake is in the pool, or was a moment ago. */
static void not_beside_handshakes(void **state)
{
    (void)state;
    rest();
    dp_spares_began(&t.s);
    dp_spares_began(&t.s);
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
    dp_spares_ended(&t.s, t.now);
    rest();
    assert_null(job());
    dp_spares_ended(&t.s, t.now);
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == t.now.mono + DP_SPARES_REST_NS);
    rest();
    dp_work *late = job();
    /* one comes while the job is out: it is the last for a while */
    dp_spares_began(&t.s);
    run(late);
    assert_null(job());
    dp_spares_ended(&t.s, t.now);
    assert_null(job());
    rest();
    run(job());
}

/* Whatever fails, the store waits for the next handshake, and holds nothing of
 * what was drawn. */
static void waits_after(void)
{
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
    assert_int_equal(t.s.batch, 0);
    if (t.s.keys)
        is_zero(t.s.keys + t.s.n,
            (t.s.max + DP_SPARES_BATCH - t.s.n) * sizeof *t.s.keys);
    dp_spares_began(&t.s);
    dp_spares_ended(&t.s, t.now);
    rest();
}

static int bad_draws, draws;

static int failing_random(void *user, void *out, size_t len)
{
    int err = test_random(user, out, len);
    return ++draws == bad_draws ? DEVP2P_ERR_RANDOM : err;
}

static int no_derive(
    const dp_crypto *c, devp2p_pubkey *out, const devp2p_key *key)
{
    return ++draws == bad_draws ? DEVP2P_ERR_KEY
                                : counted.curve->derive(c, out, key);
}

static void everything_may_fail(void **state)
{
    (void)state;
    size_t live = t.env.live;
    rest();
    test_env_fail(&t.env, 1);
    assert_null(job());
    assert_int_equal(t.env.live, live);
    waits_after();
    run(job());
    t.s.env.random = failing_random;
    for (bad_draws = 1; bad_draws <= DP_SPARES_BATCH; bad_draws++) {
        draws = 0;
        assert_null(job());
        assert_int_equal(draws, bad_draws);
        waits_after();
    }
    t.s.env.random = t.env.env.random;
    assert_non_null(job()); /* the pool does not take it */
    dp_spares_undo(&t.s);
    waits_after();
    assert_int_equal(t.s.n, DP_SPARES_BATCH);
    fill();
    are_pairs(t.s.keys, t.s.n);
}

static void a_batch_that_fails_is_lost(void **state)
{
    (void)state;
    static const dp_curve broken = { no_derive, counting_parse, counting_ecdh,
        counting_sign, counting_recover };
    dp_crypto *crypto;
    assert_int_equal(dp_crypto_new(&crypto, &t.env.env, &broken), 0);
    t.s.crypto = crypto;
    rest();
    bad_draws = DP_SPARES_BATCH / 2;
    draws = 0;
    run(job());
    assert_int_equal(t.s.n, 0);
    waits_after();
    fill();
    dp_crypto_free(crypto);
}

/* A server stops: while a job is out, before, and for good. */
static void closed_while_a_job_is_out(void **state)
{
    (void)state;
    rest();
    run(job());
    dp_work *late = job();
    dp_spares_close(&t.s);
    is_zero(t.s.keys, t.s.max * sizeof *t.s.keys);
    run(late);
    assert_int_equal(t.s.n, 0);
    is_zero(t.s.keys, (t.s.max + DP_SPARES_BATCH) * sizeof *t.s.keys);
    rest();
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
    assert_int_equal(handshake(true), 3);
}

/* The world ends with the job: it never comes back. */
static void freed_with_a_job_out(void **state)
{
    (void)state;
    rest();
    run(job());
    assert_non_null(job());
    dp_spares_fini(&t.s); /* checked_alloc looks */
    assert_null(job());
}

static void other_jobs_are_not_its_own(void **state)
{
    (void)state;
    dp_work other = { .next = NULL };
    rest();
    dp_work *mine = job();
    assert_false(dp_spares_made(&t.s, &other));
    assert_int_equal(t.s.batch, DP_SPARES_BATCH);
    run(mine);
}

static void none(void **state)
{
    (void)state;
    dp_spares_init(&t.s, &t.env.env, t.crypto, 0, t.now);
    rest();
    assert_null(job());
    assert_true(dp_spares_when(&t.s) == DP_NEVER);
    assert_int_equal(handshake(true), 3);
}

#define with(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with(filled_after_a_rest),
        with(each_key_once),
        with(an_initiator_takes_one),
        with(saves_what_it_is_for),
        with(not_beside_handshakes),
        with(everything_may_fail),
        with(a_batch_that_fails_is_lost),
        with(closed_while_a_job_is_out),
        with(freed_with_a_job_out),
        with(other_jobs_are_not_its_own),
        with(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
