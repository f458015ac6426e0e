/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include "frame_maker.h"

struct fixture {
    test_env env;
    dp_budget total;
    dp_pool *pool;
    frame_maker maker;
    dp_rx rx;
    dp_now now;
    size_t base; /* memory without any buffer */
};

static void setup(struct fixture *f)
{
    test_env_init(&f->env);
    f->now = (dp_now){ .mono = 10 * DP_SEC };
    f->total = (dp_budget){ .limit = DP_RECV_TOTAL };
    assert_int_equal(dp_pool_new(&f->pool, &f->env.env, 0), 0);
    frame_maker_init(&f->maker, &f->env.env);
    dp_rx_init(&f->rx, &f->env.env, f->pool, &f->total);
    f->rx.dir = f->maker.open;
    f->base = f->env.live;
}

static void teardown(struct fixture *f)
{
    dp_rx_fini(&f->rx);
    frame_maker_fini(&f->maker);
    dp_pool_free(f->pool);
    assert_int_equal(f->total.used, 0);
    assert_int_equal(f->env.live, 0);
}

/* put reads up to n of bytes; it returns how many there was room for. */
static size_t put(struct fixture *f, const uint8_t *bytes, size_t n)
{
    uint8_t *at;
    size_t room;
    assert_int_equal(dp_rx_room(&f->rx, &at, &room), 0);
    if (n > room)
        n = room;
    if (n) {
        memcpy(at, bytes, n);
        dp_rx_recv(&f->rx, n, f->now);
    }
    return n;
}

static void open_some(struct fixture *f)
{
    if (!dp_rx_openable(&f->rx))
        return;
    frame_maker_run(
        &f->maker, dp_rx_lend(&f->rx, DP_FRAME_MAX, DP_TURN_MESSAGES));
    dp_rx_take(&f->rx, f->now);
}

/* drain walks past what is ready and counts it, checking payload bytes. */
static unsigned drain(struct fixture *f, uint8_t first)
{
    const uint8_t *body;
    size_t size;
    unsigned n = 0;
    while (dp_rx_next(&f->rx, &body, &size)) {
        assert_int_equal(body[0], 0x11);
        for (size_t i = 1; i < size; i++)
            assert_int_equal(body[i], (uint8_t)(first + i - 1));
        n++;
    }
    dp_rx_settle(&f->rx);
    return n;
}

static uint8_t *counting(size_t n)
{
    uint8_t *at = malloc(n + 1);
    assert_non_null(at);
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)i;
    return at;
}

/* frames makes n sealed frames of len payload bytes each. */
static uint8_t *frames(struct fixture *f, unsigned n, size_t len, size_t *total)
{
    uint8_t *payload = counting(len);
    uint8_t *out = malloc(n * dp_frame_wire(1 + len));
    assert_non_null(out);
    *total = 0;
    for (unsigned i = 0; i < n; i++)
        *total += frame_make(&f->maker, out + *total, 0x11, payload, len);
    free(payload);
    return out;
}

static void test_many_small_frames_in_a_chunk(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at = 0;
    uint8_t *wire = frames(&f, 1000, 50, &total);
    unsigned got = 0;
    while (at < total) {
        at += put(&f, wire + at, total - at);
        assert_true(f.env.live <= f.base + DP_CHUNK);
        open_some(&f);
        assert_true(f.rx.ready <= DP_TURN_MESSAGES);
        got += drain(&f, 0);
    }
    while (dp_rx_openable(&f.rx)) {
        open_some(&f);
        got += drain(&f, 0);
    }
    assert_int_equal(got, 1000);
    assert_int_equal(f.env.live, f.base); /* empty: no memory */
    free(wire);
    teardown(&f);
}

static void test_one_byte_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total;
    unsigned got = 0;
    uint8_t *wire = frames(&f, 20, 1000, &total);
    for (size_t at = 0; at < total; at++) {
        assert_int_equal(put(&f, wire + at, 1), 1);
        open_some(&f);
        got += drain(&f, 0);
    }
    assert_int_equal(got, 20);
    free(wire);
    teardown(&f);
}

/* The memory of a long frame follows the bytes that came: at most twice as
 * much, and all is given back. */
static void test_long_frame_grows_as_bytes_come(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at = 0;
    uint8_t *wire = frames(&f, 2, DP_FRAME_MAX - 1, &total);
    size_t one = dp_frame_wire(DP_FRAME_MAX);
    unsigned got = 0;
    while (at < total) {
        size_t n = put(&f, wire + at, total - at < 9000 ? total - at : 9000);
        assert_true(n > 0);
        at += n;
        size_t arrived = at > one ? at - one : at;
        assert_true(f.env.live - f.base <= 2 * arrived + DP_CHUNK);
        assert_int_equal(f.total.used, f.rx.cap > DP_CHUNK ? f.rx.cap : 0);
        open_some(&f);
        got += drain(&f, 0);
    }
    assert_int_equal(got, 2);
    assert_int_equal(f.env.live, f.base);
    free(wire);
    teardown(&f);
}

/* A block that grows has no more in it than half of its frame. */
static void test_no_step_copies_more_than_half(void **state)
{
    (void)state;
    for (size_t size = 40000; size < DP_FRAME_MAX; size += size / 7) {
        struct fixture f;
        setup(&f);
        size_t total, at = 0;
        uint8_t *wire = frames(&f, 1, size - 1, &total);
        while (at < total) {
            size_t was = f.rx.cap, had = f.rx.filled;
            at += put(&f, wire + at, total - at);
            if (was > DP_CHUNK && f.rx.cap > was)
                assert_true(had <= (total + 1) / 2);
            open_some(&f);
        }
        assert_int_equal(drain(&f, 0), 1);
        free(wire);
        teardown(&f);
    }
}

/* A block may be kept, once its frame was walked past: it counts no more, and
 * what comes next has a chunk again.  Nothing else is given away. */
static void test_keeping_a_block(void **state)
{
    (void)state;
    struct fixture f;
    dp_buf kept;
    setup(&f);
    size_t total, at = 0, size;
    uint8_t *wire = frames(&f, 2, 100000, &total);
    const uint8_t *body = NULL;
    while (f.rx.ready == 0) {
        at += put(&f, wire + at, total / 2 - at);
        assert_false(dp_rx_keep(&f.rx, &kept, f.rx.at)); /* not walked past */
        open_some(&f);
    }
    assert_true(dp_rx_next(&f.rx, &body, &size));
    assert_false(dp_rx_keep(&f.rx, &kept, wire)); /* somebody else's */
    assert_true(dp_rx_keep(&f.rx, &kept, body));
    assert_int_equal(f.total.used, 0);
    assert_false(dp_rx_keep(&f.rx, &kept, body));
    while (at < total) {
        at += put(&f, wire + at, total - at);
        open_some(&f);
    }
    assert_int_equal(drain(&f, 0), 1);
    for (size_t i = 1; i < size; i++)
        assert_int_equal(body[i], (uint8_t)(i - 1));
    assert_int_equal(f.env.live, f.base + kept.cap);
    dp_buf_fini(&kept, &f.env.env);
    free(wire);
    teardown(&f);
}

/* Frames around the size of a chunk, each behind a small one. */
static void test_border_of_the_chunk(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (size_t len = DP_CHUNK - 150; len < DP_CHUNK + 50; len++) {
        size_t total, at = 0, small;
        unsigned got = 0;
        uint8_t *one = frames(&f, 1, 5, &small);
        at = put(&f, one, small);
        assert_int_equal(at, small);
        free(one);
        uint8_t *wire = frames(&f, 2, len, &total);
        for (at = 0; at < total || dp_rx_openable(&f.rx);) {
            at += put(&f, wire + at, total - at);
            open_some(&f);
            got += drain(&f, 0);
        }
        assert_int_equal(got, 3);
        free(wire);
    }
    teardown(&f);
}

/* A header claims 16 MiB and nothing follows: no memory but the chunk. */
static void test_announced_is_not_allocated(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total;
    uint8_t *wire = frames(&f, 1, DP_FRAME_MAX - 1, &total);
    assert_int_equal(put(&f, wire, 32), 32);
    open_some(&f);
    assert_int_equal(f.rx.dir.place, DP_AT_BODY);
    assert_int_equal(f.env.live, f.base + DP_CHUNK);
    free(wire);
    teardown(&f);
}

static void test_exhausted_total_stops_growth(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at = 0, n;
    uint8_t *wire = frames(&f, 1, 100000, &total);
    f.total.limit = 20000;
    while ((n = put(&f, wire + at, total - at)) > 0) {
        at += n;
        open_some(&f);
    }
    assert_int_equal(at, DP_CHUNK);
    assert_true(f.rx.starved);
    f.total.limit = DP_RECV_TOTAL;
    while ((n = put(&f, wire + at, total - at)) > 0) {
        at += n;
        open_some(&f);
    }
    assert_false(f.rx.starved);
    assert_int_equal(drain(&f, 0), 1);
    free(wire);
    teardown(&f);
}

/* An exhausted total does not stop frames that fit a chunk. */
static void test_chunk_beyond_the_total(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total;
    uint8_t *wire = frames(&f, 1, DP_CHUNK - 64, &total), *at;
    f.total.limit = 0;
    assert_int_equal(put(&f, wire, total), total);
    open_some(&f);
    assert_int_equal(drain(&f, 0), 1);
    assert_int_equal(dp_rx_scratch(&f.rx, &at), DP_CHUNK);
    free(wire);
    teardown(&f);
}

static void test_shares_of_a_turn(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at = 0;
    uint8_t *wire = frames(&f, 1, 1 << 20, &total);
    while (at < total) {
        size_t n = put(&f, wire + at, total - at);
        assert_true(n <= DP_TURN_BYTES);
        at += n;
        dp_frames *job = dp_rx_lend(&f.rx, DP_FRAME_MAX, DP_TURN_MESSAGES);
        assert_true(job->end - job->at <= DP_TURN_BYTES);
        frame_maker_run(&f.maker, job);
        dp_rx_take(&f.rx, f.now);
    }
    assert_int_equal(drain(&f, 0), 1);
    free(wire);
    teardown(&f);
}

/* While a job is out bytes may still come; nothing moves. */
static void test_recv_while_lent(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at = 0;
    unsigned got = 0;
    uint8_t *wire = frames(&f, 100, 700, &total);
    while (at < total || dp_rx_openable(&f.rx)) {
        at += put(&f, wire + at, total - at < 1000 ? total - at : 1000);
        if (!dp_rx_openable(&f.rx))
            continue;
        dp_frames *job = dp_rx_lend(&f.rx, DP_FRAME_MAX, DP_TURN_MESSAGES);
        uint8_t *before = f.rx.at;
        at += put(&f, wire + at, total - at < 1000 ? total - at : 1000);
        assert_ptr_equal(f.rx.at, before);
        assert_false(dp_rx_openable(&f.rx));
        frame_maker_run(&f.maker, job);
        dp_rx_take(&f.rx, f.now);
        got += drain(&f, 0);
    }
    assert_int_equal(got, 100);
    free(wire);
    teardown(&f);
}

/* What stands before a broken frame is still heard. */
static void test_broken_frame(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total;
    uint8_t *wire = frames(&f, 3, 100, &total);
    wire[2 * (total / 3) + 40] ^= 1;
    assert_int_equal(put(&f, wire, total), total);
    open_some(&f);
    assert_int_equal(f.rx.err, DEVP2P_ERR_FRAME_MAC);
    assert_false(dp_rx_openable(&f.rx));
    assert_int_equal(drain(&f, 0), 2);
    dp_rx_drop(&f.rx);
    free(wire);
    teardown(&f);
}

/* A chunk that is full of a broken frame is asked for no more room. */
static void test_broken_frame_fills_the_chunk(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, n;
    uint8_t *wire = frames(&f, 1, 50000, &total), *at;
    wire[3] ^= 1; /* the header's MAC does not hold */
    assert_int_equal(put(&f, wire, total), DP_CHUNK);
    open_some(&f);
    assert_int_equal(f.rx.err, DEVP2P_ERR_FRAME_MAC);
    assert_int_equal(dp_rx_room(&f.rx, &at, &n), 0);
    assert_int_equal(n, 0);
    free(wire);
    teardown(&f);
}

static void test_clock_of_a_frame(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, at;
    uint64_t t0 = f.now.mono;
    assert_true(dp_rx_deadline(&f.rx) == DP_NEVER);
    uint8_t *wire = frames(&f, 1, 100000, &total);
    at = put(&f, wire, 16);
    assert_true(dp_rx_deadline(&f.rx) == t0 + DP_FRAME_NS);
    at += put(&f, wire + at, 8192 - 16);
    open_some(&f);
    /* 8 KiB pay for 2 s beyond the grace */
    assert_true(dp_rx_deadline(&f.rx) == t0 + 7 * DP_SEC);
    f.now.mono += DP_SEC;
    at += put(&f, wire + at, 4096);
    assert_true(dp_rx_deadline(&f.rx) == t0 + 8 * DP_SEC);
    while (at < total - 1) {
        at += put(&f, wire + at, total - 1 - at);
        open_some(&f);
    }
    assert_true(dp_rx_deadline(&f.rx) < t0 + DP_FRAME_NS);
    dp_rx_resume(&f.rx, f.now);
    assert_true(dp_rx_deadline(&f.rx) > t0 + DP_FRAME_NS);
    put(&f, wire + at, 1);
    open_some(&f);
    assert_true(dp_rx_deadline(&f.rx) == DP_NEVER); /* it is whole */
    assert_int_equal(drain(&f, 0), 1);
    assert_true(dp_rx_deadline(&f.rx) == DP_NEVER);
    free(wire);
    teardown(&f);
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    size_t total, failed = 0;
    uint8_t *wire = frames(&f, 1, 200000, &total);
    for (size_t at = 0; at < total;) {
        uint8_t *room;
        size_t n;
        test_env_fail(&f.env, 1);
        failed += dp_rx_room(&f.rx, &room, &n) == DEVP2P_ERR_NOMEM;
        f.env.fail_from = 0;
        at += put(&f, wire + at, total - at);
        open_some(&f);
    }
    assert_int_equal(failed, 5); /* 16, 32, 64, 128 KiB, all of it */
    assert_int_equal(drain(&f, 0), 1);
    free(wire);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_small_frames_in_a_chunk),
        cmocka_unit_test(test_one_byte_at_a_time),
        cmocka_unit_test(test_long_frame_grows_as_bytes_come),
        cmocka_unit_test(test_no_step_copies_more_than_half),
        cmocka_unit_test(test_keeping_a_block),
        cmocka_unit_test(test_border_of_the_chunk),
        cmocka_unit_test(test_announced_is_not_allocated),
        cmocka_unit_test(test_exhausted_total_stops_growth),
        cmocka_unit_test(test_chunk_beyond_the_total),
        cmocka_unit_test(test_shares_of_a_turn),
        cmocka_unit_test(test_recv_while_lent),
        cmocka_unit_test(test_broken_frame),
        cmocka_unit_test(test_broken_frame_fills_the_chunk),
        cmocka_unit_test(test_clock_of_a_frame),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
