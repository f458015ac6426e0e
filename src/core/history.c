/* SPDX-License-Identifier: MIT */
/* history.c - all stay equally long, so that the oldest is the next to go. */
#include "core/history.h"

#include <string.h>

struct dp_past {
    devp2p_id id;
    uint64_t until;
};

void dp_history_init(dp_history *h, const dp_env *env, const uint8_t salt[16])
{
    *h = (dp_history){ .env = env };
    memcpy(h->salt, salt, sizeof h->salt);
}

void dp_history_fini(dp_history *h)
{
    dp_map_free(h->by_id);
    dp_free(h->env, h->ring, DP_DIAL_HISTORY * sizeof *h->ring);
}

static int make(dp_history *h)
{
    if (!h->by_id && dp_map_new(&h->by_id, h->env, h->salt, DP_DIAL_HISTORY,
                         sizeof(devp2p_id)))
        return DEVP2P_ERR_NOMEM;
    if (!h->ring)
        h->ring = dp_alloc(h->env, DP_DIAL_HISTORY * sizeof *h->ring);
    return h->ring ? 0 : DEVP2P_ERR_NOMEM;
}

static void expire(dp_history *h, dp_now now)
{
    while (h->n && h->ring[h->first].until <= now.mono) {
        dp_map_cut(h->by_id, &h->ring[h->first].id);
        h->first = (h->first + 1) % DP_DIAL_HISTORY;
        h->n--;
    }
}

int dp_history_note(dp_history *h, const devp2p_id *id, dp_now now)
{
    int err = make(h);
    if (err)
        return err;
    if (dp_history_has(h, id, now))
        return DEVP2P_ERR_AGAIN;
    if (h->n == DP_DIAL_HISTORY)
        return DEVP2P_ERR_LIMIT;
    dp_past *p = &h->ring[(h->first + h->n++) % DP_DIAL_HISTORY];
    p->id = *id;
    p->until = dp_after(now, DP_REDIAL_NS);
    return dp_map_put(h->by_id, id, p);
}

bool dp_history_has(dp_history *h, const devp2p_id *id, dp_now now)
{
    expire(h, now);
    return h->n && dp_map_get(h->by_id, id);
}

uint64_t dp_history_full(dp_history *h, dp_now now)
{
    expire(h, now);
    return h->n < DP_DIAL_HISTORY ? 0 : h->ring[h->first].until;
}
