/* SPDX-License-Identifier: MIT */
#include "base/index.h"

#include "base/assert.h"

enum { FIRST = 16 };

void *dp_index_get(const dp_index *x, const void *key)
{
    return x->map ? dp_map_get(x->map, key) : NULL;
}

size_t dp_index_count(const dp_index *x)
{
    return x->map ? dp_map_count(x->map) : 0;
}

int dp_index_reserve(dp_index *x, const dp_env *env, size_t n)
{
    size_t capacity = x->capacity ? x->capacity : FIRST, at = 0;
    dp_map *bigger;

    if (n <= x->capacity)
        return 0;
    while (capacity < n)
        capacity += capacity / 4;
    int err = dp_map_new(&bigger, env, x->salt, capacity, x->key_len);
    if (err)
        return DEVP2P_ERR_NOMEM;
    for (void *v; (v = dp_index_each(x, &at));)
        dp_assert(dp_map_put(bigger, x->key(v), v) == 0);
    dp_map_free(x->map);
    x->map = bigger;
    x->capacity = capacity;
    return 0;
}

void dp_index_put(dp_index *x, void *value)
{
    dp_map_cut(x->map, x->key(value));
    dp_assert(dp_map_put(x->map, x->key(value), value) == 0);
}

void *dp_index_take(dp_index *x, const void *key)
{
    return x->map ? dp_map_cut(x->map, key) : NULL;
}

void dp_index_cut(dp_index *x, const void *value)
{
    if (dp_index_get(x, x->key(value)) == value)
        dp_map_cut(x->map, x->key(value));
}

void *dp_index_each(const dp_index *x, size_t *at)
{
    return x->map ? dp_map_each(x->map, at) : NULL;
}

void dp_index_free(dp_index *x)
{
    dp_map_free(x->map);
}
