/* SPDX-License-Identifier: MIT */
#include "core/flow.h"

#include "base/limits.h"

/* --- rests --- */

void dp_rest_begin(dp_rest *r, uint64_t until, dp_now now)
{
    if (!r->on)
        *r = (dp_rest){ .on = true, .since = now.mono, .until = until };
    else if (until > r->until)
        r->until = until;
}

uint64_t dp_rest_end(dp_rest *r, dp_now now)
{
    if (!r || !r->on || now.mono < r->until)
        return 0;
    r->on = false;
    return now.mono - r->since;
}

/* --- rates --- */

/* quantum is what one session moves before it is another's turn. */
static size_t quantum(const dp_rate *r)
{
    if (!r || !r->per_s)
        return SIZE_MAX;
    size_t n = r->per_s / DP_RATE_TURNS;
    return n < DP_RATE_QUANTUM ? DP_RATE_QUANTUM : n;
}

/* pay returns when n more bytes are paid.  Time in which nothing moved counts
 * for as much as a late timer may have cost, and no more. */
static uint64_t pay(dp_rate *r, size_t n, dp_now now)
{
    if (!r || !r->per_s)
        return 0;
    uint64_t least =
        now.mono > DP_RATE_SAVED_NS ? now.mono - DP_RATE_SAVED_NS : 0;
    uint64_t ns = (n * DP_SEC + r->per_s - 1) / r->per_s, until;
    uint64_t was = atomic_load_explicit(&r->paid, memory_order_relaxed);
    do {
        uint64_t from = was > least ? was : least;
        until = dp_after((dp_now){ .mono = from }, ns);
    } while (!atomic_compare_exchange_weak_explicit(
        &r->paid, &was, until, memory_order_relaxed, memory_order_relaxed));
    return until;
}

void dp_flow_init(dp_flow *t, uint32_t per_s, dp_rate *shared)
{
    *t = (dp_flow){ .own = { .per_s = per_s }, .shared = shared };
}

size_t dp_flow_room(const dp_flow *t)
{
    size_t own = quantum(&t->own), shared = quantum(t->shared);

    if (t->rest.on)
        return 0;
    return own < shared ? own : shared;
}

void dp_flow_spend(dp_flow *t, size_t n, dp_now now)
{
    uint64_t own = pay(&t->own, n, now), shared = pay(t->shared, n, now);
    uint64_t until = own > shared ? own : shared;

    if (until > now.mono)
        dp_rest_begin(&t->rest, until, now);
}
