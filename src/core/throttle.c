/* SPDX-License-Identifier: MIT */
#include "core/throttle.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/limits.h"

#include <string.h>

enum { KEY = 9 };

typedef struct entry {
    uint64_t until;
    uint8_t key[KEY];
} entry;

/* The entries are a ring, the oldest first. */
struct dp_throttle {
    dp_env env;
    uint64_t window;
    dp_map *by_key;
    size_t oldest, n;
    entry ring[DP_THROTTLED];
};

static void key_of(uint8_t key[KEY], const devp2p_addr *addr)
{
    devp2p_addr plain = dp_addr_unmap(addr);

    memset(key, 0, KEY);
    key[0] = plain.family;
    memcpy(key + 1, plain.ip, plain.family == 4 ? 4 : 8);
}

int dp_throttle_new(dp_throttle **out, const dp_env *env,
    const uint8_t salt[16], uint64_t window)
{
    dp_throttle *t = dp_alloc(env, sizeof *t);

    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->env = *env;
    t->window = window;
    int err = dp_map_new(&t->by_key, env, salt, DP_THROTTLED, KEY);
    if (err) {
        dp_free(env, t, sizeof *t);
        return err;
    }
    *out = t;
    return 0;
}

void dp_throttle_free(dp_throttle *t)
{
    if (!t)
        return;
    dp_env env = t->env;
    dp_map_free(t->by_key);
    dp_free(&env, t, sizeof *t);
}

static void forget_oldest(dp_throttle *t)
{
    dp_map_cut(t->by_key, t->ring[t->oldest].key);
    t->oldest = (t->oldest + 1) % DP_THROTTLED;
    t->n--;
}

/* expire: all are remembered equally long, so the oldest goes first. */
static void expire(dp_throttle *t, dp_now now)
{
    while (t->n && t->ring[t->oldest].until <= now.mono)
        forget_oldest(t);
}

bool dp_throttle_has(dp_throttle *t, const devp2p_addr *addr, dp_now now)
{
    uint8_t key[KEY];

    expire(t, now);
    key_of(key, addr);
    return dp_map_get(t->by_key, key) != NULL;
}

void dp_throttle_note(dp_throttle *t, const devp2p_addr *addr, dp_now now)
{
    if (t->n == DP_THROTTLED)
        forget_oldest(t);
    entry *e = &t->ring[(t->oldest + t->n++) % DP_THROTTLED];
    key_of(e->key, addr);
    e->until = dp_after(now, t->window);
    int err = dp_map_put(t->by_key, e->key, e);
    dp_assert(!err);
}
