/* SPDX-License-Identifier: MIT */
#include "server/traffic.h"

#include "server/peer.h"
#include "server/server.h"

#include <string.h>

/* announced finds a protocol of ours among what the peer announced; they share
 * it, so it is there. */
static const devp2p_cap *announced(
    const devp2p_cap *caps, size_t n, const dp_protocol *row)
{
    size_t i = 0;

    while (i < n && (caps[i].version != row->version ||
                        caps[i].name.len != row->name.len ||
                        memcmp(caps[i].name.at, row->name.at, row->name.len)))
        i++;
    dp_assert(i < n);
    return &caps[i];
}

int dp_traffic_open(dp_traffic *t, const dp_env *env, const devp2p_cap *caps,
    size_t n, const dp_caps *shared, const dp_protocol *ours)
{
    int err = dp_meter_open(&t->meter, env, shared);

    if (err || shared->n == 0)
        return err;
    t->caps = dp_alloc(env, shared->n * sizeof *t->caps);
    if (!t->caps)
        return DEVP2P_ERR_NOMEM;
    for (size_t i = 0; i < shared->n; i++)
        t->caps[i] = announced(caps, n, &ours[shared->v[i].ours]);
    return 0;
}

void dp_traffic_fini(dp_traffic *t, const dp_env *env)
{
    dp_free(env, t->caps, t->meter.nrows * sizeof *t->caps);
    t->caps = NULL;
    dp_meter_fini(&t->meter, env);
}

/* --- public --- */

void devp2p_peer_traffic(const devp2p_peer *peer, devp2p_traffic *out)
{
    devp2p_peer *p = (devp2p_peer *)(uintptr_t)peer; /* for its lock */

    dp_peer_lock(p);
    *out = p->traffic.meter.all;
    dp_peer_unlock(p);
}

/* find is the index of a shared capability, or their number. */
static size_t find(const dp_traffic *t, const char *name, uint32_t version)
{
    size_t i = 0;

    if (!t->caps)
        return t->meter.nrows;
    while (i < t->meter.nrows && (t->caps[i]->version != version ||
                                     !devp2p_slice_is(t->caps[i]->name, name)))
        i++;
    return i;
}

int devp2p_peer_code_traffic(const devp2p_peer *peer, devp2p_traffic *out,
    const char *name, uint32_t version, uint64_t code)
{
    devp2p_peer *p = (devp2p_peer *)(uintptr_t)peer; /* for its lock */
    int err = 0;

    dp_peer_lock(p);
    size_t cap = find(&p->traffic, name, version);
    dp_meter_read(&p->traffic.meter, out, cap, code);
    if (cap == p->traffic.meter.nrows)
        err = DEVP2P_ERR_NOT_FOUND;
    dp_peer_unlock(p);
    return err;
}

bool devp2p_peer_runs(const devp2p_peer *peer, const char *name,
    const uint32_t *versions, size_t n)
{
    devp2p_peer *p = (devp2p_peer *)(uintptr_t)peer; /* for its lock */
    bool runs = false;

    dp_peer_lock(p);
    for (size_t i = 0; i < n && !runs; i++)
        runs = find(&p->traffic, name, versions[i]) < p->traffic.meter.nrows;
    dp_peer_unlock(p);
    return runs;
}

void devp2p_server_traffic(devp2p_server *srv, devp2p_traffic *out)
{
    *out = (devp2p_traffic){ .in = { 0 } };
    pthread_mutex_lock(&srv->lock);
    for (size_t i = 0; i < srv->nloops; i++)
        dp_traffic_add(out, &srv->loops[i].told);
    pthread_mutex_unlock(&srv->lock);
}
