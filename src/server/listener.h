/* SPDX-License-Identifier: MIT */
/* listener.h - where a server accepts: one address, or every address of both
 * families on one port. */
#ifndef DP_LISTENER_H
#define DP_LISTENER_H

#include "base/world.h"

typedef struct dp_listener {
    dp_io *io[2]; /* NULL: none */
    bool reading;
} dp_listener;

/* dp_listener_bind opens what at says; family 0 is every address.  A machine
 * that lacks one of the families listens on the other.
 * Returns: as ops->listen; the detail names the address.
 * Out:     bound - where a node of this machine reaches it. */
int dp_listener_bind(
    dp_listener *l, dp_world *w, const devp2p_addr *at, devp2p_addr *bound);

/* dp_listener_want accepts connections, or does not for a while. */
void dp_listener_want(dp_listener *l, dp_world *w, bool accepting);
void dp_listener_close(dp_listener *l, dp_world *w);

#endif
