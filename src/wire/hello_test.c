/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "wire/hello.h"

#include <string.h>

enum { PAYLOAD_MAX = 2048 };

static _Alignas(16) uint8_t memory[32 * 1024];

static int read(dp_hello *out, const uint8_t *at, size_t len)
{
    devp2p_arena arena = { memory, memory + sizeof memory };
    return dp_hello_read(out, at, len, &arena);
}

static size_t write(uint8_t *out, const devp2p_cap *caps, size_t n)
{
    dp_hello h = { .version = 5,
        .name = { (const uint8_t *)"me", 2 },
        .caps = caps,
        .ncaps = n };
    size_t len;
    memset(h.pub.b, 7, sizeof h.pub.b);
    assert_int_equal(dp_hello_write(out, PAYLOAD_MAX, &len, &h), 0);
    return len;
}

static void truncated(void **state)
{
    (void)state;
    const devp2p_cap caps[] = { { { (const uint8_t *)"eth", 3 }, 68 },
        { { (const uint8_t *)"snap", 4 }, 1 } };
    uint8_t out[PAYLOAD_MAX];
    dp_hello h;
    size_t len = write(out, caps, 2);
    assert_int_equal(read(&h, out, len), 0);
    assert_int_equal(h.ncaps, 2);
    assert_true(devp2p_slice_is(h.caps[1].name, "snap"));
    for (size_t cut = 0; cut < len; cut++)
        assert_true(read(&h, out, cut) < 0);
}

/* The most capabilities that 2 KiB can name: empty names, version 0. */
static void most_capabilities(void **state)
{
    (void)state;
    static devp2p_cap caps[700];
    uint8_t out[PAYLOAD_MAX];
    dp_hello h;
    size_t n = (PAYLOAD_MAX - 80) / 3;
    for (size_t i = 0; i < n; i++)
        caps[i].name.at = out;
    size_t len = write(out, caps, n);
    assert_int_equal(read(&h, out, len), 0);
    assert_int_equal(h.ncaps, n);

    devp2p_arena small = { memory, memory + n * sizeof(devp2p_cap) - 1 };
    assert_int_equal(dp_hello_read(&h, out, len, &small), DEVP2P_ERR_NOBUF);
}

/* EIP-8: what stands behind the five elements is not looked at. */
static void more_elements(void **state)
{
    (void)state;
    uint8_t out[PAYLOAD_MAX];
    dp_hello h;
    size_t len = write(out, NULL, 0);
    assert_int_equal(out[0], 0xf8);
    out[1] = (uint8_t)(out[1] + 2);
    out[len] = 0xc1;
    out[len + 1] = 0x05;
    assert_int_equal(read(&h, out, len + 2), 0);
}

static void identity(void **state)
{
    (void)state;
    uint8_t out[PAYLOAD_MAX];
    dp_hello h;
    size_t len = write(out, NULL, 0);
    memset(out + len - 64, 0, 64);
    assert_int_equal(read(&h, out, len), DEVP2P_ERR_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated),
        cmocka_unit_test(most_capabilities),
        cmocka_unit_test(more_elements),
        cmocka_unit_test(identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
