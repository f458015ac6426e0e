/* SPDX-License-Identifier: MIT */
#include "core/packet.h"

#include "base/assert.h"
#include "base/limits.h"
#include "wire/envelope.h"

#include <string.h>

static size_t size_of(size_t len)
{
    return sizeof(dp_packet) + len;
}

/* pack fills a packet of cap bytes and cuts it to what was needed. */
static int pack(dp_packet **p, const dp_env *env, size_t cap,
    devp2p_slice payload, bool snappy)
{
    size_t len = payload.len;
    if (snappy)
        len = dp_snappy_deflate((*p)->bytes, cap, payload.at, len);
    else if (len)
        memcpy((*p)->bytes, payload.at, len);
    if (len < cap) {
        dp_packet *cut = dp_resize(env, *p, size_of(cap), size_of(len));
        if (!cut)
            return DEVP2P_ERR_NOMEM;
        *p = cut;
    }
    (*p)->len = (uint32_t)len;
    return 0;
}

int dp_packet_new(dp_packet **out, const dp_env *env, uint64_t code,
    devp2p_slice payload, bool snappy)
{
    *out = NULL;
    if (payload.len > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;

    size_t cap = snappy ? dp_snappy_bound(payload.len) : payload.len;
    dp_packet *p = dp_resize(env, NULL, 0, size_of(cap));
    if (!p)
        return DEVP2P_ERR_NOMEM;
    if (pack(&p, env, cap, payload, snappy)) {
        dp_free(env, p, size_of(cap));
        return DEVP2P_ERR_NOMEM;
    }
    atomic_init(&p->refs, 1);
    p->env = env;
    p->code = code;
    p->full = (uint32_t)payload.len;
    *out = p;
    return 0;
}

dp_packet *dp_packet_keep(dp_packet *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void dp_packet_drop(dp_packet *p)
{
    if (!p)
        return;
    unsigned before =
        atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel);
    dp_assert(before > 0);
    if (before == 1)
        dp_free(p->env, p, size_of(p->len));
}
