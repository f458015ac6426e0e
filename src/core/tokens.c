/* SPDX-License-Identifier: MIT */
#include "core/tokens.h"

#include "base/bytes.h"

#include <stdatomic.h>
#include <string.h>

typedef struct row {
    devp2p_pubkey peer;
    uint8_t token[32];
    uint64_t kept; /* when, in keepings; 0: the row is free */
} row;

struct dp_tokens {
    dp_env env;
    size_t max;
    atomic_flag busy;
    uint64_t keepings;
    row *rows; /* max of them, or NULL; so few that they are searched in turn */
};

int dp_tokens_new(dp_tokens **out, const dp_env *env, size_t max)
{
    dp_tokens *t = dp_alloc(env, sizeof *t);
    *out = t;
    if (!t)
        return DEVP2P_ERR_NOMEM;
    t->env = *env;
    t->max = max;
    atomic_flag_clear(&t->busy);
    return 0;
}

void dp_tokens_free(dp_tokens *t)
{
    if (!t)
        return;
    dp_env env = t->env;
    if (t->rows)
        dp_wipe(t->rows, t->max * sizeof *t->rows);
    dp_free(&env, t->rows, t->max * sizeof *t->rows);
    dp_free(&env, t, sizeof *t);
}

static bool enter(dp_tokens *t)
{
    return t &&
           !atomic_flag_test_and_set_explicit(&t->busy, memory_order_acquire);
}

static void leave(dp_tokens *t)
{
    atomic_flag_clear_explicit(&t->busy, memory_order_release);
}

static row *find(dp_tokens *t, const devp2p_pubkey *peer)
{
    for (size_t i = 0; t->rows && i < t->max; i++)
        if (t->rows[i].kept &&
            memcmp(&t->rows[i].peer, peer, sizeof *peer) == 0)
            return &t->rows[i];
    return NULL;
}

/* oldest is a free row, or the one that was kept longest ago. */
static row *oldest(dp_tokens *t)
{
    row *r = t->rows;
    for (size_t i = 1; i < t->max; i++)
        if (t->rows[i].kept < r->kept)
            r = &t->rows[i];
    return r;
}

bool dp_tokens_find(dp_tokens *t, uint8_t token[32], const devp2p_pubkey *peer)
{
    if (!enter(t))
        return false;
    const row *r = find(t, peer);
    if (r)
        memcpy(token, r->token, sizeof r->token);
    leave(t);
    return r != NULL;
}

static void keep(dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token)
{
    row *r = find(t, peer);

    if (!r && token) {
        if (!t->rows)
            t->rows = dp_alloc(&t->env, t->max * sizeof *t->rows);
        if (!t->rows)
            return;
        r = oldest(t);
        r->peer = *peer;
        memcpy(r->token, token, sizeof r->token);
    }
    if (r)
        r->kept = ++t->keepings;
}

void dp_tokens_keep(
    dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token)
{
    if (!enter(t))
        return;
    if (t->max)
        keep(t, peer, token);
    leave(t);
}
