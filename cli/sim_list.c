/* SPDX-License-Identifier: MIT */
/* sim_list.c - devp2p sim list */
#include "command.h"
#include "sim_scenario.h"

#include <stdio.h>

static int run(const call *asked)
{
    (void)asked;
    const char *name;
    const sim_scenario *s;
    for (size_t i = 0; (s = sim_scenario_at(i, &name)) != NULL; i++)
        printf("%-18s  %s (%u nodes, %u s)\n", name, s->words, s->nodes,
            s->seconds);
    return DONE;
}

const command command_sim_list = {
    .path = "sim list",
    .args = "",
    .words = "Show the scenarios",
    .run = run,
};
