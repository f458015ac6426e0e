/* SPDX-License-Identifier: MIT */
#include "crypto/ecies.h"

#include "base/bytes.h"
#include "counting_curve.h"
#include "test.h"
#include "test_env.h"

enum { MOST = 400 };

static struct {
    test_env env;
    dp_crypto *real, *crypto;
    devp2p_key key;
    devp2p_pubkey pub;
} t;

static int setup(void **state)
{
    (void)state;
    test_env_init(&t.env);
    if (dp_crypto_new(&t.real, &t.env.env, NULL))
        return -1;
    counted.curve = dp_crypto_curve(t.real);
    if (dp_crypto_new(&t.crypto, &t.env.env, &counting_curve))
        return -1;
    return dp_key_draw(&t.env.env, &t.key) || devp2p_key_public(&t.pub, &t.key);
}

static int teardown(void **state)
{
    (void)state;
    dp_crypto_free(t.crypto);
    dp_crypto_free(t.real);
    return t.env.live != 0;
}

/* seal gives an exact block of memory, so that a read beyond it is seen. */
static uint8_t *seal(size_t len, const uint8_t *plain, const uint8_t shared[2])
{
    devp2p_key eph;
    uint8_t iv[16], *out = malloc(len + DP_ECIES_OVERHEAD);
    assert_non_null(out);
    assert_int_equal(dp_key_draw(&t.env.env, &eph), 0);
    assert_int_equal(dp_random(&t.env.env, iv, sizeof iv), 0);
    assert_int_equal(dp_ecies_seal(t.crypto, out, &t.pub, &eph, iv, plain, len,
                         shared, shared ? 2 : 0),
        0);
    return out;
}

static int open(uint8_t *at, size_t len, const uint8_t *shared, uint8_t **plain,
    size_t *plain_len)
{
    counted.ecdh = counted.parse = 0;
    return dp_ecies_open(
        t.crypto, plain, plain_len, at, len, &t.key, shared, shared ? 2 : 0);
}

static void refuses(uint8_t *at, size_t len, const uint8_t *shared)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    assert_int_equal(
        open(at, len, shared, &plain, &plain_len), DEVP2P_ERR_HANDSHAKE);
    assert_null(plain);
}

/* Every length with a tag that holds, opened whole, cut short at every length
 * below the least, and with every kind of byte changed. */
static void every_length(void **state)
{
    (void)state;
    uint8_t plain[MOST], shared[2];
    for (size_t i = 0; i < MOST; i++)
        plain[i] = (uint8_t)(i * 7 + 1);
    for (size_t n = 0; n <= MOST; n++) {
        dp_put16(shared, (uint16_t)(n + DP_ECIES_OVERHEAD));
        uint8_t *at = seal(n, plain, shared), *got;
        size_t len = n + DP_ECIES_OVERHEAD, got_len;
        if (n == 0) {
            refuses(at, len, shared);
            assert_int_equal(counted.ecdh + counted.parse, 0);
        } else {
            assert_int_equal(open(at, len, shared, &got, &got_len), 0);
            assert_int_equal(got_len, n);
            assert_memory_equal(got, plain, n);
        }
        free(at);
    }
}

static void too_short(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        uint8_t *at = malloc(n ? n : 1);
        assert_non_null(at);
        assert_int_equal(dp_random(&t.env.env, at, n), 0);
        if (n > 0)
            at[0] = 4;
        if (n >= 65)
            memcpy(at + 1, t.pub.b, 64); /* a good point, a bad tag */
        refuses(at, n, NULL);
        assert_int_equal(counted.ecdh, n > DP_ECIES_OVERHEAD);
        free(at);
    }
}

static void any_byte_changed(void **state)
{
    (void)state;
    const uint8_t plain[40] = { 1 }, shared[2] = { 0, 153 };
    const uint8_t other[2] = { 0, 154 };
    enum { LEN = sizeof plain + DP_ECIES_OVERHEAD };
    uint8_t *good = seal(sizeof plain, plain, shared);
    for (size_t i = 0; i < LEN; i++) {
        uint8_t *at = malloc(LEN);
        assert_non_null(at);
        memcpy(at, good, LEN);
        at[i] ^= (uint8_t)(1 << i % 8);
        refuses(at, LEN, shared);
        /* a point off the curve never meets the key */
        assert_int_equal(counted.ecdh, i >= 65);
        /* and nothing was decrypted under a tag that does not hold */
        at[i] ^= (uint8_t)(1 << i % 8);
        assert_memory_equal(at, good, LEN);
        free(at);
    }
    refuses(good, LEN, other);
    refuses(good, LEN, NULL);
    refuses(good, LEN - 1, shared);
    free(good);
}

/* Points that are none: the shared secret is never computed. */
static void points_that_are_none(void **state)
{
    (void)state;
    const uint8_t plain[40] = { 1 };
    enum { LEN = sizeof plain + DP_ECIES_OVERHEAD };
    uint8_t *at = seal(sizeof plain, plain, NULL);
    unsigned asked = 0;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(dp_random(&t.env.env, at + 1, 64), 0);
        refuses(at, LEN, NULL);
        asked += counted.ecdh;
    }
    memset(at + 1, 0, 64);
    refuses(at, LEN, NULL);
    asked += counted.ecdh;
    memset(at + 1, 0xff, 64);
    refuses(at, LEN, NULL);
    asked += counted.ecdh;
    assert_int_equal(asked, 0);
    free(at);
}

static void bad_keys(void **state)
{
    (void)state;
    const devp2p_key zero = { { 0 } };
    const uint8_t plain[40] = { 1 }, iv[16] = { 0 };
    uint8_t out[sizeof plain + DP_ECIES_OVERHEAD];
    devp2p_pubkey off = t.pub;
    off.b[63] ^= 1;
    assert_int_equal(dp_ecies_seal(t.crypto, out, &t.pub, &zero, iv, plain,
                         sizeof plain, NULL, 0),
        DEVP2P_ERR_KEY);
    assert_int_equal(dp_ecies_seal(t.crypto, out, &off, &t.key, iv, plain,
                         sizeof plain, NULL, 0),
        DEVP2P_ERR_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),
        cmocka_unit_test(too_short),
        cmocka_unit_test(any_byte_changed),
        cmocka_unit_test(points_that_are_none),
        cmocka_unit_test(bad_keys),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
