/* SPDX-License-Identifier: MIT */
/* rlpx_ping.c - devp2p rlpx ping ENODE */
#include "command.h"
#include "parse.h"
#include "report.h"
#include "resolve.h"
#include "show.h"

#include <devp2p/server.h>
#include <stdbool.h>
#include <stdio.h>

enum { TIMEOUT };
enum { SECONDS_MAX = 3600, ENDPOINTS_MAX = 16, NAME_SHOWN = 256 };

/* A visit is a server that dials one endpoint of a node, and what came of it.
 * The peer is kept the moment it is told of: some say goodbye right after their
 * Hello. */
typedef struct visit {
    devp2p_server *server;
    devp2p_events *events;
    devp2p_peer *peer;
    devp2p_event end; /* without a peer: why */
} visit;

static void keep_peer(const devp2p_event *event, void *user)
{
    visit *v = user;
    if (event->kind == DEVP2P_EVENT_PEER_ADD && !v->peer)
        devp2p_server_peers(v->server, &v->peer, 1);
}

/* begin starts to dial; it has no protocols, as it only wants the Hello. */
static int begin(visit *v, const devp2p_node *node)
{
    char url[DEVP2P_URL_MAX];
    const char *nodes[] = { devp2p_node_url(url, node), NULL };
    devp2p_config cfg = {
        .name = "devp2p",
        .static_nodes = nodes,
        .on_event = keep_peer,
        .on_event_user = v,
    };
    int err = devp2p_key_generate(&cfg.private_key);
    if (!err)
        err = devp2p_server_new(&v->server, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    if (!err)
        err = devp2p_events_open(&v->events, v->server);
    return err ? err : devp2p_server_start(v->server);
}

/* await waits until the node is a peer or will be none, at most until end. */
static int await(visit *v, int64_t end)
{
    devp2p_event *e = &v->end;
    int err;
    do {
        int64_t left = end - clock_ms();
        err = devp2p_events_next(v->events, e, left > 0 ? (uint32_t)left : 0);
    } while (!err && e->kind != DEVP2P_EVENT_PEER_ADD &&
             e->kind != DEVP2P_EVENT_DIAL_FAIL);
    if (!err && e->kind == DEVP2P_EVENT_DIAL_FAIL)
        err = e->code;
    return err;
}

static int visit_endpoint(visit *v, const devp2p_node *node, int64_t end)
{
    *v = (visit){ .server = NULL };
    int err = begin(v, node);
    if (!err)
        err = await(v, end);
    devp2p_events_close(v->events);
    devp2p_server_free(v->server);
    return err || v->peer ? err : DEVP2P_ERR_NOMEM;
}

static void show(const devp2p_peer *peer)
{
    char name[NAME_SHOWN];
    size_t n;
    const devp2p_cap *caps = devp2p_peer_caps(peer, &n);
    printf("client: %s\n", devp2p_peer_name(peer));
    printf("version: %llu\n", (unsigned long long)devp2p_peer_version(peer));
    printf("capabilities:");
    for (size_t i = 0; i < n; i++)
        printf(" %s/%llu", devp2p_escape(name, sizeof name, caps[i].name),
            (unsigned long long)caps[i].version);
    printf("\nid: ");
    show_id(devp2p_peer_id(peer));
}

/* explain says why there is no Hello to show. */
static int explain(const visit *v, const devp2p_addr *addr, int err)
{
    char text[DEVP2P_ADDR_TEXT];
    devp2p_addr_text(text, addr);
    if (v->end.remote && DEVP2P_IS_DISC(err))
        return fail("%s disconnected: %s (0x%02x)", text, devp2p_strerror(err),
            DEVP2P_DISC_BYTE(err));
    bool mute = err == DEVP2P_ERR_HANDSHAKE || err == DEVP2P_ERR_RESET ||
                err == DEVP2P_ERR_CLOSED;
    if (mute) /* how every node refuses a handshake that it cannot read */
        return fail("%s: no handshake: %s; is the key its own?", text,
            devp2p_strerror(err));
    return fail("%s: %s", text, devp2p_strerror(err));
}

static int run(const call *asked)
{
    devp2p_node node;
    devp2p_addr found[ENDPOINTS_MAX];
    unsigned ms;
    size_t n;
    if (devp2p_node_parse(&node, asked->args[0]) != 0)
        return misuse(asked->command, "%s", devp2p_last_detail());
    if (!node.addr.port)
        return misuse(asked->command, "node URL: it names no TCP port");
    if (parse_seconds(&ms, asked, TIMEOUT, SECONDS_MAX))
        return USAGE;
    int64_t end = clock_ms() + ms;
    if (resolve(found, ENDPOINTS_MAX, &n, &node, end))
        return FAILED;
    visit v;
    int err;
    size_t i = 0;
    /* each gets an equal share of the time that is left */
    do {
        node.addr = found[i];
        int64_t left = end - clock_ms();
        err = visit_endpoint(&v, &node, clock_ms() + left / (int64_t)(n - i));
    } while (err && ++i < n);
    if (err)
        return explain(&v, &node.addr, err);
    show(v.peer);
    devp2p_peer_drop(v.peer);
    return DONE;
}

const command command_rlpx_ping = {
    .path = "rlpx ping",
    .args = "ENODE",
    .words = "Connect to a node and show what its Hello says",
    .options = { [TIMEOUT] = { "timeout", "SECONDS", "10",
                     "How long all of it may take", NULL, 0 } },
    .run = run,
};
