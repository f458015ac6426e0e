/* SPDX-License-Identifier: MIT */
/* book_row.h - what the peer book keeps in a store, a row for each ban and for
 * each node whose conduct is remembered: big-endian, of fixed lengths, and one
 * row has one text.
 *
 *   key of a ban       "Bi" id, or "Bn" family, bits, address
 *   value of a ban     1, until, length
 *   key of a standing  "Br" id
 *   value of it        1, scored, avoid, shun, score, strikes, misses */
#ifndef DP_BOOK_ROW_H
#define DP_BOOK_ROW_H

#include "base/world.h"

#include <devp2p/server.h>

enum { DP_BOOK_KEY = 34, DP_BOOK_VALUE = 29 };

typedef enum dp_book_kind {
    DP_BOOK_ID = 'i',
    DP_BOOK_NET = 'n',
    DP_BOOK_STANDING = 'r'
} dp_book_kind;

/* A dp_book_row is one row.  Times are Unix time in ms. */
typedef struct dp_book_row {
    dp_book_kind kind;
    devp2p_ban ban;  /* but of a standing: whom; until_ms 0 is for ever */
    devp2p_id id;    /* of a standing */
    uint64_t length; /* of the ban: ms, 0 for ever.  The clock may be wrong
                        when the row is read, this is not */
    uint64_t scored, avoid, shun; /* 0: not */
    int score;
    uint8_t strikes, misses;
} dp_book_row;

/* dp_book_key writes the key of a ban, dp_book_key_of_id of a standing, with
 * zeros behind it; dp_book_key_len is how long one of them is.  A ban's address
 * has no bit set behind its bits. */
void dp_book_key(uint8_t out[DP_BOOK_KEY], const devp2p_ban *ban);
void dp_book_key_of_id(uint8_t out[DP_BOOK_KEY], const devp2p_id *id);
size_t dp_book_key_len(const uint8_t key[DP_BOOK_KEY]);

/* dp_book_ban_of is whom a ban's key means. */
devp2p_ban dp_book_ban_of(const uint8_t key[DP_BOOK_KEY]);

/* dp_book_value writes the value and returns its length. */
size_t dp_book_value(uint8_t out[DP_BOOK_VALUE], const dp_book_row *row);

/* dp_book_read: 0; ERR_NOT_FOUND for a row that is not of the book, ERR_INVALID
 * for one that it has not written. */
int dp_book_read(dp_book_row *out, const dp_row *row);

#endif
