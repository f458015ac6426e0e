/* SPDX-License-Identifier: MIT */
/* host_impl.h - what the files of the host share: host.c has verdicts, facts
 * and commands, host_dials.c whom it dials. */
#ifndef DP_HOST_IMPL_H
#define DP_HOST_IMPL_H

#include "core/dials.h"
#include "core/door.h"
#include "core/guests.h"
#include "core/host.h"
#include "core/notices.h"

struct dp_host {
    dp_env env;
    devp2p_id self;
    dp_guests guests;
    dp_dials *dials;
    dp_trust *trust;
    dp_door door;
    dp_map *allowed; /* ids; NULL: all */
    devp2p_counters counts;
    dp_notices notices;
    dp_list todo;    /* guests that have an effect to give */
    uint64_t order;  /* of the last dial, auth or held verdict */
    uint64_t looked; /* when "looking for peers" was due last */
    size_t tried;    /* dials that ended since then */
    bool stopping;
    bool by_name;
};

/* --- host.c --- */

/* dp_host_notify tells about a connection; end may say more, or be NULL. */
void dp_host_notify(dp_host *h, const dp_guest *c, devp2p_event_kind kind,
    int code, const devp2p_event *end, dp_now now);

/* dp_host_want asks the server for something.  A goodbye that follows an
 * acceptance not yet taken replaces it; otherwise the first reason stays. */
void dp_host_want(dp_host *h, dp_guest *c, dp_effect_kind effect, int code);

/* dp_host_begin adds a connection that begins here, NULL when memory is out. */
dp_guest *dp_host_begin(
    dp_host *h, const devp2p_node *node, dp_guest_state state);

/* dp_host_welcome: it is one of allow_ids, if there are any, or the user named
 * it otherwise. */
bool dp_host_welcome(const dp_host *h, const devp2p_id *id);

/* dp_host_busy: id is connected or being dialled.  What an auth claims does not
 * count; an inbound node that has proved itself is a peer, or held because of a
 * dial of ours. */
bool dp_host_busy(const dp_host *h, const devp2p_id *id);

/* --- host_dials.c --- */

/* dp_host_dials_left counts the dials that may begin now: two for each peer
 * that is missing among those that we dial, as go-ethereum. */
size_t dp_host_dials_left(const dp_host *h);

#endif
