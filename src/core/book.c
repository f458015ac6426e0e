/* SPDX-License-Identifier: MIT */
#include "core/book.h"

int dp_book_init(
    dp_book *b, const dp_env *env, const uint8_t salt[16], const dp_access *a)
{
    uint32_t ms = dp_or(a->backoff_ms, DP_BACKOFF_MS_DEFAULT);

    *b = (dp_book){ .env = *env };
    dp_notes_init(&b->notes);
    dp_standings_init(&b->standings, &b->env, salt, &b->notes,
        dp_or(a->max_standings, DP_STANDINGS),
        ms == DEVP2P_NONE ? 0 : ms * DP_MS);
    return dp_bans_init(
        &b->bans, &b->env, salt, &b->notes, dp_or(a->max_bans, DP_BANS));
}

/* drop frees a note that is gone. */
static void drop(dp_book *b, dp_note *note)
{
    b->notes.ngone--;
    if (note->key[1] == DP_BOOK_STANDING)
        dp_standings_free(&b->standings, note);
    else
        dp_bans_free(&b->bans, note);
}

static void drop_all(dp_book *b, dp_list *list)
{
    for (dp_link *k; (k = dp_list_pop(list));)
        drop(b, dp_of(k, dp_note, link));
}

void dp_book_fini(dp_book *b)
{
    if (!b->env.alloc) /* never made */
        return;
    drop_all(b, &b->notes.gone);
    drop_all(b, &b->notes.going);
    dp_bans_fini(&b->bans);
    dp_standings_fini(&b->standings);
    dp_free(&b->env, b->page, sizeof *b->page);
}

/* --- time --- */

void dp_book_tick(dp_book *b, dp_now now)
{
    dp_bans_tick(&b->bans, now);
}

uint64_t dp_book_when(const dp_book *b)
{
    uint64_t at = b->notes.due > b->rest ? b->notes.due : b->rest;

    if (!b->loaded || b->storing || b->notes.due == DP_NEVER)
        at = DP_NEVER;
    return dp_sooner(at, dp_bans_when(&b->bans));
}

/* --- out of the store --- */

void dp_book_alone(dp_book *b)
{
    b->loaded = true;
    b->notes.keeps = false;
    b->notes.due = DP_NEVER;
    while (dp_list_pop(&b->notes.changed))
        continue;
    drop_all(b, &b->notes.gone);
    drop_all(b, &b->notes.going);
}

void dp_book_load(dp_book *b, const dp_row *rows, size_t n, dp_now now)
{
    size_t bans = 0, bad = 0;
    dp_book_row row;

    b->loaded = true;
    for (size_t i = 0; i < n; i++) {
        int err = dp_book_read(&row, &rows[i]);
        bad += err == DEVP2P_ERR_INVALID;
        if (err)
            continue;
        if (row.kind == DP_BOOK_STANDING)
            dp_standings_load(&b->standings, &row, now);
        else
            bans += dp_bans_load(&b->bans, &row, now) != 0;
    }
    if (bans)
        dp_log(&b->env, DEVP2P_LOG_ERROR, "book",
            "%zu bans that were kept are more than max_bans, or than memory "
            "holds",
            bans);
    if (bad)
        dp_log(&b->env, DEVP2P_LOG_WARN, "book",
            "%zu rows that were kept make no sense", bad);
}

/* --- into the store --- */

bool dp_book_due(const dp_book *b, dp_now now)
{
    return b->loaded && !b->storing && b->notes.due <= now.mono &&
           b->rest <= now.mono;
}

/* twin is what will be written over the row of a note that is gone, or NULL. */
static dp_note *twin(const dp_book *b, const dp_note *note)
{
    if (note->key[1] == DP_BOOK_STANDING)
        return dp_standings_twin(&b->standings, note);
    return dp_bans_twin(&b->bans, note);
}

/* next_gone gives a row to be deleted. */
static dp_note *next_gone(dp_book *b)
{
    for (dp_link *k; (k = dp_list_pop(&b->notes.gone));) {
        dp_note *note = dp_of(k, dp_note, link);
        dp_note *again = twin(b, note);
        if (!again) {
            dp_list_push(&b->notes.going, k);
            return note;
        }
        again->written = true; /* by the other one */
        drop(b, note);
    }
    return NULL;
}

static void write_row(dp_book *b, const dp_note *note, size_t i, dp_now now)
{
    dp_book_row row;
    uint8_t *value = b->page->values[i];

    if (note->key[1] == DP_BOOK_STANDING)
        dp_standings_row(note, &row, now);
    else
        dp_bans_row(note, &row, now);
    b->page->rows[i].value =
        (devp2p_slice){ value, dp_book_value(value, &row) };
}

/* fill_page: rows that are deleted come first, since a ban that was made again
 * may stand behind them. */
static size_t fill_page(dp_book *b, dp_now now)
{
    dp_row *rows = b->page->rows;
    size_t n = 0;
    dp_note *note;
    dp_link *k;

    for (; n < DP_BOOK_ROWS && (note = next_gone(b)) != NULL; n++) {
        rows[n].key = (devp2p_slice){ note->key, dp_book_key_len(note->key) };
        rows[n].value = (devp2p_slice){ NULL, 0 };
    }
    for (; n < DP_BOOK_ROWS && (k = dp_list_pop(&b->notes.changed)); n++) {
        note = dp_of(k, dp_note, link);
        note->written = true;
        rows[n].key = (devp2p_slice){ note->key, dp_book_key_len(note->key) };
        write_row(b, note, n, now);
    }
    return n;
}

size_t dp_book_rows(dp_book *b, const dp_row **out, dp_now now)
{
    if (!b->page)
        b->page = dp_alloc(&b->env, sizeof *b->page);
    if (!b->page) {
        b->rest = dp_after(now, DP_BOOK_WRITE_NS);
        b->failed = true;
        return 0;
    }
    size_t n = fill_page(b, now);
    if (dp_list_empty(&b->notes.gone) && dp_list_empty(&b->notes.changed))
        b->notes.due = DP_NEVER;
    b->storing = n > 0;
    *out = b->page->rows;
    return n;
}

/* dp_book_stored: nothing of a commit that failed is kept, and which rows it
 * had is not remembered: all are written again. */
void dp_book_stored(dp_book *b, int err, dp_now now)
{
    b->storing = false;
    b->failed = err != 0;
    if (!err) {
        drop_all(b, &b->notes.going);
        return;
    }
    dp_list_splice(&b->notes.gone, &b->notes.going);
    b->rest = dp_after(now, DP_BOOK_WRITE_NS);
    b->notes.due = dp_sooner(b->notes.due, b->rest);
    dp_bans_touch(&b->bans, b->rest);
    dp_standings_touch(&b->standings, b->rest);
}

void dp_book_hurry(dp_book *b, dp_now now)
{
    if (b->notes.due != DP_NEVER)
        b->notes.due = now.mono;
    b->rest = dp_sooner(b->rest, now.mono);
    b->failed = false;
}

bool dp_book_safe(const dp_book *b)
{
    return !b->notes.keeps || b->failed ||
           (!b->storing && b->notes.due == DP_NEVER);
}
