/* SPDX-License-Identifier: MIT */
/* script.h - nodes whose handler is a script. */
#ifndef DP_SIM_SCRIPT_H
#define DP_SIM_SCRIPT_H

#include "sim/public.h"

/* dp_scripts_end ends the scripts that were not left, dp_scripts_free frees
 * them when their nodes have ended. */
void dp_scripts_end(devp2p_sim *sim);
void dp_scripts_free(devp2p_sim *sim);

#endif
