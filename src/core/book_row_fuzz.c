/* SPDX-License-Identifier: MIT */
/* book_row_fuzz.c - a row of a store is refused, or is what the book would have
 * written; and whatever rows a book was given, those that it writes are good
 * ones, and are those of a book that was given them.
 *
 * An input is rows, each a byte with the length of its key, one with the length
 * of its value, key, value. */
#include "core/book.h"

#include "base/assert.h"

#include <string.h>

enum { ROWS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const dp_now start = { .mono = DP_SEC, .wall = INT64_C(1800000000000) };

/* write_again: one row has one text. */
static void write_again(const dp_row *row)
{
    uint8_t key[DP_BOOK_KEY], value[DP_BOOK_VALUE];
    dp_book_row read;
    int err = dp_book_read(&read, row);

    dp_assert(!err || err == DEVP2P_ERR_INVALID || err == DEVP2P_ERR_NOT_FOUND);
    if (err)
        return;
    if (read.kind == DP_BOOK_STANDING)
        dp_book_key_of_id(key, &read.id);
    else
        dp_book_key(key, &read.ban);
    dp_assert(dp_book_key_len(key) == row->key.len);
    dp_assert(memcmp(key, row->key.at, row->key.len) == 0);
    dp_assert(dp_book_value(value, &read) == row->value.len);
    dp_assert(memcmp(value, row->value.at, row->value.len) == 0);
}

static void open_book(dp_book *b, uint32_t bans)
{
    static const uint8_t salt[16];
    const dp_access limits = { .max_bans = bans, .max_standings = 16 };
    const dp_env env = { .alloc = dp_default_alloc };

    dp_assert(dp_book_init(b, &env, salt, &limits) == 0);
}

/* ask: no question is too much for it. */
static void ask(dp_book *b, const dp_row *row, dp_now now)
{
    dp_book_row read;

    if (dp_book_read(&read, row))
        return;
    int score = dp_standings_score(&b->standings, &read.id, now);
    dp_assert(score >= DP_SCORE_MIN && score <= DP_SCORE_MAX);
    if (dp_standings_shuns(&b->standings, &read.id, now))
        dp_assert(dp_standings_avoids(&b->standings, &read.id, now));
    if (read.kind == DP_BOOK_NET)
        (void)dp_bans_addr(&b->bans, &read.ban.net);
    (void)dp_bans_id(&b->bans, &read.ban.id);
}

static void load(const dp_row *rows, size_t n)
{
    const dp_row *out;
    dp_row kept[DP_BOOK_ROWS];
    dp_now later = start;
    dp_book b, again;

    open_book(&b, 4);
    dp_book_load(&b, rows, n, start);
    later.mono += 100 * DP_SEC;
    later.wall += 100 * 1000;
    dp_book_tick(&b, later);
    for (size_t i = 0; i < n; i++)
        ask(&b, &rows[i], later);
    dp_bans_touch(&b.bans, 0);
    dp_standings_touch(&b.standings, 0);
    size_t m = dp_book_rows(&b, &out, later), nkept = 0;
    for (size_t i = 0; i < m; i++)
        if (out[i].value.at) {
            write_again(&out[i]);
            kept[nkept++] = out[i];
        }
    open_book(&again, 4);
    dp_book_load(&again, kept, nkept, later);
    dp_assert(dp_bans_list(&again.bans, NULL, 0, later) ==
              dp_bans_list(&b.bans, NULL, 0, later));
    dp_book_fini(&again);
    dp_book_stored(&b, 0, later);
    dp_book_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dp_row rows[ROWS];
    size_t n = 0;

    while (n < ROWS && size >= 2 && size - 2 >= (size_t)data[0] + data[1]) {
        size_t key = data[0], value = data[1];
        rows[n].key = (devp2p_slice){ data + 2, key };
        rows[n].value = (devp2p_slice){ data + 2 + key, value };
        write_again(&rows[n++]);
        data += 2 + key + value;
        size -= 2 + key + value;
    }
    load(rows, n);
    return 0;
}
