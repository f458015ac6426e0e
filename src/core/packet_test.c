/* SPDX-License-Identifier: MIT */
#include "core/packet.h"

#include "base/limits.h"
#include "wire/envelope.h"

#include "test.h"
#include "test_env.h"

static uint8_t *block(size_t n, uint8_t fill)
{
    uint8_t *at = malloc(n);
    assert_non_null(at);
    memset(at, fill, n);
    return at;
}

/* noise does not compress. */
static uint8_t *noise(size_t n)
{
    uint8_t *at = block(n, 0);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        at[i] = (uint8_t)(x >> 24);
    }
    return at;
}

static void test_plain_and_compressed(void **state)
{
    (void)state;
    test_env m;
    test_env_init(&m);
    uint8_t *payload = block(5000, 'x'), out[5000];
    dp_packet *p;
    assert_int_equal(
        dp_packet_new(&p, &m.env, 7, (devp2p_slice){ payload, 5000 }, false),
        0);
    assert_int_equal(p->len, 5000);
    assert_int_equal(p->full, 5000);
    assert_int_equal(p->code, 7);
    assert_memory_equal(p->bytes, payload, 5000);
    dp_packet_drop(p);

    assert_int_equal(
        dp_packet_new(&p, &m.env, 7, (devp2p_slice){ payload, 5000 }, true), 0);
    assert_true(p->len < 1000);
    assert_int_equal(m.live, sizeof *p + p->len); /* cut to what it needs */
    size_t full;
    assert_int_equal(dp_snappy_size(&full, p->bytes, p->len), 0);
    assert_int_equal(full, 5000);
    assert_int_equal(dp_snappy_inflate(out, full, p->bytes, p->len), 0);
    assert_memory_equal(out, payload, 5000);

    dp_packet *same = dp_packet_keep(p);
    dp_packet_drop(p);
    assert_int_equal(same->full, 5000);
    dp_packet_drop(same);
    dp_packet_drop(NULL);
    assert_int_equal(m.live, 0);
    free(payload);
}

static void test_empty_payload(void **state)
{
    (void)state;
    test_env m;
    test_env_init(&m);
    for (int snappy = 0; snappy < 2; snappy++) {
        dp_packet *p;
        assert_int_equal(
            dp_packet_new(&p, &m.env, 0, (devp2p_slice){ NULL, 0 }, snappy), 0);
        assert_int_equal(p->full, 0);
        assert_int_equal(p->len, snappy);
        dp_packet_drop(p);
    }
    assert_int_equal(m.live, 0);
}

static int try_size(
    const dp_env *env, const uint8_t *at, size_t len, bool snappy)
{
    dp_packet *p;
    int err = dp_packet_new(&p, env, 0, (devp2p_slice){ at, len }, snappy);
    dp_packet_drop(p);
    return err;
}

/* A message has at most 2^24 - 1 bytes; compressed noise may take more, which
 * is for the frame to refuse. */
/* Around the length up to which the stack is used nothing changes but that a
 * short payload costs one allocation. */
static void test_short_and_long(void **state)
{
    (void)state;
    uint8_t *bytes[] = { noise(2000), block(2000, 'x') }, out[2000];
    unsigned once = 0;

    for (size_t len = 1; len <= 2000; len++) {
        for (size_t i = 0; i < 2; i++) {
            test_env m;
            dp_packet *p;
            test_env_init(&m);
            assert_int_equal(dp_packet_new(&p, &m.env, 7,
                                 (devp2p_slice){ bytes[i], len }, true),
                0);
            assert_int_equal(m.live, sizeof *p + p->len);
            assert_int_equal(p->full, len);
            assert_int_equal(dp_snappy_inflate(out, len, p->bytes, p->len), 0);
            assert_memory_equal(out, bytes[i], len);
            once += m.calls == 1;
            dp_packet_drop(p);
            assert_int_equal(m.live, 0);
        }
    }
    assert_in_range(once, 2 * 500, 2 * 1024);
    free(bytes[0]);
    free(bytes[1]);
}

static void test_too_big(void **state)
{
    (void)state;
    test_env m;
    test_env_init(&m);
    uint8_t *zeros = block(DP_MESSAGE_MAX + 1, 0),
            *random = noise(DP_MESSAGE_MAX);
    int big = DEVP2P_ERR_TOO_BIG;
    for (int snappy = 0; snappy < 2; snappy++) {
        size_t max = DP_MESSAGE_MAX;
        assert_int_equal(try_size(&m.env, zeros, max, snappy), 0);
        assert_int_equal(try_size(&m.env, random, max, snappy), 0);
        assert_int_equal(try_size(&m.env, zeros, max + 1, snappy), big);
    }
    assert_int_equal(m.live, 0);
    free(zeros);
    free(random);
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    uint8_t *payload = block(5000, 'x');
    unsigned failed = 0;
    for (unsigned i = 1;; i++) {
        test_env m;
        test_env_init(&m);
        test_env_fail(&m, i);
        int err = try_size(&m.env, payload, 5000, true);
        assert_int_equal(m.live, 0);
        if (m.calls < i) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        failed++;
    }
    assert_true(failed >= 2);
    free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_compressed),
        cmocka_unit_test(test_empty_payload),
        cmocka_unit_test(test_short_and_long),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
