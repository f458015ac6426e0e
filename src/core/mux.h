/* SPDX-License-Identifier: MIT */
/* mux.h - messages of capabilities on their way in: which one an id belongs to,
 * what its rule says, what its reader has not taken yet, and which reader
 * stopped taking. */
#ifndef DP_MUX_H
#define DP_MUX_H

#include "core/caps.h"
#include "core/flow.h"
#include "core/rules.h"
#include "core/share.h"

#include "base/bucket.h"

#include "base/env.h"

/* A dp_lane is what waits for the reader of one capability. */
typedef struct dp_lane {
    size_t bytes; /* inflated */
    size_t messages;
} dp_lane;

/* A dp_mux_quota is what the rules with a bound per second need. */
typedef struct dp_mux_quota {
    dp_rest rest; /* until the next message may come */
    size_t n;
    dp_bucket buckets[];
} dp_mux_quota;

typedef struct dp_mux {
    const dp_env *env;
    dp_share share;        /* of the receive total: what waits */
    dp_caps caps;          /* what was agreed */
    dp_lane *lanes;        /* caps.n of them */
    const dp_rules *rules; /* of our protocols, NULL: none; set by the owner */
    dp_mux_quota *quota;   /* NULL: no rule has a bound per second */
    size_t full;           /* the lane at its mark, SIZE_MAX for none */
    uint64_t since;        /* when it got there */
    uint32_t mark;         /* inflated bytes of a lane; set by the owner */
    uint8_t strays;        /* ids 0x04..0x0f */
    bool snappy;
} dp_mux;

typedef struct dp_routed {
    size_t cap;
    uint64_t code;
    size_t full; /* bytes when inflated */
} dp_routed;

void dp_mux_init(dp_mux *m, const dp_env *env, dp_budget *total);
void dp_mux_fini(dp_mux *m); /* gives back all charges */

/* dp_mux_open keeps a copy of caps and makes their lanes: 0 or ERR_NOMEM. */
int dp_mux_open(dp_mux *m, const dp_caps *caps);

/* dp_mux_stray counts an id of the base protocol that nobody uses: 0, or
 * ERR_LIMIT for one too many. */
int dp_mux_stray(dp_mux *m);

/* dp_mux_rule is the rule for a code of a capability, never NULL. */
const dp_rule *dp_mux_rule(const dp_mux *m, size_t cap, uint64_t code);

/* dp_mux_rest is NULL when there is none; dp_mux_rests: the next message waits.
 */
static inline dp_rest *dp_mux_rest(const dp_mux *m)
{
    return m->quota ? &m->quota->rest : NULL;
}

static inline bool dp_mux_rests(const dp_mux *m)
{
    return m->quota && m->quota->rest.on;
}

/* dp_mux_admits tells whether the message with an id may come now, and if so
 * counts it; otherwise a rest begins. */
bool dp_mux_admits(dp_mux *m, uint64_t id, dp_now now);

/* dp_mux_route finds whose message id is, checks the size it declares and
 * charges it: 0, ERR_MESSAGE for an id outside every range, ERR_SNAPPY,
 * ERR_TOO_BIG, also by a rule. */
int dp_mux_route(dp_mux *m, dp_routed *out, uint64_t id, const uint8_t *payload,
    size_t len, dp_now now);

/* dp_mux_took gives a charge back. */
void dp_mux_took(dp_mux *m, size_t cap, size_t full);

/* dp_mux_blocked: a lane is at its mark, the whole session waits. */
static inline bool dp_mux_blocked(const dp_mux *m)
{
    return m->full != SIZE_MAX;
}

#endif
