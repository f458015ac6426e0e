/* SPDX-License-Identifier: MIT */
#include "core/note.h"

#include "base/limits.h"

void dp_notes_init(dp_notes *n)
{
    *n = (dp_notes){ .keeps = true, .due = DP_NEVER };
    dp_list_init(&n->changed);
    dp_list_init(&n->gone);
    dp_list_init(&n->going);
}

void dp_note_change(dp_notes *n, dp_note *note, uint64_t by)
{
    if (!n->keeps)
        return;
    if (!dp_linked(&note->link))
        dp_list_push(&n->changed, &note->link);
    n->due = dp_sooner(n->due, by);
}

bool dp_note_end(dp_notes *n, dp_note *note, uint64_t by)
{
    dp_unlink(&note->link);
    if (!n->keeps || !note->written)
        return true;
    if (!note->lasting && n->ngone >= DP_BOOK_GONE)
        return true;
    dp_list_push(&n->gone, &note->link);
    n->ngone++;
    n->due = dp_sooner(n->due, by);
    return false;
}

uint64_t dp_wall_at(uint64_t mono, dp_now now)
{
    uint64_t wall = now.wall > 0 ? (uint64_t)now.wall : 0;

    if (mono <= now.mono)
        return 0;
    return wall + (mono - now.mono + DP_MS - 1) / DP_MS;
}

uint64_t dp_left_until(uint64_t wall_ms, uint64_t most, dp_now now)
{
    uint64_t wall = now.wall > 0 ? (uint64_t)now.wall : 0;
    uint64_t ms = wall_ms > wall ? wall_ms - wall : 0;

    return ms > most / DP_MS ? most : ms * DP_MS;
}
