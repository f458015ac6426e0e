/* SPDX-License-Identifier: MIT */
/* chaos.c - faults of a simulation, when they are asked for and by chance. */
#include "sim/public.h"

#include "sim/check.h"
#include "sim/stranger.h"

enum { NOISE_MAX = 4096 };

static const devp2p_sim_link squeezed = {
    .bytes_per_s = 8 * 1024,
    .latency_us = 300 * 1000,
};

static const char *const words[] = {
#define X(name, word) word,
    DEVP2P_SIM_FAULTS(X)
#undef X
};

const char *devp2p_sim_fault_word(devp2p_sim_fault_kind kind)
{
    return kind < DEVP2P_SIM_FAULT_KINDS ? words[kind] : "unknown";
}

uint64_t devp2p_sim_fault_count(
    const devp2p_sim *sim, devp2p_sim_fault_kind kind)
{
    return kind < DEVP2P_SIM_FAULT_KINDS ? dp_sim_counted(sim->world, kind) : 0;
}

/* --- faults that last --- */

static dp_world *world_of(const devp2p_sim_node *node)
{
    return node->life ? node->life->world : NULL;
}

/* release ends a hold from one node to another; after a crash there is none. */
static void release(dp_plan *p)
{
    if (p->a->life && p->b->life)
        (void)dp_sim_hold(p->sim->world, world_of(p->a), world_of(p->b), false);
}

/* widen gives a squeezed pair the link that it had. */
static void widen(dp_plan *p)
{
    if (!p->a->life || !p->b->life)
        return;
    (void)dp_sim_set_link(p->sim->world, world_of(p->a), world_of(p->b), NULL);
    (void)dp_links_apply(p->a);
}

static void read_on(dp_plan *p)
{
    if (p->a->life)
        dp_sim_slow(world_of(p->a), false);
}

static void go_on(dp_plan *p)
{
    if (p->a->life)
        dp_sim_pause(world_of(p->a), 0);
}

static void restart(dp_plan *p)
{
    if (p->a->life)
        return;
    int err = devp2p_sim_start(p->a);
    if (err)
        devp2p_sim_fail(p->sim, "node %zu cannot start again: %s", p->a->number,
            devp2p_strerror(err));
}

/* later plans the end of a fault. */
static int later(devp2p_sim *sim, int64_t ms, void (*run)(dp_plan *),
    devp2p_sim_node *a, devp2p_sim_node *b)
{
    dp_plan plan = { .run = run, .a = a, .b = b, .mends = true };

    return dp_sim_plan(sim, (uint64_t)(ms < 0 ? 0 : ms) * DP_MS, &plan);
}

/* --- one fault --- */

static int hold(
    devp2p_sim *sim, devp2p_sim_node *a, devp2p_sim_node *b, int64_t ms)
{
    int err = later(sim, ms, release, a, b);

    return err ? err : dp_sim_hold(sim->world, world_of(a), world_of(b), true);
}

/* between lets something go wrong on the way between two nodes. */
static int between(devp2p_sim *sim, devp2p_sim_fault_kind kind,
    devp2p_sim_node *a, devp2p_sim_node *b, int64_t amount)
{
    int err = 0;

    if (!a->life || !b->life || a == b)
        return DEVP2P_ERR_STATE;
    switch ((int)kind) {
    case DEVP2P_SIM_RESET:
        dp_sim_cut(sim->world, world_of(a), world_of(b));
        return 0;
    case DEVP2P_SIM_HALF_OPEN:
        dp_sim_sever(sim->world, world_of(a), world_of(b));
        return 0;
    case DEVP2P_SIM_PARTITION:
        err = hold(sim, b, a, amount);
        /* fall through */
    case DEVP2P_SIM_ONE_WAY:
        if (!err)
            err = hold(sim, a, b, amount);
        break;
    default:
        err = later(sim, amount, widen, a, b);
        if (!err)
            err = dp_sim_set_link(
                sim->world, world_of(a), world_of(b), &squeezed);
    }
    if (!err)
        dp_sim_count(sim->world, kind);
    return err;
}

static int crash(devp2p_sim *sim, devp2p_sim_node *a, int64_t ms)
{
    int err = ms > 0 ? later(sim, ms, restart, a, NULL) : 0;

    if (err)
        return err;
    dp_lifetime_end(a, true);
    dp_sim_count(sim->world, DEVP2P_SIM_CRASH);
    return 0;
}

static int move(devp2p_sim *sim, devp2p_sim_node *a)
{
    devp2p_addr ip = dp_sim_fresh_ip(sim, a->self.addr.family);
    int err = dp_sim_move(a, &ip);

    if (err)
        return err;
    dp_sim_readdress(world_of(a), &ip);
    dp_sim_moved(a);
    return 0;
}

static int noise(devp2p_sim *sim, devp2p_sim_node *a, int64_t len)
{
    uint8_t bytes[NOISE_MAX];
    size_t n = len < 0 ? 0 : len > NOISE_MAX ? NOISE_MAX : (size_t)len;

    dp_chance_fill(&sim->fate, bytes, n);
    int err = dp_stranger_send(a, (devp2p_slice){ bytes, n });
    if (!err)
        dp_sim_count(sim->world, DEVP2P_SIM_NOISE);
    return err;
}

static int replay(devp2p_sim *sim, devp2p_sim_node *a)
{
    devp2p_slice bytes = dp_sim_overheard(world_of(a));
    int err = bytes.len ? dp_stranger_send(a, bytes) : DEVP2P_ERR_STATE;

    if (!err)
        dp_sim_count(sim->world, DEVP2P_SIM_REPLAY);
    return err;
}

static int slow(devp2p_sim *sim, devp2p_sim_node *a, int64_t ms)
{
    int err = later(sim, ms, read_on, a, NULL);

    if (!err)
        dp_sim_slow(world_of(a), true);
    return err;
}

static int pause_node(devp2p_sim *sim, devp2p_sim_node *a, int64_t ms)
{
    int err = later(sim, ms, go_on, a, NULL);
    dp_now now = dp_sim_now(sim->world);

    if (!err)
        dp_sim_pause(
            world_of(a), dp_after(now, (uint64_t)(ms < 0 ? 0 : ms) * DP_MS));
    return err;
}

/* within lets something go wrong with one node. */
static int within(devp2p_sim *sim, devp2p_sim_fault_kind kind,
    devp2p_sim_node *a, int64_t amount)
{
    dp_world *w = world_of(a);

    if (!w)
        return DEVP2P_ERR_STATE;
    switch ((int)kind) {
    case DEVP2P_SIM_SLOW_READER:
        return slow(sim, a, amount);
    case DEVP2P_SIM_CRASH:
        return crash(sim, a, amount);
    case DEVP2P_SIM_CLOCK_JUMP:
        dp_sim_jump(w, amount);
        return 0;
    case DEVP2P_SIM_CLOCK_SKEW:
        dp_sim_skew(w, (int32_t)amount);
        return 0;
    case DEVP2P_SIM_PAUSE:
        return pause_node(sim, a, amount);
    case DEVP2P_SIM_NO_MEMORY:
        a->failing = amount < 0 ? 0 : (uint64_t)amount;
        return 0;
    case DEVP2P_SIM_NO_RANDOMNESS:
        dp_sim_mute(w, amount < 0 ? 0 : (uint64_t)amount);
        return 0;
    case DEVP2P_SIM_NEW_ADDRESS:
        return move(sim, a);
    case DEVP2P_SIM_REPLAY:
        return replay(sim, a);
    default:
        return noise(sim, a, amount);
    }
}

/* by_links are those that links have, by their numbers. */
static bool by_links(devp2p_sim_fault_kind kind)
{
    return kind == DEVP2P_SIM_LOSS || kind == DEVP2P_SIM_SHORT_IO;
}

static int check_fault(devp2p_sim_fault_kind kind, const devp2p_sim_node *a,
    const devp2p_sim_node *b, int64_t amount)
{
    if (kind >= DEVP2P_SIM_SERVER_FAULTS || by_links(kind) || !a)
        return dp_fail(DEVP2P_ERR_INVALID, "%s is no fault to ask for",
            devp2p_sim_fault_word(kind));
    if (kind == DEVP2P_SIM_CLOCK_SKEW && (amount > 100000 || amount < -100000))
        return dp_fail(DEVP2P_ERR_INVALID,
            "clock-skew: not from -100,000 to 100,000 parts of a million");
    if (kind < DEVP2P_SIM_SLOW_READER && !b)
        return dp_fail(DEVP2P_ERR_INVALID, "%s needs two nodes",
            devp2p_sim_fault_word(kind));
    return 0;
}

/* tell writes a line about a fault; what is hashed is what comes of it. */
static void tell(devp2p_sim *sim, devp2p_sim_fault_kind kind,
    const devp2p_sim_node *a, const devp2p_sim_node *b, int64_t amount)
{
    if (b)
        dp_sim_say(sim->world, "fault %s: node %zu, node %zu, %lld",
            words[kind], a->number, b->number, (long long)amount);
    else
        dp_sim_say(sim->world, "fault %s: node %zu, %lld", words[kind],
            a->number, (long long)amount);
}

int devp2p_sim_fault(devp2p_sim *sim, devp2p_sim_fault_kind kind,
    devp2p_sim_node *a, devp2p_sim_node *b, int64_t amount)
{
    bool pair = kind < DEVP2P_SIM_SLOW_READER;
    int err = check_fault(kind, a, b, amount);

    if (!err)
        err = pair ? between(sim, kind, a, b, amount)
                   : within(sim, kind, a, amount);
    if (err)
        return err;
    tell(sim, kind, a, pair ? b : NULL, amount);
    if (kind == DEVP2P_SIM_NO_MEMORY) /* counted when it happens */
        return 0;
    a->faults[kind]++;
    if (pair)
        b->faults[kind]++;
    return 0;
}

uint64_t devp2p_sim_node_faults(
    const devp2p_sim_node *node, devp2p_sim_fault_kind kind)
{
    return kind < DEVP2P_SIM_SERVER_FAULTS ? node->faults[kind] : 0;
}

/* --- by chance --- */

/* amounts: what is drawn for a fault lies in between, even chances. */
static const struct {
    int64_t least, most;
} amounts[DEVP2P_SIM_SERVER_FAULTS] = {
    [DEVP2P_SIM_PARTITION] = { 100, 40000 },
    [DEVP2P_SIM_ONE_WAY] = { 100, 40000 },
    [DEVP2P_SIM_SQUEEZE] = { 1000, 20000 },
    [DEVP2P_SIM_SLOW_READER] = { 100, 20000 },
    [DEVP2P_SIM_CRASH] = { 50, 15000 },
    [DEVP2P_SIM_CLOCK_JUMP] = { -3600000, 3600000 },
    [DEVP2P_SIM_CLOCK_SKEW] = { -1000, 1000 },
    [DEVP2P_SIM_PAUSE] = { 10, 20000 },
    [DEVP2P_SIM_NO_MEMORY] = { 1, 4 },
    [DEVP2P_SIM_NO_RANDOMNESS] = { 1, 2 },
    [DEVP2P_SIM_NOISE] = { 0, 2 * NOISE_MAX },
};

static devp2p_sim_fault_kind draw_kind(devp2p_sim *sim)
{
    devp2p_sim_fault_kind kinds[DEVP2P_SIM_SERVER_FAULTS];
    size_t n = 0;

    for (int k = 0; k < DEVP2P_SIM_SERVER_FAULTS; k++)
        if (sim->chaos & DEVP2P_SIM_BIT(k))
            kinds[n++] = (devp2p_sim_fault_kind)k;
    return kinds[dp_chance_below(&sim->fate, n)];
}

static void happen(devp2p_sim *sim)
{
    devp2p_sim_fault_kind kind = draw_kind(sim);
    int64_t least = amounts[kind].least;
    uint64_t span = (uint64_t)(amounts[kind].most - least);
    size_t a = dp_chance_below(&sim->fate, sim->nnodes);
    size_t b = dp_chance_below(&sim->fate, sim->nnodes);

    int err = devp2p_sim_fault(sim, kind, sim->nodes[a], sim->nodes[b],
        least + (int64_t)dp_chance_below(&sim->fate, span + 1));
    if (err == DEVP2P_ERR_NOMEM)
        devp2p_sim_fail(sim, "no memory for a fault");
    /* what does not apply to these nodes does not happen */
}

static int plan_next(devp2p_sim *sim);

static void strike(dp_plan *p)
{
    devp2p_sim *sim = p->sim;

    if (!sim->chaos || dp_sim_mono(sim) >= sim->chaos_until)
        return;
    happen(sim);
    if (plan_next(sim))
        devp2p_sim_fail(sim, "no memory to go on with the simulation");
}

static int plan_next(devp2p_sim *sim)
{
    dp_plan plan = { .run = strike };

    return dp_sim_plan(
        sim, 1 + dp_chance_below(&sim->fate, 2 * sim->chaos_mean), &plan);
}

int devp2p_sim_chaos(
    devp2p_sim *sim, uint64_t kinds, uint32_t mean_ms, uint64_t until_ms)
{
    dp_now now = dp_sim_now(sim->world);

    for (int k = 0; k < DEVP2P_SIM_FAULT_KINDS; k++)
        if (k >= DEVP2P_SIM_SERVER_FAULTS || by_links((devp2p_sim_fault_kind)k))
            kinds &= ~DEVP2P_SIM_BIT(k);
    sim->chaos = kinds;
    sim->chaos_mean = mean_ms * DP_MS;
    sim->chaos_until = dp_after(now, until_ms * DP_MS);
    return kinds && sim->nnodes ? plan_next(sim) : 0;
}
