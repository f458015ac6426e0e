/* SPDX-License-Identifier: MIT */
#include "core/standings.h"

#include "base/limits.h"

#include <string.h>

typedef struct standing {
    dp_note note;
    dp_link age;
    int score;
    uint64_t scored;      /* when it was halved last, or was 0 */
    uint64_t shun, avoid; /* until then; in the past: not */
    uint8_t strikes;      /* how often it had to stay out, in a row */
    uint8_t misses;       /* dials that came to nothing, in a row */
} standing;

static standing *standing_of(const dp_note *note)
{
    return dp_of((dp_note *)(uintptr_t)note, standing, note);
}

static const uint8_t *key_of(const void *value)
{
    return ((const standing *)value)->note.key;
}

/* --- life --- */

void dp_standings_init(dp_standings *s, const dp_env *env,
    const uint8_t salt[16], dp_notes *notes, size_t max, uint64_t first)
{
    *s = (dp_standings){
        .env = env, .notes = notes, .max = max, .first = first
    };
    s->by_key = (dp_index){ .key_len = DP_BOOK_KEY, .key = key_of };
    memcpy(s->by_key.salt, salt, sizeof s->by_key.salt);
    dp_list_init(&s->aged);
}

void dp_standings_fini(dp_standings *s)
{
    size_t at = 0;

    for (standing *e; (e = dp_index_each(&s->by_key, &at));)
        dp_free(s->env, e, sizeof *e);
    dp_index_free(&s->by_key);
}

/* --- one --- */

static standing *find(const dp_standings *s, const devp2p_id *id)
{
    uint8_t key[DP_BOOK_KEY];

    dp_book_key_of_id(key, id);
    return dp_index_get(&s->by_key, key);
}

/* fade: who has served its time has no strikes any more. */
static void fade(standing *e, dp_now now)
{
    e->score = dp_conduct_fade(e->score, &e->scored, now.mono);
    if (e->score >= 0 && e->shun <= now.mono)
        e->strikes = 0;
}

/* trivial: nothing would follow from it. */
static bool trivial(const standing *e, dp_now now)
{
    return !e->score && !e->misses && e->shun <= now.mono &&
           e->avoid <= now.mono;
}

static void end(dp_standings *s, standing *e, dp_now now)
{
    dp_index_cut(&s->by_key, e);
    dp_unlink(&e->age);
    if (dp_note_end(s->notes, &e->note, dp_after(now, DP_BOOK_WRITE_NS)))
        dp_free(s->env, e, sizeof *e);
}

static standing *make(dp_standings *s, const devp2p_id *id, dp_now now)
{
    if (dp_index_count(&s->by_key) == s->max)
        end(s, dp_of(dp_list_first(&s->aged), standing, age), now);
    if (dp_index_reserve(&s->by_key, s->env, dp_index_count(&s->by_key) + 1))
        return NULL;
    standing *e = dp_alloc(s->env, sizeof *e);
    if (!e)
        return NULL;
    dp_book_key_of_id(e->note.key, id);
    e->scored = now.mono;
    dp_index_put(&s->by_key, e);
    dp_list_push(&s->aged, &e->age);
    return e;
}

static standing *obtain(dp_standings *s, const devp2p_id *id, dp_now now)
{
    standing *e = find(s, id);

    if (!e)
        return make(s, id, now);
    fade(e, now);
    return e;
}

/* changed: there is news of it, and perhaps nothing else any more. */
static void changed(dp_standings *s, standing *e, dp_now now)
{
    if (trivial(e, now)) {
        end(s, e, now);
        return;
    }
    dp_unlink(&e->age);
    dp_list_push(&s->aged, &e->age);
    dp_note_change(s->notes, &e->note, dp_after(now, DP_BOOK_WRITE_NS));
}

/* --- conduct --- */

/* stay_out: the next time in a row is longer.  What is done while it is out
 * counts as the same time. */
static bool stay_out(dp_standings *s, standing *e, dp_now now)
{
    dp_backoff class = dp_backoff_of_score(e->score);
    bool out = e->shun > now.mono;

    if (class == DP_BACKOFF_NONE || s->first == 0)
        return false;
    if ((!out || !e->strikes) && e->strikes < UINT8_MAX)
        e->strikes++;
    uint64_t until = dp_after(now, dp_backoff_ns(class, e->strikes, s->first));
    if (until <= e->shun)
        return false;
    e->shun = until;
    return true;
}

bool dp_standings_report(
    dp_standings *s, const devp2p_id *id, int points, bool spared, dp_now now)
{
    standing *e = points ? obtain(s, id, now) : NULL;
    bool out;

    if (!e)
        return false;
    e->score = dp_conduct_add(e->score, points);
    if (spared && e->score <= DP_SCORE_SHORT)
        e->score = DP_SCORE_SHORT + 1;
    out = points < 0 && stay_out(s, e, now);
    changed(s, e, now);
    return out;
}

void dp_standings_missed(
    dp_standings *s, const devp2p_id *id, dp_backoff class, dp_now now)
{
    if (class == DP_BACKOFF_NONE || s->first == 0)
        return;
    standing *e = obtain(s, id, now);
    if (!e)
        return;
    if (e->misses < UINT8_MAX)
        e->misses++;
    uint64_t until = dp_after(now, dp_backoff_ns(class, e->misses, s->first));
    e->avoid = until > e->avoid ? until : e->avoid;
    changed(s, e, now);
}

void dp_standings_met(dp_standings *s, const devp2p_id *id, dp_now now)
{
    standing *e = find(s, id);

    if (!e || (!e->misses && e->avoid <= now.mono))
        return;
    fade(e, now);
    e->misses = 0;
    e->avoid = 0;
    changed(s, e, now);
}

/* --- questions --- */

int dp_standings_score(dp_standings *s, const devp2p_id *id, dp_now now)
{
    standing *e = find(s, id);

    if (!e)
        return 0;
    fade(e, now);
    return e->score;
}

bool dp_standings_shuns(const dp_standings *s, const devp2p_id *id, dp_now now)
{
    const standing *e = find(s, id);
    return e && e->shun > now.mono;
}

bool dp_standings_avoids(const dp_standings *s, const devp2p_id *id, dp_now now)
{
    const standing *e = find(s, id);
    return e && (e->shun > now.mono || e->avoid > now.mono);
}

/* --- the store --- */

void dp_standings_row(const dp_note *note, dp_book_row *out, dp_now now)
{
    const standing *e = standing_of(note);
    uint64_t wall = now.wall > 0 ? (uint64_t)now.wall : 0;
    uint64_t ago = (now.mono - e->scored) / DP_MS;

    *out = (dp_book_row){
        .kind = DP_BOOK_STANDING,
        .scored = wall > ago ? wall - ago : 0,
        .avoid = dp_wall_at(e->avoid, now),
        .shun = dp_wall_at(e->shun, now),
        .score = e->score,
        .strikes = e->strikes,
        .misses = e->misses,
    };
}

/* thaw is what a row says by now: a score fades while nobody looks.  A clock
 * that went back does not make anything last longer than it can. */
static void thaw(standing *e, const dp_book_row *row, dp_now now)
{
    uint64_t wall = now.wall > 0 ? (uint64_t)now.wall : 0;
    uint64_t ms = wall > row->scored ? wall - row->scored : 0;
    uint64_t since = 0;

    ms = ms > UINT64_MAX / DP_MS ? UINT64_MAX / DP_MS : ms;
    e->score = dp_conduct_fade(row->score, &since, ms * DP_MS);
    e->avoid = dp_after(now, dp_left_until(row->avoid, DP_BACKOFF_MAX_NS, now));
    e->shun = dp_after(now, dp_left_until(row->shun, DP_BACKOFF_MAX_NS, now));
    e->strikes = row->strikes;
    e->misses = row->misses;
    fade(e, now);
}

void dp_standings_load(dp_standings *s, const dp_book_row *row, dp_now now)
{
    standing *e = find(s, &row->id);

    if (e) { /* there is news; the next write replaces the row */
        standing old = { .scored = now.mono };
        thaw(&old, row, now);
        fade(e, now);
        e->note.written = true;
        e->score = dp_conduct_add(e->score, old.score);
        e->shun = e->shun > old.shun ? e->shun : old.shun;
        e->avoid = e->avoid > old.avoid ? e->avoid : old.avoid;
        return;
    }
    e = make(s, &row->id, now);
    if (!e)
        return;
    e->note.written = true;
    thaw(e, row, now);
    if (trivial(e, now))
        end(s, e, now);
}

dp_note *dp_standings_twin(const dp_standings *s, const dp_note *note)
{
    standing *e = dp_index_get(&s->by_key, note->key);
    return e ? &e->note : NULL;
}

void dp_standings_touch(dp_standings *s, uint64_t by)
{
    size_t at = 0;

    for (standing *e; (e = dp_index_each(&s->by_key, &at));)
        dp_note_change(s->notes, &e->note, by);
}

void dp_standings_free(dp_standings *s, dp_note *note)
{
    dp_free(s->env, standing_of(note), sizeof(standing));
}
