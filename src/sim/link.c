/* SPDX-License-Identifier: MIT */
/* link.c - what lies between two nodes. */
#include "sim/parts.h"

#define FAR (DP_NEVER / 2) /* no sum of times wraps */

/* --- pairs --- */

static void key_of(uint8_t key[DP_PAIR_KEY], uint64_t a, uint64_t b)
{
    uint64_t numbers[2] = { a < b ? a : b, a < b ? b : a };
    memcpy(key, numbers, DP_PAIR_KEY);
}

const uint8_t *dp_sim_pair_key(const void *pair)
{
    return ((const dp_pair *)pair)->key;
}

void dp_sim_pair_init(dp_pair *p, dp_sim *sim)
{
    p->sim = sim;
    dp_list_init(&p->conns);
    p->side[0].pair = p->side[1].pair = p;
}

dp_pair *dp_sim_pair_known(dp_sim *sim, const dp_node *a, const dp_node *b)
{
    uint8_t key[DP_PAIR_KEY];
    key_of(key, a->number, b->number);
    return dp_index_get(&sim->pairs, key);
}

dp_pair *dp_sim_pair(dp_sim *sim, dp_node *a, dp_node *b)
{
    dp_pair *p = dp_sim_pair_known(sim, a, b);
    const dp_env *env = &sim->setup.env;

    if (p)
        return p;
    if (dp_index_reserve(&sim->pairs, env, dp_index_count(&sim->pairs) + 1))
        return NULL;
    p = dp_alloc(env, sizeof *p);
    if (!p)
        return NULL;
    dp_sim_pair_init(p, sim);
    key_of(p->key, a->number, b->number);
    p->side[0].node = a->number < b->number ? a : b;
    p->side[1].node = a->number < b->number ? b : a;
    dp_list_push(&p->side[0].node->pairs, &p->side[0].link);
    if (a != b)
        dp_list_push(&p->side[1].node->pairs, &p->side[1].link);
    dp_index_put(&sim->pairs, p);
    return p;
}

static unsigned side_of(const dp_pair *p, const dp_node *n)
{
    return n == p->side[0].node ? 0 : 1;
}

static void forget(dp_pair *p)
{
    for (dp_link *k; (k = dp_list_first(&p->conns));)
        dp_sim_conn_nowhere(dp_of(k, dp_conn, of_pair));
    dp_unlink(&p->side[0].link);
    dp_unlink(&p->side[1].link);
    dp_index_cut(&p->sim->pairs, p);
    dp_free(&p->sim->setup.env, p, sizeof *p);
}

void dp_sim_pairs_forget(dp_node *n)
{
    for (dp_link *k; (k = dp_list_first(&n->pairs));)
        forget(dp_of(k, dp_side, link)->pair);
}

/* --- what its link is like --- */

const devp2p_sim_link *dp_sim_pair_link(const dp_pair *p)
{
    const dp_node *a = p->side[0].node, *b = p->side[1].node;

    if (p->own)
        return &p->link;
    if (a != b && p->sim->regions[a->region][b->region].set)
        return &p->sim->regions[a->region][b->region].link;
    return &p->sim->setup.link;
}

void dp_sim_pair_poke(dp_pair *p)
{
    for (dp_link *k = dp_list_first(&p->conns); k;
         k = dp_list_next(&p->conns, k)) {
        dp_conn *c = dp_of(k, dp_conn, of_pair);
        for (size_t i = 0; i < 2; i++)
            if (c->ends[i].io)
                dp_sim_io_poke(c->ends[i].io);
    }
}

int dp_sim_set_link(dp_sim *sim, const dp_world *a, const dp_world *b,
    const devp2p_sim_link *link)
{
    dp_pair *p = dp_sim_pair(sim, dp_sim_node_of(a), dp_sim_node_of(b));
    if (!p)
        return DEVP2P_ERR_NOMEM;
    p->own = link != NULL;
    if (link)
        p->link = *link;
    dp_sim_pair_poke(p);
    return 0;
}

static void poke_all(dp_node *n)
{
    for (dp_link *k = dp_list_first(&n->pairs); k;
         k = dp_list_next(&n->pairs, k))
        dp_sim_pair_poke(dp_of(k, dp_side, link)->pair);
}

void dp_sim_set_region(dp_world *w, unsigned region)
{
    dp_node *n = dp_sim_node_of(w);
    dp_assert(region < DEVP2P_SIM_REGIONS);
    n->region = region;
    poke_all(n);
}

void dp_sim_set_region_link(
    dp_sim *sim, unsigned region, unsigned other, const devp2p_sim_link *link)
{
    dp_region_link l = { .set = link != NULL };

    dp_assert(region < DEVP2P_SIM_REGIONS && other < DEVP2P_SIM_REGIONS);
    if (link)
        l.link = *link;
    sim->regions[region][other] = sim->regions[other][region] = l;
    for (dp_link *k = dp_list_first(&sim->nodes); k;
         k = dp_list_next(&sim->nodes, k)) {
        dp_node *n = dp_of(k, dp_node, link);
        if (n->region == region)
            poke_all(n);
    }
}

/* --- on the way --- */

bool dp_sim_pair_held(const dp_pair *p, const dp_node *from)
{
    return p->side[side_of(p, from)].held;
}

/* leaves is when the last of len bytes has left a side. */
static uint64_t leaves(dp_pair *p, unsigned side, size_t len)
{
    uint64_t now = p->sim->now.mono, rate = dp_sim_pair_link(p)->bytes_per_s;
    dp_side *s = &p->side[side];

    /* nowhere is the rest of many pairs, which are not in each other's way */
    if (rate == 0 || p == &p->sim->nowhere)
        return now;
    uint64_t takes = dp_sim_scale(len, DP_SEC, rate, true);
    uint64_t from = s->free > now ? s->free : now;
    s->free = takes < FAR - from ? from + takes : FAR;
    return s->free;
}

uint64_t dp_sim_travel_side(dp_pair *p, unsigned side, size_t len)
{
    const devp2p_sim_link *l = dp_sim_pair_link(p);
    uint64_t jitter =
        dp_chance_below(&p->sim->chance, l->jitter_us * DP_US + 1);
    return leaves(p, side, len) + l->latency_us * DP_US + jitter;
}

uint64_t dp_sim_travel(dp_pair *p, const dp_node *from, size_t len)
{
    return dp_sim_travel_side(p, side_of(p, from), len);
}

bool dp_sim_happens(dp_sim *sim, uint32_t ppm, devp2p_sim_fault_kind kind)
{
    if (ppm == 0 || sim->calm || dp_chance_below(&sim->chance, 1000000) >= ppm)
        return false;
    dp_sim_count(sim, kind);
    return true;
}

void dp_sim_calm(dp_sim *sim)
{
    sim->calm = true;
}
