/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include "base/bytes.h"

#include <string.h>

void dp_rx_init(dp_rx *rx, const dp_env *env, dp_pool *pool, dp_budget *total)
{
    *rx = (dp_rx){ .env = env, .pool = pool, .share = { .total = total } };
}

/* forget: there is no buffer any more. */
static void forget(dp_rx *rx)
{
    dp_share_give(&rx->share, rx->share.used);
    rx->at = NULL;
    rx->cap = rx->head = rx->opened = rx->filled = 0;
}

/* release gives the buffer back, be it a chunk or a block. */
static void release(dp_rx *rx)
{
    if (!rx->at)
        return;
    if (rx->cap == DP_CHUNK)
        dp_pool_put(rx->pool, rx->at);
    else
        dp_free(rx->env, rx->at, rx->cap);
    forget(rx);
}

void dp_rx_fini(dp_rx *rx)
{
    dp_assert(!rx->lent);
    release(rx);
    dp_dir_fini(&rx->dir);
}

void dp_rx_drop(dp_rx *rx)
{
    dp_assert(!rx->lent);
    rx->ready = 0;
    rx->starved = false;
    release(rx);
}

void dp_rx_settle(dp_rx *rx)
{
    if (!rx->lent && rx->head == rx->filled)
        release(rx);
}

/* within: at points into the buffer. */
static bool within(const dp_rx *rx, const uint8_t *at)
{
    uintptr_t from = (uintptr_t)rx->at, p = (uintptr_t)at;
    return p >= from && p - from < rx->cap;
}

/* dp_rx_keep: a block holds one frame, and ends with it. */
bool dp_rx_keep(dp_rx *rx, dp_buf *out, const uint8_t *at)
{
    if (rx->lent || rx->cap <= DP_CHUNK || rx->head < rx->filled ||
        !within(rx, at))
        return false;
    *out = (dp_buf){ .at = rx->at, .len = rx->filled, .cap = rx->cap };
    forget(rx);
    return true;
}

/* --- room --- */

static int take_chunk(dp_rx *rx)
{
    rx->at = dp_pool_get(rx->pool);
    if (!rx->at)
        return DEVP2P_ERR_NOMEM;
    rx->cap = DP_CHUNK;
    return 0;
}

/* next_cap is the least of a frame's bytes, half of them, a quarter .. that is
 * more than cap, so at most twice that: what is copied when a block grows is
 * never more than half of the frame.  When it is little more, it comes one step
 * later. */
static size_t next_cap(size_t wire, size_t cap)
{
    size_t part = wire;

    while (part - part / 2 > cap)
        part -= part / 2;
    return part < wire / 2 && part < cap + cap / 4 ? cap + cap / 2 : part;
}

/* grow makes more room for a frame that fills all of it, never beyond its end:
 * what follows the frame goes to a chunk again. */
static int grow(dp_rx *rx)
{
    size_t wire = dp_frame_wire(rx->dir.size);
    dp_assert(rx->dir.place != DP_AT_HEADER && wire > rx->cap);
    size_t cap = next_cap(wire, rx->cap);
    rx->starved = !dp_share_has(&rx->share, cap - rx->share.used);
    if (rx->starved)
        return 0;
    uint8_t *at;
    if (rx->cap == DP_CHUNK) {
        at = dp_resize(rx->env, NULL, 0, cap);
        if (at)
            memcpy(at, rx->at, rx->filled);
    } else {
        at = dp_resize(rx->env, rx->at, rx->cap, cap);
    }
    if (!at)
        return DEVP2P_ERR_NOMEM;
    if (rx->cap == DP_CHUNK)
        dp_pool_put(rx->pool, rx->at);
    dp_share_take(&rx->share, cap - rx->share.used);
    rx->at = at;
    rx->cap = cap;
    return 0;
}

/* move_front moves the beginning of a frame to the front of the chunk. */
static void move_front(dp_rx *rx)
{
    memmove(rx->at, rx->at + rx->head, rx->filled - rx->head);
    rx->opened -= rx->head;
    rx->filled -= rx->head;
    rx->head = 0;
}

static int make_room(dp_rx *rx)
{
    dp_rx_settle(rx);
    if (!rx->at)
        return take_chunk(rx);
    if (rx->filled < rx->cap || rx->ready || rx->err || dp_rx_openable(rx))
        return 0; /* room is there, or will be once this is walked */
    if (rx->head == 0)
        return grow(rx);
    move_front(rx);
    return 0;
}

int dp_rx_room(dp_rx *rx, uint8_t **at, size_t *n)
{
    int err = rx->lent ? 0 : make_room(rx);
    size_t room = rx->cap - rx->filled;
    *n = err ? 0 : room < DP_TURN_BYTES ? room : DP_TURN_BYTES;
    *at = *n ? rx->at + rx->filled : NULL;
    return err;
}

void dp_rx_recv(dp_rx *rx, size_t n, dp_now now)
{
    dp_assert(n <= rx->cap - rx->filled);
    if (rx->head == rx->filled)
        dp_rx_resume(rx, now);
    rx->filled += n;
}

size_t dp_rx_scratch(dp_rx *rx, uint8_t **at)
{
    if (rx->lent)
        return 0;
    dp_rx_drop(rx);
    if (take_chunk(rx))
        return 0;
    *at = rx->at;
    return rx->cap;
}

/* --- opening --- */

bool dp_rx_openable(const dp_rx *rx)
{
    size_t least = rx->dir.place == DP_AT_HEADER ? DP_FRAME_HEAD : 16;
    return !rx->lent && !rx->err && rx->filled - rx->opened >= least;
}

dp_frames *dp_rx_lend(dp_rx *rx, uint32_t size_max, uint32_t count_max)
{
    dp_assert(!rx->lent);
    size_t n = rx->filled - rx->opened;
    uint8_t *at = rx->at + rx->opened;
    rx->job = (dp_frames){ .dir = &rx->dir,
        .at = at,
        .end = at + (n < DP_TURN_BYTES ? n : DP_TURN_BYTES),
        .size_max = size_max,
        .count_max = count_max,
        .open = true };
    rx->lent = true;
    return &rx->job;
}

void dp_rx_take(dp_rx *rx, dp_now now)
{
    dp_assert(rx->lent && rx->job.at <= rx->job.end);
    rx->lent = false;
    rx->opened = (size_t)(rx->job.at - rx->at);
    rx->ready += rx->job.count;
    rx->err = rx->job.err;
    if (rx->job.count)
        dp_rx_resume(rx, now);
}

bool dp_rx_peek(const dp_rx *rx, const uint8_t **body, size_t *size)
{
    if (!rx->ready)
        return false;
    const uint8_t *frame = rx->at + rx->head;
    *size = dp_get24(frame);
    *body = frame + DP_FRAME_HEAD;
    return true;
}

bool dp_rx_next(dp_rx *rx, const uint8_t **body, size_t *size)
{
    if (!dp_rx_peek(rx, body, size))
        return false;
    rx->head += dp_frame_wire(*size);
    rx->ready--;
    return true;
}

/* --- the clock of a frame --- */

uint64_t dp_rx_deadline(const dp_rx *rx)
{
    if (rx->ready || rx->head == rx->filled)
        return DP_NEVER;
    dp_now began = { .mono = rx->began }, eased = { .mono = rx->eased };
    uint64_t all = dp_after(began, DP_FRAME_NS);
    if (rx->dir.place == DP_AT_HEADER ||
        dp_frame_wire(rx->dir.size) <= DP_CHUNK)
        return all;
    uint64_t paid = (rx->filled - rx->head) * DP_SEC / DP_PROGRESS_PER_S;
    return dp_sooner(all, dp_after(eased, DP_PROGRESS_GRACE_NS + paid));
}

void dp_rx_resume(dp_rx *rx, dp_now now)
{
    rx->began = rx->eased = now.mono;
}

void dp_rx_ease(dp_rx *rx, dp_now now)
{
    rx->eased = now.mono;
}

void dp_rx_rest(dp_rx *rx, uint64_t ns, dp_now now)
{
    rx->began = dp_sooner(rx->began + ns, now.mono);
    rx->eased = dp_sooner(rx->eased + ns, now.mono);
}
