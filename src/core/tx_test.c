/* SPDX-License-Identifier: MIT */
#include "core/tx.h"

#include "base/bytes.h"
#include "core/caps.h"
#include "frame_maker.h"

struct fixture {
    test_env env;
    dp_budget total;
    dp_pool *pool;
    frame_maker maker;
    dp_tx tx;
    dp_now now;
};

static void setup(struct fixture *f, size_t queues)
{
    test_env_init(&f->env);
    f->now = (dp_now){ .mono = DP_SEC };
    f->total = (dp_budget){ .limit = DP_SEND_TOTAL };
    assert_int_equal(dp_pool_new(&f->pool, &f->env.env, 0), 0);
    frame_maker_init(&f->maker, &f->env.env);
    dp_tx_init(&f->tx, &f->env.env, f->pool, &f->total);
    f->tx.window.dir = f->maker.seal;
    assert_int_equal(dp_tx_open(&f->tx, queues), 0);
}

static void teardown(struct fixture *f)
{
    dp_tx_fini(&f->tx);
    frame_maker_fini(&f->maker);
    dp_pool_free(f->pool);
    assert_int_equal(f->total.used, 0);
    assert_int_equal(f->env.live, 0);
}

static dp_packet *packet(struct fixture *f, size_t len)
{
    static uint8_t zeros[DP_MESSAGE_MAX];
    dp_packet *p;
    assert_int_equal(
        dp_packet_new(&p, &f->env.env, 0, (devp2p_slice){ zeros, len }, false),
        0);
    return p;
}

static int send(struct fixture *f, size_t queue, size_t len)
{
    dp_packet *p = packet(f, len);
    int err = dp_tx_send(&f->tx, queue, DP_NORMAL, 0x10 + queue, p);
    dp_packet_drop(p);
    return err;
}

/* seal moves what it can into the window and seals it. */
static size_t seal(struct fixture *f)
{
    dp_frames *job;
    size_t before = f->tx.window.sealed;
    assert_int_equal(dp_tx_lend(&f->tx, &job), 0);
    if (!job)
        return 0;
    frame_maker_run(&f->maker, job);
    assert_int_equal(dp_window_take(&f->tx.window, f->now), 0);
    return f->tx.window.sealed - before;
}

/* A reader opens what was written and notes ids and sizes. */
struct heard {
    uint8_t *bytes;
    size_t len, opened, n;
    uint64_t id[4096];
    size_t size[4096];
};

static void hear_all(struct fixture *f, struct heard *h)
{
    dp_frames job = { .dir = &f->maker.open,
        .at = h->bytes + h->opened,
        .end = h->bytes + h->len,
        .size_max = DP_FRAME_MAX,
        .count_max = UINT32_MAX,
        .open = true };
    frame_maker_run(&f->maker, &job);
    assert_int_equal(job.err, 0);
    for (uint32_t i = 0; i < job.count; i++) {
        uint8_t *at = h->bytes + h->opened;
        h->size[h->n] = dp_get24(at);
        h->id[h->n] = at[DP_FRAME_HEAD] == 0x80 ? 0 : at[DP_FRAME_HEAD];
        h->opened += dp_frame_wire(h->size[h->n]);
        assert_true(++h->n < 4096);
    }
}

/* write_out takes at most max bytes off the window. */
static size_t write_out(struct fixture *f, struct heard *h, size_t max)
{
    const uint8_t *at;
    size_t n = dp_window_out(&f->tx.window, &at);
    if (n > max)
        n = max;
    if (!n)
        return 0;
    h->bytes = realloc(h->bytes, h->len + n);
    assert_non_null(h->bytes);
    memcpy(h->bytes + h->len, at, n);
    h->len += n;
    dp_tx_sent(&f->tx, n, f->now);
    return n;
}

static void run_dry(struct fixture *f, struct heard *h)
{
    while (seal(f) + write_out(f, h, SIZE_MAX))
        ;
    assert_true(dp_tx_empty(&f->tx));
    assert_null(f->tx.window.at); /* an empty window holds no memory */
    hear_all(f, h);
}

static void test_base_messages_first(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    static const uint8_t hello[40];
    setup(&f, 1);
    assert_int_equal(send(&f, 0, 10), 0);
    dp_tx_bye(&f.tx, 4);
    dp_tx_ping(&f.tx);
    dp_tx_ping(&f.tx); /* one waits at most */
    dp_tx_pong(&f.tx);
    dp_tx_hello(&f.tx, hello, sizeof hello);
    assert_int_equal(send(&f, 0, 20), 0);
    run_dry(&f, &h);
    static const uint64_t want[] = { DP_ID_HELLO, DP_ID_PONG, DP_ID_PING, 0x10,
        0x10, DP_ID_DISCONNECT };
    assert_int_equal(h.n, 6);
    assert_memory_equal(h.id, want, sizeof want);
    assert_int_equal(f.tx.queues[0].unsent, 0);
    free(h.bytes);
    teardown(&f);
}

static void test_small_payloads_as_snappy(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 0);
    f.tx.base.snappy = true;
    dp_tx_ping(&f.tx);
    dp_tx_bye(&f.tx, 0xff);
    run_dry(&f, &h);
    static const uint8_t ping[] = { 2, 1, 0, 0xc0 };
    static const uint8_t bye[] = { 1, 3, 2 << 2, 0xc2, 0x81, 0xff };
    assert_int_equal(h.n, 2);
    assert_int_equal(h.size[0], sizeof ping);
    assert_memory_equal(h.bytes + DP_FRAME_HEAD, ping, sizeof ping);
    assert_int_equal(h.size[1], sizeof bye);
    assert_memory_equal(h.bytes + dp_frame_wire(4) + DP_FRAME_HEAD, bye, 6);
    free(h.bytes);
    teardown(&f);
}

/* One sends 100 B at a time, the other 10,000 B: both get their half. */
static void test_round_robin_by_bytes(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 2);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(send(&f, 0, 100), 0);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(send(&f, 1, 10000), 0);
    while (h.len < 256 * 1024)
        seal(&f), write_out(&f, &h, SIZE_MAX);
    hear_all(&f, &h);
    size_t bytes[2] = { 0 };
    for (size_t i = 0; i < h.n; i++)
        bytes[h.id[i] - 0x10] += dp_frame_wire(h.size[i]);
    assert_in_range(bytes[0], 110 * 1024, 146 * 1024);
    assert_in_range(bytes[1], 110 * 1024, 146 * 1024);
    free(h.bytes);
    teardown(&f);
}

/* Who was silent for long has saved nothing up. */
static void test_silence_earns_no_credit(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 2);
    for (unsigned i = 0; i < 90; i++)
        assert_int_equal(send(&f, 0, 10000), 0);
    for (unsigned i = 0; i < 10; i++)
        seal(&f), write_out(&f, &h, SIZE_MAX);
    size_t before = h.len;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(send(&f, 1, 10000), 0);
    while (h.len < before + 128 * 1024)
        seal(&f), write_out(&f, &h, SIZE_MAX);
    hear_all(&f, &h);
    unsigned late[2] = { 0 };
    size_t at = 0;
    for (size_t i = 0; i < h.n; i++) {
        at += dp_frame_wire(h.size[i]);
        if (at > before + DP_WINDOW)
            late[h.id[i] - 0x10]++;
    }
    assert_in_range(late[0], 2, 5);
    assert_in_range(late[1], 2, 5);
    free(h.bytes);
    teardown(&f);
}

static void test_send_mark_and_note(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 2);
    size_t sent = 0;
    while (f.tx.queues[0].bytes < DP_SEND_MARK) {
        assert_int_equal(send(&f, 0, 32 * 1024), 0);
        sent++;
    }
    assert_int_equal(send(&f, 0, 0), DEVP2P_ERR_AGAIN);
    assert_int_equal(f.tx.queues[0].unsent, sent);
    assert_int_equal(send(&f, 1, 0), 0); /* the other one is free */
    assert_true(dp_tx_owing(&f.tx) == SIZE_MAX);
    while (f.tx.queues[0].bytes >= DP_SEND_MARK / 2) {
        assert_true(dp_tx_owing(&f.tx) == SIZE_MAX);
        seal(&f), write_out(&f, &h, SIZE_MAX);
    }
    assert_int_equal(dp_tx_owing(&f.tx), 0);
    dp_tx_noted(&f.tx, 0);
    assert_true(dp_tx_owing(&f.tx) == SIZE_MAX); /* one note */
    free(h.bytes);
    teardown(&f);
}

/* While a queue is below its mark it takes any size; frames without a payload
 * fill it too. */
static void test_mark_counts_whole_frames(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 2);
    assert_int_equal(send(&f, 0, DP_FRAME_MAX - 1), 0);
    assert_int_equal(send(&f, 0, 1), DEVP2P_ERR_AGAIN);
    unsigned n = 0;
    while (send(&f, 1, 0) == 0)
        n++;
    assert_int_equal(n, DP_SEND_MARK / 64);
    teardown(&f);
}

static void test_exhausted_total(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 1);
    f.total.limit = 0;
    size_t n = 0;
    while (send(&f, 0, 1024 - 48 - 1) == 0)
        n++;
    assert_int_equal(n, DP_SPARE / 1024 + 1);
    assert_true(dp_tx_owing(&f.tx) == SIZE_MAX);
    f.total.limit = DP_SEND_TOTAL;
    assert_true(dp_tx_owing(&f.tx) == SIZE_MAX);
    dp_share_look(&f.tx.share);
    assert_int_equal(dp_tx_owing(&f.tx), 0);
    teardown(&f);
}

static void test_too_big_for_a_frame(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 1);
    dp_packet *p = packet(&f, DP_FRAME_MAX - 1);
    assert_int_equal(
        dp_tx_send(&f.tx, 0, DP_NORMAL, 0x80, p), DEVP2P_ERR_TOO_BIG);
    assert_int_equal(f.tx.queues[0].unsent, 0);
    dp_packet_drop(p);
    teardown(&f);
}

/* A message counts as unsent until its very last byte was written. */
static void test_unsent_to_the_byte(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 2);
    assert_int_equal(send(&f, 0, 100), 0);
    assert_int_equal(send(&f, 1, 100), 0);
    size_t one = dp_feed_wire(0x10, 100);
    seal(&f);
    assert_int_equal(f.tx.share.used, 0); /* the packets are gone already */
    write_out(&f, &h, one - 1);
    assert_int_equal(f.tx.queues[0].unsent, 1);
    write_out(&f, &h, 1);
    assert_int_equal(f.tx.queues[0].unsent, 0);
    assert_int_equal(f.tx.queues[1].unsent, 1);
    write_out(&f, &h, one);
    assert_int_equal(f.tx.queues[1].unsent, 0);
    free(h.bytes);
    teardown(&f);
}

/* What has begun to enter the window goes on, the rest is forgotten. */
static void test_cut(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(send(&f, 0, 60 * 1024), 0);
    seal(&f);
    dp_tx_bye(&f.tx, 8);
    dp_tx_cut(&f.tx);
    assert_int_equal(f.tx.queues[0].unsent, 5);
    run_dry(&f, &h);
    assert_int_equal(h.n, 3);
    assert_int_equal(h.id[1], 0x10);
    assert_int_equal(h.id[2], DP_ID_DISCONNECT);
    assert_int_equal(f.tx.queues[0].unsent, 3);
    free(h.bytes);
    teardown(&f);
}

/* A frame of 16 MiB passes through a window of 64 KiB; no second copy of it
 * ever exists. */
static void test_long_frame_in_slices(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 1);
    assert_int_equal(send(&f, 0, DP_FRAME_MAX - 1), 0);
    size_t payload = f.env.live;
    while (!dp_tx_empty(&f.tx)) {
        assert_true(seal(&f) <= DP_WINDOW);
        assert_true(f.env.live <= payload + DP_WINDOW);
        write_out(&f, &h, 50000);
    }
    hear_all(&f, &h);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.size[0], DP_FRAME_MAX);
    free(h.bytes);
    teardown(&f);
}

/* The first frame leaves 16 bytes of the window: too few for a header. */
static void test_header_is_not_cut(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    size_t body = DP_WINDOW - 16 - DP_FRAME_HEAD - DP_FRAME_TAIL;
    setup(&f, 1);
    assert_int_equal(send(&f, 0, body - 1), 0); /* its id takes a byte */
    assert_int_equal(send(&f, 0, 100), 0);
    assert_int_equal(seal(&f), DP_WINDOW - 16);
    assert_false(dp_tx_wants(&f.tx));
    run_dry(&f, &h);
    assert_int_equal(h.n, 2);
    free(h.bytes);
    teardown(&f);
}

/* What was sealed before is written while the rest is being sealed: nothing
 * moves under the engine. */
static void test_written_while_lent(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 1);
    for (unsigned i = 0; i < 6; i++) {
        dp_frames *job;
        assert_int_equal(send(&f, 0, 5000), 0);
        assert_int_equal(send(&f, 0, 5000), 0);
        seal(&f);
        assert_int_equal(send(&f, 0, 3000), 0);
        assert_int_equal(dp_tx_lend(&f.tx, &job), 0);
        assert_non_null(job);
        const uint8_t *at = job->at;
        write_out(&f, &h, i % 2 ? SIZE_MAX : 9000);
        assert_ptr_equal(job->at, at);
        frame_maker_run(&f.maker, job);
        assert_int_equal(dp_window_take(&f.tx.window, f.now), 0);
        write_out(&f, &h, SIZE_MAX);
    }
    run_dry(&f, &h);
    assert_int_equal(h.n, 18);
    assert_int_equal(f.tx.queues[0].unsent, 0);
    free(h.bytes);
    teardown(&f);
}

static void test_one_byte_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 2);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(send(&f, i % 2, i), 0);
    while (!dp_tx_empty(&f.tx)) {
        seal(&f);
        write_out(&f, &h, 1);
    }
    hear_all(&f, &h);
    assert_int_equal(h.n, 200);
    assert_int_equal(f.tx.queues[0].unsent + f.tx.queues[1].unsent, 0);
    free(h.bytes);
    teardown(&f);
}

static void test_peer_that_takes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 1);
    dp_window *w = &f.tx.window;
    assert_true(dp_window_deadline(w) == DP_NEVER);
    assert_int_equal(send(&f, 0, 1000), 0);
    assert_true(dp_window_deadline(w) == DP_NEVER); /* nothing is sealed */
    seal(&f);
    assert_true(dp_window_deadline(w) == f.now.mono + DP_WRITE_NS);
    f.now.mono += 19 * DP_SEC;
    write_out(&f, &h, 1);
    assert_true(dp_window_deadline(w) == f.now.mono + DP_WRITE_NS);
    write_out(&f, &h, 5000);
    assert_true(dp_window_deadline(w) == DP_NEVER);
    free(h.bytes);
    teardown(&f);
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    struct fixture f;
    struct heard h = { 0 };
    setup(&f, 1);
    dp_packet *p = packet(&f, 10);
    test_env_fail(&f.env, 1);
    assert_int_equal(
        dp_tx_send(&f.tx, 0, DP_NORMAL, 0x10, p), DEVP2P_ERR_NOMEM);
    assert_int_equal(f.tx.queues[0].unsent, 0);
    assert_int_equal(dp_tx_send(&f.tx, 0, DP_NORMAL, 0x10, p), 0);
    dp_packet_drop(p);
    for (unsigned i = 0; i < 2; i++) {
        dp_frames *job;
        test_env_fail(&f.env, 1);
        assert_int_equal(dp_tx_lend(&f.tx, &job), DEVP2P_ERR_NOMEM);
        assert_null(job);
        run_dry(&f, &h);
        assert_int_equal(h.n, i + 1);
        assert_int_equal(send(&f, 0, 100000), 0); /* now the larger window */
    }
    free(h.bytes);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_messages_first),
        cmocka_unit_test(test_small_payloads_as_snappy),
        cmocka_unit_test(test_round_robin_by_bytes),
        cmocka_unit_test(test_silence_earns_no_credit),
        cmocka_unit_test(test_send_mark_and_note),
        cmocka_unit_test(test_mark_counts_whole_frames),
        cmocka_unit_test(test_exhausted_total),
        cmocka_unit_test(test_too_big_for_a_frame),
        cmocka_unit_test(test_unsent_to_the_byte),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_long_frame_in_slices),
        cmocka_unit_test(test_header_is_not_cut),
        cmocka_unit_test(test_written_while_lent),
        cmocka_unit_test(test_one_byte_at_a_time),
        cmocka_unit_test(test_peer_that_takes_nothing),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
