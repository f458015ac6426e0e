/* SPDX-License-Identifier: MIT */
/* sim_run.c - devp2p sim run SCENARIO */
#include "parse.h"
#include "report.h"
#include "sim_options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SEED = SIM_OWN, TRACE, LOG };

/* --- what is heard while it plays --- */

static void write_trace(void *user, const char *line)
{
    fprintf(user, "%s\n", line);
}

static const char *const levels[] = {
    [DEVP2P_LOG_OFF] = "off",
    [DEVP2P_LOG_ERROR] = "error",
    [DEVP2P_LOG_WARN] = "warn",
    [DEVP2P_LOG_INFO] = "info",
    [DEVP2P_LOG_DEBUG] = "debug",
    [DEVP2P_LOG_TRACE] = "trace",
};

enum { LEVELS = sizeof levels / sizeof *levels };

static void write_log(
    void *user, devp2p_log_level level, const char *area, const char *line)
{
    devp2p_sim *sim = *(devp2p_sim **)user; /* NULL while it is being made */
    uint64_t us = sim ? devp2p_sim_time_us(sim) : 0;
    fprintf(stderr, "%" PRIu64 ".%06" PRIu64 " %s %s: %s\n", us / 1000000,
        us % 1000000, levels[level], area, line);
}

static int read_level(devp2p_log_level *out, const call *asked)
{
    const char *word = asked->values[LOG];
    for (int i = 0; i < LEVELS; i++)
        if (!strcmp(word, levels[i])) {
            *out = (devp2p_log_level)i;
            return 0;
        }
    return misuse(asked->command,
        "not one of off, error, warn, info, debug, trace: --log %s", word);
}

/* --- what came of it --- */

static void show(const call *asked, const sim_order *o, const sim_outcome *out)
{
    const sim_sums *s = &out->sums;
    printf("%s, %zu nodes, seed %" PRIu64 "\n", asked->args[0], o->nodes,
        out->seed);
    printf("time: %" PRIu64 ".%03" PRIu64 " s\n", out->time_us / 1000000,
        out->time_us / 1000 % 1000);
    printf("peers: %" PRIu64 "\n", s->ends);
    printf("messages: %" PRIu64 " accepted, %" PRIu64 " delivered, %" PRIu64
           " unsent, %" PRIu64 " lost with a connection\n",
        s->accepted, s->delivered, s->unsent, s->lost);
    sim_show_faults(out->faults);
    if (out->failure[0]) {
        printf("again: ");
        sim_show_again(asked, out->seed);
    }
    printf("trace %016" PRIx64 "\n", out->hash);
}

/* close_trace tells whether all of the trace was written: 0, or FAILED. */
static int close_trace(FILE *trace, const char *path)
{
    errno = 0;
    bool lost = ferror(trace) != 0;
    if (fclose(trace) == 0 && !lost)
        return 0;
    return fail("cannot write %s%s%s", path, errno ? ": " : "",
        errno ? strerror(errno) : "");
}

/* perform plays with the trace in a file, if one is named. */
static int perform(sim_outcome *out, sim_order *order, const char *path)
{
    FILE *trace = path ? fopen(path, "w") : NULL;
    if (path && !trace)
        return fail("cannot write %s: %s", path, strerror(errno));
    if (trace) {
        order->trace = write_trace;
        order->trace_user = trace;
    }
    sim_perform(out, order);
    return trace ? close_trace(trace, path) : 0;
}

static int run(const call *asked)
{
    sim_order order;
    sim_outcome out;
    if (sim_order_read(&order, asked) ||
        parse_between(&order.seed, asked, SEED, 0, UINT64_MAX) ||
        read_level(&order.log_level, asked))
        return USAGE;
    if (order.log_level)
        order.log = write_log;
    int result = perform(&out, &order, asked->values[TRACE]);
    if (result)
        return result;
    show(asked, &order, &out);
    return out.failure[0] ? fail("seed %" PRIu64 ": %s", out.seed, out.failure)
                          : DONE;
}

const command command_sim_run = {
    .path = "sim run",
    .args = SIM_NAMES,
    .words = "Play a scenario once",
    .options = {
        SIM_OPTIONS,
        [SEED] = { "seed", "S", "1", "What all chance follows from", NULL, 0 },
        [TRACE] = { "trace", "FILE", NULL,
            "Where every step is written to", NULL, 0 },
        [LOG] = { "log", "LEVEL", "off",
            "What the nodes log, on standard error", NULL, 0 },
    },
    .run = run,
};
