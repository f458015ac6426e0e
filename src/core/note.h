/* SPDX-License-Identifier: MIT */
/* note.h - what a ban and a standing have in common: a row in a store.  What
 * the store does not know yet waits in a list; a note that has ended stays
 * until its row is deleted. */
#ifndef DP_NOTE_H
#define DP_NOTE_H

#include "base/list.h"
#include "core/book_row.h"

typedef struct dp_note {
    dp_link link; /* in one of the lists */
    uint8_t key[DP_BOOK_KEY];
    bool written; /* the store has a row of it, or will soon */
    bool lasting; /* and would bring it back */
} dp_note;

typedef struct dp_notes {
    dp_list changed;
    dp_list gone, going; /* rows to be deleted, and those that just are */
    size_t ngone;        /* in both */
    uint64_t due;        /* when there is something to write; DP_NEVER */
    bool keeps;          /* there is a store, for all that is known */
} dp_notes;

void dp_notes_init(dp_notes *n);

/* dp_note_change: the note is to be written, at the latest at by. */
void dp_note_change(dp_notes *n, dp_note *note, uint64_t by);

/* dp_note_end takes a note out.  True: the caller frees it; otherwise it is
 * among those that are gone. */
bool dp_note_end(dp_notes *n, dp_note *note, uint64_t by);

/* dp_wall_at is a moment to come in Unix time, ms; 0 for one that has passed.
 * dp_left_until is the way back: ns from now on, no more than most. */
uint64_t dp_wall_at(uint64_t mono, dp_now now);
uint64_t dp_left_until(uint64_t wall_ms, uint64_t most, dp_now now);

#endif
