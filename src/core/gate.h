/* SPDX-License-Identifier: MIT */
/* gate.h - the bucket before the pool: curve work of strangers waits here for a
 * token, our own dials go first (DESIGN 9, "handshakes to the pool"). */
#ifndef DP_GATE_H
#define DP_GATE_H

#include "base/list.h"
#include "base/map.h"
#include "core/ec.h"

typedef struct dp_gate dp_gate;

int dp_gate_new(dp_gate **out, const dp_env *env, dp_now now);
void dp_gate_free(dp_gate *g); /* frees what waits */

/* dp_gate_limit_lan: local subnets have their share too, and no more. */
void dp_gate_limit_lan(dp_gate *g);

/* dp_gate_put takes ec; the caller owns it still when it fails.
 * Returns: 0; ERR_AGAIN when the queue is full; ERR_LIMIT when from's subnet
 *          used up its share; ERR_NOMEM.
 * In:      from - NULL for a dial of ours, which needs no token. */
int dp_gate_put(dp_gate *g, dp_ec *ec, const devp2p_addr *from, dp_now now);

/* dp_gate_next gives the next job that may run now, or NULL; dp_gate_undo puts
 * one back first when the pool was full; dp_gate_when is the moment to ask
 * again, after an undo DP_NEVER: ask when the pool gives a job back.
 * dp_gate_forget drops (frees) what waits for owner. */
dp_ec *dp_gate_next(dp_gate *g, dp_now now);
void dp_gate_undo(dp_gate *g, dp_ec *ec);
uint64_t dp_gate_when(dp_gate *g, dp_now now);
void dp_gate_forget(dp_gate *g, void *owner);

#endif
