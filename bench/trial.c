/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include "crypto/cpu.h"

#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

/* As long as a trial lasts: long against the clock, short against the noise of
 * a shared machine. */
#define TRIAL_NS UINT64_C(60000000)

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void meter_start(meter *m)
{
    m->began = cpu_ns();
}

void meter_stop(meter *m, uint64_t ops)
{
    m->spent += cpu_ns() - m->began;
    m->ops += ops;
}

static void answer(const thing *it)
{
    meter warm = { 0 }, m = { 0 };
    it->run(&warm);
    while (m.spent < TRIAL_NS)
        it->run(&m);
    printf("%.1f\n", (double)m.spent / (double)m.ops);
    fflush(stdout);
}

int trial_serve(const thing *things, size_t n)
{
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "cpu") == 0) {
            puts(dp_cpu_chosen()->name);
            fflush(stdout);
            continue;
        }
        size_t i = 0;
        while (i < n && strcmp(things[i].name, line) != 0)
            i++;
        if (i == n) {
            fprintf(stderr, "nothing is called %s\n", line);
            return 1;
        }
        answer(&things[i]);
    }
    return 0;
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint64_t ns_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) +
           (uint64_t)t.tv_usec * 1000;
}

uint64_t usage_ns(void)
{
    struct rusage u;
    must(getrusage(RUSAGE_SELF, &u) == 0);
    return ns_of(u.ru_utime) + ns_of(u.ru_stime);
}

void more_descriptors(void)
{
    struct rlimit most;
    must(getrlimit(RLIMIT_NOFILE, &most) == 0);
    most.rlim_cur = most.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &most) == 0);
}

_Noreturn void not_understood(const char *line)
{
    fprintf(stderr, "not understood: %s\n", line);
    exit(1);
}

static int system_random(void *user, void *out, size_t len)
{
    (void)user;
    return getrandom(out, len, 0) == (ssize_t)len ? 0 : DEVP2P_ERR_RANDOM;
}

dp_env trial_env(void)
{
    return (dp_env){ .alloc = dp_default_alloc, .random = system_random };
}
