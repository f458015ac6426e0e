/* SPDX-License-Identifier: MIT */
/* env.h - what a machine is lent: memory, randomness, a log. */
#ifndef DP_ENV_H
#define DP_ENV_H

#include <devp2p/base.h>

#include <stdarg.h>

typedef struct dp_env {
    devp2p_alloc_fn *alloc;
    void *alloc_user;
    int (*random)(void *user, void *out, size_t len); /* 0 or ERR_RANDOM */
    void *random_user;
    devp2p_log_fn *log; /* NULL: nobody listens */
    void *log_user;
    devp2p_log_level log_level;
} dp_env;

/* dp_alloc gives zeroed memory or NULL; dp_free takes the size back and accepts
 * NULL; dp_resize keeps the bytes, the new ones are not zeroed, and old stays
 * as it was when it returns NULL. */
void *dp_alloc(const dp_env *env, size_t size);
void *dp_resize(const dp_env *env, void *old, size_t old_size, size_t size);
void dp_free(const dp_env *env, void *at, size_t size);

/* dp_default_alloc is malloc and free. */
devp2p_alloc_fn dp_default_alloc;

/* dp_random fills out, or returns ERR_RANDOM and out is all zero. */
int dp_random(const dp_env *env, void *out, size_t len);

/* dp_log formats one line of at most DP_LOG_LINE bytes.  Strings of a peer go
 * through devp2p_escape first. */
void dp_log(const dp_env *env, devp2p_log_level level, const char *area,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* dp_fail stores the sentence of devp2p_last_detail and returns code. */
int dp_fail(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
