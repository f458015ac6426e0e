/* SPDX-License-Identifier: MIT */
/* requests.c - what was asked and not answered yet.  A request has a place for
 * as long as it is known; its id is the place and how often it was given away,
 * so that finding one is no search, no peer can choose collisions, and no id
 * comes twice. */
#include "base/env.h"
#include "base/import.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/timer.h"

#include <devp2p/request.h>

#include <string.h>

enum {
    PLACE_BITS = 21, /* of an id: its place, counted from 1 */
    CHUNK = 64       /* places that are made together */
};
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)

_Static_assert(2 * DP_REQUESTS_MAX < PLACE_MASK, "a place fits its bits");

typedef enum place_state {
    FREE,
    FLYING, /* in flight */
    LEFT,   /* in flight, but its peer has gone: it only waits to be told */
    LATE    /* was told or cancelled, and is remembered */
} place_state;

typedef struct place {
    dp_link link;   /* of the table's free, flying or late ones */
    dp_timer timer; /* while in flight */
    place_state state;
    devp2p_request what; /* its id also while it is free */
    uint64_t asked_ms;
    uint64_t forget_ms; /* of a late one */
} place;

struct devp2p_requests {
    dp_env env;
    uint32_t max_flying, max_late, late_ms;
    place **chunks; /* as many as both together may need */
    size_t nchunks;
    size_t made;          /* places that were */
    dp_list free, flying; /* flying: as they were asked */
    dp_list late;         /* as they were told: who is forgotten first */
    dp_timers *timers;
    devp2p_requests_count count;
};

/* --- configuration --- */

static int configure(devp2p_requests *r, const devp2p_requests_config *cfg)
{
    int err = dp_import_number(&r->max_flying, cfg->max_in_flight,
        DP_REQUESTS_DEFAULT, 1, DP_REQUESTS_MAX, "max_in_flight");

    if (!err && cfg->max_late != DEVP2P_NONE)
        err = dp_import_number(&r->max_late, cfg->max_late, DP_LATE_DEFAULT, 1,
            DP_REQUESTS_MAX, "max_late");
    if (!err)
        err = dp_import_number(&r->late_ms, cfg->late_ms, DP_LATE_MS, 1,
            DP_LATE_MS_MAX, "late_ms");
    r->nchunks = ((size_t)r->max_flying + r->max_late + CHUNK - 1) / CHUNK;
    r->env.alloc = cfg->alloc ? cfg->alloc : dp_default_alloc;
    r->env.alloc_user = cfg->alloc_user;
    return err;
}

/* make copies a table that is configured onto the heap. */
static int make(devp2p_requests **out, const devp2p_requests *configured)
{
    devp2p_requests *r = dp_alloc(&configured->env, sizeof *r);

    if (!r)
        return DEVP2P_ERR_NOMEM;
    *r = *configured;
    dp_list_init(&r->free);
    dp_list_init(&r->flying);
    dp_list_init(&r->late);
    r->chunks = dp_alloc(&r->env, r->nchunks * sizeof(place *));
    int err = r->chunks ? dp_timers_new(&r->timers, &r->env) : DEVP2P_ERR_NOMEM;
    if (err) {
        devp2p_requests_free(r);
        return err;
    }
    *out = r;
    return 0;
}

int devp2p_requests_new_sized(devp2p_requests **out,
    const devp2p_requests_config *theirs, size_t config_size)
{
    devp2p_requests_config cfg = { 0 };
    devp2p_requests r = { .made = 0 };
    int err = 0;

    *out = NULL;
    if (theirs)
        err = dp_import(&cfg, sizeof cfg, theirs, config_size,
            offsetof(devp2p_requests_config, alloc), "devp2p_requests_config");
    if (!err)
        err = configure(&r, &cfg);
    if (err)
        return err;
    err = make(out, &r);
    return err ? dp_fail(err, "%s", devp2p_strerror(err)) : 0;
}

void devp2p_requests_free(devp2p_requests *r)
{
    if (!r)
        return;
    dp_env env = r->env;
    for (size_t i = 0; i * CHUNK < r->made; i++)
        dp_free(&env, r->chunks[i], CHUNK * sizeof(place));
    dp_free(&env, r->chunks, r->nchunks * sizeof(place *));
    dp_timers_free(r->timers);
    dp_free(&env, r, sizeof *r);
}

/* --- places --- */

static place *place_at(const devp2p_requests *r, size_t index)
{
    return &r->chunks[index / CHUNK][index % CHUNK];
}

static place *find(const devp2p_requests *r, uint64_t id)
{
    uint64_t index = (id & PLACE_MASK) - 1;

    if (index >= r->made)
        return NULL;
    place *p = place_at(r, index);
    return p->state != FREE && p->what.id == id ? p : NULL;
}

/* make_place adds a free place.  Both allocations may have happened before, for
 * one that failed then. */
static int make_place(devp2p_requests *r)
{
    place **chunk = &r->chunks[r->made / CHUNK];
    int err = dp_timers_reserve(r->timers, r->made + 1);

    if (err)
        return err;
    if (r->made % CHUNK == 0)
        *chunk = dp_alloc(&r->env, CHUNK * sizeof(place));
    if (!*chunk)
        return DEVP2P_ERR_NOMEM;
    place *p = place_at(r, r->made++);
    p->timer.at = DP_NEVER;
    p->what.id = r->made;
    dp_list_push(&r->free, &p->link);
    return 0;
}

static void move(place *p, place_state state, dp_list *to)
{
    dp_unlink(&p->link);
    dp_list_push(to, &p->link);
    p->state = state;
}

/* release frees a place; who has it next has another id. */
static void release(devp2p_requests *r, place *p)
{
    if (p->state == LATE)
        r->count.remembered--;
    move(p, FREE, &r->free);
    p->what.id += PLACE_MASK + 1;
}

/* land: a request is in flight no longer. */
static void land(devp2p_requests *r, place *p)
{
    dp_timer_set(r->timers, &p->timer, DP_NEVER);
    r->count.in_flight--;
}

/* remember keeps one that has landed, so that its answer is known as late. */
static void remember(devp2p_requests *r, place *p, uint64_t now_ms)
{
    if (r->max_late == 0 || p->state == LEFT) {
        release(r, p);
        return;
    }
    if (r->count.remembered == r->max_late)
        release(r, dp_of(dp_list_first(&r->late), place, link));
    p->forget_ms =
        now_ms > UINT64_MAX - r->late_ms ? UINT64_MAX : now_ms + r->late_ms;
    move(p, LATE, &r->late);
    r->count.remembered++;
}

static void forget(devp2p_requests *r, uint64_t now_ms)
{
    for (dp_link *k; (k = dp_list_first(&r->late)) != NULL;) {
        place *p = dp_of(k, place, link);
        if (p->forget_ms > now_ms)
            return;
        release(r, p);
    }
}

static void tell(devp2p_request *out, const place *p, uint64_t now_ms)
{
    *out = p->what;
    out->took_ms = now_ms > p->asked_ms ? now_ms - p->asked_ms : 0;
}

/* --- verbs --- */

int devp2p_requests_track(devp2p_requests *r, uint64_t *id,
    const devp2p_request *what, uint64_t now_ms)
{
    forget(r, now_ms);
    if (r->count.in_flight == r->max_flying)
        return DEVP2P_ERR_LIMIT;
    int err = dp_list_empty(&r->free) ? make_place(r) : 0;
    if (err)
        return err;
    place *p = dp_of(dp_list_first(&r->free), place, link);
    *id = p->what.id;
    p->what = *what;
    p->what.id = *id;
    p->asked_ms = now_ms;
    move(p, FLYING, &r->flying);
    dp_timer_set(r->timers, &p->timer, what->deadline_ms);
    r->count.in_flight++;
    r->count.tracked++;
    return 0;
}

/* judge compares an answer with its request. */
static int judge(const place *p, uint64_t code, uint64_t items)
{
    if (code != p->what.answer)
        return DEVP2P_ERR_UNEXPECTED;
    return p->what.max_items && items > p->what.max_items ? DEVP2P_ERR_TOO_BIG
                                                          : 0;
}

int devp2p_requests_fulfil(devp2p_requests *r, devp2p_request *out,
    const void *peer, uint64_t id, uint64_t code, uint64_t items,
    uint64_t now_ms)
{
    forget(r, now_ms);
    place *p = find(r, id);

    memset(out, 0, sizeof *out);
    if (!p || p->state == LEFT || p->what.peer != peer) {
        r->count.unasked++;
        return DEVP2P_ERR_NOT_FOUND;
    }
    tell(out, p, now_ms);
    int err = judge(p, code, items);
    if (err) {
        r->count.wrong++;
        return err;
    }
    if (p->state == LATE) {
        r->count.late++;
        err = DEVP2P_ERR_TIMEOUT;
    } else {
        r->count.fulfilled++;
        land(r, p);
    }
    release(r, p);
    return err;
}

bool devp2p_requests_expire(
    devp2p_requests *r, devp2p_request *out, uint64_t now_ms)
{
    forget(r, now_ms);
    dp_timer *due = dp_timers_due(r->timers, now_ms);

    if (!due)
        return false;
    place *p = dp_of(due, place, timer);
    tell(out, p, now_ms);
    land(r, p);
    r->count.lost++;
    remember(r, p, now_ms);
    return true;
}

uint64_t devp2p_requests_deadline(const devp2p_requests *r)
{
    return dp_timers_first(r->timers);
}

/* devp2p_requests_cancel: a late one is kept, without its user, and may be
 * cancelled again. */
int devp2p_requests_cancel(
    devp2p_requests *r, devp2p_request *out, uint64_t id, uint64_t now_ms)
{
    devp2p_request nothing;

    forget(r, now_ms);
    place *p = find(r, id);
    if (!out)
        out = &nothing;
    memset(out, 0, sizeof *out);
    if (!p)
        return DEVP2P_ERR_NOT_FOUND;
    tell(out, p, now_ms);
    p->what.user = NULL;
    if (p->state == LATE)
        return 0;
    land(r, p);
    r->count.cancelled++;
    remember(r, p, now_ms);
    return 0;
}

void devp2p_requests_gone(devp2p_requests *r, const void *peer)
{
    dp_link *next;

    for (dp_link *k = dp_list_first(&r->flying); k; k = next) {
        place *p = dp_of(k, place, link);
        next = dp_list_next(&r->flying, k);
        if (p->what.peer != peer)
            continue;
        p->state = LEFT;
        dp_timer_set(r->timers, &p->timer, 0);
    }
    for (dp_link *k = dp_list_first(&r->late); k; k = next) {
        place *p = dp_of(k, place, link);
        next = dp_list_next(&r->late, k);
        if (p->what.peer == peer)
            release(r, p);
    }
}

void devp2p_requests_counts(
    const devp2p_requests *r, devp2p_requests_count *out)
{
    *out = r->count;
}
