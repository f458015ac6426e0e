/* SPDX-License-Identifier: MIT */
/* workers_test.c - every job comes back, once, in bursts of any size; the loop
 * is told of several at once, and of one alone. */
#include "os/parts.h"
#include "test.h"
#include "test_env.h"

#include <stdatomic.h>

enum { BURST = 4 * DP_WORKERS_TOLD, BURSTS = 50 };

typedef struct job {
    dp_work work;
    atomic_int runs;
    int back;
} job;

/* A crowd is a server of jobs alone: it gives a burst, and the next one when
 * all have come back. */
typedef struct crowd {
    dp_world *w;
    job jobs[BURST];
    size_t size, out, bursts;
    bool over;
} crowd;

static void run(dp_work *work)
{
    atomic_fetch_add(&dp_of(work, job, work)->runs, 1);
}

static void worked(void *server, dp_work *work)
{
    crowd *c = server;
    job *j = dp_of(work, job, work);
    assert_int_equal(atomic_load(&j->runs), ++j->back);
    c->out--;
}

static uint64_t turn(void *server, dp_now now)
{
    crowd *c = server;
    (void)now;
    if (c->out || c->over)
        return DP_NEVER;
    if (c->bursts++ == BURSTS) {
        c->over = true;
        c->w->ops->end(c->w);
        return DP_NEVER;
    }
    c->size = c->size % BURST + 1;
    for (; c->out < c->size; c->out++)
        assert_int_equal(c->w->ops->work(c->w, &c->jobs[c->out].work), 0);
    return DP_NEVER;
}

static const dp_world_up up = { .worked = worked, .turn = turn };

/* play lets a loop with so many workers turn to its end. */
static void play(crowd *c, const dp_world_up *with, uint32_t workers)
{
    test_env t;
    test_env_init(&t);
    const dp_os_setup setup = { .env = t.env, .workers = workers };
    for (int i = 0; i < BURST; i++)
        c->jobs[i].work.run = run;
    assert_int_equal(dp_os_new(&c->w, &setup), 0);
    dp_world_attach(c->w, with, c);
    assert_int_equal(c->w->ops->start(c->w), 0);
    assert_int_equal(c->w->ops->wait(c->w), 0);
    c->w->ops->free(c->w);
    assert_int_equal(t.live, 0);
}

static void all_come_back(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        crowd c = { .size = 0 };
        play(&c, &up, workers);
        assert_true(c.over);
    }
}

/* The last turn waits for what is out, told of or not. */
static uint64_t last_turn(void *server, dp_now now)
{
    crowd *c = server;
    (void)now;
    for (; c->out < BURST; c->out++)
        assert_int_equal(c->w->ops->work(c->w, &c->jobs[c->out].work), 0);
    c->w->ops->end(c->w);
    return DP_NEVER;
}

static void the_end_waits_for_all(void **state)
{
    (void)state;
    static const dp_world_up ends = { .worked = worked, .turn = last_turn };
    crowd c = { .size = 0 };
    play(&c, &ends, 2);
    assert_int_equal(c.out, 0);
    for (int i = 0; i < BURST; i++)
        assert_int_equal(c.jobs[i].back, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_come_back),
        cmocka_unit_test(the_end_waits_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
