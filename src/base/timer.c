/* SPDX-License-Identifier: MIT */
/* timer.c - a binary heap; a timer knows its place, so that moving or resting
 * one needs no search, and a place what it is ordered by, so that finding one
 * does not touch the others' timers. */
#include "base/timer.h"

#include "base/assert.h"

typedef struct slot {
    uint64_t at, seq;
    dp_timer *timer;
} slot;

struct dp_timers {
    dp_env env;
    slot *heap; /* from 1 to n */
    size_t n, cap;
    uint64_t seq;
};

int dp_timers_new(dp_timers **out, const dp_env *env)
{
    dp_timers *h = dp_alloc(env, sizeof *h);
    if (!h)
        return DEVP2P_ERR_NOMEM;
    h->env = *env;
    *out = h;
    return 0;
}

/* heap_size is the bytes of a heap of n timers; the first place is unused. */
static size_t heap_size(size_t n)
{
    return (n + 1) * sizeof(slot);
}

void dp_timers_free(dp_timers *h)
{
    if (!h)
        return;
    dp_env env = h->env;
    dp_free(&env, h->heap, heap_size(h->cap));
    dp_free(&env, h, sizeof *h);
}

int dp_timers_reserve(dp_timers *h, size_t n)
{
    if (n <= h->cap)
        return 0;
    if (n > SIZE_MAX / sizeof(slot) / 4)
        return DEVP2P_ERR_NOMEM;
    size_t cap = h->cap ? h->cap : 8;
    while (cap < n)
        cap *= 2;
    slot *heap = dp_resize(&h->env, h->heap, heap_size(h->cap), heap_size(cap));
    if (!heap)
        return DEVP2P_ERR_NOMEM;
    h->heap = heap;
    h->cap = cap;
    return 0;
}

static bool before(const slot *a, const slot *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void place(dp_timers *h, const slot *s, size_t at)
{
    h->heap[at] = *s;
    s->timer->place = at;
}

/* settle brings s, which is in the heap no more, up or down from a free place.
 */
static void settle(dp_timers *h, slot s, size_t at)
{
    while (at > 1 && before(&s, &h->heap[at / 2])) {
        place(h, &h->heap[at / 2], at);
        at /= 2;
    }
    for (size_t child; (child = 2 * at) <= h->n; at = child) {
        if (child < h->n && before(&h->heap[child + 1], &h->heap[child]))
            child++;
        if (!before(&h->heap[child], &s))
            break;
        place(h, &h->heap[child], at);
    }
    place(h, &s, at);
}

static void rest(dp_timers *h, dp_timer *t)
{
    size_t at = t->place;
    t->at = DP_NEVER;
    t->place = 0;
    if (!at)
        return;
    slot last = h->heap[h->n--];
    if (last.timer != t)
        settle(h, last, at);
}

void dp_timer_set(dp_timers *h, dp_timer *t, uint64_t at)
{
    if (at == DP_NEVER) {
        rest(h, t);
        return;
    }
    t->at = at;
    if (!t->place) {
        dp_assert(h->n < h->cap);
        t->place = ++h->n;
    }
    settle(h, (slot){ at, h->seq++, t }, t->place);
}

uint64_t dp_timers_first(const dp_timers *h)
{
    return h->n ? h->heap[1].at : DP_NEVER;
}

dp_timer *dp_timers_due(dp_timers *h, uint64_t mono)
{
    if (!h->n || h->heap[1].at > mono)
        return NULL;
    dp_timer *t = h->heap[1].timer;
    rest(h, t);
    return t;
}
