/* SPDX-License-Identifier: MIT */
/* addr.c - questions about addresses. */
#include "base/addr.h"

#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

devp2p_addr dp_addr_unmap(const devp2p_addr *addr)
{
    devp2p_addr out = *addr;
    if (addr->family != 6 || memcmp(addr->ip, mapped, sizeof mapped) != 0)
        return out;
    out.family = 4;
    out.scope = 0;
    memset(out.ip, 0, sizeof out.ip);
    memcpy(out.ip, addr->ip + sizeof mapped, 4);
    return out;
}

/* ip_len is how many bytes of ip count. */
static size_t ip_len(const devp2p_addr *addr)
{
    return addr->family == 4 ? 4 : addr->family == 6 ? 16 : 0;
}

bool dp_addr_equal(const devp2p_addr *a, const devp2p_addr *b)
{
    return a->family == b->family && a->port == b->port &&
           a->scope == b->scope && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool dp_addr_is_lan(const devp2p_addr *addr)
{
    static const uint8_t loopback[16] = { [15] = 1 };
    devp2p_addr a = dp_addr_unmap(addr);
    const uint8_t *ip = a.ip;
    if (a.family == 4)
        return ip[0] == 127 || ip[0] == 10 ||
               (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
               (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254);
    return a.family == 6 &&
           (memcmp(ip, loopback, sizeof loopback) == 0 ||
               (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && ip[1] >> 6 == 2));
}

bool dp_addr_is_unspecified(const devp2p_addr *addr)
{
    static const uint8_t zero[16];
    devp2p_addr a = dp_addr_unmap(addr);
    return memcmp(a.ip, zero, ip_len(&a)) == 0;
}

void dp_addr_subnet(uint8_t out[8], const devp2p_addr *addr)
{
    devp2p_addr a = dp_addr_unmap(addr);
    memset(out, 0, 8);
    out[0] = a.family;
    memcpy(out + 1, a.ip, a.family == 4 ? 3 : a.family == 6 ? 6 : 0);
}
