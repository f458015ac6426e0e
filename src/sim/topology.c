/* SPDX-License-Identifier: MIT */
/* topology.c - who has whom as a static node. */
#include "sim/public.h"

#include "server/join.h"
#include "server/server.h"

dp_wish *dp_sim_wish(const devp2p_sim_node *node, const devp2p_id *id)
{
    for (size_t i = 0; i < node->nwishes; i++)
        if (memcmp(&node->wishes[i].target.id, id, sizeof *id) == 0)
            return &node->wishes[i];
    return NULL;
}

/* has: the server of a node lists a peer. */
static bool has(const devp2p_sim_node *node, const devp2p_id *id)
{
    bool found = false;

    if (!node->life)
        return false;
    devp2p_server *srv = node->life->srv;
    pthread_mutex_lock(&srv->lock);
    for (size_t i = 0; i < srv->npeers && !found; i++)
        found = memcmp(&srv->peers[i]->id, id, sizeof *id) == 0;
    pthread_mutex_unlock(&srv->lock);
    return found;
}

bool devp2p_sim_connected(const devp2p_sim_node *a, const devp2p_sim_node *b)
{
    return has(a, &b->self.id) && has(b, &a->self.id);
}

static int wish(devp2p_sim_node *a, const devp2p_sim_node *b)
{
    dp_wish *wishes =
        dp_sim_longer(&a->sim->env, a->wishes, a->nwishes, sizeof *a->wishes);

    if (!wishes)
        return dp_fail_plain(DEVP2P_ERR_NOMEM);
    a->wishes = wishes;
    wishes[a->nwishes++].target = b->self;
    return 0;
}

static void unwish(devp2p_sim_node *a, dp_wish *w)
{
    size_t size = a->nwishes * sizeof *a->wishes;

    *w = a->wishes[--a->nwishes];
    a->wishes =
        dp_resize(&a->sim->env, a->wishes, size, size - sizeof *a->wishes);
}

int devp2p_sim_connect(devp2p_sim_node *a, devp2p_sim_node *b)
{
    if (a == b)
        return dp_fail(DEVP2P_DISC_SELF, "a node does not dial itself");
    if (!b->cfg.listens)
        return dp_fail(DEVP2P_ERR_ADDR, "node %zu has no listener", b->number);
    if (dp_sim_wish(a, &b->self.id))
        return dp_fail(DEVP2P_ERR_EXISTS, "node %zu dials node %zu already",
            a->number, b->number);
    int err = wish(a, b);
    if (!err && a->life)
        err = dp_server_command(a->life->srv, DP_ADD, &b->self, NULL);
    return err;
}

int devp2p_sim_disconnect(devp2p_sim_node *a, devp2p_sim_node *b)
{
    dp_wish *w = dp_sim_wish(a, &b->self.id);

    if (!w)
        return dp_fail(DEVP2P_ERR_NOT_FOUND, "node %zu does not dial node %zu",
            a->number, b->number);
    unwish(a, w);
    return a->life ? dp_server_command(a->life->srv, DP_REMOVE, &b->self, NULL)
                   : 0;
}

/* tell updates what a server knows of a static node. */
static void tell(const devp2p_sim_node *node, dp_wish *w)
{
    w->untold =
        dp_server_command(node->life->srv, DP_ADD, &w->target, NULL) != 0;
    w->retold = true;
    w->dialled_at = 0; /* a node that is somewhere else is dialled at once */
    w->dropped_at = 0;
}

void dp_sim_moved(devp2p_sim_node *node)
{
    devp2p_sim *sim = node->sim;

    for (size_t i = 0; i < sim->nnodes; i++) {
        dp_wish *w = dp_sim_wish(sim->nodes[i], &node->self.id);
        if (w)
            w->target = node->self;
        if (w && sim->nodes[i]->life)
            tell(sim->nodes[i], w);
    }
}

void dp_sim_tell_again(devp2p_sim *sim)
{
    for (size_t i = 0; i < sim->nnodes; i++) {
        devp2p_sim_node *node = sim->nodes[i];
        for (size_t k = 0; node->life && k < node->nwishes; k++)
            if (node->wishes[k].untold &&
                !has(node, &node->wishes[k].target.id))
                tell(node, &node->wishes[k]);
    }
}

/* --- topologies --- */

/* join: a pair that is connected already is left alone. */
static int join(devp2p_sim_node *a, devp2p_sim_node *b)
{
    if (a == b || dp_sim_wish(a, &b->self.id) || dp_sim_wish(b, &a->self.id))
        return 0;
    return devp2p_sim_connect(a, b);
}

static int join_others(
    devp2p_sim *sim, size_t i, devp2p_sim_topology_kind kind, size_t degree)
{
    devp2p_sim_node **n = sim->nodes, *a = n[i];
    size_t next = (i + 1) % sim->nnodes;
    int err = 0;

    if (kind == DEVP2P_SIM_STAR)
        return join(a, n[0]);
    if (kind == DEVP2P_SIM_FULL) {
        for (size_t k = 0; k < i && !err; k++)
            err = join(a, n[k]);
        return err;
    }
    if (kind != DEVP2P_SIM_CHAIN || next != 0)
        err = join(a, n[next]);
    for (size_t k = 1; kind == DEVP2P_SIM_RANDOM && k < degree / 2 && !err; k++)
        err = join(a, n[dp_chance_below(&sim->fate, sim->nnodes)]);
    return err;
}

int devp2p_sim_topology(
    devp2p_sim *sim, devp2p_sim_topology_kind kind, size_t degree)
{
    int err = 0;

    if (kind < DEVP2P_SIM_CHAIN || kind > DEVP2P_SIM_RANDOM)
        return dp_fail(DEVP2P_ERR_INVALID, "there is no topology %d", kind);
    for (size_t i = 0; i < sim->nnodes && !err; i++)
        err = join_others(sim, i, kind, degree);
    return err;
}
