/* SPDX-License-Identifier: MIT */
#include "core/packet.h"

#include "base/assert.h"
#include "base/limits.h"
#include "wire/envelope.h"

#include <string.h>

enum { SHORT = 1024 }; /* bytes of a payload that is compressed on the stack */

static size_t size_of(size_t len)
{
    return sizeof(dp_packet) + len;
}

/* make copies bytes that are ready for the wire. */
static dp_packet *make(const dp_env *env, const uint8_t *bytes, size_t len)
{
    dp_packet *p = dp_resize(env, NULL, 0, size_of(len));

    if (p && len)
        memcpy(p->bytes, bytes, len);
    return p;
}

/* squeeze compresses a short payload on the stack: one allocation, of what it
 * came to. */
static dp_packet *squeeze(const dp_env *env, devp2p_slice payload, size_t *len)
{
    uint8_t bytes[SHORT];

    *len = dp_snappy_deflate(bytes, sizeof bytes, payload.at, payload.len);
    return make(env, bytes, *len);
}

/* squeeze_long compresses into a packet as large as it can get, and cuts it to
 * what was needed. */
static dp_packet *squeeze_long(
    const dp_env *env, devp2p_slice payload, size_t cap, size_t *len)
{
    dp_packet *p = dp_resize(env, NULL, 0, size_of(cap));

    if (!p)
        return NULL;
    *len = dp_snappy_deflate(p->bytes, cap, payload.at, payload.len);
    dp_packet *cut = dp_resize(env, p, size_of(cap), size_of(*len));
    if (!cut)
        dp_free(env, p, size_of(cap));
    return cut;
}

int dp_packet_new(dp_packet **out, const dp_env *env, uint64_t code,
    devp2p_slice payload, bool snappy)
{
    size_t len = payload.len;
    dp_packet *p;

    *out = NULL;
    if (payload.len > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;
    size_t cap = snappy ? dp_snappy_bound(payload.len) : payload.len;
    if (!snappy)
        p = make(env, payload.at, len);
    else if (cap <= SHORT)
        p = squeeze(env, payload, &len);
    else
        p = squeeze_long(env, payload, cap, &len);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    atomic_init(&p->refs, 1);
    p->env = env;
    p->code = code;
    p->len = (uint32_t)len;
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
