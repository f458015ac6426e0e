/* SPDX-License-Identifier: MIT */
#include "core/notices.h"

typedef struct notice {
    dp_link link;
    devp2p_event event;
} notice;

static uint64_t unix_ms(dp_now now)
{
    return now.wall > 0 ? (uint64_t)now.wall : 0;
}

void dp_notices_init(dp_notices *n, const dp_env *env)
{
    n->env = env;
    n->lost = 0;
    dp_list_init(&n->list);
}

void dp_notices_fini(dp_notices *n)
{
    for (dp_link *k; (k = dp_list_pop(&n->list));)
        dp_free(n->env, dp_of(k, notice, link), sizeof(notice));
}

void dp_notices_tell(dp_notices *n, const devp2p_event *event, dp_now now)
{
    notice *it = dp_alloc(n->env, sizeof *it);
    if (!it) {
        n->lost += n->lost < UINT32_MAX;
        return;
    }
    it->event = *event;
    it->event.time_ms = unix_ms(now);
    dp_list_push(&n->list, &it->link);
}

bool dp_notices_next(dp_notices *n, devp2p_event *out, dp_now now)
{
    dp_link *k = dp_list_pop(&n->list);
    if (k) {
        notice *it = dp_of(k, notice, link);
        *out = it->event;
        dp_free(n->env, it, sizeof *it);
        return true;
    }
    if (n->lost == 0)
        return false;
    *out = (devp2p_event){
        .kind = DEVP2P_EVENT_LOST,
        .count = n->lost,
        .time_ms = unix_ms(now),
    };
    n->lost = 0;
    return true;
}
