/* SPDX-License-Identifier: MIT */
#include "sim_options.h"

#include "parse.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

enum { NODES_MAX = 100000, LOOPS_MAX = 64 };

int sim_order_read(sim_order *out, const call *asked)
{
    const sim_scenario *s = sim_scenario_find(asked->args[0]);
    if (!s)
        return misuse(asked->command, "unknown scenario %.64s, known are %s",
            asked->args[0], asked->command->args);
    uint64_t nodes = s->nodes, loops = 1, ms = s->seconds * 1000ull;
    if (asked->values[SIM_NODES] &&
        parse_between(&nodes, asked, SIM_NODES, 2, NODES_MAX))
        return USAGE;
    if (asked->values[SIM_FOR] && parse_duration(&ms, asked, SIM_FOR))
        return USAGE;
    if (asked->values[SIM_LOOPS] &&
        parse_between(&loops, asked, SIM_LOOPS, 1, LOOPS_MAX))
        return USAGE;
    *out = (sim_order){
        .scenario = s,
        .nodes = (size_t)nodes,
        .loops = (uint32_t)loops,
        .time_ms = ms,
        .test_crypto = asked->values[SIM_TEST_CRYPTO] != NULL,
    };
    return 0;
}

void sim_show_again(const call *asked, uint64_t seed)
{
    printf("devp2p sim run %s --seed %" PRIu64, asked->args[0], seed);
    for (size_t i = 0; i < SIM_OWN; i++) {
        const char *value = asked->values[i];
        if (value)
            printf(" --%s%s%s", asked->command->options[i].name,
                value[0] ? " " : "", value);
    }
    printf("\n");
}

void sim_show_faults(const uint64_t faults[DEVP2P_SIM_FAULT_KINDS])
{
    const char *before = " ";
    printf("faults:");
    for (int i = 0; i < DEVP2P_SIM_FAULT_KINDS; i++) {
        if (!faults[i])
            continue;
        printf("%s%s %" PRIu64, before,
            devp2p_sim_fault_word((devp2p_sim_fault_kind)i), faults[i]);
        before = ", ";
    }
    printf("%s\n", before[0] == ' ' ? " none" : "");
}
