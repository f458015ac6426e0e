/* SPDX-License-Identifier: MIT */
/* names.h - the names that a simulated world knows, and its resolver, which
 * takes 5..50 ms. */
#ifndef DP_SIM_NAMES_H
#define DP_SIM_NAMES_H

#include "sim/parts.h"

/* dp_sim_name says what addresses a name has from now on, none when n is 0;
 * dp_sim_txt gives it one more text, or none at all when text is NULL: 0,
 * ERR_NOMEM, and all is as it was.  Case of letters does not matter. */
int dp_sim_name(
    dp_sim *sim, const char *name, const devp2p_addr *addrs, size_t n);
int dp_sim_txt(dp_sim *sim, const char *name, const char *text);

/* dp_sim_resolver_down: what a node asks from now on ends in ERR_TIMEOUT after
 * 5 s, and counts as NO_RESOLVER, until it is false again. */
void dp_sim_resolver_down(dp_world *w, bool down);

int dp_sim_resolve(dp_world *w, uint64_t token, const char *name, bool txt);
void dp_sim_names_free(dp_sim *sim);

#endif
