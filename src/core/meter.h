/* SPDX-License-Identifier: MIT */
/* meter.h - what a connection has moved: in all, and for each code of each
 * capability.  Codes from DP_METERED_CODES on share one count. */
#ifndef DP_METER_H
#define DP_METER_H

#include "core/caps.h"

#include "base/env.h"

/* A dp_meter_row is where the counts of one capability are. */
typedef struct dp_meter_row {
    uint32_t first, n;
} dp_meter_row;

typedef struct dp_meter {
    devp2p_traffic all;  /* every byte; the messages of capabilities */
    devp2p_traffic *sum; /* of all connections, NULL: nobody wants it */
    uint32_t nrows, ncells;
    devp2p_traffic *cells; /* and behind them the rows; NULL: none */
} dp_meter;

typedef enum dp_way { DP_IN = 0, DP_OUT } dp_way;

/* dp_meter_open makes room for the codes of caps: 0, ERR_NOMEM. */
int dp_meter_open(dp_meter *m, const dp_env *env, const dp_caps *caps);
void dp_meter_fini(dp_meter *m, const dp_env *env);

/* dp_meter_bytes counts bytes of the stream, dp_meter_message a message in a
 * frame of wire bytes; m may be NULL. */
void dp_meter_bytes(dp_meter *m, dp_way way, size_t n);
void dp_meter_message(dp_meter *m, dp_way way, size_t cap, uint64_t code,
    size_t wire, size_t full);

/* dp_meter_copy brings out, opened for the same capabilities, up to date; true
 * when there was something new. */
bool dp_meter_copy(dp_meter *out, const dp_meter *m);

/* dp_traffic_add adds the counts of t to those of to. */
void dp_traffic_add(devp2p_traffic *to, const devp2p_traffic *t);

/* dp_meter_read gives the count of a code, or of all for DEVP2P_ALL_CODES. */
void dp_meter_read(
    const dp_meter *m, devp2p_traffic *out, size_t cap, uint64_t code);

#endif
