/* SPDX-License-Identifier: MIT */
/* sim_seeds.c - devp2p sim seeds SCENARIO: many seeds, in child processes, so
 * that one which crashes or hangs is a failed seed like any other. */
#include "parse.h"
#include "report.h"
#include "sim_jobs.h"
#include "sim_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FROM = SIM_OWN, COUNT, JOBS, EVERY_FAULT, STOP };
enum { JOBS_MAX = 256 };

/* A tally is what is known of all seeds so far. */
typedef struct tally {
    const call *asked;
    uint64_t count, played, failed;
    uint64_t faults[DEVP2P_SIM_FAULT_KINDS];
    time_t began;
    bool terminal; /* somebody watches */
} tally;

/* --- while they play --- */

static void wipe_progress(const tally *t)
{
    if (t->terminal)
        fprintf(stderr, "\r\033[K");
}

static void show_progress(const tally *t)
{
    if (!t->terminal)
        return;
    uint64_t took = (uint64_t)(time(NULL) - t->began);
    uint64_t left = took * (t->count - t->played) / t->played;
    fprintf(stderr,
        "\r\033[K%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed, %" PRIu64
        " a minute, %" PRIu64 ":%02" PRIu64 " left",
        t->played, t->count, t->failed, t->played * 60 / (took ? took : 1),
        left / 60, left % 60);
}

/* take hears of a seed that has played; false ends it all. */
static bool take(void *user, const sim_outcome *out)
{
    tally *t = user;
    /* a child may also fail behind its last seed */
    t->played += t->played < t->count;
    for (int i = 0; i < DEVP2P_SIM_FAULT_KINDS; i++)
        t->faults[i] += out->faults[i];
    if (out->failure[0]) {
        t->failed++;
        wipe_progress(t);
        printf("seed %" PRIu64 ": %s\n  ", out->seed, out->failure);
        sim_show_again(t->asked, out->seed);
        fflush(stdout);
    }
    show_progress(t);
    return !out->failure[0] || !t->asked->values[STOP];
}

/* --- when they have played --- */

/* check_faults fails when one that the scenario is about never happened. */
static int check_faults(const tally *t, uint64_t wanted)
{
    char list[512] = "";
    for (int i = 0; i < DEVP2P_SIM_FAULT_KINDS; i++) {
        size_t len = strlen(list);
        if ((wanted & DEVP2P_SIM_BIT(i)) && !t->faults[i])
            snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "",
                devp2p_sim_fault_word((devp2p_sim_fault_kind)i));
    }
    return list[0] ? fail("never happened in any seed: %s", list) : DONE;
}

static int conclude(const tally *t, const sim_order *order, int err)
{
    wipe_progress(t);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", t->played, t->failed);
    sim_show_faults(t->faults);
    if (err)
        return FAILED;
    if (t->failed)
        return fail(
            "%" PRIu64 " of %" PRIu64 " seeds failed", t->failed, t->played);
    return t->asked->values[EVERY_FAULT]
               ? check_faults(t, order->scenario->faults)
               : DONE;
}

static int read_jobs(unsigned *out, const call *asked)
{
    uint64_t jobs = 1;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked->values[JOBS])
        return parse_between(&jobs, asked, JOBS, 1, JOBS_MAX)
                   ? USAGE
                   : (*out = (unsigned)jobs, 0);
    *out = cores < 1 ? 1 : cores < JOBS_MAX ? (unsigned)cores : JOBS_MAX;
    return 0;
}

static int run(const call *asked)
{
    sim_order order;
    sim_jobs plan = { .order = &order, .take = take };
    tally t = { .asked = asked };
    if (sim_order_read(&order, asked) ||
        parse_between(&plan.from, asked, FROM, 0, UINT32_MAX) ||
        parse_between(&plan.count, asked, COUNT, 1, UINT32_MAX) ||
        read_jobs(&plan.jobs, asked))
        return USAGE;
    t.count = plan.count;
    t.began = time(NULL);
    t.terminal = isatty(STDERR_FILENO) == 1;
    plan.user = &t;
    return conclude(&t, &order, sim_jobs_run(&plan));
}

const command command_sim_seeds = {
    .path = "sim seeds",
    .args = SIM_NAMES,
    .words = "Play a scenario with many seeds",
    .options = {
        SIM_OPTIONS,
        [FROM] = { "from", "A", "1", "The first seed", NULL, 0 },
        [COUNT] = { "count", "N", "100", "How many seeds there are", NULL, 0 },
        [JOBS] = { "jobs", "J", NULL,
            "How many play at a time, as many as cores otherwise", NULL, 0 },
        [EVERY_FAULT] = { "every-fault", NULL, NULL,
            "Fail when a fault of the scenario never happens", NULL, 0 },
        [STOP] = { "stop", NULL, NULL, "End with the first seed that fails",
            NULL, 0 },
    },
    .run = run,
};
