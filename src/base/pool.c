/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include "base/limits.h"
#include "base/shade.h"

/* A free chunk holds the link to the next one. */
typedef struct chunk {
    struct chunk *next;
} chunk;

struct dp_pool {
    dp_env env;
    chunk *free; /* the one that was used last first */
    size_t nfree, keep;
    size_t low; /* the least of nfree since it was looked at */
    uint64_t due;
};

/* shade: who touches a free chunk, but for its link, is in the wrong. */
static void shade(chunk *c)
{
    dp_shade(c + 1, DP_CHUNK - sizeof *c);
}

static void unshade(chunk *c)
{
    dp_unshade(c + 1, DP_CHUNK - sizeof *c);
}

int dp_pool_new(dp_pool **out, const dp_env *env, size_t keep)
{
    dp_pool *p = dp_alloc(env, sizeof *p);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->env = *env;
    p->keep = keep;
    p->due = DP_NEVER;
    *out = p;
    return 0;
}

/* cut gives the chunks back that were not used for longest, but for so many
 * that stay. */
static void cut(dp_pool *p, size_t stay)
{
    chunk **at = &p->free;

    p->nfree = stay;
    for (; stay; stay--)
        at = &(*at)->next;
    for (chunk *c; (c = *at) != NULL;) {
        *at = c->next;
        unshade(c);
        dp_free(&p->env, c, DP_CHUNK);
    }
}

void dp_pool_drain(dp_pool *p)
{
    cut(p, 0);
}

void dp_pool_free(dp_pool *p)
{
    if (!p)
        return;
    dp_pool_drain(p);
    dp_env env = p->env;
    dp_free(&env, p, sizeof *p);
}

uint8_t *dp_pool_get(dp_pool *p)
{
    chunk *c = p->free;
    if (!c)
        return dp_resize(&p->env, NULL, 0, DP_CHUNK);
    p->free = c->next;
    p->nfree--;
    p->low = p->nfree < p->low ? p->nfree : p->low;
    unshade(c);
    return (uint8_t *)c;
}

void dp_pool_put(dp_pool *p, uint8_t *at)
{
    if (!at)
        return;
    if (p->nfree == p->keep) {
        dp_free(&p->env, at, DP_CHUNK);
        return;
    }
    chunk *c = (chunk *)(void *)at;
    c->next = p->free;
    p->free = c;
    p->nfree++;
    shade(c);
}

uint64_t dp_pool_age(dp_pool *p, dp_now now)
{
    if (p->due == DP_NEVER ? p->nfree == 0 : now.mono < p->due)
        return p->due;
    if (p->due != DP_NEVER)
        cut(p, p->nfree - p->low);
    p->low = p->nfree;
    p->due = p->nfree ? dp_after(now, DP_WARM_NS) : DP_NEVER;
    return p->due;
}
