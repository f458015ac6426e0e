/* SPDX-License-Identifier: MIT */
#include "core/gate.h"

#include "base/addr.h"
#include "base/bucket.h"
#include "base/index.h"
#include "base/limits.h"

#include <string.h>

/* A queue links jobs through their dp_work, so waiting takes no memory. */
typedef struct queue {
    dp_work *first, **end;
    size_t len;
} queue;

enum { SUBNET = 8 };

typedef struct subnet {
    dp_link used; /* in the order of their last use */
    uint8_t key[SUBNET];
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
    dp_index by_key; /* few nodes see DP_EC_SUBNETS: it grows */
    dp_list by_use;
    bool limit_lan;
};

static const uint8_t *key_of(const void *value)
{
    return ((const subnet *)value)->key;
}

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
    g->by_key = (dp_index){ .key_len = SUBNET, .key = key_of };
    int err = dp_random(env, g->by_key.salt, sizeof g->by_key.salt);
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
    dp_index_free(&g->by_key);
    dp_env env = g->env;
    for (dp_link *k; (k = dp_list_pop(&g->by_use));)
        dp_free(&env, dp_of(k, subnet, used), sizeof(subnet));
    dp_free(&env, g, sizeof *g);
}

void dp_gate_limit_lan(dp_gate *g)
{
    g->limit_lan = true;
}

/* --- in --- */

/* subnet_new makes a subnet; where there is no room the one that was silent for
 * longest is forgotten.  NULL: there is no memory. */
static subnet *subnet_new(dp_gate *g, const uint8_t key[SUBNET], dp_now now)
{
    size_t count = dp_index_count(&g->by_key);
    subnet *s;
    if (count == DP_EC_SUBNETS) {
        s = dp_of(dp_list_pop(&g->by_use), subnet, used);
        dp_index_cut(&g->by_key, s);
    } else {
        if (dp_index_reserve(&g->by_key, &g->env, count + 1))
            return NULL;
        s = dp_alloc(&g->env, sizeof *s);
        if (!s)
            return NULL;
    }
    memcpy(s->key, key, SUBNET);
    dp_bucket_init(&s->bucket, DP_EC_SUBNET_PER_S, DP_EC_SUBNET_BURST, now);
    dp_index_put(&g->by_key, s);
    return s;
}

/* charge takes a token of the subnet of an address. */
static int charge(dp_gate *g, const devp2p_addr *addr, dp_now now)
{
    uint8_t key[SUBNET];
    dp_addr_subnet(key, addr);
    subnet *s = dp_index_get(&g->by_key, key);
    if (!s)
        s = subnet_new(g, key, now);
    if (!s)
        return DEVP2P_ERR_NOMEM;
    dp_unlink(&s->used);
    dp_list_push(&g->by_use, &s->used);
    return dp_bucket_take(&s->bucket, now) ? 0 : DEVP2P_ERR_LIMIT;
}

int dp_gate_put(dp_gate *g, dp_ec *ec, const devp2p_addr *from, dp_now now)
{
    queue *q = &g->queues[from ? STRANGERS : OWN];
    if (q->len >= DP_EC_QUEUE)
        return DEVP2P_ERR_AGAIN;
    bool counts = from && (g->limit_lan || !dp_addr_is_lan(from));
    int err = counts ? charge(g, from, now) : 0;
    if (!err)
        push(q, ec);
    return err;
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
