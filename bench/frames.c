/* SPDX-License-Identifier: MIT */
/* frames.c - frames sealed and opened by the engine, as jobs of at most 64 KiB
 * as a session has them, of one connection and of many; beside them what the
 * format cannot do without: Keccak and AES of the same bytes. */
#include "trial.h"

#include "base/limits.h"
#include "crypto/frame_lane.h"

#include <openssl/evp.h>
#include <string.h>

enum { TINY = 32, SMALL = 100, LARGE = 1 << 20, SMALL_FRAMES = 400 };

/* What a MAC has absorbed before the first frame: a nonce and a packet of the
 * handshake.  Its length is any: the frames lie across the sponge's words. */
enum { SEED = 32 + 457 };

/* Connections: what a loop's turn gives to the engine at once, 64 at most. */
enum { FEW = 8, CROWD = 100, CROWD_FRAMES = 16, BATCH = 64 };

static dp_env env;
static dp_crypto *crypto;
static dp_engine *engine, *one_lane; /* the other never runs two lanes */
static dp_secrets secrets;
static uint8_t *memory; /* room for one large frame */
static EVP_CIPHER_CTX *stream, *block;
static EVP_MD_CTX *sha3;

static size_t memory_size(void)
{
    return dp_frame_wire(LARGE);
}

/* --- the engine --- */

/* work runs the engine over n bytes, in jobs. */
static void work(dp_dir *dir, bool open, size_t n, uint32_t frames)
{
    dp_frames f = { .dir = dir, .at = memory, .open = open };
    f.size_max = DP_FRAME_MAX;
    f.count_max = UINT32_MAX;
    uint32_t done = 0;
    for (size_t end = 0; end < n;) {
        end = end + DP_WINDOW < n ? end + DP_WINDOW : n;
        f.end = memory + end;
        dp_frames *job = &f;
        dp_frames_run(engine, &job, 1);
        must(f.err == 0);
        done += f.count;
    }
    must(done == frames && f.at == memory + n);
}

static void headers(uint32_t size, uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++)
        dp_frame_header(memory + i * dp_frame_wire(size), size);
}

static void seal(meter *m, uint32_t size, uint32_t frames)
{
    static dp_dir dir;
    if (dir.block == 0)
        dp_dir_init(&dir, &secrets, &secrets.egress);
    headers(size, frames);
    meter_start(m);
    work(&dir, false, frames * dp_frame_wire(size), frames);
    meter_stop(m, frames);
}

static void open(meter *m, uint32_t size, uint32_t frames)
{
    dp_dir to, from;
    dp_dir_init(&to, &secrets, &secrets.egress);
    dp_dir_init(&from, &secrets, &secrets.egress);
    headers(size, frames);
    work(&to, false, frames * dp_frame_wire(size), frames);
    meter_start(m);
    work(&from, true, frames * dp_frame_wire(size), frames);
    meter_stop(m, frames);
}

static void seal_tiny(meter *m)
{
    seal(m, TINY, SMALL_FRAMES);
}

static void seal_small(meter *m)
{
    seal(m, SMALL, SMALL_FRAMES);
}

static void seal_large(meter *m)
{
    seal(m, LARGE, 1);
}

static void open_small(meter *m)
{
    open(m, SMALL, SMALL_FRAMES);
}

static void open_large(meter *m)
{
    open(m, LARGE, 1);
}

/* --- many connections --- */

/* A line is one of them: both its ends, and its frames. */
typedef struct line {
    dp_dir to, from;
    uint8_t *frames;
    size_t done;
} line;

static line lines[CROWD];

/* side_by_side works so many bytes of each of n lines, in jobs, a batch of them
 * at a time. */
static void side_by_side(dp_engine *e, bool open, size_t n, size_t bytes)
{
    dp_frames f[BATCH], *job[BATCH];
    for (size_t i = 0; i < n; i++)
        lines[i].done = 0;
    for (size_t done = 0; done < bytes; done += DP_WINDOW)
        for (size_t i = 0; i < n;) {
            size_t k = 0;
            for (; k < BATCH && i < n; k++, i++) {
                line *l = &lines[i];
                size_t end = done + DP_WINDOW;
                f[k] = (dp_frames){ .dir = open ? &l->from : &l->to,
                    .at = l->frames + l->done,
                    .end = l->frames + (end < bytes ? end : bytes),
                    .size_max = DP_FRAME_MAX,
                    .count_max = UINT32_MAX,
                    .open = open };
                job[k] = &f[k];
            }
            dp_frames_run(e, job, k);
            for (size_t j = 0; j < k; j++) {
                must(f[j].err == 0);
                lines[i - k + j].done =
                    (size_t)(f[j].at - lines[i - k + j].frames);
            }
        }
    for (size_t i = 0; i < n; i++)
        must(lines[i].done == bytes);
}

static void many(
    meter *m, dp_engine *e, bool open, size_t n, uint32_t size, uint32_t frames)
{
    size_t wire = dp_frame_wire(size);
    for (size_t i = 0; i < n; i++) {
        line *l = &lines[i];
        must(l->frames = realloc(l->frames, frames * wire));
        memset(l->frames, (int)i, frames * wire);
        for (uint32_t j = 0; j < frames; j++)
            dp_frame_header(l->frames + j * wire, size);
        secrets.mac[0] = (uint8_t)i;
        dp_dir_init(&l->to, &secrets, &secrets.egress);
        dp_dir_init(&l->from, &secrets, &secrets.egress);
    }
    if (!open)
        meter_start(m);
    side_by_side(e, false, n, frames * wire);
    if (!open)
        meter_stop(m, n * frames);
    if (!open)
        return;
    meter_start(m);
    side_by_side(e, true, n, frames * wire);
    meter_stop(m, n * frames);
}

static void seal_few(meter *m)
{
    many(m, engine, false, FEW, LARGE, 1);
}

static void open_few(meter *m)
{
    many(m, engine, true, FEW, LARGE, 1);
}

static void seal_few_one(meter *m)
{
    many(m, one_lane, false, FEW, LARGE, 1);
}

static void open_few_one(meter *m)
{
    many(m, one_lane, true, FEW, LARGE, 1);
}

static void seal_crowd(meter *m)
{
    many(m, engine, false, CROWD, SMALL, CROWD_FRAMES);
}

static void open_crowd(meter *m)
{
    many(m, engine, true, CROWD, SMALL, CROWD_FRAMES);
}

static void seal_crowd_one(meter *m)
{
    many(m, one_lane, false, CROWD, SMALL, CROWD_FRAMES);
}

static void open_crowd_one(meter *m)
{
    many(m, one_lane, true, CROWD, SMALL, CROWD_FRAMES);
}

/* --- the bound --- */

static void aes(EVP_CIPHER_CTX *ctx, uint8_t *at, size_t len)
{
    int n;
    must(EVP_EncryptUpdate(ctx, at, &n, at, (int)len));
}

/* bound does to a frame what RLPx asks for, "Framing" and "MAC": header and
 * body through AES-256-CTR, a block of AES-256-ECB for each MAC, and through
 * Keccak 16 bytes for each MAC and the body, with a digest for each MAC and
 * one that seeds the body's. */
static void bound(meter *m, uint32_t size, uint32_t frames)
{
    static dp_keccak k;
    uint8_t digest[32];
    size_t body = dp_frame_body(size);
    meter_start(m);
    for (uint32_t i = 0; i < frames; i++) {
        uint8_t *at = memory + i * dp_frame_wire(size);
        aes(stream, at, 16);
        aes(block, at + 16, 16);
        dp_keccak_add(&k, at + 16, 16);
        dp_keccak_peek(&k, digest);
        at += DP_FRAME_HEAD;
        for (size_t done = 0; done < body;) {
            size_t n = body - done < DP_WINDOW ? body - done : DP_WINDOW;
            aes(stream, at + done, n);
            dp_keccak_add(&k, at + done, n);
            done += n;
        }
        dp_keccak_peek(&k, digest);
        aes(block, digest, 16);
        dp_keccak_add(&k, digest, 16);
        dp_keccak_peek(&k, digest);
    }
    meter_stop(m, frames);
}

static void bound_small(meter *m)
{
    bound(m, SMALL, SMALL_FRAMES);
}

static void bound_large(meter *m)
{
    bound(m, LARGE, 1);
}

static void keccak_large(meter *m)
{
    uint8_t digest[32];
    dp_keccak k;
    meter_start(m);
    dp_keccak_init(&k);
    dp_keccak_add(&k, memory, LARGE);
    dp_keccak_peek(&k, digest);
    meter_stop(m, 1);
}

static void permutation(meter *m)
{
    enum { TIMES = 1000 };
    static uint64_t lane[25];
    meter_start(m);
    for (size_t i = 0; i < TIMES; i++)
        dp_keccak_f1600(lane);
    meter_stop(m, TIMES);
}

static void sha3_large(meter *m)
{
    uint8_t digest[32];
    meter_start(m);
    must(EVP_DigestInit_ex2(sha3, NULL, NULL) &&
         EVP_DigestUpdate(sha3, memory, LARGE) &&
         EVP_DigestFinal_ex(sha3, digest, NULL));
    meter_stop(m, 1);
}

int main(void)
{
    static const thing things[] = {
        { "seal_32", seal_tiny },
        { "permutation", permutation },
        { "seal_100", seal_small },
        { "open_100", open_small },
        { "bound_100", bound_small },
        { "seal_1m", seal_large },
        { "open_1m", open_large },
        { "bound_1m", bound_large },
        { "keccak_1m", keccak_large },
        { "sha3_1m", sha3_large },
        { "seal_8x1m", seal_few },
        { "seal_8x1m_one", seal_few_one },
        { "open_8x1m", open_few },
        { "open_8x1m_one", open_few_one },
        { "seal_100x16", seal_crowd },
        { "seal_100x16_one", seal_crowd_one },
        { "open_100x16", open_crowd },
        { "open_100x16_one", open_crowd_one },
    };
    static const uint8_t key[32] = { 1 }, counter[16] = { 0 };
    env = trial_env();
    memory = calloc(1, memory_size());
    stream = EVP_CIPHER_CTX_new();
    block = EVP_CIPHER_CTX_new();
    sha3 = EVP_MD_CTX_new();
    must(memory && stream && block && sha3);
    must(SMALL_FRAMES * dp_frame_wire(SMALL) <= memory_size());
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    must(dp_engine_new(&engine, &env, crypto) == 0);
    must(dp_engine_new(&one_lane, &env, crypto) == 0);
    dp_cpu narrow = *one_lane->cpu;
    narrow.few = narrow.many = NULL;
    one_lane->cpu = &narrow;
    must(dp_random(&env, secrets.aes, sizeof secrets.aes) == 0);
    must(dp_random(&env, secrets.mac, sizeof secrets.mac) == 0);
    dp_keccak_init(&secrets.egress);
    dp_keccak_add(&secrets.egress, memory, SEED);
    must(EVP_EncryptInit_ex2(stream, EVP_aes_256_ctr(), key, counter, NULL));
    must(EVP_EncryptInit_ex2(block, EVP_aes_256_ecb(), key, NULL, NULL));
    must(EVP_DigestInit_ex2(sha3, EVP_sha3_256(), NULL));
    int code = trial_serve(things, sizeof things / sizeof *things);
    EVP_MD_CTX_free(sha3);
    EVP_CIPHER_CTX_free(block);
    EVP_CIPHER_CTX_free(stream);
    dp_engine_free(one_lane);
    dp_engine_free(engine);
    dp_crypto_free(crypto);
    for (size_t i = 0; i < CROWD; i++)
        free(lines[i].frames);
    free(memory);
    return code;
}
