/* SPDX-License-Identifier: MIT */
/* bandwidth.h - the part of a configuration that bounds bytes: those that move,
 * a second, and those that wait. */
#ifndef DP_BANDWIDTH_H
#define DP_BANDWIDTH_H

#include "base/budget.h"
#include "core/self.h"

#include <devp2p/server.h>

typedef struct dp_bandwidth {
    uint32_t in_per_s, out_per_s;           /* of all, 0: no bound */
    uint32_t peer_in_per_s, peer_out_per_s; /* of each */
    uint32_t send_mark, recv_mark;
    uint32_t send_total, recv_total; /* DEVP2P_NONE: no bound */
    uint32_t loops;                  /* that have equal parts of these */
} dp_bandwidth;

/* dp_bandwidth_init checks: 0, or ERR_INVALID and the detail names the field.
 * dp_bandwidth_write is the reverse. */
int dp_bandwidth_init(dp_bandwidth *out, const devp2p_config *cfg);
void dp_bandwidth_write(const dp_bandwidth *b, devp2p_config *out);

/* dp_bandwidth_total is what a total of the configuration bounds, SIZE_MAX for
 * nothing. */
size_t dp_bandwidth_total(uint32_t total);

/* dp_bandwidth_apply is what sessions see of it; in and out are the server's,
 * recv and send their loop's, and stay. */
void dp_bandwidth_apply(const dp_bandwidth *b, dp_node_self *self, dp_rate *in,
    dp_rate *out, dp_budget *recv, dp_budget *send);

#endif
