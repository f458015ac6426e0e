/* SPDX-License-Identifier: MIT */
/* task.c - blocking handlers on threads of their own, of which one at a time
 * runs: whoever holds the baton.  park is the only place where a task gives it
 * back, so that a run depends on the seed alone. */
#include "sim/parts.h"

struct dp_task {
    dp_sim *sim;
    dp_node *node;
    dp_link link; /* in the tasks of the node */
    void (*run)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_cond_t mine; /* the baton is here */
    dp_sim_event start;
    bool started, done;
};

struct dp_parker {
    dp_sim *sim;
    dp_node *node;
    dp_link link; /* in the parkers of the node */
    dp_sim_event wake;
    dp_task *sleeper;
    bool waited;    /* somebody waits, */
    uint64_t until; /* by the clock of the node, */
    uint64_t soon;  /* and at least until then, by the world's */
    uint64_t at;
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
    dp_task *t = dp_of(e, dp_task, start);
    t->started = true;
    give(t);
}

/* later is at, or when the node runs again. */
static uint64_t later(const dp_node *n, uint64_t at)
{
    at = at > n->sim->now.mono ? at : n->sim->now.mono;
    return at > n->host->paused ? at : n->host->paused;
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
    dp_node *n = dp_sim_node_of(w);
    dp_sim *sim = n->sim;
    dp_task *t = dp_alloc(&sim->setup.env, sizeof *t);
    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->sim = sim;
    t->node = n;
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
    dp_list_push(&n->tasks, &t->link);
    dp_sim_event_by(sim, &t->start, later(n, 0));
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
    dp_unlink(&t->link);
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
    dp_node *n = dp_sim_node_of(w);
    dp_sim *sim = n->sim;
    dp_parker *p = dp_alloc(&sim->setup.env, sizeof *p);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->sim = sim;
    p->node = n;
    int err = dp_sim_event_init(sim, &p->wake, wake);
    if (err) {
        dp_free(&sim->setup.env, p, sizeof *p);
        return err;
    }
    dp_list_push(&n->parkers, &p->link);
    *out = p;
    return 0;
}

void dp_sim_parker_free(dp_parker *p)
{
    dp_unlink(&p->link);
    dp_sim_event_fini(p->sim, &p->wake);
    dp_free(&p->sim->setup.env, p, sizeof *p);
}

/* sleep_task: the baton comes back with the token or at the time. */
static void sleep_task(dp_parker *p)
{
    dp_sim *sim = p->sim;
    pthread_mutex_lock(&sim->mutex);
    give_back(sim);
    await_baton(p->sleeper);
    pthread_mutex_unlock(&sim->mutex);
}

/* arm sets when a waiter goes on; a pause is for tasks alone. */
static void arm(dp_parker *p)
{
    uint64_t at = dp_sim_node_when(p->node, p->until);

    at = at > p->soon ? at : p->soon;
    p->at = p->token ? p->sim->now.mono : at;
    if (p->sleeper)
        p->at = later(p->node, p->at);
    dp_timer_set(p->sim->heap, &p->wake.timer, p->at);
}

/* dp_sim_park always lets some time pass when there is no token, so that a
 * handler that polls does not stop the clock. */
int dp_sim_park(dp_parker *p, uint64_t until)
{
    dp_sim *sim = p->sim;

    if (sim->loop)
        return DEVP2P_ERR_STATE;
    if (!p->token) {
        p->until = until;
        p->soon = sim->now.mono + DP_US;
        p->sleeper = sim->holder;
        p->waited = true;
        arm(p);
        if (sim->holder)
            sleep_task(p);
        else
            while (!p->token && sim->now.mono < p->at)
                dp_sim_must(sim, "a token");
        p->waited = false;
        p->sleeper = NULL;
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
        arm(p);
}

void dp_sim_tasks_arm(dp_node *n)
{
    for (dp_link *k = dp_list_first(&n->tasks); k;
         k = dp_list_next(&n->tasks, k)) {
        dp_task *t = dp_of(k, dp_task, link);
        if (!t->started)
            dp_timer_set(n->sim->heap, &t->start.timer, later(n, 0));
    }
    for (dp_link *k = dp_list_first(&n->parkers); k;
         k = dp_list_next(&n->parkers, k))
        if (dp_of(k, dp_parker, link)->waited)
            arm(dp_of(k, dp_parker, link));
}
