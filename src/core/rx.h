/* SPDX-License-Identifier: MIT */
/* rx.h - bytes that came in: a chunk of the pool, or a block of its own for a
 * frame longer than that, which grows as the frame's bytes come and counts in
 * the receive total.  Frames are opened in place, then walked one by one; an
 * empty buffer holds no memory.
 *
 *     at       head              opened         filled        cap
 *      | walked | ready frames, .. | not opened | room to read |
 */
#ifndef DP_RX_H
#define DP_RX_H

#include "base/buf.h"
#include "base/pool.h"
#include "core/share.h"
#include "crypto/frames.h"

typedef struct dp_rx {
    const dp_env *env;
    dp_pool *pool;
    dp_share share; /* of the receive total: blocks */
    dp_dir dir;
    dp_frames job;
    bool lent;
    bool starved; /* the total refused what a long frame needs */
    int err;      /* why the frame behind the ready ones was refused */
    uint8_t *at;
    size_t cap, head, opened, filled;
    size_t ready;   /* whole frames from head on */
    uint64_t began; /* when the frame that is still coming in began */
    uint64_t eased; /* since when it must keep to the floor */
} dp_rx;

void dp_rx_init(dp_rx *rx, const dp_env *env, dp_pool *pool, dp_budget *total);
void dp_rx_fini(dp_rx *rx);

/* dp_rx_room lends *n bytes at *at to read into, maybe none: 0 or ERR_NOMEM.
 * dp_rx_recv says how many came. */
int dp_rx_room(dp_rx *rx, uint8_t **at, size_t *n);
void dp_rx_recv(dp_rx *rx, size_t n, dp_now now);

/* dp_rx_scratch lends a chunk for input that is thrown away; what was there
 * before is thrown away too. */
size_t dp_rx_scratch(dp_rx *rx, uint8_t **at);

/* dp_rx_openable: a job would get somewhere.  dp_rx_lend makes one of the
 * shares of a turn; dp_rx_take takes it back. */
bool dp_rx_openable(const dp_rx *rx);
dp_frames *dp_rx_lend(dp_rx *rx, uint32_t size_max, uint32_t count_max);
void dp_rx_take(dp_rx *rx, dp_now now);

/* dp_rx_peek shows the plain body of the first ready frame, dp_rx_next walks
 * past it too: it stays where it is until dp_rx_settle or dp_rx_room. */
bool dp_rx_peek(const dp_rx *rx, const uint8_t **body, size_t *size);
bool dp_rx_next(dp_rx *rx, const uint8_t **body, size_t *size);

/* dp_rx_keep gives away the block that at is in, the body that was walked past
 * last: it is the caller's from now on, and counts no more.  False when at is
 * in a chunk, or not here at all. */
bool dp_rx_keep(dp_rx *rx, dp_buf *out, const uint8_t *at);

/* dp_rx_settle gives memory back when nothing is left in it; dp_rx_drop throws
 * away what is there. */
void dp_rx_settle(dp_rx *rx);
void dp_rx_drop(dp_rx *rx);

/* dp_rx_deadline is the moment by which the frame that is coming in must have
 * made progress or be whole; dp_rx_resume starts its clock anew after a pause
 * of ours, dp_rx_ease only what asks for progress; dp_rx_rest leaves out the ns
 * of a pause that is over. */
uint64_t dp_rx_deadline(const dp_rx *rx);
void dp_rx_resume(dp_rx *rx, dp_now now);
void dp_rx_ease(dp_rx *rx, dp_now now);
void dp_rx_rest(dp_rx *rx, uint64_t ns, dp_now now);

#endif
