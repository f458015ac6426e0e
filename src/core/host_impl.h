/* SPDX-License-Identifier: MIT */
/* host_impl.h - what the files of the host share: host.c has verdicts, facts
 * and commands, host_dials.c whom it dials, host_book.c whom it does not talk
 * to, and who leaves for others. */
#ifndef DP_HOST_IMPL_H
#define DP_HOST_IMPL_H

#include "core/book.h"
#include "core/dials.h"
#include "core/door.h"
#include "core/guests.h"
#include "core/host.h"
#include "core/notices.h"
#include "core/rotation.h"

struct dp_host {
    dp_env env;
    devp2p_id self;
    dp_guests guests;
    dp_dials *dials;
    dp_trust *trust;
    dp_door door;
    dp_map *allowed; /* ids; NULL: all */
    dp_book book;
    dp_rotation *rotation; /* NULL: nobody leaves */
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

/* dp_host_end ends a connection that has a session, dp_host_cancel gives up a
 * dial before its TCP connection is up, and forgets it. */
void dp_host_end(dp_host *h, dp_guest *c, int code);
void dp_host_cancel(dp_host *h, dp_guest *c, int code, dp_now now);

/* dp_host_full: no slot is free for a peer that comes in. */
bool dp_host_full(const dp_host *h);

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

/* --- host_book.c --- */

int dp_host_open_book(
    dp_host *h, const uint8_t salt[16], const dp_access *a, dp_now now);

/* dp_host_banned: id, or the address, is; either may be unknown. */
bool dp_host_banned(
    const dp_host *h, const devp2p_id *id, const devp2p_addr *addr);

/* dp_host_spared: what a node does has no consequences. */
bool dp_host_spared(const dp_host *h, const devp2p_id *id);

/* dp_host_bar counts, and gives the reason, when a connection of id is not
 * wanted because of the book, or of who left lately; else 0. */
int dp_host_bar(dp_host *h, const dp_guest *c, const devp2p_id *id, dp_now now);

/* dp_host_apart: a node that nobody named is not dialled for the time being. */
bool dp_host_apart(const dp_host *h, const devp2p_id *id, dp_now now);

/* dp_host_learn: what the end of a connection says of its node. */
void dp_host_learn(
    dp_host *h, const dp_guest *c, const devp2p_event *end, dp_now now);

/* dp_host_watch does what is due, dp_host_watch_at is when. */
void dp_host_watch(dp_host *h, dp_now now);
uint64_t dp_host_watch_at(const dp_host *h);

#endif
