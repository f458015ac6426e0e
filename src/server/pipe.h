/* SPDX-License-Identifier: MIT */
/* pipe.h - two rws joined to each other, for tests of handlers: devp2p/pipe.h.
 * It has no world; its threads wait on a condition of its own. */
#ifndef DP_PIPE_H
#define DP_PIPE_H

#include "base/env.h"
#include "base/now.h"

#include <devp2p/pipe.h>

typedef struct dp_pipe dp_pipe;

/* dp_pipe_new is devp2p_pipe with memory and time of the caller's; mono is that
 * of CLOCK_MONOTONIC. */
int dp_pipe_new(
    devp2p_rw **a, devp2p_rw **b, const dp_env *env, dp_now (*now)(void));

/* dp_pipe_of is the pipe that rw is an end of, or NULL. */
dp_pipe *dp_pipe_of(const devp2p_rw *rw);
const dp_env *dp_pipe_env(const dp_pipe *p);

/* dp_pipe_meet gives an end its peer: 0, ERR_EXISTS, ERR_CLOSED. */
int dp_pipe_meet(devp2p_rw *end, devp2p_peer *peer);

/* dp_pipe_end closes the pipe.  Peers at its ends that are still up hear the
 * reason; for those who did not give it, it is a remote one. */
void dp_pipe_end(dp_pipe *p, const devp2p_peer *by, int reason);

/* The ends count as one reference each, a peer as one more. */
dp_pipe *dp_pipe_keep(dp_pipe *p);
void dp_pipe_drop(dp_pipe *p); /* NULL is fine */

#endif
