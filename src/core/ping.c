/* SPDX-License-Identifier: MIT */
#include "core/ping.h"

#include "base/limits.h"

void dp_ping_start(dp_ping *p, dp_now now)
{
    p->next = dp_after(now, DP_PING_NS);
    p->heard = now.mono;
    p->unanswered = 0;
    dp_bucket_init(&p->answers, DP_PONG_PER_S, DP_PONG_BURST, now);
}

void dp_ping_heard(dp_ping *p, dp_now now)
{
    p->heard = now.mono;
}

void dp_ping_rest(dp_ping *p, uint64_t ns, dp_now now)
{
    p->heard = dp_sooner(p->heard + ns, now.mono);
}

bool dp_ping_due(dp_ping *p, dp_now now)
{
    if (now.mono < p->next)
        return false;
    p->next = dp_after(now, DP_PING_NS);
    return true;
}

uint64_t dp_ping_dead(const dp_ping *p)
{
    return dp_after((dp_now){ .mono = p->heard }, DP_DEAD_NS);
}

bool dp_ping_answer(dp_ping *p, dp_now now)
{
    if (dp_bucket_take(&p->answers, now))
        return true;
    p->unanswered++;
    return false;
}
