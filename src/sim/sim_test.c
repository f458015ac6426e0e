/* SPDX-License-Identifier: MIT */
#include "sim/sim_fixture.h"

/* --- streams --- */

static uint64_t trace_of(uint64_t seed, uint32_t slice)
{
    play p;
    play_init(&p, (dp_sim_setup){ .seed = seed,
                      .link = { .latency_us = 20000,
                          .jitter_us = 10000,
                          .window = 3000,
                          .slice = slice } });
    dial(&p.h[0], p.h[1].at, 20000);
    assert_true(dp_sim_run(p.sim, soon(&p), heard_all, &p.h[0]));
    assert_int_equal(p.h[0].wrong + p.h[1].wrong, 0);
    assert_int_equal(p.h[1].heard, 20000);
    uint64_t trace = dp_sim_trace(p.sim);
    play_fini(&p);
    return trace;
}

static void one_integer_repeats_a_run(void **state)
{
    (void)state;
    for (uint32_t slice = 0; slice < 20; slice += 7) {
        uint64_t first = trace_of(1, slice);
        assert_int_equal(trace_of(1, slice), first);
        assert_int_not_equal(trace_of(2, slice), first);
    }
}

static void a_link_takes_its_time(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){
                      .link = { .latency_us = 1000000, .jitter_us = 10000 } });
    uint64_t begin = dp_sim_now(p.sim).mono;
    int64_t wall = dp_sim_now(p.sim).wall;
    dial(&p.h[0], p.h[1].at, 10);
    assert_true(dp_sim_run(p.sim, soon(&p), answered, &p.h[0]));
    assert_int_equal(p.h[0].answer, 0);
    uint64_t took = p.h[0].answered_at - begin;
    assert_in_range(took, 2 * DP_SEC, 2 * DP_SEC + 25 * DP_MS);
    assert_in_range(dp_sim_now(p.sim).wall - wall, 2000, 2025);
    play_fini(&p);
}

static int answer_of(play *p, host *from, devp2p_addr to)
{
    from->answered = false;
    dial(from, to, 0);
    assert_true(dp_sim_run(p->sim, soon(p), answered, from));
    if (from->stream)
        from->w->ops->close(from->stream, false);
    return from->answer;
}

static void a_dial_finds_its_listener_or_says_why(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    host *a = &p.h[0];
    devp2p_addr closed = p.h[1].at, self = ip("127.0.0.1:7");
    closed.port++;
    assert_int_equal(answer_of(&p, a, p.h[1].at), 0);
    assert_int_equal(answer_of(&p, a, closed), DEVP2P_ERR_REFUSED);
    assert_int_equal(
        answer_of(&p, a, ip("10.0.0.9:7")), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(answer_of(&p, a, p.h[2].at), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(answer_of(&p, &p.h[2], p.h[2].at), 0);
    assert_int_equal(answer_of(&p, a, self), DEVP2P_ERR_REFUSED);

    dp_io *io[4];
    devp2p_addr at, any4 = ip("0.0.0.0:7"), any6 = ip("[::]:7");
    assert_int_equal(a->w->ops->listen(a->w, &any4, NULL, &io[0], &at), 0);
    assert_int_equal(a->w->ops->listen(a->w, &any6, NULL, &io[1], &at), 0);
    assert_int_equal(a->w->ops->listen(a->w, &any6, NULL, &io[2], &at),
        DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(a->w->ops->listen(a->w, &self, NULL, &io[2], &at),
        DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(a->w->ops->listen(a->w, &p.h[1].at, NULL, &io[2], &at),
        DEVP2P_ERR_ADDR_UNAVAILABLE);
    a->w->ops->want(io[0], DP_READ);
    a->w->ops->want(io[1], DP_READ);
    assert_int_equal(answer_of(&p, a, self), 0);
    assert_int_equal(answer_of(&p, &p.h[1], ip("10.0.0.1:7")), 0);
    a->w->ops->close(io[0], false);
    assert_int_equal(answer_of(&p, a, self), DEVP2P_ERR_REFUSED);
    play_fini(&p);
}

/* Dials beyond the queue of a listener that accepts nothing are refused, and
 * those in it are reset when it closes. */
static void the_queue_of_a_listener_is_bounded(void **state)
{
    (void)state;
    enum { BACKLOG = 128 };
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    host *a = &p.h[0], *b = &p.h[1];
    b->w->ops->want(b->listener, 0);
    for (unsigned i = 0; i < BACKLOG; i++) {
        a->answered = false;
        dial(a, b->at, 0);
        assert_true(dp_sim_run(p.sim, soon(&p), answered, a));
        assert_int_equal(a->answer, 0);
    }
    assert_int_equal(answer_of(&p, a, b->at), DEVP2P_ERR_REFUSED);
    assert_int_equal(b->accepts, 0);
    b->w->ops->close(b->listener, false);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(a->ends, BACKLOG);
    assert_int_equal(a->lost, DEVP2P_ERR_RESET);
    play_fini(&p);
}

static void a_reader_that_reads_nothing_stops_the_writer(void **state)
{
    (void)state;
    play p;
    play_init(
        &p, (dp_sim_setup){ .link = { .latency_us = 1000, .window = 1000 } });
    p.h[1].deaf = true;
    dial(&p.h[0], p.h[1].at, 5000);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(p.h[0].sent, 1000);
    unsigned turns = p.h[0].turns;
    p.h[1].deaf = false;
    p.h[1].w->ops->want(p.h[1].stream, DP_READ);
    assert_true(dp_sim_run(p.sim, soon(&p), heard_all, &p.h[0]));
    assert_int_equal(p.h[0].wrong, 0);
    assert_true(p.h[0].turns > turns);
    play_fini(&p);
}

static void a_hold_delays_and_a_cut_breaks(void **state)
{
    (void)state;
    play p;
    play_init(
        &p, (dp_sim_setup){ .link = { .latency_us = 1000, .window = 1000 } });
    dial(&p.h[0], p.h[1].at, 5000);
    hold(&p, 0, 1, true);
    assert_false(dp_sim_run(p.sim, soon(&p), answered, &p.h[0]));
    hold(&p, 1, 0, false);
    assert_true(dp_sim_run(p.sim, soon(&p), answered, &p.h[0]));

    dp_sim_run(p.sim, dp_sim_now(p.sim).mono + 5 * DP_MS, NULL, NULL);
    hold(&p, 0, 1, true);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    unsigned heard = p.h[0].heard;
    assert_in_range(heard, 1, 4999);
    hold(&p, 0, 1, false);
    dp_sim_run(p.sim, dp_sim_now(p.sim).mono + 5 * DP_MS, NULL, NULL);
    assert_true(p.h[0].heard > heard);

    dp_sim_cut(p.sim, p.h[0].w, p.h[2].w);
    assert_int_equal(p.h[0].ends, 0);
    dp_sim_cut(p.sim, p.h[0].w, p.h[1].w);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(p.h[0].ends, 1);
    assert_int_equal(p.h[0].lost, DEVP2P_ERR_RESET);
    assert_int_equal(p.h[1].ends, 1);
    assert_int_equal(p.h[1].lost, DEVP2P_ERR_RESET);

    p.h[0].answered = false;
    dial(&p.h[0], p.h[1].at, 0);
    dp_sim_cut(p.sim, p.h[0].w, p.h[1].w);
    assert_true(dp_sim_run(p.sim, soon(&p), answered, &p.h[0]));
    assert_int_equal(p.h[0].answer, DEVP2P_ERR_RESET);
    play_fini(&p);
}

/* As a kernel does: what was written before a close still arrives, and closing
 * with unread bytes is a reset, which takes the bytes before it along. */
static void closing_with_unread_bytes_resets(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    host *a = &p.h[0], *b = &p.h[1];
    size_t n;
    for (unsigned unread = 0; unread < 2; unread++) {
        a->answered = false;
        a->deaf = b->deaf = unread;
        a->sent = a->heard = 0;
        dial(a, b->at, unread * 100);
        assert_true(dp_sim_run(p.sim, soon(&p), answered, a));
        dp_sim_run(p.sim, soon(&p), NULL, NULL);
        assert_int_equal(b->w->ops->write(b->stream, "\0\7", 2, &n), 0);
        b->w->ops->close(b->stream, false);
        a->ends = 0;
        dp_sim_run(p.sim, soon(&p), NULL, NULL);
        if (unread)
            a->w->ops->want(a->stream, DP_READ);
        dp_sim_run(p.sim, soon(&p), NULL, NULL);
        assert_int_equal(a->ends, 1);
        assert_int_equal(a->heard, unread ? 0 : 2);
        assert_int_equal(a->lost, unread ? DEVP2P_ERR_RESET : 0);
    }
    play_fini(&p);
}

/* --- the pool --- */

static void run_job(dp_work *job)
{
    job->next = job; /* it was here */
}

static bool all_worked(void *user)
{
    return ((host *)user)->worked == DP_EC_QUEUE;
}

static void a_latch_holds_the_pool_and_its_queue_is_bounded(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .seed = 3 });
    host *h = &p.h[0];
    dp_sim_latch(p.sim, true);
    for (size_t i = 0; i < DP_EC_QUEUE; i++) {
        h->jobs[i].run = run_job;
        assert_int_equal(h->w->ops->work(h->w, &h->jobs[i]), 0);
    }
    assert_int_equal(
        h->w->ops->work(h->w, &h->jobs[DP_EC_QUEUE]), DEVP2P_ERR_AGAIN);
    assert_false(dp_sim_run(p.sim, soon(&p), all_worked, h));
    assert_int_equal(h->worked, 0);
    dp_sim_latch(p.sim, false);
    assert_true(dp_sim_run(p.sim, soon(&p), all_worked, h));
    bool came[DP_EC_QUEUE] = { false }, disorder = false;
    for (size_t i = 0; i < DP_EC_QUEUE; i++) {
        assert_false(came[h->order[i]]);
        came[h->order[i]] = true;
        disorder = disorder || h->order[i] != i;
    }
    assert_true(disorder);
    play_fini(&p);
}

/* --- tasks --- */

typedef struct counter {
    host *h;
    dp_parker *parker;
    dp_task *task;
    unsigned id, *order, *n;
    int timeout, token;
    uint64_t woke;
} counter;

static void count(void *arg)
{
    counter *c = arg;
    const dp_world_ops *ops = c->h->w->ops;
    uint64_t until = ops->now(c->h->w).mono + (10 - c->id) * DP_SEC;
    c->timeout = ops->park(c->parker, until);
    c->woke = ops->now(c->h->w).mono;
    c->order[(*c->n)++] = c->id;
    c->token = ops->park(c->parker, DP_NEVER);
    assert_int_equal(ops->wait(c->h->w), DEVP2P_ERR_STATE);
}

static void tasks_sleep_in_virtual_time(void **state)
{
    (void)state;
    enum { N = 5 };
    play p;
    play_init(&p, (dp_sim_setup){ .seed = 3 });
    const dp_world_ops *ops = p.h[0].w->ops;
    unsigned order[N], n = 0;
    counter c[N];
    uint64_t begin = dp_sim_now(p.sim).mono;
    for (unsigned i = 0; i < N; i++) {
        c[i] = (counter){ .h = &p.h[0], .id = i, .order = order, .n = &n };
        assert_int_equal(ops->parker(p.h[0].w, &c[i].parker), 0);
        assert_int_equal(
            ops->spawn(p.h[0].w, count, &c[i], 256 * 1024, &c[i].task), 0);
    }
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(n, N);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(order[i], N - 1 - i);
        assert_int_equal(c[i].timeout, DEVP2P_ERR_TIMEOUT);
        assert_in_range(
            c[i].woke - begin, (10 - i) * DP_SEC, (10 - i) * DP_SEC + DP_MS);
        ops->unpark(c[i].parker);
    }
    for (unsigned i = 0; i < N; i++) {
        ops->join(c[i].task);
        assert_int_equal(c[i].token, 0);
        ops->parker_free(c[i].parker);
    }
    play_fini(&p);
}

/* A handler that polls lets the time pass. */
static void poll_until_done(void *arg)
{
    counter *c = arg;
    const dp_world_ops *ops = c->h->w->ops;
    while (ops->now(c->h->w).mono < c->woke)
        assert_int_equal(ops->park(c->parker, 0), DEVP2P_ERR_TIMEOUT);
}

static void polling_does_not_stop_the_clock(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .seed = 3 });
    const dp_world_ops *ops = p.h[0].w->ops;
    counter c = { .h = &p.h[0], .woke = dp_sim_now(p.sim).mono + DP_MS };
    assert_int_equal(ops->parker(p.h[0].w, &c.parker), 0);
    assert_int_equal(
        ops->spawn(p.h[0].w, poll_until_done, &c, 256 * 1024, &c.task), 0);
    ops->join(c.task);
    assert_true(dp_sim_now(p.sim).mono >= c.woke);
    ops->parker_free(c.parker);
    play_fini(&p);
}

/* --- memory --- */

static void without_memory_nothing_is_half_made(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    dp_sim_setup setup = { .env = t.env };
    devp2p_addr a = ip("10.0.0.1:0");
    for (size_t n = 1;; n++) {
        dp_sim *sim;
        dp_world *w;
        test_env_fail(&t, n);
        int err = dp_sim_new(&sim, &setup);
        if (err == 0) {
            err = dp_sim_world(&w, sim, &a);
            dp_io *io = NULL;
            if (err == 0) {
                err = w->ops->connect(w, &a, NULL, &io);
                w->ops->free(w);
            }
            dp_sim_free(sim);
        }
        assert_int_equal(t.live, 0);
        if (err == 0)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_integer_repeats_a_run),
        cmocka_unit_test(a_link_takes_its_time),
        cmocka_unit_test(a_dial_finds_its_listener_or_says_why),
        cmocka_unit_test(the_queue_of_a_listener_is_bounded),
        cmocka_unit_test(a_reader_that_reads_nothing_stops_the_writer),
        cmocka_unit_test(a_hold_delays_and_a_cut_breaks),
        cmocka_unit_test(closing_with_unread_bytes_resets),
        cmocka_unit_test(a_latch_holds_the_pool_and_its_queue_is_bounded),
        cmocka_unit_test(tasks_sleep_in_virtual_time),
        cmocka_unit_test(polling_does_not_stop_the_clock),
        cmocka_unit_test(without_memory_nothing_is_half_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
