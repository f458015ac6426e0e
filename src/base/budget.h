/* SPDX-License-Identifier: MIT */
/* budget.h - a total that many share; used on one loop. */
#ifndef DP_BUDGET_H
#define DP_BUDGET_H

#include "base/assert.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct dp_budget {
    size_t used, limit;
} dp_budget;

static inline bool dp_budget_has(const dp_budget *b, size_t n)
{
    return b->used <= b->limit && n <= b->limit - b->used;
}

static inline void dp_budget_take(dp_budget *b, size_t n)
{
    b->used += n;
}

static inline void dp_budget_give(dp_budget *b, size_t n)
{
    dp_assert(n <= b->used);
    b->used -= n;
}

#endif
