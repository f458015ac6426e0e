/* SPDX-License-Identifier: MIT */
/* rlpx_end_test.c - how sessions of devp2p/rlpx.h end: refused, late, broken,
 * without memory or randomness; and what is left afterwards. */
#include "rlpx_pair.h"

#include "base/limits.h"
#include "core/public_packet.h"

#include <stdio.h>

/* dead asks everything of a session that has told DOWN. */
static void dead(pair *p, end *e)
{
    uint8_t *room;
    const uint8_t *out;
    devp2p_session_event ev;
    assert_true(e->closed);
    assert_int_equal(e->seen[DEVP2P_SESSION_DOWN], 1);
    devp2p_session_eof(e->s, DEVP2P_ERR_RESET, p->now);
    devp2p_session_close(e->s, DEVP2P_DISC_QUITTING, p->now);
    devp2p_session_tick(e->s, (devp2p_now){ UINT64_MAX, 0 });
    devp2p_session_hold(e->s);
    devp2p_session_recv(e->s, 0, p->now);
    devp2p_session_sent(e->s, 0, p->now);
    assert_int_equal(devp2p_session_room(e->s, &room), 0);
    assert_int_equal(devp2p_session_out(e->s, &out, p->now), 0);
    assert_int_equal(send_number(p, e, 0), DEVP2P_ERR_CLOSED);
    assert_true(devp2p_session_deadline(e->s) == UINT64_MAX);
    assert_false(devp2p_session_next(e->s, &ev, p->now));
}

/* redial gives an end another session. */
static void redial(pair *p, end *e, const devp2p_pubkey *dial)
{
    devp2p_session_free(e->s);
    assert_int_equal(devp2p_session_new(&e->s, e->rlpx, dial, p->now), 0);
}

/* --- refusals --- */

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
        assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_TOO_MANY_PEERS);
        assert_true(p.e[0].last.remote);
        assert_int_equal(
            p.e[1].seen[DEVP2P_SESSION_READY], at == DEVP2P_SESSION_READY);
        /* who is refused by its key hears no Hello */
        devp2p_hello hello;
        assert_int_equal(devp2p_session_hello(p.e[0].s, &hello),
            at == DEVP2P_SESSION_READY ? 0 : DEVP2P_ERR_NOT_FOUND);
        dead(&p, &p.e[0]);
        dead(&p, &p.e[1]);
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
    redial(&p, &p.e[0], &three);
    settle(&p);
    assert_int_equal(p.e[1].last.reason, DEVP2P_ERR_HANDSHAKE);
    assert_true(p.e[1].last.reset);
    assert_null(devp2p_session_peer(p.e[1].s));
    assert_int_equal(p.e[0].seen[DEVP2P_SESSION_AUTHED], 0);
    dead(&p, &p.e[0]);
    dead(&p, &p.e[1]);
    pair_fini(&p);
}

static void no_capability_in_common(void **state)
{
    (void)state;
    static const devp2p_rlpx_cap others[] = { { "talk", 2, 3 },
        { NULL, 0, 0 } };
    pair p;
    pair_begin(&p, caps, others);
    settle(&p);
    for (int i = 0; i < 2; i++) {
        devp2p_hello hello;
        end *e = &p.e[i];
        dead(&p, e);
        assert_int_equal(e->last.reason, DEVP2P_DISC_USELESS_PEER);
        assert_int_equal(e->seen[DEVP2P_SESSION_READY], 0);
        assert_int_equal(devp2p_session_hello(e->s, &hello), 0);
        assert_int_equal(hello.ncaps, i ? 2 : 1);
        assert_true(devp2p_slice_is(hello.caps[0].name, "talk"));
        assert_int_equal(devp2p_session_ncaps(e->s), 0);
    }
    pair_fini(&p);
}

/* --- goodbyes --- */

static void what_was_accepted_goes_out_first(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    settle(&p);
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(send_number(&p, &p.e[0], i), 0);
    devp2p_session_close(p.e[0].s, DEVP2P_DISC_QUITTING, p.now);
    devp2p_session_close(p.e[0].s, DEVP2P_DISC_SELF, p.now);
    assert_int_equal(send_number(&p, &p.e[0], 0), DEVP2P_ERR_CLOSED);
    settle(&p);
    assert_int_equal(p.e[1].numbers, 500);
    assert_int_equal(p.e[1].wrong, 0);
    assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(p.e[1].last.reason, DEVP2P_DISC_QUITTING);
    assert_int_equal(devp2p_session_unsent(p.e[0].s, 0), 0);
    pair_fini(&p);
}

static void what_does_not_go_out_is_counted(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    settle(&p);
    for (uint64_t i = 0; i < 7; i++)
        assert_int_equal(send_number(&p, &p.e[0], i), 0);
    devp2p_session_eof(p.e[0].s, DEVP2P_ERR_RESET, p.now);
    take_events(&p, &p.e[0]);
    assert_int_equal(p.e[0].last.reason, DEVP2P_ERR_RESET);
    assert_true(p.e[0].last.reset);
    assert_int_equal(devp2p_session_unsent(p.e[0].s, 0), 7);
    dead(&p, &p.e[0]);
    pair_fini(&p);
}

/* The connection may break, or the program leave, after any byte. */
static void broken_after_any_byte(void **state)
{
    (void)state;
    unsigned ready = 0;
    for (int err = 0; err >= DEVP2P_ERR_RESET; err += DEVP2P_ERR_RESET) {
        bool over = false;
        for (size_t n = 0; !over; n += 29) {
            pair p;
            size_t moved = 0;
            pair_init(&p);
            p.step = 29;
            for (bool more = true; more && moved < n;) {
                more = false;
                for (int i = 0; i < 2 && moved < n; i++) {
                    take_events(&p, &p.e[i]);
                    bool went = carry(&p, &p.e[i], &p.e[1 - i]);
                    moved += went ? 29 : 0;
                    more |= went;
                }
            }
            over = moved < n;
            ready += p.e[0].seen[DEVP2P_SESSION_READY];
            devp2p_session_eof(p.e[0].s, err, p.now);
            take_events(&p, &p.e[0]);
            pass(&p, 10 * DP_SEC);
            dead(&p, &p.e[0]);
            pair_fini(&p); /* the other one as it stands */
        }
    }
    assert_true(ready > 1);
}

/* --- time --- */

static void time_ends_a_handshake(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const uint8_t *out;
        pair p;
        pair_init(&p);
        end *e = &p.e[i];
        take_events(&p, e);
        size_t len = devp2p_session_out(e->s, &out, p.now);
        assert_int_equal(len > 0, i == 0);
        devp2p_session_sent(e->s, len, p.now);
        uint64_t due = devp2p_session_deadline(e->s);
        assert_int_equal(due, p.now.mono_ns + DP_HANDSHAKE_NS);
        p.now.mono_ns = due - 1;
        devp2p_session_tick(e->s, p.now);
        take_events(&p, e);
        assert_false(e->closed);
        p.now.mono_ns = due;
        devp2p_session_tick(e->s, p.now);
        take_events(&p, e);
        assert_int_equal(e->last.reason, DEVP2P_ERR_TIMEOUT);
        dead(&p, e);
        pair_fini(&p);
    }
}

/* lonely lets time go by for an end whose peer says nothing and takes all. */
static void lonely(pair *p, end *e, uint64_t until)
{
    for (;;) {
        const uint8_t *out;
        size_t len;
        take_events(p, e);
        while ((len = devp2p_session_out(e->s, &out, p->now)) > 0)
            devp2p_session_sent(e->s, len, p->now);
        uint64_t due = devp2p_session_deadline(e->s);
        if (due > until)
            break;
        p->now.mono_ns = due > p->now.mono_ns ? due : p->now.mono_ns;
        devp2p_session_tick(e->s, p->now);
    }
    p->now.mono_ns = until;
}

static void time_ends_a_silent_peer(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    settle(&p);
    uint64_t heard = p.now.mono_ns;
    end *e = &p.e[0];
    lonely(&p, e, heard + DP_DEAD_NS - 1);
    assert_int_equal(e->seen[DEVP2P_SESSION_SHUT], 0);
    lonely(&p, e, heard + DP_DEAD_NS);
    assert_int_equal(e->seen[DEVP2P_SESSION_SHUT], 1);
    lonely(&p, e, heard + DP_DEAD_NS + DP_DRAIN_NS);
    assert_int_equal(e->last.reason, DEVP2P_DISC_READ_TIMEOUT);
    assert_false(e->last.remote);
    dead(&p, e);
    pair_fini(&p);
}

/* --- bad bytes --- */

/* A message whose compressed form is none: only its reader finds out. */
static void bad_snappy(void **state)
{
    (void)state;
    static const uint8_t bad[] = { 5, 0xfe, 0xff, 0xff };
    pair p;
    devp2p_packet *packet;
    dp_packet *form;
    pair_init(&p);
    settle(&p);
    assert_int_equal(
        devp2p_packet_new_raw(&packet, 1, (devp2p_slice){ NULL, 0 }), 0);
    assert_int_equal(dp_packet_new(&form, packet->env, 1,
                         (devp2p_slice){ bad, sizeof bad }, false),
        0);
    atomic_store(&packet->snappy, form);
    assert_int_equal(devp2p_session_send(p.e[0].s, 0, packet, p.now), 0);
    devp2p_packet_drop(packet);
    settle(&p);
    assert_int_equal(p.e[1].seen[DEVP2P_SESSION_MSG], 0);
    assert_int_equal(p.e[1].last.reason, DEVP2P_DISC_PROTOCOL_ERROR);
    assert_false(p.e[1].last.remote);
    assert_int_equal(p.e[0].last.reason, DEVP2P_DISC_PROTOCOL_ERROR);
    assert_true(p.e[0].last.remote);
    pair_fini(&p);
}

static void a_frame_that_was_changed(void **state)
{
    (void)state;
    pair p;
    const uint8_t *at;
    uint8_t *room;
    pair_init(&p);
    settle(&p);
    assert_int_equal(send_number(&p, &p.e[0], 0), 0);
    size_t len = devp2p_session_out(p.e[0].s, &at, p.now);
    assert_true(devp2p_session_room(p.e[1].s, &room) >= len);
    memcpy(room, at, len);
    room[len - 1] ^= 1;
    devp2p_session_recv(p.e[1].s, len, p.now);
    take_events(&p, &p.e[1]);
    assert_int_equal(p.e[1].seen[DEVP2P_SESSION_MSG], 0);
    assert_int_equal(p.e[1].last.reason, DEVP2P_ERR_FRAME_MAC);
    assert_true(p.e[1].last.reset);
    dead(&p, &p.e[1]);
    pair_fini(&p);
}

/* --- memory and randomness --- */

static void a_node_without_memory(void **state)
{
    (void)state;
    size_t n = 0;
    int err;
    do {
        end e = { .caps = caps };
        devp2p_rlpx_config cfg;
        devp2p_rlpx *r;
        test_env_init(&e.t);
        config(&cfg, &e, 1);
        test_env_fail(&e.t, ++n);
        err = devp2p_rlpx_new(&r, &cfg);
        if (err) {
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
            assert_string_equal(
                devp2p_last_detail(), devp2p_strerror(DEVP2P_ERR_NOMEM));
            assert_null(r);
        }
        devp2p_rlpx_free(r);
        assert_int_equal(e.t.live, 0);
    } while (err);
    printf("%zu allocations\n", n - 1);
    assert_true(n > 5);
}

/* talk: what came of a conversation in which an allocation of e failed. */
static void talk(pair *p, end *e)
{
    static uint8_t zeros[100000];
    end *far = e == &p->e[0] ? &p->e[1] : &p->e[0];
    settle(p);
    if (!e->closed && !far->closed)
        (void)send_raw(p, far, 1, zeros, sizeof zeros);
    settle(p);
    if (!e->closed && !far->closed) {
        int err = send_raw(p, e, 2, "\xc1\x07", 2);
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
    }
    settle(p);
    if (e->closed) {
        assert_int_equal(e->last.reason, DEVP2P_ERR_NOMEM);
        dead(p, e);
    } else {
        assert_int_equal(e->bytes, sizeof zeros);
        assert_int_equal(far->bytes, 2);
    }
}

/* again: a new pair of sessions of the same two nodes is like any other. */
static void again(pair *p)
{
    devp2p_pubkey two;
    pubkey(&two, 2);
    for (int i = 0; i < 2; i++) {
        end *e = &p->e[i];
        redial(p, e, i ? NULL : &two);
        e->closed = false;
        memset(e->seen, 0, sizeof e->seen);
        e->numbers = e->wrong = 0;
    }
    settle(p);
    assert_int_equal(send_number(p, &p->e[0], 0), 0);
    settle(p);
    assert_int_equal(p->e[1].numbers, 1);
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        size_t n = 0;
        bool failed = true;
        while (failed) {
            pair p;
            devp2p_pubkey two;
            pair_init(&p);
            pubkey(&two, 2);
            end *e = &p.e[side];
            devp2p_session_free(e->s);
            test_env_fail(&e->t, ++n);
            int err =
                devp2p_session_new(&e->s, e->rlpx, side ? NULL : &two, p.now);
            if (err) {
                assert_int_equal(err, DEVP2P_ERR_NOMEM);
                assert_null(e->s);
            } else {
                talk(&p, e);
            }
            failed = e->t.calls >= e->t.fail_from;
            e->t.fail_from = 0;
            again(&p);
            pair_fini(&p);
        }
        printf("side %d: %zu allocations\n", side, n - 1);
        assert_true(n > 10);
    }
}

static void without_randomness_nothing_is_said(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        pair p;
        const uint8_t *at;
        pair_init(&p);
        end *e = &p.e[side], *far = &p.e[1 - side];
        e->t.no_random = true;
        take_events(&p, far);
        while (side == 1 && carry(&p, far, e))
            ;
        take_events(&p, e);
        assert_int_equal(e->last.reason, DEVP2P_ERR_RANDOM);
        assert_int_equal(devp2p_session_out(e->s, &at, p.now), 0);
        dead(&p, e);
        pair_fini(&p);
    }
    end e = { .caps = caps };
    devp2p_rlpx_config cfg;
    devp2p_rlpx *r;
    test_env_init(&e.t);
    config(&cfg, &e, 1);
    e.t.no_random = true;
    assert_int_equal(devp2p_rlpx_new(&r, &cfg), DEVP2P_ERR_RANDOM);
    assert_null(r);
    assert_int_equal(e.t.live, 0);
}

/* --- secrets --- */

/* An inspector looks at the memory that it is given back. */
typedef struct inspector {
    uint8_t key[32];
    size_t given_back;
} inspector;

static void *inspect(void *user, void *old, size_t old_size, size_t new_size)
{
    inspector *i = user;
    const uint8_t *at = old;
    for (size_t k = 0; k + sizeof i->key <= old_size; k++)
        if (memcmp(at + k, i->key, sizeof i->key) == 0)
            fail_msg("a key is in %zu bytes given back", old_size);
    i->given_back += old_size > 0;
    return dp_default_alloc(NULL, old, old_size, new_size);
}

static void no_memory_is_given_back_with_a_key(void **state)
{
    (void)state;
    inspector i = { .given_back = 0 };
    pair p;
    devp2p_rlpx_config cfg;
    devp2p_pubkey two;
    pair_init(&p);
    pubkey(&two, 2);
    end *e = &p.e[0];
    devp2p_session_free(e->s);
    devp2p_rlpx_free(e->rlpx);
    config(&cfg, e, 1);
    for (uint8_t k = 0; k < 32; k++)
        cfg.private_key.b[k] = i.key[k] = (uint8_t)(k * 7 + 1);
    cfg.alloc = inspect;
    cfg.alloc_user = &i;
    assert_int_equal(devp2p_rlpx_new(&e->rlpx, &cfg), 0);
    assert_int_equal(devp2p_session_new(&e->s, e->rlpx, &two, p.now), 0);
    settle(&p);
    send_word(&p, e, "foo");
    settle(&p);
    devp2p_session_close(e->s, DEVP2P_DISC_QUITTING, p.now);
    settle(&p);
    pair_fini(&p);
    assert_true(i.given_back > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_can_be_refused),
        cmocka_unit_test(who_has_another_key_learns_nothing),
        cmocka_unit_test(no_capability_in_common),
        cmocka_unit_test(what_was_accepted_goes_out_first),
        cmocka_unit_test(what_does_not_go_out_is_counted),
        cmocka_unit_test(broken_after_any_byte),
        cmocka_unit_test(time_ends_a_handshake),
        cmocka_unit_test(time_ends_a_silent_peer),
        cmocka_unit_test(bad_snappy),
        cmocka_unit_test(a_frame_that_was_changed),
        cmocka_unit_test(a_node_without_memory),
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(without_randomness_nothing_is_said),
        cmocka_unit_test(no_memory_is_given_back_with_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
