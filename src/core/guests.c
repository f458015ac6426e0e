/* SPDX-License-Identifier: MIT */
#include "core/guests.h"

#include <string.h>

void dp_guest_aim(dp_guests *g, dp_guest *c, devp2p_node *target)
{
    dp_free(g->env, c->target, sizeof *c->target);
    c->target = target;
}

static const uint8_t *number_of(const void *value)
{
    return (const uint8_t *)&((const dp_guest *)value)->number;
}

static const uint8_t *id_of(const void *value)
{
    return ((const dp_guest *)value)->id.b;
}

void dp_guests_init(
    dp_guests *g, const dp_env *env, const uint8_t salt[16], dp_slots slots)
{
    g->env = env;
    g->slots = slots;
    dp_list_init(&g->pending);
    g->all = (dp_index){ .key_len = sizeof(uint64_t), .key = number_of };
    g->up = (dp_index){ .key_len = sizeof(devp2p_id), .key = id_of };
    memcpy(g->all.salt, salt, sizeof g->all.salt);
    memcpy(g->up.salt, salt, sizeof g->up.salt);
}

void dp_guests_fini(dp_guests *g)
{
    size_t at = 0;
    for (dp_guest *c; (c = dp_index_each(&g->all, &at));) {
        dp_guest_aim(g, c, NULL);
        dp_free(g->env, c, sizeof *c);
    }
    dp_index_free(&g->all);
    dp_index_free(&g->up);
}

/* dp_guest_new also makes the room that dp_guest_up needs. */
dp_guest *dp_guest_new(dp_guests *g, uint64_t number, dp_guest_state state,
    const devp2p_addr *addr)
{
    size_t n = dp_index_count(&g->all) + 1;
    dp_guest *c = dp_alloc(g->env, sizeof *c);
    if (!c || dp_index_reserve(&g->all, g->env, n) ||
        dp_index_reserve(&g->up, g->env, n)) {
        dp_free(g->env, c, sizeof *c);
        return NULL;
    }
    c->number = number;
    c->state = state;
    c->addr = *addr;
    dp_index_put(&g->all, c);
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
        dp_index_cut(&g->up, c);
        *up_count(g, c) -= 1;
    }
    dp_index_cut(&g->all, c);
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
    dp_index_put(&g->up, c);
}

dp_guest *dp_guests_find(const dp_guests *g, uint64_t number)
{
    return dp_index_get(&g->all, &number);
}

dp_guest *dp_guests_peer(const dp_guests *g, const devp2p_id *id)
{
    return dp_index_get(&g->up, id);
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
