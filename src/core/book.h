/* SPDX-License-Identifier: MIT */
/* book.h - the peer book: bans, the standing of nodes, and what a store keeps
 * of both.  Without a store it forgets all at the end. */
#ifndef DP_BOOK_H
#define DP_BOOK_H

#include "base/limits.h"
#include "core/access.h"
#include "core/bans.h"
#include "core/standings.h"

/* A dp_book_page is the rows of a commit and their values. */
typedef struct dp_book_page {
    dp_row rows[DP_BOOK_ROWS];
    uint8_t values[DP_BOOK_ROWS][DP_BOOK_VALUE];
} dp_book_page;

typedef struct dp_book {
    dp_env env;
    dp_notes notes;
    dp_bans bans;
    dp_standings standings;
    bool loaded;        /* or there is nothing to be loaded */
    bool storing;       /* a commit is out */
    bool failed;        /* so did the last one */
    uint64_t rest;      /* no commit before */
    dp_book_page *page; /* made for the first commit */
} dp_book;

/* dp_book_init: the limits of a, which has been checked. */
int dp_book_init(
    dp_book *b, const dp_env *env, const uint8_t salt[16], const dp_access *a);
void dp_book_fini(dp_book *b);

/* dp_book_tick ends bans whose time is over.  dp_book_when is when it is to be
 * called, or when there is a commit to be made. */
void dp_book_tick(dp_book *b, dp_now now);
uint64_t dp_book_when(const dp_book *b);

/* dp_book_load takes the rows of a store; those of others are left alone, and
 * whatever does not fit is a line in the log.  dp_book_alone: there is no
 * store. */
void dp_book_load(dp_book *b, const dp_row *rows, size_t n, dp_now now);
void dp_book_alone(dp_book *b);

/* dp_book_due: there are rows to be stored, now.  dp_book_rows gives the next
 * ones, in the order in which they must be, at most DP_BOOK_ROWS; they stay
 * until the next verb.  dp_book_stored is what became of them, after which the
 * next may be due at once. */
bool dp_book_due(const dp_book *b, dp_now now);
size_t dp_book_rows(dp_book *b, const dp_row **out, dp_now now);
void dp_book_stored(dp_book *b, int err, dp_now now);

/* dp_book_hurry: the end is near, nothing waits any more.  dp_book_safe: all is
 * stored that can be. */
void dp_book_hurry(dp_book *b, dp_now now);
bool dp_book_safe(const dp_book *b);

#endif
