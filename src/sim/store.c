/* SPDX-License-Identifier: MIT */
#include "sim/store.h"

#include "sim/ask.h"

#define COMMIT_NS     DP_MS /* and up to */
#define COMMIT_JITTER (19 * DP_MS)

/* A row is kept in one piece: key and value follow it. */
typedef struct row {
    dp_link link; /* in a commit */
    size_t key_len, value_len;
    bool gone; /* deletes the key */
} row;

struct dp_disk {
    dp_sim *sim;
    dp_node *node;
    bool full;
    row **rows; /* by key */
    size_t n, cap;
    uint64_t busy; /* until then, with what came before */
};

typedef struct commit {
    dp_ask ask;
    dp_list rows;
    size_t n;
} commit;

/* --- rows --- */

static devp2p_slice key_of(const row *r)
{
    return (devp2p_slice){ (const uint8_t *)(r + 1), r->key_len };
}

static devp2p_slice value_of(const row *r)
{
    const uint8_t *at = (const uint8_t *)(r + 1) + r->key_len;
    return (devp2p_slice){ at, r->value_len };
}

static row *row_new(const dp_env *env, const dp_row *from)
{
    size_t key_len = from->key.len;
    size_t value_len = from->value.at ? from->value.len : 0;
    row *r = dp_alloc(env, sizeof *r + key_len + value_len);

    if (!r)
        return NULL;
    r->key_len = key_len;
    r->value_len = value_len;
    r->gone = !from->value.at;
    if (key_len)
        memcpy(r + 1, from->key.at, key_len);
    if (value_len)
        memcpy((uint8_t *)(r + 1) + key_len, from->value.at, value_len);
    return r;
}

static void row_free(const dp_env *env, row *r)
{
    dp_free(env, r, sizeof *r + r->key_len + r->value_len);
}

/* order of keys: by bytes, and of equal ones the shorter is first. */
static int order(devp2p_slice a, devp2p_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int way = len ? memcmp(a.at, b.at, len) : 0;
    return way ? way : (a.len > b.len) - (a.len < b.len);
}

/* place is where a key is, or would be. */
static size_t place(const dp_disk *d, devp2p_slice key, bool *there)
{
    size_t low = 0, high = d->n;
    *there = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int way = order(key_of(d->rows[mid]), key);
        if (way == 0) {
            *there = true;
            return mid;
        }
        if (way < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void remove_at(dp_disk *d, size_t i)
{
    row_free(&d->sim->setup.env, d->rows[i]);
    d->n--;
    memmove(d->rows + i, d->rows + i + 1, (d->n - i) * sizeof *d->rows);
}

/* put takes a row over; there is room for it. */
static void put(dp_disk *d, row *r)
{
    bool there;
    size_t i = place(d, key_of(r), &there);

    if (there)
        remove_at(d, i);
    if (r->gone) {
        row_free(&d->sim->setup.env, r);
        return;
    }
    memmove(d->rows + i + 1, d->rows + i, (d->n - i) * sizeof *d->rows);
    d->rows[i] = r;
    d->n++;
}

static int make_room(dp_disk *d, size_t n)
{
    if (n <= d->cap - d->n)
        return 0;
    size_t cap = 2 * d->cap > d->n + n ? 2 * d->cap : d->n + n;
    row **rows = dp_resize(
        &d->sim->setup.env, d->rows, d->cap * sizeof *rows, cap * sizeof *rows);
    if (!rows)
        return DEVP2P_ERR_NOMEM;
    d->rows = rows;
    d->cap = cap;
    return 0;
}

/* --- disks --- */

int dp_sim_disk(dp_disk **out, dp_sim *sim)
{
    dp_disk *d = dp_alloc(&sim->setup.env, sizeof *d);
    if (!d)
        return DEVP2P_ERR_NOMEM;
    d->sim = sim;
    *out = d;
    return 0;
}

static void clear(dp_disk *d)
{
    while (d->n)
        row_free(&d->sim->setup.env, d->rows[--d->n]);
}

void dp_sim_disk_free(dp_disk *d)
{
    if (!d)
        return;
    dp_assert(!d->node);
    clear(d);
    dp_free(&d->sim->setup.env, d->rows, d->cap * sizeof *d->rows);
    dp_free(&d->sim->setup.env, d, sizeof *d);
}

void dp_sim_disk_wipe(dp_disk *d)
{
    clear(d);
    dp_sim_count(d->sim, DEVP2P_SIM_STORE_LOST);
}

void dp_sim_disk_full(dp_disk *d, bool full)
{
    d->full = full;
}

size_t dp_sim_disk_rows(const dp_disk *d)
{
    return d->n;
}

void dp_sim_insert(dp_world *w, dp_disk *d)
{
    dp_node *n = dp_sim_node_of(w);
    dp_assert(!n->disk && !d->node);
    n->disk = d;
    d->node = n;
    d->busy = 0;
}

/* done_by is when the disk is done with one more thing: one after the other, so
 * that commits stay in order. */
static uint64_t done_by(dp_disk *d)
{
    uint64_t now = d->sim->now.mono;
    uint64_t from = d->busy > now ? d->busy : now;
    d->busy =
        from + COMMIT_NS + dp_chance_below(&d->sim->chance, COMMIT_JITTER);
    return d->busy;
}

/* --- load --- */

static void say_loaded(dp_ask *a)
{
    const dp_world *w = &a->node->world;
    const dp_env *env = &a->node->sim->setup.env;
    const dp_disk *d = a->node->disk;
    size_t n = d ? d->n : 0;
    dp_row *rows = NULL;

    if (!d)
        a->err = DEVP2P_ERR_IO;
    if (n && a->err == 0) {
        rows = dp_alloc(env, n * sizeof *rows);
        if (!rows)
            a->err = DEVP2P_ERR_NOMEM;
    }
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = (dp_row){ key_of(d->rows[i]), value_of(d->rows[i]) };
    w->up->loaded(w->server, a->token, a->err, rows, rows ? n : 0);
    dp_free(env, rows, n * sizeof *rows);
}

static const dp_ask_kind loads = { .say = say_loaded };

int dp_sim_load(dp_world *w, uint64_t token)
{
    dp_node *n = dp_sim_node_of(w);
    dp_ask *a;

    if (!n->disk)
        return DEVP2P_ERR_IO;
    int err = dp_ask_new(&a, n, &loads, sizeof *a, token);
    if (err == 0)
        dp_ask_go(a, done_by(n->disk));
    return err;
}

/* --- store --- */

static void act(dp_ask *a)
{
    commit *c = dp_of(a, commit, ask);
    dp_disk *d = a->node->disk;

    a->err = d->full ? DEVP2P_ERR_IO : make_room(d, c->n);
    if (d->full)
        dp_sim_count(d->sim, DEVP2P_SIM_DISK_FULL);
    for (dp_link *k; a->err == 0 && (k = dp_list_pop(&c->rows));)
        put(d, dp_of(k, row, link));
}

static void say_stored(dp_ask *a)
{
    const dp_world *w = &a->node->world;
    w->up->stored(w->server, a->token, a->err);
}

static void drop(dp_ask *a)
{
    commit *c = dp_of(a, commit, ask);
    for (dp_link *k; (k = dp_list_pop(&c->rows));)
        row_free(&a->node->sim->setup.env, dp_of(k, row, link));
}

static const dp_ask_kind stores = { act, say_stored, drop };

int dp_sim_store(dp_world *w, uint64_t token, const dp_row *rows, size_t n)
{
    dp_node *node = dp_sim_node_of(w);
    dp_ask *a;

    if (!node->disk)
        return DEVP2P_ERR_IO;
    int err = dp_ask_new(&a, node, &stores, sizeof(commit), token);
    if (err)
        return err;
    commit *c = dp_of(a, commit, ask);
    c->n = n;
    dp_list_init(&c->rows);
    for (size_t i = 0; i < n; i++) {
        row *r = row_new(&node->sim->setup.env, &rows[i]);
        if (!r) {
            dp_ask_free(a);
            return DEVP2P_ERR_NOMEM;
        }
        dp_list_push(&c->rows, &r->link);
    }
    dp_ask_go(a, done_by(node->disk));
    return 0;
}

/* --- a crash --- */

void dp_sim_eject(dp_world *w)
{
    dp_node *n = dp_sim_node_of(w);
    dp_link *next;

    if (!n->disk)
        return;
    for (dp_link *k = dp_list_first(&n->asks); k; k = next) {
        dp_ask *a = dp_of(k, dp_ask, link);
        next = dp_list_next(&n->asks, k);
        if (a->kind == &stores || a->kind == &loads)
            dp_ask_fail(a, DEVP2P_ERR_IO);
    }
    n->disk->node = NULL;
    n->disk = NULL;
}
