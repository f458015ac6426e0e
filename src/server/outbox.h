/* SPDX-License-Identifier: MIT */
/* outbox.h - packets that threads sent and the session has not yet: a ring. */
#ifndef DP_OUTBOX_H
#define DP_OUTBOX_H

#include "core/packet.h"

typedef struct dp_outbox {
    dp_packet **ring;
    size_t first, n, cap;
    size_t bytes; /* that they weigh */
} dp_outbox;

/* dp_outbox_add keeps the packet: 0, ERR_NOMEM. */
int dp_outbox_add(dp_outbox *o, const dp_env *env, dp_packet *p);

/* dp_outbox_first is the oldest packet or NULL, dp_outbox_pop drops it. */
dp_packet *dp_outbox_first(const dp_outbox *o);
void dp_outbox_pop(dp_outbox *o);

/* dp_outbox_shrink gives back a ring that is empty and was long. */
void dp_outbox_shrink(dp_outbox *o, const dp_env *env);
void dp_outbox_fini(dp_outbox *o, const dp_env *env);

#endif
