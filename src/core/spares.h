/* SPDX-License-Identifier: MIT */
/* spares.h - ephemeral keys made ahead: pairs that idle time makes and that the
 * curve work of handshakes uses instead of those it drew, so that it need not
 * derive their public halves.
 *
 * A pair serves one handshake and is wiped here as it leaves; it never comes
 * back, whatever becomes of the handshake.  The private halves are drawn on the
 * loop, the public ones are derived by a job of the pool, a few at a time, and
 * only when no handshake's work was in the pool for DP_SPARES_REST_NS. */
#ifndef DP_SPARES_H
#define DP_SPARES_H

#include "base/world.h"
#include "core/ec.h"
#include "crypto/crypto.h"

typedef struct dp_spare {
    devp2p_key key;
    devp2p_pubkey pub;
} dp_spare;

typedef struct dp_spares {
    dp_work work; /* the job that makes some */
    dp_env env;
    const dp_crypto *crypto;
    dp_spare *keys; /* max and a batch; NULL until the first are made */
    size_t n, max;
    size_t batch; /* behind keys + max: in the pool; 0: the job is not out */
    int err;      /* of the job */
    size_t out;   /* handshakes' work in the pool */
    uint64_t due; /* the next job, unless something is in the pool */
    bool closed;
} dp_spares;

/* dp_spares_init makes a store of at most max keys, without memory yet;
 * dp_spares_close wipes what there is and makes no more; dp_spares_fini frees
 * it when its job is not out, or will not run. */
void dp_spares_init(dp_spares *s, const dp_env *env, const dp_crypto *crypto,
    size_t max, dp_now now);
void dp_spares_close(dp_spares *s);
void dp_spares_fini(dp_spares *s);

/* dp_spares_serve gives ec what it has a use for, as far as there is any, once:
 * a responder needs both public halves, an initiator that of its envelope. */
void dp_spares_serve(dp_spares *s, dp_ec *ec);

/* dp_spares_began and _ended: the work of a handshake is in the pool, and has
 * come back. */
void dp_spares_began(dp_spares *s);
void dp_spares_ended(dp_spares *s, dp_now now);

/* dp_spares_job gives the next job for the pool when it is time, or NULL; after
 * an error (of memory, chance or, told with dp_spares_undo, the pool) not until
 * a handshake has ended.  dp_spares_when is the moment to ask.  dp_spares_made
 * takes a job back: false, and nothing happened, when it is not the store's. */
dp_work *dp_spares_job(dp_spares *s, dp_now now);
void dp_spares_undo(dp_spares *s);
uint64_t dp_spares_when(const dp_spares *s);
bool dp_spares_made(dp_spares *s, const dp_work *job);

#endif
