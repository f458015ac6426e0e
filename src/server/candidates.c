/* SPDX-License-Identifier: MIT */
#include "server/candidates.h"

#include "server/server.h"

static void add(dp_candidates *c, const devp2p_iter *iter)
{
    if (!iter->next)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].iter.next == iter->next && c->v[i].iter.user == iter->user)
            return;
    c->v[c->n++].iter = *iter;
}

void dp_candidates_init(dp_candidates *c, const dp_config *cfg)
{
    add(c, &cfg->candidates);
    for (size_t i = 0; i < cfg->nrows; i++)
        add(c, &cfg->rows[i].dial_candidates);
}

/* next_source takes turns among those that are awake; NULL: none is. */
static dp_candidate_source *next_source(dp_candidates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        dp_candidate_source *s = &c->v[c->at++ % c->n];
        if (!s->asleep && !s->ended)
            return s;
    }
    return NULL;
}

/* try_one asks a source for a node: true when it is dialled. */
static bool try_one(dp_candidate_source *s, dp_host *host, dp_now now)
{
    devp2p_node node = { .udp = 0 };
    int err = s->iter.next(&node, s->iter.user);

    s->asleep = err == DEVP2P_ERR_AGAIN;
    s->ended = err && !s->asleep;
    if (err)
        return false;
    node.id = devp2p_pubkey_id(&node.pub);
    return dp_host_offer(host, &node, now) == 0;
}

/* dp_candidates_ask: when nobody of many was worth a dial, more of the same are
 * likely to come, and wait. */
void dp_candidates_ask(dp_candidates *c, dp_host *host, dp_now now)
{
    size_t asked = 0, dialled = 0;
    dp_candidate_source *s;

    if (atomic_exchange(&c->woken, false))
        for (size_t i = 0; i < c->n; i++)
            c->v[i].asleep = false;
    if (now.mono < c->rest)
        return;
    while (asked < DP_CANDIDATES_PER_TURN && dp_host_wants(host, now) &&
           (s = next_source(c)) != NULL) {
        asked++;
        dialled += try_one(s, host, now);
    }
    if (asked == DP_CANDIDATES_PER_TURN && !dialled)
        c->rest = dp_after(now, DP_CANDIDATE_REST_NS);
}

uint64_t dp_candidates_when(dp_candidates *c, dp_host *host, dp_now now)
{
    bool awake = false;

    for (size_t i = 0; i < c->n; i++)
        awake |= !c->v[i].asleep && !c->v[i].ended;
    if (!awake)
        return DP_NEVER;
    uint64_t at = dp_host_wants_at(host, now);
    return at > c->rest ? at : c->rest;
}

void devp2p_server_wake(devp2p_server *srv)
{
    atomic_store(&srv->candidates.woken, true);
    if (atomic_load(&srv->life) == DP_LIFE_RUNNING)
        srv->world->ops->wake(srv->world);
}
