/* SPDX-License-Identifier: MIT */
/* map.h - a keyed hash map of fixed capacity: bytes of one length to a pointer.
 * SipHash-2-4 with a salt of the node, so that nobody outside can choose
 * collisions.  Iteration follows insertion, not the hash. */
#ifndef DP_MAP_H
#define DP_MAP_H

#include "base/env.h"

typedef struct dp_map dp_map;

/* dp_map_new: capacity entries at most, keys of key_len bytes (at most 64). */
int dp_map_new(dp_map **out, const dp_env *env, const uint8_t salt[16],
    size_t capacity, size_t key_len);
void dp_map_free(dp_map *m);

size_t dp_map_count(const dp_map *m);

/* dp_map_get returns the value or NULL.  dp_map_put copies the key; it returns
 * 0, ERR_EXISTS or ERR_LIMIT.  dp_map_cut returns the value it took out or
 * NULL. */
void *dp_map_get(const dp_map *m, const void *key);
int dp_map_put(dp_map *m, const void *key, void *value);
void *dp_map_cut(dp_map *m, const void *key);

/* dp_map_each walks the values, oldest first: start with *at = 0; NULL is the
 * end.  The value just returned may be cut meanwhile. */
void *dp_map_each(const dp_map *m, size_t *at);

uint64_t dp_siphash(const uint8_t salt[16], const void *bytes, size_t len);

#endif
