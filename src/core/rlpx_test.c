/* SPDX-License-Identifier: MIT */
/* rlpx_test.c - sessions of devp2p/rlpx.h while they talk; how they end is in
 * rlpx_end_test.c. */
#include "noise.h"
#include "rlpx_pair.h"

#include "base/limits.h"

static void two_ends_talk(void **state)
{
    (void)state;
    for (size_t step = 1; step < 5000; step = step * 7 + 3) {
        pair p;
        devp2p_hello hello;
        devp2p_pubkey one;
        pair_init(&p);
        p.step = step;
        assert_null(devp2p_session_peer(p.e[1].s));
        assert_int_equal(
            devp2p_session_hello(p.e[1].s, &hello), DEVP2P_ERR_NOT_FOUND);
        assert_int_equal(send_number(&p, &p.e[0], 0), DEVP2P_ERR_CLOSED);
        settle(&p);
        pubkey(&one, 1);
        assert_memory_equal(devp2p_session_peer(p.e[1].s)->b, one.b, 64);
        assert_int_equal(devp2p_session_hello(p.e[1].s, &hello), 0);
        assert_true(devp2p_slice_is(hello.name, "one"));
        assert_int_equal(hello.version, 5);
        assert_int_equal(hello.ncaps, 2);
        assert_int_equal(devp2p_session_ncaps(p.e[0].s), 2);
        assert_int_equal(devp2p_session_cap(p.e[0].s, 1), 1);
        assert_true(devp2p_session_cap(p.e[0].s, 2) == SIZE_MAX);

        send_word(&p, &p.e[0], "foo");
        settle(&p);
        assert_string_equal(p.e[1].word, "foo");
        assert_int_equal(p.e[1].last.msg.code, 2);
        assert_int_equal(p.e[1].last.msg.received_ms, 5000);
        for (uint64_t i = 0; i < 100; i++)
            assert_int_equal(send_number(&p, &p.e[1], i), 0);
        assert_int_equal(devp2p_session_unsent(p.e[1].s, 0), 100);
        settle(&p);
        assert_int_equal(devp2p_session_unsent(p.e[1].s, 0), 0);
        assert_int_equal(p.e[0].numbers, 100);
        assert_int_equal(p.e[0].wrong, 0);

        devp2p_session_close(p.e[0].s, DEVP2P_DISC_REQUESTED, p.now);
        settle(&p);
        assert_int_equal(p.e[1].last.reason, DEVP2P_DISC_REQUESTED);
        assert_true(p.e[1].last.remote);
        assert_false(p.e[0].last.remote);
        assert_int_equal(p.e[0].seen[DEVP2P_SESSION_DOWN], 1);
        assert_int_equal(send_number(&p, &p.e[0], 0), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_session_hello(p.e[0].s, &hello), 0);
        pair_fini(&p);
    }
}

static void a_sender_waits_at_its_mark(void **state)
{
    (void)state;
    enum { LEN = 100000 };
    uint8_t *bytes = test_noise(LEN, 1);
    pair p;
    devp2p_packet *packet;
    unsigned sent = 0;
    int err;
    pair_init(&p);
    settle(&p);
    assert_int_equal(
        devp2p_packet_new_raw(&packet, 1, (devp2p_slice){ bytes, LEN }), 0);
    free(bytes);
    while (!(err = devp2p_session_send(p.e[0].s, 0, packet, p.now)))
        assert_true(++sent < 1000);
    assert_int_equal(err, DEVP2P_ERR_AGAIN);
    take_events(&p, &p.e[0]);
    assert_int_equal(p.e[0].seen[DEVP2P_SESSION_WRITABLE], 0);
    settle(&p);
    assert_int_equal(p.e[0].seen[DEVP2P_SESSION_WRITABLE], 1);
    assert_int_equal(p.e[1].seen[DEVP2P_SESSION_MSG], sent);
    assert_int_equal(
        devp2p_session_send(p.e[0].s, 2, packet, p.now), DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_session_send(p.e[0].s, 1, packet, p.now), DEVP2P_ERR_INVALID);
    devp2p_packet_drop(packet);
    pair_fini(&p);
}

/* --- long messages --- */

static void messages_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 15, 16384, 65536, 5000000 };
    uint8_t *bytes = test_noise(5000000, 1);
    pair p;
    uint64_t sum = 0;
    pair_init(&p);
    settle(&p);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(send_raw(&p, &p.e[0], 1, bytes, sizes[i]), 0);
        assert_int_equal(send_raw(&p, &p.e[1], 1, bytes, sizes[i]), 0);
        settle(&p);
        sum += sizes[i];
        assert_int_equal(p.e[0].seen[DEVP2P_SESSION_MSG], i + 1);
        assert_int_equal(p.e[0].bytes, sum);
        assert_int_equal(p.e[1].bytes, sum);
    }
    free(bytes);
    pair_fini(&p);
}

/* The longest message is one that compresses; one that does not needs more
 * than a frame. */
static void the_longest_message(void **state)
{
    (void)state;
    uint8_t *zeros = calloc(1, DP_MESSAGE_MAX),
            *bytes = test_noise(DP_MESSAGE_MAX, 1);
    pair p;
    assert_non_null(zeros);
    pair_init(&p);
    settle(&p);
    assert_int_equal(
        send_raw(&p, &p.e[0], 1, bytes, DP_MESSAGE_MAX), DEVP2P_ERR_TOO_BIG);
    assert_int_equal(send_raw(&p, &p.e[0], 1, zeros, DP_MESSAGE_MAX), 0);
    settle(&p);
    assert_int_equal(p.e[1].bytes, DP_MESSAGE_MAX);
    free(zeros);
    free(bytes);
    pair_fini(&p);
}

/* A message stays where it is told whatever is said before the next event. */
static void a_message_stays_until_next(void **state)
{
    (void)state;
    pair p;
    devp2p_session_event ev;
    devp2p_slice word;
    pair_init(&p);
    settle(&p);
    send_word(&p, &p.e[0], "stay");
    while (carry(&p, &p.e[0], &p.e[1]))
        ;
    assert_true(devp2p_session_next(p.e[1].s, &ev, p.now));
    assert_int_equal(ev.kind, DEVP2P_SESSION_MSG);
    send_word(&p, &p.e[1], "noise");
    while (carry(&p, &p.e[1], &p.e[0]))
        ;
    devp2p_session_tick(p.e[1].s, p.now);
    devp2p_session_eof(p.e[1].s, 0, p.now);
    devp2p_session_close(p.e[1].s, DEVP2P_DISC_QUITTING, p.now);
    assert_int_equal(devp2p_decode_items(&ev.msg, &word), 0);
    assert_true(devp2p_slice_is(word, "stay"));
    pair_fini(&p);
}

/* --- readers that hold back --- */

/* hold_all sends short messages until the receiver reads no more. */
static unsigned hold_all(pair *p)
{
    uint8_t *room;
    unsigned sent = 0;
    p->e[1].hold = true;
    while (devp2p_session_room(p->e[1].s, &room) > 0) {
        assert_true(sent <= DP_RECV_MESSAGES + 100);
        assert_int_equal(send_number(p, &p->e[0], sent++), 0);
        settle(p);
    }
    return sent;
}

static void held_messages_stop_the_peer(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    settle(&p);
    unsigned sent = hold_all(&p);
    assert_int_equal(p.e[1].held, DP_RECV_MESSAGES);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(send_number(&p, &p.e[0], sent++), 0);
    pass(&p, DP_WRITE_NS - 1); /* then the sender would give up */
    assert_int_equal(p.e[1].held, DP_RECV_MESSAGES);
    p.e[1].hold = false;
    assert_int_equal(devp2p_session_took(p.e[1].s, 0, 1, p.now), 0);
    pass(&p, 2 * DP_STALL_NS);
    assert_int_equal(p.e[1].numbers, sent);
    assert_int_equal(p.e[1].wrong, 0);
    assert_false(p.e[0].closed);
    pair_fini(&p);
}

static void who_holds_too_long_ends(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    settle(&p);
    hold_all(&p);
    pass(&p, DP_STALL_NS - 1);
    assert_false(p.e[1].closed);
    pass(&p, 1 + DP_SEC);
    assert_true(p.e[1].closed);
    assert_int_equal(p.e[1].last.reason, DEVP2P_DISC_SUBPROTOCOL_ERROR);
    assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_SUBPROTOCOL_ERROR);
    assert_true(p.e[0].last.remote);
    pair_fini(&p);
}

static void only_what_is_held_is_taken(void **state)
{
    (void)state;
    pair p;
    devp2p_session_event ev;
    pair_init(&p);
    devp2p_session *s = p.e[1].s;
    assert_int_equal(devp2p_session_took(s, 0, 0, p.now), DEVP2P_ERR_INVALID);
    settle(&p);
    devp2p_session_hold(s);
    send_word(&p, &p.e[0], "foo");
    while (carry(&p, &p.e[0], &p.e[1]))
        ;
    assert_true(devp2p_session_next(s, &ev, p.now));
    size_t len = ev.msg.payload.len;
    assert_int_equal(devp2p_session_took(s, 0, len, p.now), DEVP2P_ERR_INVALID);
    devp2p_session_hold(s);
    assert_int_equal(
        devp2p_session_took(s, 0, len + 1, p.now), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_session_took(s, 1, len, p.now), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_session_took(s, 2, len, p.now), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_session_took(s, 0, len, p.now), 0);
    assert_int_equal(devp2p_session_took(s, 0, 0, p.now), DEVP2P_ERR_INVALID);

    /* the one that was told last is not held, also when it is empty */
    assert_int_equal(send_raw(&p, &p.e[0], 1, NULL, 0), 0);
    while (carry(&p, &p.e[0], &p.e[1]))
        ;
    assert_true(devp2p_session_next(s, &ev, p.now));
    assert_int_equal(ev.kind, DEVP2P_SESSION_MSG);
    assert_int_equal(devp2p_session_took(s, 0, 0, p.now), DEVP2P_ERR_INVALID);
    assert_false(devp2p_session_next(s, &ev, p.now));
    pair_fini(&p);
}

/* Who is told READY hears what came with the Hello only afterwards. */
static void ready_before_messages(void **state)
{
    (void)state;
    pair p;
    devp2p_session_event ev;
    pair_init(&p);
    end *one = &p.e[0], *two = &p.e[1];
    take_events(&p, one);
    while (carry(&p, one, two))
        take_events(&p, two);
    while (carry(&p, two, one))
        take_events(&p, one);
    assert_int_equal(one->seen[DEVP2P_SESSION_READY], 1);
    send_word(&p, one, "early");
    while (carry(&p, one, two))
        ;
    assert_true(devp2p_session_next(two->s, &ev, p.now));
    assert_int_equal(ev.kind, DEVP2P_SESSION_READY);
    assert_true(devp2p_session_next(two->s, &ev, p.now));
    assert_int_equal(ev.kind, DEVP2P_SESSION_MSG);
    pair_fini(&p);
}

/* --- capabilities, time --- */

/* Without capabilities of our own the Hellos are exchanged all the same. */
static void no_capabilities_at_all(void **state)
{
    (void)state;
    pair p;
    devp2p_hello hello;
    pair_begin(&p, NULL, caps);
    settle(&p);
    assert_int_equal(devp2p_session_hello(p.e[0].s, &hello), 0);
    assert_true(devp2p_slice_is(hello.name, "two"));
    assert_int_equal(hello.ncaps, 2);
    assert_int_equal(p.e[0].seen[DEVP2P_SESSION_READY], 1);
    assert_int_equal(devp2p_session_ncaps(p.e[0].s), 0);
    assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_USELESS_PEER);
    assert_true(p.e[0].last.remote);
    /* after the end, and on the side that ended it */
    assert_int_equal(devp2p_session_hello(p.e[1].s, &hello), 0);
    assert_true(devp2p_slice_is(hello.name, "one"));
    pair_fini(&p);

    pair_begin(&p, NULL, NULL);
    pass(&p, 60 * DP_SEC);
    assert_int_equal(p.e[1].seen[DEVP2P_SESSION_READY], 1);
    assert_false(p.e[1].closed);
    assert_int_equal(send_number(&p, &p.e[1], 0), DEVP2P_ERR_INVALID);
    pair_fini(&p);
}

/* The capabilities of a session are numbered among themselves. */
static void shared_capabilities(void **state)
{
    (void)state;
    static const devp2p_rlpx_cap others[] = { { "walk", 2, 1 },
        { "stay", 1, 1 }, { NULL, 0, 0 } };
    pair p;
    pair_begin(&p, caps, others);
    settle(&p);
    for (int i = 0; i < 2; i++)
        assert_int_equal(devp2p_session_ncaps(p.e[i].s), 1);
    assert_int_equal(devp2p_session_cap(p.e[0].s, 0), 1);
    assert_int_equal(devp2p_session_cap(p.e[1].s, 0), 0);
    assert_int_equal(send_number(&p, &p.e[0], 0), 0);
    settle(&p);
    assert_int_equal(p.e[1].last.cap, 0);
    assert_int_equal(p.e[1].numbers, 1);
    pair_fini(&p);
}

/* Nothing but the deadline is needed to keep a silent session alive. */
static void pings_keep_it_alive(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pass(&p, 3600 * DP_SEC);
    assert_false(p.e[0].closed);
    assert_int_equal(send_number(&p, &p.e[0], 0), 0);
    settle(&p);
    assert_int_equal(p.e[1].numbers, 1);
    pair_fini(&p);
}

/* --- configurations --- */

/* refused checks the code, the sentence, and that nothing is left. */
static void refused(const devp2p_rlpx_config *cfg, int err, const char *field)
{
    devp2p_rlpx *r;
    const test_env *t = cfg->alloc_user;
    assert_int_equal(devp2p_rlpx_new(&r, cfg), err);
    if (strncmp(devp2p_last_detail(), field, strlen(field)) != 0)
        fail_msg("\"%s\" does not name %s", devp2p_last_detail(), field);
    assert_null(r);
    assert_int_equal(t->live, 0);
}

static void mistakes_name_the_field(void **state)
{
    (void)state;
    static const devp2p_rlpx_cap twins[] = { { "a", 1, 1 }, { "b", 1, 1 },
        { "b", 1, 2 }, { NULL, 0, 0 } };
    static const devp2p_rlpx_cap blank[] = { { "", 1, 1 }, { NULL, 0, 0 } };
    devp2p_rlpx_cap many[DP_PROTOCOLS_MAX + 2];
    char long_names[DP_PROTOCOLS_MAX][DP_NAME_MAX + 1];
    end e = { .caps = caps };
    devp2p_rlpx_config cfg, good;
    test_env_init(&e.t);
    config(&good, &e, 1);
    for (uint32_t i = 0; i < DP_PROTOCOLS_MAX + 2; i++)
        many[i] = (devp2p_rlpx_cap){ "x", i, 1 };

    config(&cfg, &e, 0);
    refused(&cfg, DEVP2P_ERR_KEY, "private_key");
    cfg = good;
    cfg.name = "a\n";
    refused(&cfg, DEVP2P_ERR_INVALID, "name");
    cfg = good;
    cfg.log_level = (devp2p_log_level)(DEVP2P_LOG_TRACE + 1);
    refused(&cfg, DEVP2P_ERR_INVALID, "log_level");
    cfg = good;
    cfg.caps = twins;
    refused(&cfg, DEVP2P_ERR_INVALID, "caps[2]: b version 1");
    cfg.caps = blank;
    refused(&cfg, DEVP2P_ERR_INVALID, "caps[0].name");
    cfg.caps = many;
    refused(&cfg, DEVP2P_ERR_INVALID, "caps: more than 64");
    for (size_t i = 0; i < DP_PROTOCOLS_MAX; i++) {
        memset(long_names[i], 'a', DP_NAME_MAX);
        long_names[i][DP_NAME_MAX] = 0;
        many[i].name = long_names[i];
    }
    many[DP_PROTOCOLS_MAX].name = NULL;
    refused(&cfg, DEVP2P_ERR_INVALID, "caps: their names");

    devp2p_rlpx *r;
    assert_int_equal(devp2p_rlpx_new(&r, NULL), DEVP2P_ERR_INVALID);
    assert_null(r);
}

/* A program of an older or a newer header: the size is the version. */
static void sizes(void **state)
{
    (void)state;
    end e = { .caps = caps };
    devp2p_rlpx *r;
    struct {
        devp2p_rlpx_config cfg;
        uint64_t more;
    } newer = { .more = 0 };
    test_env_init(&e.t);
    config(&newer.cfg, &e, 1);
    const devp2p_rlpx_config *cfg = &newer.cfg;

    assert_int_equal(devp2p_rlpx_new_sized(&r, cfg, sizeof newer), 0);
    devp2p_rlpx_free(r);
    /* memory of the system's: the field is behind the end */
    assert_int_equal(
        devp2p_rlpx_new_sized(&r, cfg, offsetof(devp2p_rlpx_config, alloc)), 0);
    assert_int_equal(e.t.live, 0);
    devp2p_rlpx_free(r);
    newer.more = 1;
    assert_int_equal(
        devp2p_rlpx_new_sized(&r, cfg, sizeof newer), DEVP2P_ERR_ABI);
    assert_int_equal(devp2p_rlpx_new_sized(&r, cfg, 8), DEVP2P_ERR_ABI);
    assert_null(r);
    assert_int_equal(e.t.live, 0);
}

/* Nothing but a key is needed. */
static void bare(void **state)
{
    (void)state;
    devp2p_rlpx_config cfg = { .name = NULL };
    devp2p_rlpx *r;
    devp2p_session *s;
    const devp2p_now now = { 1, 1 };
    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    assert_int_equal(devp2p_rlpx_new(&r, &cfg), 0);
    assert_int_equal(devp2p_session_new(&s, r, NULL, now), 0);
    devp2p_session_free(s);
    devp2p_rlpx_free(r);
    devp2p_session_free(NULL);
    devp2p_rlpx_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_talk),
        cmocka_unit_test(a_sender_waits_at_its_mark),
        cmocka_unit_test(messages_of_any_size),
        cmocka_unit_test(the_longest_message),
        cmocka_unit_test(a_message_stays_until_next),
        cmocka_unit_test(held_messages_stop_the_peer),
        cmocka_unit_test(who_holds_too_long_ends),
        cmocka_unit_test(only_what_is_held_is_taken),
        cmocka_unit_test(ready_before_messages),
        cmocka_unit_test(no_capabilities_at_all),
        cmocka_unit_test(shared_capabilities),
        cmocka_unit_test(pings_keep_it_alive),
        cmocka_unit_test(mistakes_name_the_field),
        cmocka_unit_test(sizes),
        cmocka_unit_test(bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
