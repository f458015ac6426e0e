/* SPDX-License-Identifier: MIT */
/* history.h - the ids that were dialled in the last DP_REDIAL_NS, at most
 * DP_DIAL_HISTORY of them.  It takes no memory before the first one. */
#ifndef DP_HISTORY_H
#define DP_HISTORY_H

#include "base/limits.h"
#include "base/map.h"

#include <devp2p/key.h>

typedef struct dp_past dp_past;

typedef struct dp_history {
    const dp_env *env;
    uint8_t salt[16];
    dp_map *by_id;
    dp_past *ring;
    size_t first, n;
} dp_history;

void dp_history_init(dp_history *h, const dp_env *env, const uint8_t salt[16]);
void dp_history_fini(dp_history *h);

/* dp_history_note: 0, ERR_AGAIN when id is there, ERR_LIMIT when it is full,
 * ERR_NOMEM. */
int dp_history_note(dp_history *h, const devp2p_id *id, dp_now now);
bool dp_history_has(dp_history *h, const devp2p_id *id, dp_now now);

/* dp_history_full is when there is room again, 0 when there is. */
uint64_t dp_history_full(dp_history *h, dp_now now);

#endif
