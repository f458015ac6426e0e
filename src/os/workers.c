/* SPDX-License-Identifier: MIT */
/* workers.c - a few threads for curve work: ours, since libuv's are for the
 * whole process and four, and the program may need them. */
#include "os/parts.h"

#include <unistd.h>

static unsigned default_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores <= 2)
        return 1;
    return cores > DP_WORKERS_DEFAULT_MAX ? DP_WORKERS_DEFAULT_MAX
                                          : (unsigned)cores - 1;
}

void dp_os_workers_init(dp_workers *k, uint32_t max)
{
    *k = (dp_workers){ .max = max ? max : default_threads() };
    if (k->max > DP_WORKERS_MAX)
        k->max = DP_WORKERS_MAX;
    k->tail = &k->head;
    k->done_tail = &k->done;
    dp_assert(pthread_mutex_init(&k->mutex, NULL) == 0);
    dp_assert(pthread_cond_init(&k->more, NULL) == 0);
}

void dp_os_workers_fini(dp_workers *k)
{
    pthread_cond_destroy(&k->more);
    pthread_mutex_destroy(&k->mutex);
}

/* next_job waits for a job; NULL is the end of the thread. */
static dp_work *next_job(dp_workers *k)
{
    while (!k->head && !k->stop)
        pthread_cond_wait(&k->more, &k->mutex);
    dp_work *job = k->head;
    if (!job)
        return NULL;
    k->head = job->next;
    if (!k->head)
        k->tail = &k->head;
    return job;
}

/* put_done: true when the loop is to be told.  To wake it costs as much as a
 * tenth of a job, so while others wait a few are told of at once; who comes
 * alone does not wait. */
static bool put_done(dp_workers *k, dp_work *job)
{
    k->jobs--;
    job->next = NULL;
    *k->done_tail = job;
    k->done_tail = &job->next;
    k->untold++;
    if (k->told || (k->head && k->untold < DP_WORKERS_TOLD))
        return false;
    k->told = true;
    return true;
}

/* worker_main pokes without the mutex, which the loop takes as it wakes. */
static void *worker_main(void *arg)
{
    dp_os *os = arg;
    dp_workers *k = &os->workers;

    pthread_mutex_lock(&k->mutex);
    for (dp_work *job; (job = next_job(k));) {
        pthread_mutex_unlock(&k->mutex);
        job->run(job);
        pthread_mutex_lock(&k->mutex);
        if (!put_done(k, job))
            continue;
        pthread_mutex_unlock(&k->mutex);
        dp_os_poke(os);
        pthread_mutex_lock(&k->mutex);
    }
    pthread_mutex_unlock(&k->mutex);
    return NULL;
}

int dp_os_workers_start(dp_workers *k, dp_os *os)
{
    k->stop = false; /* a start that failed has stopped them */
    for (; k->n < k->max; k->n++) {
        int err = dp_os_thread(&k->threads[k->n], 0, worker_main, os);
        if (err) {
            dp_os_workers_stop(k);
            return err;
        }
    }
    return 0;
}

void dp_os_workers_stop(dp_workers *k)
{
    pthread_mutex_lock(&k->mutex);
    k->stop = true;
    pthread_cond_broadcast(&k->more);
    pthread_mutex_unlock(&k->mutex);
    for (; k->n; k->n--)
        pthread_join(k->threads[k->n - 1], NULL);
}

/* dp_os_workers_give signals without the mutex, or who wakes would wait for it.
 */
int dp_os_workers_give(dp_workers *k, dp_work *job)
{
    int err = DEVP2P_ERR_AGAIN;
    pthread_mutex_lock(&k->mutex);
    if (k->jobs < DP_EC_QUEUE) {
        k->jobs++;
        job->next = NULL;
        *k->tail = job;
        k->tail = &job->next;
        err = 0;
    }
    pthread_mutex_unlock(&k->mutex);
    if (!err)
        pthread_cond_signal(&k->more);
    return err;
}

dp_work *dp_os_workers_take(dp_workers *k)
{
    pthread_mutex_lock(&k->mutex);
    dp_work *done = k->done;
    k->done = NULL;
    k->done_tail = &k->done;
    k->untold = 0;
    k->told = false;
    pthread_mutex_unlock(&k->mutex);
    return done;
}
