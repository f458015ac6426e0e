/* SPDX-License-Identifier: MIT */
#include "core/rotation.h"

#include <string.h>

enum { PROBES = 64 };

struct dp_rotation {
    dp_env env;
    uint64_t every, due;
    size_t first, n;
    struct {
        devp2p_id id;
        uint64_t until;
    } left[DP_ROTATED];
};

/* --- the choice --- */

/* better is a strict order: of the same score and age, the one that is named
 * first. */
static bool better(const dp_seat *seats, size_t a, size_t b)
{
    if (seats[a].score != seats[b].score)
        return seats[a].score > seats[b].score;
    if (seats[a].since != seats[b].since)
        return seats[a].since < seats[b].since;
    return a < b;
}

/* among_best: fewer than best are better. */
static bool among_best(const dp_seat *seats, size_t n, size_t i, size_t best)
{
    size_t ahead = 0;

    for (size_t k = 0; k < n && ahead < best; k++)
        ahead += better(seats, k, i);
    return ahead < best;
}

static bool may_leave(const dp_seat *seat, dp_now now)
{
    return !seat->kept && now.mono - seat->since >= DP_ROTATE_AGE_NS;
}

/* dp_rotation_choose draws a seat until it finds one, so that all have the same
 * chance; after PROBES it takes the next one that it comes to. */
size_t dp_rotation_choose(
    const dp_seat *seats, size_t n, uint64_t draw, dp_now now)
{
    size_t best = (n + DP_ROTATE_BEST - 1) / DP_ROTATE_BEST;

    for (size_t i = 0, at; i < n + PROBES && n; i++) {
        at = i < PROBES ? (draw >> 32) % n : i - PROBES;
        draw = draw * UINT64_C(6364136223846793005) + 1; /* Knuth's MMIX */
        if (may_leave(&seats[at], now) && !among_best(seats, n, at, best))
            return at;
    }
    return n;
}

/* --- when, and who was it --- */

int dp_rotation_new(
    dp_rotation **out, const dp_env *env, uint32_t every_ms, dp_now now)
{
    dp_rotation *r = dp_alloc(env, sizeof *r);

    if (!r)
        return DEVP2P_ERR_NOMEM;
    r->env = *env;
    r->every = every_ms * DP_MS;
    r->due = dp_after(now, r->every);
    *out = r;
    return 0;
}

void dp_rotation_free(dp_rotation *r)
{
    if (!r)
        return;
    dp_env env = r->env;
    dp_free(&env, r, sizeof *r);
}

uint64_t dp_rotation_when(const dp_rotation *r)
{
    return r ? r->due : DP_NEVER;
}

void dp_rotation_next(dp_rotation *r, uint64_t draw, dp_now now)
{
    r->due = dp_after(now, r->every / 2 + draw % (r->every + 1));
}

void dp_rotation_note(dp_rotation *r, const devp2p_id *id, dp_now now)
{
    size_t at = (r->first + r->n) % DP_ROTATED;

    if (r->n == DP_ROTATED)
        r->first = (r->first + 1) % DP_ROTATED;
    else
        r->n++;
    r->left[at].id = *id;
    r->left[at].until = dp_after(now, 2 * r->every);
}

bool dp_rotation_rests(const dp_rotation *r, const devp2p_id *id, dp_now now)
{
    for (size_t i = 0; r && i < r->n; i++) {
        size_t at = (r->first + i) % DP_ROTATED;
        if (r->left[at].until > now.mono &&
            memcmp(&r->left[at].id, id, sizeof *id) == 0)
            return true;
    }
    return false;
}
