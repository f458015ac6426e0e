/* SPDX-License-Identifier: MIT */
/* cipher_test.c - AES by the processor's instructions against libcrypto's. */
#include "crypto/cipher.h"

#include "base/bytes.h"
#include "crypto/cpu.h"
#include "test.h"
#include "test_env.h"

static struct {
    test_env env;
    dp_crypto *crypto;
} t;

static int setup(void **state)
{
    (void)state;
    test_env_init(&t.env);
    return dp_crypto_new(&t.crypto, &t.env.env, NULL);
}

static int teardown(void **state)
{
    (void)state;
    dp_crypto_free(t.crypto);
    return t.env.live != 0;
}

/* FIPS 197, appendix C.3, by every form. */
static void known_answer(void **state)
{
    (void)state;
    static const uint8_t want[16] = { 0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45,
        0xbf, 0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89 };
    uint8_t key[32], in[16], out[16];
    for (size_t i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < 16; i++)
        in[i] = (uint8_t)(0x11 * i);
    for (size_t i = 0; i < DP_CPUS; i++) {
        if (!dp_cpus[i].runs())
            continue;
        dp_cipher c;
        assert_int_equal(dp_cipher_init(&c, dp_cpus[i].aes, t.crypto), 0);
        assert_true(dp_cipher_rekey(&c, key, key, 0));
        assert_true(dp_cipher_block(&c, out, in));
        assert_memory_equal(out, want, 16);
        dp_cipher_fini(&c);
    }
}

/* Every number of blocks up to three rounds of eight and more, at places around
 * the edges of the counter's words, at every alignment, in several calls. */
static void streams(void **state)
{
    (void)state;
    enum { BLOCKS = 29, LEN = BLOCKS * 16 };
    static const uint64_t places[] = { 0, 1, 0xfe, 0xfffffff9, 0xffffffff,
        UINT64_C(0x123456789abcdef0), UINT64_MAX - BLOCKS };
    uint8_t key[64];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * i + 7);
    for (size_t i = 0; i < DP_CPUS; i++) {
        if (!dp_cpus[i].runs() || !dp_cpus[i].aes)
            continue;
        dp_cipher a, b;
        assert_int_equal(dp_cipher_init(&a, dp_cpus[i].aes, NULL), 0);
        assert_int_equal(dp_cipher_init(&b, NULL, t.crypto), 0);
        for (size_t p = 0; p < sizeof places / sizeof *places; p++)
            for (size_t n = 0; n <= BLOCKS; n++) {
                uint8_t got[LEN + 16], want[LEN + 16];
                uint64_t x = places[p], y = places[p];
                size_t shift = n % 16, cut = n / 3 * 16;
                for (size_t j = 0; j < sizeof got; j++)
                    got[j] = want[j] = (uint8_t)(j + n);
                assert_true(dp_cipher_rekey(&a, key, key + 32, x));
                assert_true(dp_cipher_rekey(&b, key, key + 32, x));
                assert_true(dp_cipher_stream(&a, &x, got + shift, cut));
                assert_true(
                    dp_cipher_stream(&a, &x, got + shift + cut, n * 16 - cut));
                assert_true(dp_cipher_stream(&b, &y, want + shift, n * 16));
                assert_memory_equal(got, want, sizeof got);
                assert_int_equal(x, y);
                assert_true(dp_cipher_block(&a, got, want));
                assert_true(dp_cipher_block(&b, want, want));
                assert_memory_equal(got, want, 16);
            }
        dp_cipher_forget(&a);
        for (size_t j = 0; j < sizeof a.stream; j++)
            assert_int_equal(
                ((uint8_t *)&a.stream)[j] | ((uint8_t *)&a.block)[j], 0);
        dp_cipher_fini(&a);
        dp_cipher_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(streams),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
