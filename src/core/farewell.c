/* SPDX-License-Identifier: MIT */
#include "core/farewell.h"

/* leave: the queues are done, or their time is over. */
static void leave(dp_farewell *f, dp_tx *tx, dp_now now)
{
    dp_tx_cut(tx);
    f->flushing = false;
    f->until = dp_after(now, f->hurried ? DP_HURRY_NS : DP_DRAIN_NS);
}

void dp_farewell_begin(
    dp_farewell *f, dp_tx *tx, int reason, bool flush, dp_now now)
{
    *f = (dp_farewell){ .until = dp_after(now, DP_FLUSH_NS), .flushing = true };
    if (DEVP2P_IS_DISC(reason))
        dp_tx_bye(tx, DEVP2P_DISC_BYTE(reason));
    if (!flush)
        leave(f, tx, now);
}

void dp_farewell_hurry(dp_farewell *f, dp_now now)
{
    if (f->hurried)
        return;
    f->hurried = true;
    f->until = dp_sooner(f->until, dp_after(now, DP_HURRY_NS));
}

void dp_farewell_drain(dp_farewell *f, size_t n)
{
    if (!f->flushing)
        f->drained += n;
}

bool dp_farewell_more(const dp_farewell *f)
{
    return f->drained < DP_DRAIN_MAX;
}

dp_farewell_step dp_farewell_next(
    dp_farewell *f, dp_tx *tx, bool ended, dp_now now)
{
    if (f->flushing && (!tx->waiting || now.mono >= f->until))
        leave(f, tx, now);
    if (f->flushing)
        return DP_STAY;
    if (now.mono >= f->until || !dp_farewell_more(f))
        return DP_GONE;
    if (!dp_tx_empty(tx))
        return DP_STAY;
    if (ended)
        return DP_GONE;
    if (f->shut)
        return DP_STAY;
    f->shut = true;
    return DP_END_WRITING;
}

bool dp_farewell_moves(const dp_farewell *f, const dp_tx *tx, bool ended)
{
    if (f->flushing)
        return !tx->waiting;
    return !dp_farewell_more(f) || (dp_tx_empty(tx) && (ended || !f->shut));
}
