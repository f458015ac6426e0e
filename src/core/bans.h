/* SPDX-License-Identifier: MIT */
/* bans.h - whom nobody talks to: nodes and networks, each until a moment or
 * until the ban is lifted.  None is given up before that to make room. */
#ifndef DP_BANS_H
#define DP_BANS_H

#include "base/index.h"
#include "base/timer.h"
#include "core/note.h"

enum { DP_BITS4 = 33, DP_BITS6 = 129 }; /* lengths of prefixes */

typedef struct dp_bans {
    const dp_env *env;
    dp_notes *notes;
    dp_index by_key;
    dp_timers *timers;
    size_t max, nids, ngone;
    uint32_t nets4[DP_BITS4], nets6[DP_BITS6]; /* how many have so many bits */
    uint64_t version; /* another one after each change */
} dp_bans;

int dp_bans_init(dp_bans *b, const dp_env *env, const uint8_t salt[16],
    dp_notes *notes, size_t max);
void dp_bans_fini(dp_bans *b);

/* dp_ban_parse reads the id of a node, its URL, an address or a network: 0,
 * ERR_INVALID with a sentence. */
int dp_ban_parse(devp2p_ban *out, const char *text);

/* dp_bans_put bans for so many ms, 0 for ever; who is banned gets the new end:
 * 0, ERR_LIMIT, ERR_NOMEM.  dp_bans_cut: 0, ERR_NOT_FOUND. */
int dp_bans_put(dp_bans *b, const devp2p_ban *whom, uint64_t ms, dp_now now);
int dp_bans_cut(dp_bans *b, const devp2p_ban *whom, dp_now now);

bool dp_bans_id(const dp_bans *b, const devp2p_id *id);
bool dp_bans_addr(const dp_bans *b, const devp2p_addr *addr);

/* dp_bans_list gives the oldest cap bans and returns how many there are. */
size_t dp_bans_list(const dp_bans *b, devp2p_ban *out, size_t cap, dp_now now);

/* dp_bans_tick ends those whose time is over, dp_bans_when is the next end. */
void dp_bans_tick(dp_bans *b, dp_now now);
uint64_t dp_bans_when(const dp_bans *b);

/* dp_bans_row is what the store gets of a note; dp_bans_load takes a row of it,
 * unless who it is about was banned meanwhile: 0, ERR_LIMIT, ERR_NOMEM.
 * dp_bans_twin is the ban, if there is a new one, that a note which is gone was
 * about.
 * dp_bans_touch makes all be written again, dp_bans_free frees one that is
 * gone. */
void dp_bans_row(const dp_note *note, dp_book_row *out, dp_now now);
int dp_bans_load(dp_bans *b, const dp_book_row *row, dp_now now);
dp_note *dp_bans_twin(const dp_bans *b, const dp_note *note);
void dp_bans_touch(dp_bans *b, uint64_t by);
void dp_bans_free(dp_bans *b, dp_note *note);

#endif
