/* SPDX-License-Identifier: MIT */
/* share.h - what one session uses of a total that all share.  An exhausted
 * total never silences a session: each may use DP_SPARE bytes all the same. */
#ifndef DP_SHARE_H
#define DP_SHARE_H

#include "base/budget.h"
#include "base/limits.h"

typedef struct dp_share {
    dp_budget *total;
    size_t used;
    bool over; /* dp_share_over at the last look: what others do in between must
                  not change a deadline */
} dp_share;

/* dp_share_has tells whether n more bytes may be used. */
static inline bool dp_share_has(const dp_share *s, size_t n)
{
    return dp_budget_has(s->total, n) ||
           (s->used <= DP_SPARE && n <= DP_SPARE - s->used);
}

/* dp_share_over: the total is exhausted and the spare used up. */
static inline bool dp_share_over(const dp_share *s)
{
    return s->used > DP_SPARE && !dp_budget_has(s->total, 1);
}

static inline void dp_share_look(dp_share *s)
{
    s->over = dp_share_over(s);
}

static inline void dp_share_take(dp_share *s, size_t n)
{
    s->used += n;
    dp_budget_take(s->total, n);
    dp_share_look(s);
}

static inline void dp_share_give(dp_share *s, size_t n)
{
    dp_assert(n <= s->used);
    s->used -= n;
    dp_budget_give(s->total, n);
    dp_share_look(s);
}

#endif
