/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <string.h>

enum { FIRST = 256 };

int dp_buf_room(dp_buf *b, const dp_env *env, size_t n)
{
    if (n <= b->cap - b->len)
        return 0;
    if (n > SIZE_MAX / 2 - b->len)
        return DEVP2P_ERR_NOMEM;
    size_t cap = b->cap ? b->cap : FIRST;
    while (cap < b->len + n)
        cap *= 2;
    uint8_t *at = dp_resize(env, b->at, b->cap, cap);
    if (!at)
        return DEVP2P_ERR_NOMEM;
    b->at = at;
    b->cap = cap;
    return 0;
}

int dp_buf_add(dp_buf *b, const dp_env *env, const void *bytes, size_t n)
{
    if (!n)
        return 0;
    int err = dp_buf_room(b, env, n);
    if (err)
        return err;
    memcpy(b->at + b->len, bytes, n);
    b->len += n;
    return 0;
}

void dp_buf_fini(dp_buf *b, const dp_env *env)
{
    dp_free(env, b->at, b->cap);
    *b = (dp_buf){ 0 };
}
