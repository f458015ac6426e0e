/* SPDX-License-Identifier: MIT */
/* index.h - a map that grows; its values know their keys.  An empty one takes
 * no memory. */
#ifndef DP_INDEX_H
#define DP_INDEX_H

#include "base/map.h"

typedef struct dp_index {
    dp_map *map; /* NULL: there never was anything in it */
    size_t capacity, key_len;
    const uint8_t *(*key)(const void *value);
    uint8_t salt[16]; /* of zeros, where nobody outside chooses the keys */
} dp_index;

void *dp_index_get(const dp_index *x, const void *key);
size_t dp_index_count(const dp_index *x);

/* dp_index_reserve makes room for n values in all, so that dp_index_put cannot
 * fail: 0; ERR_NOMEM, and all is as it was.  A value that is put takes the
 * place of an older one. */
int dp_index_reserve(dp_index *x, const dp_env *env, size_t n);
void dp_index_put(dp_index *x, void *value);

/* dp_index_take takes out what has a key: the value or NULL.  dp_index_cut
 * takes out a value, unless another one has its key. */
void *dp_index_take(dp_index *x, const void *key);
void dp_index_cut(dp_index *x, const void *value);

/* dp_index_each is dp_map_each. */
void *dp_index_each(const dp_index *x, size_t *at);
void dp_index_free(dp_index *x);

#endif
