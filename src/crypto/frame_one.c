/* SPDX-License-Identifier: MIT */
/* frame_one.c - one lane after the other.  A digest that is wanted later waits
 * for the next permutation: where two states take no longer than one, a small
 * frame is sealed in the time of two and a half permutations for three and a
 * half. */
#include "crypto/frame_lane.h"

#include <string.h>

/* A late is a digest that waits. */
typedef struct late {
    uint64_t lane[25];
    uint8_t *to; /* NULL: none */
} late;

static void deliver(uint8_t to[16], const uint64_t *lane)
{
    dp_keccak_store(to, lane[0]);
    dp_keccak_store(to + 8, lane[1]);
}

/* permute also makes the digest that waits. */
static void permute(const dp_keccak_kernel *kernel, uint64_t *lane, late *w)
{
    if (!w->to) {
        kernel->permute(lane);
        return;
    }
    kernel->permute_two(lane, w->lane);
    deliver(w->to, w->lane);
    w->to = NULL;
}

static void absorb(const dp_keccak_kernel *kernel, dp_lane *l, late *w)
{
    dp_keccak *k = &l->f->dir->mac;
    size_t room = DP_KECCAK_RATE - k->at;
    if (w->to && l->left >= room) {
        dp_keccak_mix(k->lane, 1, k->at, l->from, room);
        permute(kernel, k->lane, w);
        k->at = 0;
        l->from += room;
        l->left -= room;
    }
    dp_keccak_add_by(kernel, k, l->from, l->left);
    l->left = 0;
}

static void squeeze(const dp_keccak_kernel *kernel, dp_lane *l, late *w)
{
    const dp_keccak *k = &l->f->dir->mac;
    uint64_t copy[25];
    uint64_t *lane = l->want == DP_WANT_LATER ? w->lane : copy;
    for (size_t i = 0; i < 25; i++)
        lane[i] = k->lane[i];
    dp_keccak_pad(lane, 1, k->at);
    if (lane == w->lane) {
        w->to = l->later;
        return;
    }
    permute(kernel, lane, w);
    deliver(l->digest, lane);
}

void dp_lane_finish(const dp_keccak_kernel *kernel, dp_lane *l)
{
    late w;
    w.to = NULL;
    for (;;) {
        if (l->left)
            absorb(kernel, l, &w);
        if (l->want)
            squeeze(kernel, l, &w);
        l->want = DP_WANT_NOTHING;
        if (!l->next)
            break;
        l->next(l);
    }
    if (w.to) {
        kernel->permute(w.lane);
        deliver(w.to, w.lane);
    }
}
