/* SPDX-License-Identifier: MIT */
/* enode.c - enode URLs (devp2p, "enode URL format").
 *
 *     enode://<128 hex digits>@<host>:<port>?discport=<port>#<ignored>
 *
 * The key alone names a node without an endpoint.  Of a query only discport is
 * looked at, and its first value counts. */
#include "base/addr.h"
#include "base/bytes.h"
#include "base/env.h"

#include <stdio.h>
#include <string.h>

static const char scheme[] = "enode://";

enum { KEY_DIGITS = 128 };

/* A span is a part of the URL. */
typedef struct span {
    const char *at;
    size_t len;
} span;

static int refuse(const char *what)
{
    return dp_fail(DEVP2P_ERR_URL, "node URL: %s", what);
}

/* take_until cuts the part before the first of stops from the front of rest,
 * which then begins with that character or is empty. */
static span take_until(span *rest, const char *stops)
{
    span part = { rest->at, 0 };
    while (part.len < rest->len && !strchr(stops, rest->at[part.len]))
        part.len++;
    rest->at += part.len;
    rest->len -= part.len;
    return part;
}

static bool next_is(span *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* read_port takes digits alone: no sign, no space. */
static bool read_port(uint16_t *out, span text)
{
    uint32_t v = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
        v = v * 10 + (uint32_t)(text.at[i] - '0');
    }
    *out = (uint16_t)v;
    return v <= UINT16_MAX;
}

static int read_key(devp2p_node *out, span text)
{
    uint8_t bytes[KEY_DIGITS / 2];
    if (text.len != KEY_DIGITS ||
        !dp_unhex(bytes, sizeof bytes, text.at, text.len))
        return refuse("the public key is not 128 hex digits");
    if (devp2p_pubkey_parse(&out->pub, bytes, sizeof bytes) != 0)
        return refuse("the public key is not a point on the curve");
    out->id = devp2p_pubkey_id(&out->pub);
    return 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* read_name takes labels of 1 to 63 letters, digits, "-" and "_", with no "-"
 * at either end, and perhaps a dot behind the last (RFC 1123, section 2.1).
 * The last is no number: a mistyped IPv4 address is not looked up. */
static bool read_name(char *out, span text)
{
    bool number = false;
    if (text.len > DEVP2P_HOST_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        out[i] = lower(text.at[i]);
    out[text.len] = 0;
    do {
        span label = take_until(&text, ".");
        if (label.len == 0 || label.len > 63 || label.at[0] == '-' ||
            label.at[label.len - 1] == '-')
            return false;
        number = true;
        for (size_t i = 0; i < label.len; i++) {
            char c = lower(label.at[i]);
            if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
                return false;
            number = number && is_digit(c);
        }
    } while (next_is(&text, '.') && text.len);
    return !number;
}

/* read_address takes an IPv4 or a bracketed IPv6 literal; an IPv4 address in
 * IPv6 form is that IPv4 address. */
static bool read_address(devp2p_addr *out, span host, uint16_t port)
{
    char text[DEVP2P_ADDR_TEXT];
    int n = snprintf(
        text, sizeof text, "%.*s:%u", (int)host.len, host.at, (unsigned)port);
    if (n < 0 || (size_t)n >= sizeof text || devp2p_addr_parse(out, text) != 0)
        return false;
    *out = dp_addr_unmap(out);
    return out->scope == 0;
}

static int read_endpoint(devp2p_node *out, span *rest)
{
    uint16_t port;
    span host = *rest;
    if (next_is(rest, '[')) {
        take_until(rest, "]?#");
        next_is(rest, ']');
    } else {
        take_until(rest, ":?#");
    }
    host.len = (size_t)(rest->at - host.at);
    if (host.len == 0)
        return refuse("the host is missing");
    if (!next_is(rest, ':'))
        return refuse("the port is missing");
    if (!read_port(&port, take_until(rest, "?#")))
        return refuse("the port is not a number from 0 to 65535");
    if (!read_address(&out->addr, host, port)) {
        out->addr = (devp2p_addr){ .port = port };
        if (!read_name(out->host, host))
            return refuse("the host is neither an IP address nor a name");
    }
    out->udp = port;
    return 0;
}

static int read_query(devp2p_node *out, span query)
{
    do {
        span value = take_until(&query, "&");
        span name = take_until(&value, "=");
        if (name.len != strlen("discport") ||
            memcmp(name.at, "discport", name.len) != 0)
            continue;
        if (!next_is(&value, '=') || value.len == 0)
            return 0;
        if (!read_port(&out->udp, value))
            return refuse("discport is not a number from 0 to 65535");
        return 0;
    } while (next_is(&query, '&'));
    return 0;
}

static int parse(devp2p_node *out, span rest)
{
    if (rest.len < strlen(scheme) ||
        memcmp(rest.at, scheme, strlen(scheme)) != 0)
        return refuse("it does not begin with enode://");
    rest.at += strlen(scheme);
    rest.len -= strlen(scheme);
    int err = read_key(out, take_until(&rest, "@/?#"));
    if (err || rest.len == 0)
        return err;
    if (!next_is(&rest, '@'))
        return refuse("what follows the public key is not @host:port");
    err = read_endpoint(out, &rest);
    if (err || !next_is(&rest, '?'))
        return err;
    return read_query(out, take_until(&rest, "#"));
}

int devp2p_node_parse(devp2p_node *out, const char *url)
{
    devp2p_node node = { 0 };
    int err = parse(&node, (span){ url, strlen(url) });
    if (!err)
        *out = node;
    return err;
}

char *devp2p_node_url(char out[DEVP2P_URL_MAX], const devp2p_node *node)
{
    char key[KEY_DIGITS + 1], address[DEVP2P_ADDR_TEXT];
    devp2p_addr addr = dp_addr_unmap(&node->addr);
    addr.scope = 0; /* means nothing elsewhere */
    dp_hex(key, node->pub.b, sizeof node->pub.b);
    int n = snprintf(out, DEVP2P_URL_MAX, "%s%s", scheme, key);
    if (!addr.family && !node->host[0])
        return out;
    n += snprintf(out + n, (size_t)(DEVP2P_URL_MAX - n), "@%.*s%s",
        addr.family ? 0 : DEVP2P_HOST_MAX, node->host,
        devp2p_addr_text(address, &addr));
    if (node->udp != addr.port)
        snprintf(out + n, (size_t)(DEVP2P_URL_MAX - n), "?discport=%u",
            (unsigned)node->udp);
    return out;
}
