/* SPDX-License-Identifier: MIT */
#include "base/netlist.h"

#include "base/addr.h"
#include "base/env.h"

#include <string.h>

enum { MAPPED_BITS = 96 }; /* before an IPv4 address mapped into IPv6 */

/* --- text --- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* read_bits takes a decimal number from 0 to max, without leading zeros. */
static bool read_bits(unsigned *out, const char *at, size_t len, unsigned max)
{
    unsigned v = 0;

    if (len == 0 || len > 3 || (len > 1 && *at == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        v = v * 10 + (unsigned)(at[i] - '0');
    }
    *out = v;
    return v <= max;
}

static bool read_net(dp_net *out, const char *at, size_t len)
{
    const char *slash = memchr(at, '/', len);
    dp_net net;

    if (!slash || !dp_ip_parse(&net.ip, at, (size_t)(slash - at)))
        return false;
    len -= (size_t)(slash + 1 - at);
    if (!read_bits(&net.bits, slash + 1, len, net.ip.family == 4 ? 32 : 128))
        return false;
    devp2p_addr plain = dp_addr_unmap(&net.ip);
    if (plain.family != net.ip.family && net.bits >= MAPPED_BITS) {
        net.ip = plain;
        net.bits -= MAPPED_BITS;
    }
    *out = net;
    return true;
}

static int refuse(const char *at, size_t len)
{
    char shown[64];

    return dp_fail(DEVP2P_ERR_ADDR,
        "\"%s\" is not a network such as 10.0.0.0/8 or fd00::/8",
        devp2p_escape(
            shown, sizeof shown, (devp2p_slice){ (const uint8_t *)at, len }));
}

int dp_netlist_parse(dp_net *out, size_t cap, size_t *n, const char *text)
{
    *n = 0;
    for (const char *at = text, *next; at; at = next) {
        const char *comma = strchr(at, ',');
        size_t len = comma ? (size_t)(comma - at) : strlen(at);
        dp_net net;
        next = comma ? comma + 1 : NULL;
        while (len && is_space(*at))
            at++, len--;
        while (len && is_space(at[len - 1]))
            len--;
        if (len == 0)
            continue;
        if (!read_net(&net, at, len))
            return refuse(at, len);
        if (*n == cap)
            return dp_fail(DEVP2P_ERR_LIMIT, "more than %zu networks", cap);
        if (out)
            out[*n] = net;
        ++*n;
    }
    return 0;
}

/* --- questions --- */

bool dp_same_net(const devp2p_addr *a, const devp2p_addr *b, unsigned bits)
{
    size_t whole = bits / 8;
    unsigned rest = bits % 8;

    if (a->family != b->family || memcmp(a->ip, b->ip, whole) != 0)
        return false;
    return rest == 0 || (a->ip[whole] ^ b->ip[whole]) >> (8 - rest) == 0;
}

bool dp_netlist_has(const dp_net *nets, size_t n, const devp2p_addr *addr)
{
    devp2p_addr plain = dp_addr_unmap(addr);

    for (size_t i = 0; i < n; i++)
        if (dp_same_net(&nets[i].ip, &plain, nets[i].bits))
            return true;
    return false;
}
