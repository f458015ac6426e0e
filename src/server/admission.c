/* SPDX-License-Identifier: MIT */
/* admission.c - who may connect: the program asks about it and changes it. */
#include "core/book.h"
#include "server/relay.h"
#include "server/server.h"

#include <string.h>

/* --- changing --- */

static int command(
    devp2p_server *srv, dp_command_kind kind, const char *url, uint64_t *ticket)
{
    devp2p_node node;
    int err = devp2p_node_parse(&node, url);

    return err ? err : dp_server_command(srv, kind, &node, ticket);
}

int devp2p_server_add_trusted(
    devp2p_server *srv, uint64_t *ticket, const char *url)
{
    return command(srv, DP_TRUST, url, ticket);
}

int devp2p_server_remove_trusted(
    devp2p_server *srv, uint64_t *ticket, const char *url)
{
    return command(srv, DP_DISTRUST, url, ticket);
}

static int send_ban(devp2p_server *srv, uint64_t *ticket, const char *who,
    dp_command_kind kind, uint64_t ms)
{
    dp_command c = { .kind = kind, .ms = ms };
    int err = dp_ban_parse(&c.ban, who);

    return err ? err : dp_server_send(srv, &c, ticket);
}

int devp2p_server_ban(
    devp2p_server *srv, uint64_t *ticket, const char *who, uint64_t ms)
{
    if (ms > DP_BAN_MS_MAX)
        return dp_fail(DEVP2P_ERR_INVALID,
            "a ban for longer than ten years; 0 is for ever");
    return send_ban(srv, ticket, who, DP_BAN, ms);
}

int devp2p_server_unban(devp2p_server *srv, uint64_t *ticket, const char *who)
{
    return send_ban(srv, ticket, who, DP_UNBAN, 0);
}

int devp2p_server_report(
    devp2p_server *srv, const devp2p_id *id, devp2p_conduct conduct)
{
    dp_command c = { .kind = DP_REPORT, .node = { .id = *id } };

    c.points = dp_conduct_points((int)conduct);
    if (!c.points)
        return dp_fail(DEVP2P_ERR_INVALID, "%d is no conduct", (int)conduct);
    return dp_server_send(srv, &c, NULL);
}

int dp_server_trust_list(devp2p_server *srv, const char *const *urls)
{
    dp_now now = dp_server_now(srv);
    devp2p_node node;

    for (size_t i = 0; urls && urls[i]; i++) {
        int err = devp2p_node_parse(&node, urls[i]);
        if (!err)
            err = dp_host_trust_list(srv->host, &node, now);
        if (err == DEVP2P_ERR_NOMEM)
            return err;
        if (err)
            dp_log(&srv->self.env, DEVP2P_LOG_WARN, "server",
                "trusted node %zu: %s", i, devp2p_strerror(err));
    }
    return 0;
}

/* reflag sets the flags of a connection that is ready. */
static void reflag(devp2p_server *srv, uint64_t conn, devp2p_peer *peer)
{
    atomic_store_explicit(
        &peer->flags, dp_host_flags(srv->host, conn), memory_order_relaxed);
}

/* peer_of is the peer of a connection, NULL before it is ready. */
static devp2p_peer *peer_of(devp2p_server *srv, uint64_t conn)
{
    dp_line *line = dp_line_find(srv, conn);
    dp_relay *r = line ? NULL : dp_relay_find(srv, conn);

    return line ? line->peer : r ? r->peer : NULL;
}

void dp_server_reflag(devp2p_server *srv, const devp2p_id *id)
{
    uint64_t conn = dp_host_conn(srv->host, id);
    devp2p_peer *peer = conn ? peer_of(srv, conn) : NULL;

    if (peer)
        reflag(srv, conn, peer);
}

/* show_score lets threads see what is known of a peer's conduct. */
static void show_score(devp2p_server *srv, devp2p_peer *peer, dp_now now)
{
    atomic_store_explicit(&peer->score,
        dp_host_score(srv->host, &peer->id, now), memory_order_relaxed);
}

/* dp_server_admit: a command may have come while it was held. */
int dp_server_admit(
    devp2p_server *srv, uint64_t conn, devp2p_peer *peer, dp_now now)
{
    reflag(srv, conn, peer);
    peer->born = now.mono;
    show_score(srv, peer, now);
    return dp_server_list(srv, peer);
}

void dp_server_judge(
    devp2p_server *srv, devp2p_peer *peer, int points, dp_now now)
{
    dp_host_report(srv->host, &peer->id, points, now);
    show_score(srv, peer, now);
}

/* --- asking --- */

/* publish_bans: without memory the list stays as it was until the next turn. */
static void publish_bans(devp2p_server *srv, dp_now now)
{
    const dp_bans *bans = &dp_host_book(srv->host)->bans;
    size_t n = dp_bans_list(bans, NULL, 0, now);

    if (n > srv->bans_cap) {
        devp2p_ban *more = dp_resize(&srv->cfg.env, srv->bans,
            srv->bans_cap * sizeof *more, 2 * n * sizeof *more);
        if (!more)
            return;
        srv->bans = more;
        srv->bans_cap = 2 * n;
    }
    srv->nbans = dp_bans_list(bans, srv->bans, n, now);
    srv->bans_version = bans->version;
}

void dp_server_publish(devp2p_server *srv, dp_now now)
{
    const devp2p_counters *counts = dp_host_counters(srv->host);
    bool banned = srv->bans_version != dp_host_book(srv->host)->bans.version;

    if (memcmp(&srv->counters, counts, sizeof *counts) == 0 && !banned)
        return; /* only the loop writes them */
    pthread_mutex_lock(&srv->lock);
    srv->counters = *counts;
    if (banned)
        publish_bans(srv, now);
    pthread_mutex_unlock(&srv->lock);
}

size_t devp2p_server_bans(devp2p_server *srv, devp2p_ban *out, size_t cap)
{
    pthread_mutex_lock(&srv->lock);
    size_t n = srv->nbans;
    for (size_t i = 0; i < n && i < cap; i++)
        out[i] = srv->bans[i];
    pthread_mutex_unlock(&srv->lock);
    return n;
}

void devp2p_server_counters_sized(
    devp2p_server *srv, devp2p_counters *out, size_t size)
{
    size_t known = size < sizeof *out ? size : sizeof *out;

    memset(out, 0, size);
    pthread_mutex_lock(&srv->lock);
    memcpy(out, &srv->counters, known);
    pthread_mutex_unlock(&srv->lock);
}

size_t devp2p_server_max_inbound(const devp2p_server *srv)
{
    return dp_host_slots(srv->host)->inbound;
}

size_t devp2p_server_max_dialled(const devp2p_server *srv)
{
    return dp_host_slots(srv->host)->dialled;
}
