/* SPDX-License-Identifier: MIT */
/* check.h - what must hold at every step of a simulation.  What does not is
 * told by devp2p_sim_fail. */
#ifndef DP_SIM_CHECK_H
#define DP_SIM_CHECK_H

#include "sim/tap.h"

#include "base/now.h"

struct dp_loop;

/* dp_check_event: one session a pair, no peer without proof, no more peers than
 * slots.  dp_check_told: a handler begins behind the PEER_ADD of its peer.
 * dp_check_open and _close: one handler for a protocol and a peer, closed
 * once. */
void dp_check_event(dp_tap *tap, const devp2p_event *event);
void dp_check_told(dp_tap *tap, const devp2p_peer *peer);
void dp_check_open(dp_tap *tap, size_t row, const devp2p_id *id);
void dp_check_close(dp_tap *tap, size_t row, const devp2p_id *id);

/* dp_check_dial: 35 s pass from one dial of a static node to the next. */
void dp_check_dial(dp_tap *tap, const devp2p_addr *to, dp_now now);

/* dp_check_turn: a loop that wants its next turn at a moment misses no
 * deadline by that, and its totals hold. */
void dp_check_turn(
    dp_tap *tap, const struct dp_loop *loop, dp_now now, uint64_t next);

/* dp_check_ended: a server that has ended has closed what it opened, and holds
 * nothing. */
void dp_check_ended(dp_tap *tap);

#endif
