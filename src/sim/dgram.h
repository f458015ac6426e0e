/* SPDX-License-Identifier: MIT */
/* dgram.h - datagram sockets of the simulated world. */
#ifndef DP_SIM_DGRAM_H
#define DP_SIM_DGRAM_H

#include "sim/parts.h"

enum {
    DP_DGRAMS_HERE = 256,   /* unread in a socket; more are dropped */
    DP_DGRAMS_FLYING = 1024 /* of a node on their way; more are dropped */
};

int dp_sim_udp(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound);
int dp_sim_recv(dp_io *io, void *out, size_t cap, size_t *n, devp2p_addr *from);
int dp_sim_send(dp_io *io, const void *at, size_t len, const devp2p_addr *to);

void dp_sim_dgram_want(dp_io *io, unsigned events);
void dp_sim_dgram_close(dp_io *io);

/* dp_sim_dgram_serve says what a socket among the eager ones has to say. */
void dp_sim_dgram_serve(dp_io *io);

/* dp_sim_dgrams_leave: a node is freed; what it sent still arrives. */
void dp_sim_dgrams_leave(dp_node *n);
void dp_sim_flights_free(dp_sim *sim);

#endif
