/* SPDX-License-Identifier: MIT */
/* keccak_test.c - every kernel against the specification written down plainly,
 * every alignment, every split. */
#include "crypto/keccak.h"

#include "crypto/cpu.h"

#include "test.h"

#include <devp2p/key.h>

#include <stdlib.h>

static uint64_t rotate(uint64_t x, unsigned n)
{
    return n % 64 ? x << n % 64 | x >> (64 - n % 64) : x;
}

/* plain_f1600 follows FIPS 202, 3.2 step by step; constants are computed. */
static void plain_f1600(uint64_t a[25])
{
    unsigned lfsr = 1;
    for (int round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
        for (int x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int i = 0; i < 25; i++)
            a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
        b[0] = a[0];
        for (int t = 0, x = 1, y = 0; t < 24; t++) {
            int to_y = (2 * x + 3 * y) % 5;
            unsigned by = (unsigned)((t + 1) * (t + 2) / 2);
            b[y + 5 * to_y] = rotate(a[x + 5 * y], by);
            x = y;
            y = to_y;
        }
        for (int i = 0; i < 25; i++) {
            int row = i / 5 * 5;
            a[i] = b[i] ^ (~b[row + (i + 1) % 5] & b[row + (i + 2) % 5]);
        }
        for (unsigned j = 0; j < 7; j++) {
            if (lfsr & 1)
                a[0] ^= (uint64_t)1 << ((1U << j) - 1);
            lfsr = lfsr & 0x80 ? (lfsr << 1 ^ 0x71) & 0xff : lfsr << 1;
        }
    }
}

static void plain_hash(uint8_t out[32], const uint8_t *at, size_t len)
{
    uint64_t lane[25] = { 0 };
    size_t place = 0;
    for (size_t i = 0; i < len; i++) {
        lane[place / 8] ^= (uint64_t)at[i] << 8 * (place % 8);
        if (++place == DP_KECCAK_RATE) {
            plain_f1600(lane);
            place = 0;
        }
    }
    lane[place / 8] ^= (uint64_t)1 << 8 * (place % 8);
    lane[16] ^= (uint64_t)1 << 63;
    plain_f1600(lane);
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(lane[i / 8] >> 8 * (i % 8));
}

static void fill(uint8_t *at, size_t len)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        at[i] = (uint8_t)(x >> 16);
    }
}

static void empty(void **state)
{
    (void)state;
    static const uint8_t want[32] = { 0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23,
        0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6,
        0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4,
        0x70 };
    uint8_t out[32];
    devp2p_keccak256(out, NULL, 0);
    assert_memory_equal(out, want, 32);
    plain_hash(out, NULL, 0);
    assert_memory_equal(out, want, 32);
}

/* plain_absorb adds blocks as the specification says. */
static void plain_absorb(uint64_t lane[25], const uint8_t *at, size_t blocks)
{
    for (; blocks; blocks--, at += DP_KECCAK_RATE) {
        for (size_t j = 0; j < DP_KECCAK_RATE; j++)
            lane[j / 8] ^= (uint64_t)at[j] << 8 * (j % 8);
        plain_f1600(lane);
    }
}

static void one_state(const dp_keccak_kernel *k, const uint8_t *bytes)
{
    uint64_t got[25] = { 0 }, want[25] = { 0 };
    for (int round = 0; round < 100; round++) {
        k->permute(got);
        plain_f1600(want);
        assert_memory_equal(got, want, sizeof want);
    }
    for (size_t shift = 0; shift < 8; shift++)
        for (size_t blocks = 0; blocks <= 8; blocks++) {
            k->absorb(got, bytes + shift, blocks);
            plain_absorb(want, bytes + shift, blocks);
            assert_memory_equal(got, want, sizeof want);
        }
    uint64_t other[25] = { 1 }, other_want[25] = { 1 };
    for (int round = 0; round < 100; round++) {
        k->permute_two(got, other);
        plain_f1600(want);
        plain_f1600(other_want);
        assert_memory_equal(got, want, sizeof want);
        assert_memory_equal(other, other_want, sizeof want);
    }
}

/* Every set of states that is kept, and blocks of every state at an address of
 * its own. */
static void several_states(const dp_keccak_wide *k, const uint8_t *bytes)
{
    enum { MOST = 8 };
    uint64_t state[25 * MOST] = { 0 }, want[MOST][25] = { { 0 } };
    uint64_t digest[2 * MOST];
    size_t n = k->states;
    assert_true(n <= MOST && k->least <= n);
    for (unsigned keep = 0; keep < 1U << n; keep++) {
        const uint8_t *at[MOST];
        size_t blocks = keep % 3;
        for (size_t j = 0; j < n; j++) {
            at[j] = bytes + (keep + j) % 8 + 40 * j;
            plain_absorb(want[j], at[j], blocks);
        }
        k->absorb(state, at, blocks);
        k->permute(state, keep, digest);
        for (size_t j = 0; j < n; j++) {
            uint64_t after[25];
            memcpy(after, want[j], sizeof after);
            plain_f1600(after);
            assert_int_equal(digest[j], after[0]);
            assert_int_equal(digest[n + j], after[1]);
            if (keep >> j & 1)
                memcpy(want[j], after, sizeof after);
            for (size_t i = 0; i < 25; i++)
                assert_int_equal(state[i * n + j], want[j][i]);
        }
    }
}

static void kernels(void **state)
{
    (void)state;
    uint8_t bytes[7 + 9 * DP_KECCAK_RATE];
    fill(bytes, sizeof bytes);
    assert_true(dp_cpus[DP_CPU_GENERIC].runs());
    for (size_t i = 0; i < DP_CPUS; i++) {
        const dp_cpu *cpu = &dp_cpus[i];
        if (!cpu->runs()) {
            print_message("this processor has no %s\n", cpu->name);
            continue;
        }
        one_state(cpu->keccak, bytes);
        if (cpu->few)
            several_states(cpu->few, bytes);
        if (cpu->many)
            several_states(cpu->many, bytes);
    }
}

/* Every length around the block edges, at every alignment, in an exact block of
 * memory so that one byte too many is seen. */
static void every_alignment(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 3 * DP_KECCAK_RATE + 9; len++)
        for (size_t shift = 0; shift < 8; shift++) {
            uint8_t *at = malloc(shift + len + 1), got[32], want[32];
            assert_non_null(at);
            fill(at, shift + len);
            uint8_t *exact = realloc(at, shift + len ? shift + len : 1);
            assert_non_null(exact);
            devp2p_keccak256(got, exact + shift, len);
            plain_hash(want, exact + shift, len);
            assert_memory_equal(got, want, 32);
            free(exact);
        }
}

/* A sponge fed in three parts, read in between, agrees with one fed at once. */
static void every_split(void **state)
{
    (void)state;
    enum { N = 2 * DP_KECCAK_RATE + 17 };
    uint8_t bytes[N], got[32], want[32];
    fill(bytes, N);
    for (size_t a = 0; a <= N; a++)
        for (size_t b = a; b <= N; b += 1 + a % 7) {
            dp_keccak k;
            dp_keccak_init(&k);
            dp_keccak_add(&k, bytes, a);
            dp_keccak copy = k;
            dp_keccak_peek(&k, got);
            assert_memory_equal(&copy, &k, sizeof k);
            dp_keccak_add(&copy, bytes + a, b - a);
            dp_keccak_add(&copy, bytes + b, N - b);
            dp_keccak_peek(&copy, got);
            devp2p_keccak256(want, bytes, N);
            assert_memory_equal(got, want, 32);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(kernels),
        cmocka_unit_test(every_alignment),
        cmocka_unit_test(every_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
