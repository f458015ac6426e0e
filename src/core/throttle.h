/* SPDX-License-Identifier: MIT */
/* throttle.h - the addresses that connected lately, DP_THROTTLED of them: an
 * IPv4 address, or the /64 of an IPv6 one, which a host may choose freely from.
 * When there are more the oldest is forgotten before its time. */
#ifndef DP_THROTTLE_H
#define DP_THROTTLE_H

#include "base/now.h"

#include "base/map.h"

#include <devp2p/node.h>

typedef struct dp_throttle dp_throttle;

/* dp_throttle_new: an address is remembered for so many ns. */
int dp_throttle_new(dp_throttle **out, const dp_env *env,
    const uint8_t salt[16], uint64_t window);
void dp_throttle_free(dp_throttle *t);

/* dp_throttle_has tells whether an address is remembered, dp_throttle_note
 * remembers one that is not. */
bool dp_throttle_has(dp_throttle *t, const devp2p_addr *addr, dp_now now);
void dp_throttle_note(dp_throttle *t, const devp2p_addr *addr, dp_now now);

#endif
