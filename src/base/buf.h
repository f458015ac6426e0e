/* SPDX-License-Identifier: MIT */
/* buf.h - a growing run of bytes with a limit. */
#ifndef DP_BUF_H
#define DP_BUF_H

#include "base/env.h"

typedef struct dp_buf {
    uint8_t *at;
    size_t len, cap;
} dp_buf;

/* dp_buf_room makes room for n more bytes behind len: 0 or ERR_NOMEM.  It grows
 * by doubling, from 256 bytes. */
int dp_buf_room(dp_buf *b, const dp_env *env, size_t n);
int dp_buf_add(dp_buf *b, const dp_env *env, const void *bytes, size_t n);
void dp_buf_fini(dp_buf *b, const dp_env *env);

#endif
