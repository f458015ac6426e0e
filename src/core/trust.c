/* SPDX-License-Identifier: MIT */
#include "core/trust.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/bucket.h"
#include "base/limits.h"

#include <string.h>

enum { KEY = 17 };

/* A spot is an address that trusted nodes have. */
typedef struct spot {
    size_t nodes;
    dp_bucket bucket;
    uint8_t key[KEY];
} spot;

typedef struct entry {
    spot *spot; /* NULL: its address is not known */
} entry;

struct dp_trust {
    dp_env env;
    dp_map *by_id, *by_ip;
};

/* --- addresses --- */

static void key_of(uint8_t key[KEY], const devp2p_addr *addr)
{
    devp2p_addr plain = dp_addr_unmap(addr);

    memset(key, 0, KEY);
    key[0] = plain.family;
    memcpy(key + 1, plain.ip, plain.family == 4 ? 4 : 16);
}

/* enter counts one more node at its address: 0, ERR_NOMEM. */
static int enter(dp_trust *t, spot **out, const devp2p_addr *addr, dp_now now)
{
    uint8_t key[KEY];
    spot *s = NULL;

    *out = NULL;
    if (addr->family == 0)
        return 0;
    key_of(key, addr);
    s = dp_map_get(t->by_ip, key);
    if (!s) {
        s = dp_alloc(&t->env, sizeof *s);
        if (!s)
            return DEVP2P_ERR_NOMEM;
        memcpy(s->key, key, KEY);
        dp_bucket_init(&s->bucket, DP_TRUSTED_PER_S, DP_TRUSTED_PER_S, now);
        int err = dp_map_put(t->by_ip, key, s);
        dp_assert(!err);
    }
    s->nodes++;
    *out = s;
    return 0;
}

static void leave(dp_trust *t, spot *s)
{
    if (!s || --s->nodes)
        return;
    dp_map_cut(t->by_ip, s->key);
    dp_free(&t->env, s, sizeof *s);
}

bool dp_trust_pass(dp_trust *t, const devp2p_addr *from, dp_now now)
{
    uint8_t key[KEY];

    if (dp_map_count(t->by_ip) == 0)
        return false;
    key_of(key, from);
    spot *s = dp_map_get(t->by_ip, key);
    return s && dp_bucket_take(&s->bucket, now);
}

/* --- nodes --- */

int dp_trust_new(dp_trust **out, const dp_env *env, const uint8_t salt[16])
{
    dp_trust *t = dp_alloc(env, sizeof *t);

    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->env = *env;
    int err =
        dp_map_new(&t->by_id, env, salt, DP_TRUSTED_MAX, sizeof(devp2p_id));
    if (!err) /* one more, while a node moves */
        err = dp_map_new(&t->by_ip, env, salt, DP_TRUSTED_MAX + 1, KEY);
    if (err) {
        dp_trust_free(t);
        return err;
    }
    *out = t;
    return 0;
}

void dp_trust_free(dp_trust *t)
{
    size_t at = 0;

    if (!t)
        return;
    if (t->by_ip) /* made last */
        for (entry *e; (e = dp_map_each(t->by_id, &at));) {
            leave(t, e->spot);
            dp_free(&t->env, e, sizeof *e);
        }
    dp_map_free(t->by_id);
    dp_map_free(t->by_ip);
    dp_env env = t->env;
    dp_free(&env, t, sizeof *t);
}

/* move gives a node that is there another address. */
static int move(dp_trust *t, entry *e, const devp2p_addr *addr, dp_now now)
{
    spot *s, *old = e->spot;

    if (addr->family == 0)
        return DEVP2P_ERR_EXISTS;
    int err = enter(t, &s, addr, now);
    if (err)
        return err;
    e->spot = s;
    leave(t, old);
    return s == old ? DEVP2P_ERR_EXISTS : 0;
}

int dp_trust_add(dp_trust *t, const devp2p_node *node, dp_now now)
{
    entry *e = dp_map_get(t->by_id, &node->id);

    if (e)
        return move(t, e, &node->addr, now);
    if (dp_map_count(t->by_id) == DP_TRUSTED_MAX)
        return DEVP2P_ERR_LIMIT;
    e = dp_alloc(&t->env, sizeof *e);
    if (!e || enter(t, &e->spot, &node->addr, now)) {
        dp_free(&t->env, e, sizeof *e);
        return DEVP2P_ERR_NOMEM;
    }
    int err = dp_map_put(t->by_id, &node->id, e);
    dp_assert(!err);
    return 0;
}

bool dp_trust_cut(dp_trust *t, const devp2p_id *id)
{
    entry *e = dp_map_cut(t->by_id, id);

    if (!e)
        return false;
    leave(t, e->spot);
    dp_free(&t->env, e, sizeof *e);
    return true;
}

bool dp_trust_has(const dp_trust *t, const devp2p_id *id)
{
    return dp_map_get(t->by_id, id) != NULL;
}
