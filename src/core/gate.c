/* SPDX-License-Identifier: MIT */
#include "core/gate.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/bucket.h"
#include "base/limits.h"

#include <string.h>

/* A queue links jobs through their dp_work, so waiting takes no memory. */
typedef struct queue {
    dp_work *first, **end;
    size_t len;
} queue;

typedef struct subnet {
    dp_link used; /* in the order of their last use */
    uint8_t key[8];
    dp_bucket bucket;
} subnet;

enum {
    AGAIN,     /* had their turn, but the pool was full */
    OWN,       /* our dials */
    STRANGERS, /* wait for a token */
    QUEUES
};

struct dp_gate {
    dp_env env;
    dp_bucket tokens;
    queue queues[QUEUES];
    dp_map *by_key;
    dp_list by_use;
    size_t fresh; /* first of the subnets never used */
    subnet subnets[DP_EC_SUBNETS];
};

/* --- queues --- */

static void queue_init(queue *q)
{
    *q = (queue){ .end = &q->first };
}

static void push(queue *q, dp_ec *ec)
{
    dp_work *w = dp_ec_work(ec);
    w->next = NULL;
    *q->end = w;
    q->end = &w->next;
    q->len++;
}

static dp_ec *pop(queue *q)
{
    dp_work *w = q->first;
    if (!w)
        return NULL;
    q->first = w->next;
    if (!q->first)
        q->end = &q->first;
    q->len--;
    return dp_ec_of(w);
}

/* --- life --- */

int dp_gate_new(dp_gate **out, const dp_env *env, dp_now now)
{
    dp_gate *g = dp_alloc(env, sizeof *g);
    if (!g)
        return DEVP2P_ERR_NOMEM;
    g->env = *env;
    dp_bucket_init(&g->tokens, DP_EC_PER_S, DP_EC_BURST, now);
    for (int i = 0; i < QUEUES; i++)
        queue_init(&g->queues[i]);
    dp_list_init(&g->by_use);
    uint8_t salt[16];
    int err = dp_random(env, salt, sizeof salt);
    if (!err)
        err = dp_map_new(
            &g->by_key, env, salt, DP_EC_SUBNETS, sizeof g->subnets[0].key);
    if (err) {
        dp_gate_free(g);
        return err;
    }
    *out = g;
    return 0;
}

void dp_gate_free(dp_gate *g)
{
    if (!g)
        return;
    for (int i = 0; i < QUEUES; i++)
        for (dp_ec *ec; (ec = pop(&g->queues[i]));)
            dp_ec_free(ec);
    dp_map_free(g->by_key);
    dp_env env = g->env;
    dp_free(&env, g, sizeof *g);
}

/* --- in --- */

/* subnet_of finds the bucket of an address; where there is no room the subnet
 * that was silent for longest is forgotten. */
static subnet *subnet_of(dp_gate *g, const devp2p_addr *addr, dp_now now)
{
    uint8_t key[8];
    dp_addr_subnet(key, addr);
    subnet *s = dp_map_get(g->by_key, key);
    if (!s) {
        if (g->fresh < DP_EC_SUBNETS) {
            s = &g->subnets[g->fresh++];
        } else {
            s = dp_of(dp_list_pop(&g->by_use), subnet, used);
            dp_map_cut(g->by_key, s->key);
        }
        memcpy(s->key, key, sizeof key);
        dp_bucket_init(&s->bucket, DP_EC_SUBNET_PER_S, DP_EC_SUBNET_BURST, now);
        int err = dp_map_put(g->by_key, key, s);
        dp_assert(!err);
    }
    dp_unlink(&s->used);
    dp_list_push(&g->by_use, &s->used);
    return s;
}

int dp_gate_put(dp_gate *g, dp_ec *ec, const devp2p_addr *from, dp_now now)
{
    queue *q = &g->queues[from ? STRANGERS : OWN];
    if (q->len >= DP_EC_QUEUE)
        return DEVP2P_ERR_AGAIN;
    if (from && !dp_addr_is_lan(from) &&
        !dp_bucket_take(&subnet_of(g, from, now)->bucket, now))
        return DEVP2P_ERR_LIMIT;
    push(q, ec);
    return 0;
}

/* --- out --- */

dp_ec *dp_gate_next(dp_gate *g, dp_now now)
{
    queue *q = g->queues;
    if (q[AGAIN].first)
        return pop(&q[AGAIN]);
    if (q[OWN].first)
        return pop(&q[OWN]);
    if (q[STRANGERS].first && dp_bucket_take(&g->tokens, now))
        return pop(&q[STRANGERS]);
    return NULL;
}

void dp_gate_undo(dp_gate *g, dp_ec *ec)
{
    push(&g->queues[AGAIN], ec);
}

uint64_t dp_gate_when(dp_gate *g, dp_now now)
{
    const queue *q = g->queues;
    if (q[AGAIN].first)
        return DP_NEVER;
    if (q[OWN].first)
        return now.mono;
    return q[STRANGERS].first ? dp_bucket_when(&g->tokens, now) : DP_NEVER;
}

void dp_gate_forget(dp_gate *g, void *owner)
{
    for (int i = 0; i < QUEUES; i++) {
        queue *q = &g->queues[i];
        for (size_t n = q->len; n; n--) {
            dp_ec *ec = pop(q);
            if (dp_ec_owner(ec) == owner)
                dp_ec_free(ec);
            else
                push(q, ec);
        }
    }
}
