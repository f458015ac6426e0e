/* SPDX-License-Identifier: MIT */
/* standings.h - what is remembered of the conduct of nodes, so many at most:
 * who has gone longest without news is forgotten first, since what it did has
 * faded most. */
#ifndef DP_STANDINGS_H
#define DP_STANDINGS_H

#include "base/index.h"
#include "core/conduct.h"
#include "core/note.h"

typedef struct dp_standings {
    const dp_env *env;
    dp_notes *notes;
    dp_index by_key;
    dp_list aged; /* the longest unchanged one first */
    size_t max;
    uint64_t first; /* ns of DP_BACKOFF_SHORT, 0: nobody stays out */
} dp_standings;

void dp_standings_init(dp_standings *s, const dp_env *env,
    const uint8_t salt[16], dp_notes *notes, size_t max, uint64_t first);
void dp_standings_fini(dp_standings *s);

/* dp_standings_report adds points to a node's score.  True: it stays out from
 * now on, or longer than it would.  spared: never.  Without memory nothing is
 * known of it. */
bool dp_standings_report(
    dp_standings *s, const devp2p_id *id, int points, bool spared, dp_now now);

/* dp_standings_missed: a dial came to nothing, and the next has to wait.
 * dp_standings_met: it has not. */
void dp_standings_missed(
    dp_standings *s, const devp2p_id *id, dp_backoff class, dp_now now);
void dp_standings_met(dp_standings *s, const devp2p_id *id, dp_now now);

int dp_standings_score(dp_standings *s, const devp2p_id *id, dp_now now);

/* dp_standings_shuns: the node stays out; _avoids: it is not dialled, either
 * because of that or because a dial came to nothing. */
bool dp_standings_shuns(const dp_standings *s, const devp2p_id *id, dp_now now);
bool dp_standings_avoids(
    const dp_standings *s, const devp2p_id *id, dp_now now);

/* The store: as in bans.h, but that memory and limits only mean that less is
 * remembered. */
void dp_standings_row(const dp_note *note, dp_book_row *out, dp_now now);
void dp_standings_load(dp_standings *s, const dp_book_row *row, dp_now now);
dp_note *dp_standings_twin(const dp_standings *s, const dp_note *note);
void dp_standings_touch(dp_standings *s, uint64_t by);
void dp_standings_free(dp_standings *s, dp_note *note);

#endif
