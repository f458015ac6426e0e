/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/addr.h"

#include <string.h>

static devp2p_addr parsed(const char *text)
{
    devp2p_addr a;
    memset(&a, 0xee, sizeof a);
    if (devp2p_addr_parse(&a, text) != 0)
        fail_msg("%s: %s", text, devp2p_last_detail());
    return a;
}

static void fields(void **state)
{
    (void)state;
    devp2p_addr want = { .ip = { 1, 20, 255, 0 }, .port = 30303, .family = 4 };
    devp2p_addr a = parsed("1.20.255.0:30303");
    assert_memory_equal(&a, &want, sizeof a);
    want = (devp2p_addr){ .ip = { 0xfe, 0x80, [14] = 0xab, [15] = 0xcd },
        .scope = 4294967295,
        .port = 1,
        .family = 6 };
    a = parsed("[fe80::abCD%4294967295]:1");
    assert_memory_equal(&a, &want, sizeof a);
    want = (devp2p_addr){ .ip = { [12] = 1, 2, 3, 4 }, .family = 6 };
    a = parsed("[::1.2.3.4]:0");
    assert_memory_equal(&a, &want, sizeof a);
}

/* What is read is written in the one form of RFC 5952, sections 4 and 5. */
static void canonical(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "0.0.0.0:0", "0.0.0.0:0" },
        { "255.255.255.255:65535", "255.255.255.255:65535" },
        { "[::]:0", "[::]:0" },
        { "[0:0:0:0:0:0:0:0]:1", "[::]:1" },
        { "[::1]:1", "[::1]:1" },
        { "[1::]:1", "[1::]:1" },
        { "[2001:0DB8:0:0:0:0:0:0001]:30303", "[2001:db8::1]:30303" },
        { "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1" },
        { "[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1" },
        { "[::2:3:4:5:6:7:8]:1", "[0:2:3:4:5:6:7:8]:1" },
        { "[1:0:3:0:0:6:0:0]:1", "[1:0:3::6:0:0]:1" },
        { "[1:0:0:4:0:0:0:8]:1", "[1:0:0:4::8]:1" },
        { "[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1" },
        { "[::ffff:a00:1]:1", "[::ffff:10.0.0.1]:1" },
        { "[1:2:3:4:5:6:1.2.3.4]:1", "[1:2:3:4:5:6:102:304]:1" },
        { "[64:ff9b::1.2.3.4]:1", "[64:ff9b::102:304]:1" },
        { "[fe80::1%7]:1", "[fe80::1%7]:1" },
        { "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
            "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[DEVP2P_ADDR_TEXT];
        devp2p_addr a = parsed(rows[i][0]);
        assert_string_equal(devp2p_addr_text(text, &a), rows[i][1]);
        devp2p_addr b = parsed(text);
        assert_true(dp_addr_equal(&a, &b));
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const rows[] = { "", ":", ":1", "1.2.3.4",
        "1.2.3.4:", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 1", "1.2.3.4:1 ",
        " 1.2.3.4:1", "1.2.3.4:01", "1.2.3.4:65536", "1.2.3.4:4294967296",
        "1.2.3.4:18446744073709551617", "1.2.3.4:0x1", "1.2.3:1", "1.2.3.4.5:1",
        "1.2.3.256:1", "01.2.3.4:1", "1..3.4:1", "1.2.3.:1", "0x1.2.3.4:1",
        "localhost:1", "::1:1", "[::1]", "[::1]:", "[::1:1", "::1]:1", "[]:1",
        "[:]:1", "[:1]:1", "[1:]:1", "[:::]:1", "[1:::2]:1", "[1::2::3]:1",
        "[1:2:3:4:5:6:7]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1:2:3:4:5:6:7:8::]:1",
        "[::1:2:3:4:5:6:7:8]:1", "[1:2:3:4::5:6:7:8]:1", "[12345::]:1",
        "[g::]:1", "[1.2.3.4]:1", "[1.2.3.4::]:1", "[1:1.2.3.4::]:1",
        "[::1.2.3.4:5]:1", "[::1.2.3]:1", "[::1.2.3.256]:1",
        "[1:2:3:4:5:6:7:1.2.3.4]:1", "[::%1", "[::%]:1", "[::%0]:1",
        "[::%01]:1", "[::%4294967296]:1", "[::%eth0]:1", "[::1%1.2.3.4]:1",
        "[::1]]:1", "[[::1]]:1", "[127.0.0.1]:1" };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        devp2p_addr a = { .port = 77 };
        if (devp2p_addr_parse(&a, rows[i]) != DEVP2P_ERR_ADDR)
            fail_msg("accepted: %s", rows[i]);
        assert_int_equal(a.port, 77);
        assert_int_equal(strncmp(devp2p_last_detail(), "address \"", 9), 0);
    }
}

static void listening(void **state)
{
    (void)state;
    devp2p_addr a;
    char text[DEVP2P_ADDR_TEXT];
    assert_int_equal(dp_listen_parse(&a, ":30300"), 0);
    assert_int_equal(a.family, 0);
    assert_int_equal(a.port, 30300);
    assert_string_equal(devp2p_addr_text(text, &a), ":30300");
    assert_int_equal(dp_listen_parse(&a, "127.0.0.1:0"), 0);
    assert_int_equal(a.family, 4);
    assert_int_equal(dp_listen_parse(&a, "[::1]:1"), 0);
    assert_int_equal(a.family, 6);
    assert_int_equal(dp_listen_parse(&a, ":"), DEVP2P_ERR_ADDR);
    assert_int_equal(dp_listen_parse(&a, "30300"), DEVP2P_ERR_ADDR);
    assert_int_equal(dp_listen_parse(&a, ""), DEVP2P_ERR_ADDR);
}

static void equality(void **state)
{
    (void)state;
    devp2p_addr a = parsed("1.2.3.4:5"), b = a;
    b.ip[4] = 1; /* beyond an IPv4 address */
    assert_true(dp_addr_equal(&a, &b));
    b = parsed("1.2.3.4:6");
    assert_false(dp_addr_equal(&a, &b));
    b = parsed("1.2.3.5:5");
    assert_false(dp_addr_equal(&a, &b));
    b = parsed("[::ffff:1.2.3.4]:5");
    assert_false(dp_addr_equal(&a, &b));
    b = dp_addr_unmap(&b);
    assert_true(dp_addr_equal(&a, &b));
    a = parsed("[fe80::1%1]:5");
    b = parsed("[fe80::1%2]:5");
    assert_false(dp_addr_equal(&a, &b));
    b = dp_addr_unmap(&a);
    assert_true(dp_addr_equal(&a, &b));
}

static void lan(void **state)
{
    (void)state;
    static const char *const in[] = { "127.0.0.1:1", "127.255.255.255:1",
        "10.0.0.1:1", "172.16.0.1:1", "172.31.255.255:1", "192.168.0.1:1",
        "169.254.0.1:1", "[::1]:1", "[fc00::1]:1", "[fdff::1]:1", "[fe80::1]:1",
        "[febf::1]:1", "[::ffff:10.0.0.1]:1" };
    static const char *const out[] = { "126.0.0.1:1", "128.0.0.1:1",
        "11.0.0.1:1", "172.15.0.1:1", "172.32.0.1:1", "192.169.0.1:1",
        "192.167.0.1:1", "169.253.0.1:1", "0.0.0.0:1", "[::]:1", "[::2]:1",
        "[fe00::1]:1", "[fec0::1]:1", "[2001::1]:1", "[::ffff:11.0.0.1]:1" };
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        devp2p_addr a = parsed(in[i]);
        assert_true(dp_addr_is_lan(&a));
    }
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        devp2p_addr a = parsed(out[i]);
        assert_false(dp_addr_is_lan(&a));
    }
    devp2p_addr none = { 0 };
    assert_false(dp_addr_is_lan(&none));
}

static void unspecified(void **state)
{
    (void)state;
    devp2p_addr a = { 0 };
    assert_true(dp_addr_is_unspecified(&a));
    a = parsed("0.0.0.0:1");
    assert_true(dp_addr_is_unspecified(&a));
    a = parsed("[::]:1");
    assert_true(dp_addr_is_unspecified(&a));
    a = parsed("[::ffff:0.0.0.0]:1");
    assert_true(dp_addr_is_unspecified(&a));
    a = parsed("0.0.0.1:1");
    assert_false(dp_addr_is_unspecified(&a));
    a = parsed("[::1]:1");
    assert_false(dp_addr_is_unspecified(&a));
}

static void subnets(void **state)
{
    (void)state;
    uint8_t net[8];
    devp2p_addr a = parsed("1.2.3.4:5");
    dp_addr_subnet(net, &a);
    assert_memory_equal(net, "\4\1\2\3\0\0\0\0", 8);
    a = parsed("[::ffff:1.2.3.9]:5");
    dp_addr_subnet(net, &a);
    assert_memory_equal(net, "\4\1\2\3\0\0\0\0", 8);
    a = parsed("[102:304:506:708::1]:5");
    dp_addr_subnet(net, &a);
    assert_memory_equal(net, "\6\1\2\3\4\5\6\0", 8);
    a = (devp2p_addr){ .port = 9 };
    dp_addr_subnet(net, &a);
    assert_memory_equal(net, "\0\0\0\0\0\0\0\0", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(canonical),
        cmocka_unit_test(refused),
        cmocka_unit_test(listening),
        cmocka_unit_test(equality),
        cmocka_unit_test(lan),
        cmocka_unit_test(unspecified),
        cmocka_unit_test(subnets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
