/* SPDX-License-Identifier: MIT */
/* candidates.h - where dial candidates come from: the sources of the
 * configuration and its protocols, asked in turn while there are slots for
 * dials. */
#ifndef DP_CANDIDATES_H
#define DP_CANDIDATES_H

#include "core/host.h"
#include "server/config.h"

#include <stdatomic.h>

typedef struct dp_candidate_source {
    devp2p_iter iter;
    bool asleep; /* it said ERR_AGAIN */
    bool ended;
} dp_candidate_source;

typedef struct dp_candidates {
    dp_candidate_source v[DP_PROTOCOLS_MAX + 1];
    size_t n, at;
    uint64_t rest;     /* nobody is asked before */
    atomic_bool woken; /* any thread */
} dp_candidates;

/* dp_candidates_init: a source that several rows give is one. */
void dp_candidates_init(dp_candidates *c, const dp_config *cfg);

/* dp_candidates_ask asks for nodes and offers them, as long as the host wants
 * some; dp_candidates_when is when it is to be called again.  _wake, any
 * thread, makes it ask those that are asleep. */
void dp_candidates_ask(dp_candidates *c, dp_host *host, dp_now now);
uint64_t dp_candidates_when(dp_candidates *c, dp_host *host, dp_now now);

#endif
