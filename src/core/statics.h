/* SPDX-License-Identifier: MIT */
/* statics.h - the static nodes and when each may be dialled: at once, then
 * DP_REDIAL_NS after the last attempt began. */
#ifndef DP_STATICS_H
#define DP_STATICS_H

#include "base/limits.h"
#include "base/map.h"

#include <devp2p/node.h>

typedef struct dp_statics dp_statics;

int dp_statics_new(dp_statics **out, const dp_env *env, const uint8_t salt[16]);
void dp_statics_free(dp_statics *s);

/* dp_statics_add: 0, ERR_EXISTS, ERR_LIMIT, ERR_NOMEM.  The node rests until
 * dp_statics_wake. */
int dp_statics_add(dp_statics *s, const devp2p_node *node);
bool dp_statics_cut(dp_statics *s, const devp2p_id *id);
const devp2p_node *dp_statics_find(const dp_statics *s, const devp2p_id *id);

/* dp_statics_wake lets a node be dialled once its time comes, dp_statics_rest
 * does not; an id that is not static is ignored. */
void dp_statics_wake(dp_statics *s, const devp2p_id *id);
void dp_statics_rest(dp_statics *s, const devp2p_id *id);

/* dp_statics_due is the node that has waited longest of those whose time has
 * come, or NULL: its attempt begins now and it rests.  dp_statics_when is the
 * moment the next one is due. */
const devp2p_node *dp_statics_due(dp_statics *s, dp_now now);
uint64_t dp_statics_when(const dp_statics *s);

#endif
