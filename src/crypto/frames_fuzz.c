/* SPDX-License-Identifier: MIT */
/* frames_fuzz.c - a script: frames are sealed in jobs that end anywhere, one
 * byte may be changed, and they are opened in other jobs.  A model says how far
 * that must come.  The keys are known, so every MAC holds but where the script
 * broke it.  Each job is done by the plainest kind of processor, and beside it
 * for twins, one alone and the others side by side, by the kind that this one
 * is: all must be the same. */
#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/frame_lane.h"
#include "test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES = 8, LONGEST = 600, BYTES = FRAMES * (LONGEST + 64), TWINS = 6 };

static test_env env;
static dp_crypto *crypto;
static dp_engine *plain_engine, *engine;

/* A twin has what a direction has, and bytes of its own. */
static struct {
    dp_dir dir;
    dp_frames f;
    uint8_t bytes[BYTES];
} twins[TWINS];

/* A script gives zeros when it is over. */
typedef struct script {
    const uint8_t *at, *end;
} script;

static uint8_t byte(script *s)
{
    return s->at < s->end ? *s->at++ : 0;
}

static size_t below(script *s, size_t limit)
{
    size_t high = byte(s);
    return (high << 8 | byte(s)) % limit;
}

static void prepare(void)
{
    if (!crypto) {
        test_env_init(&env);
        dp_assert(dp_crypto_new(&crypto, &env.env, NULL) == 0);
    }
    dp_assert(dp_engine_new(&engine, &env.env, crypto) == 0);
    dp_assert(dp_engine_new(&plain_engine, &env.env, crypto) == 0);
    dp_cipher_fini(&plain_engine->cipher);
    plain_engine->cpu = &dp_cpus[DP_CPU_GENERIC];
    dp_assert(dp_cipher_init(&plain_engine->cipher, NULL, crypto) == 0);
}

static void begin(dp_dir *dir, uint8_t skip)
{
    dp_secrets s;
    memset(&s, 1, sizeof s);
    dp_keccak_init(&s.egress);
    dp_keccak_add(&s.egress, s.aes, skip % sizeof s.aes);
    dp_dir_init(dir, &s, &s.egress);
}

static void be_twins(const dp_frames *f, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < TWINS; i++) {
        twins[i].dir = *f->dir;
        twins[i].f.at = twins[i].bytes;
        memcpy(twins[i].bytes, bytes, len);
    }
}

/* run does one job, and the same for the twins. */
static void run(dp_frames *f, const uint8_t *bytes, size_t len)
{
    dp_frames *v[TWINS];
    for (size_t i = 0; i < TWINS; i++) {
        uint8_t *at = twins[i].f.at;
        v[i] = &twins[i].f;
        *v[i] = *f;
        v[i]->dir = &twins[i].dir;
        v[i]->at = at;
        v[i]->end = twins[i].bytes + (f->end - bytes);
    }
    dp_frames_run(plain_engine, &f, 1);
    dp_frames_run(engine, v, 1);
    dp_frames_run(engine, v + 1, TWINS - 1);
    for (size_t i = 0; i < TWINS; i++) {
        dp_assert(v[i]->at - twins[i].bytes == f->at - bytes);
        dp_assert(v[i]->err == f->err && v[i]->count == f->count);
        dp_assert(memcmp(twins[i].bytes, bytes, len) == 0);
        const dp_keccak *a = &v[i]->dir->mac, *b = &f->dir->mac;
        dp_assert(a->at == b->at);
        dp_assert(memcmp(a->lane, b->lane, sizeof a->lane) == 0);
    }
}

/* work gives the bytes to the engine, in a few jobs of the script and then all
 * that is left: the number of frames. */
static uint32_t work(
    script *s, dp_frames *f, uint8_t *bytes, size_t len, uint32_t size_max)
{
    uint32_t count = 0;
    size_t there = 0;
    f->at = bytes;
    f->size_max = size_max;
    be_twins(f, bytes, len);
    for (unsigned jobs = byte(s) % 32;; jobs--) {
        size_t more = 1 + below(s, 2 * LONGEST);
        there += !jobs || more > len - there ? len - there : more;
        f->end = bytes + there;
        f->count_max = jobs ? byte(s) % 4 : UINT32_MAX;
        const uint8_t *before = f->at;
        run(f, bytes, len);
        dp_assert(f->at >= before && f->at <= f->end);
        dp_assert((f->at - before) % 16 == 0 && f->count <= f->count_max);
        count += f->count;
        if (f->err || !jobs)
            return count;
    }
}

/* model tells what opening must come to when the byte at damage is wrong. */
static uint32_t model(int *err, const uint32_t *sizes, uint32_t n,
    size_t damage, uint32_t size_max)
{
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t end = at + dp_frame_wire(sizes[i]);
        *err = DEVP2P_ERR_FRAME_MAC;
        if (damage >= at && damage < at + DP_FRAME_HEAD)
            return i;
        *err = DEVP2P_ERR_FRAME_SIZE;
        if (sizes[i] > size_max)
            return i;
        *err = DEVP2P_ERR_FRAME_MAC;
        if (damage >= at && damage < end)
            return i;
        at = end;
    }
    *err = 0;
    return n;
}

/* compose lays out the frames of a script and returns their length. */
static size_t compose(script *s, uint8_t *out, uint32_t *sizes, uint32_t n)
{
    uint8_t *at = out;
    for (uint32_t i = 0; i < n; i++) {
        sizes[i] = (uint32_t)(1 + below(s, LONGEST));
        dp_frame_header(at, sizes[i]);
        at[3 + byte(s) % 13] ^= byte(s); /* header-data is nobody's concern */
        memset(at + DP_FRAME_HEAD, byte(s), sizes[i]);
        at += dp_frame_wire(sizes[i]);
    }
    return (size_t)(at - out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t plain[BYTES], wire[BYTES];
    uint32_t sizes[FRAMES] = { 0 };
    script s = { data, data + size };
    dp_dir dir;
    prepare();
    memset(plain, 0, sizeof plain);
    uint8_t skip = byte(&s);
    uint32_t n = 1 + byte(&s) % FRAMES;
    uint32_t size_max = byte(&s) % 4 ? LONGEST : (uint32_t)below(&s, LONGEST);
    size_t len = compose(&s, plain, sizes, n);
    memcpy(wire, plain, len);

    begin(&dir, skip);
    dp_frames seal = { .dir = &dir };
    dp_assert(work(&s, &seal, wire, len, 0) == n && !seal.err);

    size_t damage = below(&s, len);
    uint8_t how = byte(&s);
    static uint8_t sent[BYTES];
    wire[damage] ^= how;
    memcpy(sent, wire, len);
    int want;
    uint32_t frames = model(&want, sizes, n, how ? damage : len, size_max);

    begin(&dir, skip);
    dp_frames open = { .dir = &dir, .open = true };
    uint32_t count = work(&s, &open, wire, len, size_max);
    dp_assert(open.err == want && count == frames);
    uint8_t *at = wire;
    for (uint32_t i = 0; i < count; i++) {
        size_t body = dp_frame_body(sizes[i]);
        const uint8_t *was = plain + (at - wire);
        dp_assert(memcmp(at, was, 16) == 0);
        dp_assert(memcmp(at + 32, was + 32, body) == 0);
        at += dp_frame_wire(sizes[i]);
    }
    /* what lies behind a frame that failed is as it came */
    if (count < n)
        at += dp_frame_wire(sizes[count]);
    size_t behind = (size_t)(at - wire);
    dp_assert(memcmp(at, sent + behind, len - behind) == 0);
    dp_dir_fini(&dir);
    dp_engine_forget(engine);
    dp_engine_forget(plain_engine);
    dp_engine_free(engine);
    dp_engine_free(plain_engine);
    return 0;
}
