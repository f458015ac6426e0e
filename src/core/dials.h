/* SPDX-License-Identifier: MIT */
/* dials.h - whom to dial when: the static nodes, each with the moment from
 * which it may be dialled, names and ids whose address is sought, and the
 * history of the dials to others.  Who is connected, or in handshake, is the
 * host's to know: it lets a node wait for its time (wake) or not (rest).
 *
 * An attempt takes a static node from the pool, at random among those whose
 * time has come.  Its name is resolved first; the addresses are tried one after
 * the other; when no TCP connection comes up, or there is no address, the id is
 * sought, and what is found is tried once more. */
#ifndef DP_DIALS_H
#define DP_DIALS_H

#include "base/limits.h"
#include "base/map.h"

#include <devp2p/node.h>

typedef struct dp_dials dp_dials;

/* dp_dials_new: resolves says that somebody answers what dp_dials_ask asks,
 * by_name that a node with a host name is dialled by it, without an address. */
int dp_dials_new(dp_dials **out, const dp_env *env, const uint8_t salt[16],
    bool resolves, bool by_name);
void dp_dials_free(dp_dials *d);

/* --- static nodes --- */

/* DP_MOVED: the node was there, with another endpoint. */
enum { DP_MOVED = 1 };

/* dp_dials_add: 0, DP_MOVED, ERR_EXISTS, ERR_ADDR (nothing to dial), ERR_NAME
 * (a host name, and nobody resolves), ERR_LIMIT, ERR_NOMEM.  The node may be
 * dialled at once, and rests until dp_dials_wake. */
int dp_dials_add(dp_dials *d, const devp2p_node *node);
bool dp_dials_cut(dp_dials *d, const devp2p_id *id, dp_now now);
const devp2p_node *dp_dials_find(const dp_dials *d, const devp2p_id *id);
size_t dp_dials_count(const dp_dials *d);

/* dp_dials_wake lets a node be dialled once its time comes, and is the end of
 * its attempt if one was connecting; dp_dials_rest does not, and gives up what
 * is asked about it.  An id that is not static is ignored. */
void dp_dials_wake(dp_dials *d, const devp2p_id *id);
void dp_dials_rest(dp_dials *d, const devp2p_id *id);

/* dp_dials_up: the node is connected, dialled or not.  dp_dials_dropped: it
 * was, and may be dialled again soon.  dp_dials_refused: a dial ended after its
 * TCP connection was up.  code says why; remote: it is a reason that the peer
 * sent. */
void dp_dials_up(dp_dials *d, const devp2p_id *id, dp_now now);
void dp_dials_dropped(
    dp_dials *d, const devp2p_id *id, int code, bool remote, dp_now now);
void dp_dials_refused(
    dp_dials *d, const devp2p_id *id, int code, bool remote, dp_now now);

/* dp_dial_delay is how long a static node is left alone that sent a reason, as
 * a peer (up) or in handshake; 0 when that makes no difference.  Up to
 * DP_RETURN_JITTER_NS are added, so that two nodes that dialled each other do
 * not do so again at once. */
uint64_t dp_dial_delay(int reason, bool up);

/* --- attempts --- */

typedef enum dp_step_kind {
    DP_STEP_WAIT,    /* for an answer, or nothing to do */
    DP_STEP_CONNECT, /* to node */
    DP_STEP_FAIL     /* the attempt on node is over: code.  Wake it */
} dp_step_kind;

typedef struct dp_dial_step {
    dp_step_kind kind;
    int code;
    const devp2p_node *node; /* until the next verb */
} dp_dial_step;

/* dp_dials_begin begins an attempt, if a node is in the pool.  dp_dials_tick
 * does one thing that is due, or returns false.  dp_dials_failed: no TCP
 * connection came up; false when that was no attempt on a static node.
 * dp_dials_answer is what came of a question, also none; false when nobody
 * waits for it.  Each tells what follows in step. */
bool dp_dials_begin(dp_dials *d, dp_dial_step *step, dp_now now);
bool dp_dials_tick(dp_dials *d, dp_dial_step *step, dp_now now);
bool dp_dials_failed(
    dp_dials *d, dp_dial_step *step, const devp2p_id *id, int code, dp_now now);
bool dp_dials_answer(dp_dials *d, dp_dial_step *step, uint64_t ticket,
    const devp2p_addr *addrs, size_t n, int err, dp_now now);

/* dp_dials_when is the moment of the next dp_dials_tick. */
uint64_t dp_dials_when(const dp_dials *d);

/* dp_dials_ask gives the next question, or NULL: the address of node->host, or
 * of node->id when by_id is set. */
const devp2p_node *dp_dials_ask(dp_dials *d, uint64_t *ticket, bool *by_id);

/* dp_dials_asking counts the attempts that wait for an answer. */
size_t dp_dials_asking(const dp_dials *d);

/* --- the history of dials to nodes that are not static --- */

/* dp_dials_note remembers for DP_REDIAL_NS that an id was dialled: 0, ERR_AGAIN
 * when it was there already, ERR_LIMIT when it is full, ERR_NOMEM.
 * dp_dials_full is when there is room again, 0 when there is. */
int dp_dials_note(dp_dials *d, const devp2p_id *id, dp_now now);
bool dp_dials_recent(dp_dials *d, const devp2p_id *id, dp_now now);
uint64_t dp_dials_full(dp_dials *d, dp_now now);

#endif
