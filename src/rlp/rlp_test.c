/* SPDX-License-Identifier: MIT */
/* rlp_test.c - reader, writer, tables and items; the vectors show the rest. */
#include "test.h"

#include <devp2p/rlp.h>
#include <stdlib.h>
#include <string.h>

/* --- an independent rule for short inputs --- */

/* item is the length of the canonical item that at begins with, 0 for none:
 * written from the definition, for inputs of at most three bytes. */
static size_t item(const uint8_t *at, size_t len)
{
    if (len == 0)
        return 0;
    size_t n = at[0] < 0x80   ? 0
               : at[0] < 0xb8 ? at[0] - 0x80u
               : at[0] < 0xc0 ? len /* 56 bytes at least do not fit */
               : at[0] < 0xf8 ? at[0] - 0xc0u
                              : len;
    if (n + 1 > len || (at[0] == 0x81 && at[1] < 0x80))
        return 0;
    for (size_t i = 1, k; at[0] >= 0xc0 && i < n + 1; i += k)
        if ((k = item(at + i, n + 1 - i)) == 0)
            return 0;
    return n + 1;
}

/* walk reads everything, into every list. */
static int walk(const uint8_t *at, size_t len)
{
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    unsigned depth = 0;
    do {
        if (devp2p_rlp_is_list(&r)) {
            devp2p_rlp_enter(&r);
            depth++;
        } else if (devp2p_rlp_more(&r)) {
            devp2p_rlp_get_bytes(&r);
        }
        while (depth && !r.err && !devp2p_rlp_more(&r)) {
            devp2p_rlp_leave(&r);
            depth--;
        }
    } while (devp2p_rlp_more(&r));
    return devp2p_rlp_done(&r);
}

static bool all_items(const uint8_t *at, size_t len)
{
    for (size_t i = 0, k; i < len; i += k)
        if ((k = item(at + i, len - i)) == 0)
            return false;
    return true;
}

static void every_short_input(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        uint8_t b[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
        size_t skip = v < 1u << 8 ? 2 : v < 1u << 16 ? 1 : 0;
        for (size_t i = 0; i <= skip; i++)
            if (all_items(b + i, 3 - i) != (walk(b + i, 3 - i) == 0))
                fail_msg("%06x, %zu bytes", v, 3 - i);
    }
}

/* --- a type with every kind --- */

struct pair {
    uint16_t number;
    devp2p_slice word;
};
DEVP2P_RLP_TYPE(pair, number, word);

struct all {
    uint8_t u8;
    uint64_t u64;
    bool flag;
    devp2p_u256 big;
    devp2p_slice word;
    uint8_t fixed[4];
    struct pair one;
    struct {
        struct pair *at;
        size_t len;
    } pairs;
    struct {
        uint32_t *at;
        size_t len;
    } numbers;
    struct {
        devp2p_slice *at;
        size_t len;
    } words;
    devp2p_slice raw;
    uint32_t maybe;
    struct {
        uint16_t *at;
        size_t len;
    } tail;
};
DEVP2P_RLP_TABLE(all, DEVP2P_FIELD(all, u8), DEVP2P_FIELD(all, u64),
    DEVP2P_FIELD(all, flag), DEVP2P_FIELD(all, big), DEVP2P_FIELD(all, word),
    DEVP2P_FIELD(all, fixed), DEVP2P_FIELD_STRUCT(all, one, pair),
    DEVP2P_FIELD_STRUCTS(all, pairs, pair), DEVP2P_FIELD_LIST(all, numbers),
    DEVP2P_FIELD_LIST(all, words), DEVP2P_FIELD_RAW(all, raw),
    DEVP2P_FIELD_OPT(all, maybe), DEVP2P_FIELD_TAIL(all, tail));

static devp2p_slice str(const char *s)
{
    return (devp2p_slice){ (const uint8_t *)s, strlen(s) };
}

/* encode writes a struct all with every field set; len is its length. */
static size_t encode(uint8_t *out, size_t cap)
{
    static struct pair pairs[] = { { 1, { NULL, 0 } },
        { 0x1234, { NULL, 0 } } };
    static uint32_t numbers[] = { 0, 127, 128, 70000 };
    static uint16_t tail[] = { 9, 1000 };
    devp2p_slice words[] = { str("cat"), str("") };
    struct all v = { .u8 = 200,
        .u64 = UINT64_MAX,
        .flag = true,
        .big = { { [0] = 1, [31] = 2 } },
        .word = str("dog"),
        .fixed = { 0, 1, 2, 3 },
        .one = { 7, str("x") },
        .pairs = { pairs, 2 },
        .numbers = { numbers, 4 },
        .words = { words, 2 },
        .raw = { (const uint8_t *)"\xc2\x01\x02", 3 },
        .maybe = 5,
        .tail = { tail, 2 } };
    devp2p_rlp_writer w = devp2p_rlp_write(out, cap), count;
    devp2p_slice s, size;
    devp2p_rlp_put_struct(&w, &all_rlp, &v);
    assert_int_equal(devp2p_rlp_finish(&w, &s), 0);
    count = devp2p_rlp_write(NULL, 0);
    devp2p_rlp_put_struct(&count, &all_rlp, &v);
    assert_int_equal(devp2p_rlp_finish(&count, &size), 0);
    assert_int_equal(size.len, s.len);
    assert_null(size.at);
    return s.len;
}

static int decode(const uint8_t *at, size_t len, struct all *v, size_t room)
{
    static _Alignas(16) uint8_t memory[1024];
    devp2p_arena arena = { memory, memory + room };
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_get_struct(&r, &all_rlp, v, &arena);
    assert_true(arena.at <= arena.end);
    return devp2p_rlp_done(&r);
}

static void every_kind(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct all v, zero = { 0 };
    size_t len = encode(bytes, sizeof bytes);
    assert_int_equal(decode(bytes, len, &v, 1024), 0);
    assert_int_equal(v.u64, UINT64_MAX);
    assert_int_equal(v.big.b[0], 1);
    assert_true(v.flag && devp2p_slice_is(v.word, "dog"));
    assert_int_equal(v.one.number, 7);
    assert_int_equal(v.pairs.len, 2);
    assert_int_equal(v.pairs.at[1].number, 0x1234);
    assert_int_equal(v.numbers.at[3], 70000);
    assert_true(devp2p_slice_is(v.words.at[0], "cat"));
    assert_int_equal(v.raw.len, 3);
    assert_int_equal(v.maybe, 5);
    assert_int_equal(v.tail.at[1], 1000);

    /* each truncation is refused, and leaves nothing */
    for (size_t cut = 0; cut < len; cut++) {
        assert_true(decode(bytes, cut, &v, 1024) < 0);
        assert_memory_equal(&v, &zero, sizeof v);
    }
    /* too little arena is an error, never fewer elements */
    size_t room = 0;
    while (decode(bytes, len, &v, room) == DEVP2P_ERR_NOBUF)
        room++;
    assert_true(room >= 2 * sizeof(struct pair) + 4 * sizeof(uint32_t));
    assert_int_equal(decode(bytes, len, &v, room), 0);
    assert_int_equal(v.tail.len, 2);
    /* too small a buffer as well */
    uint8_t small[256];
    for (size_t cap = 0; cap < len; cap++) {
        devp2p_rlp_writer w = devp2p_rlp_write(small, cap);
        devp2p_slice s;
        devp2p_rlp_put_struct(&w, &all_rlp, &v);
        assert_int_equal(devp2p_rlp_finish(&w, &s), DEVP2P_ERR_NOBUF);
    }
}

struct late {
    uint8_t first;
    uint8_t second;
    devp2p_slice rest;
};
DEVP2P_RLP_TABLE(late, DEVP2P_FIELD(late, first),
    DEVP2P_FIELD_OPT(late, second), DEVP2P_FIELD_REST(late, rest));

static int read_late(const char *bytes, size_t len, struct late *v)
{
    devp2p_rlp_reader r = devp2p_rlp_read(bytes, len);
    devp2p_rlp_get_struct(&r, &late_rlp, v, NULL);
    return devp2p_rlp_done(&r);
}

static void optional_and_rest(void **state)
{
    (void)state;
    struct late v;
    assert_int_equal(read_late("\xc1\x05", 2, &v), 0);
    assert_int_equal(v.second, 0);
    assert_int_equal(read_late("\xc2\x05\x06", 3, &v), 0);
    assert_int_equal(v.second, 6);
    assert_int_equal(read_late("\xc5\x05\x06\xc1\x01\x02", 6, &v), 0);
    assert_int_equal(v.rest.len, 3);
    assert_int_equal(read_late("\xc0", 1, &v), DEVP2P_ERR_RLP_SHORT);
    assert_string_not_equal(devp2p_last_detail(), "");
}

static void assert_late(struct late v, const char *bytes, size_t len)
{
    uint8_t buf[16];
    devp2p_rlp_writer w = devp2p_rlp_write(buf, sizeof buf);
    devp2p_slice out;

    devp2p_rlp_put_struct(&w, &late_rlp, &v);
    assert_int_equal(devp2p_rlp_finish(&w, &out), 0);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.at, bytes, len);
}

/* An optional zero is left out, also when an empty rest follows; it is written
 * when something stands behind it. */
static void optional_zeros(void **state)
{
    (void)state;
    assert_late((struct late){ 5, 0, { NULL, 0 } }, "\xc1\x05", 2);
    assert_late((struct late){ 5, 6, { NULL, 0 } }, "\xc2\x05\x06", 3);
    assert_late((struct late){ 5, 0, { (const uint8_t *)"\x07", 1 } },
        "\xc3\x05\x80\x07", 4);
}

/* --- errors, one by one --- */

static int read_pair(const char *bytes, size_t len)
{
    struct pair v;
    devp2p_rlp_reader r = devp2p_rlp_read(bytes, len);
    devp2p_rlp_get_struct(&r, &pair_rlp, &v, NULL);
    return devp2p_rlp_done(&r);
}

static void each_error(void **state)
{
    (void)state;
    assert_int_equal(read_pair("\xc2\x05\x61", 3), 0);
    assert_int_equal(read_pair("\xc3\x05\x61", 3), DEVP2P_ERR_RLP_SHORT);
    assert_int_equal(read_pair("\xc2\xc0\x61", 3), DEVP2P_ERR_RLP_KIND);
    assert_int_equal(read_pair("\x05", 1), DEVP2P_ERR_RLP_KIND);
    assert_int_equal(read_pair("\xc2\x00\x61", 3), DEVP2P_ERR_RLP_CANON);
    assert_int_equal(read_pair("\xc3\x81\x05\x61", 4), DEVP2P_ERR_RLP_CANON);
    assert_int_equal(
        read_pair("\xc5\x83\x01\x00\x00\x61", 6), DEVP2P_ERR_RLP_RANGE);
    assert_int_equal(read_pair("\xc3\x05\x61\x62", 4), DEVP2P_ERR_RLP_EXTRA);
    assert_int_equal(read_pair("\xc2\x05\x61\x80", 4), DEVP2P_ERR_RLP_EXTRA);
}

/* Lists within lists: as many as the reader remembers, and one more. */
static void depth(void **state)
{
    (void)state;
    uint8_t nested[DEVP2P_RLP_DEPTH_MAX + 1];
    for (size_t n = 1; n <= sizeof nested; n++) {
        for (size_t i = 0; i < n; i++)
            nested[i] = (uint8_t)(0xc0 + (n - 1 - i));
        assert_int_equal(walk(nested, n),
            n <= DEVP2P_RLP_DEPTH_MAX ? 0 : DEVP2P_ERR_RLP_DEPTH);
    }
    devp2p_rlp_writer w = devp2p_rlp_write(NULL, 0);
    devp2p_slice s;
    for (size_t i = 0; i < sizeof nested; i++)
        devp2p_rlp_open(&w);
    assert_int_equal(devp2p_rlp_finish(&w, &s), DEVP2P_ERR_RLP_DEPTH);
    w = devp2p_rlp_write(NULL, 0);
    devp2p_rlp_open(&w);
    assert_int_equal(devp2p_rlp_finish(&w, &s), DEVP2P_ERR_STATE);
}

/* --- loose values --- */

static void items(void **state)
{
    (void)state;
    uint8_t bytes[64];
    devp2p_rlp_writer w = devp2p_rlp_write(bytes, sizeof bytes);
    devp2p_slice s, word, raw;
    uint32_t number;
    bool flag;
    devp2p_rlp_put_items(
        &w, DEVP2P_ITEMS("foo", 1024u, true, DEVP2P_ITEM_RAW(str("\xc0"))));
    assert_int_equal(devp2p_rlp_finish(&w, &s), 0);
    assert_int_equal(s.len, 10);
    assert_memory_equal(s.at,
        "\xc9\x83"
        "foo"
        "\x82\x04\x00\x01\xc0",
        10);
    devp2p_rlp_reader r = devp2p_rlp_read(s.at, s.len);
    devp2p_rlp_get_items(
        &r, DEVP2P_DESTS(&word, &number, &flag, DEVP2P_DEST_RAW(&raw)), NULL);
    assert_int_equal(devp2p_rlp_done(&r), 0);
    assert_true(devp2p_slice_is(word, "foo") && number == 1024 && flag);

    w = devp2p_rlp_write(bytes, sizeof bytes);
    devp2p_rlp_put_item(&w, (const devp2p_item[]){ DEVP2P_ITEM(200u) });
    assert_int_equal(devp2p_rlp_finish(&w, &s), 0);
    assert_int_equal(s.len, 2);
    for (uint64_t max = 199; max <= 200; max++) {
        r = devp2p_rlp_read(s.at, s.len);
        assert_int_equal(devp2p_rlp_get_uint(&r, max), max == 200 ? 200 : 0);
        assert_int_equal(
            devp2p_rlp_done(&r), max == 200 ? 0 : DEVP2P_ERR_RLP_RANGE);
    }

    w = devp2p_rlp_write(bytes, sizeof bytes);
    devp2p_rlp_put_items(&w, DEVP2P_ITEMS(-1));
    assert_int_equal(devp2p_rlp_finish(&w, &s), DEVP2P_ERR_RLP_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_input),
        cmocka_unit_test(every_kind),
        cmocka_unit_test(optional_and_rest),
        cmocka_unit_test(optional_zeros),
        cmocka_unit_test(each_error),
        cmocka_unit_test(depth),
        cmocka_unit_test(items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
