/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <devp2p/node.h>
#include <stdio.h>
#include <string.h>

#define KEY                                                            \
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" \
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"

static void refused(const char *url)
{
    devp2p_node node;
    devp2p_node before;
    memset(&node, 0x5a, sizeof node);
    before = node;
    assert_int_equal(devp2p_node_parse(&node, url), DEVP2P_ERR_URL);
    assert_true(strncmp(devp2p_last_detail(), "node URL: ", 10) == 0);
    assert_memory_equal(&node, &before, sizeof node);
}

/* The name of a host may have 253 letters. */
static void host_names(void **state)
{
    (void)state;
    char url[600], text[DEVP2P_URL_MAX], host[256];
    devp2p_node node;
    for (size_t len = 252; len <= 254; len++) {
        for (size_t i = 0; i < len; i++)
            host[i] = i % 50 == 49 && i + 1 < len ? '.' : 'a';
        host[len] = 0;
        snprintf(url, sizeof url, "enode://" KEY "@%s:30303", host);
        if (len > DEVP2P_HOST_MAX) {
            refused(url);
            continue;
        }
        assert_int_equal(devp2p_node_parse(&node, url), 0);
        assert_string_equal(node.host, host);
        assert_int_equal(node.addr.family, 0);
        assert_string_equal(devp2p_node_url(text, &node), url);
    }
}

static void each_part(void **state)
{
    (void)state;
    devp2p_node node;
    char text[DEVP2P_URL_MAX];
    assert_int_equal(
        devp2p_node_parse(&node, "enode://" KEY "@[::1]:30303?discport=0"), 0);
    assert_int_equal(node.udp, 0);
    assert_int_equal(node.addr.family, 6);
    assert_string_equal(
        devp2p_node_url(text, &node), "enode://" KEY "@[::1]:30303?discport=0");
    refused("");
    refused("http://" KEY "@1.2.3.4:5");
    refused("enode://12@1.2.3.4:5");
    refused("enode://" KEY "0@1.2.3.4:5");
    refused("enode://" KEY "@1.2.3.4");
    refused("enode://" KEY "@1.2.3.4:");
    refused("enode://" KEY "@1.2.3.4:65536");
    refused("enode://" KEY "@1.2.3.4:5?discport=x");
    refused("enode://" KEY "@1.2.3.256:5");
    refused("enode://" KEY "@[::1:5");
    refused("enode://" KEY "@:5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_names),
        cmocka_unit_test(each_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
