/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "wire/disconnect.h"
#include "wire/envelope.h"

#include <string.h>

static void told(uint8_t want, const uint8_t *at, size_t len)
{
    uint8_t reason, small[64];
    assert_int_equal(dp_disconnect_read(&reason, at, len), 0);
    assert_int_equal(reason, want);
    assert_int_equal(dp_disconnect_read_any(&reason, at, len), 0);
    assert_int_equal(reason, want);
    size_t n = dp_snappy_deflate(small, sizeof small, at, len);
    assert_int_equal(dp_disconnect_read_any(&reason, small, n), 0);
    assert_int_equal(reason, want);
}

/* Every byte as a list, bare, and in a byte string, compressed or not. */
static void every_reason(void **state)
{
    (void)state;
    for (unsigned r = 0; r < 256; r++) {
        uint8_t list[3], nested[4];
        size_t len = dp_disconnect_write(list, (uint8_t)r);
        told((uint8_t)r, list, len);
        told((uint8_t)r, list + 1, len - 1);
        nested[0] = (uint8_t)(0x80 + len);
        memcpy(nested + 1, list, len);
        told((uint8_t)r, nested, len + 1);
    }
}

static void no_reason(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = { { "", 0 }, { "\xc2\xc1\x04", 3 }, { "\xc0", 1 },
        { "\xc3\x82\x01\x00", 4 }, { "\x82\x01\x00", 3 }, { "\xc2\x81", 2 },
        { "\xc9\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t reason;
        const uint8_t *at = (const uint8_t *)bad[i].bytes;
        assert_int_equal(
            dp_disconnect_read(&reason, at, bad[i].len), DEVP2P_ERR_MESSAGE);
        assert_int_equal(dp_disconnect_read_any(&reason, at, bad[i].len),
            DEVP2P_ERR_MESSAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason),
        cmocka_unit_test(no_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
