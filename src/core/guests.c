/* SPDX-License-Identifier: MIT */
#include "core/guests.h"

#include "base/assert.h"

#include <string.h>

void dp_guest_aim(dp_guests *g, dp_guest *c, devp2p_node *target)
{
    dp_free(g->env, c->target, sizeof *c->target);
    c->target = target;
}

int dp_guests_init(
    dp_guests *g, const dp_env *env, const uint8_t salt[16], dp_slots slots)
{
    size_t pending = slots.pending_in + slots.pending_out;

    g->env = env;
    g->slots = slots;
    dp_list_init(&g->pending);
    int err =
        dp_map_new(&g->all, env, salt, slots.most + pending, sizeof(uint64_t));
    if (!err)
        err = dp_map_new(&g->up, env, salt, slots.most, sizeof(devp2p_id));
    return err;
}

void dp_guests_fini(dp_guests *g)
{
    size_t at = 0;
    if (g->all)
        for (dp_guest *c; (c = dp_map_each(g->all, &at));) {
            dp_guest_aim(g, c, NULL);
            dp_free(g->env, c, sizeof *c);
        }
    dp_map_free(g->all);
    dp_map_free(g->up);
}

dp_guest *dp_guest_new(dp_guests *g, uint64_t number, dp_guest_state state,
    const devp2p_addr *addr)
{
    dp_guest *c = dp_alloc(g->env, sizeof *c);
    if (!c)
        return NULL;
    c->number = number;
    c->state = state;
    c->addr = *addr;
    int err = dp_map_put(g->all, &number, c);
    dp_assert(!err);
    dp_list_push(&g->pending, &c->pending);
    if (dp_guest_outbound(c))
        g->dials++;
    else
        g->inbound++;
    return c;
}

static void leave_pending(dp_guests *g, dp_guest *c)
{
    if (!dp_linked(&c->pending))
        return;
    dp_unlink(&c->pending);
    if (dp_guest_outbound(c))
        g->dials--;
    else
        g->inbound--;
}

static size_t *up_count(dp_guests *g, const dp_guest *c)
{
    return dp_guest_outbound(c) ? &g->up_out : &g->up_inbound;
}

void dp_guest_forget(dp_guests *g, dp_guest *c)
{
    dp_guest_aim(g, c, NULL);
    leave_pending(g, c);
    if (c->state == DP_UP) {
        dp_map_cut(g->up, &c->id);
        *up_count(g, c) -= 1;
    }
    dp_map_cut(g->all, &c->number);
}

void dp_guest_free(dp_guests *g, dp_guest *c)
{
    dp_guest_forget(g, c);
    dp_unlink(&c->todo);
    dp_free(g->env, c, sizeof *c);
}

void dp_guest_up(dp_guests *g, dp_guest *c)
{
    leave_pending(g, c);
    c->state = DP_UP;
    *up_count(g, c) += 1;
    int err = dp_map_put(g->up, &c->id, c);
    dp_assert(!err);
}

dp_guest *dp_guests_find(const dp_guests *g, uint64_t number)
{
    return dp_map_get(g->all, &number);
}

dp_guest *dp_guests_peer(const dp_guests *g, const devp2p_id *id)
{
    return dp_map_get(g->up, id);
}

dp_guest *dp_guests_next(
    const dp_guests *g, const devp2p_id *id, const dp_guest *c)
{
    const dp_link *end = &g->pending.head;
    const dp_link *k = c ? c->pending.next : end->next;
    for (; k != end; k = k->next) {
        dp_guest *next = dp_of(k, dp_guest, pending);
        if (next->named && memcmp(&next->id, id, sizeof *id) == 0)
            return next;
    }
    return NULL;
}
