/* SPDX-License-Identifier: MIT */
#include "sim/sim_fixture.h"

#include "sim/parts.h"

static uint64_t counted(play *p, devp2p_sim_fault_kind kind)
{
    return dp_sim_counted(p->sim, kind);
}

static void run(play *p, uint64_t ns)
{
    dp_sim_run(p->sim, dp_sim_now(p->sim).mono + ns, NULL, NULL);
}

static void play_on_ms(play *p)
{
    play_init(
        p, (dp_sim_setup){ .link = { .latency_us = 1000, .window = 1000 } });
}

/* joined connects the first two hosts. */
static void joined(play *p)
{
    play_on_ms(p);
    dial(&p->h[0], p->h[1].at, 0);
    assert_true(dp_sim_run(p->sim, soon(p), answered, &p->h[0]));
    assert_int_equal(p->h[0].answer, 0);
    run(p, DP_SEC);
    assert_int_equal(p->h[1].accepts, 1);
}

/* more lets the first host send so much more, and gives it a second. */
static void more(play *p, unsigned bytes)
{
    host *a = &p->h[0];
    a->send += bytes;
    say_more(a, a->stream);
    run(p, DP_SEC);
}

static int try_write(host *h, size_t *n)
{
    static const uint8_t b[5000];
    return h->w->ops->write(h->stream, b, sizeof b, n);
}

static int try_read(host *h)
{
    uint8_t b[1];
    size_t n;
    return h->w->ops->read(h->stream, b, sizeof b, &n);
}

/* --- streams --- */

static void a_hold_of_one_way_leaves_the_other(void **state)
{
    (void)state;
    play p;
    size_t n;
    joined(&p);
    host *a = &p.h[0], *b = &p.h[1];
    assert_int_equal(dp_sim_hold(p.sim, b->w, a->w, true), 0);
    more(&p, 500);
    assert_int_equal(b->heard, 500);
    assert_int_equal(a->heard, 0);

    /* a dial gets there, its answer does not get back */
    dp_io *first = a->stream;
    a->answered = false;
    dial(a, b->at, 500);
    run(&p, DP_SEC);
    assert_int_equal(b->accepts, 2);
    assert_false(a->answered);
    assert_int_equal(dp_sim_hold(p.sim, b->w, a->w, false), 0);
    run(&p, DP_SEC);
    assert_true(a->answered);
    assert_int_equal(a->heard, 500);

    /* nor does a dial the other way leave */
    assert_int_equal(dp_sim_hold(p.sim, b->w, a->w, true), 0);
    dial(b, a->at, 0);
    run(&p, DP_SEC);
    assert_int_equal(a->accepts, 0);
    assert_int_equal(dp_sim_hold(p.sim, b->w, a->w, false), 0);
    run(&p, DP_SEC);
    assert_int_equal(a->accepts, 1);
    assert_int_equal(a->w->ops->write(first, "", 1, &n), 0);
    play_fini(&p);
}

static void severed_ends_are_told_nothing(void **state)
{
    (void)state;
    play p;
    size_t n;
    joined(&p);
    host *a = &p.h[0], *b = &p.h[1];
    more(&p, 100);
    assert_int_equal(a->heard, 100);
    a->send += 100;
    say_more(a, a->stream); /* on its way */
    dp_sim_sever(p.sim, a->w, b->w);
    more(&p, 5000);
    assert_int_equal(b->heard, 100);
    assert_int_equal(a->sent, 1100); /* a window more */
    assert_int_equal(try_write(a, &n), DEVP2P_ERR_AGAIN);
    assert_int_equal(try_read(a), DEVP2P_ERR_AGAIN);
    assert_int_equal(try_read(b), DEVP2P_ERR_AGAIN);

    a->w->ops->close(a->stream, true);
    run(&p, DP_SEC);
    assert_int_equal(b->ends, 0);
    assert_int_equal(try_write(b, &n), 0);
    run(&p, DP_SEC);
    assert_int_equal(b->ends, 0);
    assert_int_equal(counted(&p, DEVP2P_SIM_HALF_OPEN), 1);

    /* a new connection is another one */
    a->answered = false;
    a->sent = a->heard = b->heard = 0;
    dial(a, b->at, 700);
    dp_sim_sever(p.sim, a->w, b->w); /* before it is there */
    run(&p, DP_SEC);
    assert_int_equal(a->heard, 700);
    play_fini(&p);
}

static void a_severed_close_leaves_the_other_end_open(void **state)
{
    (void)state;
    play p;
    joined(&p);
    dp_sim_sever(p.sim, p.h[1].w, p.h[0].w);
    p.h[0].w->ops->close(p.h[0].stream, false);
    run(&p, DP_SEC);
    assert_int_equal(p.h[1].ends, 0);
    dp_sim_cut(p.sim, p.h[0].w, p.h[1].w);
    run(&p, DP_SEC);
    assert_int_equal(p.h[1].ends, 1);
    assert_int_equal(counted(&p, DEVP2P_SIM_RESET), 1);
    play_fini(&p);
}

/* --- crash --- */

static void again(play *p, host *h)
{
    memset(h, 0, sizeof *h);
    devp2p_addr a = ip("10.0.0.2:7");
    assert_int_equal(dp_sim_world(&h->w, p->sim, &a), 0);
    dp_world_attach(h->w, &up, h);
    assert_int_equal(h->w->ops->start(h->w), 0);
    assert_int_equal(
        h->w->ops->listen(h->w, &a, NULL, &h->listener, &h->at), 0);
    h->w->ops->want(h->listener, DP_READ);
}

static void done_with(host *h)
{
    h->w->ops->end(h->w);
    h->w->ops->wake(h->w);
    assert_int_equal(h->w->ops->wait(h->w), 0);
    h->w->ops->free(h->w);
}

static int outcome(play *p, host *from, devp2p_addr to)
{
    from->answered = false;
    dial(from, to, 0);
    assert_true(dp_sim_run(p->sim, soon(p), answered, from));
    if (from->stream)
        from->w->ops->close(from->stream, false);
    return from->answer;
}

static void a_crashed_node_is_not_there(void **state)
{
    (void)state;
    play p;
    size_t n;
    joined(&p);
    host *a = &p.h[0], *b = &p.h[1];
    dp_io *out, *old = a->stream;
    more(&p, 100);
    assert_int_equal(a->w->ops->write(a->stream, "", 1, &n), 0);
    dp_sim_crash(b->w);
    run(&p, DP_SEC);
    assert_int_equal(b->heard, 100);
    assert_int_equal(a->ends, 0);
    assert_int_equal(outcome(&p, a, b->at), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(
        b->w->ops->connect(b->w, &a->at, NULL, &out), DEVP2P_ERR_UNREACHABLE);

    /* it speaks into the void, and nobody keeps it waiting */
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(try_write(b, &n), 0);
        assert_int_equal(n, 5000);
    }
    assert_int_equal(try_read(b), DEVP2P_ERR_AGAIN);
    assert_int_equal(b->ends, 0);
    b->w->ops->shut(b->stream);
    run(&p, DP_MS);
    assert_int_equal(b->ends, 1);
    assert_int_equal(b->lost, 0);
    run(&p, DP_SEC);
    assert_int_equal(a->ends, 0);
    assert_int_equal(a->heard, 100);
    a->stream = old;
    assert_int_equal(try_read(a), DEVP2P_ERR_AGAIN);
    play_fini(&p);
}

/* Who had sent something is told soon that there is another one now, who had
 * not when he does. */
static void the_next_with_the_address_answers_for_a_crashed_node(void **state)
{
    (void)state;
    play p;
    size_t n;
    host next;
    for (unsigned sends = 0; sends < 2; sends++)
        for (unsigned gone = 0; gone < 2; gone++) {
            joined(&p);
            host *a = &p.h[0];
            dp_sim_crash(p.h[1].w);
            if (sends)
                assert_int_equal(a->w->ops->write(a->stream, "", 1, &n), 0);
            run(&p, DP_SEC);
            if (gone)
                p.h[1].w->ops->close(p.h[1].stream, false);
            again(&p, &next);
            run(&p, DP_SEC);
            assert_int_equal(a->ends, sends);
            if (!sends)
                assert_int_equal(a->w->ops->write(a->stream, "", 1, &n), 0);
            run(&p, DP_SEC);
            assert_int_equal(a->ends, 1);
            assert_int_equal(a->lost, DEVP2P_ERR_RESET);
            assert_int_equal(p.h[1].ends, 0);
            assert_int_equal(outcome(&p, a, next.at), 0);
            assert_int_equal(next.accepts, 1);
            done_with(&next);
            play_fini(&p);
        }
}

/* Neither is told when the way between them was lost before, or when both have
 * another address. */
static void nobody_answers_on_ways_that_are_lost(void **state)
{
    (void)state;
    play p;
    size_t n;
    host next;
    devp2p_addr to = ip("10.0.0.77:0"), from = ip("10.0.0.78:0");
    for (unsigned moved = 0; moved < 2; moved++) {
        joined(&p);
        host *a = &p.h[0], *b = &p.h[1];
        if (moved) {
            dp_sim_readdress(a->w, &from);
            dp_sim_readdress(b->w, &to);
        } else {
            dp_sim_sever(p.sim, a->w, b->w);
            dp_sim_crash(b->w);
        }
        assert_int_equal(a->w->ops->write(a->stream, "", 1, &n), 0);
        run(&p, DP_SEC);
        again(&p, &next);
        assert_int_equal(a->w->ops->write(a->stream, "", 1, &n), 0);
        run(&p, DP_SEC);
        assert_int_equal(a->ends + b->ends, 0);
        done_with(&next);
        play_fini(&p);
    }
}

static void a_crash_ends_what_is_on_its_way(void **state)
{
    (void)state;
    play p;
    play_on_ms(&p);
    host *a = &p.h[0], *b = &p.h[1];
    b->w->ops->want(b->listener, 0);
    dial(b, a->at, 0); /* of the crashed one */
    dial(a, b->at, 0); /* stays in its queue */
    run(&p, 1500 * DP_US);
    dp_sim_crash(b->w);
    run(&p, DP_SEC);
    assert_int_equal(b->answer, DEVP2P_ERR_UNREACHABLE);
    assert_false(a->answered);
    unsigned turns = b->turns;
    b->w->ops->want(b->listener, DP_READ);
    run(&p, DP_SEC);
    assert_int_equal(b->accepts, 0);
    assert_true(b->turns < turns + 10);

    /* a dial that a crash overtakes finds who is there then */
    host next;
    a->answered = false;
    again(&p, &next);
    dial(a, next.at, 0);
    dp_sim_crash(next.w);
    done_with(&next);
    again(&p, &next);
    run(&p, DP_SEC);
    assert_int_equal(next.accepts, 1);
    assert_int_equal(a->answer, 0);
    assert_true(a->answered);
    dp_sim_cut(p.sim, a->w, next.w);
    run(&p, DP_SEC);
    assert_int_equal(a->ends, 1);
    done_with(&next);
    play_fini(&p);
}

/* --- another address --- */

static void a_node_moves_and_its_streams_do_not(void **state)
{
    (void)state;
    play p;
    joined(&p);
    host *a = &p.h[0], *b = &p.h[1];
    devp2p_addr any = ip("0.0.0.0:7"), to = ip("10.0.0.77:0"), at;
    dp_io *everywhere;
    assert_int_equal(b->w->ops->listen(b->w, &any, NULL, &everywhere, &at), 0);
    b->w->ops->want(everywhere, DP_READ);
    more(&p, 100);
    dp_sim_readdress(b->w, &to);
    assert_int_equal(counted(&p, DEVP2P_SIM_NEW_ADDRESS), 1);
    more(&p, 100);
    assert_int_equal(b->heard, 100);
    assert_int_equal(a->ends + b->ends, 0);
    size_t n;
    assert_int_equal(try_write(b, &n), 0);
    assert_int_equal(n, 1000); /* and it waits for an answer */
    run(&p, DP_SEC);
    assert_int_equal(try_write(b, &n), DEVP2P_ERR_AGAIN);

    assert_int_equal(outcome(&p, a, ip("10.0.0.2:7")), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(outcome(&p, a, ip("10.0.0.77:7")), 0);
    to.port = b->at.port; /* listens on the old address alone */
    assert_int_equal(outcome(&p, a, to), DEVP2P_ERR_REFUSED);
    assert_int_equal(outcome(&p, b, a->at), 0);
    play_fini(&p);
}

/* --- readers and pauses --- */

static void a_slow_reader_reads_nothing(void **state)
{
    (void)state;
    play p;
    joined(&p);
    host *a = &p.h[0], *b = &p.h[1];
    dp_sim_slow(b->w, true);
    more(&p, 5000);
    assert_int_equal(b->heard, 0);
    assert_int_equal(a->sent, 1000);
    assert_int_equal(try_read(b), DEVP2P_ERR_AGAIN);
    dp_sim_slow(b->w, false);
    run(&p, DP_SEC);
    assert_int_equal(b->heard, 5000);
    assert_int_equal(a->heard, 5000);
    assert_int_equal(counted(&p, DEVP2P_SIM_SLOW_READER), 1);
    play_fini(&p);
}

typedef struct sleeper {
    host *h;
    dp_parker *parker;
    dp_task *task;
    uint64_t for_ns;
    dp_now before, after;
    uint64_t world; /* when it went on */
    dp_sim *sim;
    int err;
} sleeper;

static void sleep_for(void *arg)
{
    sleeper *s = arg;
    const dp_world_ops *ops = s->h->w->ops;
    s->before = ops->now(s->h->w);
    s->err = ops->park(s->parker, s->before.mono + s->for_ns);
    s->after = ops->now(s->h->w);
    s->world = dp_sim_now(s->sim).mono;
}

static void sleeper_start(sleeper *s, play *p, host *h, uint64_t ns)
{
    *s = (sleeper){ .h = h, .for_ns = ns, .sim = p->sim };
    assert_int_equal(h->w->ops->parker(h->w, &s->parker), 0);
    assert_int_equal(
        h->w->ops->spawn(h->w, sleep_for, s, 256 * 1024, &s->task), 0);
}

static void sleeper_end(sleeper *s)
{
    s->h->w->ops->join(s->task);
    s->h->w->ops->parker_free(s->parker);
}

static void a_paused_node_stands_still(void **state)
{
    (void)state;
    play p;
    sleeper asleep, woken, late;
    joined(&p);
    host *b = &p.h[1];
    sleeper_start(&asleep, &p, b, DP_SEC);
    sleeper_start(&woken, &p, b, 100 * DP_SEC);
    run(&p, DP_MS);
    uint64_t until = dp_sim_now(p.sim).mono + 10 * DP_SEC;
    dp_sim_pause(b->w, until);
    sleeper_start(&late, &p, b, DP_SEC);
    b->w->ops->unpark(woken.parker);
    b->w->ops->wake(b->w);
    unsigned turns = b->turns;
    more(&p, 100);
    run(&p, 8 * DP_SEC);
    assert_int_equal(b->turns, turns);
    assert_int_equal(b->heard, 0);
    assert_true(!asleep.world && !woken.world && !late.before.mono);
    dp_sim_run(p.sim, until + DP_MS, NULL, NULL);
    assert_int_equal(b->heard, 100);
    assert_int_equal(asleep.world, until);
    assert_int_equal(asleep.err, DEVP2P_ERR_TIMEOUT);
    assert_int_equal(woken.world, until);
    assert_int_equal(woken.err, 0);
    assert_int_equal(late.before.mono, until);
    sleeper_end(&asleep);
    sleeper_end(&woken);
    sleeper_end(&late);
    assert_int_equal(counted(&p, DEVP2P_SIM_PAUSE), 1);
    play_fini(&p);
}

static void a_pause_can_end_early(void **state)
{
    (void)state;
    play p;
    sleeper s, late;
    joined(&p);
    host *b = &p.h[1];
    sleeper_start(&s, &p, b, DP_SEC);
    run(&p, DP_MS);
    dp_sim_pause(b->w, DP_NEVER);
    sleeper_start(&late, &p, b, DP_SEC);
    more(&p, 100);
    assert_int_equal(b->heard, 0);
    dp_sim_pause(b->w, 0);
    run(&p, DP_MS);
    assert_int_equal(b->heard, 100);
    assert_true(s.world && late.before.mono);
    sleeper_end(&s);
    sleeper_end(&late);
    play_fini(&p);
}

/* --- chance, and what was overheard --- */

static void a_mute_node_draws_in_vain(void **state)
{
    (void)state;
    play p;
    uint8_t b[8];
    play_init(&p, (dp_sim_setup){ 0 });
    dp_world *w = p.h[0].w;
    assert_int_equal(w->ops->random(w, b, sizeof b), 0);
    dp_sim_mute(w, 2);
    assert_int_equal(w->ops->random(w, b, sizeof b), DEVP2P_ERR_RANDOM);
    assert_int_equal(p.h[1].w->ops->random(p.h[1].w, b, sizeof b), 0);
    assert_int_equal(w->ops->random(w, b, sizeof b), DEVP2P_ERR_RANDOM);
    assert_int_equal(w->ops->random(w, b, sizeof b), 0);
    assert_int_equal(counted(&p, DEVP2P_SIM_NO_RANDOMNESS), 2);
    play_fini(&p);
}

static void what_came_first_was_overheard(void **state)
{
    (void)state;
    play p;
    size_t n;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    host *a = &p.h[0], *b = &p.h[1];
    assert_int_equal(dp_sim_overheard(b->w).len, 0);
    dial(a, b->at, 300);
    run(&p, DP_SEC);
    devp2p_slice s = dp_sim_overheard(b->w);
    assert_int_equal(s.len, 100); /* of one write */
    for (size_t i = 0; i < s.len; i++)
        assert_int_equal(s.at[i], (uint8_t)(i * 7));
    assert_int_equal(dp_sim_overheard(a->w).len, 0);

    /* what an older connection says later is not heard */
    dp_io *old;
    a->send = a->sent = 0;
    assert_int_equal(a->w->ops->connect(a->w, &b->at, NULL, &old), 0);
    b->deaf = true;
    run(&p, DP_SEC);
    dial(a, b->at, 0);
    run(&p, DP_SEC);
    assert_int_equal(try_write(a, &n), 0);
    run(&p, DP_SEC);
    s = dp_sim_overheard(b->w);
    assert_int_equal(s.len, 2048);
    assert_int_equal(s.at[1], 0);
    assert_int_equal(a->w->ops->write(old, "again", 5, &n), 0);
    run(&p, DP_SEC);
    assert_int_equal(dp_sim_overheard(b->w).len, 2048);
    play_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_of_one_way_leaves_the_other),
        cmocka_unit_test(severed_ends_are_told_nothing),
        cmocka_unit_test(a_severed_close_leaves_the_other_end_open),
        cmocka_unit_test(a_crashed_node_is_not_there),
        cmocka_unit_test(the_next_with_the_address_answers_for_a_crashed_node),
        cmocka_unit_test(nobody_answers_on_ways_that_are_lost),
        cmocka_unit_test(a_crash_ends_what_is_on_its_way),
        cmocka_unit_test(a_node_moves_and_its_streams_do_not),
        cmocka_unit_test(a_slow_reader_reads_nothing),
        cmocka_unit_test(a_paused_node_stands_still),
        cmocka_unit_test(a_pause_can_end_early),
        cmocka_unit_test(a_mute_node_draws_in_vain),
        cmocka_unit_test(what_came_first_was_overheard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
