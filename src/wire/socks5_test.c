/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "wire/socks5.h"

#include <stdio.h>
#include <string.h>

#define BYTES(...) \
    (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static dp_socks5_proxy proxy_of(const char *text)
{
    dp_socks5_proxy p;
    assert_int_equal(dp_socks5_parse(&p, text), 0);
    return p;
}

/* --- where the proxy is --- */

static void addresses(void **state)
{
    (void)state;
    char text[DEVP2P_ADDR_TEXT];

    dp_socks5_proxy p = proxy_of("127.0.0.1:1080");
    assert_string_equal(devp2p_addr_text(text, &p.addr), "127.0.0.1:1080");
    assert_int_equal(p.user.len, 0);
    p = proxy_of("me:a@b:c@[::1]:9050");
    assert_string_equal(devp2p_addr_text(text, &p.addr), "[::1]:9050");
    assert_true(devp2p_slice_is(p.user, "me"));
    assert_true(devp2p_slice_is(p.password, "a@b:c"));
}

/* What is refused has a sentence, without the secret. */
static void bad_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "localhost:1080", "127.0.0.1",
        "127.0.0.1:0", "0.0.0.0:1080", "[::]:1080", "me@127.0.0.1:1080",
        ":hidden@127.0.0.1:1080", "me:@127.0.0.1:1080", "me:hidden@",
        "me:hidden@localhost:1080", "@127.0.0.1:1080" };
    dp_socks5_proxy p;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (dp_socks5_parse(&p, bad[i]) != DEVP2P_ERR_ADDR)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(devp2p_last_detail(), "address:port"));
        assert_null(strstr(devp2p_last_detail(), "hidden"));
    }
}

/* Words of 255 bytes fit, longer ones do not. */
static void long_words(void **state)
{
    (void)state;
    char text[1024], word[DP_SOCKS5_WORD + 2];
    dp_socks5_proxy p;

    memset(word, 'x', sizeof word - 1);
    for (int n = DP_SOCKS5_WORD; n <= DP_SOCKS5_WORD + 1; n++) {
        int err = n > DP_SOCKS5_WORD ? DEVP2P_ERR_ADDR : 0;
        snprintf(text, sizeof text, "%.*s:y@1.2.3.4:5", n, word);
        assert_int_equal(dp_socks5_parse(&p, text), err);
        snprintf(text, sizeof text, "y:%.*s@1.2.3.4:5", n, word);
        assert_int_equal(dp_socks5_parse(&p, text), err);
    }
}

/* --- conversations --- */

static void says(dp_socks5 *s, const uint8_t *bytes, size_t n)
{
    const uint8_t *at;
    uint8_t *room;

    for (size_t i = 0; i < n; i++) { /* a byte at a time */
        assert_int_equal(dp_socks5_out(s, &at), n - i);
        assert_int_equal(*at, bytes[i]);
        assert_int_equal(dp_socks5_room(s, &room), 0);
        dp_socks5_sent(s, 1);
    }
    assert_int_equal(dp_socks5_out(s, &at), 0);
    for (size_t i = 0; i < sizeof s->out; i++)
        assert_int_equal(s->out[i], 0); /* no password stays */
}

/* hears gives what is asked for, in pieces, and tells what came of it. */
static int hears(dp_socks5 *s, size_t piece, const uint8_t *bytes, size_t n)
{
    uint8_t *at;
    size_t room;
    int err = 0;

    while (n && !err && (room = dp_socks5_room(s, &at)) > 0) {
        room = room < piece ? room : piece;
        room = room < n ? room : n;
        memcpy(at, bytes, room);
        bytes += room;
        n -= room;
        err = dp_socks5_recv(s, room);
    }
    if (!err)
        assert_int_equal(n, 0); /* not a byte too many was asked for */
    return err;
}

static const devp2p_addr four = {
    .ip = { 10, 0, 0, 2 }, .family = 4, .port = 30303
};

static void by_address(void **state)
{
    (void)state;
    dp_socks5_proxy p = proxy_of("127.0.0.1:1080");
    devp2p_addr six = { .ip = { 0xfd, [15] = 3 }, .family = 6, .port = 258 };

    for (size_t piece = 1; piece <= 30; piece++) {
        dp_socks5 s;
        dp_socks5_init(&s, &p, "", &four);
        says(&s, BYTES(5, 1, 0));
        assert_int_equal(hears(&s, piece, BYTES(5, 0)), 0);
        says(&s, BYTES(5, 1, 0, 1, 10, 0, 0, 2, 0x76, 0x5f));
        assert_false(dp_socks5_open(&s));
        assert_int_equal(
            hears(&s, piece, BYTES(5, 0, 0, 1, 1, 2, 3, 4, 5, 6)), 0);
        assert_true(dp_socks5_open(&s));
        uint8_t *at;
        assert_int_equal(dp_socks5_room(&s, &at), 0);
        dp_socks5_fini(&s);

        dp_socks5_init(&s, &p, "", &six);
        says(&s, BYTES(5, 1, 0));
        assert_int_equal(hears(&s, piece, BYTES(5, 0)), 0);
        says(&s, BYTES(5, 1, 0, 4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                     0, 3, 1, 2));
        assert_int_equal(hears(&s, piece,
                             BYTES(5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                 0, 0, 0, 0, 1, 5, 6)),
            0);
        assert_true(dp_socks5_open(&s));
        dp_socks5_fini(&s);
    }
}

static void by_name_and_password(void **state)
{
    (void)state;
    dp_socks5_proxy p = proxy_of("me:word@127.0.0.1:1080");
    devp2p_addr none = { .port = 258 };

    for (size_t piece = 1; piece <= 30; piece++) {
        dp_socks5 s;
        dp_socks5_init(&s, &p, "a.b", &none);
        says(&s, BYTES(5, 2, 0, 2));
        assert_int_equal(hears(&s, piece, BYTES(5, 2)), 0);
        says(&s, BYTES(1, 2, 'm', 'e', 4, 'w', 'o', 'r', 'd'));
        assert_int_equal(hears(&s, piece, BYTES(1, 0)), 0);
        says(&s, BYTES(5, 1, 0, 3, 3, 'a', '.', 'b', 1, 2));
        assert_int_equal(
            hears(&s, piece, BYTES(5, 0, 0, 3, 2, 'x', 'y', 5, 6)), 0);
        assert_true(dp_socks5_open(&s));
        dp_socks5_fini(&s);
    }
}

/* The longest of everything fits. */
static void the_longest(void **state)
{
    (void)state;
    char word[DP_SOCKS5_WORD + 1] = { 0 }, text[1024];
    char host[DEVP2P_HOST_MAX + 1] = { 0 };
    uint8_t answer[5 + 255 + 2] = { 5, 0, 0, 3, 255 };
    const uint8_t *at;
    dp_socks5 s;

    memset(word, 'x', sizeof word - 1);
    memset(host, 'h', sizeof host - 1);
    snprintf(text, sizeof text, "%s:%s@1.2.3.4:5", word, word);
    dp_socks5_proxy p = proxy_of(text);
    dp_socks5_init(&s, &p, host, &four);
    says(&s, BYTES(5, 2, 0, 2));
    assert_int_equal(hears(&s, 9, BYTES(5, 2)), 0);
    assert_int_equal(dp_socks5_out(&s, &at), sizeof s.out);
    dp_socks5_sent(&s, sizeof s.out);
    assert_int_equal(hears(&s, 9, BYTES(1, 0)), 0);
    assert_int_equal(dp_socks5_out(&s, &at), 5 + DEVP2P_HOST_MAX + 2);
    dp_socks5_sent(&s, 5 + DEVP2P_HOST_MAX + 2);
    assert_int_equal(hears(&s, 100, answer, sizeof answer), 0);
    assert_true(dp_socks5_open(&s));
    dp_socks5_fini(&s);
}

/* What is asked for before the end of a conversation that failed. */
static int fails(const char *proxy, const uint8_t *bytes, size_t n)
{
    dp_socks5_proxy p = proxy_of(proxy);
    const uint8_t *at;
    uint8_t *room;
    size_t len;
    dp_socks5 s;
    int err = 0;

    dp_socks5_init(&s, &p, "", &four);
    for (size_t i = 0; i < n && !err; i++) {
        while ((len = dp_socks5_out(&s, &at)) > 0)
            dp_socks5_sent(&s, len);
        assert_true(dp_socks5_room(&s, &room) > 0);
        *room = bytes[i];
        err = dp_socks5_recv(&s, 1);
        assert_true(!err || i == n - 1); /* at the first wrong byte's packet */
    }
    assert_false(dp_socks5_open(&s));
    dp_socks5_fini(&s);
    return err;
}

static void every_reply(void **state)
{
    (void)state;
    static const int errs[] = { DEVP2P_ERR_PROXY_FAILURE,
        DEVP2P_ERR_PROXY_RULES, DEVP2P_ERR_PROXY_NETWORK, DEVP2P_ERR_PROXY_HOST,
        DEVP2P_ERR_PROXY_REFUSED, DEVP2P_ERR_PROXY_TTL,
        DEVP2P_ERR_PROXY_COMMAND, DEVP2P_ERR_PROXY_ADDRESS };

    for (unsigned r = 1; r < 256; r++) {
        int err = fails("1.2.3.4:5", BYTES(5, 0, 5, (uint8_t)r, 0, 1));
        assert_int_equal(err, r <= 8 ? errs[r - 1] : DEVP2P_ERR_PROXY);
    }
}

static void what_is_not_socks(void **state)
{
    (void)state;
    const char *open = "1.2.3.4:5", *closed = "me:word@1.2.3.4:5";

    assert_int_equal(fails(open, BYTES('H', 'T')), DEVP2P_ERR_PROXY);
    assert_int_equal(fails(open, BYTES(4, 0)), DEVP2P_ERR_PROXY);
    assert_int_equal(fails(open, BYTES(5, 0, 4, 0, 0, 1)), DEVP2P_ERR_PROXY);
    assert_int_equal(fails(open, BYTES(5, 0, 5, 0, 0, 2)), DEVP2P_ERR_PROXY);
    assert_int_equal(fails(closed, BYTES(5, 2, 5, 0)), DEVP2P_ERR_PROXY);
    /* methods that we did not offer, and none at all */
    assert_int_equal(fails(open, BYTES(5, 2)), DEVP2P_ERR_PROXY_AUTH);
    assert_int_equal(fails(closed, BYTES(5, 1)), DEVP2P_ERR_PROXY_AUTH);
    assert_int_equal(fails(closed, BYTES(5, 255)), DEVP2P_ERR_PROXY_AUTH);
    assert_int_equal(fails(closed, BYTES(5, 2, 1, 1)), DEVP2P_ERR_PROXY_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(long_words),
        cmocka_unit_test(by_address),
        cmocka_unit_test(by_name_and_password),
        cmocka_unit_test(the_longest),
        cmocka_unit_test(every_reply),
        cmocka_unit_test(what_is_not_socks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
