/* SPDX-License-Identifier: MIT */
/* addr_fuzz.c - an address that is read, written and read again is the same,
 * and so it is as IPv4 mapped into IPv6. */
#include "base/addr.h"
#include "base/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* same: an IPv4 address means the same when it is mapped into IPv6. */
static void same(const devp2p_addr *a)
{
    devp2p_addr b = { .family = 6, .port = a->port };
    uint8_t subnet[8], subnet_of_b[8];
    if (a->family != 4)
        return;
    b.ip[10] = b.ip[11] = 0xff;
    memcpy(b.ip + 12, a->ip, 4);
    devp2p_addr unmapped = dp_addr_unmap(&b);
    dp_assert(dp_addr_equal(&unmapped, a));
    dp_assert(dp_addr_is_lan(&b) == dp_addr_is_lan(a));
    dp_assert(dp_addr_is_unspecified(&b) == dp_addr_is_unspecified(a));
    dp_addr_subnet(subnet, a);
    dp_addr_subnet(subnet_of_b, &b);
    dp_assert(memcmp(subnet, subnet_of_b, sizeof subnet) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256], again[DEVP2P_ADDR_TEXT];
    devp2p_addr a, b;
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (dp_listen_parse(&a, text) != 0)
        return 0;
    dp_assert(dp_listen_parse(&b, devp2p_addr_text(again, &a)) == 0);
    dp_assert(dp_addr_equal(&a, &b));
    dp_assert(strlen(again) < sizeof again);
    dp_assert(!dp_addr_is_lan(&a) || !dp_addr_is_unspecified(&a));
    same(&a);
    /* only ":port" is read as a listen address alone */
    dp_assert((devp2p_addr_parse(&b, text) == 0) == (a.family != 0));
    return 0;
}
