/* SPDX-License-Identifier: MIT */
/* tap.h - stands between a server and its program, and between a server and
 * its world: all that passes goes into the trace and through the checks. */
#ifndef DP_SIM_TAP_H
#define DP_SIM_TAP_H

#include "base/world.h"
#include "server/config.h"
#include "server/rw.h"

#include <devp2p/sim.h>

struct dp_lifetime;

/* A dp_tap_row stands before one protocol of the program. */
typedef struct dp_tap_row {
    struct dp_tap *tap;
    const devp2p_protocol *theirs;
} dp_tap_row;

/* A dp_seen is what a program knows of one peer. */
typedef struct dp_seen {
    devp2p_id id;
    bool up;
    bool inbound;
    bool unsure;   /* up was told before events were lost */
    uint64_t open; /* protocols whose handler it has, a bit each */
} dp_seen;

typedef struct dp_tap {
    struct dp_lifetime *life;
    dp_tap_row *rows;
    devp2p_protocol *ours; /* one more than rows, which ends them */
    size_t nrows;
    dp_rw_ops rw;          /* of the rws that handlers have */
    const dp_rw_ops *real; /* what these lead to */
    dp_world_up up;        /* what the world calls */
    const dp_world_up *server;
    dp_world_ops ops; /* what the server calls */
    const dp_world_ops *world;
    dp_seen *seen;
    size_t nseen, seen_cap;
    bool lost; /* some events were, for want of memory */
} dp_tap;

/* dp_tap_init makes the rows for a configuration, which it puts into cfg with
 * its on_event; dp_tap_attach goes between the server and its world. */
int dp_tap_init(dp_tap *tap, struct dp_lifetime *life, devp2p_config *cfg);
void dp_tap_attach(dp_tap *tap);
void dp_tap_fini(dp_tap *tap);

/* dp_tap_of is the tap that an rw goes through, while its handler runs. */
dp_tap *dp_tap_of(const devp2p_rw *rw);

#endif
