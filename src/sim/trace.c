/* SPDX-License-Identifier: MIT */
/* trace.c - what is told of a run: its hash, its lines, its faults. */
#include "sim/parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE = 512 };

void dp_sim_count(dp_sim *sim, devp2p_sim_fault_kind kind)
{
    sim->counts[kind]++;
}

uint64_t dp_sim_counted(const dp_sim *sim, devp2p_sim_fault_kind kind)
{
    return sim->counts[kind];
}

/* dp_sim_fold: the hash so far and the time are the key of the next one. */
void dp_sim_fold(dp_sim *sim, const void *bytes, size_t len)
{
    uint64_t salt[2] = { sim->trace, sim->now.mono };
    uint8_t key[16];

    memcpy(key, salt, sizeof key);
    sim->trace = dp_siphash(key, bytes, len);
}

uint64_t dp_sim_trace(const dp_sim *sim)
{
    return sim->trace;
}

void dp_sim_say(dp_sim *sim, const char *format, ...)
{
    uint64_t ns = sim->now.mono - DP_SIM_START;
    char line[LINE];
    va_list args;

    if (!sim->setup.trace)
        return;
    int n = snprintf(line, sizeof line, "%" PRIu64 ".%09" PRIu64 " ",
        ns / DP_SEC, ns % DP_SEC);
    va_start(args, format);
    vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    sim->setup.trace(sim->setup.trace_user, line);
}
