/* SPDX-License-Identifier: MIT */
#include "sim_account.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One so young may still be at its greeting, or about to be refused. */
enum { YOUNG_US = 5 * 1000 * 1000 };

/* Who stops has a second to send what it accepted, by its own clock. */
enum { FLUSH_US = 500 * 1000 };

/* An owner is a node with all ends that it ever opened. */
typedef struct owner {
    devp2p_id id;
    sim_end *newest;
    uint64_t stops;
} owner;

struct sim_account {
    devp2p_sim *sim;
    uint32_t window;
    owner *owners;  /* by the number of the node */
    size_t nodes;   /* that have joined */
    sim_end **ends; /* by their numbers */
    size_t n, cap;
};

sim_account *sim_account_new(devp2p_sim *sim, size_t nodes, uint32_t window)
{
    sim_account *a = calloc(1, sizeof *a);
    owner *owners = calloc(nodes, sizeof *owners);
    if (!a || !owners) {
        free(a);
        free(owners);
        return NULL;
    }
    *a = (sim_account){ .sim = sim, .window = window, .owners = owners };
    return a;
}

void sim_account_free(sim_account *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++) {
        free(a->ends[i]->upto);
        free(a->ends[i]);
    }
    free(a->ends);
    free(a->owners);
    free(a);
}

static owner *owner_of(const sim_account *a, const devp2p_sim_node *node)
{
    return &a->owners[devp2p_sim_number(node)];
}

static size_t number_of(const sim_end *e)
{
    return devp2p_sim_number(e->node);
}

/* fail blames the connection of an end. */
static void fail(const sim_end *e, const char *what)
{
    devp2p_sim_fail(e->account->sim,
        "node %zu, connection %" PRIu64 " with node %zu: %s", number_of(e),
        e->number, devp2p_sim_number(e->peer), what);
}

/* --- the life of an end --- */

void sim_account_join(sim_account *a, devp2p_sim_node *node)
{
    devp2p_node self;
    devp2p_sim_self(node, &self);
    owner_of(a, node)->id = self.id;
    a->nodes++;
}

/* node_of finds a node by its id: NULL for a stranger's. */
static devp2p_sim_node *node_of(const sim_account *a, const devp2p_id *id)
{
    for (size_t i = 0; i < a->nodes; i++)
        if (!memcmp(a->owners[i].id.b, id->b, sizeof id->b))
            return devp2p_sim_node_at(a->sim, i);
    return NULL;
}

static bool grow(sim_account *a)
{
    size_t cap = a->cap ? a->cap * 2 : 64;
    sim_end **ends = realloc(a->ends, cap * sizeof *ends);
    if (ends) {
        a->ends = ends;
        a->cap = cap;
    }
    return ends != NULL;
}

sim_end *sim_account_open(
    sim_account *a, devp2p_sim_node *node, devp2p_peer *peer, devp2p_rw *rw)
{
    owner *its = owner_of(a, node);
    devp2p_sim_node *other = node_of(a, devp2p_peer_id(peer));
    if (!other) {
        devp2p_sim_fail(a->sim, "node %zu has a stranger as a peer",
            devp2p_sim_number(node));
        return NULL;
    }
    sim_end *e = a->n < a->cap || grow(a) ? malloc(sizeof *e) : NULL;
    if (!e)
        return NULL;
    *e = (sim_end){ .account = a,
        .older = its->newest,
        .node = node,
        .peer = other,
        .addr = *devp2p_peer_remote(peer),
        .number = a->n,
        .began_us = devp2p_sim_time_us(a->sim),
        .crashes = devp2p_sim_node_faults(node, DEVP2P_SIM_CRASH),
        .starved = devp2p_sim_node_faults(node, DEVP2P_SIM_NO_MEMORY),
        .life = devp2p_sim_life(node),
        .stops = its->stops,
        .rw = rw };
    its->newest = e;
    a->ends[a->n++] = e;
    return e;
}

bool sim_end_crashed(const sim_end *e)
{
    return devp2p_sim_node_faults(e->node, DEVP2P_SIM_CRASH) != e->crashes;
}

void sim_account_accept(sim_end *e, size_t len)
{
    if (e->accepted == e->upto_cap) {
        size_t cap = e->upto_cap ? e->upto_cap * 2 : 64;
        uint64_t *upto = realloc(e->upto, cap * sizeof *upto);
        if (!upto) {
            devp2p_sim_fail(e->account->sim, "no memory for the account");
            return;
        }
        e->upto = upto;
        e->upto_cap = cap;
    }
    e->upto[e->accepted] = len + (e->accepted ? e->upto[e->accepted - 1] : 0);
    e->accepted++;
}

/* meet learns from a message which two ends are those of one connection. */
static bool meet(sim_end *e, uint64_t number)
{
    const sim_account *a = e->account;
    sim_end *from = number < a->n ? a->ends[number] : NULL;
    if (from && !e->other && !from->other && from->node == e->peer &&
        from->peer == e->node) {
        e->other = from;
        from->other = e;
    }
    return from && e->other == from;
}

int sim_account_deliver(sim_end *e, uint64_t number, uint64_t sequence)
{
    if (!meet(e, number)) {
        fail(e, "a message of another connection was delivered");
        return DEVP2P_ERR_UNEXPECTED;
    }
    if (sequence != e->delivered) {
        fail(e, sequence < e->delivered
                    ? "a message was delivered twice"
                    : "a message is missing before another");
        return DEVP2P_ERR_UNEXPECTED;
    }
    e->delivered++;
    e->held = false;
    return 0;
}

/* --- the end of one --- */

/* free_to_read: nothing kept an end from taking what came. */
static bool free_to_read(const sim_end *e)
{
    uint64_t starved = devp2p_sim_node_faults(e->node, DEVP2P_SIM_NO_MEMORY);
    return !e->held && !sim_end_crashed(e) && starved == e->starved &&
           owner_of(e->account, e->node)->stops == e->stops;
}

/* heard_goodbye: the other end said why, behind all that it had given to the
 * kernel. */
static bool heard_goodbye(const sim_end *e)
{
    return e->remote && DEVP2P_IS_DISC(e->reason) && free_to_read(e);
}

/* was_cut_off: the network ended it, and it read for as long as bytes came.
 * Who gives a peer up by itself reads on and throws away what comes. */
static bool was_cut_off(const sim_end *e)
{
    return free_to_read(e) && !DEVP2P_IS_DISC(e->reason) &&
           e->reason != DEVP2P_ERR_STALLED && e->reason != DEVP2P_ERR_TIMEOUT;
}

/* on_its_way is how many bytes were lost with a connection.  Of the first
 * message a part may have come; of all others nothing has. */
static uint64_t on_its_way(const sim_end *from, const sim_end *to)
{
    uint64_t given = from->accepted - from->unsent;
    return to->delivered < given
               ? from->upto[given - 1] - from->upto[to->delivered]
               : 0;
}

/* left_early: it stopped, and had time for more than it sent. */
static bool left_early(const sim_end *e)
{
    return e->unsent && e->reason == DEVP2P_DISC_QUITTING && !e->remote &&
           owner_of(e->account, e->node)->stops != e->stops &&
           e->leaving_us < FLUSH_US;
}

/* judge compares what an end gave to its kernel with what came out. */
static void judge(const sim_end *from, const sim_end *to)
{
    uint64_t given = from->accepted - from->unsent;
    if (from->unsent > from->accepted)
        fail(from, "more messages are unsent than were accepted");
    else if (to->delivered > given)
        fail(from, "messages were delivered that are counted as unsent");
    else if (to->delivered < given && heard_goodbye(to))
        fail(to, "it heard a goodbye, and messages before that are lost");
    else if (heard_goodbye(to) && left_early(from))
        fail(from, "it said goodbye in front of what it had accepted");
    else if (was_cut_off(to) && on_its_way(from, to) > from->account->window)
        fail(from, "more is lost than can have been on its way");
}

static bool over(const sim_end *e)
{
    return e->dropped && e->closed;
}

static void judge_both(const sim_end *e)
{
    if (over(e) && e->other && over(e->other)) {
        judge(e, e->other);
        judge(e->other, e);
    }
}

void sim_account_close(sim_end *e, const uint32_t *unsent)
{
    e->rw = NULL;
    if (e->closed)
        fail(e, "on_close was called twice");
    if (unsent && e->dropped && *unsent != e->unsent)
        fail(e, "on_close and PEER_DROP count different messages as unsent");
    if (unsent) {
        e->told = true;
        e->unsent = *unsent;
    }
    e->closed = true;
    judge_both(e);
}

/* given_up: the PEER_DROP of an end was lost if the same server has had the
 * same peer again since. */
static bool given_up(const owner *its, const sim_end *e)
{
    const sim_end *newer = its->newest;
    while (newer != e && (newer->peer != e->peer || newer->stops != e->stops))
        newer = newer->older;
    return newer != e && e->unsure && e->closed;
}

/* ending finds the end that a PEER_DROP is about: the oldest that fits among
 * those of the same server.  A connection that ended before its handler began
 * has no end here. */
static sim_end *ending(
    const owner *its, const devp2p_sim_node *peer, const devp2p_event *event)
{
    sim_end *found = NULL;
    for (sim_end *e = its->newest; e; e = e->older)
        if (e->peer == peer && e->life == devp2p_sim_life(e->node) &&
            !e->dropped && !sim_end_crashed(e) &&
            e->addr.port == event->addr.port &&
            !memcmp(e->addr.ip, event->addr.ip, sizeof e->addr.ip) &&
            !given_up(its, e))
            found = e;
    bool strange =
        found && found->unsure && found->told && found->unsent != event->unsent;
    return strange ? NULL : found;
}

/* doubt: an event that is missing may have been the PEER_DROP of any end. */
static void doubt(const owner *its)
{
    for (sim_end *e = its->newest; e; e = e->older)
        e->unsure = e->unsure || !e->dropped;
}

void sim_account_hear(
    sim_account *a, devp2p_sim_node *node, const devp2p_event *event)
{
    if (event->kind == DEVP2P_EVENT_LOST)
        doubt(owner_of(a, node));
    if (event->kind != DEVP2P_EVENT_PEER_DROP)
        return;
    sim_end *e = ending(owner_of(a, node), node_of(a, &event->id), event);
    if (!e)
        return;
    if (e->told && event->unsent != e->unsent)
        fail(e, "on_close and PEER_DROP count different messages as unsent");
    e->unsent = event->unsent;
    e->reason = event->code;
    e->remote = event->remote;
    e->leaving_us = devp2p_sim_time_us(a->sim) - e->stopped_us;
    e->dropped = true;
    judge_both(e);
}

void sim_account_stopping(sim_account *a, devp2p_sim_node *node)
{
    owner *its = owner_of(a, node);
    for (sim_end *e = its->newest; e && e->stops == its->stops; e = e->older)
        e->stopped_us = devp2p_sim_time_us(a->sim);
    its->stops++;
}

/* --- the whole --- */

void sim_account_settled(sim_account *a)
{
    uint64_t now = devp2p_sim_time_us(a->sim);
    for (size_t i = 0; i < a->n; i++) {
        const sim_end *e = a->ends[i];
        if (over(e) || (e->closed && e->unsure) || sim_end_crashed(e) ||
            !e->accepted || now - e->began_us < YOUNG_US)
            continue;
        if (!e->other || over(e->other) || sim_end_crashed(e->other))
            fail(e, "it is up at this end only");
        else if (e->other->delivered != e->accepted)
            fail(e, "it is up, and not all that was accepted has come");
    }
}

void sim_account_ended(sim_account *a)
{
    for (size_t i = 0; i < a->n; i++) {
        const sim_end *e = a->ends[i];
        if (sim_end_crashed(e))
            continue;
        if (!e->dropped && !e->unsure)
            fail(e, "no PEER_DROP told of its end");
        else if (!e->closed)
            fail(e, "its handler never ended");
    }
}

sim_sums sim_account_sums(const sim_account *a)
{
    sim_sums sums = { .ends = a->n };
    for (size_t i = 0; i < a->n; i++) {
        sums.accepted += a->ends[i]->accepted;
        sums.delivered += a->ends[i]->delivered;
        sums.unsent += a->ends[i]->unsent;
    }
    sums.lost = sums.accepted - sums.delivered - sums.unsent;
    return sums;
}
