/* SPDX-License-Identifier: MIT */
#include "sim_jobs.h"

#include "report.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HUNG_S = 120, POLL_MS = 500 };

/* A job is a child, if one runs, and the seed that it is at. */
typedef struct job {
    pid_t child; /* 0: none */
    int pipe;    /* where its outcomes come from */
    uint64_t seed;
    time_t began; /* with this seed */
} job;

typedef struct team {
    const sim_jobs *plan;
    job *jobs;
    struct pollfd *polls;
    unsigned n;
    bool enough; /* take has said so */
} team;

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    interrupted = signal_number;
}

static time_t clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* more tells whether a job has seeds left. */
static bool more(const team *t, const job *j)
{
    return j->seed < t->plan->from + t->plan->count;
}

/* --- a child --- */

/* work is what a child does; that it exits in the usual way lets a sanitizer
 * have the last word. */
static void work(const team *t, const job *j, int out)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigaction(SIGINT, &usual, NULL);
    sim_order order = *t->plan->order;
    sim_outcome outcome;
    for (order.seed = j->seed; order.seed < t->plan->from + t->plan->count;
         order.seed += t->n) {
        sim_perform(&outcome, &order);
        if (write(out, &outcome, sizeof outcome) != sizeof outcome)
            exit(FAILED);
    }
    exit(DONE);
}

/* start forks a child for the seeds that a job has left. */
static int start(team *t, job *j)
{
    int ends[2];
    fflush(NULL); /* or the child writes it too */
    if (pipe(ends) != 0)
        return fail("cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return fail("cannot start a child: %s", strerror(errno));
    }
    if (child == 0) {
        for (unsigned i = 0; i < t->n; i++)
            if (t->jobs[i].child)
                close(t->jobs[i].pipe);
        close(ends[0]);
        work(t, j, ends[1]);
    }
    close(ends[1]);
    j->child = child;
    j->pipe = ends[0];
    j->began = clock_s();
    return 0;
}

/* reap waits for a child that has ended, or is about to: how it ended. */
static int reap(job *j)
{
    int status = 0;
    while (waitpid(j->child, &status, 0) < 0 && errno == EINTR)
        ;
    close(j->pipe);
    j->child = 0;
    return status;
}

/* --- what comes of one --- */

static void take(team *t, const sim_outcome *out)
{
    if (!t->enough)
        t->enough = !t->plan->take(t->plan->user, out);
}

/* blame makes a failed seed of a child that did not do its work. */
static void blame(team *t, uint64_t seed, int status, bool hung)
{
    sim_outcome out = { .seed = seed };
    if (hung)
        snprintf(out.failure, sizeof out.failure,
            "it hung: no end after %d s of real time", HUNG_S);
    else if (WIFSIGNALED(status))
        snprintf(out.failure, sizeof out.failure, "it crashed: %s",
            strsignal(WTERMSIG(status)));
    else
        snprintf(out.failure, sizeof out.failure, "it crashed: exit status %d",
            WEXITSTATUS(status));
    take(t, &out);
}

/* bury follows the end of a child: in the midst of a seed that one has failed,
 * behind the last one whatever the child ended with. */
static int bury(team *t, job *j, bool hung)
{
    int status = reap(j);
    if (more(t, j)) {
        blame(t, j->seed, status, hung);
        j->seed += t->n;
    } else if (status) {
        blame(t, j->seed - t->n, status, false);
    }
    return more(t, j) && !t->enough ? start(t, j) : 0;
}

/* hear reads one outcome; a pipe that ends is a child that has ended. */
static int hear(team *t, job *j)
{
    sim_outcome out;
    size_t n = 0;
    while (n < sizeof out) {
        ssize_t got = read(j->pipe, (char *)&out + n, sizeof out - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return bury(t, j, false);
        n += (size_t)got;
    }
    j->seed += t->n;
    j->began = clock_s();
    take(t, &out);
    return 0;
}

/* --- all of them --- */

/* watch waits for a while and takes what came: 0, or FAILED. */
static int watch(team *t)
{
    int err = 0;
    for (unsigned i = 0; i < t->n; i++)
        t->polls[i] = (struct pollfd){
            .fd = t->jobs[i].child ? t->jobs[i].pipe : -1,
            .events = POLLIN,
        };
    if (poll(t->polls, t->n, POLL_MS) < 0 && errno != EINTR)
        return fail("cannot wait: %s", strerror(errno));
    for (unsigned i = 0; !err && !interrupted && i < t->n; i++) {
        job *j = &t->jobs[i];
        if (!j->child)
            continue;
        if (t->polls[i].revents) {
            err = hear(t, j);
        } else if (more(t, j) && clock_s() - j->began > HUNG_S) {
            kill(j->child, SIGKILL);
            err = bury(t, j, true);
        }
    }
    return err;
}

static bool busy(const team *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->jobs[i].child)
            return true;
    return false;
}

static int play(team *t)
{
    int err = 0;
    for (unsigned i = 0; !err && i < t->n; i++) {
        t->jobs[i].seed = t->plan->from + i;
        err = more(t, &t->jobs[i]) ? start(t, &t->jobs[i]) : 0;
    }
    while (!err && !interrupted && !t->enough && busy(t))
        err = watch(t);
    for (unsigned i = 0; i < t->n; i++)
        if (t->jobs[i].child) {
            kill(t->jobs[i].child, SIGKILL);
            reap(&t->jobs[i]);
        }
    return interrupted ? fail("interrupted") : err;
}

int sim_jobs_run(const sim_jobs *plan)
{
    struct sigaction mine = { .sa_handler = interrupt }, before;
    team t = { .plan = plan, .n = plan->jobs };
    t.jobs = calloc(t.n, sizeof *t.jobs);
    t.polls = calloc(t.n, sizeof *t.polls);
    int err = t.jobs && t.polls ? 0 : fail("out of memory");
    if (!err) {
        sigaction(SIGINT, &mine, &before);
        err = play(&t);
        sigaction(SIGINT, &before, NULL);
    }
    free(t.jobs);
    free(t.polls);
    return err;
}
