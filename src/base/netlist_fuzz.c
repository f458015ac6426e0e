/* SPDX-License-Identifier: MIT */
/* netlist_fuzz.c - whatever was read: each network holds its own address,
 * unless that is IPv4 and the network one of IPv6 around it, and says the same
 * again when it is written. */
#include "base/addr.h"
#include "base/assert.h"
#include "base/netlist.h"

#include <stdio.h>
#include <string.h>

enum { NETS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* written: a network as text reads as itself. */
static void written(const dp_net *net)
{
    char addr[DEVP2P_ADDR_TEXT], text[DEVP2P_ADDR_TEXT + 8];
    dp_net again;
    size_t n;

    devp2p_addr_text(addr, &net->ip);
    char *at = addr, *end = strrchr(addr, ':');
    if (*at == '[')
        at++, end--;
    snprintf(text, sizeof text, "%.*s/%u", (int)(end - at), at, net->bits);
    dp_assert(dp_netlist_parse(&again, 1, &n, text) == 0 && n == 1);
    dp_assert(again.bits == net->bits && dp_addr_equal(&again.ip, &net->ip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    dp_net nets[NETS];
    size_t n, counted;

    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    int err = dp_netlist_parse(nets, NETS, &n, text);
    dp_assert(dp_netlist_parse(NULL, NETS, &counted, text) == err);
    dp_assert(n == counted && n <= NETS);
    for (size_t i = 0; i < n; i++) {
        devp2p_addr plain = dp_addr_unmap(&nets[i].ip);
        dp_assert(dp_netlist_has(&nets[i], 1, &nets[i].ip) ==
                  (plain.family == nets[i].ip.family));
        written(&nets[i]);
    }
    return 0;
}
