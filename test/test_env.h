/* SPDX-License-Identifier: MIT */
/* test_env.h - what a test lends to a machine: an allocator that checks the
 * sizes it is told, counts, and fails when asked; chance from a counter, every
 * 32 bytes of it a secret; a log. */
#ifndef TEST_ENV_H
#define TEST_ENV_H

#include "base/env.h"
#include "test_log.h"

#include <stdlib.h>
#include <string.h>

typedef struct test_env {
    dp_env env;       /* lend &t.env */
    size_t live;      /* bytes out; 0 at the end of a test */
    size_t calls;     /* allocations and resizings so far */
    size_t fail_from; /* the first call that fails, counted from 1; 0: none */
    size_t fail_to;   /* the last one */
    size_t fails;     /* so many did */
    uint64_t drawn;   /* bytes of randomness so far */
    bool no_random;
} test_env;

static inline void *test_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    test_env *t = user;
    if (!old && old_size)
        abort();
    if (new_size) {
        t->calls++;
        if (t->fail_from && t->calls >= t->fail_from &&
            t->calls <= t->fail_to) {
            t->fails++;
            return NULL;
        }
    }
    t->live = t->live - old_size + new_size;
    if (!new_size) {
        free(old);
        return NULL;
    }
    /* a resized block moves, so that nobody keeps the old address */
    uint8_t *at = malloc(new_size);
    if (!at)
        abort();
    memset(at, 0xa5, new_size);
    if (old)
        memcpy(at, old, old_size < new_size ? old_size : new_size);
    free(old);
    return at;
}

static inline int test_random(void *user, void *out, size_t len)
{
    test_env *t = user;
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) {
        uint64_t x = ++t->drawn * UINT64_C(0x9e3779b97f4a7c15);
        at[i] = (uint8_t)(x >> 56);
    }
    if (len == 32 && !t->no_random)
        test_secret(out);
    return t->no_random ? DEVP2P_ERR_RANDOM : 0;
}

static inline void test_env_init(test_env *t)
{
    *t = (test_env){ 0 };
    t->env.alloc = test_alloc;
    t->env.alloc_user = t;
    t->env.random = test_random;
    t->env.random_user = t;
    t->env.log = test_log;
    t->env.log_level = DEVP2P_LOG_TRACE;
}

/* test_env_fail makes the n-th allocation from now fail, and only that. */
static inline void test_env_fail(test_env *t, size_t n)
{
    t->fail_from = t->fail_to = t->calls + n;
}

#endif
