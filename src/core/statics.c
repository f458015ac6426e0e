/* SPDX-License-Identifier: MIT */
#include "core/statics.h"

#include "base/index.h"
#include "base/list.h"
#include "base/timer.h"

#include <string.h>

typedef struct entry {
    dp_timer timer; /* set while the node may be dialled */
    uint64_t next;  /* not before this moment */
    devp2p_node node;
} entry;

struct dp_statics {
    const dp_env *env;
    dp_index by_id; /* few nodes have DP_STATIC_MAX: it grows */
    dp_timers *timers;
};

static const uint8_t *id_of(const void *value)
{
    return ((const entry *)value)->node.id.b;
}

int dp_statics_new(dp_statics **out, const dp_env *env, const uint8_t salt[16])
{
    dp_statics *s = dp_alloc(env, sizeof *s);
    if (!s)
        return DEVP2P_ERR_NOMEM;
    s->env = env;
    s->by_id = (dp_index){ .key_len = sizeof(devp2p_id), .key = id_of };
    memcpy(s->by_id.salt, salt, sizeof s->by_id.salt);
    int err = dp_timers_new(&s->timers, env);
    if (err) {
        dp_statics_free(s);
        return err;
    }
    *out = s;
    return 0;
}

void dp_statics_free(dp_statics *s)
{
    if (!s)
        return;
    size_t at = 0;
    for (entry *e; (e = dp_index_each(&s->by_id, &at));)
        dp_free(s->env, e, sizeof *e);
    dp_index_free(&s->by_id);
    if (s->timers)
        dp_timers_free(s->timers);
    dp_free(s->env, s, sizeof *s);
}

int dp_statics_add(dp_statics *s, const devp2p_node *node)
{
    if (dp_index_get(&s->by_id, &node->id))
        return DEVP2P_ERR_EXISTS;
    size_t count = dp_index_count(&s->by_id);
    if (count == DP_STATIC_MAX)
        return DEVP2P_ERR_LIMIT;
    entry *e = dp_alloc(s->env, sizeof *e);
    if (!e || dp_timers_reserve(s->timers, count + 1) ||
        dp_index_reserve(&s->by_id, s->env, count + 1)) {
        dp_free(s->env, e, sizeof *e);
        return DEVP2P_ERR_NOMEM;
    }
    e->timer.at = DP_NEVER;
    e->node = *node;
    dp_index_put(&s->by_id, e);
    return 0;
}

bool dp_statics_cut(dp_statics *s, const devp2p_id *id)
{
    entry *e = dp_index_take(&s->by_id, id);
    if (!e)
        return false;
    dp_timer_set(s->timers, &e->timer, DP_NEVER);
    dp_free(s->env, e, sizeof *e);
    return true;
}

const devp2p_node *dp_statics_find(const dp_statics *s, const devp2p_id *id)
{
    const entry *e = dp_index_get(&s->by_id, id);
    return e ? &e->node : NULL;
}

void dp_statics_wake(dp_statics *s, const devp2p_id *id)
{
    entry *e = dp_index_get(&s->by_id, id);
    if (e && e->timer.at == DP_NEVER)
        dp_timer_set(s->timers, &e->timer, e->next);
}

void dp_statics_rest(dp_statics *s, const devp2p_id *id)
{
    entry *e = dp_index_get(&s->by_id, id);
    if (e)
        dp_timer_set(s->timers, &e->timer, DP_NEVER);
}

const devp2p_node *dp_statics_due(dp_statics *s, dp_now now)
{
    dp_timer *t = dp_timers_due(s->timers, now.mono);
    if (!t)
        return NULL;
    entry *e = dp_of(t, entry, timer);
    e->next = dp_after(now, DP_REDIAL_NS);
    return &e->node;
}

uint64_t dp_statics_when(const dp_statics *s)
{
    return dp_timers_first(s->timers);
}
