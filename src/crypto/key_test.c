/* SPDX-License-Identifier: MIT */
/* key_test.c - bytes become keys only when they are keys. */
#include <devp2p/key.h>

#include "base/bytes.h"
#include "test.h"

#include <string.h>

/* big is a number of 256 bits from its hex digits. */
static void big(uint8_t out[32], const char *hex)
{
    assert_true(dp_unhex(out, 32, hex, strlen(hex)));
}

#define P    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define P_1  "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"
#define N    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define N_1  "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142"
#define MAX  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE  "0000000000000000000000000000000000000000000000000000000000000001"

/* add adds big-endian numbers, dropping the carry. */
static void add(uint8_t sum[32], const uint8_t a[32], const uint8_t b[32])
{
    unsigned carry = 0;
    for (size_t i = 32; i--;) {
        carry += (unsigned)a[i] + b[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static uint32_t seed = 1;
static void noise(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        at[i] = (uint8_t)(seed >> 24);
    }
}

/* refuses: no form of the point is taken, and the sentence is there. */
static void refuses(const uint8_t xy[64])
{
    devp2p_pubkey pub;
    uint8_t full[65] = { 4 };
    memcpy(full + 1, xy, 64);
    assert_int_equal(devp2p_pubkey_parse(&pub, xy, 64), DEVP2P_ERR_KEY);
    assert_int_equal(devp2p_pubkey_parse(&pub, full, 65), DEVP2P_ERR_KEY);
    assert_string_not_equal(devp2p_last_detail(), "");
}

static void some_pubkey(devp2p_pubkey *pub)
{
    devp2p_key key;
    noise(key.b, sizeof key.b);
    assert_int_equal(devp2p_key_public(pub, &key), 0);
}

static void forms_of_a_point(void **state)
{
    (void)state;
    devp2p_pubkey pub, back;
    some_pubkey(&pub);
    uint8_t bytes[80] = { 0 };
    memcpy(bytes + 1, pub.b, 64);
    for (unsigned prefix = 0; prefix < 256; prefix++) {
        bytes[0] = (uint8_t)prefix;
        for (size_t len = 0; len <= sizeof bytes; len++) {
            if (len == 64)
                continue; /* no prefix there */
            bool good = (len == 65 && prefix == 4) ||
                        (len == 33 && (prefix == 2 || prefix == 3));
            int err = devp2p_pubkey_parse(&back, bytes, len);
            assert_int_equal(err, good ? 0 : DEVP2P_ERR_KEY);
            if (good && (len == 65 || (prefix & 1U) == (pub.b[63] & 1U)))
                assert_memory_equal(&back, &pub, sizeof pub);
        }
    }
    assert_int_equal(devp2p_pubkey_parse(&back, pub.b, 64), 0);
    assert_memory_equal(&back, &pub, sizeof pub);
}

static void points_off_the_curve(void **state)
{
    (void)state;
    uint8_t xy[64] = { 0 };
    refuses(xy);
    for (int i = 0; i < 10000; i++) {
        noise(xy, sizeof xy);
        refuses(xy);
    }
    /* points of order two on curves with another constant: (x, 0) */
    for (int i = 0; i < 100; i++) {
        noise(xy, 32);
        memset(xy + 32, 0, 32);
        refuses(xy);
    }
    devp2p_pubkey pub;
    for (int i = 0; i < 100; i++) {
        some_pubkey(&pub);
        pub.b[i % 64] ^= (uint8_t)(1 << i % 8);
        refuses(pub.b);
    }
}

/* Coordinates from the field's prime on, also where the number reduced by it is
 * on the curve. */
static void coordinates_beyond_the_prime(void **state)
{
    (void)state;
    static const char *const large[] = { P, P_1, MAX };
    devp2p_pubkey pub;
    uint8_t xy[64], p[32];
    some_pubkey(&pub);
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 0; at < 64; at += 32) {
            memcpy(xy, pub.b, 64);
            big(xy + at, large[i]);
            refuses(xy);
        }

    big(p, P);
    uint8_t compressed[33] = { 2 };
    big(compressed + 1, ONE); /* x = 1 is on the curve */
    assert_int_equal(devp2p_pubkey_parse(&pub, compressed, 33), 0);
    add(pub.b, pub.b, p);
    refuses(pub.b);
    big(compressed + 1, P_1);
    assert_int_equal(devp2p_pubkey_parse(&pub, compressed, 33), DEVP2P_ERR_KEY);

    /* y = 1 is on the curve */
    big(xy, "1fe1e5ef3fceb5c135ab7741333ce5a6e80d68167653f6b2b24bcbcfaaaff507");
    big(xy + 32, ONE);
    assert_int_equal(devp2p_pubkey_parse(&pub, xy, 64), 0);
    add(xy + 32, xy + 32, p);
    refuses(xy);
}

static void private_keys_out_of_range(void **state)
{
    (void)state;
    devp2p_key key;
    const devp2p_key zero = { { 0 } };
    static const char *const bad[] = { ZERO, N, N_1, MAX, "", "0", ONE "0",
        ONE "\n", "x" ONE,
        "g000000000000000000000000000000000000000000000000"
        "000000000000001" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&key, 1, sizeof key);
        assert_int_equal(devp2p_key_parse(&key, bad[i]), DEVP2P_ERR_KEY);
        assert_memory_equal(&key, &zero, sizeof key);
        assert_string_not_equal(devp2p_last_detail(), "");
    }
    devp2p_pubkey pub;
    devp2p_sig sig;
    uint8_t hash[32] = { 9 };
    static const char *const outside[] = { ZERO, N, N_1, MAX };
    for (size_t i = 0; i < 4; i++) {
        big(key.b, outside[i]);
        assert_int_equal(devp2p_key_public(&pub, &key), DEVP2P_ERR_KEY);
        assert_int_equal(devp2p_sign(&sig, hash, &key), DEVP2P_ERR_KEY);
    }
    assert_int_equal(devp2p_key_parse(&key, ONE), 0);
    assert_int_equal(key.b[31], 1);
    devp2p_key_wipe(&key);
    assert_memory_equal(&key, &zero, sizeof key);
}

static void signatures_out_of_range(void **state)
{
    (void)state;
    devp2p_key key;
    devp2p_pubkey pub, found;
    devp2p_sig sig, changed;
    uint8_t hash[32];
    noise(key.b, 32);
    assert_int_equal(devp2p_key_public(&pub, &key), 0);
    for (int i = 0; i < 50; i++) {
        noise(hash, 32);
        assert_int_equal(devp2p_sign(&sig, hash, &key), 0);
        assert_int_equal(devp2p_recover(&found, &sig, hash), 0);
        assert_memory_equal(&found, &pub, sizeof pub);
    }
    for (unsigned id = 4; id < 256; id++) {
        changed = sig;
        changed.b[64] = (uint8_t)id;
        assert_int_equal(
            devp2p_recover(&found, &changed, hash), DEVP2P_ERR_SIGNATURE);
    }
    static const char *const outside[] = { ZERO, N, N_1, MAX };
    for (size_t i = 0; i < 4; i++)
        for (size_t at = 0; at < 64; at += 32)
            for (uint8_t id = 0; id < 4; id++) {
                changed = sig;
                big(changed.b + at, outside[i]);
                changed.b[64] = id;
                assert_int_equal(devp2p_recover(&found, &changed, hash),
                    DEVP2P_ERR_SIGNATURE);
            }
}

/* Half of all random signatures recover to a key that nobody has: it is a key
 * all the same, and the other half an error. */
static void random_signatures(void **state)
{
    (void)state;
    unsigned good = 0, bad = 0;
    for (int i = 0; i < 400; i++) {
        devp2p_sig sig;
        devp2p_pubkey found, again;
        uint8_t hash[32];
        noise(sig.b, 64);
        noise(hash, 32);
        sig.b[64] = (uint8_t)(i & 1);
        int err = devp2p_recover(&found, &sig, hash);
        if (err)
            assert_int_equal(err, DEVP2P_ERR_SIGNATURE);
        else
            assert_int_equal(devp2p_pubkey_parse(&again, found.b, 64), 0);
        *(err ? &bad : &good) += 1;
    }
    assert_true(good > 120 && bad > 120);
}

static void generated_keys_differ(void **state)
{
    (void)state;
    enum { N_KEYS = 32 };
    devp2p_key keys[N_KEYS];
    devp2p_pubkey pub;
    for (size_t i = 0; i < N_KEYS; i++) {
        assert_int_equal(devp2p_key_generate(&keys[i]), 0);
        assert_int_equal(devp2p_key_public(&pub, &keys[i]), 0);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&keys[i], &keys[j], sizeof keys[i]);
    }
}

static void ids(void **state)
{
    (void)state;
    devp2p_pubkey pub;
    some_pubkey(&pub);
    devp2p_id id = devp2p_pubkey_id(&pub);
    uint8_t hash[32];
    devp2p_keccak256(hash, pub.b, 64);
    assert_memory_equal(id.b, hash, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_a_point),
        cmocka_unit_test(points_off_the_curve),
        cmocka_unit_test(coordinates_beyond_the_prime),
        cmocka_unit_test(private_keys_out_of_range),
        cmocka_unit_test(signatures_out_of_range),
        cmocka_unit_test(random_signatures),
        cmocka_unit_test(generated_keys_differ),
        cmocka_unit_test(ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
