/* SPDX-License-Identifier: MIT */
/* session_io.c - bytes and lent work of a session. */
#include "core/session_impl.h"

#include "base/bytes.h"

/* --- bytes in --- */

size_t dp_session_room(dp_session *s, uint8_t **at)
{
    size_t n = 0;
    int err = 0;
    *at = NULL;
    if (s->ended)
        return 0;
    switch (s->stage) {
    case DP_STAGE_KEYS:
        return dp_handshake_room(s->handshake, at);
    case DP_STAGE_NAMED:
    case DP_STAGE_GREETING:
    case DP_STAGE_HELD:
        err = dp_rx_room(&s->rx, at, &n);
        break;
    case DP_STAGE_OPEN:
        if (!dp_session_waits(s) && !dp_session_rests(s))
            err = dp_rx_room(&s->rx, at, &n);
        if (n > dp_session_room_in(s))
            n = dp_session_room_in(s);
        break;
    case DP_STAGE_LEAVING:
        return dp_farewell_more(&s->farewell) ? dp_rx_scratch(&s->rx, at) : 0;
    case DP_STAGE_LOST:
    case DP_STAGE_DEAD:
        break;
    }
    if (err)
        dp_session_lose(s, err, true);
    return n;
}

bool dp_session_full(dp_session *s)
{
    uint8_t *at;
    bool full = dp_session_room(s, &at) == 0;

    dp_rx_settle(&s->rx);
    return full;
}

void dp_session_recv(dp_session *s, size_t n, dp_now now)
{
    int err = 0;
    if (!n)
        return;
    dp_ping_heard(&s->ping, now);
    dp_session_came(s, n, now);
    if (s->stage == DP_STAGE_KEYS)
        err = dp_handshake_recv(s->handshake, n);
    else if (s->stage < DP_STAGE_LEAVING)
        dp_rx_recv(&s->rx, n, now);
    else if (s->stage == DP_STAGE_LEAVING)
        dp_farewell_drain(&s->farewell, n);
    if (err)
        dp_session_lose(s, err, true);
}

/* dp_session_eof: what came before is still heard, a Disconnect above all. */
void dp_session_eof(dp_session *s, int err, dp_now now)
{
    (void)now;
    if (s->ended && !err)
        return;
    s->ended = true;
    s->ended_err = err;
    if (s->stage == DP_STAGE_KEYS)
        dp_session_lose(s, err ? err : DEVP2P_ERR_CLOSED, true);
    else if (s->stage == DP_STAGE_LEAVING && err)
        dp_session_lose(s, err, true);
}

/* --- bytes out --- */

size_t dp_session_out(dp_session *s, const uint8_t **at)
{
    *at = NULL;
    if (s->ended_err || s->stage >= DP_STAGE_LOST)
        return 0;
    size_t n = s->handshake ? dp_handshake_out(s->handshake, at) : 0;
    return n ? n : dp_window_out(&s->tx.window, at);
}

/* drop_handshake frees it once nothing of it is left to be written. */
static void drop_handshake(dp_session *s)
{
    const uint8_t *at;
    if (s->stage == DP_STAGE_KEYS || dp_handshake_out(s->handshake, &at))
        return;
    dp_handshake_free(s->handshake);
    s->handshake = NULL;
}

void dp_session_sent(dp_session *s, size_t n, dp_now now)
{
    const uint8_t *at;
    if (s->handshake && dp_handshake_out(s->handshake, &at)) {
        dp_handshake_sent(s->handshake, n);
        dp_meter_bytes(&s->meter, DP_OUT, n);
        drop_handshake(s);
    } else {
        dp_tx_sent(&s->tx, n, now);
    }
}

/* --- frames --- */

bool dp_session_opens(const dp_session *s)
{
    if (s->rx.ready || !dp_rx_openable(&s->rx))
        return false;
    switch (s->stage) {
    case DP_STAGE_GREETING:
        return true;
    case DP_STAGE_HELD: /* only to hear why the peer left */
        return s->ended;
    case DP_STAGE_OPEN:
        return !dp_session_waits(s);
    default:
        return false;
    }
}

bool dp_session_seals(const dp_session *s)
{
    return s->stage > DP_STAGE_KEYS && s->stage < DP_STAGE_LOST &&
           !s->ended_err && dp_tx_wants(&s->tx);
}

/* lend_open: before the peer's Hello was accepted one frame at a time, and none
 * longer than a Hello may be. */
static dp_frames *lend_open(dp_session *s)
{
    if (!dp_session_opens(s))
        return NULL;
    if (s->stage == DP_STAGE_GREETING)
        return dp_rx_lend(&s->rx, DP_HELLO_FRAME_MAX, 1);
    return dp_rx_lend(&s->rx, DP_FRAME_MAX, DP_TURN_MESSAGES);
}

static dp_frames *lend_seal(dp_session *s, dp_now now)
{
    dp_frames *job = NULL;

    if (dp_session_seals(s) && dp_tx_lend(&s->tx, &job))
        dp_session_lose(s, DEVP2P_ERR_NOMEM, true);
    if (job)
        dp_session_went(s, (size_t)(job->end - job->at), now);
    return job;
}

dp_frames *dp_session_lend(dp_session *s, bool open, dp_now now)
{
    dp_session_wake(s, now);
    return open ? lend_open(s) : lend_seal(s, now);
}

void dp_session_take(dp_session *s, dp_frames *f, dp_now now)
{
    if (f == &s->tx.window.job) {
        int err = dp_window_take(&s->tx.window, now);
        if (err)
            dp_session_lose(s, err, true);
        return;
    }
    dp_assert(f == &s->rx.job);
    dp_rx_take(&s->rx, now);
}

/* --- curve work --- */

/* pass_ack moves a whole ack into the window, so that it leaves with our Hello
 * in one write.  It is written from where it is when there is no memory. */
static void pass_ack(dp_session *s, dp_now now)
{
    const uint8_t *at;
    size_t n = dp_handshake_out(s->handshake, &at);

    if (n && dp_window_pass(&s->tx.window, at, n, now) == 0)
        dp_handshake_sent(s->handshake, n);
}

/* name takes over what the handshake yields. */
static void name(dp_session *s, dp_now now)
{
    dp_secrets secrets;
    dp_handshake_take(s->handshake, &s->peer, &secrets);
    dp_dir_init(&s->rx.dir, &secrets, &secrets.ingress);
    dp_dir_init(&s->tx.window.dir, &secrets, &secrets.egress);
    dp_wipe(&secrets, sizeof secrets);
    s->stage = DP_STAGE_NAMED;
    s->tell = DP_AUTHED;
    dp_session_note(s);
    pass_ack(s, now);
    drop_handshake(s);
}

dp_ec *dp_session_ec(dp_session *s, dp_now now)
{
    (void)now;
    dp_ec *ec = NULL;
    if (s->stage != DP_STAGE_KEYS)
        return NULL;
    int err = dp_handshake_ec(s->handshake, &ec);
    if (err)
        dp_session_lose(s, err, true);
    return err ? NULL : ec;
}

void dp_session_ec_done(dp_session *s, dp_ec *ec, dp_now now)
{
    if (s->stage != DP_STAGE_KEYS) {
        dp_ec_free(ec);
        return;
    }
    int err = dp_handshake_ec_done(s->handshake, ec);
    if (err)
        dp_session_lose(s, err, true);
    else if (dp_handshake_done(s->handshake))
        name(s, now);
}
