/* SPDX-License-Identifier: MIT */
/* fault.c - what goes wrong when it is told to. */
#include "sim/parts.h"

#include "sim/store.h"

/* --- streams --- */

static void cut(dp_conn *c)
{
    dp_sim_end_break(&c->ends[0], DEVP2P_ERR_RESET);
    dp_sim_end_break(&c->ends[1], DEVP2P_ERR_RESET);
}

/* sever leaves alone what is not connected yet: TCP tries again. */
static void sever(dp_conn *c)
{
    if (c->ends[1].state != DP_END_NONE)
        c->severed = true;
}

static void reschedule(dp_conn *c)
{
    dp_sim_end_schedule(&c->ends[0]);
    dp_sim_end_schedule(&c->ends[1]);
}

static void each(dp_pair *p, void (*what)(dp_conn *c))
{
    for (dp_link *k = p ? dp_list_first(&p->conns) : NULL; k;
         k = dp_list_next(&p->conns, k))
        what(dp_of(k, dp_conn, of_pair));
}

void dp_sim_cut(dp_sim *sim, const dp_world *a, const dp_world *b)
{
    each(dp_sim_pair_known(sim, dp_sim_node_of(a), dp_sim_node_of(b)), cut);
    dp_sim_count(sim, DEVP2P_SIM_RESET);
}

void dp_sim_sever(dp_sim *sim, const dp_world *a, const dp_world *b)
{
    each(dp_sim_pair_known(sim, dp_sim_node_of(a), dp_sim_node_of(b)), sever);
    dp_sim_count(sim, DEVP2P_SIM_HALF_OPEN);
}

int dp_sim_hold(
    dp_sim *sim, const dp_world *from, const dp_world *to, bool held)
{
    const dp_node *a = dp_sim_node_of(from);
    dp_pair *p = dp_sim_pair(sim, dp_sim_node_of(from), dp_sim_node_of(to));

    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->side[p->side[0].node == a ? 0 : 1].held = held;
    each(p, reschedule);
    return 0;
}

/* --- addresses --- */

/* tear takes a node off one of its connections.  A dial of its own that is not
 * answered yet fails. */
static void tear(dp_conn *c, const dp_node *n)
{
    dp_end *dialer = &c->ends[0];

    for (size_t i = 0; i < 2; i++)
        if (c->ends[i].node == n && c->ends[i].state != DP_END_NONE)
            c->ends[i].away = true;
    if (dialer->away && dialer->io && !dialer->io->open)
        dp_sim_end_break(dialer, DEVP2P_ERR_UNREACHABLE);
    if ((dialer->away || c->ends[1].away) && !dp_linked(&c->widow))
        dp_list_push(&c->sim->widows, &c->widow);
}

static void leave_address(dp_node *n)
{
    dp_sim_host_leave(n);
    for (dp_link *k = dp_list_first(&n->pairs); k;
         k = dp_list_next(&n->pairs, k)) {
        dp_pair *p = dp_of(k, dp_side, link)->pair;
        for (dp_link *l = dp_list_first(&p->conns); l;
             l = dp_list_next(&p->conns, l))
            tear(dp_of(l, dp_conn, of_pair), n);
    }
}

static void poke_all(dp_node *host)
{
    for (dp_node *n = NULL; (n = dp_sim_node_next(host, n)) != NULL;)
        for (dp_link *k = dp_list_first(&n->ios); k;
             k = dp_list_next(&n->ios, k))
            dp_sim_io_poke(dp_of(k, dp_io, link));
}

void dp_sim_crash(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);

    n->crashed = true;
    leave_address(n);
    dp_sim_eject(w);
    for (dp_link *k = dp_list_first(&n->listeners); k;
         k = dp_list_next(&n->listeners, k)) {
        dp_io *io = dp_of(k, dp_io, link);
        for (dp_link *l; (l = dp_list_pop(&io->queue));)
            dp_sim_end_leave(&dp_of(l, dp_conn, waiting)->ends[1], true);
        io->queued = 0;
    }
    poke_all(n);
}

void dp_sim_readdress(dp_world *w, const devp2p_addr *ip)
{
    dp_node *n = dp_sim_node_of(w);

    dp_sim_count(n->sim, DEVP2P_SIM_NEW_ADDRESS);
    if (n->crashed)
        return;
    leave_address(n);
    dp_sim_host_enter(n, ip);
}

/* --- one node --- */

void dp_sim_slow(dp_world *w, bool slow)
{
    dp_node *n = dp_sim_node_of(w);

    n->slow = slow;
    if (slow)
        dp_sim_count(n->sim, DEVP2P_SIM_SLOW_READER);
    else
        poke_all(n);
}

void dp_sim_mute(dp_world *w, uint64_t n)
{
    dp_sim_node_of(w)->mute = n;
}

devp2p_slice dp_sim_overheard(const dp_world *w)
{
    const dp_node *n = dp_sim_node_of(w);
    return (devp2p_slice){ n->heard, n->heard_n };
}
