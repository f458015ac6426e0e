/* SPDX-License-Identifier: MIT */
/* tx_class_test.c - the order of classes, and what a rate allows. */
#include "core/tx.h"

#include "core/caps.h"
#include "frame_maker.h"

enum { QUEUES = 2 };

struct fixture {
    test_env env;
    dp_budget total;
    dp_pool *pool;
    frame_maker maker;
    dp_tx tx;
    dp_meter meter;
    dp_now now;
};

static void setup(struct fixture *f)
{
    dp_shared shared[QUEUES] = { { 0, 0x10, 4 }, { 1, 0x14, 4 } };
    const dp_caps caps = { shared, QUEUES };

    memset(&f->meter, 0, sizeof f->meter);
    test_env_init(&f->env);
    f->now = (dp_now){ .mono = DP_SEC };
    f->total = (dp_budget){ .limit = DP_SEND_TOTAL };
    assert_int_equal(dp_pool_new(&f->pool, &f->env.env, 0), 0);
    frame_maker_init(&f->maker, &f->env.env);
    dp_tx_init(&f->tx, &f->env.env, f->pool, &f->total);
    f->tx.window.dir = f->maker.seal;
    assert_int_equal(dp_tx_open(&f->tx, QUEUES), 0);
    assert_int_equal(dp_meter_open(&f->meter, &f->env.env, &caps), 0);
    f->tx.meter = &f->meter;
}

static void teardown(struct fixture *f)
{
    dp_tx_fini(&f->tx);
    dp_meter_fini(&f->meter, &f->env.env);
    frame_maker_fini(&f->maker);
    dp_pool_free(f->pool);
    assert_int_equal(f->total.used, 0);
    assert_int_equal(f->env.live, 0);
}

static void send(struct fixture *f, size_t queue, dp_class class, size_t len)
{
    static uint8_t zeros[1 << 20];
    devp2p_slice payload = { zeros, len };
    dp_packet *p;

    assert_int_equal(dp_packet_new(&p, &f->env.env, class, payload, false), 0);
    assert_int_equal(
        dp_tx_send(&f->tx, queue, class, 0x10 + 4 * queue + class, p), 0);
    dp_packet_drop(p);
}

/* turn seals and writes what goes; it returns how many bytes. */
static size_t turn(struct fixture *f)
{
    const uint8_t *at;
    dp_frames *job;

    assert_int_equal(dp_tx_lend(&f->tx, &job), 0);
    if (job) {
        frame_maker_run(&f->maker, job);
        assert_int_equal(dp_window_take(&f->tx.window, f->now), 0);
    }
    size_t n = dp_window_out(&f->tx.window, &at);
    dp_tx_sent(&f->tx, n, f->now);
    return n;
}

static uint64_t written(const struct fixture *f, size_t queue, uint64_t code)
{
    devp2p_traffic t;

    dp_meter_read(&f->meter, &t, queue, code);
    return t.out.messages;
}

/* Strictly: nothing of a class goes while one above it waits, in any queue. */
static void strict(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (int i = 0; i < 10; i++)
        for (int c = DP_BULK; c >= DP_URGENT; c--)
            send(&f, (size_t)i % QUEUES, (dp_class)c, 30000);
    while (turn(&f)) {
        uint64_t urgent = 0, normal = 0, bulk = 0;
        for (size_t q = 0; q < QUEUES; q++) {
            urgent += written(&f, q, DP_URGENT);
            normal += written(&f, q, DP_NORMAL);
            bulk += written(&f, q, DP_BULK);
        }
        assert_true(normal == 0 || urgent == 10);
        assert_true(bulk == 0 || normal == 10);
    }
    assert_int_equal(written(&f, 0, DEVP2P_ALL_CODES), 15);
    assert_int_equal(written(&f, 1, DP_BULK), 5);
    teardown(&f);
}

/* What is in the window, and the frame that has begun, go first. */
static void overtakes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (int i = 0; i < 7; i++)
        send(&f, 0, DP_BULK, 100 * 1000);
    turn(&f);
    turn(&f);
    assert_int_equal(written(&f, 0, DP_BULK), 1);
    send(&f, 0, DP_URGENT, 10);
    while (!written(&f, 0, DP_URGENT))
        assert_true(turn(&f) > 0);
    assert_int_equal(written(&f, 0, DP_BULK), 2);
    while (turn(&f))
        ;
    assert_int_equal(written(&f, 0, DP_BULK), 7);
    teardown(&f);
}

/* Within each class the queues take turns by bytes, whatever happened in the
 * other classes. */
static void turns_within_a_class(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (int i = 0; i < 20; i++)
        send(&f, 0, DP_URGENT, 20000);
    for (int i = 0; i < 400; i++)
        send(&f, 0, DP_BULK, 1000);
    for (int i = 0; i < 40; i++)
        send(&f, 1, DP_BULK, 10000);
    while (written(&f, 0, DP_BULK) < 200)
        assert_true(turn(&f) > 0);
    assert_in_range(written(&f, 1, DP_BULK), 18, 26);
    while (turn(&f))
        ;
    teardown(&f);
}

/* Forgotten messages are not looked for any more. */
static void cut(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (int c = 0; c < DP_CLASSES; c++)
        send(&f, 1, (dp_class)c, 1000);
    dp_tx_bye(&f.tx, 8);
    dp_tx_cut(&f.tx);
    assert_int_equal(f.tx.queues[1].unsent, 3);
    assert_true(turn(&f) > 0);
    assert_true(dp_tx_empty(&f.tx));
    teardown(&f);
}

/* No more enters the window than is allowed, headers whole; the base protocol
 * is not held up between frames. */
static void allowed(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    send(&f, 0, DP_NORMAL, 5000);
    f.tx.allowed = 0;
    assert_false(dp_tx_wants(&f.tx));
    assert_int_equal(turn(&f), 0);
    assert_null(f.tx.window.at);
    dp_tx_ping(&f.tx);
    assert_true(dp_tx_wants(&f.tx));
    assert_int_equal(turn(&f), dp_frame_wire(2));
    f.tx.allowed = DP_FRAME_HEAD - 1; /* no whole header */
    assert_false(dp_tx_wants(&f.tx));
    f.tx.allowed = 1000;
    assert_int_equal(turn(&f), 1000 & ~15);
    assert_false(dp_tx_wants(&f.tx));
    dp_tx_ping(&f.tx); /* waits for the end of the frame */
    assert_false(dp_tx_wants(&f.tx));
    f.tx.allowed = SIZE_MAX;
    turn(&f);
    assert_true(dp_tx_empty(&f.tx));
    assert_int_equal(written(&f, 0, DP_NORMAL), 1);

    /* a goodbye waits for the queue, and does not spin meanwhile */
    send(&f, 0, DP_NORMAL, 100);
    f.tx.allowed = 0;
    dp_tx_bye(&f.tx, 8);
    assert_false(dp_tx_wants(&f.tx));
    assert_false(dp_tx_empty(&f.tx));
    teardown(&f);
}

/* A mark of one's own. */
static void mark(void **state)
{
    (void)state;
    struct fixture f;
    dp_packet *p;
    static uint8_t zeros[1000];
    setup(&f);
    f.tx.mark = 3 * DP_SEND_MARK;
    for (int i = 0; i < 3; i++)
        send(&f, 0, DP_BULK, DP_SEND_MARK);
    assert_int_equal(dp_packet_new(&p, &f.env.env, 0,
                         (devp2p_slice){ zeros, sizeof zeros }, false),
        0);
    assert_int_equal(
        dp_tx_send(&f.tx, 0, DP_URGENT, 0x10, p), DEVP2P_ERR_AGAIN);
    dp_packet_drop(p);
    while (dp_tx_owing(&f.tx) == SIZE_MAX)
        assert_true(turn(&f) > 0);
    assert_true(f.tx.queues[0].bytes < f.tx.mark / 2);
    assert_true(f.tx.queues[0].bytes > DP_SEND_MARK / 2);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict),
        cmocka_unit_test(overtakes),
        cmocka_unit_test(turns_within_a_class),
        cmocka_unit_test(cut),
        cmocka_unit_test(allowed),
        cmocka_unit_test(mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
