/* SPDX-License-Identifier: MIT */
#include "core/window.h"

#include "base/assert.h"

#include <string.h>

void dp_window_init(dp_window *w, const dp_env *env, dp_pool *pool)
{
    *w = (dp_window){ .env = env, .pool = pool };
}

static void release(dp_window *w)
{
    if (w->cap == DP_CHUNK)
        dp_pool_put(w->pool, w->at);
    else
        dp_free(w->env, w->at, w->cap);
    w->at = NULL;
    w->cap = w->sent = w->sealed = w->filled = 0;
}

void dp_window_fini(dp_window *w)
{
    dp_assert(!w->lent);
    release(w);
    dp_dir_fini(&w->dir);
}

int dp_window_open(dp_window *w, size_t want)
{
    if (w->at)
        return 0;
    size_t cap = want <= DP_CHUNK ? DP_CHUNK : DP_WINDOW;
    w->at = cap == DP_CHUNK ? dp_pool_get(w->pool)
                            : dp_resize(w->env, NULL, 0, cap);
    if (!w->at)
        return DEVP2P_ERR_NOMEM;
    w->cap = cap;
    return 0;
}

size_t dp_window_room(const dp_window *w)
{
    size_t room = (w->cap - w->filled) & ~(size_t)15;
    return room < DP_FRAME_HEAD ? 0 : room;
}

void dp_window_fill(dp_window *w, size_t n)
{
    dp_assert(n <= w->cap - w->filled && n % 16 == 0); /* whole blocks */
    w->filled += n;
    w->fed += n;
}

int dp_window_pass(dp_window *w, const uint8_t *at, size_t n, dp_now now)
{
    dp_assert(w->fed == 0);
    int err = dp_window_open(w, n);
    if (err)
        return err;
    memcpy(w->at, at, n);
    w->sealed = w->filled = n;
    w->fed = n;
    w->stuck = now.mono;
    return 0;
}

dp_frames *dp_window_lend(dp_window *w)
{
    dp_assert(!w->lent);
    if (w->filled == w->sealed)
        return NULL;
    w->job = (dp_frames){ .dir = &w->dir,
        .at = w->at + w->sealed,
        .end = w->at + w->filled,
        .count_max = UINT32_MAX };
    w->lent = true;
    return &w->job;
}

int dp_window_take(dp_window *w, dp_now now)
{
    dp_assert(w->lent && (w->job.err || w->job.at == w->job.end));
    w->lent = false;
    if (w->job.err)
        return w->job.err;
    if (w->sent == w->sealed)
        w->stuck = now.mono;
    w->sealed = w->filled;
    return 0;
}

size_t dp_window_out(const dp_window *w, const uint8_t **at)
{
    size_t n = w->sealed - w->sent;
    *at = n ? w->at + w->sent : NULL;
    return n;
}

void dp_window_sent(dp_window *w, size_t n, dp_now now)
{
    dp_assert(n <= w->sealed - w->sent);
    if (n == 0)
        return;
    w->sent += n;
    w->written += n;
    w->stuck = now.mono;
    if (w->lent)
        return;
    if (w->sent == w->filled) {
        release(w);
    } else if (w->sent >= w->cap / 2) {
        memmove(w->at, w->at + w->sent, w->filled - w->sent);
        w->filled -= w->sent;
        w->sealed -= w->sent;
        w->sent = 0;
    }
}

uint64_t dp_window_deadline(const dp_window *w)
{
    if (w->sent == w->sealed)
        return DP_NEVER;
    return dp_after((dp_now){ .mono = w->stuck }, DP_WRITE_NS);
}
