/* SPDX-License-Identifier: MIT */
/* stranger.h - connects to a node, says what it was given, and waits to be
 * thrown out. */
#ifndef DP_SIM_STRANGER_H
#define DP_SIM_STRANGER_H

#include "sim/public.h"

/* dp_stranger_send: 0, ERR_STATE when the node does not run or listen,
 * ERR_NOMEM. */
int dp_stranger_send(devp2p_sim_node *to, devp2p_slice bytes);

/* dp_strangers_bury frees those that have gone, dp_strangers_end lets all
 * go. */
void dp_strangers_bury(devp2p_sim *sim);
void dp_strangers_end(devp2p_sim *sim);

#endif
