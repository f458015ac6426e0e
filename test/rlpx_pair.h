/* SPDX-License-Identifier: MIT */
/* rlpx_pair.h - two sessions of devp2p/rlpx.h in one process, joined in memory,
 * in virtual time. */
#ifndef RLPX_PAIR_H
#define RLPX_PAIR_H

#include "base/now.h"
#include "test.h"
#include "test_env.h"

#include <devp2p/devp2p.h>

typedef struct end {
    test_env t;
    devp2p_rlpx *rlpx;
    devp2p_session *s;
    const devp2p_rlpx_cap *caps;
    devp2p_session_event last;
    unsigned seen[DEVP2P_SESSION_DOWN + 1];
    unsigned numbers, wrong; /* messages [n] that came, out of order */
    char word[32];           /* the last ["word"] */
    int refuse;              /* said at AUTHED or READY */
    devp2p_session_event_kind refuse_at;
    bool hold; /* messages */
    size_t held;
    uint64_t bytes; /* of messages */
    bool closed;
} end;

typedef struct pair {
    end e[2]; /* the first dialled */
    devp2p_now now;
    size_t step; /* bytes moved at once */
} pair;

static const devp2p_rlpx_cap caps[] = { { "talk", 1, 3 }, { "walk", 2, 1 },
    { NULL, 0, 0 } };

static inline void config(devp2p_rlpx_config *cfg, end *e, uint8_t number)
{
    *cfg = (devp2p_rlpx_config){ .name = number == 1 ? "one" : "two",
        .caps = e->caps,
        .random = test_random,
        .random_user = &e->t,
        .alloc = test_alloc,
        .alloc_user = &e->t };
    memset(cfg->private_key.b, number, sizeof cfg->private_key.b);
}

static inline void pubkey(devp2p_pubkey *out, uint8_t number)
{
    devp2p_key key;
    memset(key.b, number, sizeof key.b);
    assert_int_equal(devp2p_key_public(out, &key), 0);
}

/* pair_begin joins two ends with their capabilities. */
static inline void pair_begin(
    pair *p, const devp2p_rlpx_cap *one_has, const devp2p_rlpx_cap *two_has)
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
        e->caps = i ? two_has : one_has;
        config(&cfg, e, (uint8_t)(i + 1));
        assert_int_equal(devp2p_rlpx_new(&e->rlpx, &cfg), 0);
        assert_int_equal(
            devp2p_session_new(&e->s, e->rlpx, i ? NULL : &two, p->now), 0);
    }
}

static inline void pair_init(pair *p)
{
    pair_begin(p, caps, caps);
}

static inline void pair_fini(pair *p)
{
    for (int i = 0; i < 2; i++) {
        devp2p_session_free(p->e[i].s);
        devp2p_rlpx_free(p->e[i].rlpx);
        assert_int_equal(p->e[i].t.live, 0);
    }
}

static inline void hear(end *e, const devp2p_session_event *ev)
{
    devp2p_slice word;
    uint64_t n;
    e->bytes += ev->msg.payload.len;
    if (e->hold) {
        devp2p_session_hold(e->s);
        e->held++;
    }
    if (devp2p_decode_items(&ev->msg, &word) == 0 && word.len < sizeof e->word)
        memcpy(e->word, word.at, word.len);
    if (devp2p_decode_value(&ev->msg, &n) == 0)
        e->wrong += n != e->numbers++;
}

static inline void take_events(pair *p, end *e)
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
static inline bool carry(pair *p, end *from, end *to)
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
static inline void settle(pair *p)
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

/* pass lets time go by, from deadline to deadline. */
static inline void pass(pair *p, uint64_t ns)
{
    uint64_t until = p->now.mono_ns + ns;
    for (;;) {
        uint64_t due = until;
        settle(p);
        for (int i = 0; i < 2; i++) {
            uint64_t at = devp2p_session_deadline(p->e[i].s);
            assert_true(at > p->now.mono_ns);
            due = at < due ? at : due;
        }
        if (due == until)
            break;
        p->now.mono_ns = due;
        for (int i = 0; i < 2; i++)
            devp2p_session_tick(p->e[i].s, p->now);
    }
    p->now.mono_ns = until;
}

static inline int send_raw(
    pair *p, end *e, uint64_t code, const void *at, size_t len)
{
    devp2p_packet *packet;
    devp2p_slice payload = { at, len };
    assert_int_equal(devp2p_packet_new_raw(&packet, code, payload), 0);
    int err = devp2p_session_send(e->s, 0, packet, p->now);
    devp2p_packet_drop(packet);
    return err;
}

static inline int send_number(pair *p, end *e, uint64_t n)
{
    devp2p_packet *packet;
    assert_int_equal(devp2p_packet_new_value(&packet, 0, n), 0);
    int err = devp2p_session_send(e->s, 0, packet, p->now);
    devp2p_packet_drop(packet);
    return err;
}

static inline void send_word(pair *p, end *e, const char *word)
{
    devp2p_packet *packet;
    assert_int_equal(devp2p_packet_new_items(&packet, 2, word), 0);
    assert_int_equal(devp2p_session_send(e->s, 0, packet, p->now), 0);
    devp2p_packet_drop(packet);
}

#endif
