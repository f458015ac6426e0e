/* SPDX-License-Identifier: MIT */
#include "core/host_impl.h"

#include "base/assert.h"

#include <inttypes.h>
#include <string.h>

/* --- life --- */

/* post_guards makes what decides who may connect. */
static int post_guards(
    dp_host *h, const dp_access *a, const uint8_t salt[16], dp_now now)
{
    int err = dp_trust_new(&h->trust, &h->env, salt);

    if (!err)
        err = dp_door_init(&h->door, &h->env, &h->counts, salt, a, now);
    if (!err)
        err = dp_access_ids(&h->allowed, a, &h->env, salt);
    return err ? err : dp_host_open_book(h, salt, a, now);
}

int dp_host_new(dp_host **out, const dp_host_setup *setup, dp_now now)
{
    dp_host *h = dp_alloc(&setup->env, sizeof *h);
    if (!h)
        return DEVP2P_ERR_NOMEM;
    h->env = setup->env;
    h->self = setup->self;
    h->by_name = setup->by_name;
    h->looked = now.mono;
    dp_list_init(&h->todo);
    dp_notices_init(&h->notices, &h->env);

    uint8_t salt[16];
    int err = dp_random(&h->env, salt, sizeof salt);
    if (!err) {
        dp_guests_init(&h->guests, &h->env, salt,
            dp_slots_of(setup->max_peers, &setup->access));
        err = dp_dials_new(
            &h->dials, &h->env, salt, setup->resolves, setup->by_name);
    }
    if (!err)
        err = post_guards(h, &setup->access, salt, now);
    if (err) {
        dp_host_free(h);
        return err;
    }
    *out = h;
    return 0;
}

void dp_host_free(dp_host *h)
{
    if (!h)
        return;
    dp_env env = h->env;
    for (dp_link *k; (k = dp_list_pop(&h->todo));) {
        dp_guest *c = dp_of(k, dp_guest, todo);
        if (c->effect == DP_CANCEL)
            dp_free(&env, c, sizeof *c);
    }
    dp_guests_fini(&h->guests);
    dp_dials_free(h->dials);
    dp_map_free(h->allowed);
    if (h->door.env)
        dp_door_fini(&h->door);
    dp_trust_free(h->trust);
    dp_book_fini(&h->book);
    dp_rotation_free(h->rotation);
    dp_notices_fini(&h->notices);
    dp_free(&env, h, sizeof *h);
}

/* --- effects --- */

static uint32_t flags_of(const dp_host *h, const dp_guest *c)
{
    uint32_t flags = dp_guest_outbound(c) ? 0 : DEVP2P_PEER_INBOUND;
    if (dp_dials_find(h->dials, &c->id))
        flags |= DEVP2P_PEER_STATIC;
    if (dp_trust_has(h->trust, &c->id))
        flags |= DEVP2P_PEER_TRUSTED;
    if (c->dynamic)
        flags |= DEVP2P_PEER_DYNAMIC;
    return flags;
}

void dp_host_notify(dp_host *h, const dp_guest *c, devp2p_event_kind kind,
    int code, const devp2p_event *end, dp_now now)
{
    devp2p_event e = {
        .kind = kind,
        .code = code,
        .id = c->id,
        .addr = c->addr,
        .flags = flags_of(h, c),
    };
    if (end) {
        e.remote = end->remote;
        e.unsent = end->unsent;
        memcpy(e.protocol, end->protocol, sizeof e.protocol);
    }
    dp_notices_tell(&h->notices, &e, now);
}

void dp_host_want(dp_host *h, dp_guest *c, dp_effect_kind effect, int code)
{
    if (dp_linked(&c->todo)) {
        if (c->code == 0)
            c->code = code;
        return;
    }
    c->effect = effect;
    c->code = code;
    dp_list_push(&h->todo, &c->todo);
}

void dp_host_end(dp_host *h, dp_guest *c, int code)
{
    if (c->state == DP_ENDING)
        return;
    dp_host_want(h, c, c->state == DP_HELD ? DP_JUDGE : DP_CLOSE, code);
    c->leaving = true;
    if (c->state != DP_UP)
        c->state = DP_ENDING;
}

void dp_host_cancel(dp_host *h, dp_guest *c, int code, dp_now now)
{
    dp_host_notify(h, c, DEVP2P_EVENT_DIAL_FAIL, code, NULL, now);
    if (dp_linked(&c->todo)) { /* nobody has heard of it yet */
        dp_guest_free(&h->guests, c);
        return;
    }
    dp_guest_forget(&h->guests, c);
    dp_host_want(h, c, DP_CANCEL, code);
}

static void cancel_dialing(
    dp_host *h, const devp2p_id *id, int code, dp_now now)
{
    for (dp_guest *c = NULL; (c = dp_guests_next(&h->guests, id, c));)
        if (c->state == DP_DIALING) { /* there is at most one */
            dp_host_cancel(h, c, code, now);
            return;
        }
}

/* next_question gives a RESOLVE or FIND. */
static bool next_question(dp_host *h, dp_effect *out)
{
    bool by_id;
    const devp2p_node *node =
        h->stopping ? NULL : dp_dials_ask(h->dials, &out->conn, &by_id);
    if (!node)
        return false;
    out->kind = by_id ? DP_FIND : DP_RESOLVE;
    out->node = *node;
    return true;
}

bool dp_host_next(dp_host *h, dp_effect *out, dp_now now)
{
    memset(out, 0, sizeof *out);
    dp_link *k = dp_list_pop(&h->todo);
    if (!k && next_question(h, out))
        return true;
    if (!k) {
        out->kind = DP_EVENT;
        if (dp_notices_next(&h->notices, &out->event, now))
            return true;
        out->kind = DP_STORE;
        return dp_book_due(&h->book, now);
    }
    dp_guest *c = dp_of(k, dp_guest, todo);
    out->kind = c->effect;
    out->conn = c->number;
    out->code = c->code;
    if (c->effect == DP_DIAL) {
        out->node = *c->target;
        dp_guest_aim(&h->guests, c, NULL);
    }
    if (c->effect == DP_CANCEL)
        dp_free(&h->env, c, sizeof *c);
    return true;
}

/* --- verdicts --- */

bool dp_host_welcome(const dp_host *h, const devp2p_id *id)
{
    return !h->allowed || dp_map_get(h->allowed, id) ||
           dp_dials_find(h->dials, id) || dp_trust_has(h->trust, id) ||
           memcmp(id, &h->self, sizeof *id) == 0;
}

bool dp_host_full(const dp_host *h)
{
    const dp_slots *s = &h->guests.slots;

    return dp_host_peers(h) >= s->up || h->guests.up_inbound >= s->inbound;
}

bool dp_host_room(const dp_host *h, const devp2p_id *id, bool inbound)
{
    const dp_slots *s = &h->guests.slots;
    size_t up = dp_host_peers(h);

    if (dp_trust_has(h->trust, id))
        return up < s->most;
    return up < s->up && (!inbound || h->guests.up_inbound < s->inbound);
}

static int check(const dp_host *h, const devp2p_id *id, bool inbound)
{
    if (!dp_host_welcome(h, id))
        return DEVP2P_DISC_USELESS_PEER;
    if (!dp_host_room(h, id, inbound))
        return DEVP2P_DISC_TOO_MANY_PEERS;
    if (dp_guests_peer(&h->guests, id))
        return DEVP2P_DISC_ALREADY_CONNECTED;
    if (memcmp(id, &h->self, sizeof *id) == 0)
        return DEVP2P_DISC_SELF;
    return 0;
}

/* favoured tells the connection that the smaller id of the pair dialled. */
static bool favoured(const dp_host *h, const dp_guest *c)
{
    bool smaller = memcmp(&h->self, &c->id, sizeof h->self) < 0;
    return dp_guest_outbound(c) == smaller;
}

/* rivalled: a favoured connection of the same pair was in handshake before c
 * became ready, and still is.  Both ends wait for the favoured one to become
 * ready or to fail, so both keep the same one.  A dial whose TCP connection is
 * not up is no rival: the other end cannot have seen it. */
static bool rivalled(const dp_host *h, const dp_guest *c)
{
    if (favoured(h, c))
        return false;
    for (dp_guest *r = NULL; (r = dp_guests_next(&h->guests, &c->id, r));)
        if (r->state == DP_SHAKING && r->since < c->since && favoured(h, r))
            return true;
    return false;
}

/* count counts a verdict. */
static void count(dp_host *h, int code)
{
    devp2p_counters *n = &h->counts;

    switch (code) {
    case 0:
        n->peers++;
        break;
    case DEVP2P_DISC_TOO_MANY_PEERS:
        n->too_many_peers++;
        break;
    case DEVP2P_DISC_ALREADY_CONNECTED:
        n->already_connected++;
        break;
    case DEVP2P_DISC_SELF:
        n->self++;
        break;
    case DEVP2P_DISC_USELESS_PEER:
        n->not_allowed++;
        break;
    case DEVP2P_DISC_UNEXPECTED_IDENTITY:
        n->unexpected_identity++;
        break;
    default:
        break;
    }
}

/* weigh is asked after the auth and again after the Hello: 0, or why a
 * connection comes to nothing, which it counts. */
static int weigh(dp_host *h, const dp_guest *c, const devp2p_id *id, dp_now now)
{
    bool same = memcmp(&c->id, id, sizeof *id) == 0;
    int code = same ? dp_host_bar(h, c, id, now) : 0;

    if (code)
        return code;
    code = same ? check(h, id, !dp_guest_outbound(c))
                : DEVP2P_DISC_UNEXPECTED_IDENTITY;
    if (code)
        count(h, code);
    return code;
}

static void refuse(dp_host *h, dp_guest *c, int code)
{
    c->state = DP_ENDING;
    c->code = code;
    dp_log(&h->env, DEVP2P_LOG_DEBUG, "host", "connection %" PRIx64 ": %s",
        c->number, devp2p_strerror(code));
}

/* decide gives a connection that is ready its verdict. */
static int decide(dp_host *h, dp_guest *c, dp_now now)
{
    int code = weigh(h, c, &c->id, now);
    if (code) {
        refuse(h, c, code);
        return code;
    }
    if (rivalled(h, c))
        return DP_HOLD;
    dp_guest_up(&h->guests, c);
    c->since = now.mono;
    count(h, 0);
    dp_standings_met(&h->book.standings, &c->id, now);
    dp_dials_up(h->dials, &c->id, now);
    dp_host_notify(h, c, DEVP2P_EVENT_PEER_ADD, 0, NULL, now);
    cancel_dialing(h, &c->id, DEVP2P_DISC_ALREADY_CONNECTED, now);
    return 0;
}

/* judge_held decides one that need not wait any more; false when there is
 * none. */
static bool judge_held(dp_host *h, const devp2p_id *id, dp_now now)
{
    for (dp_guest *c = NULL; (c = dp_guests_next(&h->guests, id, c));) {
        if (c->state != DP_HELD)
            continue;
        int code = decide(h, c, now);
        if (code == DP_HOLD)
            continue;
        dp_host_want(h, c, DP_JUDGE, code);
        return true;
    }
    return false;
}

bool dp_host_busy(const dp_host *h, const devp2p_id *id)
{
    if (dp_guests_peer(&h->guests, id))
        return true;
    for (dp_guest *c = NULL; (c = dp_guests_next(&h->guests, id, c));)
        if (dp_guest_outbound(c))
            return true;
    return false;
}

/* settle draws what follows from a change among the connections of id. */
static void settle(dp_host *h, const devp2p_id *id, dp_now now)
{
    while (judge_held(h, id, now))
        continue;
    if (dp_host_busy(h, id))
        dp_dials_rest(h->dials, id);
    else
        dp_dials_wake(h->dials, id);
    dp_host_tick(h, now);
}

/* --- facts --- */

bool dp_host_accepting(const dp_host *h)
{
    return !h->stopping && h->guests.inbound < h->guests.slots.pending_in;
}

int dp_host_incoming(
    dp_host *h, uint64_t conn, const devp2p_addr *from, dp_now now)
{
    dp_assert(conn < DP_CONN_DIAL);
    if (h->stopping)
        return DEVP2P_ERR_LIMIT;
    if (dp_host_banned(h, NULL, from)) {
        h->counts.refused_banned++;
        return DEVP2P_ERR_BANNED;
    }
    int err = dp_door_knock(
        &h->door, &h->guests, h->trust, dp_host_full(h), from, now);
    if (err)
        return err;
    if (!dp_guest_new(&h->guests, conn, DP_SHAKING, from)) {
        h->counts.refused_memory++;
        return DEVP2P_ERR_NOMEM;
    }
    h->counts.accepted++;
    return 0;
}

/* unwanted says why no connection to a node may begin that is up already. */
static int unwanted(const dp_host *h, const devp2p_node *node)
{
    const devp2p_id *id = &node->id;

    if (h->stopping)
        return DEVP2P_ERR_CLOSED;
    if (dp_host_banned(h, id, &node->addr))
        return DEVP2P_ERR_BANNED;
    if (memcmp(id, &h->self, sizeof *id) == 0)
        return DEVP2P_DISC_SELF;
    if (dp_guests_peer(&h->guests, id))
        return DEVP2P_DISC_ALREADY_CONNECTED;
    for (dp_guest *c = NULL; (c = dp_guests_next(&h->guests, id, c));)
        if (dp_guest_outbound(c) && c->state != DP_DIALING)
            return DEVP2P_ERR_EXISTS;
    return 0;
}

dp_guest *dp_host_begin(
    dp_host *h, const devp2p_node *node, dp_guest_state state)
{
    h->order++;
    dp_guest *c =
        dp_guest_new(&h->guests, DP_CONN_DIAL | h->order, state, &node->addr);
    if (!c)
        return NULL;
    c->since = h->order;
    c->id = node->id;
    c->named = true;
    return c;
}

int dp_host_outgoing(
    dp_host *h, uint64_t *conn, const devp2p_node *node, dp_now now)
{
    int err = unwanted(h, node);
    if (err)
        return err;
    cancel_dialing(h, &node->id, DEVP2P_ERR_EXISTS, now);
    dp_guest *c = NULL;
    if (h->guests.dials >= h->guests.slots.pending_out)
        err = DEVP2P_ERR_LIMIT;
    else if (!(c = dp_host_begin(h, node, DP_SHAKING)))
        err = DEVP2P_ERR_NOMEM;
    else
        *conn = c->number;
    settle(h, &node->id, now);
    return err;
}

int dp_host_authed(dp_host *h, uint64_t conn, const devp2p_id *id, dp_now now)
{
    dp_guest *c = dp_guests_find(&h->guests, conn);
    if (!c)
        return DEVP2P_DISC_REQUESTED;
    if (c->state == DP_ENDING)
        return c->code;
    dp_assert(c->state == DP_SHAKING);
    if (!c->named) {
        c->id = *id;
        c->named = true;
        c->since = ++h->order;
    }
    int code = weigh(h, c, id, now);
    if (code == 0)
        return 0;
    refuse(h, c, code);
    if (dp_guest_outbound(c)) /* an inbound one was nobody's rival yet */
        settle(h, &c->id, now);
    return code;
}

int dp_host_ready(dp_host *h, uint64_t conn, dp_now now)
{
    dp_guest *c = dp_guests_find(&h->guests, conn);
    if (!c)
        return DEVP2P_DISC_REQUESTED;
    if (c->state == DP_ENDING)
        return c->code;
    dp_assert(c->state == DP_SHAKING && c->named);
    c->state = DP_HELD;
    c->since = ++h->order;
    int code = decide(h, c, now);
    if (code != DP_HOLD)
        settle(h, &c->id, now);
    return code;
}

void dp_host_down(
    dp_host *h, uint64_t conn, const devp2p_event *end, dp_now now)
{
    dp_guest *c = dp_guests_find(&h->guests, conn);
    if (!c)
        return;
    if (c->state == DP_UP) {
        dp_host_notify(h, c, DEVP2P_EVENT_PEER_DROP, end->code, end, now);
        dp_dials_dropped(h->dials, &c->id, end->code, end->remote, now);
    } else if (dp_guest_outbound(c)) {
        dp_host_notify(h, c, DEVP2P_EVENT_DIAL_FAIL, end->code, end, now);
        dp_dials_refused(h->dials, &c->id, end->code, end->remote, now);
    }
    dp_host_learn(h, c, end, now);
    h->tried += dp_guest_outbound(c);
    bool named = c->named;
    devp2p_id id = c->id;
    dp_guest_free(&h->guests, c);
    if (named)
        settle(h, &id, now);
}

/* --- commands --- */

/* stands tells how a node stands: a set of DEVP2P_OUTCOME_*. */
static uint32_t stands(const dp_host *h, const devp2p_id *id)
{
    if (dp_guests_peer(&h->guests, id))
        return DEVP2P_OUTCOME_CONNECTED;
    return dp_host_busy(h, id) ? DEVP2P_OUTCOME_DIALLING : 0;
}

/* add: 0, DP_MOVED, or why not. */
static int add(dp_host *h, const devp2p_node *node)
{
    if (h->stopping)
        return DEVP2P_ERR_CLOSED;
    if (memcmp(&node->id, &h->self, sizeof h->self) == 0)
        return DEVP2P_DISC_SELF;
    if (!dp_door_allows(&h->door, &node->addr) &&
        (node->addr.family || h->by_name))
        return DEVP2P_ERR_ACCESS;
    return dp_dials_add(h->dials, node);
}

int dp_host_list(dp_host *h, const devp2p_node *node)
{
    int err = add(h, node);
    if (err == 0 || err == DP_MOVED)
        dp_dials_wake(h->dials, &node->id);
    return err == DP_MOVED ? 0 : err;
}

void dp_host_add(
    dp_host *h, uint64_t ticket, const devp2p_node *node, dp_now now)
{
    int err = add(h, node);
    if (err == DP_MOVED) /* where it was is of no use any more */
        cancel_dialing(h, &node->id, DEVP2P_DISC_REQUESTED, now);
    devp2p_event outcome = {
        .kind = DEVP2P_EVENT_COMMAND,
        .ticket = ticket,
        .code = err == DP_MOVED ? 0 : err,
        .id = node->id,
        .addr = node->addr,
        .outcome = stands(h, &node->id),
    };
    if (outcome.code == 0 && !outcome.outcome && dp_host_dials_left(h))
        outcome.outcome = DEVP2P_OUTCOME_DIALLING; /* settle begins it */
    if (outcome.code == 0)
        outcome.outcome |= err ? DEVP2P_OUTCOME_UPDATED : DEVP2P_OUTCOME_ADDED;
    dp_notices_tell(&h->notices, &outcome, now);
    if (outcome.code == 0)
        settle(h, &node->id, now);
}

/* dp_host_remove leaves an inbound connection in handshake alone: it is not
 * proven to be the node's. */
void dp_host_remove(
    dp_host *h, uint64_t ticket, const devp2p_id *id, dp_now now)
{
    uint32_t stood = stands(h, id);
    dp_guest *up = dp_guests_peer(&h->guests, id);
    if (up)
        dp_host_end(h, up, DEVP2P_DISC_REQUESTED);
    cancel_dialing(h, id, DEVP2P_DISC_REQUESTED, now);
    for (dp_guest *c = NULL; (c = dp_guests_next(&h->guests, id, c));)
        if (dp_guest_outbound(c) || c->state == DP_HELD)
            dp_host_end(h, c, DEVP2P_DISC_REQUESTED);
    bool known = dp_dials_cut(h->dials, id, now) || up;
    devp2p_event outcome = {
        .kind = DEVP2P_EVENT_COMMAND,
        .ticket = ticket,
        .code = known ? 0 : DEVP2P_ERR_NOT_FOUND,
        .id = *id,
        .outcome = stood | (known ? DEVP2P_OUTCOME_REMOVED : 0),
    };
    dp_notices_tell(&h->notices, &outcome, now);
    settle(h, id, now);
}

void dp_host_tell(dp_host *h, const devp2p_event *event, dp_now now)
{
    dp_notices_tell(&h->notices, event, now);
}

int dp_host_trust_list(dp_host *h, const devp2p_node *node, dp_now now)
{
    if (h->stopping)
        return DEVP2P_ERR_CLOSED;
    if (memcmp(&node->id, &h->self, sizeof h->self) == 0)
        return DEVP2P_DISC_SELF;
    return dp_trust_add(h->trust, node, now);
}

void dp_host_trust(
    dp_host *h, uint64_t ticket, const devp2p_node *node, dp_now now)
{
    devp2p_event outcome = {
        .kind = DEVP2P_EVENT_COMMAND,
        .ticket = ticket,
        .code = dp_host_trust_list(h, node, now),
        .id = node->id,
        .addr = node->addr,
    };
    dp_notices_tell(&h->notices, &outcome, now);
}

void dp_host_distrust(
    dp_host *h, uint64_t ticket, const devp2p_id *id, dp_now now)
{
    devp2p_event outcome = {
        .kind = DEVP2P_EVENT_COMMAND,
        .ticket = ticket,
        .code = dp_trust_cut(h->trust, id) ? 0 : DEVP2P_ERR_NOT_FOUND,
        .id = *id,
    };
    dp_notices_tell(&h->notices, &outcome, now);
}

void dp_host_stop(dp_host *h, dp_now now)
{
    h->stopping = true;
    size_t at = 0;
    for (dp_guest *c; (c = dp_index_each(&h->guests.all, &at));)
        if (c->state == DP_DIALING)
            dp_host_cancel(h, c, DEVP2P_DISC_QUITTING, now);
        else
            dp_host_end(h, c, DEVP2P_DISC_QUITTING);
}

/* --- asking --- */

uint32_t dp_host_flags(const dp_host *h, uint64_t conn)
{
    const dp_guest *c = dp_guests_find(&h->guests, conn);
    return c ? flags_of(h, c) : 0;
}

size_t dp_host_peers(const dp_host *h)
{
    return dp_index_count(&h->guests.up);
}

const dp_slots *dp_host_slots(const dp_host *h)
{
    return &h->guests.slots;
}

const devp2p_counters *dp_host_counters(const dp_host *h)
{
    return &h->counts;
}

bool dp_host_dials(const dp_host *h)
{
    return h->guests.up_out < h->guests.slots.dialled;
}

uint64_t dp_host_conn(const dp_host *h, const devp2p_id *id)
{
    const dp_guest *c = dp_guests_peer(&h->guests, id);
    return c ? c->number : 0;
}
