/* SPDX-License-Identifier: MIT */
/* addr_text.c - addresses as text: strict in what is read (RFC 3986 for IPv4,
 * RFC 4291 section 2.2 for IPv6), canonical in what is written (RFC 5952). */
#include "base/addr.h"
#include "base/env.h"

#include <stdio.h>
#include <string.h>

/* A reader is what is left of a text. */
typedef struct reader {
    const char *at, *end;
} reader;

static bool next_is(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool at_digit(const reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* read_number takes a decimal number without leading zeros. */
static bool read_number(reader *r, uint32_t max, uint32_t *out)
{
    const char *start = r->at;
    uint64_t v = 0;
    for (; at_digit(r) && v <= max; r->at++)
        v = v * 10 + (uint64_t)(*r->at - '0');
    *out = (uint32_t)v;
    return r->at > start && v <= max && (*start != '0' || r->at == start + 1);
}

static bool read_ipv4(reader *r, uint8_t ip[4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t octet = 0;
        if ((i && !next_is(r, '.')) || !read_number(r, 255, &octet))
            return false;
        ip[i] = (uint8_t)octet;
    }
    return true;
}

/* read_group takes 1 to 4 hex digits. */
static bool read_group(reader *r, uint8_t out[2])
{
    unsigned v = 0;
    int n = 0;
    for (; r->at < r->end && n < 4; r->at++, n++) {
        char c = *r->at;
        if (c >= '0' && c <= '9')
            v = v << 4 | (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            v = v << 4 | (unsigned)(c - 'A' + 10);
        else
            break;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return n > 0;
}

/* read_tail takes the last 4 bytes in the IPv4 form, if they have it. */
static bool read_tail(reader *r, uint8_t ip[4])
{
    reader ahead = *r;
    if (!read_ipv4(&ahead, ip))
        return false;
    *r = ahead;
    return true;
}

static bool gap_follows(const reader *r)
{
    return r->end - r->at >= 2 && r->at[0] == ':' && r->at[1] == ':';
}

/* read_groups takes groups with single colons between them, to the end or a
 * "::", and says how many bytes they are; from byte tail on the IPv4 form may
 * end them. */
static bool read_groups(
    reader *r, uint8_t *ip, size_t room, size_t tail, size_t *n)
{
    *n = 0;
    do {
        if (*n >= tail && *n + 4 <= room && read_tail(r, ip + *n)) {
            *n += 4;
            return true;
        }
        if (*n + 2 > room || !read_group(r, ip + *n))
            return *n == 0;
        *n += 2;
    } while (!gap_follows(r) && next_is(r, ':'));
    return true;
}

static bool read_ipv6(reader *r, uint8_t ip[16])
{
    uint8_t rest[16];
    size_t n, nrest;
    if (!read_groups(r, ip, 16, 12, &n))
        return false;
    if (n == 16 || !gap_follows(r))
        return n == 16;
    r->at += 2;
    /* the gap stands for one group at least */
    if (!read_groups(r, rest, 14 - n, 0, &nrest))
        return false;
    memset(ip + n, 0, 16 - n);
    memcpy(ip + 16 - nrest, rest, nrest);
    return true;
}

static bool read_host(reader *r, devp2p_addr *out)
{
    if (!next_is(r, '[')) {
        out->family = 4;
        return read_ipv4(r, out->ip);
    }
    out->family = 6;
    if (!read_ipv6(r, out->ip))
        return false;
    if (next_is(r, '%') &&
        (!read_number(r, UINT32_MAX, &out->scope) || !out->scope))
        return false;
    return next_is(r, ']');
}

static bool read_port(reader *r, devp2p_addr *out)
{
    uint32_t port;
    if (!next_is(r, ':') || !read_number(r, UINT16_MAX, &port))
        return false;
    out->port = (uint16_t)port;
    return r->at == r->end;
}

/* refuse names the text and what is wrong with it. */
static int refuse(const char *text, const char *what)
{
    char shown[96];
    devp2p_slice bytes = { (const uint8_t *)text, strlen(text) };
    return dp_fail(DEVP2P_ERR_ADDR, "address \"%s\": %s",
        devp2p_escape(shown, sizeof shown, bytes), what);
}

static int parse(devp2p_addr *out, const char *text, bool any_host)
{
    reader r = { text, text + strlen(text) };
    devp2p_addr addr = { 0 };
    if (!(any_host && *text == ':') && !read_host(&r, &addr))
        return refuse(text, "not an IPv4 or a bracketed IPv6 address");
    if (!read_port(&r, &addr))
        return refuse(text, "needs one port from 0 to 65535 at its end");
    *out = addr;
    return 0;
}

int devp2p_addr_parse(devp2p_addr *out, const char *text)
{
    return parse(out, text, false);
}

int dp_listen_parse(devp2p_addr *out, const char *text)
{
    return parse(out, text, true);
}

bool dp_ip_parse(devp2p_addr *out, const char *text, size_t len)
{
    reader r = { text, text + len };
    devp2p_addr addr = { .family = memchr(text, ':', len) ? 6 : 4 };
    bool good =
        addr.family == 6 ? read_ipv6(&r, addr.ip) : read_ipv4(&r, addr.ip);
    *out = addr;
    return good && r.at == r.end;
}

/* longest_gap finds the first longest run of zero groups, two at least. */
static int longest_gap(const uint8_t ip[16], int *len)
{
    int best = -1;
    *len = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        run = ip[2 * i] || ip[2 * i + 1] ? 0 : run + 1;
        if (run > *len) {
            *len = run;
            best = i - run + 1;
        }
    }
    return best;
}

/* write_ipv6 writes at most 39 characters and returns the end. */
static char *write_ipv6(char *at, const uint8_t ip[16])
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (memcmp(ip, mapped, sizeof mapped) == 0)
        return at + snprintf(at, 40, "::ffff:%d.%d.%d.%d", ip[12], ip[13],
                        ip[14], ip[15]);
    int len, gap = longest_gap(ip, &len);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            *at++ = ':';
            *at++ = ':';
            i += len - 1;
            continue;
        }
        if (i && i != gap + len)
            *at++ = ':';
        at += snprintf(at, 5, "%x", ip[2 * i] << 8 | ip[2 * i + 1]);
    }
    return at;
}

char *devp2p_addr_text(char out[DEVP2P_ADDR_TEXT], const devp2p_addr *addr)
{
    const uint8_t *ip = addr->ip;
    char *at = out, *end = out + DEVP2P_ADDR_TEXT;
    if (addr->family == 4)
        at += snprintf(at, 16, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
    if (addr->family == 6) {
        *at++ = '[';
        at = write_ipv6(at, ip);
        if (addr->scope)
            at += snprintf(at, 12, "%%%u", (unsigned)addr->scope);
        *at++ = ']';
    }
    snprintf(at, (size_t)(end - at), ":%u", addr->port);
    return out;
}
