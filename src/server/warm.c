/* SPDX-License-Identifier: MIT */
#include "server/warm.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/shade.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    STEPS = 8,    /* classes from a size to twice that size */
    CLASSES = 57, /* from DP_WARM_MIN to DP_WARM_MAX */
    LOOKS = 8,    /* blocks of a shelf that are looked at */
    PAGE = 4096,
    WIDER = 4,   /* a block is used for a little less than it holds; */
    LARGER = 16, /* what grows gets one of up to so many times its size */
    REST = 4     /* and keeps it while it needs a quarter of it */
};

_Static_assert(DP_WARM_MIN << (CLASSES - 1) / STEPS == DP_WARM_MAX &&
                   (CLASSES - 1) % STEPS == 0,
    "as many classes as there are sizes");

/* A block begins with this; what it is lent as follows. */
typedef struct block {
    size_t cap;
    struct block *next; /* while it is kept */
} block;

/* What a caller asks for is aligned as the allocator aligns. */
_Static_assert(sizeof(block) % _Alignof(max_align_t) == 0, "a head");

/* A shelf keeps the blocks from a size of class to the next, the one that was
 * used last first. */
typedef struct shelf {
    block *first;
    size_t n, low; /* low: the least since it was looked at */
} shelf;

struct dp_warm {
    dp_env under;
    size_t limit;
    atomic_uint refs;
    dp_warm_told *told;
    void *user;

    pthread_mutex_t lock;
    atomic_bool waits; /* something is, or was, kept, and told was called */
    bool closed;
    size_t spare; /* kept, and not asked for of what is out */
    shelf shelves[CLASSES];

    uint64_t due; /* of who calls dp_warm_age */
};

/* --- classes --- */

static size_t size_of(size_t k)
{
    size_t whole = (size_t)DP_WARM_MIN << (k / STEPS);
    return whole + whole / STEPS * (k % STEPS);
}

/* class_of is the last class that is not larger than n. */
static size_t class_of(size_t n)
{
    size_t k = 0;

    while (k + STEPS < CLASSES && size_of(k + STEPS) <= n)
        k += STEPS;
    while (k + 1 < CLASSES && size_of(k + 1) <= n)
        k++;
    return k;
}

/* is_block: the size alone says which way a piece of memory came. */
static bool is_block(size_t n)
{
    return n >= DP_WARM_MIN && n <= DP_WARM_MAX;
}

static block *block_of(void *at)
{
    return (block *)at - 1;
}

/* --- the allocator below --- */

static void *below(dp_warm *w, void *old, size_t old_size, size_t new_size)
{
    return w->under.alloc(w->under.alloc_user, old, old_size, new_size);
}

static void give_back(dp_warm *w, block *b)
{
    dp_unshade(b + 1, b->cap);
    below(w, b, sizeof *b + b->cap, 0);
}

static void give_back_all(dp_warm *w, block *b)
{
    for (block *next; b; b = next) {
        next = b->next;
        give_back(w, b);
    }
}

/* cut takes n blocks from a shelf, those that were not used for longest, and
 * puts them before list.  Lock held. */
static block *cut(dp_warm *w, shelf *s, size_t n, block *list)
{
    block **at = &s->first;

    for (size_t stay = s->n - n; stay; stay--)
        at = &(*at)->next;
    s->n -= n;
    s->low = s->low < s->n ? s->low : s->n;
    while (*at) {
        block *b = *at;
        *at = b->next;
        w->spare -= b->cap;
        b->next = list;
        list = b;
    }
    return list;
}

static block *cut_all(dp_warm *w)
{
    block *list = NULL;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < CLASSES; i++)
        list = cut(w, &w->shelves[i], w->shelves[i].n, list);
    pthread_mutex_unlock(&w->lock);
    return list;
}

/* need asks the allocator, and once more when there was something to give back.
 */
static void *need(dp_warm *w, void *old, size_t old_size, size_t new_size)
{
    void *at = below(w, old, old_size, new_size);

    if (at || !new_size)
        return at;
    block *kept = cut_all(w);
    if (!kept)
        return NULL;
    give_back_all(w, kept);
    return below(w, old, old_size, new_size);
}

/* --- blocks --- */

/* lend opens a block for n bytes; those behind them are nobody's. */
static void *lend(block *b, size_t n)
{
    dp_unshade(b + 1, b->cap);
    dp_shade((uint8_t *)(b + 1) + n, b->cap - n);
    return b + 1;
}

/* fit is the place of the first block of a shelf that holds n bytes, of the few
 * that are looked at: NULL, there is none. */
static block **fit(shelf *s, size_t n)
{
    block **at = &s->first;

    for (int i = 0; i < LOOKS && *at; i++, at = &(*at)->next)
        if ((*at)->cap >= n)
            return at;
    return NULL;
}

/* place finds a kept block for n bytes of up to about most, the largest such or
 * one as small as possible.  Lock held. */
static block **place(
    dp_warm *w, size_t n, size_t most, bool largest, shelf **where)
{
    size_t low = class_of(n), top = low;

    while (top + 1 < CLASSES && size_of(top + 1) <= most)
        top++;
    for (size_t i = 0; i <= top - low; i++) {
        block **at;
        *where = &w->shelves[largest ? top - i : low + i];
        if ((at = fit(*where, n)) != NULL)
            return at;
    }
    return NULL;
}

/* find takes such a block: NULL, there is none. */
static block *find(dp_warm *w, size_t n, size_t most, bool largest)
{
    shelf *s = NULL;
    block *b = NULL;

    pthread_mutex_lock(&w->lock);
    block **at = place(w, n, most, largest, &s);
    if (at) {
        b = *at;
        *at = b->next;
        s->n--;
        s->low = s->n < s->low ? s->n : s->low;
        w->spare -= n;
    }
    pthread_mutex_unlock(&w->lock);
    return b;
}

/* round_up is the size of a block for n bytes: whole pages, if the limit
 * allows, so that it fits the next that is about as long. */
static size_t round_up(dp_warm *w, size_t n)
{
    size_t cap = (n + PAGE - 1) / PAGE * PAGE;

    pthread_mutex_lock(&w->lock);
    if (w->closed || cap - n > w->limit - w->spare)
        cap = n;
    w->spare += cap - n;
    pthread_mutex_unlock(&w->lock);
    return cap;
}

static void unspare(dp_warm *w, size_t n)
{
    pthread_mutex_lock(&w->lock);
    w->spare -= n;
    pthread_mutex_unlock(&w->lock);
}

/* fresh is a block of the allocator's. */
static block *fresh(dp_warm *w, size_t n)
{
    size_t cap = round_up(w, n);
    block *b = need(w, NULL, 0, sizeof *b + cap);

    if (!b) {
        unspare(w, cap - n);
        return NULL;
    }
    b->cap = cap;
    return b;
}

static void *take(dp_warm *w, size_t n)
{
    block *b = find(w, n, n + n / WIDER, false);

    if (!b)
        b = fresh(w, n);
    return b ? lend(b, n) : NULL;
}

/* keeps: a block that was lent for n bytes may stay.  Lock held. */
static bool keeps(const dp_warm *w, size_t n)
{
    return !w->closed && n <= w->limit - w->spare;
}

/* shelve: told is called under the lock, so that it is not once it is closed.
 * Lock held. */
static void shelve(dp_warm *w, block *b, size_t n)
{
    shelf *s = &w->shelves[class_of(b->cap)];

    b->next = s->first;
    s->first = b;
    s->n++;
    w->spare += n;
    dp_shade(b + 1, b->cap);
    if (!atomic_exchange_explicit(&w->waits, true, memory_order_acq_rel))
        w->told(w->user);
}

/* put takes back what was lent for n bytes. */
static void put(dp_warm *w, block *b, size_t n)
{
    pthread_mutex_lock(&w->lock);
    bool kept = keeps(w, n);
    if (kept)
        shelve(w, b, n);
    else
        w->spare -= b->cap - n;
    pthread_mutex_unlock(&w->lock);
    if (!kept)
        give_back(w, b);
}

/* --- other sizes of a block --- */

/* stays: a block goes on as one for n bytes. */
static bool stays(dp_warm *w, const block *b, size_t was, size_t n)
{
    bool fine = n <= b->cap;

    if (!fine || n == was)
        return fine;
    pthread_mutex_lock(&w->lock);
    if (n < was)
        fine = n >= b->cap / REST && was - n <= w->limit - w->spare;
    if (fine)
        w->spare = w->spare + was - n;
    pthread_mutex_unlock(&w->lock);
    return fine;
}

/* grow: what is kept and larger costs nothing but the way there, and who grows
 * will often do so again.  Otherwise the allocator may know how to do it
 * without a copy. */
static void *grow(dp_warm *w, block *b, size_t was, size_t n)
{
    block *other = find(w, n, LARGER * n, true);

    if (other) {
        void *at = lend(other, n);
        memcpy(at, b + 1, was);
        put(w, b, was);
        return at;
    }
    size_t old = b->cap, cap = round_up(w, n);
    dp_unshade(b + 1, old);
    other = need(w, b, sizeof *b + old, sizeof *b + cap);
    if (!other) {
        unspare(w, cap - n);
        (void)lend(b, was);
        return NULL;
    }
    unspare(w, old - was);
    other->cap = cap;
    return lend(other, n);
}

/* move takes what has to be a block, ceases to be one, or needs much less of
 * it, elsewhere. */
static void *move(dp_warm *w, void *old, size_t was, size_t n)
{
    block *b = is_block(n) && n > was ? find(w, n, LARGER * n, true) : NULL;
    void *at;

    if (b)
        at = lend(b, n);
    else
        at = is_block(n) ? take(w, n) : need(w, NULL, 0, n);
    if (!at)
        return NULL;
    memcpy(at, old, was < n ? was : n);
    if (is_block(was))
        put(w, block_of(old), was);
    else
        below(w, old, was, 0);
    return at;
}

static void *resize(dp_warm *w, void *old, size_t was, size_t n)
{
    block *b = block_of(old);

    if (!is_block(was) || !is_block(n))
        return move(w, old, was, n);
    if (stays(w, b, was, n))
        return lend(b, n);
    return n > was ? grow(w, b, was, n) : move(w, old, was, n);
}

/* warm_alloc is the devp2p_alloc_fn of an env. */
static void *warm_alloc(void *user, void *old, size_t old_size, size_t new_size)
{
    dp_warm *w = user;

    if (!is_block(old_size) && !is_block(new_size))
        return need(w, old, old_size, new_size);
    if (!old)
        return take(w, new_size);
    if (new_size)
        return resize(w, old, old_size, new_size);
    put(w, block_of(old), old_size);
    return NULL;
}

/* --- life --- */

int dp_warm_new(dp_warm **out, const dp_env *under, size_t limit,
    dp_warm_told *told, void *user)
{
    dp_warm *w = dp_alloc(under, sizeof *w);

    *out = NULL;
    if (!w)
        return DEVP2P_ERR_NOMEM;
    if (pthread_mutex_init(&w->lock, NULL) != 0) {
        dp_free(under, w, sizeof *w);
        return DEVP2P_ERR_NOMEM;
    }
    w->under = *under;
    w->limit = limit;
    w->told = told;
    w->user = user;
    w->due = DP_NEVER;
    atomic_init(&w->refs, 1);
    atomic_init(&w->waits, false);
    *out = w;
    return 0;
}

void dp_warm_close(dp_warm *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    pthread_mutex_unlock(&w->lock);
    give_back_all(w, cut_all(w));
}

static void drop(dp_warm *w)
{
    if (atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) > 1)
        return;
    dp_env under = w->under;
    dp_assert(w->spare == 0);
    pthread_mutex_destroy(&w->lock);
    dp_free(&under, w, sizeof *w);
}

void dp_warm_free(dp_warm *w)
{
    if (!w)
        return;
    dp_warm_close(w);
    drop(w);
}

void dp_warm_above(dp_warm *w, dp_env *env)
{
    env->alloc = warm_alloc;
    env->alloc_user = w;
}

void dp_warm_keep(const dp_env *env)
{
    if (env->alloc == warm_alloc)
        atomic_fetch_add_explicit(
            &((dp_warm *)env->alloc_user)->refs, 1, memory_order_relaxed);
}

void dp_warm_drop(const dp_env *env)
{
    if (env->alloc == warm_alloc)
        drop(env->alloc_user);
}

/* --- time --- */

/* mark lets a period begin; false when nothing is kept.  Lock held. */
static bool mark(dp_warm *w)
{
    size_t n = 0;

    for (size_t i = 0; i < CLASSES; i++) {
        w->shelves[i].low = w->shelves[i].n;
        n += w->shelves[i].n;
    }
    return n > 0;
}

uint64_t dp_warm_age(dp_warm *w, dp_now now)
{
    block *old = NULL;

    if (!atomic_load_explicit(&w->waits, memory_order_acquire))
        return DP_NEVER;
    if (w->due != DP_NEVER && now.mono < w->due)
        return w->due;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < CLASSES && w->due != DP_NEVER; i++)
        old = cut(w, &w->shelves[i], w->shelves[i].low, old);
    w->due = mark(w) ? dp_after(now, DP_WARM_NS) : DP_NEVER;
    if (w->due == DP_NEVER)
        atomic_store_explicit(&w->waits, false, memory_order_release);
    pthread_mutex_unlock(&w->lock);
    give_back_all(w, old);
    return w->due;
}

size_t dp_warm_spare(dp_warm *w)
{
    pthread_mutex_lock(&w->lock);
    size_t spare = w->spare;
    pthread_mutex_unlock(&w->lock);
    return spare;
}
