/* SPDX-License-Identifier: MIT */
/* devp2p/request.h - which answer belongs to which request, and how much a peer
 * can be asked for at once.
 *
 * devp2p_requests  a table of what was asked and not answered yet: it draws the
 *                  ids, tells what has timed out, and knows an answer that is
 *                  late from one that nobody asked for;
 * devp2p_rates     an estimate of what each peer delivers in a second, and of
 *                  how long one may wait: integers only.
 *
 * Both are plain values without socket, thread or clock.  Moments (now_ms) are
 * milliseconds of a clock of the program's choice that does not go back.
 * examples/request.c has a protocol that uses both.
 *
 * Thread:  any, for every function; a table, and a set with its rates, belong
 *          to one thread at a time: a program whose time-outs and whose on_msg
 *          are on two threads puts a lock of its own around them. */
#ifndef DEVP2P_REQUEST_H
#define DEVP2P_REQUEST_H

#include <devp2p/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- requests --- */

typedef struct devp2p_requests devp2p_requests;

/* A devp2p_requests_config; zero means what stands beside the field. */
typedef struct devp2p_requests_config {
    uint32_t max_in_flight; /* 10,000; 1 to 1,000,000 */
    uint32_t max_late;      /* timed out and remembered: 1,024; to 1,000,000;
                               DEVP2P_NONE: late answers are unasked ones */
    uint32_t late_ms;       /* remembered for so long: 60 s; at most 1 h */
    devp2p_alloc_fn *alloc; /* malloc and free */
    void *alloc_user;
} devp2p_requests_config;

/* A devp2p_request is a frozen value.  peer is whatever tells peers apart, and
 * only compared: a devp2p_rw, or NULL in a table for one peer. */
typedef struct devp2p_request {
    const void *peer;
    void *user;
    uint64_t answer;      /* message code of the answer */
    uint64_t max_items;   /* in the answer; 0: any number */
    uint64_t deadline_ms; /* UINT64_MAX: never */
    uint64_t id;          /* the table's; never 0 */
    uint64_t took_ms;     /* the table's: since it was asked */
} devp2p_request;

/* devp2p_requests_new makes an empty table.  It is a macro that passes the size
 * your program was compiled with to devp2p_requests_new_sized.  A table grows
 * as it is filled, and keeps what it has taken.
 *
 * Returns: 0; ERR_INVALID, and the detail names the field; ERR_ABI; ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_requests_free; NULL
 *          after an error.
 * In:      cfg - copied; NULL: all defaults. */
DEVP2P_API DEVP2P_CHECK int devp2p_requests_new_sized(devp2p_requests **out,
    const devp2p_requests_config *cfg, size_t config_size);
#define devp2p_requests_new(out, cfg) \
    devp2p_requests_new_sized((out), (cfg), sizeof(devp2p_requests_config))

/* devp2p_requests_free frees a table; what its requests point at is the
 * caller's.  NULL is fine. */
DEVP2P_API void devp2p_requests_free(devp2p_requests *r);

/* devp2p_requests_track notes a request that is about to be sent.  It ends
 * once: with devp2p_requests_fulfil that returns 0, with devp2p_requests_expire
 * or with devp2p_requests_cancel; the last is for a send that failed, too.
 *
 * Returns: 0, ERR_LIMIT when so many are in flight already, ERR_NOMEM.
 * Out:     id - to be sent with it.  A table gives no id twice.
 * In:      what - copied; its id and took_ms are not looked at. */
DEVP2P_API DEVP2P_CHECK int devp2p_requests_track(devp2p_requests *r,
    uint64_t *id, const devp2p_request *what, uint64_t now_ms);

/* devp2p_requests_fulfil takes an answer.  One that comes after the deadline is
 * still in time as long as devp2p_requests_expire has not told the request.
 *
 * Returns: 0; ERR_NOT_FOUND: this peer was not asked for it, or has answered
 *          already, or it was too long ago; ERR_UNEXPECTED: the answer has
 *          another code than the request wants; ERR_TOO_BIG: it has too many
 *          items; ERR_TIMEOUT: all is well with it, but it is late.  After
 *          ERR_UNEXPECTED and ERR_TOO_BIG the request is as it was.
 * Out:     out - the request, all zero after ERR_NOT_FOUND; user is NULL when
 *          it was cancelled, which is told as late, too.
 * In:      peer, id, code, items - of the answer. */
DEVP2P_API DEVP2P_CHECK int devp2p_requests_fulfil(devp2p_requests *r,
    devp2p_request *out, const void *peer, uint64_t id, uint64_t code,
    uint64_t items, uint64_t now_ms);

/* devp2p_requests_expire gives the next request that is due: earliest deadline
 * first, equal ones as they were asked.  From then on its answer is late, and
 * gives user once more: who frees what that points at calls
 * devp2p_requests_cancel.
 *
 * Returns: true; false: none is due.
 * Out:     out - the request; left alone when none is due. */
DEVP2P_API bool devp2p_requests_expire(
    devp2p_requests *r, devp2p_request *out, uint64_t now_ms);

/* devp2p_requests_deadline is when devp2p_requests_expire has something.
 *
 * Returns: milliseconds, as in devp2p_request.deadline_ms; UINT64_MAX: never,
 *          as things are. */
DEVP2P_API uint64_t devp2p_requests_deadline(const devp2p_requests *r);

/* devp2p_requests_cancel gives a request back, in flight or timed out: its user
 * is not told again.  Its answer is late.
 *
 * Returns: 0, ERR_NOT_FOUND.
 * Out:     out - the request, all zero after an error; may be NULL. */
DEVP2P_API int devp2p_requests_cancel(
    devp2p_requests *r, devp2p_request *out, uint64_t id, uint64_t now_ms);

/* devp2p_requests_gone says that a peer has gone: all its requests are due at
 * once, and what timed out before is forgotten, so that nothing in the table is
 * taken for one of another peer with the same pointer. */
DEVP2P_API void devp2p_requests_gone(devp2p_requests *r, const void *peer);

/* A devp2p_requests_count is a frozen value: tracked = in_flight + fulfilled +
 * lost + cancelled. */
typedef struct devp2p_requests_count {
    size_t in_flight;   /* now */
    size_t remembered;  /* now: timed out or cancelled */
    uint64_t tracked;   /* from here on: since the table was made */
    uint64_t fulfilled; /* answered in time */
    uint64_t lost;      /* timed out, or their peer has gone */
    uint64_t cancelled; /* while in flight */
    uint64_t late;      /* answers to what was lost or cancelled */
    uint64_t wrong;     /* answers with another code or too many items */
    uint64_t unasked;   /* answers to nothing */
} devp2p_requests_count;

/* devp2p_requests_counts counts what has happened.
 *
 * Out:     out - the counts. */
DEVP2P_API void devp2p_requests_counts(
    const devp2p_requests *r, devp2p_requests_count *out);

/* --- rates --- */

typedef struct devp2p_rates devp2p_rates; /* a set of peers */
typedef struct devp2p_rate devp2p_rate;   /* one of them */

/* A devp2p_rates_config; zero means what stands beside the field. */
typedef struct devp2p_rates_config {
    uint32_t max_peers;         /* 100,000; at most that */
    uint32_t kinds;             /* of items: 0 to kinds - 1, such as the codes
                                   of a protocol; 32; at most 1,024 */
    uint32_t min_round_trip_ms; /* aimed at, at least: 2 s */
    uint32_t max_round_trip_ms; /* at most, and at first: 20 s, but not below
                                   the least; at most 24 h */
    uint32_t max_timeout_ms;    /* 60 s, but not below the longest round trip;
                                   at most 24 h */
    devp2p_alloc_fn *alloc;     /* malloc and free */
    void *alloc_user;
} devp2p_rates_config;

/* devp2p_rates_new makes an empty set.  It is a macro that passes the size your
 * program was compiled with to devp2p_rates_new_sized.
 *
 * Returns: 0; ERR_INVALID, and the detail names the field; ERR_ABI; ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_rates_free; NULL after
 *          an error.
 * In:      cfg - copied; NULL: all defaults. */
DEVP2P_API DEVP2P_CHECK int devp2p_rates_new_sized(devp2p_rates **out,
    const devp2p_rates_config *cfg, size_t config_size, uint64_t now_ms);
#define devp2p_rates_new(out, cfg, now_ms) \
    devp2p_rates_new_sized((out), (cfg), sizeof(devp2p_rates_config), (now_ms))

/* devp2p_rates_free frees a set; its rates are freed before it.  NULL is
 * fine. */
DEVP2P_API void devp2p_rates_free(devp2p_rates *set);

/* devp2p_rate_new adds a peer, which begins with what the others do on average
 * and loses it with the first request that it does not honour.
 *
 * Returns: 0, ERR_LIMIT when the set is full, ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_rate_free; NULL after
 *          an error. */
DEVP2P_API DEVP2P_CHECK int devp2p_rate_new(
    devp2p_rate **out, devp2p_rates *set);

/* devp2p_rate_free takes a peer out of its set.  NULL is fine. */
DEVP2P_API void devp2p_rate_free(devp2p_rate *rate);

/* devp2p_rate_update tells how a request ended: a tenth of the estimate is the
 * latest delivery.
 *
 * Returns: 0; ERR_INVALID when there is no such kind.
 * In:      elapsed_ms - from the request to its answer, such as
 *          devp2p_request.took_ms; below 1 it counts as 1; items - 0: it timed
 *          out or was refused; the peer is taken to deliver nothing of this
 *          kind, and is measured again from there. */
DEVP2P_API int devp2p_rate_update(
    devp2p_rate *rate, uint32_t kind, uint64_t elapsed_ms, uint64_t items);

/* devp2p_rate_capacity is how many items to ask a peer for: slightly more than
 * it is known to deliver in a time, so that the estimate can rise.
 *
 * Returns: from 1 to INT32_MAX; 1 for a kind that there is not.
 * In:      target_ms - the time, usually devp2p_rates_target. */
DEVP2P_API uint32_t devp2p_rate_capacity(
    const devp2p_rate *rate, uint32_t kind, uint64_t target_ms);

/* devp2p_rate_round_trip is how long the peer's answers take.
 *
 * Returns: milliseconds. */
DEVP2P_API uint64_t devp2p_rate_round_trip(const devp2p_rate *rate);

/* devp2p_rates_median is a round trip that the better peers keep: that of rank
 * sqrt(n), the fastest one being 0; the longest one allowed when there is no
 * peer.
 *
 * Returns: milliseconds, within the bounds of the configuration. */
DEVP2P_API uint64_t devp2p_rates_median(const devp2p_rates *set);

/* devp2p_rates_mean is what the peers deliver on average.
 *
 * Returns: items of a kind in a second; 0 without peers, and for a kind that
 *          there is not. */
DEVP2P_API uint64_t devp2p_rates_mean(const devp2p_rates *set, uint32_t kind);

/* devp2p_rates_confidence tells how sure the set is of its round trip: less
 * with every new peer among the first ten, more as time goes by.
 *
 * Returns: thousandths, from 100 to 1,000. */
DEVP2P_API uint32_t devp2p_rates_confidence(const devp2p_rates *set);

/* devp2p_rates_target is the round trip to aim at: a tenth less than the set's,
 * so that requests become small and fast rather than big and slow.
 * devp2p_rates_timeout is how long to wait for an answer: three round trips,
 * and more the less sure the set is of them.  Both look at the peers again once
 * every round trip.
 *
 * Returns: milliseconds, at least 1; the target is never above the timeout. */
DEVP2P_API uint64_t devp2p_rates_target(devp2p_rates *set, uint64_t now_ms);
DEVP2P_API uint64_t devp2p_rates_timeout(devp2p_rates *set, uint64_t now_ms);

#ifdef __cplusplus
}
#endif
#endif
