/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "core/rlpx.h"
#include "test_env.h"

#include <devp2p/devp2p.h>
#include <stdio.h>

/* --- two ends in one process --- */

typedef struct end {
    test_env t;
    devp2p_rlpx *rlpx;
    devp2p_session *s;
    devp2p_session_event last; /* of each kind the last one */
    unsigned seen[DEVP2P_SESSION_DOWN + 1];
    unsigned numbers, wrong; /* messages [n] that came, out of order */
    char word[32];           /* the last ["word"] */
    int refuse;              /* said at AUTHED or READY */
    devp2p_session_event_kind refuse_at;
    bool closed;
} end;

typedef struct pair {
    end e[2]; /* the first dialled */
    devp2p_now now;
    size_t step; /* bytes moved at once */
} pair;

static const devp2p_rlpx_cap caps[] = { { "talk", 1, 3 }, { "walk", 2, 1 },
    { NULL, 0, 0 } };

static void config(devp2p_rlpx_config *cfg, end *e, uint8_t number)
{
    *cfg = (devp2p_rlpx_config){ .name = number == 1 ? "one" : "two",
        .caps = caps,
        .random = test_random,
        .random_user = &e->t,
        .alloc = test_alloc,
        .alloc_user = &e->t };
    memset(cfg->private_key.b, number, sizeof cfg->private_key.b);
}

static void pubkey(devp2p_pubkey *out, uint8_t number)
{
    devp2p_key key;
    memset(key.b, number, sizeof key.b);
    assert_int_equal(devp2p_key_public(out, &key), 0);
}

static void pair_init(pair *p)
{
    devp2p_pubkey two;
    pubkey(&two, 2);
    memset(p, 0, sizeof *p);
    p->now = (devp2p_now){ 1000 * DP_SEC, 5000 };
    p->step = SIZE_MAX;
    for (uint8_t i = 0; i < 2; i++) {
        end *e = &p->e[i];
        devp2p_rlpx_config cfg;
        test_env_init(&e->t);
        e->t.drawn = (uint64_t)i << 40;
        config(&cfg, e, (uint8_t)(i + 1));
        assert_int_equal(devp2p_rlpx_new(&e->rlpx, &cfg), 0);
        assert_int_equal(
            devp2p_session_new(&e->s, e->rlpx, i ? NULL : &two, p->now), 0);
    }
}

static void pair_fini(pair *p)
{
    for (int i = 0; i < 2; i++) {
        devp2p_session_free(p->e[i].s);
        devp2p_rlpx_free(p->e[i].rlpx);
        assert_int_equal(p->e[i].t.live, 0);
    }
}

static void hear(end *e, const devp2p_session_event *ev)
{
    devp2p_slice word;
    uint64_t n;
    if (devp2p_decode_items(&ev->msg, &word) == 0 && word.len < sizeof e->word)
        memcpy(e->word, word.at, word.len);
    if (devp2p_decode_value(&ev->msg, &n) == 0)
        e->wrong += n != e->numbers++;
}

static void take_events(pair *p, end *e)
{
    devp2p_session_event ev;
    while (devp2p_session_next(e->s, &ev, p->now)) {
        assert_false(e->closed);
        e->seen[ev.kind]++;
        e->last = ev;
        if (ev.kind == DEVP2P_SESSION_MSG)
            hear(e, &ev);
        if (e->refuse && ev.kind == e->refuse_at)
            devp2p_session_close(e->s, e->refuse, p->now);
        if (ev.kind == DEVP2P_SESSION_DOWN)
            e->closed = true;
    }
}

/* carry moves bytes from one end to the other; true when some went. */
static bool carry(pair *p, end *from, end *to)
{
    const uint8_t *at;
    uint8_t *room;
    size_t have = devp2p_session_out(from->s, &at, p->now);
    size_t fit = devp2p_session_room(to->s, &room);
    size_t n = have < fit ? have : fit;
    n = n < p->step ? n : p->step;
    if (n == 0)
        return false;
    memcpy(room, at, n);
    devp2p_session_recv(to->s, n, p->now);
    devp2p_session_sent(from->s, n, p->now);
    return true;
}

/* settle lets both ends talk until nothing moves; who shuts is heard. */
static void settle(pair *p)
{
    bool moved = true;
    for (int rounds = 0; moved; rounds++) {
        assert_true(rounds < 200000);
        moved = false;
        for (int i = 0; i < 2; i++) {
            end *e = &p->e[i], *far = &p->e[1 - i];
            unsigned shut = e->seen[DEVP2P_SESSION_SHUT] + e->closed;
            take_events(p, e);
            moved |= carry(p, e, far);
            if (e->seen[DEVP2P_SESSION_SHUT] + e->closed > shut) {
                devp2p_session_eof(far->s, 0, p->now);
                moved = true;
            }
        }
    }
}

static int send_number(pair *p, end *e, uint64_t n)
{
    devp2p_packet *packet;
    assert_int_equal(devp2p_packet_new_value(&packet, 0, n), 0);
    int err = devp2p_session_send(e->s, 0, packet, p->now);
    devp2p_packet_drop(packet);
    return err;
}

static void send_word(pair *p, end *e, const char *word)
{
    devp2p_packet *packet;
    assert_int_equal(devp2p_packet_new_items(&packet, 2, word), 0);
    assert_int_equal(devp2p_session_send(e->s, 0, packet, p->now), 0);
    devp2p_packet_drop(packet);
}

/* --- what is promised --- */

static void two_ends_talk(void **state)
{
    (void)state;
    for (size_t step = 1; step < 5000; step = step * 7 + 3) {
        pair p;
        devp2p_session_hello hello;
        devp2p_pubkey one;
        pair_init(&p);
        p.step = step;
        assert_null(devp2p_session_peer(p.e[1].s));
        assert_int_equal(
            devp2p_session_greeting(p.e[1].s, &hello), DEVP2P_ERR_NOT_FOUND);
        assert_int_equal(send_number(&p, &p.e[0], 0), DEVP2P_ERR_CLOSED);
        settle(&p);
        pubkey(&one, 1);
        assert_memory_equal(devp2p_session_peer(p.e[1].s)->b, one.b, 64);
        assert_int_equal(devp2p_session_greeting(p.e[1].s, &hello), 0);
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
        assert_int_equal(devp2p_session_greeting(p.e[0].s, &hello), 0);
        pair_fini(&p);
    }
}

static void a_peer_can_be_refused(void **state)
{
    (void)state;
    for (devp2p_session_event_kind at = DEVP2P_SESSION_AUTHED;
         at <= DEVP2P_SESSION_READY; at++) {
        pair p;
        pair_init(&p);
        p.e[1].refuse = DEVP2P_DISC_TOO_MANY_PEERS;
        p.e[1].refuse_at = at;
        settle(&p);
        assert_int_equal(p.e[0].last.kind, DEVP2P_SESSION_DOWN);
        assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_TOO_MANY_PEERS);
        assert_true(p.e[0].last.remote);
        assert_true(p.e[1].closed);
        pair_fini(&p);
    }
}

static void who_has_another_key_learns_nothing(void **state)
{
    (void)state;
    pair p;
    devp2p_pubkey three;
    pair_init(&p);
    pubkey(&three, 3);
    devp2p_session_free(p.e[0].s);
    assert_int_equal(
        devp2p_session_new(&p.e[0].s, p.e[0].rlpx, &three, p.now), 0);
    settle(&p);
    assert_int_equal(p.e[1].last.kind, DEVP2P_SESSION_DOWN);
    assert_int_equal(p.e[1].last.reason, DEVP2P_ERR_HANDSHAKE);
    assert_true(p.e[1].last.reset);
    assert_int_equal(p.e[0].seen[DEVP2P_SESSION_AUTHED], 0);
    pair_fini(&p);
}

static void time_ends_a_handshake(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    take_events(&p, &p.e[1]);
    uint64_t due = devp2p_session_deadline(p.e[1].s);
    assert_int_equal(due, p.now.mono_ns + DP_HANDSHAKE_NS);
    p.now.mono_ns = due - 1;
    devp2p_session_tick(p.e[1].s, p.now);
    take_events(&p, &p.e[1]);
    assert_false(p.e[1].closed);
    p.now.mono_ns = due;
    devp2p_session_tick(p.e[1].s, p.now);
    take_events(&p, &p.e[1]);
    assert_int_equal(p.e[1].last.reason, DEVP2P_ERR_TIMEOUT);
    assert_true(devp2p_session_deadline(p.e[1].s) == UINT64_MAX);
    pair_fini(&p);
}

static void a_sender_waits_at_its_mark(void **state)
{
    (void)state;
    static uint8_t noise[100000];
    pair p;
    devp2p_packet *packet;
    unsigned sent = 0;
    int err;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i >> 7 ^ i * 31);
    pair_init(&p);
    settle(&p);
    assert_int_equal(devp2p_packet_new_raw(
                         &packet, 1, (devp2p_slice){ noise, sizeof noise }),
        0);
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

static void mistakes_name_the_field(void **state)
{
    (void)state;
    static const devp2p_rlpx_cap twins[] = { { "a", 1, 1 }, { "a", 1, 2 },
        { NULL, 0, 0 } };
    static const devp2p_rlpx_cap blank[] = { { "", 1, 1 }, { NULL, 0, 0 } };
    devp2p_rlpx_cap many[DP_PROTOCOLS_MAX + 2];
    end e = { .closed = false };
    devp2p_rlpx_config cfg;
    devp2p_rlpx *r;
    test_env_init(&e.t);
    for (size_t i = 0; i < DP_PROTOCOLS_MAX + 2; i++)
        many[i] = (devp2p_rlpx_cap){ "x", (uint32_t)i, 1 };

    config(&cfg, &e, 0);
    assert_int_equal(devp2p_rlpx_new(&r, &cfg), DEVP2P_ERR_KEY);
    assert_non_null(strstr(devp2p_last_detail(), "private_key"));
    config(&cfg, &e, 1);
    cfg.name = "a\n";
    assert_int_equal(devp2p_rlpx_new(&r, &cfg), DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "name"));
    const devp2p_rlpx_cap *const bad[] = { twins, blank, many };
    for (size_t i = 0; i < 3; i++) {
        config(&cfg, &e, 1);
        cfg.caps = bad[i];
        assert_int_equal(devp2p_rlpx_new(&r, &cfg), DEVP2P_ERR_INVALID);
        assert_non_null(strstr(devp2p_last_detail(), i == 1 ? "name" : "caps"));
        assert_null(r);
    }
    assert_int_equal(devp2p_rlpx_new(&r, NULL), DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_rlpx_new_sized(&r, &cfg, sizeof cfg + 8), DEVP2P_ERR_ABI);
    assert_int_equal(e.t.live, 0);
}

/* Each allocation of the end that answers fails once. */
static void each_allocation_fails_once(void **state)
{
    (void)state;
    size_t n = 0;
    bool failed = true;
    while (failed) {
        pair p;
        end *e = &p.e[1];
        pair_init(&p);
        devp2p_session_free(e->s);
        test_env_fail(&e->t, ++n);
        size_t calls = e->t.calls;
        if (devp2p_session_new(&e->s, e->rlpx, NULL, p.now) == 0) {
            settle(&p);
            if (!e->closed)
                send_word(&p, &p.e[0], "foo");
            settle(&p);
            if (e->closed)
                assert_int_equal(e->last.reason, DEVP2P_ERR_NOMEM);
            else
                assert_string_equal(e->word, "foo");
        }
        failed = e->t.calls - calls >= n;
        pair_fini(&p);
    }
    printf("%zu allocations\n", n - 1);
    assert_true(n > 10);
}

static void without_randomness_nothing_is_said(void **state)
{
    (void)state;
    pair p;
    const uint8_t *at;
    end e = { .closed = false };
    devp2p_rlpx_config cfg;
    devp2p_rlpx *r;
    devp2p_pubkey two;
    pair_init(&p);
    pubkey(&two, 2);
    devp2p_session_free(p.e[0].s);
    p.e[0].t.no_random = true;
    assert_int_equal(
        devp2p_session_new(&p.e[0].s, p.e[0].rlpx, &two, p.now), 0);
    take_events(&p, &p.e[0]);
    assert_int_equal(devp2p_session_out(p.e[0].s, &at, p.now), 0);
    assert_int_equal(p.e[0].last.reason, DEVP2P_ERR_RANDOM);
    pair_fini(&p);

    test_env_init(&e.t);
    config(&cfg, &e, 1);
    e.t.no_random = true;
    assert_int_equal(devp2p_rlpx_new(&r, &cfg), DEVP2P_ERR_RANDOM);
    assert_int_equal(e.t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_talk),
        cmocka_unit_test(a_peer_can_be_refused),
        cmocka_unit_test(who_has_another_key_learns_nothing),
        cmocka_unit_test(time_ends_a_handshake),
        cmocka_unit_test(a_sender_waits_at_its_mark),
        cmocka_unit_test(mistakes_name_the_field),
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(without_randomness_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
