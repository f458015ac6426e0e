/* SPDX-License-Identifier: MIT */
#include "base/env.h"

#include "base/bytes.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* nonzero: an allocator reads a size of 0 as "free", so nothing is one byte. */
static size_t nonzero(size_t size)
{
    return size ? size : 1;
}

void *dp_alloc(const dp_env *env, size_t size)
{
    void *at = env->alloc(env->alloc_user, NULL, 0, nonzero(size));
    if (at)
        memset(at, 0, nonzero(size));
    return at;
}

void *dp_resize(const dp_env *env, void *old, size_t old_size, size_t size)
{
    return env->alloc(
        env->alloc_user, old, old ? nonzero(old_size) : 0, nonzero(size));
}

void dp_free(const dp_env *env, void *at, size_t size)
{
    if (at)
        env->alloc(env->alloc_user, at, nonzero(size), 0);
}

void *dp_default_alloc(void *user, void *old, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

int dp_random(const dp_env *env, void *out, size_t len)
{
    int err = env->random(env->random_user, out, len);
    if (err) {
        dp_wipe(out, len);
        return DEVP2P_ERR_RANDOM;
    }
    return 0;
}

void dp_log(const dp_env *env, devp2p_log_level level, const char *area,
    const char *format, ...)
{
    if (!env->log || level == DEVP2P_LOG_OFF || level > env->log_level)
        return;
    char line[DP_LOG_LINE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len < 0)
        return;
    for (char *at = line; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    env->log(env->log_user, level, area, line);
}
