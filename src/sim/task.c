/* SPDX-License-Identifier: MIT */
/* task.c - blocking handlers on threads of their own, of which one at a time
 * runs: whoever holds the baton.  park is the only place where a task gives it
 * back, so that a run depends on the seed alone. */
#include "sim/parts.h"

struct dp_task {
    dp_sim *sim;
    void (*run)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_cond_t mine; /* the baton is here */
    dp_sim_event start;
    bool done;
};

struct dp_parker {
    dp_sim *sim;
    dp_sim_event wake;
    dp_task *sleeper;
    bool token;
};

/* --- the baton --- */

/* give lends the baton to a task until it parks or returns. */
static void give(dp_task *t)
{
    dp_sim *sim = t->sim;
    pthread_mutex_lock(&sim->mutex);
    sim->holder = t;
    pthread_cond_signal(&t->mine);
    while (sim->holder)
        pthread_cond_wait(&sim->back, &sim->mutex);
    pthread_mutex_unlock(&sim->mutex);
}

static void await_baton(dp_task *t)
{
    while (t->sim->holder != t)
        pthread_cond_wait(&t->mine, &t->sim->mutex);
}

static void give_back(dp_sim *sim)
{
    sim->holder = NULL;
    pthread_cond_signal(&sim->back);
}

/* --- tasks --- */

static void *task_main(void *arg)
{
    dp_task *t = arg;
    dp_sim *sim = t->sim;

    pthread_mutex_lock(&sim->mutex);
    await_baton(t);
    pthread_mutex_unlock(&sim->mutex);
    t->run(t->arg);
    pthread_mutex_lock(&sim->mutex);
    t->done = true;
    give_back(sim);
    pthread_mutex_unlock(&sim->mutex);
    return NULL;
}

static void start(dp_sim_event *e)
{
    give(dp_of(e, dp_task, start));
}

static int thread_of(dp_task *t, size_t stack)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr))
        return DEVP2P_ERR_NOMEM;
    int err = pthread_attr_setstacksize(&attr, stack);
    if (err == 0)
        err = pthread_create(&t->thread, &attr, task_main, t);
    pthread_attr_destroy(&attr);
    return err ? DEVP2P_ERR_LIMIT : 0;
}

int dp_sim_spawn(
    dp_world *w, void (*run)(void *arg), void *arg, size_t stack, dp_task **out)
{
    dp_sim *sim = dp_sim_node_of(w)->sim;
    dp_task *t = dp_alloc(&sim->setup.env, sizeof *t);
    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->sim = sim;
    t->run = run;
    t->arg = arg;
    dp_assert(pthread_cond_init(&t->mine, NULL) == 0);
    int err = dp_sim_event_init(sim, &t->start, start);
    if (err == 0) {
        err = thread_of(t, stack);
        if (err)
            dp_sim_event_fini(sim, &t->start);
    }
    if (err) {
        pthread_cond_destroy(&t->mine);
        dp_free(&sim->setup.env, t, sizeof *t);
        return err;
    }
    dp_sim_event_by(sim, &t->start, sim->now.mono);
    *out = t;
    return 0;
}

/* dp_sim_join: on a loop the task has returned already, since it does not
 * park between its last post and its end. */
void dp_sim_join(dp_task *t)
{
    dp_sim *sim = t->sim;
    dp_assert(!sim->holder && (t->done || !sim->loop));
    while (!t->done)
        dp_sim_must(sim, "a task to return");
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->mine);
    dp_sim_event_fini(sim, &t->start);
    dp_free(&sim->setup.env, t, sizeof *t);
}

/* --- parkers --- */

static void wake(dp_sim_event *e)
{
    dp_task *sleeper = dp_of(e, dp_parker, wake)->sleeper;
    if (sleeper)
        give(sleeper);
}

int dp_sim_parker(dp_world *w, dp_parker **out)
{
    dp_sim *sim = dp_sim_node_of(w)->sim;
    dp_parker *p = dp_alloc(&sim->setup.env, sizeof *p);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->sim = sim;
    int err = dp_sim_event_init(sim, &p->wake, wake);
    if (err) {
        dp_free(&sim->setup.env, p, sizeof *p);
        return err;
    }
    *out = p;
    return 0;
}

void dp_sim_parker_free(dp_parker *p)
{
    dp_sim_event_fini(p->sim, &p->wake);
    dp_free(&p->sim->setup.env, p, sizeof *p);
}

/* sleep_task: the baton comes back with the token or at the time. */
static void sleep_task(dp_parker *p)
{
    dp_sim *sim = p->sim;
    p->sleeper = sim->holder;
    pthread_mutex_lock(&sim->mutex);
    give_back(sim);
    await_baton(p->sleeper);
    pthread_mutex_unlock(&sim->mutex);
    p->sleeper = NULL;
}

/* dp_sim_park always lets some time pass when there is no token, so that a
 * handler that polls does not stop the clock. */
int dp_sim_park(dp_parker *p, uint64_t until)
{
    dp_sim *sim = p->sim;

    if (sim->loop)
        return DEVP2P_ERR_STATE;
    if (!p->token) {
        uint64_t soon = sim->now.mono + DP_US;
        until = until > soon ? until : soon;
        dp_sim_event_by(sim, &p->wake, until);
        if (sim->holder)
            sleep_task(p);
        else
            while (!p->token && sim->now.mono < until)
                dp_sim_must(sim, "a token");
        dp_timer_set(sim->heap, &p->wake.timer, DP_NEVER);
    }
    bool token = p->token;
    p->token = false;
    return token ? 0 : DEVP2P_ERR_TIMEOUT;
}

void dp_sim_unpark(dp_parker *p)
{
    p->token = true;
    if (p->sleeper)
        dp_sim_event_by(p->sim, &p->wake, p->sim->now.mono);
}
