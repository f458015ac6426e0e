/* SPDX-License-Identifier: MIT */
/* expect_test.c - what a test reads, and the words when it is something else.
 */
#include "server/net_fixture.h"
#include "server/pipe_fixture.h"

#include <stdio.h>
#include <time.h>

struct status {
    uint32_t version;
    devp2p_slice client;
};
DEVP2P_RLP_TYPE(status, version, client);

static const devp2p_slice no_bytes = { NULL, 0 };
static const struct status sample = { 68, { (const uint8_t *)"me", 2 } };

/* one_of_each sends a message in every form. */
static int one_of_each(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    (void)user;
    assert_int_equal(devp2p_send_items(rw, 0, "bar", 7u), 0);
    assert_int_equal(devp2p_send_value(rw, 1, "bar"), 0);
    assert_int_equal(devp2p_send(rw, 2, status, &sample), 0);
    assert_int_equal(devp2p_send_raw(rw, 3, no_bytes), 0);
    return 0;
}

static void what_comes_as_expected(void **state)
{
    devp2p_rw *near, *far;
    actor a = { .run = one_of_each };

    (void)state;
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_expect_items(far, 0, "bar", 7u), 0);
    assert_int_equal(devp2p_expect_value(far, 1, "bar"), 0);
    assert_int_equal(devp2p_expect(far, 2, status, &sample), 0);
    assert_int_equal(devp2p_expect_raw(far, 3, no_bytes), 0);
    /* what was compared is consumed: the actor has gone on, and is done */
    assert_int_equal(actor_join(&a), 0);
    assert_int_equal(devp2p_expect_items(far, 0, "bar"), DEVP2P_ERR_CLOSED);
    assert_string_equal(devp2p_last_detail(),
        "expected message 0 [\"bar\"], got none: connection closed");
    devp2p_rw_drop(far);
}

/* A letter is what an actor sends. */
typedef struct letter {
    uint64_t code;
    const void *bytes;
    size_t len;
} letter;

static int send_letter(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    const letter *l = user;

    (void)peer;
    return devp2p_send_raw(rw, l->code, (devp2p_slice){ l->bytes, l->len });
}

static void meet(letter l, const char *expected_sentence)
{
    devp2p_rw *near, *far;
    actor a = { .run = send_letter, .user = &l };

    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, near);
    int err = devp2p_expect_items(far, 1, "bar");
    assert_int_equal(err, DEVP2P_ERR_UNEXPECTED);
    assert_string_equal(devp2p_last_detail(), expected_sentence);
    assert_int_equal(actor_join(&a), 0); /* it is consumed all the same */
    devp2p_rw_drop(far);
}

static void another_message(void **state)
{
    (void)state;
    meet((letter){ 2,
             "\xc4\x83"
             "bar",
             5 },
        "expected message 1 [\"bar\"], got message 2 [\"bar\"]");
    meet((letter){ 1,
             "\x83"
             "bar",
             4 },
        "expected message 1 [\"bar\"], got \"bar\": they differ from byte 0");
    meet((letter){ 1,
             "\xc4\x83"
             "foo",
             5 },
        "expected message 1 [\"bar\"], got [\"foo\"]: they differ from byte 2");
    meet((letter){ 1,
             "\xc4\x83"
             "bar\x80",
             6 },
        "expected message 1 [\"bar\"], got [\"bar\"], \"\": they differ from "
        "byte 5");
    meet((letter){ 1, NULL, 0 },
        "expected message 1 [\"bar\"], got without payload: they differ from "
        "byte 0");
}

static void bytes_of_all_kinds(void **state)
{
    (void)state;
    meet((letter){ 1, "\xc8\xc0\xc2\x07\xc0\x82\x00\xff\x5c", 9 },
        "expected message 1 [\"bar\"], got [[], [0x07, []], 0x00ff, \"\\\\\"]: "
        "they differ from byte 0");
    meet((letter){ 1, "\xc4\x83\n", 3 },
        "expected message 1 [\"bar\"], got 0xc4830a: they differ from byte 2");
    meet((letter){ 1, "\xc1\xc1", 2 },
        "expected message 1 [\"bar\"], got 0xc1c1: they differ from byte 0");

    uint8_t deep[DEVP2P_RLP_DEPTH_MAX + 1];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = (uint8_t)(0xc0 + sizeof deep - 1 - i);
    meet((letter){ 1, deep, sizeof deep },
        "expected message 1 [\"bar\"], got "
        "0xd0cfcecdcccbcac9c8c7c6c5c4c3c2c1c0: they differ from byte 0");
}

static void the_long_is_cut(void **state)
{
    char sentence[256], ys[100];
    uint8_t bytes[1000] = { 0xb9, 0x03, 0xe5 };

    (void)state;
    snprintf(sentence, sizeof sentence,
        "expected message 1 [\"bar\"], got 0x%082d...: they differ from byte 0",
        0);
    meet((letter){ 1, bytes, sizeof bytes }, sentence);
    memset(ys, 'y', sizeof ys);
    for (int len = 78; len < 90; len++) {
        bool cut = len > 82; /* two quotes are the other two of 84 */
        bytes[0] = 0xb8;
        bytes[1] = (uint8_t)len;
        memcpy(bytes + 2, ys, (size_t)len);
        snprintf(sentence, sizeof sentence,
            "expected message 1 [\"bar\"], got \"%.*s%s: they differ from "
            "byte 0",
            cut ? 83 : len, ys, cut ? "..." : "\"");
        meet((letter){ 1, bytes, (size_t)len + 2 }, sentence);
    }
    snprintf(sentence, sizeof sentence,
        "expected message 1 [\"bar\"], got message %llu \"%.83s...",
        (unsigned long long)UINT64_MAX, ys);
    meet((letter){ UINT64_MAX, bytes, 2 + 89 }, sentence);
}

/* late is a clock on which the whole time limit has passed already. */
static dp_now late(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t mono = (uint64_t)t.tv_sec * DP_SEC + (uint64_t)t.tv_nsec;
    return (dp_now){ .mono = mono - DEVP2P_EXPECT_MS * DP_MS };
}

static void a_test_does_not_hang(void **state)
{
    devp2p_rw *near, *far;
    test_env t;

    (void)state;
    test_env_init(&t);
    assert_int_equal(dp_pipe_new(&near, &far, &t.env, late), 0);
    assert_int_equal(
        devp2p_expect(far, 2, status, &sample), DEVP2P_ERR_TIMEOUT);
    assert_string_equal(devp2p_last_detail(),
        "expected message 2 [\"D\", \"me\"], got none: timed out");

    /* nothing is read when there is nothing to expect */
    char word[1000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    test_env_fail(&t, 1);
    assert_int_equal(devp2p_expect_value(far, 0, word), DEVP2P_ERR_NOMEM);
    assert_int_equal(devp2p_expect_items(far, 0, -1), DEVP2P_ERR_RLP_RANGE);
    devp2p_rw_drop(near);
    devp2p_rw_drop(far);
    assert_int_equal(t.live, 0);
}

/* --- on a connection --- */

/* A listener expects on a connection what one_of_each sends, and one more. */
typedef struct listener {
    net n;
    int errs[5];
    uint64_t waited;
} listener;

static int expect_each(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    listener *l = user;

    (void)peer;
    l->errs[0] = devp2p_expect_items(rw, 0, "bar", 7u);
    l->errs[1] = devp2p_expect_value(rw, 1, "bar");
    l->errs[2] = devp2p_expect(rw, 2, status, &sample);
    l->errs[3] = devp2p_expect_value(rw, 3, "not this");
    uint64_t before = dp_sim_now(l->n.sim).mono;
    l->errs[4] = devp2p_expect_items(rw, 0, "bar");
    l->waited = dp_sim_now(l->n.sim).mono - before;
    return 0;
}

static int send_each(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg m;

    one_of_each(peer, rw, user);
    return devp2p_read(rw, &m);
}

static void on_a_connection(void **state)
{
    const int errs[] = { 0, 0, 0, DEVP2P_ERR_UNEXPECTED, DEVP2P_ERR_TIMEOUT };
    devp2p_protocol pa[2] = { { "p", 1, 4, NULL, .run = send_each } };
    devp2p_protocol pb[2] = { { "p", 1, 4, NULL, .run = expect_each } };
    listener l = { .waited = 0 };
    node a, b;

    (void)state;
    pb[0].user = &l;
    net_init(&l.n, 5);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &l.n);
    node_start(&b, &l.n);
    node_dial(&a, &b);
    node_expect(&a, DEVP2P_EVENT_PEER_DROP);
    assert_memory_equal(l.errs, errs, sizeof errs);
    assert_int_equal(l.waited / DP_MS, DEVP2P_EXPECT_MS);
    node_stop(&a);
    node_stop(&b);
    net_fini(&l.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_as_expected),
        cmocka_unit_test(another_message),
        cmocka_unit_test(bytes_of_all_kinds),
        cmocka_unit_test(the_long_is_cut),
        cmocka_unit_test(a_test_does_not_hang),
        cmocka_unit_test(on_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
