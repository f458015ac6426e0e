/* SPDX-License-Identifier: MIT */
/* rates.c - what peers deliver in a second and how long their answers take:
 * behaves as go-ethereum's p2p/msgrate, in integers.  Nothing overflows,
 * whatever it is told: what is too big is the biggest number there is. */
#include "base/env.h"
#include "base/import.h"
#include "base/limits.h"

#include <devp2p/request.h>

/* Fixed point.  A sum of the throughputs of all peers fits 64 bits. */
enum {
    ITEM_BITS = 14, /* of a throughput, behind the point */
    TIME_BITS = 16, /* of a round trip in ms */
    SURE = 100000,  /* full confidence */
    SURE_LEAST = SURE / 10
};
#define ITEMS_MAX   ((uint64_t)INT32_MAX) /* a second */
#define ELAPSED_MAX ((uint64_t)1 << 40)   /* ms */

/* geth's factors. */
enum {
    IMPACT = 10,     /* a measurement is a tenth of the estimate */
    OVER = 101,      /* per cent of what is known is asked for */
    TUNE = 4,        /* the median is a quarter of the new round trip */
    ROUND_TRIPS = 3, /* to wait for an answer */
    MANY_PEERS = 10  /* from here on one more changes little */
};

struct devp2p_rate {
    devp2p_rates *set;
    uint64_t round_trip; /* << TIME_BITS */
    size_t rank;         /* in the set */
    uint64_t items[];    /* by kind, a second, << ITEM_BITS */
};

struct devp2p_rates {
    dp_env env;
    uint32_t max_peers, kinds, least_ms, most_ms, timeout_ms;
    devp2p_rate **ranks; /* n peers, fastest first */
    size_t n, room;
    uint64_t round_trip; /* << TIME_BITS */
    uint32_t sure;
    uint64_t tuned_ms;
    uint64_t sums[]; /* by kind, of all peers */
};

/* --- a set --- */

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static int configure(devp2p_rates *set, const devp2p_rates_config *cfg)
{
    int err = dp_import_number(&set->max_peers, cfg->max_peers, DP_RATES_PEERS,
        1, DP_RATES_PEERS, "max_peers");

    if (!err)
        err = dp_import_number(&set->kinds, cfg->kinds, DP_RATES_KINDS_DEFAULT,
            1, DP_RATES_KINDS, "kinds");
    if (!err)
        err = dp_import_number(&set->least_ms, cfg->min_round_trip_ms,
            DP_ROUND_TRIP_MIN_MS, 1, DP_WAIT_MAX_MS, "min_round_trip_ms");
    if (!err)
        err = dp_import_number(&set->most_ms, cfg->max_round_trip_ms,
            larger(DP_ROUND_TRIP_MAX_MS, set->least_ms), set->least_ms,
            DP_WAIT_MAX_MS, "max_round_trip_ms");
    if (!err)
        err = dp_import_number(&set->timeout_ms, cfg->max_timeout_ms,
            larger(DP_TIMEOUT_MS, set->most_ms), set->most_ms, DP_WAIT_MAX_MS,
            "max_timeout_ms");
    set->env.alloc = cfg->alloc ? cfg->alloc : dp_default_alloc;
    set->env.alloc_user = cfg->alloc_user;
    return err;
}

static size_t set_size(uint32_t kinds)
{
    return sizeof(devp2p_rates) + kinds * sizeof(uint64_t);
}

static size_t rate_size(uint32_t kinds)
{
    return sizeof(devp2p_rate) + kinds * sizeof(uint64_t);
}

int devp2p_rates_new_sized(devp2p_rates **out,
    const devp2p_rates_config *theirs, size_t config_size, uint64_t now_ms)
{
    devp2p_rates_config cfg = { 0 };
    devp2p_rates configured = { .n = 0 };
    int err = 0;

    *out = NULL;
    if (theirs)
        err = dp_import(&cfg, sizeof cfg, theirs, config_size,
            offsetof(devp2p_rates_config, alloc), "devp2p_rates_config");
    if (!err)
        err = configure(&configured, &cfg);
    if (err)
        return err;
    devp2p_rates *set = dp_alloc(&configured.env, set_size(configured.kinds));
    if (!set)
        return dp_fail(
            DEVP2P_ERR_NOMEM, "%s", devp2p_strerror(DEVP2P_ERR_NOMEM));
    *set = configured;
    set->round_trip = (uint64_t)set->most_ms << TIME_BITS;
    set->sure = SURE;
    set->tuned_ms = now_ms;
    *out = set;
    return 0;
}

void devp2p_rates_free(devp2p_rates *set)
{
    if (!set)
        return;
    dp_env env = set->env;
    dp_free(&env, set->ranks, set->room * sizeof *set->ranks);
    dp_free(&env, set, set_size(set->kinds));
}

/* --- ranks --- */

static void rank(devp2p_rates *set, devp2p_rate *rate, size_t at)
{
    set->ranks[at] = rate;
    rate->rank = at;
}

/* settle brings a peer whose round trip has changed to its rank. */
static void settle(devp2p_rate *rate)
{
    devp2p_rates *set = rate->set;
    size_t at = rate->rank;

    for (; at > 0 && set->ranks[at - 1]->round_trip > rate->round_trip; at--)
        rank(set, set->ranks[at - 1], at);
    for (; at + 1 < set->n && set->ranks[at + 1]->round_trip < rate->round_trip;
         at++)
        rank(set, set->ranks[at + 1], at);
    rank(set, rate, at);
}

static int reserve(devp2p_rates *set)
{
    size_t room = set->room ? set->room * 2 : 8;

    if (set->n < set->room)
        return 0;
    devp2p_rate **ranks = dp_resize(
        &set->env, set->ranks, set->room * sizeof *ranks, room * sizeof *ranks);
    if (!ranks)
        return DEVP2P_ERR_NOMEM;
    set->ranks = ranks;
    set->room = room;
    return 0;
}

/* --- the round trip of all --- */

static size_t root(size_t n)
{
    size_t r = 0;
    while ((r + 1) * (r + 1) <= n)
        r++;
    return r;
}

/* median << TIME_BITS */
static uint64_t median(const devp2p_rates *set)
{
    uint64_t least = (uint64_t)set->least_ms << TIME_BITS;
    uint64_t most = (uint64_t)set->most_ms << TIME_BITS;

    if (set->n == 0)
        return most;
    uint64_t it = set->ranks[set->n == 1 ? 0 : root(set->n)]->round_trip;
    return it < least ? least : it > most ? most : it;
}

/* doubt: a newcomer makes the set less sure of its round trip. */
static void doubt(devp2p_rates *set)
{
    uint32_t n = (uint32_t)set->n;

    if (n == 1)
        set->sure = SURE;
    else if (n < MANY_PEERS)
        set->sure = larger(set->sure * (n - 1) / n, SURE_LEAST);
}

/* tune looks at the peers again, once every round trip. */
static void tune(devp2p_rates *set, uint64_t now_ms)
{
    if (now_ms < set->tuned_ms ||
        now_ms - set->tuned_ms <= set->round_trip >> TIME_BITS)
        return;
    set->round_trip = ((TUNE - 1) * set->round_trip + median(set)) / TUNE;
    set->sure += (SURE - set->sure + 1) / 2;
    set->tuned_ms = now_ms;
}

/* --- one peer --- */

int devp2p_rate_new(devp2p_rate **out, devp2p_rates *set)
{
    *out = NULL;
    if (set->n == set->max_peers)
        return DEVP2P_ERR_LIMIT;
    int err = reserve(set);
    if (err)
        return err;
    devp2p_rate *rate = dp_alloc(&set->env, rate_size(set->kinds));
    if (!rate)
        return DEVP2P_ERR_NOMEM;
    rate->set = set;
    rate->round_trip = median(set);
    for (uint32_t i = 0; i < set->kinds && set->n; i++) {
        rate->items[i] = set->sums[i] / set->n;
        set->sums[i] += rate->items[i];
    }
    rank(set, rate, set->n++);
    settle(rate);
    doubt(set);
    *out = rate;
    return 0;
}

void devp2p_rate_free(devp2p_rate *rate)
{
    if (!rate)
        return;
    devp2p_rates *set = rate->set;
    for (uint32_t i = 0; i < set->kinds; i++)
        set->sums[i] -= rate->items[i];
    set->n--;
    for (size_t at = rate->rank; at < set->n; at++)
        rank(set, set->ranks[at + 1], at);
    dp_free(&set->env, rate, rate_size(set->kinds));
}

/* measure is items a second, << ITEM_BITS. */
static uint64_t measure(uint64_t items, uint64_t ms)
{
    if (items / ms >= ITEMS_MAX / 1000)
        return ITEMS_MAX << ITEM_BITS;
    while (items > UINT64_MAX / 1000 >> ITEM_BITS) {
        items /= 2;
        ms /= 2;
    }
    return (items * 1000 << ITEM_BITS) / ms;
}

/* blend is the estimate with one more measurement in it, rounded. */
static uint64_t blend(uint64_t estimate, uint64_t measured)
{
    return ((IMPACT - 1) * estimate + measured + IMPACT / 2) / IMPACT;
}

int devp2p_rate_update(
    devp2p_rate *rate, uint32_t kind, uint64_t elapsed_ms, uint64_t items)
{
    devp2p_rates *set = rate->set;
    uint64_t now = 0;

    if (kind >= set->kinds)
        return DEVP2P_ERR_INVALID;
    if (elapsed_ms < 1)
        elapsed_ms = 1;
    if (elapsed_ms > ELAPSED_MAX)
        elapsed_ms = ELAPSED_MAX;
    if (items) {
        now = blend(rate->items[kind], measure(items, elapsed_ms));
        rate->round_trip = blend(rate->round_trip, elapsed_ms << TIME_BITS);
        settle(rate);
    }
    set->sums[kind] += now - rate->items[kind];
    rate->items[kind] = now;
    return 0;
}

/* devp2p_rate_capacity: a product beyond 64 bits is a quotient beyond the
 * result. */
uint32_t devp2p_rate_capacity(
    const devp2p_rate *rate, uint32_t kind, uint64_t target_ms)
{
    const uint64_t unit = (uint64_t)100 * 1000 << ITEM_BITS;
    uint64_t items = kind < rate->set->kinds ? rate->items[kind] * OVER : 0;

    if (items && target_ms > UINT64_MAX / items)
        return INT32_MAX;
    uint64_t more = items * target_ms;
    more = more / unit + (more % unit != 0);
    return more < INT32_MAX ? (uint32_t)more + 1 : INT32_MAX;
}

uint64_t devp2p_rate_round_trip(const devp2p_rate *rate)
{
    return rate->round_trip >> TIME_BITS;
}

/* --- all peers --- */

uint64_t devp2p_rates_median(const devp2p_rates *set)
{
    return median(set) >> TIME_BITS;
}

uint64_t devp2p_rates_mean(const devp2p_rates *set, uint32_t kind)
{
    return kind < set->kinds && set->n ? set->sums[kind] / set->n >> ITEM_BITS
                                       : 0;
}

uint32_t devp2p_rates_confidence(const devp2p_rates *set)
{
    return set->sure / (SURE / 1000);
}

uint64_t devp2p_rates_target(devp2p_rates *set, uint64_t now_ms)
{
    tune(set, now_ms);
    uint64_t ms = set->round_trip / 10 * 9 >> TIME_BITS;
    return ms ? ms : 1;
}

uint64_t devp2p_rates_timeout(devp2p_rates *set, uint64_t now_ms)
{
    tune(set, now_ms);
    uint64_t ms = set->round_trip * ROUND_TRIPS * SURE / set->sure >> TIME_BITS;
    return ms < set->timeout_ms ? ms : set->timeout_ms;
}
