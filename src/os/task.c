/* SPDX-License-Identifier: MIT */
/* task.c - threads, and where they wait. */
#include "os/parts.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct dp_task {
    dp_world *world;
    void (*run)(void *arg);
    void *arg;
    pthread_t thread;
};

struct dp_parker {
    dp_os *os;
    pthread_mutex_t mutex;
    pthread_cond_t there;
    bool token;
};

/* --- which thread is this --- */

static _Thread_local dp_world *loop_of, *task_of;

void dp_os_here(dp_world *w)
{
    loop_of = w;
}

bool dp_os_on_loop(const dp_world *w)
{
    return loop_of && (!w || loop_of == w);
}

bool dp_os_of_node(dp_world *w)
{
    const dp_os *first = dp_os_of(w)->first;

    return (loop_of && dp_os_of(loop_of)->first == first) ||
           (task_of && dp_os_of(task_of)->first == first);
}

/* --- threads --- */

/* whole_pages is what some systems want a stack to be. */
static size_t whole_pages(size_t stack)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (stack < (size_t)PTHREAD_STACK_MIN)
        stack = (size_t)PTHREAD_STACK_MIN;
    return (stack + page - 1) / page * page;
}

int dp_os_thread(
    pthread_t *out, size_t stack, void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, before;

    if (pthread_attr_init(&attr))
        return DEVP2P_ERR_NOMEM;
    if (stack)
        pthread_attr_setstacksize(&attr, whole_pages(stack));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(out, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (err == 0)
        return 0;
    return dp_fail(err == EAGAIN ? DEVP2P_ERR_LIMIT : DEVP2P_ERR_IO,
        "no thread: %s", uv_strerror(-err));
}

static void *task_main(void *arg)
{
    dp_task *t = arg;
    task_of = t->world;
    t->run(t->arg);
    return NULL;
}

int dp_os_spawn(
    dp_world *w, void (*run)(void *arg), void *arg, size_t stack, dp_task **out)
{
    const dp_env *env = &dp_os_of(w)->setup.env;
    dp_task *t = dp_alloc(env, sizeof *t);
    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->world = w;
    t->run = run;
    t->arg = arg;
    int err = dp_os_thread(&t->thread, stack, task_main, t);
    if (err) {
        dp_free(env, t, sizeof *t);
        return err;
    }
    *out = t;
    return 0;
}

void dp_os_join(dp_task *t)
{
    pthread_join(t->thread, NULL);
    dp_free(&dp_os_of(t->world)->setup.env, t, sizeof *t);
}

/* --- parkers --- */

int dp_os_parker(dp_world *w, dp_parker **out)
{
    dp_os *os = dp_os_of(w);
    dp_parker *p = dp_alloc(&os->setup.env, sizeof *p);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->os = os;
    dp_assert(pthread_mutex_init(&p->mutex, NULL) == 0);
    pthread_condattr_t attr;
    dp_assert(pthread_condattr_init(&attr) == 0);
    dp_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    dp_assert(pthread_cond_init(&p->there, &attr) == 0);
    pthread_condattr_destroy(&attr);
    *out = p;
    return 0;
}

void dp_os_parker_free(dp_parker *p)
{
    pthread_cond_destroy(&p->there);
    pthread_mutex_destroy(&p->mutex);
    dp_free(&p->os->setup.env, p, sizeof *p);
}

/* sleep_until returns false when the time is over. */
static bool sleep_until(dp_parker *p, uint64_t until)
{
    struct timespec at = { .tv_sec = (time_t)(until / DP_SEC),
        .tv_nsec = (long)(until % DP_SEC) };
    if (until == DP_NEVER)
        return pthread_cond_wait(&p->there, &p->mutex) == 0;
    return pthread_cond_timedwait(&p->there, &p->mutex, &at) != ETIMEDOUT;
}

int dp_os_park(dp_parker *p, uint64_t until)
{
    if (dp_os_on_loop(NULL))
        return DEVP2P_ERR_STATE;
    pthread_mutex_lock(&p->mutex);
    bool time = true;
    while (!p->token && time)
        time = sleep_until(p, until);
    bool token = p->token;
    p->token = false;
    pthread_mutex_unlock(&p->mutex);
    return token ? 0 : DEVP2P_ERR_TIMEOUT;
}

void dp_os_unpark(dp_parker *p)
{
    pthread_mutex_lock(&p->mutex);
    p->token = true;
    pthread_cond_signal(&p->there);
    pthread_mutex_unlock(&p->mutex);
}
