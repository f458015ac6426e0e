/* SPDX-License-Identifier: MIT */
#include "sim/parts.h"

enum { FIRST = 16 };

void *dp_index_get(const dp_index *x, const void *key)
{
    return x->map ? dp_map_get(x->map, key) : NULL;
}

int dp_index_reserve(dp_index *x, const dp_env *env, size_t n)
{
    static const uint8_t salt[16]; /* nobody outside chooses the keys */
    size_t capacity = x->capacity ? x->capacity : FIRST, at = 0;
    dp_map *bigger;

    if (n <= x->capacity)
        return 0;
    while (capacity < n)
        capacity *= 2;
    int err = dp_map_new(&bigger, env, salt, capacity, x->key_len);
    if (err)
        return DEVP2P_ERR_NOMEM;
    for (void *v; x->map && (v = dp_map_each(x->map, &at));)
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

void dp_index_cut(dp_index *x, const void *value)
{
    if (dp_index_get(x, x->key(value)) == value)
        dp_map_cut(x->map, x->key(value));
}

void dp_index_free(dp_index *x)
{
    dp_map_free(x->map);
}
