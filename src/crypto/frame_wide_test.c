/* SPDX-License-Identifier: MIT */
/* frame_wide_test.c - every kind of processor makes the same bytes: random
 * schedules of jobs, given to an engine of that kind together and to a generic
 * one each alone, must leave the same behind after every step. */
#include "crypto/frame_lane.h"

#include "base/bytes.h"
#include "test.h"
#include "test_env.h"

#include <stdlib.h>

enum { LINES = 19, SCHEDULES = 150, STEPS = 400, MAX = 0xffffff };

static struct {
    test_env env;
    dp_crypto *crypto;
    dp_engine *plain, *wide;
    uint64_t seed;
} t;

static uint32_t chance(uint32_t below)
{
    t.seed = t.seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((t.seed >> 32) * below >> 32);
}

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

/* engine makes one of a kind. */
static dp_engine *engine(const dp_cpu *cpu)
{
    dp_engine *e;
    assert_int_equal(dp_engine_new(&e, &t.env.env, t.crypto), 0);
    dp_cipher_fini(&e->cipher);
    e->cpu = cpu;
    assert_int_equal(dp_cipher_init(&e->cipher, cpu->aes, t.crypto), 0);
    return e;
}

/* --- a line: a direction, twice, and its bytes, twice --- */

typedef struct copy {
    dp_dir dir;
    uint8_t *memory; /* exactly as much as is used */
    uint8_t *at;
} copy;

typedef struct line {
    copy plain, wide;
    size_t skip, len, given;
    bool open, over;
    uint32_t size_max;
} line;

/* direction: what a handshake leaves in the sponge has any length. */
static void direction(line *l)
{
    dp_secrets s;
    uint8_t packet[300];
    for (size_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)chance(256);
    memcpy(s.aes, packet, 32);
    memcpy(s.mac, packet + 32, 32);
    dp_keccak_init(&s.egress);
    dp_keccak_add(&s.egress, packet, chance(sizeof packet));
    dp_dir_init(&l->plain.dir, &s, &s.egress);
    l->plain.dir.block = chance(2) ? 0 : UINT64_C(0xfffffffe);
    l->wide.dir = l->plain.dir;
}

/* size of a frame; a schedule is of one kind: small, mixed, large. */
static uint32_t size(uint32_t kind)
{
    static const uint32_t most[] = { 40, 300, 5000 };
    return 1 + chance(most[kind == 1 ? chance(3) : kind]);
}

/* fill gives a line its frames, in memory that begins anywhere. */
static void fill(line *l, uint32_t kind)
{
    uint32_t sizes[12], n = 1 + chance(12);
    l->skip = chance(16);
    l->len = 0;
    for (uint32_t i = 0; i < n; i++) {
        sizes[i] = size(kind);
        l->len += dp_frame_wire(sizes[i]);
    }
    l->plain.memory = malloc(l->skip + l->len);
    l->wide.memory = malloc(l->skip + l->len);
    assert_true(l->plain.memory && l->wide.memory);
    uint8_t *at = l->plain.at = l->plain.memory + l->skip;
    l->wide.at = l->wide.memory + l->skip;
    for (uint32_t i = 0; i < n; at += dp_frame_wire(sizes[i]), i++) {
        dp_frame_header(at, sizes[i]);
        for (size_t j = DP_FRAME_HEAD; j < dp_frame_wire(sizes[i]); j++)
            at[j] = (uint8_t)chance(256);
    }
    memcpy(l->wide.at, l->plain.at, l->len);
}

/* damage: one line in four meets a wrong bit or a frame that is too large. */
static void damage(line *l)
{
    l->size_max = MAX;
    uint32_t what = chance(8);
    if (what == 0)
        l->plain.at[chance((uint32_t)l->len)] ^= (uint8_t)(1 << chance(8));
    if (what == 1)
        l->size_max = 1 + chance(300);
}

/* begin makes a line that seals, or one that opens what was sealed before. */
static void begin(line *l, uint32_t kind)
{
    *l = (line){ .open = chance(2) };
    direction(l);
    fill(l, kind);
    if (!l->open) {
        if (!chance(8)) /* a frame of no size ends it */
            memset(l->plain.at, 0, 3);
    } else {
        dp_frames f = { .dir = &l->wide.dir,
            .at = l->plain.at,
            .end = l->plain.at + l->len,
            .count_max = UINT32_MAX };
        dp_frames *v = &f;
        dp_frames_run(t.plain, &v, 1);
        assert_int_equal(f.err, 0);
        assert_ptr_equal(f.at, f.end);
        l->wide.dir = l->plain.dir;
        damage(l);
    }
    memcpy(l->wide.at, l->plain.at, l->len);
}

static void end(line *l)
{
    free(l->plain.memory);
    free(l->wide.memory);
}

/* --- a step: some lines get more bytes --- */

static dp_frames job(const line *l, copy *c, uint32_t count_max)
{
    return (dp_frames){ .dir = &c->dir,
        .at = c->at,
        .end = c->memory + l->skip + l->given,
        .size_max = l->size_max,
        .count_max = count_max,
        .open = l->open };
}

static void same_dir(const dp_dir *a, const dp_dir *b)
{
    assert_memory_equal(a->mac.lane, b->mac.lane, sizeof a->mac.lane);
    assert_int_equal(a->mac.at, b->mac.at);
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_int_equal(a->block, b->block);
    assert_int_equal(a->place, b->place);
    assert_int_equal(a->left, b->left);
    assert_int_equal(a->size, b->size);
}

/* same: what a step left behind; then the line moves on. */
static void same(line *l, const dp_frames *plain, const dp_frames *wide)
{
    size_t moved = (size_t)(plain->at - l->plain.at);
    assert_int_equal(wide->at - l->wide.at, moved);
    assert_int_equal(wide->err, plain->err);
    assert_int_equal(wide->count, plain->count);
    assert_memory_equal(
        l->wide.memory + l->skip, l->plain.memory + l->skip, l->len);
    same_dir(&l->plain.dir, &l->wide.dir);
    l->plain.at += moved;
    l->wide.at += moved;
    l->over = plain->err != 0;
}

/* step gives more bytes to a few lines, or to all, in any order; it returns how
 * many still have some to do. */
static size_t step(line *lines, size_t n)
{
    dp_frames plain[LINES], wide[LINES], *v[LINES];
    line *of[LINES];
    size_t jobs = 0, busy = 0, first = chance((uint32_t)n);
    uint32_t some = chance(4);
    for (size_t i = 0; i < n; i++) {
        line *l = &lines[(first + i) % n];
        if (l->over || l->wide.at == l->wide.memory + l->skip + l->len)
            continue;
        busy++;
        if (some == 1 && chance(2))
            continue;
        size_t more = some ? chance(3000) : l->len;
        size_t rest = l->len - l->given;
        l->given += more < rest ? more : rest;
        uint32_t count_max = chance(4) ? UINT32_MAX : chance(3);
        plain[jobs] = job(l, &l->plain, count_max);
        wide[jobs] = job(l, &l->wide, count_max);
        v[jobs] = &wide[jobs];
        of[jobs++] = l;
    }
    dp_frames_run(t.wide, v, jobs);
    for (size_t i = 0; i < jobs; i++) {
        dp_frames *alone = &plain[i];
        dp_frames_run(t.plain, &alone, 1);
        same(of[i], &plain[i], &wide[i]);
    }
    return busy;
}

static void schedule(uint64_t seed)
{
    line lines[LINES];
    t.seed = seed;
    size_t n = 1 + chance(LINES), steps = 0;
    uint32_t kind = chance(3);
    for (size_t i = 0; i < n; i++)
        begin(&lines[i], kind);
    while (step(lines, n))
        assert_true(++steps < STEPS);
    for (size_t i = 0; i < n; i++)
        end(&lines[i]);
}

static void every_kind_alike(void **state)
{
    (void)state;
    t.plain = engine(&dp_cpus[DP_CPU_GENERIC]);
    for (size_t i = 0; i < DP_CPUS; i++) {
        if (!dp_cpus[i].runs()) {
            print_message("this processor has no %s\n", dp_cpus[i].name);
            continue;
        }
        t.wide = engine(&dp_cpus[i]);
        for (uint64_t seed = 1; seed <= SCHEDULES; seed++)
            schedule(seed);
        dp_engine_free(t.wide);
    }
    dp_engine_free(t.plain);
}

/* Each width that a kind has, however many jobs there are for it. */
static void every_width(void **state)
{
    (void)state;
    t.plain = engine(&dp_cpus[DP_CPU_GENERIC]);
    for (size_t i = 0; i < DP_CPUS; i++) {
        dp_cpu cpu = dp_cpus[i];
        if (!cpu.runs() || !cpu.few)
            continue;
        const dp_keccak_wide *widths[] = { dp_cpus[i].few, dp_cpus[i].many };
        for (size_t j = 0; j < 2; j++) {
            dp_keccak_wide always = *widths[j];
            always.least = 1;
            cpu.few = cpu.many = &always;
            t.wide = engine(&cpu);
            for (uint64_t seed = 100; seed <= 100 + SCHEDULES; seed++)
                schedule(seed);
            dp_engine_free(t.wide);
        }
    }
    dp_engine_free(t.plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_alike),
        cmocka_unit_test(every_width),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
