/* SPDX-License-Identifier: MIT */
/* session.c - the coordinator: life, verdicts, events and time of a session.
 * Its bytes are in session_io.c, its messages in session_walk.c. */
#include "core/session_impl.h"

#include "base/bytes.h"

#include <string.h>

/* How often a session that the total silences looks again: nobody tells it when
 * others give back. */
#define LOOK_NS (100 * DP_MS)

int dp_session_new(dp_session **out, const dp_session_setup *setup, dp_now now)
{
    const dp_node_self *self = setup->self;
    dp_session *s = dp_alloc(&self->env, sizeof *s);
    if (!s)
        return DEVP2P_ERR_NOMEM;
    s->self = self;
    s->born = now.mono;
    s->end = (dp_session_event){ .kind = DP_DOWN, .stalled = SIZE_MAX };
    dp_rx_init(&s->rx, &self->env, self->pool, self->recv);
    dp_mux_init(&s->mux, &self->env, self->recv);
    dp_tx_init(&s->tx, &self->env, self->pool, self->send);
    dp_ping_start(&s->ping, now);
    const dp_handshake_setup handshake = { .env = &self->env,
        .crypto = self->crypto,
        .key = &self->key,
        .pub = &self->pub,
        .dial = setup->dial,
        .tokens = self->tokens };
    int err = dp_session_pace(s);
    if (!err)
        err = dp_handshake_new(&s->handshake, &handshake);
    if (err) {
        dp_session_free(s);
        return err;
    }
    *out = s;
    return 0;
}

enum { TOKEN = 32 };

void dp_session_note(dp_session *s)
{
    const uint8_t *token = dp_handshake_token(s->handshake);

    if (token && (s->token = dp_alloc(&s->self->env, TOKEN)))
        memcpy(s->token, token, TOKEN);
}

static void drop_token(dp_session *s)
{
    if (s->token)
        dp_wipe(s->token, TOKEN);
    dp_free(&s->self->env, s->token, TOKEN);
    s->token = NULL;
}

void dp_session_free(dp_session *s)
{
    if (!s)
        return;
    drop_token(s);
    dp_handshake_free(s->handshake);
    dp_rx_fini(&s->rx);
    dp_mux_fini(&s->mux);
    dp_tx_fini(&s->tx);
    dp_meter_fini(&s->meter, &s->self->env);
    dp_session_unpace(s);
    dp_free(&s->self->env, s->hello_block, s->hello_size);
    dp_free(&s->self->env, s, sizeof *s);
}

/* --- verdicts, messages out --- */

void dp_session_judge(dp_session *s, int verdict, dp_now now)
{
    if (s->stage != DP_STAGE_NAMED && s->stage != DP_STAGE_HELD)
        return;
    if (verdict) {
        dp_session_close(s, verdict, false, now);
    } else if (s->stage == DP_STAGE_NAMED) {
        dp_tx_hello(&s->tx, s->self->hello, s->self->hello_len);
        s->stage = DP_STAGE_GREETING;
    } else {
        dp_tokens_keep(s->self->tokens, &s->peer, s->token);
        drop_token(s);
        dp_ping_start(&s->ping, now);
        dp_rx_resume(&s->rx, now);
        s->stage = DP_STAGE_OPEN;
    }
}

int dp_session_send(dp_session *s, size_t cap, dp_packet *p, dp_now now)
{
    (void)now;
    if (!dp_session_open(s))
        return DEVP2P_ERR_CLOSED;
    dp_assert(cap < s->mux.caps.n);
    const dp_shared *shared = &s->mux.caps.v[cap];
    if (p->code >= shared->length)
        return DEVP2P_ERR_INVALID;
    const dp_rule *rule = dp_mux_rule(&s->mux, cap, p->code);
    if (p->full > rule->max_size)
        return DEVP2P_ERR_TOO_BIG;
    int err = dp_tx_send(&s->tx, cap, rule->class, shared->offset + p->code, p);
    if (err == DEVP2P_ERR_NOMEM)
        dp_session_lose(s, err, true);
    return err;
}

void dp_session_unmark(dp_session *s)
{
    s->tx.unmarked = true;
}

void dp_session_took(dp_session *s, size_t cap, size_t full, dp_now now)
{
    bool waited = dp_mux_blocked(&s->mux);
    dp_mux_took(&s->mux, cap, full);
    if (waited && !dp_mux_blocked(&s->mux)) {
        dp_rx_resume(&s->rx, now);
        dp_ping_heard(&s->ping, now);
    }
}

bool dp_session_keep(dp_session *s, dp_buf *out, const uint8_t *body)
{
    return dp_rx_keep(&s->rx, out, body);
}

void dp_session_charge(dp_session *s, size_t n)
{
    dp_share_take(&s->mux.share, n);
}

void dp_session_discharge(dp_session *s, size_t n)
{
    dp_share_give(&s->mux.share, n);
}

/* --- the end --- */

void dp_session_lose(dp_session *s, int reason, bool reset)
{
    if (s->stage >= DP_STAGE_LOST)
        return;
    if (s->stage != DP_STAGE_LEAVING)
        s->end.reason = reason;
    s->end.reset = reset;
    s->tell = 0;
    s->stage = DP_STAGE_LOST;
}

/* dp_session_close: without keys nothing can be told, an error is not told; the
 * flush of what is queued is worth a farewell all the same. */
void dp_session_close(dp_session *s, int reason, bool flush, dp_now now)
{
    if (s->stage >= DP_STAGE_LEAVING)
        return;
    if (s->stage == DP_STAGE_KEYS || (!DEVP2P_IS_DISC(reason) && !flush)) {
        dp_session_lose(s, reason, true);
        return;
    }
    s->end.reason = reason;
    s->tell = 0;
    s->stage = DP_STAGE_LEAVING;
    dp_farewell_begin(&s->farewell, &s->tx, reason, flush, now);
}

void dp_session_hurry(dp_session *s, dp_now now)
{
    if (s->stage == DP_STAGE_LEAVING)
        dp_farewell_hurry(&s->farewell, now);
}

/* spent: the peer's side has ended and nothing that it said before can still be
 * heard. */
static bool spent(const dp_session *s)
{
    if (!s->ended || s->rx.lent)
        return false;
    if (s->ended_err && !dp_session_opens(s) && !dp_session_walks(s))
        return true;
    return s->stage != DP_STAGE_NAMED && !s->rx.ready &&
           !dp_rx_openable(&s->rx);
}

/* refused: the next frame is not one, all before it were handled. */
static bool refused(const dp_session *s)
{
    return s->rx.err && !s->rx.ready;
}

/* advance does what needs nobody else. */
static void advance(dp_session *s, dp_now now)
{
    if (s->stage == DP_STAGE_LEAVING) {
        switch (dp_farewell_next(&s->farewell, &s->tx, s->ended, now)) {
        case DP_STAY:
            break;
        case DP_END_WRITING:
            s->tell = DP_SHUT;
            break;
        case DP_GONE:
            dp_session_lose(s, 0, false);
            break;
        }
    } else if (refused(s)) {
        dp_session_lose(s, s->rx.err, true);
    } else if (spent(s)) {
        dp_session_lose(s, s->ended_err ? s->ended_err : DEVP2P_ERR_CLOSED,
            s->ended_err != 0);
    }
}

/* --- events --- */

/* tell_sent: before DOWN, so that what it counts as unsent is none of these. */
static bool tell_sent(dp_session *s, dp_session_event *ev)
{
    dp_tx_item item;

    if (!dp_tx_owes_news(&s->tx) || !dp_tx_written(&s->tx, &item))
        return false;
    ev->kind = DP_SENT;
    ev->cap = item.queue;
    ev->code = item.code;
    ev->full = item.full;
    return true;
}

static bool tell(dp_session *s, dp_session_event *ev)
{
    size_t cap = s->stage == DP_STAGE_OPEN ? dp_tx_owing(&s->tx) : SIZE_MAX;
    if (s->tell) {
        ev->kind = s->tell;
        s->tell = 0;
    } else if (cap != SIZE_MAX) {
        dp_tx_noted(&s->tx, cap);
        ev->kind = DP_WRITABLE;
        ev->cap = cap;
    } else if (s->stage == DP_STAGE_LOST && !s->rx.lent && !s->tx.window.lent) {
        *ev = s->end;
        s->stage = DP_STAGE_DEAD;
    } else {
        return false;
    }
    return true;
}

bool dp_session_next(dp_session *s, dp_session_event *ev, dp_now now)
{
    dp_session_wake(s, now);
    *ev = (dp_session_event){ .stalled = SIZE_MAX };
    if (s->stage >= DP_STAGE_LEAVING && !s->rx.lent)
        dp_rx_drop(&s->rx);
    dp_rx_settle(&s->rx);
    if (dp_session_walk(s, ev, now))
        return true;
    if (!s->tell)
        advance(s, now);
    return tell_sent(s, ev) || tell(s, ev);
}

/* --- time --- */

/* stall: a reader did not come back in time.  The peer is not to blame, what
 * waits for it still goes out. */
static void stall(dp_session *s, dp_now now)
{
    s->end.stalled = s->mux.full;
    dp_session_close(s, DEVP2P_DISC_SUBPROTOCOL_ERROR, true, now);
}

static uint64_t stall_at(const dp_session *s)
{
    return dp_after((dp_now){ .mono = s->mux.since }, DP_STALL_NS);
}

/* starved: the receive total stops us, not a reader's mark. */
static bool starved(const dp_session *s)
{
    return s->rx.starved || s->mux.share.over;
}

/* looks: the send total keeps somebody from being told of room. */
static bool looks(const dp_session *s)
{
    return s->tx.nfull && s->tx.share.over;
}

/* tick_starved: the clocks of the peer rest.  A long frame that waits for
 * memory still has its 30 s, or those who wait for each other's would wait for
 * ever. */
static void tick_starved(dp_session *s, dp_now now)
{
    s->look = dp_after(now, LOOK_NS);
    dp_ping_heard(&s->ping, now);
    dp_rx_ease(&s->rx, now);
    if (s->mux.share.over)
        dp_rx_resume(&s->rx, now);
}

/* tick_reading: what a peer owes us while we read. */
static void tick_reading(dp_session *s, dp_now now)
{
    if (starved(s))
        tick_starved(s, now);
    if (now.mono >= dp_rx_deadline(&s->rx))
        dp_session_lose(s, DEVP2P_ERR_STALLED, true);
    else if (now.mono >= dp_ping_dead(&s->ping))
        dp_session_close(s, DEVP2P_DISC_READ_TIMEOUT, false, now);
}

static void tick_open(dp_session *s, dp_now now)
{
    if (dp_ping_due(&s->ping, now))
        dp_tx_ping(&s->tx);
    if (looks(s))
        s->look = dp_after(now, LOOK_NS);
    if (now.mono >= dp_window_deadline(&s->tx.window))
        dp_session_lose(s, DEVP2P_ERR_STALLED, true);
    else if (dp_mux_blocked(&s->mux) && now.mono >= stall_at(s))
        stall(s, now);
    else if (!dp_mux_blocked(&s->mux) && !dp_session_rests(s))
        tick_reading(s, now);
}

static uint64_t handshake_at(const dp_session *s)
{
    return dp_after((dp_now){ .mono = s->born }, DP_HANDSHAKE_NS);
}

void dp_session_tick(dp_session *s, dp_now now)
{
    dp_session_wake(s, now);
    if (s->stage < DP_STAGE_HELD && now.mono >= handshake_at(s))
        dp_session_lose(s, DEVP2P_ERR_TIMEOUT, true);
    else if (s->stage == DP_STAGE_OPEN)
        tick_open(s, now);
}

static uint64_t open_deadline(const dp_session *s)
{
    uint64_t at = dp_sooner(s->ping.next, dp_window_deadline(&s->tx.window));
    at = dp_sooner(at, dp_session_sends(s));
    if (looks(s))
        at = dp_sooner(at, s->look);
    if (dp_mux_blocked(&s->mux))
        return dp_sooner(at, stall_at(s));
    if (dp_session_rests(s))
        return dp_sooner(at, dp_session_wakes(s));
    at = dp_sooner(at, dp_rx_deadline(&s->rx));
    return dp_sooner(at, starved(s) ? s->look : dp_ping_dead(&s->ping));
}

/* busy: some question has an answer at once. */
static bool busy(const dp_session *s)
{
    if (s->tell || (s->rx.ready && dp_session_walks(s)) ||
        dp_session_opens(s) || dp_session_seals(s) || dp_tx_owes_news(&s->tx))
        return true;
    switch (s->stage) {
    case DP_STAGE_LEAVING:
        return dp_farewell_moves(&s->farewell, &s->tx, s->ended);
    case DP_STAGE_LOST:
        return !s->rx.lent && !s->tx.window.lent;
    case DP_STAGE_DEAD:
        return false;
    default:
        return refused(s) || spent(s) || dp_tx_owing(&s->tx) != SIZE_MAX;
    }
}

uint64_t dp_session_deadline(const dp_session *s)
{
    if (busy(s))
        return 0;
    switch (s->stage) {
    case DP_STAGE_KEYS:
    case DP_STAGE_NAMED:
    case DP_STAGE_GREETING:
        return handshake_at(s);
    case DP_STAGE_OPEN:
        return open_deadline(s);
    case DP_STAGE_LEAVING:
        return dp_sooner(s->farewell.until, dp_session_sends(s));
    default:
        return DP_NEVER;
    }
}

/* --- asking --- */

const devp2p_pubkey *dp_session_peer(const dp_session *s)
{
    return &s->peer;
}

const dp_hello *dp_session_hello(const dp_session *s)
{
    return &s->hello;
}

bool dp_session_greeted(const dp_session *s)
{
    return s->greeted;
}

const dp_caps *dp_session_caps(const dp_session *s)
{
    return &s->mux.caps;
}

bool dp_session_snappy(const dp_session *s)
{
    return s->mux.snappy;
}

bool dp_session_open(const dp_session *s)
{
    return s->stage == DP_STAGE_OPEN;
}

dp_lane dp_session_lane(const dp_session *s, size_t cap)
{
    return cap < s->mux.caps.n ? s->mux.lanes[cap] : (dp_lane){ 0 };
}

size_t dp_session_queued(const dp_session *s, size_t cap)
{
    return cap < s->tx.nqueues ? s->tx.queues[cap].bytes : 0;
}

const dp_meter *dp_session_meter(const dp_session *s)
{
    return &s->meter;
}

uint32_t dp_session_unsent(const dp_session *s, size_t cap)
{
    return cap < s->tx.nqueues ? s->tx.queues[cap].unsent : 0;
}
