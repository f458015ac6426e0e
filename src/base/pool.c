/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

/* A free chunk holds the link to the next one. */
typedef struct chunk {
    struct chunk *next;
} chunk;

struct dp_pool {
    dp_env env;
    chunk *free;
    size_t nfree, keep;
};

int dp_pool_new(dp_pool **out, const dp_env *env, size_t keep)
{
    dp_pool *p = dp_alloc(env, sizeof *p);
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->env = *env;
    p->keep = keep;
    *out = p;
    return 0;
}

void dp_pool_free(dp_pool *p)
{
    if (!p)
        return;
    while (p->free) {
        chunk *c = p->free;
        p->free = c->next;
        dp_free(&p->env, c, DP_CHUNK);
    }
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
}
