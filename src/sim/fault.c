/* SPDX-License-Identifier: MIT */
#include "sim/parts.h"

/* A hold stops the bytes between two addresses. */
typedef struct hold {
    dp_link link;
    devp2p_addr a, b;
} hold;

static bool same_pair(const devp2p_addr *a, const devp2p_addr *b,
    const devp2p_addr *c, const devp2p_addr *d)
{
    return (dp_sim_same_ip(a, c) && dp_sim_same_ip(b, d)) ||
           (dp_sim_same_ip(a, d) && dp_sim_same_ip(b, c));
}

static hold *find(dp_sim *sim, const devp2p_addr *a, const devp2p_addr *b)
{
    for (dp_link *k = dp_list_first(&sim->holds); k;
         k = dp_list_next(&sim->holds, k)) {
        hold *h = dp_of(k, hold, link);
        if (same_pair(&h->a, &h->b, a, b))
            return h;
    }
    return NULL;
}

bool dp_sim_held(dp_sim *sim, const devp2p_addr *a, const devp2p_addr *b)
{
    return find(sim, a, b) != NULL;
}

/* each calls what for both ends of every connection between two nodes. */
static void each(dp_sim *sim, const devp2p_addr *a, const devp2p_addr *b,
    void (*what)(dp_end *e))
{
    for (dp_link *k = dp_list_first(&sim->conns); k;
         k = dp_list_next(&sim->conns, k)) {
        dp_conn *c = dp_of(k, dp_conn, link);
        if (!same_pair(&c->ends[0].addr, &c->ends[1].addr, a, b))
            continue;
        what(&c->ends[0]);
        what(&c->ends[1]);
    }
}

static void cut(dp_end *e)
{
    dp_sim_end_break(e, DEVP2P_ERR_RESET);
}

void dp_sim_cut(dp_sim *sim, const dp_world *a, const dp_world *b)
{
    each(sim, &dp_sim_node_of(a)->ip, &dp_sim_node_of(b)->ip, cut);
}

void dp_sim_hold(dp_sim *sim, const dp_world *a, const dp_world *b, bool held)
{
    const devp2p_addr *x = &dp_sim_node_of(a)->ip, *y = &dp_sim_node_of(b)->ip;
    hold *h = find(sim, x, y);

    if (held && !h) {
        h = dp_alloc(&sim->setup.env, sizeof *h);
        dp_assert(h);
        h->a = *x;
        h->b = *y;
        dp_list_push(&sim->holds, &h->link);
    } else if (!held && h) {
        dp_unlink(&h->link);
        dp_free(&sim->setup.env, h, sizeof *h);
    }
    each(sim, x, y, dp_sim_end_schedule);
}

void dp_sim_holds_free(dp_sim *sim)
{
    for (dp_link *k; (k = dp_list_pop(&sim->holds));)
        dp_free(&sim->setup.env, dp_of(k, hold, link), sizeof(hold));
}
