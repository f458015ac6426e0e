/* SPDX-License-Identifier: MIT */
/* vector_frame_mac.c - two operations hold the hash of the MAC constant or stop
 * it between frames: the engine is given a kind of processor whose permutation
 * does the one, and its parts are called for the other. */
#include "vector_frame_mac.h"

#include "base/env.h"
#include "crypto/frame_lane.h"

#include <string.h>

enum { BLOCK = 16 };

static uint64_t constant[25]; /* what every state becomes */

static void hold(uint64_t lane[25])
{
    memcpy(lane, constant, sizeof constant);
}

static void hold_all(uint64_t lane[25], const uint8_t *at, size_t blocks)
{
    (void)at;
    (void)blocks;
    hold(lane);
}

static void hold_two(uint64_t lane[25], uint64_t other[25])
{
    hold(lane);
    hold(other);
}

static const dp_keccak_kernel held = {
    .permute = hold, .absorb = hold_all, .permute_two = hold_two
};

static int some_chance(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 7, len);
    return 0;
}

/* A probe is an engine and one direction. */
typedef struct probe {
    dp_crypto *crypto;
    dp_engine *engine;
    dp_dir dir;
} probe;

static void secret(uint8_t out[32], const json_t *input, const char *key)
{
    size_t len;
    const uint8_t *at = vector_bytes(input, key, &len);
    memset(out, 0, 32);
    memcpy(out, at, len < 32 ? len : 32);
}

static int probe_init(
    probe *p, const json_t *input, const uint8_t *seed, size_t seed_len)
{
    const dp_env env = { .alloc = dp_default_alloc, .random = some_chance };
    dp_secrets s;
    memset(&s, 0, sizeof s);
    *p = (probe){ 0 };
    if (json_object_get(input, "aes_secret"))
        secret(s.aes, input, "aes_secret");
    secret(s.mac, input, "mac_secret");
    dp_keccak_init(&s.egress);
    dp_keccak_add(&s.egress, seed, seed_len);
    dp_dir_init(&p->dir, &s, &s.egress);
    int err = dp_crypto_new(&p->crypto, &env, NULL);
    return err ? err : dp_engine_new(&p->engine, &env, p->crypto);
}

static void probe_fini(probe *p)
{
    dp_engine_free(p->engine);
    dp_crypto_free(p->crypto);
}

/* one runs a frame: 0 when it was there to its last byte. */
static int one(probe *p, uint8_t *at, size_t len, bool open)
{
    dp_frames f = { .dir = &p->dir,
        .at = at,
        .end = at + len,
        .size_max = 0xffffff,
        .count_max = 1,
        .open = open };
    dp_frames *v = &f;
    dp_frames_run(p->engine, &v, 1);
    return f.err ? f.err : f.count ? 0 : DEVP2P_ERR_FRAME_SIZE;
}

/* write seals a message whose code is one byte of RLP. */
static int write_frame(probe *p, const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *payload = vector_bytes(input, "payload", &len);
    size_t wire = dp_frame_wire(len + 1);
    uint8_t *at = vector_alloc(wire);
    memset(at, 0, wire);
    dp_frame_header(at, (uint32_t)len + 1);
    at[DP_FRAME_HEAD] = (uint8_t)vector_int(input, "code");
    memcpy(at + DP_FRAME_HEAD + 1, payload, len);
    int err = one(p, at, wire, false);
    if (err || !output)
        return err;
    return vector_same(output, "wire", at, wire) ? 0 : VECTOR_DIFFERS;
}

static int read_frame(probe *p, const json_t *input, const json_t *output)
{
    size_t len;
    uint8_t *at = vector_bytes(input, "wire", &len);
    int err = one(p, at, len, true);
    if (err || !output)
        return err;
    const uint8_t *data = at + DP_FRAME_HEAD;
    return vector_same(output, "frame_data", data, p->dir.size) &&
                   data[0] == vector_int(output, "code") &&
                   vector_same(output, "payload", data + 1, p->dir.size - 1)
               ? 0
               : VECTOR_DIFFERS;
}

int vector_fixed_mac_frame(const json_t *input, const json_t *output)
{
    probe p;
    size_t len;
    const uint8_t *digest = vector_bytes(input, "mac_digest", &len);
    int err = probe_init(&p, input, NULL, 0);
    if (!err) {
        dp_cpu cpu = *p.engine->cpu;
        cpu.keccak = &held;
        p.engine->cpu = &cpu;
        memcpy(constant, digest, 32);
        memcpy(p.dir.digest, digest, BLOCK);
        err = strcmp(vector_text(input, "direction"), "write") == 0
                  ? write_frame(&p, input, output)
                  : read_frame(&p, input, output);
    }
    probe_fini(&p);
    return err;
}

static void digest_now(probe *p)
{
    uint8_t digest[32];
    dp_keccak_peek(&p->dir.mac, digest);
    memcpy(p->dir.digest, digest, BLOCK);
}

/* cover makes the MAC that covers a block. */
static bool cover(probe *p, const uint8_t *block)
{
    dp_frames f = { .dir = &p->dir };
    dp_lane l;
    dp_lane_begin(&l, &f, &p->engine->cipher);
    if (!dp_lane_seed(&l, block))
        return false;
    dp_keccak_add(&p->dir.mac, l.from, l.left);
    digest_now(p);
    return true;
}

/* mac_step does what the engine does around a header or a body; update adds
 * bytes alone. */
static bool mac_step(probe *p, const json_t *step)
{
    size_t len;
    const uint8_t *data = vector_bytes(step, "data", &len);
    const char *op = vector_text(step, "op");
    if (strcmp(op, "header") == 0)
        return len == BLOCK && cover(p, data);
    dp_keccak_add(&p->dir.mac, data, len);
    digest_now(p);
    return strcmp(op, "body") != 0 || cover(p, p->dir.digest);
}

int vector_mac(const json_t *input, const json_t *output)
{
    probe p;
    size_t len, i;
    const uint8_t *seed = vector_bytes(input, "seed", &len);
    int err = probe_init(&p, input, seed, len);
    bool same = !err;
    const json_t *steps = json_object_get(input, "steps"), *digest;
    json_array_foreach(json_object_get(output, "digest16"), i, digest)
    {
        /* without steps there is one digest, that of the start */
        const json_t *step = json_array_get(steps, i);
        const uint8_t *want = vector_hex(digest, &len);
        same = same && (!step || mac_step(&p, step)) && len == BLOCK &&
               memcmp(want, p.dir.digest, len) == 0;
    }
    probe_fini(&p);
    return err ? err : same ? 0 : VECTOR_DIFFERS;
}
