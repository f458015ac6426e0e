/* SPDX-License-Identifier: MIT */
/* sim_options.h - what the commands about simulations have in common. */
#ifndef CLI_SIM_OPTIONS_H
#define CLI_SIM_OPTIONS_H

#include "command.h"
#include "sim_stage.h"

/* Their first options are these rows. */
enum { SIM_NODES, SIM_FOR, SIM_LOOPS, SIM_TEST_CRYPTO, SIM_OWN };

/* clang-format off */
#define SIM_OPTIONS                                                       \
    [SIM_NODES] = { "nodes", "N", NULL,                                   \
        "How many there are, as the scenario has it otherwise", NULL, 0 }, \
    [SIM_FOR] = { "for", "TIME", NULL,                                    \
        "How long it plays: 90s, 5m, 1h of virtual time", NULL, 0 },      \
    [SIM_LOOPS] = { "loops", "N", NULL,                                   \
        "Loops of each node: 1 to 64, 1 otherwise", NULL, 0 },            \
    [SIM_TEST_CRYPTO] = { "test-crypto", NULL, NULL,                      \
        "Cheap curve functions, for many nodes", NULL, 0 }
/* clang-format on */

/* sim_order_read reads the scenario and these options: 0, or USAGE. */
int sim_order_read(sim_order *out, const call *asked);

/* sim_show_again writes the command line that plays a seed again, as a line. */
void sim_show_again(const call *asked, uint64_t seed);

/* sim_show_faults writes "faults:" and those that happened, in one line. */
void sim_show_faults(const uint64_t faults[DEVP2P_SIM_FAULT_KINDS]);

#endif
