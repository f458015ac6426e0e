/* SPDX-License-Identifier: MIT */
#include "core/bans.h"

#include "base/addr.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/netlist.h"

#include <string.h>

typedef struct ban {
    dp_note note;
    dp_timer timer;
    uint64_t until; /* DP_NEVER: for ever */
    uint64_t ms;    /* as it was asked for, 0 for ever */
} ban;

static ban *ban_of(const dp_note *note)
{
    return dp_of((dp_note *)(uintptr_t)note, ban, note);
}

static const uint8_t *key_of(const void *value)
{
    return ((const ban *)value)->note.key;
}

/* --- life --- */

int dp_bans_init(dp_bans *b, const dp_env *env, const uint8_t salt[16],
    dp_notes *notes, size_t max)
{
    *b = (dp_bans){ .env = env, .notes = notes, .max = max };
    b->by_key = (dp_index){ .key_len = DP_BOOK_KEY, .key = key_of };
    memcpy(b->by_key.salt, salt, sizeof b->by_key.salt);
    return dp_timers_new(&b->timers, env);
}

void dp_bans_fini(dp_bans *b)
{
    size_t at = 0;

    for (ban *e; (e = dp_index_each(&b->by_key, &at));)
        dp_free(b->env, e, sizeof *e);
    dp_index_free(&b->by_key);
    dp_timers_free(b->timers);
    b->timers = NULL;
}

/* --- whom --- */

/* bare clears the bits of a network that do not count. */
static void bare(devp2p_ban *who)
{
    size_t bytes = who->net.family == 4 ? 4 : 16;

    for (size_t i = who->bits; i < 8 * bytes; i++)
        who->net.ip[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

static bool parse_net(devp2p_ban *out, const char *text)
{
    dp_net net;
    size_t n;

    if (dp_ip_parse(&net.ip, text, strlen(text))) {
        net.ip = dp_addr_unmap(&net.ip);
        net.bits = net.ip.family == 4 ? 32 : 128;
    } else if (dp_netlist_parse(&net, 1, &n, text) || n != 1) {
        return false;
    }
    out->net.family = net.ip.family;
    memcpy(out->net.ip, net.ip.ip, sizeof net.ip.ip);
    out->bits = net.bits;
    bare(out);
    return true;
}

int dp_ban_parse(devp2p_ban *out, const char *text)
{
    devp2p_node node;
    char shown[80];
    devp2p_slice bytes = { (const uint8_t *)text, strlen(text) };

    *out = (devp2p_ban){ .bits = 0 };
    if (bytes.len == 2 * sizeof out->id.b &&
        dp_unhex(out->id.b, sizeof out->id.b, text, bytes.len))
        return 0;
    *out = (devp2p_ban){ .bits = 0 };
    if (parse_net(out, text))
        return 0;
    if (devp2p_node_parse(&node, text) == 0) {
        out->id = node.id;
        return 0;
    }
    return dp_fail(DEVP2P_ERR_INVALID,
        "\"%s\" is neither a node (64 hex digits or an enode URL) nor an "
        "address or a network such as 10.0.0.0/8",
        devp2p_escape(shown, sizeof shown, bytes));
}

/* --- changes --- */

/* count counts a ban by what it bans. */
static void count(dp_bans *b, const ban *e, bool more)
{
    devp2p_ban who = dp_book_ban_of(e->note.key);
    uint32_t one = more ? 1 : UINT32_MAX;

    if (who.net.family == 4)
        b->nets4[who.bits] += one;
    else if (who.net.family == 6)
        b->nets6[who.bits] += one;
    else
        b->nids += more ? 1 : SIZE_MAX;
    b->version++;
}

static void end(dp_bans *b, ban *e, dp_now now)
{
    count(b, e, false);
    dp_index_cut(&b->by_key, e);
    dp_timer_set(b->timers, &e->timer, DP_NEVER);
    if (dp_note_end(b->notes, &e->note, now.mono))
        dp_free(b->env, e, sizeof *e);
    else
        b->ngone += e->note.lasting;
}

static int make(ban **out, dp_bans *b, const devp2p_ban *whom)
{
    size_t n = dp_index_count(&b->by_key);

    if (n + b->ngone >= b->max)
        return DEVP2P_ERR_LIMIT;
    if (dp_index_reserve(&b->by_key, b->env, n + 1) ||
        dp_timers_reserve(b->timers, n + 1))
        return DEVP2P_ERR_NOMEM;
    ban *e = dp_alloc(b->env, sizeof *e);
    if (!e)
        return DEVP2P_ERR_NOMEM;
    dp_book_key(e->note.key, whom);
    e->timer.at = DP_NEVER;
    dp_index_put(&b->by_key, e);
    count(b, e, true);
    *out = e;
    return 0;
}

static void last(dp_bans *b, ban *e, uint64_t until, uint64_t ms)
{
    e->until = until;
    e->ms = ms;
    dp_timer_set(b->timers, &e->timer, until);
    b->version++;
}

int dp_bans_put(dp_bans *b, const devp2p_ban *whom, uint64_t ms, dp_now now)
{
    uint8_t key[DP_BOOK_KEY];

    dp_book_key(key, whom);
    ban *e = dp_index_get(&b->by_key, key);
    int err = e ? 0 : make(&e, b, whom);
    if (err)
        return err;
    last(b, e, ms ? dp_after(now, ms * DP_MS) : DP_NEVER, ms);
    dp_note_change(b->notes, &e->note, now.mono);
    return 0;
}

int dp_bans_cut(dp_bans *b, const devp2p_ban *whom, dp_now now)
{
    uint8_t key[DP_BOOK_KEY];

    dp_book_key(key, whom);
    ban *e = dp_index_get(&b->by_key, key);
    if (!e)
        return DEVP2P_ERR_NOT_FOUND;
    e->note.lasting = true;
    end(b, e, now);
    return 0;
}

void dp_bans_tick(dp_bans *b, dp_now now)
{
    dp_timer *t;

    while ((t = dp_timers_due(b->timers, now.mono)) != NULL)
        end(b, dp_of(t, ban, timer), now);
}

uint64_t dp_bans_when(const dp_bans *b)
{
    return dp_timers_first(b->timers);
}

/* --- questions --- */

bool dp_bans_id(const dp_bans *b, const devp2p_id *id)
{
    devp2p_ban who = { .id = *id };
    uint8_t key[DP_BOOK_KEY];

    if (!b->nids)
        return false;
    dp_book_key(key, &who);
    return dp_index_get(&b->by_key, key) != NULL;
}

/* dp_bans_addr looks once for each length of prefix that is in use. */
bool dp_bans_addr(const dp_bans *b, const devp2p_addr *addr)
{
    devp2p_ban who = { .net = dp_addr_unmap(addr) };
    bool v4 = who.net.family == 4;
    uint8_t key[DP_BOOK_KEY];

    if (!who.net.family || b->nids == dp_index_count(&b->by_key))
        return false;
    for (who.bits = v4 ? 32 : 128;; who.bits--) {
        if (v4 ? b->nets4[who.bits] : b->nets6[who.bits]) {
            bare(&who);
            dp_book_key(key, &who);
            if (dp_index_get(&b->by_key, key))
                return true;
        }
        if (who.bits == 0)
            return false;
    }
}

size_t dp_bans_list(const dp_bans *b, devp2p_ban *out, size_t cap, dp_now now)
{
    size_t at = 0, n = 0;

    for (ban *e; (e = dp_index_each(&b->by_key, &at));) {
        if (n < cap) {
            out[n] = dp_book_ban_of(e->note.key);
            if (e->until != DP_NEVER)
                out[n].until_ms = dp_wall_at(e->until, now);
        }
        n++;
    }
    return n;
}

/* --- the store --- */

void dp_bans_row(const dp_note *note, dp_book_row *out, dp_now now)
{
    const ban *e = ban_of(note);

    *out = (dp_book_row){ .kind = (dp_book_kind)note->key[1] };
    out->length = e->ms;
    if (e->ms && !(out->ban.until_ms = dp_wall_at(e->until, now)))
        out->ban.until_ms = 1; /* long ago; 0 is for ever */
}

/* dp_bans_load: a ban that has ended meanwhile only has its row deleted. */
int dp_bans_load(dp_bans *b, const dp_book_row *row, dp_now now)
{
    uint64_t left = dp_left_until(row->ban.until_ms, row->length * DP_MS, now);
    uint8_t key[DP_BOOK_KEY];
    ban *e;

    dp_book_key(key, &row->ban);
    e = dp_index_get(&b->by_key, key);
    if (e) {
        e->note.written = true;
        return 0;
    }
    int err = make(&e, b, &row->ban);
    if (err)
        return err;
    e->note.written = true;
    last(b, e, row->length ? dp_after(now, left) : DP_NEVER, row->length);
    if (row->length && !left)
        end(b, e, now);
    return 0;
}

dp_note *dp_bans_twin(const dp_bans *b, const dp_note *note)
{
    ban *e = dp_index_get(&b->by_key, note->key);
    return e ? &e->note : NULL;
}

void dp_bans_touch(dp_bans *b, uint64_t by)
{
    size_t at = 0;

    for (ban *e; (e = dp_index_each(&b->by_key, &at));)
        dp_note_change(b->notes, &e->note, by);
}

void dp_bans_free(dp_bans *b, dp_note *note)
{
    b->ngone -= note->lasting;
    dp_free(b->env, ban_of(note), sizeof(ban));
}
