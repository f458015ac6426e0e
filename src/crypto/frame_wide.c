/* SPDX-License-Identifier: MIT */
/* frame_wide.c - several lanes side by side: each runs until it needs its
 * sponge permuted, then all of them are at once.  A lane that ends takes the
 * next job; when few are left, they go on with fewer states, and at last one
 * after the other. */
#include "crypto/frame_lane.h"

#include <string.h>

enum { STATES_MAX = 8, LINE = 64 };

typedef struct lanes {
    const dp_keccak_wide *wide;
    dp_frames **todo, **end;
    size_t live;
    dp_lane *lane[STATES_MAX]; /* of state j; without a job: f is NULL */
    uint32_t at[STATES_MAX];   /* bytes in the open block of state j */
    dp_lane all[STATES_MAX];
    dp_cipher cipher[STATES_MAX];
    uint64_t *state;
    uint64_t digest[2 * STATES_MAX];
    uint64_t room[25 * STATES_MAX + LINE / 8 - 1];
} lanes;

/* What lane j needs before it can go on. */
typedef enum need { NEED_JOB, NEED_BLOCK, NEED_DIGEST } need;

/* --- a sponge on its way from its direction to its lane and back --- */

static void load(lanes *s, size_t j)
{
    dp_frames *f = *s->todo++;
    const dp_keccak *k = &f->dir->mac;
    for (size_t i = 0; i < 25; i++)
        s->state[i * s->wide->states + j] = k->lane[i];
    s->at[j] = k->at;
    dp_lane_begin(s->lane[j], f, &s->cipher[s->lane[j] - s->all]);
    s->live++;
}

static void save(lanes *s, size_t j)
{
    dp_keccak *k = &s->lane[j]->f->dir->mac;
    for (size_t i = 0; i < 25; i++)
        k->lane[i] = s->state[i * s->wide->states + j];
    k->at = s->at[j];
    s->live--;
}

/* narrow goes on with fewer states, enough for those that have a job: they
 * move to the front. */
static void narrow(lanes *s, const dp_keccak_wide *few)
{
    size_t from[STATES_MAX], n = 0;
    for (size_t j = 0; j < s->wide->states; j++) {
        dp_lane *l = s->lane[j];
        if (!l->f)
            continue;
        s->lane[j] = s->lane[n];
        s->lane[n] = l;
        s->at[n] = s->at[j];
        from[n++] = j;
    }
    for (size_t i = 0; i < 25; i++)
        for (size_t k = 0; k < n; k++)
            s->state[i * few->states + k] =
                s->state[i * s->wide->states + from[k]];
    s->wide = few;
}

/* --- a lane between two permutations --- */

/* fill absorbs what fits into the open block: is it full? */
static bool fill(lanes *s, size_t j)
{
    dp_lane *l = s->lane[j];
    size_t room = DP_KECCAK_RATE - s->at[j];
    size_t n = l->left < room ? l->left : room;
    dp_keccak_mix(s->state + j, s->wide->states, s->at[j], l->from, n);
    l->from += n;
    l->left -= n;
    s->at[j] += (uint32_t)n;
    return n == room;
}

static need advance(lanes *s, size_t j)
{
    dp_lane *l = s->lane[j];
    for (;;) {
        if (l->left && fill(s, j))
            return NEED_BLOCK;
        if (l->want) {
            dp_keccak_pad(s->state + j, s->wide->states, s->at[j]);
            return NEED_DIGEST;
        }
        if (!l->next)
            return NEED_JOB;
        l->next(l);
    }
}

/* take gives lane j what it needed and the permutation made. */
static void take(lanes *s, size_t j, need what)
{
    dp_lane *l = s->lane[j];
    if (what == NEED_BLOCK) {
        s->at[j] = 0;
        return;
    }
    uint8_t *to = l->want == DP_WANT_LATER ? l->later : l->digest;
    dp_keccak_pad(s->state + j, s->wide->states, s->at[j]); /* and off again */
    dp_keccak_store(to, s->digest[j]);
    dp_keccak_store(to + 8, s->digest[s->wide->states + j]);
    l->want = DP_WANT_NOTHING;
}

/* --- all lanes --- */

/* long_way absorbs whole blocks as long as every lane has some: a lane with any
 * bytes left has just filled a block.  One without a job reads along with
 * another. */
static void long_way(lanes *s)
{
    const uint8_t *from[STATES_MAX] = { NULL }, *any = NULL;
    size_t blocks = SIZE_MAX;
    for (size_t j = 0; j < s->wide->states; j++) {
        dp_lane *l = s->lane[j];
        if (!l->f)
            continue;
        size_t whole = l->left / DP_KECCAK_RATE;
        blocks = whole < blocks ? whole : blocks;
        any = from[j] = l->from;
    }
    if (!blocks)
        return;
    for (size_t j = 0; j < s->wide->states; j++)
        from[j] = from[j] ? from[j] : any;
    s->wide->absorb(s->state, from, blocks);
    for (size_t j = 0; j < s->wide->states; j++) {
        dp_lane *l = s->lane[j];
        if (!l->f)
            continue;
        l->from += blocks * DP_KECCAK_RATE;
        l->left -= blocks * DP_KECCAK_RATE;
    }
}

/* turn brings every lane to its next permutation and does it. */
static void turn(lanes *s)
{
    need needs[STATES_MAX] = { NEED_JOB };
    unsigned keep = 0;
    for (size_t j = 0; j < s->wide->states; j++) {
        dp_lane *l = s->lane[j];
        while (l->f && (needs[j] = advance(s, j)) == NEED_JOB) {
            save(s, j);
            l->f = NULL;
            if (s->todo < s->end)
                load(s, j);
        }
        if (needs[j] == NEED_BLOCK)
            keep |= 1U << j;
    }
    if (!s->live)
        return;
    s->wide->permute(s->state, keep, s->digest);
    for (size_t j = 0; j < s->wide->states; j++)
        if (needs[j] != NEED_JOB)
            take(s, j, needs[j]);
    long_way(s);
}

/* enough are at work, or the next jobs will be. */
static bool busy(const lanes *s)
{
    return s->todo < s->end || s->live >= s->wide->least;
}

void dp_lanes_run(const dp_cpu *cpu, dp_frames **v, size_t n)
{
    lanes s;
    /* vectors that lie within a line of the cache are quicker at hand */
    s.state = s.room + -((uintptr_t)s.room / 8) % (LINE / 8);
    s.wide = n < cpu->many->least ? cpu->few : cpu->many;
    s.todo = v;
    s.end = v + n;
    s.live = 0;
    for (size_t j = 0; j < STATES_MAX; j++) {
        (void)dp_cipher_init(&s.cipher[j], cpu->aes, NULL);
        s.lane[j] = &s.all[j];
        s.lane[j]->f = NULL;
        if (s.todo < s.end && j < s.wide->states)
            load(&s, j);
    }
    while (busy(&s))
        turn(&s);
    if (s.wide != cpu->few)
        narrow(&s, cpu->few);
    while (busy(&s))
        turn(&s);
    for (size_t j = 0; j < s.wide->states; j++)
        if (s.lane[j]->f) {
            save(&s, j);
            dp_lane_finish(cpu->keccak, s.lane[j]);
        }
}
