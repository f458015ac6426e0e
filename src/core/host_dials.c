/* SPDX-License-Identifier: MIT */
#include "core/host_impl.h"

#include <string.h>

/* --- attempts --- */

size_t dp_host_dials_left(const dp_host *h)
{
    const dp_guests *g = &h->guests;
    size_t cap = g->slots.dialled, most = g->slots.pending_out;

    if (h->stopping || dp_host_peers(h) >= g->slots.up || g->up_out >= cap)
        return 0;
    if (most > 2 * (cap - g->up_out))
        most = 2 * (cap - g->up_out);
    size_t used = g->dials + dp_dials_asking(h->dials);
    return most > used ? most - used : 0;
}

/* fail_dial tells of a dial that has no guest. */
static void fail_dial(dp_host *h, const devp2p_node *node, int code, dp_now now)
{
    dp_guest none = { .number = DP_CONN_DIAL, .addr = node->addr };
    none.id = node->id;
    h->tried++;
    dp_host_notify(h, &none, DEVP2P_EVENT_DIAL_FAIL, code, NULL, now);
}

/* dial: 0, ERR_NOMEM. */
static int dial(dp_host *h, const devp2p_node *node, bool dynamic)
{
    devp2p_node *target = dp_alloc(&h->env, sizeof *target);
    dp_guest *c = target ? dp_host_begin(h, node, DP_DIALING) : NULL;
    if (!c) {
        dp_free(&h->env, target, sizeof *target);
        return DEVP2P_ERR_NOMEM;
    }
    *target = *node;
    if (target->addr.family) /* the name, if it had one, has been looked up */
        target->host[0] = 0;
    dp_guest_aim(&h->guests, c, target);
    c->dynamic = dynamic;
    dp_host_want(h, c, DP_DIAL, 0);
    return 0;
}

/* forbidden: 0, or why nobody is dialled there. */
static int forbidden(const dp_host *h, const devp2p_node *node)
{
    if (!dp_door_allows(&h->door, &node->addr))
        return DEVP2P_ERR_ACCESS;
    return dp_host_banned(h, &node->id, &node->addr) ? DEVP2P_ERR_BANNED : 0;
}

/* act does what an attempt on a static node comes to. */
static void act(dp_host *h, dp_dial_step *step, dp_now now)
{
    int code;
    while (
        step->kind == DP_STEP_CONNECT && (code = forbidden(h, step->node)) != 0)
        (void)dp_dials_failed(h->dials, step, &step->node->id, code, now);
    code = step->code;
    if (step->kind == DP_STEP_WAIT)
        return;
    if (step->kind == DP_STEP_CONNECT)
        code = dial(h, step->node, false);
    if (!code)
        return;
    fail_dial(h, step->node, code, now);
    dp_dials_wake(h->dials, &step->node->id);
}

/* look: who has too few peers of his own choice says so now and then. */
static void look(dp_host *h, dp_now now)
{
    size_t nodes = dp_dials_count(h->dials);
    if (now.mono - h->looked < DP_LOOKING_NS)
        return;
    if (h->guests.up_out < DP_LOOKING_PEERS && dp_host_dials(h) &&
        (nodes || h->tried))
        dp_log(&h->env, DEVP2P_LOG_INFO, "host",
            "looking for peers: %zu connected, %zu tried, %zu static",
            dp_host_peers(h), h->tried, nodes);
    h->looked = now.mono;
    h->tried = 0;
}

void dp_host_tick(dp_host *h, dp_now now)
{
    dp_dial_step step;
    dp_host_watch(h, now);
    if (h->stopping)
        return;
    while (dp_dials_tick(h->dials, &step, now))
        act(h, &step, now);
    while (dp_host_dials_left(h) && dp_dials_begin(h->dials, &step, now))
        act(h, &step, now);
    look(h, now);
}

uint64_t dp_host_deadline(const dp_host *h)
{
    uint64_t at = dp_host_watch_at(h);
    return h->stopping ? at : dp_sooner(at, dp_dials_when(h->dials));
}

void dp_host_resolved(dp_host *h, uint64_t conn, const devp2p_addr *addrs,
    size_t n, int err, dp_now now)
{
    dp_dial_step step;
    if (h->stopping ||
        !dp_dials_answer(h->dials, &step, conn, addrs, n, err, now))
        return;
    act(h, &step, now);
    dp_host_tick(h, now);
}

void dp_host_dialed(dp_host *h, uint64_t conn, int err, dp_now now)
{
    dp_guest *c = dp_guests_find(&h->guests, conn);
    dp_dial_step step;
    if (!c || c->state != DP_DIALING)
        return;
    if (!err) {
        c->state = DP_SHAKING;
    } else if (c->dynamic ||
               !dp_dials_failed(h->dials, &step, &c->id, err, now) ||
               step.kind == DP_STEP_FAIL) {
        dp_host_down(h, conn, &(devp2p_event){ .code = err }, now);
    } else {
        dp_guest_free(&h->guests, c); /* the attempt goes on */
        act(h, &step, now);
    }
}

/* --- candidates --- */

uint64_t dp_host_wants_at(dp_host *h, dp_now now)
{
    uint64_t full = dp_dials_full(h->dials, now);
    if (!dp_host_dials_left(h))
        return DP_NEVER;
    return full > now.mono ? full : now.mono;
}

/* check_offer: the order of the reasons is go-ethereum's. */
static int check_offer(dp_host *h, const devp2p_node *node, dp_now now)
{
    if (h->stopping)
        return DEVP2P_ERR_CLOSED;
    if (memcmp(&node->id, &h->self, sizeof h->self) == 0)
        return DEVP2P_DISC_SELF;
    bool named = h->by_name && node->host[0];
    if ((node->addr.family == 0 && !named) || node->addr.port == 0)
        return DEVP2P_ERR_ADDR;
    if (dp_guests_peer(&h->guests, &node->id))
        return DEVP2P_DISC_ALREADY_CONNECTED;
    if (dp_host_busy(h, &node->id) || dp_dials_find(h->dials, &node->id))
        return DEVP2P_ERR_EXISTS;
    int err = forbidden(h, node);
    if (err)
        return err;
    if (!dp_host_welcome(h, &node->id))
        return DEVP2P_DISC_USELESS_PEER;
    if (dp_dials_recent(h->dials, &node->id, now) ||
        dp_host_apart(h, &node->id, now))
        return DEVP2P_ERR_AGAIN;
    return dp_host_dials_left(h) ? 0 : DEVP2P_ERR_LIMIT;
}

int dp_host_offer(dp_host *h, const devp2p_node *node, dp_now now)
{
    int err = check_offer(h, node, now);
    if (!err)
        err = dp_dials_note(h->dials, &node->id, now);
    if (!err)
        err = dial(h, node, true);
    return err;
}
