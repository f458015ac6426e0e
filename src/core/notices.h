/* SPDX-License-Identifier: MIT */
/* notices.h - events on their way out; those that find no memory are counted in
 * one LOST event. */
#ifndef DP_NOTICES_H
#define DP_NOTICES_H

#include "base/env.h"
#include "base/list.h"
#include "base/now.h"

#include <devp2p/server.h>

typedef struct dp_notices {
    const dp_env *env;
    dp_list list;
    uint32_t lost;
} dp_notices;

void dp_notices_init(dp_notices *n, const dp_env *env);
void dp_notices_fini(dp_notices *n);

/* dp_notices_tell stamps and queues a copy of event. */
void dp_notices_tell(dp_notices *n, const devp2p_event *event, dp_now now);
bool dp_notices_next(dp_notices *n, devp2p_event *out, dp_now now);

#endif
