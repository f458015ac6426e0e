/* SPDX-License-Identifier: MIT */
/* traffic.h - what was moved, where any thread may ask: a copy of the loop's
 * counts, brought up to date once a turn. */
#ifndef DP_TRAFFIC_H
#define DP_TRAFFIC_H

#include "core/meter.h"

/* A dp_traffic is a peer's; under its lock. */
typedef struct dp_traffic {
    dp_meter meter;
    const devp2p_cap **caps; /* what is shared, among what the peer announced */
} dp_traffic;

/* dp_traffic_open prepares a peer that announced n caps and shares some of
 * ours: 0, ERR_NOMEM. */
int dp_traffic_open(dp_traffic *t, const dp_env *env, const devp2p_cap *caps,
    size_t n, const dp_caps *shared, const dp_protocol *ours);
void dp_traffic_fini(dp_traffic *t, const dp_env *env);

#endif
