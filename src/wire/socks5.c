/* SPDX-License-Identifier: MIT */
#include "wire/socks5.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/env.h"

#include <string.h>

enum {
    VERSION = 5,
    AUTH_VERSION = 1, /* RFC 1929, section 2 */
    NO_AUTH = 0,
    USER_PASSWORD = 2,
    CONNECT = 1,
    TYPE_IPV4 = 1,
    TYPE_NAME = 3,
    TYPE_IPV6 = 4,
    HEAD = 4, /* of a reply, up to the kind of its address */
    REPLIES = 8
};

/* --- the proxy's address --- */

static int refuse(const char *what)
{
    return dp_fail(DEVP2P_ERR_ADDR,
        "%s; the form is address:port or user:password@address:port", what);
}

static bool fits(devp2p_slice word)
{
    return word.len >= 1 && word.len <= DP_SOCKS5_WORD;
}

int dp_socks5_parse(dp_socks5_proxy *out, const char *text)
{
    dp_socks5_proxy proxy = { .user = { NULL, 0 } };
    const char *at = strrchr(text, '@'), *colon = strchr(text, ':');

    if (at && (!colon || colon > at))
        return refuse("a user without a password");
    if (at) {
        proxy.user =
            (devp2p_slice){ (const uint8_t *)text, (size_t)(colon - text) };
        proxy.password = (devp2p_slice){ (const uint8_t *)colon + 1,
            (size_t)(at - colon - 1) };
        if (!fits(proxy.user) || !fits(proxy.password))
            return refuse("user and password have 1 to 255 bytes");
    }
    if (devp2p_addr_parse(&proxy.addr, at ? at + 1 : text) ||
        proxy.addr.port == 0 || dp_addr_is_unspecified(&proxy.addr))
        return refuse("not the IP address and port of a proxy");
    *out = proxy;
    return 0;
}

/* --- what is said --- */

static void say(dp_socks5 *s, const void *bytes, size_t n)
{
    dp_assert(n <= sizeof s->out - s->out_n);
    memcpy(s->out + s->out_n, bytes, n);
    s->out_n += n;
}

static void say_byte(dp_socks5 *s, size_t byte)
{
    uint8_t b = (uint8_t)byte;
    say(s, &b, 1);
}

/* say_word: the length, then the bytes. */
static void say_word(dp_socks5 *s, const void *bytes, size_t n)
{
    dp_assert(n <= DP_SOCKS5_WORD);
    say_byte(s, n);
    say(s, bytes, n);
}

/* ask expects an answer that is at least so long. */
static void ask(dp_socks5 *s, dp_socks5_step step, size_t need)
{
    s->step = step;
    s->in_n = 0;
    s->need = need;
}

/* greet: RFC 1928, section 3. */
static void greet(dp_socks5 *s)
{
    bool secret = s->proxy->user.len != 0;

    say_byte(s, VERSION);
    say_byte(s, secret ? 2 : 1);
    say_byte(s, NO_AUTH);
    if (secret)
        say_byte(s, USER_PASSWORD);
    ask(s, DP_SOCKS5_METHOD, 2);
}

/* introduce: RFC 1929, section 2. */
static void introduce(dp_socks5 *s)
{
    say_byte(s, AUTH_VERSION);
    say_word(s, s->proxy->user.at, s->proxy->user.len);
    say_word(s, s->proxy->password.at, s->proxy->password.len);
    ask(s, DP_SOCKS5_STATUS, 2);
}

/* request: RFC 1928, section 4. */
static void request(dp_socks5 *s)
{
    uint8_t port[2];

    say_byte(s, VERSION);
    say_byte(s, CONNECT);
    say_byte(s, 0);
    if (s->host[0]) {
        say_byte(s, TYPE_NAME);
        say_word(s, s->host, strlen(s->host));
    } else {
        bool four = s->addr->family == 4;
        say_byte(s, four ? TYPE_IPV4 : TYPE_IPV6);
        say(s, s->addr->ip, four ? 4 : 16);
    }
    dp_put16(port, s->addr->port);
    say(s, port, sizeof port);
    ask(s, DP_SOCKS5_REPLY, HEAD);
}

/* --- what is heard --- */

static int chosen(dp_socks5 *s)
{
    s->reply = s->in[1];
    if (s->in[0] != VERSION)
        return DEVP2P_ERR_PROXY;
    if (s->reply == NO_AUTH) {
        request(s);
        return 0;
    }
    if (s->reply != USER_PASSWORD || !s->proxy->user.len)
        return DEVP2P_ERR_PROXY_AUTH;
    introduce(s);
    return 0;
}

static int accepted(dp_socks5 *s)
{
    s->reply = s->in[1];
    if (s->in[0] != AUTH_VERSION)
        return DEVP2P_ERR_PROXY;
    if (s->reply != 0)
        return DEVP2P_ERR_PROXY_AUTH;
    request(s);
    return 0;
}

/* measure says how long a reply is whose head is there: RFC 1928, section 6.
 * An address by name says so itself, in the byte behind the head. */
static int measure(dp_socks5 *s)
{
    s->reply = s->in[1];
    if (s->in[0] != VERSION || s->reply > REPLIES)
        return DEVP2P_ERR_PROXY;
    if (s->reply != 0)
        return DEVP2P_ERR_PROXY_FAILURE - (s->reply - 1);
    if (s->in[3] == TYPE_IPV4)
        s->need = HEAD + 4 + 2;
    else if (s->in[3] == TYPE_IPV6)
        s->need = HEAD + 16 + 2;
    else if (s->in[3] == TYPE_NAME)
        s->need = HEAD + 1;
    else
        return DEVP2P_ERR_PROXY;
    return 0;
}

/* connected: what address the proxy connects from is of no use to us. */
static int connected(dp_socks5 *s)
{
    if (s->need == HEAD)
        return measure(s);
    if (s->need == HEAD + 1) {
        s->need += s->in[HEAD] + (size_t)2;
        return 0;
    }
    s->step = DP_SOCKS5_OPEN;
    return 0;
}

static int heard(dp_socks5 *s)
{
    switch (s->step) {
    case DP_SOCKS5_METHOD:
        return chosen(s);
    case DP_SOCKS5_STATUS:
        return accepted(s);
    case DP_SOCKS5_REPLY:
        return connected(s);
    case DP_SOCKS5_OPEN:
        break;
    }
    return DEVP2P_ERR_PROXY;
}

/* --- verbs --- */

void dp_socks5_init(dp_socks5 *s, const dp_socks5_proxy *proxy,
    const char *host, const devp2p_addr *addr)
{
    memset(s, 0, sizeof *s);
    s->proxy = proxy;
    s->host = host;
    s->addr = addr;
    greet(s);
}

void dp_socks5_fini(dp_socks5 *s)
{
    dp_wipe(s->out, sizeof s->out);
}

size_t dp_socks5_out(const dp_socks5 *s, const uint8_t **at)
{
    *at = s->out + s->out_at;
    return s->out_n - s->out_at;
}

void dp_socks5_sent(dp_socks5 *s, size_t n)
{
    dp_assert(n <= s->out_n - s->out_at);
    s->out_at += n;
    if (s->out_at < s->out_n)
        return;
    dp_wipe(s->out, s->out_n);
    s->out_n = s->out_at = 0;
}

size_t dp_socks5_room(dp_socks5 *s, uint8_t **at)
{
    *at = s->in + s->in_n;
    if (s->out_n || s->step == DP_SOCKS5_OPEN)
        return 0;
    return s->need - s->in_n;
}

int dp_socks5_recv(dp_socks5 *s, size_t n)
{
    dp_assert(n <= s->need - s->in_n);
    s->in_n += n;
    return s->in_n < s->need ? 0 : heard(s);
}
