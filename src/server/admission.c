/* SPDX-License-Identifier: MIT */
/* admission.c - who may connect: the program asks about it and changes it. */
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

void dp_server_reflag(devp2p_server *srv, const devp2p_id *id)
{
    uint64_t conn = dp_host_conn(srv->host, id);
    dp_line *line = conn ? dp_line_find(srv, conn) : NULL;

    if (line && line->peer)
        atomic_store_explicit(&line->peer->flags,
            dp_host_flags(srv->host, conn), memory_order_relaxed);
}

/* --- asking --- */

void dp_server_publish(devp2p_server *srv)
{
    const devp2p_counters *now = dp_host_counters(srv->host);

    if (memcmp(&srv->counters, now, sizeof *now) == 0)
        return; /* only the loop writes it */
    pthread_mutex_lock(&srv->lock);
    srv->counters = *now;
    pthread_mutex_unlock(&srv->lock);
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
