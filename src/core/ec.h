/* SPDX-License-Identifier: MIT */
/* ec.h - the curve work of one handshake step.  It owns its inputs (packet,
 * keys, random bytes drawn beforehand) and its results: it runs on any thread
 * and may outlive the session; whoever holds it frees it. */
#ifndef DP_EC_H
#define DP_EC_H

#include "base/world.h"

typedef struct dp_ec dp_ec;

/* dp_ec_work is the job for the world's pool; dp_ec_of is the reverse. */
dp_work *dp_ec_work(dp_ec *ec);
dp_ec *dp_ec_of(dp_work *work);

/* dp_ec_owner and _set_owner: one pointer for whoever carries it around. */
void *dp_ec_owner(const dp_ec *ec);
void dp_ec_set_owner(dp_ec *ec, void *owner);

void dp_ec_run(dp_ec *ec);
void dp_ec_free(dp_ec *ec); /* wipes; NULL is fine */

#endif
