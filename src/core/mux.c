/* SPDX-License-Identifier: MIT */
#include "core/mux.h"

#include "wire/envelope.h"

#include <string.h>

void dp_mux_init(dp_mux *m, const dp_env *env, dp_budget *total)
{
    *m = (dp_mux){ .env = env,
        .share = { .total = total },
        .mark = DP_RECV_MARK,
        .full = SIZE_MAX };
}

static size_t quota_size(size_t n)
{
    return sizeof(dp_mux_quota) + n * sizeof(dp_bucket);
}

void dp_mux_fini(dp_mux *m)
{
    size_t n = m->caps.n;
    dp_share_give(&m->share, m->share.used);
    dp_free(m->env, m->lanes, n * sizeof *m->lanes);
    dp_free(m->env, m->caps.v, n * sizeof *m->caps.v);
    if (m->quota)
        dp_free(m->env, m->quota, quota_size(m->quota->n));
    m->quota = NULL;
    m->lanes = NULL;
    m->caps = (dp_caps){ 0 };
}

/* rules_of are those of a capability, NULL for none. */
static const dp_rules *rules_of(const dp_mux *m, size_t cap)
{
    return m->rules ? &m->rules[m->caps.v[cap].ours] : NULL;
}

/* open_quota: a bucket is filled when it is first looked at. */
static int open_quota(dp_mux *m)
{
    size_t n = 0;

    for (size_t i = 0; m->rules && i < m->caps.n; i++)
        n += rules_of(m, i)->nbuckets;
    if (n == 0)
        return 0;
    m->quota = dp_alloc(m->env, quota_size(n));
    if (!m->quota)
        return DEVP2P_ERR_NOMEM;
    m->quota->n = n;
    return 0;
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
    int err = open_quota(m);
    if (err)
        dp_mux_fini(m);
    return err;
}

int dp_mux_stray(dp_mux *m)
{
    return ++m->strays > DP_STRAY_MAX ? DEVP2P_ERR_LIMIT : 0;
}

static bool at_mark(const dp_mux *m, const dp_lane *lane)
{
    return lane->bytes >= m->mark || lane->messages >= DP_RECV_MESSAGES;
}

const dp_rule *dp_mux_rule(const dp_mux *m, size_t cap, uint64_t code)
{
    return dp_rules_of(rules_of(m, cap), code);
}

/* bucket_of finds the bucket of a rule that has one. */
static dp_bucket *bucket_of(
    const dp_mux *m, size_t cap, const dp_rule *rule, dp_now now)
{
    size_t at = rule->bucket;

    for (size_t i = 0; i < cap; i++)
        at += rules_of(m, i)->nbuckets;
    dp_bucket *b = &m->quota->buckets[at];
    if (!b->burst)
        dp_bucket_init(b, rule->per_second, rule->per_second, now);
    return b;
}

bool dp_mux_admits(dp_mux *m, uint64_t id, dp_now now)
{
    uint64_t code;
    size_t cap;

    if (!m->quota || !dp_caps_find(&m->caps, id, &cap, &code))
        return true;
    const dp_rule *rule = dp_mux_rule(m, cap, code);
    if (!rule->per_second)
        return true;
    dp_bucket *b = bucket_of(m, cap, rule, now);
    if (dp_bucket_take(b, now))
        return true;
    dp_rest_begin(&m->quota->rest, dp_bucket_when(b, now), now);
    return false;
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
    if (out->full > dp_mux_rule(m, out->cap, out->code)->max_size)
        return DEVP2P_ERR_TOO_BIG;
    dp_lane *lane = &m->lanes[out->cap];
    lane->bytes += out->full;
    lane->messages++;
    dp_share_take(&m->share, out->full);
    if (at_mark(m, lane)) {
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
    if (m->full == cap && !at_mark(m, lane))
        m->full = SIZE_MAX;
}
