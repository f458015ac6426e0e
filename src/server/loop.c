/* SPDX-License-Identifier: MIT */
#include "server/loop.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "server/server.h"

/* --- which thread --- */

/* here is a number that no other living thread has. */
static uintptr_t here(void)
{
    static _Thread_local char mark;
    return (uintptr_t)&mark;
}

bool dp_loop_inside(const dp_loop *l)
{
    return atomic_load_explicit(&l->inside, memory_order_relaxed) == here();
}

void dp_loop_enter(dp_loop *l)
{
    atomic_store_explicit(&l->inside, here(), memory_order_relaxed);
}

void dp_loop_leave(dp_loop *l)
{
    atomic_store_explicit(&l->inside, 0, memory_order_relaxed);
}

/* --- which loop --- */

/* load is how many lines a loop has, or is about to. */
static size_t load(const dp_loop *l)
{
    return l->number ? l->load : l->nlines;
}

/* dp_loops_choose: among those that have as few, each has its turn. */
dp_loop *dp_loops_choose(devp2p_server *srv)
{
    dp_loop *best = &srv->loops[srv->turn % srv->nloops];

    for (size_t i = 1; i < srv->nloops; i++) {
        dp_loop *l = &srv->loops[(srv->turn + i) % srv->nloops];
        if (load(l) < load(best))
            best = l;
    }
    srv->turn = best->number + 1;
    return best;
}

/* --- life --- */

/* chunks_kept is how many chunks a loop may keep that nobody uses. */
static size_t chunks_kept(const dp_config *cfg)
{
    if (cfg->warm_total == DEVP2P_NONE)
        return 0;
    return cfg->warm_total / DP_WARM_CHUNKS / DP_CHUNK / cfg->io_threads;
}

int dp_loop_init(
    dp_loop *l, devp2p_server *srv, unsigned number, dp_world *world)
{
    dp_node_self *self = &l->self;

    l->srv = srv;
    l->number = number;
    l->world = world;
    dp_list_init(&l->all);
    dp_list_init(&l->dirty);
    *self = srv->self;
    self->env.random_user = world;
    if (srv->warm)
        dp_warm_above(srv->warm, &self->env);
    dp_bandwidth_apply(
        &srv->cfg.bandwidth, self, &srv->in, &srv->out, &l->recv, &l->send);
    self->traffic = &l->moved;
    dp_scratch_init(&l->scratch, &self->env);
    int err = dp_timers_new(&l->timers, &self->env);
    if (!err)
        err = dp_pool_new(&l->pool, &self->env, chunks_kept(&srv->cfg));
    if (!err)
        err = dp_engine_new(&l->engine, &self->env, srv->crypto);
    self->pool = l->pool;
    return err;
}

void dp_loop_fini(dp_loop *l)
{
    dp_engine_free(l->engine);
    dp_pool_free(l->pool);
    dp_timers_free(l->timers);
    dp_scratch_fini(&l->scratch);
    devp2p_key_wipe(&l->self.key);
}
