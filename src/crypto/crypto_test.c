/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

#include "base/bytes.h"
#include "counting_curve.h"
#include "test.h"
#include "test_env.h"

static void life(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_crypto *c;
    assert_int_equal(dp_crypto_new(&c, &t.env, NULL), 0);
    assert_true(t.drawn >= 32);
    dp_crypto_free(c);
    dp_crypto_free(NULL);
    assert_int_equal(t.live, 0);
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_crypto *c;
    t.no_random = true;
    assert_int_equal(dp_crypto_new(&c, &t.env, NULL), DEVP2P_ERR_RANDOM);
    assert_null(c);
    t.no_random = false;
    size_t n = 1;
    for (;; n++) {
        test_env_fail(&t, n);
        int err = dp_crypto_new(&c, &t.env, NULL);
        if (!err)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_null(c);
        assert_int_equal(t.live, 0);
    }
    assert_true(n > 2);
    dp_crypto_free(c);
    assert_int_equal(t.live, 0);
}

/* The two ends of an ECDH agree, a signature recovers to its key; a curve of
 * one's own is the one that is asked. */
static void curve_of_ones_own(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_crypto *real, *c;
    assert_int_equal(dp_crypto_new(&real, &t.env, NULL), 0);
    counted.curve = dp_crypto_curve(real);
    assert_int_equal(dp_crypto_new(&c, &t.env, &counting_curve), 0);
    const dp_curve *curve = dp_crypto_curve(c);

    devp2p_key a, b;
    devp2p_pubkey pub_a, pub_b, found;
    devp2p_sig sig;
    uint8_t x[32], y[32];
    assert_int_equal(dp_key_draw(&t.env, &a), 0);
    assert_int_equal(dp_key_draw(&t.env, &b), 0);
    assert_int_equal(curve->derive(c, &pub_a, &a), 0);
    assert_int_equal(curve->derive(c, &pub_b, &b), 0);
    assert_int_equal(curve->ecdh(c, x, &pub_b, &a), 0);
    assert_int_equal(curve->ecdh(c, y, &pub_a, &b), 0);
    assert_memory_equal(x, y, 32);
    assert_int_equal(curve->sign(c, &sig, x, &a), 0);
    assert_int_equal(curve->recover(c, &found, &sig, x), 0);
    assert_memory_equal(&found, &pub_a, sizeof found);
    assert_int_equal(curve->parse(c, &found, pub_b.b, 64), 0);
    assert_memory_equal(&found, &pub_b, sizeof found);
    assert_int_equal(counted.derive, 2);
    assert_int_equal(counted.ecdh, 2);
    assert_int_equal(counted.sign, 1);
    assert_int_equal(counted.recover, 1);
    assert_int_equal(counted.parse, 1);

    const devp2p_key zero = { { 0 } };
    assert_int_equal(curve->derive(c, &found, &zero), DEVP2P_ERR_KEY);
    assert_int_equal(curve->ecdh(c, x, &pub_b, &zero), DEVP2P_ERR_KEY);
    assert_int_equal(curve->sign(c, &sig, x, &zero), DEVP2P_ERR_KEY);
    pub_b.b[63] ^= 1;
    assert_int_equal(curve->ecdh(c, x, &pub_b, &a), DEVP2P_ERR_KEY);

    dp_crypto_free(c);
    dp_crypto_free(real);
    assert_int_equal(t.live, 0);
}

static int given(void *user, void *out, size_t len)
{
    memcpy(out, user, len);
    return 0;
}

/* A source that gives nonsense is a broken source. */
static void a_broken_source_is_refused(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    devp2p_key key, zero = { { 0 } };
    t.no_random = true;
    assert_int_equal(dp_key_draw(&t.env, &key), DEVP2P_ERR_RANDOM);
    assert_memory_equal(&key, &zero, sizeof key);

    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t bytes[32];
    const dp_env env = { .random = given, .random_user = bytes };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(dp_unhex(bytes, 32, bad[i], 64));
        memset(&key, 1, sizeof key);
        assert_int_equal(dp_key_draw(&env, &key), DEVP2P_ERR_RANDOM);
        assert_memory_equal(&key, &zero, sizeof key);
    }
    assert_true(dp_unhex(bytes, 32, bad[1], 64));
    bytes[31]--;
    assert_int_equal(dp_key_draw(&env, &key), 0);
    assert_memory_equal(&key, bytes, sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(curve_of_ones_own),
        cmocka_unit_test(a_broken_source_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
