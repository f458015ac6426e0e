/* SPDX-License-Identifier: MIT */
#include "core/host_impl.h"

#include <string.h>

int dp_host_open_book(
    dp_host *h, const uint8_t salt[16], const dp_access *a, dp_now now)
{
    int err = dp_book_init(&h->book, &h->env, salt, a);

    if (!err && a->rotate_ms)
        err = dp_rotation_new(&h->rotation, &h->env, a->rotate_ms, now);
    return err;
}

dp_book *dp_host_book(dp_host *h)
{
    return &h->book;
}

/* --- who is not wanted --- */

bool dp_host_banned(
    const dp_host *h, const devp2p_id *id, const devp2p_addr *addr)
{
    return (id && dp_bans_id(&h->book.bans, id)) ||
           dp_bans_addr(&h->book.bans, addr);
}

bool dp_host_spared(const dp_host *h, const devp2p_id *id)
{
    return dp_dials_find(h->dials, id) || dp_trust_has(h->trust, id);
}

/* dp_host_bar: what we dialled was chosen, and is not asked how it behaved. */
int dp_host_bar(dp_host *h, const dp_guest *c, const devp2p_id *id, dp_now now)
{
    devp2p_counters *n = &h->counts;

    if (dp_host_banned(h, id, &c->addr)) {
        n->banned++;
        return DEVP2P_DISC_USELESS_PEER;
    }
    if (dp_guest_outbound(c) || dp_host_spared(h, id))
        return 0;
    if (dp_standings_shuns(&h->book.standings, id, now)) {
        n->shunned++;
        return DEVP2P_DISC_USELESS_PEER;
    }
    if (dp_rotation_rests(h->rotation, id, now)) {
        n->too_many_peers++;
        return DEVP2P_DISC_TOO_MANY_PEERS;
    }
    return 0;
}

bool dp_host_apart(const dp_host *h, const devp2p_id *id, dp_now now)
{
    return dp_standings_avoids(&h->book.standings, id, now) ||
           dp_rotation_rests(h->rotation, id, now);
}

/* expel ends what the book does not allow any more.  What an auth claims is not
 * proven; who only claims to be a banned node is refused after its Hello. */
static void expel(dp_host *h, dp_now now)
{
    const dp_standings *s = &h->book.standings;
    size_t at = 0;

    for (dp_guest *c; (c = dp_index_each(&h->guests.all, &at));) {
        bool known = dp_guest_outbound(c) || c->state == DP_UP;
        bool banned = dp_host_banned(h, known ? &c->id : NULL, &c->addr);
        bool shunned = c->state == DP_UP && !dp_host_spared(h, &c->id) &&
                       dp_standings_shuns(s, &c->id, now);
        if (c->state == DP_ENDING || c->leaving || (!banned && !shunned))
            continue;
        if (c->state != DP_DIALING) {
            h->counts.banned += banned;
            h->counts.shunned += !banned;
            dp_host_end(h, c, DEVP2P_DISC_USELESS_PEER);
            continue;
        }
        devp2p_id id = c->id;
        dp_host_cancel(h, c, DEVP2P_ERR_BANNED, now);
        dp_dials_wake(h->dials, &id);
    }
    dp_host_tick(h, now);
}

/* --- commands --- */

static void tell_outcome(
    dp_host *h, uint64_t ticket, const devp2p_ban *whom, int code, dp_now now)
{
    devp2p_event outcome = {
        .kind = DEVP2P_EVENT_COMMAND,
        .ticket = ticket,
        .code = code,
        .id = whom->id,
        .addr = whom->net,
    };
    dp_notices_tell(&h->notices, &outcome, now);
}

void dp_host_ban(dp_host *h, uint64_t ticket, const devp2p_ban *whom,
    uint64_t ms, dp_now now)
{
    int err = h->stopping ? DEVP2P_ERR_CLOSED
                          : dp_bans_put(&h->book.bans, whom, ms, now);

    tell_outcome(h, ticket, whom, err, now);
    if (!err)
        expel(h, now);
}

void dp_host_unban(
    dp_host *h, uint64_t ticket, const devp2p_ban *whom, dp_now now)
{
    tell_outcome(h, ticket, whom, dp_bans_cut(&h->book.bans, whom, now), now);
}

/* --- conduct --- */

/* judge adds points, and says it when a node has to stay out. */
static bool judge(dp_host *h, const devp2p_id *id, int points, dp_now now)
{
    dp_standings *s = &h->book.standings;
    bool out = dp_standings_report(s, id, points, dp_host_spared(h, id), now);

    if (out)
        dp_log(&h->env, DEVP2P_LOG_DEBUG, "host",
            "node %02x%02x%02x%02x: %d points, it stays out", id->b[0],
            id->b[1], id->b[2], id->b[3], dp_standings_score(s, id, now));
    return out;
}

void dp_host_report(dp_host *h, const devp2p_id *id, int points, dp_now now)
{
    bool out = judge(h, id, points, now);
    dp_guest *up = dp_guests_peer(&h->guests, id);

    if (!out || !up || up->leaving)
        return;
    h->counts.shunned++;
    dp_host_end(h, up, DEVP2P_DISC_USELESS_PEER);
}

int dp_host_score(dp_host *h, const devp2p_id *id, dp_now now)
{
    return dp_standings_score(&h->book.standings, id, now);
}

/* steady is what its time as a peer is worth. */
static int steady(const dp_guest *c, dp_now now)
{
    uint64_t times = (now.mono - c->since) / DP_STEADY_NS;

    return times < DP_SCORE_MAX ? (int)times * DP_POINTS_STEADY : DP_SCORE_MAX;
}

/* dp_host_learn: a peer that we dialled and then sent away was no miss. */
void dp_host_learn(
    dp_host *h, const dp_guest *c, const devp2p_event *end, dp_now now)
{
    bool up = c->state == DP_UP;

    if (up) {
        judge(h, &c->id, steady(c, now), now);
        judge(h, &c->id, dp_conduct_of_end(end->code, end->remote), now);
    }
    if (c->dynamic && !(up && !end->remote && DEVP2P_IS_DISC(end->code)))
        dp_standings_missed(&h->book.standings, &c->id,
            dp_backoff_of_dial(end->code, end->remote), now);
}

void dp_host_loaded(dp_host *h, const dp_row *rows, size_t n, dp_now now)
{
    dp_book_load(&h->book, rows, n, now);
    expel(h, now);
}

/* --- who leaves for others --- */

/* take_seats: when others have a share of the slots, and it is full, a peer
 * that we dialled makes no room for them. */
static void take_seats(dp_host *h, dp_seat *seats, dp_now now)
{
    const dp_guests *g = &h->guests;
    bool inbound = g->up_inbound >= g->slots.inbound;
    size_t at = 0, n = 0;

    for (const dp_guest *c; (c = dp_index_each(&g->up, &at)); n++)
        seats[n] = (dp_seat){
            .since = c->since,
            .score =
                dp_conduct_add(dp_host_score(h, &c->id, now), steady(c, now)),
            .kept = c->leaving || dp_host_spared(h, &c->id) ||
                    (inbound && dp_guest_outbound(c)),
        };
}

static dp_guest *peer_at(const dp_host *h, size_t i)
{
    size_t at = 0;
    dp_guest *c = dp_index_each(&h->guests.up, &at);

    while (i--)
        c = dp_index_each(&h->guests.up, &at);
    return c;
}

static void let_go(dp_host *h, dp_guest *c, dp_now now)
{
    h->counts.rotated++;
    dp_rotation_note(h->rotation, &c->id, now);
    dp_host_end(h, c, DEVP2P_DISC_TOO_MANY_PEERS);
}

/* rotate: without memory, or chance, nobody leaves this time. */
static void rotate(dp_host *h, dp_now now)
{
    size_t n = dp_host_peers(h);
    uint64_t draw = 0;
    int err = dp_random(&h->env, &draw, sizeof draw);

    dp_rotation_next(h->rotation, draw, now);
    if (err || n == 0 || !dp_host_full(h))
        return;
    dp_seat *seats = dp_alloc(&h->env, n * sizeof *seats);
    if (!seats)
        return;
    take_seats(h, seats, now);
    size_t i = dp_rotation_choose(seats, n, draw, now);
    dp_free(&h->env, seats, n * sizeof *seats);
    if (i < n)
        let_go(h, peer_at(h, i), now);
}

void dp_host_watch(dp_host *h, dp_now now)
{
    dp_book_tick(&h->book, now);
    if (!h->stopping && dp_rotation_when(h->rotation) <= now.mono)
        rotate(h, now);
}

uint64_t dp_host_watch_at(const dp_host *h)
{
    uint64_t at = dp_book_when(&h->book);

    return h->stopping ? at : dp_sooner(at, dp_rotation_when(h->rotation));
}
