/* SPDX-License-Identifier: MIT */
/* host.h - who may connect: slots, dials to static nodes and to candidates,
 * verdicts, events.  One per server.  Facts go in; what it wants leaves through
 * dp_host_next.
 *
 * A conn is the number of a connection, never reused.  The server numbers those
 * that come in, below DP_CONN_DIAL; the host numbers its dials, from it on.  A
 * fact about a conn that the host does not know, such as one that it cancelled
 * meanwhile, is ignored. */
#ifndef DP_HOST_H
#define DP_HOST_H

#include "base/limits.h"
#include "base/map.h"
#include "base/world.h"
#include "core/access.h"

#include <devp2p/server.h>

typedef struct dp_host dp_host;

typedef struct dp_host_setup {
    dp_env env;
    devp2p_id self;
    uint32_t max_peers; /* DEVP2P_NONE for none */
    bool by_name;       /* a host name can be dialled as it is */
    bool resolves;      /* RESOLVE and FIND are answered */
    dp_access access;   /* checked; its lists are not kept */
} dp_host_setup;

#define DP_CONN_DIAL (UINT64_C(1) << 63)

/* DP_HOLD is the verdict that comes later, as an effect. */
enum { DP_HOLD = 1 };

typedef enum dp_effect_kind {
    DP_DIAL = 1, /* connect conn to node */
    DP_CANCEL,   /* give the dial conn up, the host has forgotten it */
    DP_JUDGE,    /* dp_session_judge(conn, code) of a held one */
    DP_CLOSE,    /* end conn with code */
    DP_EVENT,    /* tell event */
    DP_RESOLVE,  /* dp_host_resolved(conn): the addresses of node.host */
    DP_FIND,     /* the same: where node.id is now, as discovery knows */
    DP_STORE     /* commit the rows that the book gives (dp_book_rows) */
} dp_effect_kind;

typedef struct dp_effect {
    dp_effect_kind kind;
    uint64_t conn;
    int code;
    devp2p_node node;
    devp2p_event event;
} dp_effect;

int dp_host_new(dp_host **out, const dp_host_setup *setup, dp_now now);
void dp_host_free(dp_host *h);

/* --- facts --- */

/* dp_host_accepting: whether another inbound connection may begin. */
bool dp_host_accepting(const dp_host *h);

/* dp_host_incoming: somebody connected.  0, or close it before a byte is read:
 * ERR_BANNED; ERR_LIMIT, ERR_ACCESS, ERR_NOMEM (door.h). */
int dp_host_incoming(
    dp_host *h, uint64_t conn, const devp2p_addr *from, dp_now now);

/* dp_host_dialed: the TCP connection of a DIAL is up (err 0) or failed.  After
 * a failure the host forgets conn. */
void dp_host_dialed(dp_host *h, uint64_t conn, int err, dp_now now);

/* dp_host_outgoing: somebody else has connected to node, on its behalf; the
 * host gives that connection its number, as to a dial that is up.  A dial of
 * the node that is not up is given up for it.
 * Returns: 0, or it is not wanted: ERR_CLOSED, DISC_SELF,
 *          ERR_BANNED, DISC_ALREADY_CONNECTED, ERR_EXISTS for a node that is
 *          in handshake on a dial of ours, ERR_LIMIT, ERR_NOMEM. */
int dp_host_outgoing(
    dp_host *h, uint64_t *conn, const devp2p_node *node, dp_now now);

/* dp_host_authed: the handshake of conn named id.  Returns 0 or the reason to
 * leave with.  For an inbound connection nothing but its own fate hangs on the
 * answer: an auth may be a replay, the first frame MAC is the proof. */
int dp_host_authed(dp_host *h, uint64_t conn, const devp2p_id *id, dp_now now);

/* dp_host_ready: both Hellos are done.  Returns 0 (the slot is taken and
 * PEER_ADD told), a reason, or DP_HOLD. */
int dp_host_ready(dp_host *h, uint64_t conn, dp_now now);

/* dp_host_down: conn is gone; what tells PEER_DROP or DIAL_FAIL is taken from
 * end: code, remote, unsent, protocol. */
void dp_host_down(
    dp_host *h, uint64_t conn, const devp2p_event *end, dp_now now);

/* dp_host_resolved answers the RESOLVE or FIND that conn is the number of; who
 * answers too late, twice or unasked is ignored.  err 0 and n = 0 is not found.
 */
void dp_host_resolved(dp_host *h, uint64_t conn, const devp2p_addr *addrs,
    size_t n, int err, dp_now now);

/* dp_host_wants_at is when a candidate can be dialled, for all that is known;
 * dp_host_wants: it is now.  dp_host_offer offers one: 0 when it is dialled, or
 * why not: ERR_CLOSED, ERR_LIMIT (not now), ERR_ADDR, DISC_SELF,
 * DISC_ALREADY_CONNECTED, ERR_EXISTS (it is being dialled, or is a static
 * node), ERR_ACCESS, ERR_BANNED, DISC_USELESS_PEER (not one of allow_ids),
 * ERR_AGAIN (it was dialled DP_REDIAL_NS ago or less, cannot be reached, or
 * stays out), ERR_NOMEM. */
uint64_t dp_host_wants_at(dp_host *h, dp_now now);
static inline bool dp_host_wants(dp_host *h, dp_now now)
{
    return dp_host_wants_at(h, now) <= now.mono;
}
int dp_host_offer(dp_host *h, const devp2p_node *node, dp_now now);

/* --- commands: the outcome is an event with the ticket ---
 * add: 0, DISC_SELF, ERR_ADDR (no address or port to dial), ERR_NAME (nobody
 * looks it up), ERR_ACCESS (outside of net_restrict), ERR_EXISTS (with the same
 * endpoint), ERR_LIMIT, ERR_NOMEM, ERR_CLOSED.  remove: 0, or ERR_NOT_FOUND
 * when the node is neither static nor connected.  The event's outcome tells how
 * the node stands. */
void dp_host_add(
    dp_host *h, uint64_t ticket, const devp2p_node *node, dp_now now);
void dp_host_remove(
    dp_host *h, uint64_t ticket, const devp2p_id *id, dp_now now);

/* dp_host_trust and _distrust change who is trusted, from the next check on,
 * and the flag of a peer that is up; nobody is disconnected.  trust: 0,
 * DISC_SELF, ERR_EXISTS, ERR_LIMIT, ERR_NOMEM, ERR_CLOSED.  distrust: 0,
 * ERR_NOT_FOUND. */
void dp_host_trust(
    dp_host *h, uint64_t ticket, const devp2p_node *node, dp_now now);
void dp_host_distrust(
    dp_host *h, uint64_t ticket, const devp2p_id *id, dp_now now);
int dp_host_trust_list(dp_host *h, const devp2p_node *node, dp_now now);

/* dp_host_ban bans for so many ms, 0 for ever, and ends what there is to whom;
 * ERR_CLOSED, ERR_LIMIT, ERR_NOMEM.  unban: 0, ERR_NOT_FOUND. */
void dp_host_ban(dp_host *h, uint64_t ticket, const devp2p_ban *whom,
    uint64_t ms, dp_now now);
void dp_host_unban(
    dp_host *h, uint64_t ticket, const devp2p_ban *whom, dp_now now);

/* dp_host_list is dp_host_add for a node of the configuration, before anything
 * happens: the outcome is returned and no event. */
int dp_host_list(dp_host *h, const devp2p_node *node);

/* dp_host_tell puts an event behind those that the host has to tell. */
void dp_host_tell(dp_host *h, const devp2p_event *event, dp_now now);

/* dp_host_report: points for the conduct of a node; a peer that is to stay out
 * because of them is closed with USELESS_PEER. */
void dp_host_report(dp_host *h, const devp2p_id *id, int points, dp_now now);
int dp_host_score(dp_host *h, const devp2p_id *id, dp_now now);

/* dp_host_loaded: the rows that a store kept; who is connected and should not
 * be is closed. */
void dp_host_loaded(dp_host *h, const dp_row *rows, size_t n, dp_now now);

/* dp_host_stop: no new connections or dials; all are closed with QUITTING. */
void dp_host_stop(dp_host *h, dp_now now);

void dp_host_tick(dp_host *h, dp_now now);
uint64_t dp_host_deadline(const dp_host *h);
bool dp_host_next(dp_host *h, dp_effect *out, dp_now now);

/* --- asking --- */
uint32_t dp_host_flags(const dp_host *h, uint64_t conn); /* DEVP2P_PEER_* */
size_t dp_host_peers(const dp_host *h);
const dp_slots *dp_host_slots(const dp_host *h);
const devp2p_counters *dp_host_counters(const dp_host *h);

/* dp_host_conn is the conn of a peer that is up, 0 for none. */
uint64_t dp_host_conn(const dp_host *h, const devp2p_id *id);

/* dp_host_book is the peer book, for its store: see there. */
struct dp_book *dp_host_book(dp_host *h);

/* dp_host_dials: whether a slot is left for dials, those that last apart. */
bool dp_host_dials(const dp_host *h);

/* dp_host_room: whether the node id would find a slot now. */
bool dp_host_room(const dp_host *h, const devp2p_id *id, bool inbound);

#endif
