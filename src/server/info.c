/* SPDX-License-Identifier: MIT */
/* info.c - what a server and its peers tell of themselves in one piece. */
#include "base/limits.h"
#include "server/server.h"

#include <devp2p/info.h>

#include <string.h>

enum { FIRST = 512 }; /* bytes that most texts fit into */

/* A said is what the program is asked: of a peer, or of the node. */
typedef struct said {
    const dp_env *env;
    const devp2p_protocol *row;
    devp2p_peer *peer; /* NULL: of the node */
} said;

static bool speaks(const said *s)
{
    return s->peer ? s->row->peer_info != NULL : s->row->node_info != NULL;
}

/* call gives the length of the text, which is whole when it is below cap. */
static size_t call(const said *s, char *out, size_t cap)
{
    void *user = s->row->user;
    int n = s->peer ? s->row->peer_info(s->peer, out, cap, user)
                    : s->row->node_info(out, cap, user);

    size_t len = n > 0 ? (size_t)n : 0;
    out[len < cap ? len : cap - 1] = '\0';
    return len;
}

/* copy makes a block of its own size of a text. */
static int copy(const char **out, const dp_env *env, const char *text)
{
    size_t len = strlen(text);
    char *at = dp_alloc(env, len + 1);

    if (!at)
        return DEVP2P_ERR_NOMEM;
    memcpy(at, text, len);
    *out = at;
    return 0;
}

/* call_longer asks again with more room, at least twice as much each time,
 * since the text may have become longer meanwhile. */
static int call_longer(const char **out, const said *s, size_t len)
{
    size_t cap = FIRST;
    int err = 0;

    while (len >= cap && !err) {
        if (len > DP_INFO_TEXT)
            return dp_fail(DEVP2P_ERR_TOO_BIG,
                "what is told of the protocol %s has %zu bytes, more than %d",
                s->row->name, len, DP_INFO_TEXT);
        cap = len >= 2 * cap ? len + 1 : 2 * cap;
        cap = cap > DP_INFO_TEXT ? DP_INFO_TEXT + 1 : cap;
        char *block = dp_alloc(s->env, cap);
        if (!block)
            return DEVP2P_ERR_NOMEM;
        len = call(s, block, cap);
        if (len < cap)
            err = copy(out, s->env, block);
        dp_free(s->env, block, cap);
    }
    return err;
}

static int ask(const char **out, const said *s)
{
    char first[FIRST];

    if (!s->row || !speaks(s))
        return 0;
    size_t len = call(s, first, sizeof first);
    return len < sizeof first ? copy(out, s->env, first)
                              : call_longer(out, s, len);
}

static void drop_texts(
    const dp_env *env, const devp2p_protocol_info *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].text)
            dp_free(
                env, (char *)(uintptr_t)rows[i].text, strlen(rows[i].text) + 1);
}

/* --- of a node --- */

/* A node_block owns its texts, and a name that may outlive the server's. */
typedef struct node_block {
    devp2p_node_info info;
    dp_env env;
    size_t size;
    devp2p_protocol_info rows[];
} node_block;

/* fill writes down what needs nobody else. */
static void fill(node_block *b, devp2p_server *srv)
{
    size_t n = srv->cfg.nrows;
    char *name = (char *)&b->rows[n];

    memcpy(name, srv->cfg.name, strlen(srv->cfg.name));
    b->info.name = name;
    b->info.protocols = b->rows;
    b->info.nprotocols = n;
    for (size_t i = 0; i < n; i++) {
        const devp2p_protocol *row = &srv->cfg.rows[i];
        memcpy(b->rows[i].name, row->name, strlen(row->name));
        b->rows[i].version = row->version;
    }
    pthread_mutex_lock(&srv->lock);
    b->info.node = srv->node;
    b->info.listen = srv->listens_at;
    pthread_mutex_unlock(&srv->lock);
}

int devp2p_node_info_new(devp2p_node_info **out, devp2p_server *srv)
{
    const dp_env *env = &srv->cfg.env;
    size_t n = srv->cfg.nrows, size = sizeof(node_block) +
                                      n * sizeof(devp2p_protocol_info) +
                                      strlen(srv->cfg.name) + 1;
    node_block *b = dp_alloc(env, size);
    int err = 0;

    *out = NULL;
    if (!b)
        return DEVP2P_ERR_NOMEM;
    b->env = *env;
    b->size = size;
    fill(b, srv);
    for (size_t i = 0; i < n && !err; i++) {
        said s = { .env = env, .row = &srv->cfg.rows[i] };
        err = ask(&b->rows[i].text, &s);
    }
    if (err)
        devp2p_node_info_free(&b->info);
    else
        *out = &b->info;
    return err;
}

void devp2p_node_info_free(devp2p_node_info *info)
{
    if (!info)
        return;
    node_block *b = dp_of(info, node_block, info);
    dp_env env = b->env;

    drop_texts(&env, b->rows, info->nprotocols);
    dp_free(&env, b, b->size);
}

/* --- of a peer --- */

/* A peer_block keeps the peer, whose name and capabilities it shows. */
typedef struct peer_block {
    devp2p_peer_info info;
    devp2p_peer *peer;
    devp2p_protocol_info rows[];
} peer_block;

static size_t peer_size(size_t nrows)
{
    return sizeof(peer_block) + nrows * sizeof(devp2p_protocol_info);
}

/* look writes down what needs nobody else. */
static void look(peer_block *b, devp2p_peer *p)
{
    devp2p_peer_info *info = &b->info;

    devp2p_peer_node(p, &info->node);
    info->name = p->name;
    info->version = p->version;
    info->caps = p->caps;
    info->ncaps = p->ncaps;
    info->local = p->local;
    info->remote = p->remote;
    info->flags = devp2p_peer_flags(p);
    info->lifetime_ms = devp2p_peer_lifetime_ms(p);
    info->protocols = b->rows;
    devp2p_peer_traffic(p, &info->traffic);
}

/* hold gives the rows that run, and keeps them there until let_go: a line waits
 * for who is parked.  False when the peer is over. */
static bool hold(devp2p_peer *p, const devp2p_protocol **rows)
{
    dp_peer_lock(p);
    bool up = p->line && !p->ending;
    for (size_t i = 0; up && i < p->line->nchannels; i++)
        rows[i] = p->line->channels[i]->row;
    p->parked += up;
    dp_peer_unlock(p);
    return up;
}

static void let_go(devp2p_peer *p)
{
    dp_peer_lock(p);
    if (--p->parked == 0 && p->ending)
        dp_peer_nudge(p);
    dp_peer_unlock(p);
}

/* ask_rows asks the program about the peer, with no lock held. */
static int ask_rows(peer_block *b, devp2p_peer *p)
{
    const devp2p_protocol *rows[DP_PROTOCOLS_MAX];
    int err = 0;

    if (!hold(p, rows))
        return 0;
    for (size_t i = 0; i < b->info.nprotocols && !err; i++) {
        said s = { .env = &p->env, .row = rows[i], .peer = p };
        err = ask(&b->rows[i].text, &s);
    }
    let_go(p);
    return err;
}

int devp2p_peer_info_new(devp2p_peer_info **out, devp2p_peer *peer)
{
    /* what is shared does not change */
    size_t n = peer->traffic.caps ? peer->traffic.meter.nrows : 0;
    peer_block *b = dp_alloc(&peer->env, peer_size(n));

    *out = NULL;
    if (!b)
        return DEVP2P_ERR_NOMEM;
    b->peer = devp2p_peer_keep(peer);
    b->info.nprotocols = n;
    for (size_t i = 0; i < n; i++) {
        const devp2p_cap *cap = peer->traffic.caps[i];
        memcpy(b->rows[i].name, cap->name.at, cap->name.len);
        b->rows[i].version = (uint32_t)cap->version;
    }
    look(b, peer);
    int err = ask_rows(b, peer);
    if (err)
        devp2p_peer_info_free(&b->info);
    else
        *out = &b->info;
    return err;
}

void devp2p_peer_info_free(devp2p_peer_info *info)
{
    if (!info)
        return;
    peer_block *b = dp_of(info, peer_block, info);
    devp2p_peer *peer = b->peer;

    drop_texts(&peer->env, b->rows, info->nprotocols);
    dp_free(&peer->env, b, peer_size(info->nprotocols));
    devp2p_peer_drop(peer);
}
