/* SPDX-License-Identifier: MIT */
#include "core/trust.h"

#include "base/addr.h"
#include "base/bucket.h"
#include "base/index.h"
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
    devp2p_id id;
    spot *spot; /* NULL: its address is not known */
} entry;

struct dp_trust {
    dp_env env;
    dp_index by_id, by_ip;
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
    s = dp_index_get(&t->by_ip, key);
    if (!s) {
        size_t n = dp_index_count(&t->by_ip) + 1;
        s = dp_alloc(&t->env, sizeof *s);
        if (!s || dp_index_reserve(&t->by_ip, &t->env, n)) {
            dp_free(&t->env, s, sizeof *s);
            return DEVP2P_ERR_NOMEM;
        }
        memcpy(s->key, key, KEY);
        dp_bucket_init(&s->bucket, DP_TRUSTED_PER_S, DP_TRUSTED_PER_S, now);
        dp_index_put(&t->by_ip, s);
    }
    s->nodes++;
    *out = s;
    return 0;
}

static void leave(dp_trust *t, spot *s)
{
    if (!s || --s->nodes)
        return;
    dp_index_cut(&t->by_ip, s);
    dp_free(&t->env, s, sizeof *s);
}

bool dp_trust_pass(dp_trust *t, const devp2p_addr *from, dp_now now)
{
    uint8_t key[KEY];

    if (dp_index_count(&t->by_ip) == 0)
        return false;
    key_of(key, from);
    spot *s = dp_index_get(&t->by_ip, key);
    return s && dp_bucket_take(&s->bucket, now);
}

/* --- nodes --- */

static const uint8_t *key_of_spot(const void *value)
{
    return ((const spot *)value)->key;
}

static const uint8_t *id_of(const void *value)
{
    return ((const entry *)value)->id.b;
}

int dp_trust_new(dp_trust **out, const dp_env *env, const uint8_t salt[16])
{
    dp_trust *t = dp_alloc(env, sizeof *t);

    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->env = *env;
    t->by_id = (dp_index){ .key_len = sizeof(devp2p_id), .key = id_of };
    t->by_ip = (dp_index){ .key_len = KEY, .key = key_of_spot };
    memcpy(t->by_id.salt, salt, sizeof t->by_id.salt);
    memcpy(t->by_ip.salt, salt, sizeof t->by_ip.salt);
    *out = t;
    return 0;
}

void dp_trust_free(dp_trust *t)
{
    size_t at = 0;

    if (!t)
        return;
    for (entry *e; (e = dp_index_each(&t->by_id, &at));) {
        leave(t, e->spot);
        dp_free(&t->env, e, sizeof *e);
    }
    dp_index_free(&t->by_id);
    dp_index_free(&t->by_ip);
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
    entry *e = dp_index_get(&t->by_id, &node->id);

    if (e)
        return move(t, e, &node->addr, now);
    if (dp_index_count(&t->by_id) == DP_TRUSTED_MAX)
        return DEVP2P_ERR_LIMIT;
    size_t n = dp_index_count(&t->by_id) + 1;
    e = dp_alloc(&t->env, sizeof *e);
    if (!e || dp_index_reserve(&t->by_id, &t->env, n) ||
        enter(t, &e->spot, &node->addr, now)) {
        dp_free(&t->env, e, sizeof *e);
        return DEVP2P_ERR_NOMEM;
    }
    e->id = node->id;
    dp_index_put(&t->by_id, e);
    return 0;
}

bool dp_trust_cut(dp_trust *t, const devp2p_id *id)
{
    entry *e = dp_index_take(&t->by_id, id);

    if (!e)
        return false;
    leave(t, e->spot);
    dp_free(&t->env, e, sizeof *e);
    return true;
}

bool dp_trust_has(const dp_trust *t, const devp2p_id *id)
{
    return dp_index_get(&t->by_id, id) != NULL;
}
