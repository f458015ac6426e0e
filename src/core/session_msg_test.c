/* SPDX-License-Identifier: MIT */
/* session_msg_test.c - messages: ids, sizes, marks, pings, large ones. */
#include "core/session_impl.h"
#include "raw_peer.h"

/* --- ids and payloads --- */

static void test_ids_find_their_capability(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 3, 3); /* foo 0x10..11, goo 0x12..14, hoo 0x15 */
    raw_open(&l.r);
    for (uint64_t id = 0x10; id <= 0x15; id++)
        raw_say(&l.r, id, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 2);
    assert_int_equal(l.e.got[1], 3);
    assert_int_equal(l.e.got[2], 1);
    assert_int_equal(pair_send(&l.e, 1, 2, "x", 1), 0);
    assert_int_equal(pair_send(&l.e, 1, 3, "x", 1), DEVP2P_ERR_INVALID);
    assert_int_equal(
        pair_send(&l.e, 1, UINT64_MAX, "x", 1), DEVP2P_ERR_INVALID);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r) && raw_hear(&l.r));
    assert_int_equal(l.r.id, 0x14);
    assert_false(raw_hear(&l.r)); /* nothing of the refused ones */
    lone_fini(&l);
}

/* breach says one thing to an open session, which must leave with 0x02. */
static void breach(const void *body, size_t len)
{
    lone l;
    lone_init(&l, 2, 2);
    raw_open(&l.r);
    raw_body(&l.r, body, len);
    lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
    assert_int_equal(l.e.got[0] + l.e.got[1], 0);
    lone_fini(&l);
}

static void test_bad_ids_and_sizes(void **state)
{
    (void)state;
#define BREACH(bytes) breach(bytes, sizeof(bytes) - 1)
    BREACH("\x15\x01\x00\xc0");         /* one behind the last range */
    BREACH("\x81\xff\x01\x00\xc0");     /* 255 */
    BREACH("\x82\x01\x10\x01\x00\xc0"); /* 256 + 0x10 */
    BREACH("\x85\x01\x00\x00\x00\x10"); /* 2^32 + 0x10 */
    BREACH("\x88\x80\x00\x00\x00\x00\x00\x00\x10");
    BREACH("\x88\xff\xff\xff\xff\xff\xff\xff\xff");
    BREACH("\x89\x01\x00\x00\x00\x00\x00\x00\x00\x10"); /* 2^64 + 0x10 */
    BREACH("\x00\x01\x00\xc0");                         /* not canonical */
    BREACH("\x81\x10\x01\x00\xc0");                     /* not canonical */
    BREACH("\x82\x00\x10\x01\x00\xc0");                 /* not canonical */
    BREACH("\xc1\x10");                                 /* a list */
    BREACH("\x82\x10");                                 /* runs past the end */
    BREACH("\x10");                                     /* no snappy size */
    BREACH("\x10\xff\xff\xff\xff\xff\xff");             /* no end to the size */
    BREACH("\x10\xff\xff\xff\x07\x00");                 /* 16 MiB of 1 byte */
    BREACH("\x10\x80\x80\x80\x08\x00");     /* 2^24, above the limit */
    BREACH("\x10\xff\xff\xff\xff\x0f\x00"); /* 2^32 - 1 */
#undef BREACH
}

/* A size that is plausible and false is found by whoever inflates: 0x02 too. */
static void test_bad_snappy_body(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_body(&l.r,
        "\x10\x05\x10"
        "abcd",
        7); /* five said, four there */
    lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
    assert_int_equal(l.e.got[0], 0);
    lone_fini(&l);
}

static void test_empty_payload_is_legal(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_say(&l.r, 0x10, "", 0);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 1);
    assert_int_equal(l.e.got_bytes[0], 0);
    lone_fini(&l);
}

/* 0x04..0x0f are ignored 16 times, whatever they carry. */
static void test_strays(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    for (unsigned i = 0; i < DP_STRAY_MAX; i++)
        raw_body(&l.r, i % 2 ? "\x04\xff\xff\xff" : "\x0f\x00\xc0", 4 - i % 2);
    raw_say(&l.r, 0x10, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 1);
    assert_false(l.e.shut);
    raw_body(&l.r, "\x08", 1);
    lone_told(&l, DEVP2P_DISC_PROTOCOL_ERROR);
    lone_fini(&l);
}

static void test_forms_of_disconnect(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int reason;
    } form[] = { { "\x02\x04\xc1\x08", 4, DEVP2P_DISC_QUITTING },
        { "\xc1\x08", 2, DEVP2P_DISC_QUITTING },
        { "\x01\x00\x08", 3, DEVP2P_DISC_QUITTING },
        { "\x08", 1, DEVP2P_DISC_QUITTING },
        { "\x82\xc1\x08", 3, DEVP2P_DISC_QUITTING },
        { "\x03\x08\xc2\x81\xfe", 5, DEVP2P_DISC(0xfe) },
        { "\xc3\x82\x01\x00", 4, DEVP2P_ERR_MESSAGE },
        { "\xff\xff", 2, DEVP2P_ERR_MESSAGE } };
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        raw_say(&l.r, 0x10, "\xc0", 1);
        raw_frame(&l.r, DP_ID_DISCONNECT, form[i].bytes, form[i].len);
        raw_say(&l.r, 0x10, "\xc0", 1); /* nobody hears this any more */
        uint64_t written = l.r.in.total;
        pair_settle(&l.e, 1);
        assert_true(l.e.down && l.e.end.remote);
        assert_int_equal(l.e.end.reason, form[i].reason);
        assert_int_equal(l.e.got[0], 1);
        assert_true(l.r.in.total == written); /* no answer */
        lone_fini(&l);
    }
}

/* A broken MAC, in a header or a body, ends it without a word; what came before
 * is delivered. */
static void test_broken_macs(void **state)
{
    (void)state;
    for (size_t at = 0; at < dp_frame_wire(13); at++) {
        lone l;
        lone_init(&l, 1, 1);
        raw_open(&l.r);
        raw_say(&l.r, 0x10, "\xc0", 1);
        size_t from = l.e.in.len;
        raw_say(&l.r, 0x10, "0123456789", 10);
        assert_int_equal(l.e.in.len - from, dp_frame_wire(13));
        l.e.in.at[from + at] ^= 0x10;
        uint64_t written = l.r.in.total;
        pair_settle(&l.e, 1);
        assert_true(l.e.down && l.e.end.reset);
        assert_int_equal(l.e.end.reason, DEVP2P_ERR_FRAME_MAC);
        assert_int_equal(l.e.got[0], 1);
        assert_true(l.r.in.total == written);
        lone_fini(&l);
    }
}

/* --- pings --- */

static unsigned count_pongs(lone *l)
{
    unsigned n = 0;
    while (raw_hear(&l->r))
        n += l->r.id == DP_ID_PONG;
    return n;
}

/* However many: the burst, then one a second; nobody is dropped for it. */
static void test_ping_flood(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    unsigned pongs = 0;
    size_t live = 0;
    for (unsigned second = 0; second <= 10; second++) {
        for (unsigned i = 0; i < 2000; i++)
            raw_say(&l.r, DP_ID_PING, "\xc0", 1);
        pair_settle(&l.e, 1);
        if (!second)
            live = l.w.env.live;
        assert_true(l.w.env.live <= live);
        pongs += count_pongs(&l);
        assert_int_equal(pongs, DP_PONG_BURST + second);
        pair_sleep(&l.e, 1, DP_SEC);
    }
    raw_say(&l.r, 0x10, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 1);
    lone_fini(&l);
}

/* Other implementations put other things into Ping and Pong. */
static void test_payload_of_ping_is_ignored(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_body(&l.r, "\x02\x01\x00\xc0", 4); /* go-ethereum: c0, compressed */
    raw_body(&l.r, "\x02\xc0", 2);         /* plain */
    raw_body(&l.r, "\x02", 1);             /* nothing */
    raw_body(&l.r, "\x02\xff\xff\xff\x07\x00", 6);
    raw_body(&l.r, "\x03\xc0", 2);
    raw_body(&l.r, "\x03", 1);
    pair_settle(&l.e, 1);
    assert_true(raw_hear(&l.r));
    assert_int_equal(count_pongs(&l), 4);
    assert_false(l.e.shut || l.e.down);
    lone_fini(&l);
}

static void test_our_ping_and_pong(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    raw_open(&l.r);
    raw_body(&l.r, "\x02\x01\x00\xc0", 4);
    pair_sleep(&l.e, 1, DP_PING_NS);
    assert_true(raw_hear(&l.r)); /* Hello */
    assert_true(raw_hear(&l.r));
    assert_true(l.r.id == DP_ID_PONG && l.r.len == 1 && l.r.at[0] == 0xc0);
    assert_true(raw_hear(&l.r));
    assert_true(l.r.id == DP_ID_PING && l.r.len == 1 && l.r.at[0] == 0xc0);
    assert_false(raw_hear(&l.r));
    lone_fini(&l);
}

/* --- the marks: a slow reader --- */

static void say_many(lone *l, uint64_t id, unsigned n, size_t len)
{
    uint8_t *at = test_noise(len, id);
    for (unsigned i = 0; i < n; i++)
        raw_say(&l->r, id, at, len);
    free(at);
}

/* (a) foo never reads; while its queue fills to one below its mark goo
 * exchanges 1,000 messages and 3 pings are answered. */
static void test_below_the_mark_nobody_waits(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 2, 2);
    l.e.park[0] = true;
    raw_open(&l.r);
    unsigned pongs = 0;
    assert_true(raw_hear(&l.r));
    for (unsigned i = 0; i < DP_RECV_MESSAGES - 1; i++) {
        raw_say(&l.r, 0x10, "\xc0", 1);
        raw_say(&l.r, 0x12, "\xc0", 1);
        if (i % 400 == 0)
            raw_say(&l.r, DP_ID_PING, "\xc0", 1);
        pair_settle(&l.e, 1);
        assert_int_equal(l.e.got[1], i + 1);
        assert_int_equal(pair_send(&l.e, 1, 0, "\xc0", 1), 0);
        pair_settle(&l.e, 1);
    }
    unsigned heard = 0;
    while (raw_hear(&l.r)) {
        pongs += l.r.id == DP_ID_PONG;
        heard += l.r.id == 0x12;
    }
    assert_int_equal(pongs, 3);
    assert_int_equal(heard, DP_RECV_MESSAGES - 1);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES - 1);
    pair_sleep(&l.e, 1, 0);
    raw_say(&l.r, 0x12, "\xc0", 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[1], DP_RECV_MESSAGES);
    lone_fini(&l);
}

/* (b) at the mark all wait, our pings excepted, and go on when foo reads. */
static void test_at_the_mark_all_wait(void **state)
{
    (void)state;
    for (unsigned by_bytes = 0; by_bytes < 2; by_bytes++) {
        lone l;
        lone_init(&l, 2, 2);
        l.e.park[0] = true;
        raw_open(&l.r);
        if (by_bytes)
            say_many(&l, 0x10, DP_RECV_MARK / 65536, 65536);
        else
            say_many(&l, 0x10, DP_RECV_MESSAGES, 1);
        pair_settle(&l.e, 1);
        uint8_t *at;
        assert_int_equal(dp_session_room(l.e.s, &at), 0);
        say_many(&l, 0x12, 100, 1000);
        raw_say(&l.r, DP_ID_PING, "\xc0", 1);
        pair_sleep(&l.e, 1, 29 * DP_SEC);
        assert_false(l.e.down || l.e.shut);
        assert_int_equal(l.e.got[1], 0);
        unsigned pings = 0;
        while (raw_hear(&l.r))
            pings += l.r.id == DP_ID_PING;
        assert_int_equal(pings, 1);
        pair_took(&l.e, 1);
        pair_settle(&l.e, 1);
        assert_int_equal(l.e.got[1], 100);
        assert_int_equal(count_pongs(&l), 1);
        pair_sleep(&l.e, 1, 29 * DP_SEC); /* a new 30 s for the peer */
        assert_false(l.e.down || l.e.shut);
        lone_fini(&l);
    }
}

/* What was read before, beyond the mark, stays as it came. */
static void test_nothing_is_opened_at_the_mark(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    say_many(&l, 0x10, DP_RECV_MESSAGES + 100, 1);
    l.e.read_max = 32 * 64; /* then the mark is not where a chunk ends */
    pair_turn(&l.e);
    l.e.read_max = SIZE_MAX;
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES);
    assert_int_equal(l.e.s->rx.ready, 0);
    assert_true(dp_rx_openable(&l.e.s->rx));
    assert_null(dp_session_lend(l.e.s, true, l.w.now));
    lone_fini(&l);
}

/* A frame that is none, behind messages that a slow reader keeps waiting: they
 * are heard first. */
static void test_bad_frame_behind_the_mark(void **state)
{
    (void)state;
    static const uint8_t garbage[64];
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    raw_say(&l.r, DP_ID_PONG, "\xc0", 1); /* moves the batches by one */
    say_many(&l, 0x10, DP_RECV_MESSAGES + 3, 1);
    raw_put(&l.r, garbage, sizeof garbage);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.s->rx.ready, 3);
    assert_int_equal(l.e.s->rx.err, DEVP2P_ERR_FRAME_MAC);
    pair_sleep(&l.e, 1, DP_SEC);
    assert_false(l.e.down);
    pair_took(&l.e, 500);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], DP_RECV_MESSAGES + 3);
    assert_true(l.e.down);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_FRAME_MAC);
    lone_fini(&l);
}

/* A connection that breaks meanwhile is not kept for the reader's sake. */
static void test_reset_at_the_mark(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 1, 1);
    l.e.park[0] = true;
    raw_open(&l.r);
    say_many(&l, 0x10, DP_RECV_MESSAGES + 50, 1);
    pair_settle(&l.e, 1);
    dp_session_eof(l.e.s, DEVP2P_ERR_RESET, l.w.now);
    assert_true(dp_session_deadline(l.e.s) == 0);
    pair_settle(&l.e, 1);
    assert_true(l.e.down && l.e.end.reset);
    assert_int_equal(l.e.end.reason, DEVP2P_ERR_RESET);
    lone_fini(&l);
}

/* (c) after the grace the peer is gone, and the event names foo. */
static void test_reader_that_never_comes_back(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 2; cap++) {
        lone l;
        lone_init(&l, 2, 2);
        l.e.park[cap] = true;
        raw_open(&l.r);
        say_many(&l, cap ? 0x12 : 0x10, DP_RECV_MESSAGES, 1);
        uint64_t began = l.w.now.mono;
        pair_sleep(&l.e, 1, DP_STALL_NS - 1);
        assert_false(l.e.shut || l.e.down);
        assert_int_equal(pair_send(&l.e, 1 - cap, 0, "still", 5), 0);
        l.w.now.mono++;
        dp_session_tick(l.e.s, l.w.now);
        pair_sleep(&l.e, 1, 0);
        assert_true(l.e.shut);
        pair_sleep(&l.e, 1, 5 * DP_SEC);
        assert_true(l.e.down);
        assert_int_equal(l.e.end.reason, DEVP2P_DISC_SUBPROTOCOL_ERROR);
        assert_int_equal(l.e.end.stalled, cap);
        assert_true(l.e.down_at == began + DP_STALL_NS + DP_DRAIN_NS);
        assert_int_equal(l.e.unsent[1 - cap], 0); /* it still went out */
        while (raw_hear(&l.r))
            ;
        assert_int_equal(l.r.id, DP_ID_DISCONNECT);
        assert_memory_equal(l.r.at, "\xc1\x10", 2);
        lone_fini(&l);
    }
}

/* An empty queue takes any legal message; one at the mark none at all. */
static void test_empty_queue_takes_the_largest(void **state)
{
    (void)state;
    lone l;
    lone_init(&l, 2, 2);
    l.e.park[0] = true;
    raw_open(&l.r);
    uint8_t *zeros = calloc(1, DP_MESSAGE_MAX);
    assert_non_null(zeros);
    raw_say(&l.r, 0x10, zeros, DP_MESSAGE_MAX);
    raw_say(&l.r, 0x10, zeros, 1);
    free(zeros);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 1);
    assert_int_equal(l.e.got_bytes[0], DP_MESSAGE_MAX);
    pair_took(&l.e, 1);
    pair_settle(&l.e, 1);
    assert_int_equal(l.e.got[0], 2);
    lone_fini(&l);
}

/* --- sending --- */

static void test_send_mark(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 2, 2);
    pair_run(&p, 0);
    uint8_t *noise = test_noise(10000, 5);
    p.e[1].read_max = 0; /* the peer takes nothing */
    unsigned sent = 0;
    while (pair_send(&p.e[0], 0, 0, noise, 10000) == 0)
        sent++;
    assert_in_range(sent, DP_SEND_MARK / 10100, DP_SEND_MARK / 10000 + 1);
    assert_true(dp_session_queued(p.e[0].s, 0) >= DP_SEND_MARK);
    assert_int_equal(dp_session_unsent(p.e[0].s, 0), sent);
    assert_int_equal(pair_send(&p.e[0], 0, 0, "", 0), DEVP2P_ERR_AGAIN);
    assert_int_equal(pair_send(&p.e[0], 1, 0, "", 0), 0);
    pair_run(&p, 0);
    assert_int_equal(p.e[0].writable[0], 0);
    p.e[1].read_max = SIZE_MAX;
    pair_run(&p, 0);
    assert_int_equal(p.e[0].writable[0], 1);
    assert_int_equal(p.e[0].writable[1], 0);
    assert_int_equal(p.e[1].got[0], sent);
    assert_int_equal(dp_session_unsent(p.e[0].s, 0), 0);
    assert_int_equal(dp_session_queued(p.e[0].s, 0), 0);
    free(noise);
    pair_fini(&p);
}

static unsigned next_number[2][PAIR_CAPS];

/* in_order checks that a message begins with the next number. */
static void in_order(pair_end *e, const dp_session_event *ev, const uint8_t *at)
{
    unsigned number;
    unsigned *next = &next_number[e->node->self.key.b[0] - 1][ev->cap];
    assert_true(ev->full >= sizeof number);
    memcpy(&number, at, sizeof number);
    assert_int_equal(number, *next);
    ++*next;
}

static void test_order_within_a_capability(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 3, 3);
    memset(next_number, 0, sizeof next_number);
    p.e[0].on_msg = p.e[1].on_msg = in_order;
    pair_run(&p, 0);
    uint8_t *noise = test_noise(70000, 9);
    for (unsigned i = 0; i < 500; i++) {
        for (size_t e = 0; e < 2; e++) {
            for (size_t c = 0; c < PAIR_CAPS; c++) {
                size_t len = sizeof i + (i * 7919 + c * 104729) % 3000;
                memcpy(noise, &i, sizeof i);
                while (pair_send(&p.e[e], c, 0, noise, len))
                    pair_run(&p, 0);
            }
        }
    }
    pair_run(&p, 0);
    for (size_t e = 0; e < 2; e++)
        for (size_t c = 0; c < PAIR_CAPS; c++)
            assert_int_equal(p.e[e].got[c], 500);
    free(noise);
    pair_fini(&p);
}

static uint64_t got_sum;

static void sum_up(pair_end *e, const dp_session_event *ev, const uint8_t *at)
{
    uint8_t digest[32];
    (void)e;
    devp2p_keccak256(digest, at, ev->full);
    memcpy(&got_sum, digest, sizeof got_sum);
}

/* The largest messages, of zeros and of noise, both ways at once; beyond the
 * payloads themselves memory stays within the receive block and two windows. */
static void test_largest_messages(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        bool noise;
    } row[] = { { DP_MESSAGE_MAX, false }, { 16776000, true } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        pair p;
        pair_init(&p, 1, 1);
        p.e[0].on_msg = p.e[1].on_msg = sum_up;
        pair_run(&p, 0);
        size_t live = p.w.env.live, most = 0;
        uint8_t *at =
            row[i].noise ? test_noise(row[i].len, 3) : calloc(1, row[i].len);
        uint8_t digest[32];
        devp2p_keccak256(digest, at, row[i].len);
        dp_packet *packet = pair_packet(&p.e[0], 0, at, row[i].len);
        free(at);
        for (size_t e = 0; e < 2; e++)
            assert_int_equal(dp_session_send(p.e[e].s, 0, packet, p.w.now), 0);
        size_t wire = packet->len;
        dp_packet_drop(packet);
        bool moved = true;
        while (moved) {
            moved = pair_turn(&p.e[0]);
            moved |= pair_turn(&p.e[1]);
            if (p.w.env.live > most)
                most = p.w.env.live;
        }
        for (size_t e = 0; e < 2; e++)
            assert_int_equal(p.e[e].got_bytes[0], row[i].len);
        assert_memory_equal(&got_sum, digest, sizeof got_sum);
        /* the packet, two blocks, a chunk each, two windows */
        assert_true(
            most <= live + 3 * wire + 2 * (DP_WINDOW + DP_CHUNK) + 4096);
        assert_true(p.w.env.live <= live);
        pair_fini(&p);
    }
}

/* A message that no frame holds is refused; the next one arrives. */
static void test_too_big_stays_local(void **state)
{
    (void)state;
    pair p;
    pair_init(&p, 1, 1);
    pair_run(&p, 0);
    uint8_t *noise = test_noise(DP_MESSAGE_MAX + 1, 7);
    dp_packet *packet;
    packet = pair_packet(&p.e[0], 0, noise, DP_MESSAGE_MAX);
    assert_int_equal(
        dp_session_send(p.e[0].s, 0, packet, p.w.now), DEVP2P_ERR_TOO_BIG);
    dp_packet_drop(packet);
    assert_int_equal(dp_packet_new(&packet, &p.w.env.env, 0,
                         (devp2p_slice){ noise, DP_MESSAGE_MAX + 1 }, true),
        DEVP2P_ERR_TOO_BIG);
    free(noise);
    assert_int_equal(pair_send(&p.e[0], 0, 0, "next", 4), 0);
    pair_run(&p, 0);
    assert_int_equal(p.e[1].got[0], 1);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_find_their_capability),
        cmocka_unit_test(test_bad_ids_and_sizes),
        cmocka_unit_test(test_bad_snappy_body),
        cmocka_unit_test(test_empty_payload_is_legal),
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_forms_of_disconnect),
        cmocka_unit_test(test_broken_macs),
        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_payload_of_ping_is_ignored),
        cmocka_unit_test(test_our_ping_and_pong),
        cmocka_unit_test(test_below_the_mark_nobody_waits),
        cmocka_unit_test(test_at_the_mark_all_wait),
        cmocka_unit_test(test_nothing_is_opened_at_the_mark),
        cmocka_unit_test(test_bad_frame_behind_the_mark),
        cmocka_unit_test(test_reset_at_the_mark),
        cmocka_unit_test(test_reader_that_never_comes_back),
        cmocka_unit_test(test_empty_queue_takes_the_largest),
        cmocka_unit_test(test_send_mark),
        cmocka_unit_test(test_order_within_a_capability),
        cmocka_unit_test(test_largest_messages),
        cmocka_unit_test(test_too_big_stays_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
