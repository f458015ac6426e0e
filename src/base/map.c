/* SPDX-License-Identifier: MIT */
/* map.c - chains of entries in one block that is made with the map, so that a
 * put never runs out of memory.  Entries are named by index; entry 0 is the
 * head of the ring that remembers the order of insertion. */
#include "base/map.h"

#include "base/assert.h"

#include <string.h>

enum { KEY_MAX = 64, CAPACITY_MAX = 1 << 24 };

typedef struct entry {
    void *value;
    uint32_t chain;      /* next of the same bucket, or next free one */
    uint32_t prev, next; /* in order of insertion */
    uint8_t key[];
} entry;

struct dp_map {
    dp_env env;
    uint8_t salt[16];
    size_t key_len, stride; /* bytes of an entry */
    size_t count, capacity, buckets;
    uint32_t fresh; /* first entry never used */
    uint32_t free;  /* chain of those that were */
    uint32_t *bucket;
    uint8_t *entries;
};

static uint64_t load64(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | at[i];
    return v;
}

static uint64_t rotl(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static void sip_rounds(uint64_t v[4], int n)
{
    while (n--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] = rotl(v[2], 32);
    }
}

/* dp_siphash is SipHash-2-4 (Aumasson and Bernstein, section 2). */
uint64_t dp_siphash(const uint8_t salt[16], const void *bytes, size_t len)
{
    uint64_t k0 = load64(salt), k1 = load64(salt + 8), word;
    uint64_t v[4] = { k0 ^ UINT64_C(0x736f6d6570736575),
        k1 ^ UINT64_C(0x646f72616e646f6d), k0 ^ UINT64_C(0x6c7967656e657261),
        k1 ^ UINT64_C(0x7465646279746573) };
    const uint8_t *at = bytes;
    for (size_t left = len; left >= 8; left -= 8, at += 8) {
        word = load64(at);
        v[3] ^= word;
        sip_rounds(v, 2);
        v[0] ^= word;
    }
    word = (uint64_t)len << 56;
    for (size_t i = 0; i < len % 8; i++)
        word |= (uint64_t)at[i] << (8 * i);
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static entry *entry_at(const dp_map *m, size_t index)
{
    return (entry *)(void *)(m->entries + index * m->stride);
}

int dp_map_new(dp_map **out, const dp_env *env, const uint8_t salt[16],
    size_t capacity, size_t key_len)
{
    if (capacity > CAPACITY_MAX || !key_len || key_len > KEY_MAX)
        return DEVP2P_ERR_INVALID;
    dp_map *m = dp_alloc(env, sizeof *m);
    if (!m)
        return DEVP2P_ERR_NOMEM;
    size_t align = _Alignof(entry);
    m->env = *env;
    memcpy(m->salt, salt, sizeof m->salt);
    m->key_len = key_len;
    m->stride = (sizeof(entry) + key_len + align - 1) / align * align;
    m->capacity = capacity;
    m->fresh = 1;
    for (m->buckets = 1; m->buckets < capacity;)
        m->buckets *= 2;
    m->bucket = dp_alloc(env, m->buckets * sizeof *m->bucket);
    m->entries = dp_alloc(env, (capacity + 1) * m->stride);
    if (!m->bucket || !m->entries) {
        dp_map_free(m);
        return DEVP2P_ERR_NOMEM;
    }
    *out = m;
    return 0;
}

void dp_map_free(dp_map *m)
{
    if (!m)
        return;
    dp_env env = m->env;
    dp_free(&env, m->bucket, m->buckets * sizeof *m->bucket);
    dp_free(&env, m->entries, (m->capacity + 1) * m->stride);
    dp_free(&env, m, sizeof *m);
}

size_t dp_map_count(const dp_map *m)
{
    return m->count;
}

/* seek is the place of the index that leads to key: 0 stands there when the key
 * is missing. */
static uint32_t *seek(const dp_map *m, const void *key)
{
    uint64_t hash = dp_siphash(m->salt, key, m->key_len);
    uint32_t *at = &m->bucket[hash & (m->buckets - 1)];
    while (*at && memcmp(entry_at(m, *at)->key, key, m->key_len) != 0)
        at = &entry_at(m, *at)->chain;
    return at;
}

void *dp_map_get(const dp_map *m, const void *key)
{
    uint32_t index = *seek(m, key);
    return index ? entry_at(m, index)->value : NULL;
}

int dp_map_put(dp_map *m, const void *key, void *value)
{
    dp_assert(value);
    uint32_t *at = seek(m, key);
    if (*at)
        return DEVP2P_ERR_EXISTS;
    if (m->count == m->capacity)
        return DEVP2P_ERR_LIMIT;
    uint32_t index = m->free;
    if (index)
        m->free = entry_at(m, index)->chain;
    else
        index = m->fresh++;
    entry *e = entry_at(m, index), *head = entry_at(m, 0);
    e->value = value;
    e->chain = 0;
    e->prev = head->prev;
    e->next = 0;
    memcpy(e->key, key, m->key_len);
    entry_at(m, e->prev)->next = index;
    head->prev = index;
    *at = index;
    m->count++;
    return 0;
}

void *dp_map_cut(dp_map *m, const void *key)
{
    uint32_t *at = seek(m, key), index = *at;
    if (!index)
        return NULL;
    entry *e = entry_at(m, index);
    *at = e->chain;
    entry_at(m, e->prev)->next = e->next;
    entry_at(m, e->next)->prev = e->prev;
    e->chain = m->free;
    m->free = index;
    m->count--;
    return e->value;
}

/* *at is 1 more than the index to come, so that 0 is the start and 1, the head
 * of the ring, the end. */
void *dp_map_each(const dp_map *m, size_t *at)
{
    size_t index = *at ? *at - 1 : entry_at(m, 0)->next;
    entry *e = entry_at(m, index);
    *at = index ? (size_t)e->next + 1 : 1;
    return index ? e->value : NULL;
}
