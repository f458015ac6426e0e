/* SPDX-License-Identifier: MIT */
#include "server/peer.h"

#include "core/conduct.h"
#include "server/line.h"
#include "server/pipe.h"
#include "server/warm.h"

#include <stdio.h>
#include <string.h>

enum { SHORT = 20 }; /* bytes of a short name, as geth */

/* A peer is one block: the struct, its capabilities, their names, its name. */
static size_t block_size(const dp_hello *h)
{
    size_t size = sizeof(devp2p_peer) + h->ncaps * sizeof *h->caps;

    for (size_t i = 0; i < h->ncaps; i++)
        size += h->caps[i].name.len;
    return size + 4 * h->name.len + 8; /* escaped */
}

static void copy_hello(devp2p_peer *p, const dp_hello *h)
{
    devp2p_cap *caps = (devp2p_cap *)(p + 1);
    uint8_t *at = (uint8_t *)(caps + h->ncaps);

    for (size_t i = 0; i < h->ncaps; i++) {
        devp2p_slice name = h->caps[i].name;
        if (name.len)
            memcpy(at, name.at, name.len);
        caps[i].name = (devp2p_slice){ at, name.len };
        caps[i].version = h->caps[i].version;
        at += name.len;
    }
    p->caps = caps;
    p->ncaps = h->ncaps;
    p->name = devp2p_escape((char *)at, 4 * h->name.len + 8, h->name);
    p->version = h->version;
    p->port = h->port <= UINT16_MAX ? (uint16_t)h->port : 0;
}

int dp_peer_new(devp2p_peer **out, const dp_peer_setup *setup)
{
    size_t size = block_size(setup->hello);
    devp2p_peer *p = dp_alloc(setup->env, size);

    if (!p)
        return DEVP2P_ERR_NOMEM;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        dp_free(setup->env, p, size);
        return DEVP2P_ERR_NOMEM;
    }
    atomic_init(&p->refs, 1);
    p->env = *setup->env;
    p->env.random = NULL;
    dp_warm_keep(&p->env);
    p->size = size;
    p->pub = *setup->pub;
    p->id = devp2p_pubkey_id(setup->pub);
    p->local = setup->local;
    p->remote = setup->remote;
    atomic_init(&p->flags, setup->flags);
    p->line = setup->line;
    p->pipe = setup->pipe;
    copy_hello(p, setup->hello);
    *out = p;
    return 0;
}

devp2p_peer *devp2p_peer_keep(devp2p_peer *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void devp2p_peer_drop(devp2p_peer *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1)
        return;
    dp_env env = p->env;
    dp_pipe_drop(p->pipe);
    dp_traffic_fini(&p->traffic, &p->env);
    pthread_mutex_destroy(&p->lock);
    dp_free(&env, p, p->size);
    dp_warm_drop(&env);
}

/* --- with the loop --- */

void dp_peer_nudge(devp2p_peer *p)
{
    if (!p->line || p->posted)
        return;
    p->posted = true;
    dp_line_post(p->line);
}

int dp_peer_park(devp2p_peer *p, dp_parker *parker, uint64_t until)
{
    const dp_world_ops *ops = dp_line_world(p->line)->ops;

    p->parked++;
    dp_peer_unlock(p);
    int err = ops->park(parker, until);
    dp_peer_lock(p);
    if (--p->parked == 0 && p->ending)
        dp_peer_nudge(p);
    return err;
}

void dp_peer_ask(devp2p_peer *p, int reason, size_t cap)
{
    if (p->ending)
        return;
    p->ending = true;
    p->reason = p->asked = reason;
    p->asked_cap = cap;
    dp_peer_nudge(p);
}

void dp_peer_over(devp2p_peer *p, int reason, bool remote)
{
    dp_peer_lock(p);
    if (!p->ending) {
        p->ending = true;
        p->reason = reason;
        p->remote_said = remote;
    }
    dp_peer_unlock(p);
}

bool dp_peer_ending(devp2p_peer *p)
{
    dp_peer_lock(p);
    bool ending = p->ending;
    dp_peer_unlock(p);
    return ending;
}

/* --- conduct --- */

int devp2p_peer_report(devp2p_peer *p, devp2p_conduct conduct)
{
    int points = dp_conduct_points((int)conduct), err = 0;

    if (!points)
        return dp_fail(DEVP2P_ERR_INVALID, "%d is no conduct", (int)conduct);
    dp_peer_lock(p);
    if (p->line) {
        p->points = dp_conduct_add(p->points, points);
        dp_peer_nudge(p);
    } else if (!p->ending) { /* a test peer */
        atomic_store(&p->score, dp_conduct_add(atomic_load(&p->score), points));
    } else {
        err = DEVP2P_ERR_CLOSED;
    }
    dp_peer_unlock(p);
    return err;
}

int devp2p_peer_score(const devp2p_peer *p)
{
    return atomic_load_explicit(&p->score, memory_order_relaxed);
}

/* --- asking --- */

void devp2p_peer_disconnect(devp2p_peer *p, int reason)
{
    if (!DEVP2P_IS_DISC(reason))
        reason = DEVP2P_DISC_REQUESTED;
    if (p->pipe) {
        dp_pipe_end(p->pipe, p, reason);
        return;
    }
    dp_peer_lock(p);
    dp_peer_ask(p, reason, SIZE_MAX);
    dp_peer_unlock(p);
}

int devp2p_peer_reason(const devp2p_peer *peer, bool *remote)
{
    devp2p_peer *p = (devp2p_peer *)(uintptr_t)peer; /* for its lock */

    dp_peer_lock(p);
    int reason = p->reason;
    if (remote)
        *remote = p->remote_said;
    dp_peer_unlock(p);
    return reason;
}

const devp2p_id *devp2p_peer_id(const devp2p_peer *p)
{
    return &p->id;
}

const devp2p_pubkey *devp2p_peer_pubkey(const devp2p_peer *p)
{
    return &p->pub;
}

const char *devp2p_peer_name(const devp2p_peer *p)
{
    return p->name;
}

const devp2p_addr *devp2p_peer_remote(const devp2p_peer *p)
{
    return &p->remote;
}

const devp2p_addr *devp2p_peer_local(const devp2p_peer *p)
{
    return &p->local;
}

uint32_t devp2p_peer_flags(const devp2p_peer *p)
{
    return atomic_load_explicit(&p->flags, memory_order_relaxed);
}

const devp2p_cap *devp2p_peer_caps(const devp2p_peer *p, size_t *n)
{
    *n = p->ncaps;
    return p->caps;
}

uint64_t devp2p_peer_version(const devp2p_peer *p)
{
    return p->version;
}

/* next_byte is behind what devp2p_escape made of one byte. */
static const char *next_byte(const char *at)
{
    if (*at != '\\')
        return at + 1;
    return at + (at[1] == '\\' ? 2 : 4);
}

char *devp2p_peer_short_name(char out[DEVP2P_SHORT_NAME], const devp2p_peer *p)
{
    const char *end = p->name;

    for (int i = 0; i < SHORT && *end; i++)
        end = next_byte(end);
    snprintf(out, DEVP2P_SHORT_NAME, "%.*s%s", (int)(end - p->name), p->name,
        *end ? "..." : "");
    return out;
}

/* devp2p_peer_node: the port that an inbound connection came from is not one
 * that anybody listens on. */
void devp2p_peer_node(const devp2p_peer *p, devp2p_node *out)
{
    *out = (devp2p_node){ .pub = p->pub, .id = p->id, .addr = p->remote };
    if (devp2p_peer_flags(p) & DEVP2P_PEER_INBOUND)
        out->addr.port = p->port;
    out->udp = out->addr.port;
}

uint64_t devp2p_peer_lifetime_ms(const devp2p_peer *peer)
{
    devp2p_peer *p = (devp2p_peer *)(uintptr_t)peer; /* for its lock */
    uint64_t ns = 0;

    dp_peer_lock(p);
    if (p->past)
        ns = p->born;
    else if (p->line)
        ns = dp_line_now(p->line).mono - p->born;
    dp_peer_unlock(p);
    return ns / DP_MS;
}
