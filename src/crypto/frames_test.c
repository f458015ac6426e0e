/* SPDX-License-Identifier: MIT */
/* frames_test.c - the engine against a plain reading of RLPx, "Framing", whole
 * and in pieces; what is damaged is refused at its place. */
#include "crypto/frames.h"

#include "base/bytes.h"
#include "crypto/algs.h"
#include "test.h"
#include "test_env.h"

enum {
    FRAMES = 24,
    LONGEST = 700,
    BYTES = FRAMES * (DP_FRAME_HEAD + LONGEST + 15 + DP_FRAME_TAIL),
    MAX = 0xffffff
};

static struct {
    test_env env;
    dp_crypto *crypto;
    dp_engine *engine;
    uint32_t seed;
} t;

static uint32_t chance(uint32_t below)
{
    t.seed = t.seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)t.seed * below >> 32);
}

static int setup(void **state)
{
    (void)state;
    test_env_init(&t.env);
    t.seed = 7;
    return dp_crypto_new(&t.crypto, &t.env.env, NULL) ||
           dp_engine_new(&t.engine, &t.env.env, t.crypto);
}

static int teardown(void **state)
{
    (void)state;
    dp_engine_free(t.engine);
    dp_crypto_free(t.crypto);
    return t.env.live != 0;
}

/* direction: both ends of a connection start so; skip moves the sponge. */
static void direction(dp_dir *dir, size_t skip)
{
    dp_secrets s;
    uint8_t packet[600] = { 9 };
    for (size_t i = 0; i < 32; i++) {
        s.aes[i] = (uint8_t)(3 * i + 1);
        s.mac[i] = (uint8_t)(5 * i + skip);
    }
    dp_keccak_init(&s.egress);
    dp_keccak_add(&s.egress, packet, skip);
    dp_dir_init(dir, &s, &s.egress);
}

/* --- the plain reading: every digest anew, every cipher anew --- */

static void aes(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv,
    uint8_t *out, const uint8_t *in, size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    assert_true(EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL));
    assert_true(EVP_CIPHER_CTX_set_padding(ctx, 0));
    assert_true(EVP_EncryptUpdate(ctx, out, &n, in, (int)len));
    EVP_CIPHER_CTX_free(ctx);
}

static void plain_mac(dp_dir *dir, uint8_t out[16], const uint8_t *covers)
{
    uint8_t digest[32], seed[16];
    dp_keccak_peek(&dir->mac, digest);
    aes(t.crypto->aes256_ecb, dir->mac_key, NULL, seed, digest, 16);
    for (size_t i = 0; i < 16; i++)
        seed[i] ^= (covers ? covers : digest)[i];
    dp_keccak_add(&dir->mac, seed, 16);
    dp_keccak_peek(&dir->mac, digest);
    memcpy(out, digest, 16);
}

static void plain_seal(dp_dir *dir, uint8_t *at, size_t size)
{
    size_t body = (size + 15) / 16 * 16;
    uint8_t iv[16] = { 0 };
    dp_put24(iv + 13, (uint32_t)dir->block);
    aes(t.crypto->aes256_ctr, dir->aes_key, iv, at, at, 16);
    plain_mac(dir, at + 16, at);
    dp_put24(iv + 13, (uint32_t)dir->block + 1);
    aes(t.crypto->aes256_ctr, dir->aes_key, iv, at + 32, at + 32, body);
    dp_keccak_add(&dir->mac, at + 32, body);
    plain_mac(dir, at + 32 + body, NULL);
    dir->block += 1 + body / 16;
}

/* --- a stream of frames --- */

typedef struct stream {
    uint8_t plain[BYTES];
    uint8_t wire[BYTES];
    size_t size[FRAMES];
    size_t len;
} stream;

static void make(stream *s, size_t skip)
{
    dp_dir dir;
    direction(&dir, skip);
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < FRAMES; i++) {
        s->size[i] = 1 + chance(i % 3 ? 40 : LONGEST);
        uint8_t *at = s->plain + s->len;
        dp_frame_header(at, (uint32_t)s->size[i]);
        for (size_t j = 0; j < s->size[i]; j++)
            at[DP_FRAME_HEAD + j] = (uint8_t)chance(256);
        size_t wire = dp_frame_wire(s->size[i]);
        memcpy(s->wire + s->len, at, wire);
        plain_seal(&dir, s->wire + s->len, s->size[i]);
        s->len += wire;
    }
}

static dp_frames job(dp_dir *dir, uint8_t *at, size_t len, bool open)
{
    return (dp_frames){ .dir = dir,
        .at = at,
        .end = at + len,
        .size_max = MAX,
        .count_max = UINT32_MAX,
        .open = open };
}

static void run(dp_frames *f)
{
    dp_frames_run(t.engine, &f, 1);
}

/* same compares opened frames with what was sealed; the MACs have no plain
 * form. */
static void same(const stream *s, const uint8_t *opened)
{
    size_t at = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        size_t body = dp_frame_body(s->size[i]);
        assert_memory_equal(opened + at, s->plain + at, 16);
        assert_memory_equal(opened + at + 32, s->plain + at + 32, body);
        at += dp_frame_wire(s->size[i]);
    }
}

static void whole_streams(void **state)
{
    (void)state;
    static stream s;
    for (size_t skip = 0; skip < 140; skip++) {
        make(&s, skip);
        dp_dir dir;
        direction(&dir, skip);
        dp_frames f = job(&dir, s.plain, s.len, false);
        run(&f);
        assert_int_equal(f.err, 0);
        assert_int_equal(f.count, FRAMES);
        assert_ptr_equal(f.at, f.end);
        assert_memory_equal(s.plain, s.wire, s.len);

        make(&s, skip);
        direction(&dir, skip);
        f = job(&dir, s.wire, s.len, true);
        run(&f);
        assert_int_equal(f.err, 0);
        assert_int_equal(f.count, FRAMES);
        same(&s, s.wire);
        dp_dir_fini(&dir);
        assert_int_equal(dir.block + dir.mac.lane[3] + dir.aes_key[5], 0);
    }
}

/* pieces works two streams in turn, in jobs that end anywhere. */
static void pieces(uint8_t *a, uint8_t *b, size_t len, size_t skip, bool open)
{
    dp_dir dir[2];
    uint8_t *at[2] = { a, b }, *end[2] = { a + len, b + len };
    size_t count[2] = { 0, 0 }, given[2] = { 0, 0 };
    direction(&dir[0], skip);
    direction(&dir[1], skip);
    while (at[0] < end[0] || at[1] < end[1]) {
        dp_frames f[2], *v[2] = { &f[0], &f[1] };
        for (int i = 0; i < 2; i++) {
            given[i] += chance(chance(4) ? 40 : 900);
            if (given[i] > len)
                given[i] = len;
            size_t had = (size_t)(at[i] - (end[i] - len));
            f[i] =
                job(&dir[i], at[i], given[i] < had ? 0 : given[i] - had, open);
            if (!chance(5))
                f[i].count_max = chance(3);
        }
        dp_frames_run(t.engine, v, 2);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(f[i].err, 0);
            assert_true(f[i].count <= f[i].count_max);
            assert_int_equal((f[i].at - at[i]) % 16, 0);
            at[i] = f[i].at;
            count[i] += f[i].count;
        }
    }
    assert_int_equal(count[0], FRAMES);
    assert_int_equal(count[1], FRAMES);
}

static void any_pieces(void **state)
{
    (void)state;
    static stream s, a, b;
    for (size_t skip = 0; skip < 136; skip++) {
        make(&s, skip);
        a = b = s;
        pieces(a.plain, b.plain, s.len, skip, false);
        assert_memory_equal(a.plain, s.wire, s.len);
        assert_memory_equal(b.plain, s.wire, s.len);
        pieces(a.wire, b.wire, s.len, skip, true);
        same(&s, a.wire);
        same(&s, b.wire);
    }
}

/* One bit anywhere: the frame before it is fine, the job stops at the place of
 * the MAC that fails, and nothing behind is touched. */
static void one_bit_anywhere(void **state)
{
    (void)state;
    static uint8_t good[3 * 80], at[sizeof good];
    dp_dir dir;
    direction(&dir, 5);
    for (size_t i = 0; i < 3; i++) {
        dp_frame_header(good + 80 * i, 20);
        plain_seal(&dir, good + 80 * i, 20);
    }
    for (size_t bit = 80 * 8; bit < 160 * 8; bit++) {
        memcpy(at, good, sizeof at);
        at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        direction(&dir, 5);
        dp_frames f = job(&dir, at, sizeof at, true);
        run(&f);
        assert_int_equal(f.err, DEVP2P_ERR_FRAME_MAC);
        assert_int_equal(f.count, 1);
        size_t stop = bit < 112 * 8 ? 80 : 144;
        assert_ptr_equal(f.at, at + stop);
        if (stop == 80)
            at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        else
            stop = 160;
        assert_memory_equal(at + stop, good + stop, sizeof at - stop);
    }
}

/* Frame sizes 0 to 40 and around the limit, under MACs that hold. */
static void sizes(void **state)
{
    (void)state;
    static uint8_t at[DP_FRAME_HEAD + 4096 + 64];
    dp_dir dir;
    for (uint32_t size = 0; size <= 2100; size += size == 40 ? 2000 : 1) {
        memset(at, 0, sizeof at);
        direction(&dir, 5);
        dp_frame_header(at, size);
        dp_dir sealing = dir;
        plain_seal(&sealing, at, size);
        dp_frames f = job(&dir, at, dp_frame_wire(size), true);
        f.size_max = 2049;
        run(&f);
        bool good = size > 0 && size <= 2049;
        assert_int_equal(f.err, good ? 0 : DEVP2P_ERR_FRAME_SIZE);
        assert_int_equal(f.count, good);
        if (good)
            assert_int_equal(dir.size, size);
    }
    memset(at, 0, sizeof at);
    direction(&dir, 5);
    dp_frame_header(at, 0);
    dp_frames f = job(&dir, at, DP_FRAME_HEAD + DP_FRAME_TAIL, false);
    run(&f);
    assert_int_equal(f.err, DEVP2P_ERR_FRAME_SIZE);
}

/* The body of the largest frame is not waited for: its header is worked as soon
 * as it is there, and the place is told. */
static void the_place_is_told(void **state)
{
    (void)state;
    uint8_t at[DP_FRAME_HEAD + 32];
    dp_dir dir;
    direction(&dir, 5);
    dp_frame_header(at, MAX);
    dp_frames f = job(&dir, at, 31, false);
    run(&f);
    assert_ptr_equal(f.at, at);
    assert_int_equal(dir.place, DP_AT_HEADER);
    f = job(&dir, at, sizeof at - 1, false);
    run(&f);
    assert_int_equal(f.err, 0);
    assert_ptr_equal(f.at, at + DP_FRAME_HEAD + 16);
    assert_int_equal(dir.place, DP_AT_BODY);
    assert_int_equal(dir.size, MAX);
    assert_int_equal(dir.left, MAX + 1 - 16);
}

static void the_counter_goes_on(void **state)
{
    (void)state;
    /* the key stream goes on beyond 2^32 blocks as one counter */
    uint8_t a[64] = { 0 }, b[64], iv[16] = { 0 };
    dp_dir dir;
    direction(&dir, 5);
    dir.block = UINT64_C(0x01ffffffff);
    dp_frame_header(a, 16);
    memcpy(b, a, 64);
    iv[11] = 1;
    memset(iv + 12, 0xff, 4);
    aes(t.crypto->aes256_ctr, dir.aes_key, iv, b + 16, b, 16);
    dp_frames f = job(&dir, a, 64, false);
    run(&f);
    assert_int_equal(f.count, 1);
    assert_memory_equal(a, b + 16, 16);
    iv[11] = 2;
    memset(iv + 12, 0, 4);
    memset(b, 0, 16);
    aes(t.crypto->aes256_ctr, dir.aes_key, iv, b, b, 16);
    assert_memory_equal(a + 32, b, 16);
}

static void no_memory(void **state)
{
    (void)state;
    dp_engine *e;
    test_env_fail(&t.env, 1);
    assert_int_equal(dp_engine_new(&e, &t.env.env, t.crypto), DEVP2P_ERR_NOMEM);
    assert_null(e);
    dp_engine_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_streams),
        cmocka_unit_test(any_pieces),
        cmocka_unit_test(one_bit_anywhere),
        cmocka_unit_test(sizes),
        cmocka_unit_test(the_place_is_told),
        cmocka_unit_test(the_counter_goes_on),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
