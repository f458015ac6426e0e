/* SPDX-License-Identifier: MIT */
/* guests.h - the connections of a host, inbound and dialled alike, by number;
 * those that are up also by id, the others in the order they began. */
#ifndef DP_GUESTS_H
#define DP_GUESTS_H

#include "base/index.h"
#include "base/limits.h"
#include "base/list.h"
#include "core/access.h"
#include "core/host.h"

typedef enum dp_guest_state {
    DP_DIALING = 1, /* a dial whose TCP connection is not up */
    DP_SHAKING,     /* between TCP and both Hellos */
    DP_HELD,        /* ready; its verdict waits for a rival */
    DP_UP,          /* it has a slot */
    DP_ENDING       /* refused or closed without one: only its end is to come */
} dp_guest_state;

typedef struct dp_guest {
    dp_link pending; /* among those that are not up */
    dp_link todo;    /* among those that have an effect to give */
    uint64_t number;
    uint64_t since; /* its place in the order of dials begun, auths come and
                       verdicts held; of a peer, when it became one, mono */
    devp2p_id id;   /* whom we dialled, or what an auth claims */
    devp2p_addr addr;
    dp_guest_state state;
    bool named;          /* id is set */
    bool dynamic;        /* a dial to a candidate */
    bool leaving;        /* a peer that was told to go */
    devp2p_node *target; /* of a DIAL that nobody has heard of */
    dp_effect_kind effect;
    int code; /* of the effect; the reason while ENDING */
} dp_guest;

typedef struct dp_guests {
    const dp_env *env;
    dp_slots slots;
    dp_index all; /* by number */
    dp_index up;  /* by id */
    dp_list pending;
    size_t inbound, dials;     /* in pending */
    size_t up_inbound, up_out; /* among those that are up */
} dp_guests;

void dp_guests_init(
    dp_guests *g, const dp_env *env, const uint8_t salt[16], dp_slots slots);
void dp_guests_fini(dp_guests *g);

static inline bool dp_guest_outbound(const dp_guest *c)
{
    return c->number >= DP_CONN_DIAL;
}

/* dp_guest_new adds one that is not up, NULL when memory is out; _forget takes
 * it out of all but the effects, _free also frees it. */
dp_guest *dp_guest_new(dp_guests *g, uint64_t number, dp_guest_state state,
    const devp2p_addr *addr);
void dp_guest_forget(dp_guests *g, dp_guest *c);
void dp_guest_free(dp_guests *g, dp_guest *c);

/* dp_guest_aim gives a dial its target, which it owns, or takes it away. */
void dp_guest_aim(dp_guests *g, dp_guest *c, devp2p_node *target);

/* dp_guest_up gives a named one a slot. */
void dp_guest_up(dp_guests *g, dp_guest *c);

dp_guest *dp_guests_find(const dp_guests *g, uint64_t number);
dp_guest *dp_guests_peer(const dp_guests *g, const devp2p_id *id);

/* dp_guests_next walks those of id that are not up; start with NULL. */
dp_guest *dp_guests_next(
    const dp_guests *g, const devp2p_id *id, const dp_guest *c);

#endif
