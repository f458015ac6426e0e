/* SPDX-License-Identifier: MIT */
/* socks5_fuzz.c - whatever a proxy says, the conversation stays within its
 * bounds, ends, and is open only behind a reply of success.
 *
 * An input is a first byte, whose lowest bit is 1 for the text of a proxy's
 * address; else bit 1 wants a user, bit 2 a host name, bit 3 IPv6, and the rest
 * less one is how many bytes come at once. */
#include "wire/socks5.h"

#include "base/assert.h"
#include "base/env.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    dp_socks5_proxy p;

    dp_assert(text);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    dp_fail(0, "%s", "");
    if (dp_socks5_parse(&p, text)) {
        dp_assert(devp2p_last_detail()[0]);
    } else {
        dp_assert(p.addr.family && p.addr.port);
        dp_assert(p.user.len <= DP_SOCKS5_WORD);
        dp_assert(p.password.len <= DP_SOCKS5_WORD);
        dp_assert(!p.user.len == !p.password.len);
    }
    free(text);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void talk(uint8_t how, const uint8_t *data, size_t size)
{
    const devp2p_addr addr = { .family = how & 8 ? 6 : 4, .port = 30303 };
    const size_t piece = 1 + (how >> 4);
    dp_socks5_proxy proxy;
    const uint8_t *out;
    uint8_t *in;
    size_t n, packets = 0;
    dp_socks5 s;
    int err = 0;

    dp_assert(
        dp_socks5_parse(&proxy, how & 2 ? "u:p@1.2.3.4:5" : "1.2.3.4:5") == 0);
    dp_socks5_init(&s, &proxy, how & 4 ? "node.example" : "", &addr);
    while (size && !err && !dp_socks5_open(&s)) {
        if ((n = dp_socks5_out(&s, &out)) > 0) {
            packets += s.out_at == 0;
            dp_assert(dp_socks5_room(&s, &in) == 0);
            dp_socks5_sent(&s, least(n, piece));
            continue;
        }
        n = least(least(dp_socks5_room(&s, &in), piece), size);
        dp_assert(n > 0 && in + n <= s.in + sizeof s.in);
        memcpy(in, data, n);
        data += n;
        size -= n;
        err = dp_socks5_recv(&s, n);
    }
    dp_assert(packets <= 3);
    if (dp_socks5_open(&s))
        dp_assert(!err && s.reply == 0 && s.in_n == s.need);
    dp_socks5_fini(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        read_text(data + 1, size - 1);
    else
        talk(data[0], data + 1, size - 1);
    return 0;
}
