/* SPDX-License-Identifier: MIT */
/* trust.h - the trusted nodes, DP_TRUSTED_MAX at most, and what comes from
 * their addresses: DP_TRUSTED_PER_S connections from each pass without asking
 * for anything else. */
#ifndef DP_TRUST_H
#define DP_TRUST_H

#include "base/now.h"

#include "base/map.h"

#include <devp2p/node.h>

typedef struct dp_trust dp_trust;

int dp_trust_new(dp_trust **out, const dp_env *env, const uint8_t salt[16]);
void dp_trust_free(dp_trust *t);

/* dp_trust_add: 0, also when a node that is there has another address now;
 * ERR_EXISTS, ERR_LIMIT, ERR_NOMEM.  A node without an address is known by its
 * id alone, or keeps the address that it has. */
int dp_trust_add(dp_trust *t, const devp2p_node *node, dp_now now);
bool dp_trust_cut(dp_trust *t, const devp2p_id *id);
bool dp_trust_has(const dp_trust *t, const devp2p_id *id);

/* dp_trust_pass takes the token of an address, if it is a trusted node's and
 * has one. */
bool dp_trust_pass(dp_trust *t, const devp2p_addr *from, dp_now now);

#endif
