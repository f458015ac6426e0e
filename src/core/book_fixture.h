/* SPDX-License-Identifier: MIT */
/* book_fixture.h - a peer book in a test: time by hand, and a store that is a
 * table of rows. */
#ifndef DP_BOOK_FIXTURE_H
#define DP_BOOK_FIXTURE_H

#include "test.h"

#include "base/addr.h"
#include "core/book.h"
#include "test_env.h"

enum { STORE_ROWS = 2048 };

typedef struct stored {
    uint8_t key[DP_BOOK_KEY], value[DP_BOOK_VALUE];
    size_t key_len, value_len;
} stored;

typedef struct shelf {
    test_env t;
    dp_book b;
    dp_now now;
    stored rows[STORE_ROWS];
    size_t n, commits;
} shelf;

static inline void shelf_open(shelf *s, const dp_access *limits)
{
    static const uint8_t salt[16] = { 3 };
    assert_int_equal(dp_access_check(limits), 0);
    assert_int_equal(dp_book_init(&s->b, &s->t.env, salt, limits), 0);
}

static inline shelf *shelf_new(const dp_access *limits)
{
    shelf *s = calloc(1, sizeof *s);
    assert_non_null(s);
    test_env_init(&s->t);
    s->now = (dp_now){ .mono = 1000 * DP_SEC, .wall = 1700000000000 };
    shelf_open(s, limits);
    return s;
}

static inline void shelf_free(shelf *s)
{
    dp_book_fini(&s->b);
    assert_int_equal(s->t.live, 0);
    free(s);
}

static inline void shelf_pass(shelf *s, uint64_t ns)
{
    s->now.mono += ns;
    s->now.wall += (int64_t)(ns / DP_MS);
    dp_book_tick(&s->b, s->now);
}

/* --- the store --- */

static inline void shelf_put(shelf *s, const dp_row *row)
{
    size_t i = 0;
    while (i < s->n && (s->rows[i].key_len != row->key.len ||
                           memcmp(s->rows[i].key, row->key.at, row->key.len)))
        i++;
    if (!row->value.at) {
        assert_true(i < s->n); /* what is not there is not deleted */
        s->rows[i] = s->rows[--s->n];
        return;
    }
    assert_true(i < STORE_ROWS);
    s->n += i == s->n;
    memcpy(s->rows[i].key, row->key.at, row->key.len);
    memcpy(s->rows[i].value, row->value.at, row->value.len);
    s->rows[i].key_len = row->key.len;
    s->rows[i].value_len = row->value.len;
}

/* shelf_commit makes one commit, if it is due; the store fails with err. */
static inline bool shelf_commit(shelf *s, int err)
{
    const dp_row *rows;
    if (!dp_book_due(&s->b, s->now))
        return false;
    size_t n = dp_book_rows(&s->b, &rows, s->now);
    if (n == 0)
        return false;
    assert_false(dp_book_due(&s->b, s->now)); /* one at a time */
    for (size_t i = 0; i < n && !err; i++)
        shelf_put(s, &rows[i]);
    dp_book_stored(&s->b, err, s->now);
    s->commits++;
    return true;
}

/* shelf_load gives the book what the store has. */
static inline void shelf_load(shelf *s)
{
    dp_row rows[STORE_ROWS];
    for (size_t i = 0; i < s->n; i++)
        rows[i] = (dp_row){ { s->rows[i].key, s->rows[i].key_len },
            { s->rows[i].value, s->rows[i].value_len } };
    dp_book_load(&s->b, rows, s->n, s->now);
}

/* shelf_again is another process, with another clock, after ns of absence. */
static inline void shelf_again(shelf *s, const dp_access *limits, uint64_t ns)
{
    dp_book_fini(&s->b);
    assert_int_equal(s->t.live, 0);
    s->now.mono = 5 * DP_SEC;
    s->now.wall += (int64_t)(ns / DP_MS);
    shelf_open(s, limits);
    shelf_load(s);
}

/* --- whom --- */

static inline devp2p_id id_of(size_t n)
{
    devp2p_id id = { { (uint8_t)n, (uint8_t)(n >> 8), 1 } };
    return id;
}

static inline devp2p_ban ban_text(const char *text)
{
    devp2p_ban ban;
    if (dp_ban_parse(&ban, text))
        fail_msg("%s: %s", text, devp2p_last_detail());
    return ban;
}

static inline devp2p_addr ip_text(const char *text)
{
    devp2p_addr ip;
    assert_true(dp_ip_parse(&ip, text, strlen(text)));
    return ip;
}

static inline int ban_id(shelf *s, size_t n, uint64_t ms)
{
    devp2p_ban who = { .id = id_of(n) };
    return dp_bans_put(&s->b.bans, &who, ms, s->now);
}

static inline int lift_id(shelf *s, size_t n)
{
    devp2p_ban who = { .id = id_of(n) };
    return dp_bans_cut(&s->b.bans, &who, s->now);
}

static inline bool banned_id(const shelf *s, size_t n)
{
    devp2p_id id = id_of(n);
    return dp_bans_id(&s->b.bans, &id);
}

static inline int ban(shelf *s, const char *text, uint64_t ms)
{
    devp2p_ban who = ban_text(text);
    return dp_bans_put(&s->b.bans, &who, ms, s->now);
}

static inline int lift(shelf *s, const char *text)
{
    devp2p_ban who = ban_text(text);
    return dp_bans_cut(&s->b.bans, &who, s->now);
}

static inline bool banned(const shelf *s, const char *text)
{
    devp2p_addr ip = ip_text(text);
    return dp_bans_addr(&s->b.bans, &ip);
}

/* --- conduct --- */

static inline bool report(shelf *s, size_t n, int points)
{
    devp2p_id id = id_of(n);
    return dp_standings_report(&s->b.standings, &id, points, false, s->now);
}

static inline int score(shelf *s, size_t n)
{
    devp2p_id id = id_of(n);
    return dp_standings_score(&s->b.standings, &id, s->now);
}

static inline bool shuns(const shelf *s, size_t n)
{
    devp2p_id id = id_of(n);
    return dp_standings_shuns(&s->b.standings, &id, s->now);
}

static inline bool avoids(const shelf *s, size_t n)
{
    devp2p_id id = id_of(n);
    return dp_standings_avoids(&s->b.standings, &id, s->now);
}

static inline void missed(shelf *s, size_t n, dp_backoff class)
{
    devp2p_id id = id_of(n);
    dp_standings_missed(&s->b.standings, &id, class, s->now);
}

static inline void met(shelf *s, size_t n)
{
    devp2p_id id = id_of(n);
    dp_standings_met(&s->b.standings, &id, s->now);
}

static inline size_t known(const shelf *s)
{
    return dp_index_count(&s->b.standings.by_key);
}

#endif
