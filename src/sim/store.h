/* SPDX-License-Identifier: MIT */
/* store.h - disks of the simulated world: rows that outlive the node that keeps
 * them.  A load or a commit takes 1..20 ms. */
#ifndef DP_SIM_STORE_H
#define DP_SIM_STORE_H

#include "sim/parts.h"

typedef struct dp_disk dp_disk;

int dp_sim_disk(dp_disk **out, dp_sim *sim);
void dp_sim_disk_free(dp_disk *d); /* NULL is fine; in no world, and before
                                      its simulation */

/* dp_sim_insert puts a disk, which is in no world, into a world that has none.
 * dp_sim_eject takes it out as a crash does, which it is part of: what is not
 * committed is lost and answered with ERR_IO.  A world that is freed lets go of
 * its disk.  The NULL of no disk is fine. */
void dp_sim_insert(dp_world *w, dp_disk *d);
void dp_sim_eject(dp_world *w);

/* dp_sim_disk_wipe loses all rows, and counts as STORE_LOST.  Commits to a full
 * disk fail, and each counts as DISK_FULL. */
void dp_sim_disk_wipe(dp_disk *d);
void dp_sim_disk_full(dp_disk *d, bool full);

/* dp_sim_disk_rows is how many rows are committed. */
size_t dp_sim_disk_rows(const dp_disk *d);

int dp_sim_load(dp_world *w, uint64_t token);
int dp_sim_store(dp_world *w, uint64_t token, const dp_row *rows, size_t n);

#endif
