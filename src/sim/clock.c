/* SPDX-License-Identifier: MIT */
/* clock.c - the clocks of a node, which may be wrong. */
#include "sim/parts.h"

#define WALL_START INT64_C(1767225600000) /* 2026-01-01 */

enum { MILLION = 1000000 };

__extension__ typedef unsigned __int128 wide;

uint64_t dp_sim_scale(uint64_t v, uint64_t by, uint64_t over, bool up)
{
    wide product = (wide)v * by + (up ? over - 1 : 0);
    wide out = product / over;
    return out < DP_NEVER ? (uint64_t)out : DP_NEVER;
}

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

int64_t dp_sim_wall(uint64_t mono)
{
    return WALL_START + (int64_t)((mono - DP_SIM_START) / DP_MS);
}

static uint64_t rate(const dp_clock *c)
{
    return (uint64_t)(MILLION + (int64_t)c->ppm);
}

dp_now dp_sim_node_now(const dp_node *n)
{
    const dp_clock *c = &n->host->clock;
    uint64_t past = n->sim->now.mono - c->world;
    uint64_t mono = dp_after((dp_now){ .mono = c->mono },
        dp_sim_scale(past, rate(c), MILLION, false));
    return (dp_now){ mono, add(dp_sim_wall(mono), c->jump) };
}

/* dp_sim_node_when rounds up, so that no deadline is served before it is
 * there. */
uint64_t dp_sim_node_when(const dp_node *n, uint64_t mono)
{
    const dp_clock *c = &n->host->clock;

    if (mono == DP_NEVER)
        return DP_NEVER;
    if (mono <= c->mono)
        return c->world;
    return dp_after((dp_now){ .mono = c->world },
        dp_sim_scale(mono - c->mono, MILLION, rate(c), true));
}

void dp_sim_jump(dp_world *w, int64_t ms)
{
    dp_node *n = dp_sim_node_of(w);
    n->clock.jump = add(n->clock.jump, ms);
    dp_sim_count(n->sim, DEVP2P_SIM_CLOCK_JUMP);
}

static void arm(dp_node *host)
{
    for (dp_node *n = NULL; (n = dp_sim_node_next(host, n)) != NULL;) {
        dp_sim_node_arm(n);
        dp_sim_tasks_arm(n);
    }
}

void dp_sim_skew(dp_world *w, int32_t ppm)
{
    dp_node *n = dp_sim_node_of(w);

    dp_assert(ppm > -MILLION);
    n->clock.mono = dp_sim_node_now(n).mono;
    n->clock.world = n->sim->now.mono;
    n->clock.ppm = ppm;
    dp_sim_count(n->sim, DEVP2P_SIM_CLOCK_SKEW);
    arm(n);
}

void dp_sim_pause(dp_world *w, uint64_t until)
{
    dp_node *n = dp_sim_node_of(w);
    n->paused = until;
    if (until > n->sim->now.mono)
        dp_sim_count(n->sim, DEVP2P_SIM_PAUSE);
    arm(n);
}
