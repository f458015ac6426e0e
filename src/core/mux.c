/* SPDX-License-Identifier: MIT */
#include "core/mux.h"

#include "wire/envelope.h"

#include <string.h>

void dp_mux_init(dp_mux *m, const dp_env *env, dp_budget *total)
{
    *m = (dp_mux){ .env = env, .share = { .total = total }, .full = SIZE_MAX };
}

void dp_mux_fini(dp_mux *m)
{
    size_t n = m->caps.n;
    dp_share_give(&m->share, m->share.used);
    dp_free(m->env, m->lanes, n * sizeof *m->lanes);
    dp_free(m->env, m->caps.v, n * sizeof *m->caps.v);
    m->lanes = NULL;
    m->caps = (dp_caps){ 0 };
}

int dp_mux_open(dp_mux *m, const dp_caps *caps)
{
    size_t n = caps->n;
    m->caps.n = n;
    m->caps.v = dp_alloc(m->env, n * sizeof *m->caps.v);
    m->lanes = dp_alloc(m->env, n * sizeof *m->lanes);
    if (!m->caps.v || !m->lanes) {
        dp_mux_fini(m);
        return DEVP2P_ERR_NOMEM;
    }
    if (n)
        memcpy(m->caps.v, caps->v, n * sizeof *caps->v);
    return 0;
}

int dp_mux_stray(dp_mux *m)
{
    return ++m->strays > DP_STRAY_MAX ? DEVP2P_ERR_LIMIT : 0;
}

static bool at_mark(const dp_lane *lane)
{
    return lane->bytes >= DP_RECV_MARK || lane->messages >= DP_RECV_MESSAGES;
}

int dp_mux_route(dp_mux *m, dp_routed *out, uint64_t id, const uint8_t *payload,
    size_t len, dp_now now)
{
    if (!dp_caps_find(&m->caps, id, &out->cap, &out->code))
        return DEVP2P_ERR_MESSAGE;
    out->full = len;
    int err = m->snappy ? dp_snappy_size(&out->full, payload, len) : 0;
    if (err)
        return err;
    dp_lane *lane = &m->lanes[out->cap];
    lane->bytes += out->full;
    lane->messages++;
    dp_share_take(&m->share, out->full);
    if (at_mark(lane)) {
        m->full = out->cap;
        m->since = now.mono;
    }
    return 0;
}

void dp_mux_took(dp_mux *m, size_t cap, size_t full)
{
    dp_assert(m->lanes && cap < m->caps.n);
    dp_lane *lane = &m->lanes[cap];
    dp_assert(lane->messages > 0 && full <= lane->bytes);
    lane->bytes -= full;
    lane->messages--;
    dp_share_give(&m->share, full);
    if (m->full == cap && !at_mark(lane))
        m->full = SIZE_MAX;
}
