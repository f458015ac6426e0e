/* SPDX-License-Identifier: MIT */
#include "sim/check.h"

#include "core/dials.h"
#include "server/server.h"
#include "sim/public.h"

#include <string.h>

/* --- peers --- */

static dp_seen *find(const dp_tap *tap, const devp2p_id *id)
{
    for (size_t i = 0; i < tap->nseen; i++)
        if (memcmp(&tap->seen[i].id, id, sizeof *id) == 0)
            return &tap->seen[i];
    return NULL;
}

/* meet finds a peer or makes it known. */
static dp_seen *meet(dp_tap *tap, const devp2p_id *id)
{
    const dp_env *env = &tap->life->node->sim->env;
    dp_seen *s = find(tap, id);

    if (s)
        return s;
    if (tap->nseen == tap->seen_cap) {
        size_t cap = tap->seen_cap ? 2 * tap->seen_cap : 8;
        s = dp_resize(
            env, tap->seen, tap->seen_cap * sizeof *s, cap * sizeof *s);
        dp_assert(s); /* a check that cannot look must not pass */
        tap->seen = s;
        tap->seen_cap = cap;
    }
    s = &tap->seen[tap->nseen++];
    *s = (dp_seen){ .id = *id };
    return s;
}

/* forget drops what nothing is left of. */
static void forget(dp_tap *tap, dp_seen *s)
{
    if (!s->up && !s->open)
        *s = tap->seen[--tap->nseen];
}

/* --- events --- */

static devp2p_sim *sim_of(const dp_tap *tap)
{
    return tap->life->node->sim;
}

/* proven: a peer is where its node is, or was. */
static void check_proof(const dp_tap *tap, const devp2p_event *event)
{
    const devp2p_sim_node *peer = dp_sim_find(sim_of(tap), &event->id);
    size_t own = tap->life->node->number;
    char text[DEVP2P_ADDR_TEXT];

    if (!peer) {
        devp2p_sim_fail(sim_of(tap),
            "node %zu has a peer that is no node of this world", own);
        return;
    }
    for (size_t i = 0; i < peer->naddrs; i++)
        if (dp_sim_same_ip(&peer->addrs[i], &event->addr))
            return;
    devp2p_sim_fail(sim_of(tap),
        "node %zu takes %s for node %zu, which was never there", own,
        devp2p_addr_text(text, &event->addr), peer->number);
}

/* count_up counts the peers that a program knows to be there, or those of them
 * that connected to it. */
static size_t count_up(const dp_tap *tap, bool inbound)
{
    size_t n = 0;

    for (size_t i = 0; i < tap->nseen; i++)
        n += tap->seen[i].up && !tap->seen[i].unsure &&
             (!inbound || tap->seen[i].inbound);
    return n;
}

/* check_slots: a peer that is not trusted came while there was a slot, and an
 * inbound one while there was one of those.  Trusted peers may be more. */
static void check_slots(const dp_tap *tap, const devp2p_event *event)
{
    const dp_config *cfg = &tap->life->node->cfg;
    dp_slots slots = dp_slots_of(cfg->max_peers, &cfg->access);
    size_t own = tap->life->node->number;
    size_t up = count_up(tap, false), inbound = count_up(tap, true);

    if (event->flags & DEVP2P_PEER_TRUSTED)
        return;
    if (up > slots.up)
        devp2p_sim_fail(sim_of(tap), "node %zu has %zu peers and %zu slots",
            own, up, slots.up);
    if ((event->flags & DEVP2P_PEER_INBOUND) && inbound > slots.inbound)
        devp2p_sim_fail(sim_of(tap),
            "node %zu has %zu inbound peers and %zu slots for them", own,
            inbound, slots.inbound);
}

static void check_add(dp_tap *tap, const devp2p_event *event)
{
    size_t own = tap->life->node->number;
    dp_seen *s = meet(tap, &event->id);

    check_proof(tap, event);
    if (s->up && !s->unsure)
        devp2p_sim_fail(
            sim_of(tap), "node %zu has two sessions with one peer", own);
    s->up = true;
    s->inbound = event->flags & DEVP2P_PEER_INBOUND;
    s->unsure = false;
    check_slots(tap, event);
}

static void check_drop(dp_tap *tap, const devp2p_event *event)
{
    dp_seen *s = find(tap, &event->id);

    if (s && s->up) {
        s->up = s->unsure = false;
        forget(tap, s);
    } else if (!tap->lost) {
        devp2p_sim_fail(sim_of(tap), "node %zu drops a peer that it has not",
            tap->life->node->number);
    }
}

/* doubt: what was told before is not sure any more. */
static void doubt(dp_tap *tap)
{
    devp2p_sim_node *node = tap->life->node;

    tap->lost = true;
    for (size_t i = 0; i < node->nwishes; i++) {
        node->wishes[i].untold = true;
        node->wishes[i].dialled_at = 0;
    }
    for (size_t i = 0; i < tap->nseen; i++)
        tap->seen[i].unsure = tap->seen[i].up;
}

/* tell: the server knows where the node is. */
static void tell(dp_wish *w, dp_now now)
{
    w->retold = false;
    w->told_at = now.mono;
}

/* heed remembers how long a static node that said no is left alone, or that it
 * could not be noted down. */
static void heed(dp_tap *tap, const devp2p_event *event)
{
    dp_wish *w = dp_sim_wish(tap->life->node, &event->id);

    if (!w || tap->life != tap->life->node->life)
        return;
    bool up = event->kind == DEVP2P_EVENT_PEER_DROP;
    uint64_t delay = event->remote ? dp_dial_delay(event->code, up) : 0;
    if (up || (event->kind == DEVP2P_EVENT_COMMAND && event->code == 0))
        w->due = 0; /* what it said before does not count any more */
    if (delay)
        w->due = dp_after(dp_server_now(tap->life->srv), delay);
    if (up)
        w->dropped_at = dp_server_now(tap->life->srv).mono;
    if (event->kind == DEVP2P_EVENT_COMMAND && event->code == DEVP2P_ERR_NOMEM)
        w->untold = true;
    if (event->kind == DEVP2P_EVENT_COMMAND)
        tell(w, dp_server_now(tap->life->srv));
}

void dp_check_event(dp_tap *tap, const devp2p_event *event)
{
    if (event->kind == DEVP2P_EVENT_PEER_ADD)
        check_add(tap, event);
    else if (event->kind == DEVP2P_EVENT_PEER_DROP)
        check_drop(tap, event);
    else if (event->kind == DEVP2P_EVENT_LOST)
        doubt(tap);
    heed(tap, event);
}

/* --- handlers --- */

/* A peer that is over may have been dropped before a thread could begin. */
void dp_check_told(dp_tap *tap, const devp2p_peer *peer)
{
    const dp_seen *s = find(tap, devp2p_peer_id(peer));

    if (!(s && s->up) && !tap->lost && !tap->life->crashed &&
        !devp2p_peer_reason(peer, NULL))
        devp2p_sim_fail(sim_of(tap),
            "node %zu begins a handler before it tells of the peer",
            tap->life->node->number);
}

void dp_check_open(dp_tap *tap, size_t row, const devp2p_id *id)
{
    dp_seen *s = meet(tap, id);
    uint64_t bit = UINT64_C(1) << row;

    if (s->open & bit)
        devp2p_sim_fail(sim_of(tap),
            "node %zu has two handlers of one protocol and peer",
            tap->life->node->number);
    s->open |= bit;
}

void dp_check_close(dp_tap *tap, size_t row, const devp2p_id *id)
{
    dp_seen *s = find(tap, id);
    uint64_t bit = UINT64_C(1) << row;

    if (!s || !(s->open & bit)) {
        devp2p_sim_fail(sim_of(tap), "node %zu ends a handler twice",
            tap->life->node->number);
        return;
    }
    s->open &= ~bit;
    forget(tap, s);
}

/* --- dials --- */

static dp_wish *wish_at(devp2p_sim_node *node, const devp2p_addr *at)
{
    for (size_t i = 0; i < node->nwishes; i++) {
        const devp2p_addr *its = &node->wishes[i].target.addr;
        if (dp_sim_same_ip(its, at) && its->port == at->port)
            return &node->wishes[i];
    }
    return NULL;
}

/* hasty: a dial follows the one before too closely, and not because the node
 * was connected in between and comes back fast. */
static bool hasty(const dp_wish *w, dp_now now)
{
    if (w->dropped_at > w->dialled_at)
        return now.mono - w->dropped_at < DP_RETURN_NS;
    return w->dialled_at && now.mono - w->dialled_at < DP_REDIAL_NS;
}

void dp_check_dial(dp_tap *tap, const devp2p_addr *to, dp_now now)
{
    dp_wish *w = wish_at(tap->life->node, to);
    char text[DEVP2P_ADDR_TEXT];

    if (!w || w->retold || now.mono <= w->told_at ||
        tap->life != tap->life->node->life)
        return;
    if (hasty(w, now))
        devp2p_sim_fail(sim_of(tap),
            "node %zu dials %s %llu ms after it did so before",
            tap->life->node->number, devp2p_addr_text(text, to),
            (unsigned long long)((now.mono - w->dialled_at) / DP_MS));
    w->dialled_at = now.mono;
}

/* --- turns --- */

/* due is the earliest deadline of all that a loop has, asked one by one. */
static uint64_t due(const dp_loop *loop, dp_now now)
{
    const devp2p_server *srv = loop->srv;
    uint64_t at = loop->number ? DP_NEVER : dp_host_deadline(srv->host);

    for (const dp_link *k = loop->all.head.next; k != &loop->all.head;
         k = k->next) {
        const dp_line *line = dp_of(k, dp_line, all);
        if (line->session)
            at = dp_sooner(at, dp_session_deadline(line->session));
    }
    if (!loop->number && !srv->pool_full)
        at = dp_sooner(at, dp_gate_when(srv->gate, now));
    return at;
}

static void check_total(
    const dp_tap *tap, const dp_budget *total, size_t lines, const char *what)
{
    size_t spare = DP_SPARE + DP_MESSAGE_MAX + DP_WINDOW;

    if (total->used > total->limit + lines * spare)
        devp2p_sim_fail(sim_of(tap), "node %zu holds %zu bytes to %s",
            tap->life->node->number, total->used, what);
    if (lines == 0 && total->used)
        devp2p_sim_fail(sim_of(tap),
            "node %zu has no connection and %zu bytes to %s",
            tap->life->node->number, total->used, what);
}

static void check_totals(const dp_tap *tap)
{
    const devp2p_server *srv = tap->life->srv;

    for (size_t i = 0; i < srv->nloops; i++) {
        const dp_loop *loop = &srv->loops[i];
        check_total(tap, &loop->recv, loop->nlines, "read");
        check_total(tap, &loop->send, loop->nlines, "send");
    }
}

void dp_check_turn(dp_tap *tap, const dp_loop *loop, dp_now now, uint64_t next)
{
    if (loop->ended)
        return;
    uint64_t at = due(loop, now);
    if (next > now.mono && next > at)
        devp2p_sim_fail(sim_of(tap),
            "node %zu wants its next turn %llu ns after a deadline",
            tap->life->node->number, (unsigned long long)(next - at));
    check_totals(tap);
}

/* --- the end --- */

void dp_check_ended(dp_tap *tap)
{
    for (size_t i = 0; i < tap->nseen; i++)
        if (tap->seen[i].open ||
            (tap->seen[i].up && !tap->seen[i].unsure && !tap->life->crashed))
            devp2p_sim_fail(sim_of(tap),
                "node %zu has ended and not closed what it opened",
                tap->life->node->number);
    check_totals(tap);
}

/* --- all nodes --- */

static bool line_idle(const dp_line *line)
{
    for (size_t i = 0; i < line->nchannels; i++) {
        const dp_channel *ch = line->channels[i];
        if (!dp_list_empty(&ch->in) || ch->out.n ||
            (line->session && dp_session_unsent(line->session, ch->cap)))
            return false;
    }
    return true;
}

static bool loop_idle(const dp_loop *loop)
{
    if (loop->recv.used || loop->send.used)
        return false;
    for (const dp_link *k = loop->all.head.next; k != &loop->all.head;
         k = k->next)
        if (!line_idle(dp_of(k, dp_line, all)))
            return false;
    return true;
}

bool dp_sim_idle(const devp2p_sim *sim, const devp2p_sim_node **node)
{
    for (size_t i = 0; i < sim->nnodes; i++) {
        const dp_lifetime *life = sim->nodes[i]->life;
        *node = sim->nodes[i];
        for (size_t j = 0; life && j < life->srv->nloops; j++)
            if (!loop_idle(&life->srv->loops[j]))
                return false;
    }
    return true;
}
