/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/env.h"

#include <string.h>

static void words(void **state)
{
    (void)state;
    assert_string_equal(devp2p_strerror(0), "no error");
    assert_string_equal(devp2p_strerror(DEVP2P_ERR_NOMEM), "out of memory");
    assert_string_equal(
        devp2p_strerror(DEVP2P_DISC_TOO_MANY_PEERS), "too many peers");
    assert_string_equal(
        devp2p_strerror(DEVP2P_DISC(0xff)), "unknown disconnect reason");
    assert_string_equal(devp2p_strerror(DEVP2P_DISC(0x100)), "unknown error");
    assert_string_equal(devp2p_strerror(1), "unknown error");
}

static void codes_and_reasons_convert(void **state)
{
    (void)state;
    for (int r = 0; r < 256; r++) {
        assert_true(DEVP2P_IS_DISC(DEVP2P_DISC(r)));
        assert_int_equal(DEVP2P_DISC_BYTE(DEVP2P_DISC(r)), r);
    }
#define X(name, code, text) assert_false(DEVP2P_IS_DISC(DEVP2P_ERR_##name));
    DEVP2P_ERRORS(X)
#undef X
}

static void detail(void **state)
{
    (void)state;
    char long_name[1000];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;

    assert_string_equal(devp2p_last_detail(), "");
    assert_int_equal(dp_fail(DEVP2P_ERR_KEY, "key %d", 7), DEVP2P_ERR_KEY);
    assert_string_equal(devp2p_last_detail(), "key 7");
    dp_fail(DEVP2P_ERR_KEY, "%s", long_name);
    assert_int_equal(strlen(devp2p_last_detail()), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detail),
        cmocka_unit_test(words),
        cmocka_unit_test(codes_and_reasons_convert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
