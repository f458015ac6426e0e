/* SPDX-License-Identifier: MIT */
/* rlpx_info.c - devp2p rlpx info ENODE: a node that becomes its peer, and what
 * the two are then, as JSON. */
#include "command.h"
#include "dial.h"
#include "parse.h"
#include "report.h"
#include "show_info.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CAPS, NAME, KEY, LISTEN, TIMEOUT };
enum { SECONDS_MAX = 3600, CAPS_MAX = 64, PEERS_MAX = 64 };

/* What others send is not looked at, and whatever it is has a code. */
enum { CODES = 1 << 20 };

/* A meeting is the node that we run, until it has met the other. */
typedef struct meeting {
    char *caps; /* names, cut at their ends */
    devp2p_protocol rows[CAPS_MAX + 1];
    devp2p_server *srv;
    devp2p_events *ring;
    devp2p_id id; /* of the other */
    uint64_t ticket;

    /* of the loop until the outcome was told */
    devp2p_peer_info *peer;
    int err; /* why there is none */
} meeting;

/* --- the protocols that we claim to have --- */

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

/* say_version is all that is known of a protocol; a row is its own user. */
static int say_version(char *out, size_t cap, void *user)
{
    const devp2p_protocol *row = user;
    return snprintf(out, cap, "{\"version\": %u}", (unsigned)row->version);
}

static int say_version_of_peer(
    devp2p_peer *peer, char *out, size_t cap, void *user)
{
    (void)peer;
    return say_version(out, cap, user);
}

/* read_cap reads NAME/VERSION: false when it is none. */
static bool read_cap(devp2p_protocol *row, char *text)
{
    char *slash = strrchr(text, '/'), *end;
    if (!slash || slash[1] < '0' || slash[1] > '9')
        return false;
    unsigned long long version = strtoull(slash + 1, &end, 10);
    if (*end || version > UINT32_MAX)
        return false;
    *slash = '\0';
    *row = (devp2p_protocol){ .name = text,
        .version = (uint32_t)version,
        .length = CODES,
        .user = row,
        .on_msg = on_msg,
        .node_info = say_version,
        .peer_info = say_version_of_peer };
    return true;
}

static int read_caps(meeting *m, const call *asked)
{
    const char *list = asked->values[CAPS];
    size_t n = 0;
    m->caps = strdup(list);
    if (!m->caps)
        return fail("out of memory");
    for (char *at = m->caps, *next = NULL; at; at = next) {
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        if (n == CAPS_MAX || !read_cap(&m->rows[n++], at))
            return misuse(asked->command,
                "not up to %d of NAME/VERSION with commas between: --caps %s",
                CAPS_MAX, list);
    }
    return 0;
}

/* --- the meeting --- */

/* find is the peer with an id, which the caller drops, or NULL. */
static devp2p_peer *find(devp2p_server *srv, const devp2p_id *id)
{
    devp2p_peer *peers[PEERS_MAX], *found = NULL;
    size_t n = devp2p_server_peers(srv, peers, PEERS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!found && !memcmp(devp2p_peer_id(peers[i]), id, sizeof *id))
            found = peers[i];
        else
            devp2p_peer_drop(peers[i]);
    return found;
}

/* hear asks at once, on the loop: later the peer may have gone. */
static void hear(const devp2p_event *e, void *user)
{
    meeting *m = user;
    if (e->kind != DEVP2P_EVENT_PEER_ADD || m->peer ||
        memcmp(&e->id, &m->id, sizeof m->id) != 0)
        return;
    devp2p_peer *peer = find(m->srv, &m->id);
    if (peer)
        m->err = devp2p_peer_info_new(&m->peer, peer);
    devp2p_peer_drop(peer);
}

static int make_key(devp2p_key *out, const char *path)
{
    int err = path ? devp2p_key_load(out, path) : devp2p_key_generate(out);
    return err ? fail("%s", devp2p_last_detail()) : 0;
}

/* start makes our node and lets it run. */
static int start(meeting *m, const call *asked)
{
    devp2p_config cfg = { .name = asked->values[NAME],
        .listen_addr = asked->values[LISTEN],
        .protocols = m->rows,
        .on_event = hear,
        .on_event_user = m };
    if (make_key(&cfg.private_key, asked->values[KEY]))
        return FAILED;
    int err = devp2p_server_new(&m->srv, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    if (err == DEVP2P_ERR_ADDR)
        return misuse(asked->command, "no address to listen on: --listen %s",
            cfg.listen_addr);
    if (err == DEVP2P_ERR_INVALID)
        return misuse(asked->command, "%s", devp2p_last_detail());
    if (!err)
        err = devp2p_events_open(&m->ring, m->srv);
    if (!err)
        err = devp2p_server_start(m->srv);
    return err ? fail("%s", devp2p_last_detail()) : 0;
}

/* find_address tells where a socket leads. */
static void find_address(devp2p_addr *out, int fd)
{
    struct sockaddr_storage far;
    socklen_t len = sizeof far;
    const struct sockaddr_in *four = (const void *)&far;
    const struct sockaddr_in6 *six = (const void *)&far;
    if (getpeername(fd, (struct sockaddr *)&far, &len) != 0)
        return;
    if (far.ss_family == AF_INET) {
        *out = (devp2p_addr){ .family = 4, .port = ntohs(four->sin_port) };
        memcpy(out->ip, &four->sin_addr, 4);
    } else if (far.ss_family == AF_INET6) {
        *out = (devp2p_addr){ .family = 6, .port = ntohs(six->sin6_port) };
        memcpy(out->ip, &six->sin6_addr, 16);
    }
}

/* connect_to hands a connection to the node over to ours. */
static int connect_to(meeting *m, const devp2p_node *node, uint64_t end)
{
    devp2p_node there = *node;
    int fd;
    int result = dial(&fd, node, end);
    if (result)
        return result;
    find_address(&there.addr, fd);
    int err = devp2p_server_setup_conn(m->srv, &m->ticket, fd, 0, &there);
    if (!err)
        return 0;
    close(fd);
    return dial_ended(node, err, false);
}

/* await waits for the outcome. */
static int await(
    meeting *m, const devp2p_node *node, const char *caps, uint64_t end)
{
    devp2p_event e = { .ticket = 0 };
    int err = 0;
    while (!err && e.ticket != m->ticket) {
        uint64_t now = dial_clock();
        uint64_t ms = now < end ? (end - now + 999999) / 1000000 : 0;
        err = devp2p_events_next(m->ring, &e, (uint32_t)ms);
    }
    if (!err && e.code == DEVP2P_DISC_USELESS_PEER) {
        char text[DIAL_TEXT];
        return fail("%s: none of its capabilities is one of --caps %s",
            dial_text(text, node), caps);
    }
    if (!err)
        err = e.code ? e.code : m->err;
    return err ? dial_ended(node, err, e.remote) : 0;
}

/* --- what came of it --- */

static int show(const meeting *m)
{
    devp2p_node_info *own;
    json j = { .depth = 0 };
    int err = devp2p_node_info_new(&own, m->srv);
    if (err)
        return fail("%s", devp2p_strerror(err));
    json_open(&j, NULL, '{');
    show_node_info(&j, "nodeInfo", own);
    json_open(&j, "peers", '[');
    show_peer_info(&j, NULL, m->peer);
    json_close(&j, '[');
    json_close(&j, '{');
    devp2p_node_info_free(own);
    return DONE;
}

static int meet(const call *asked, const devp2p_node *node, uint64_t end)
{
    meeting m = { .id = node->id };
    int result = read_caps(&m, asked);
    if (!result)
        result = start(&m, asked);
    if (!result)
        result = connect_to(&m, node, end);
    if (!result)
        result = await(&m, node, asked->values[CAPS], end);
    if (!result)
        result = show(&m);
    devp2p_peer_info_free(m.peer);
    devp2p_events_close(m.ring);
    devp2p_server_free(m.srv);
    free(m.caps);
    return result;
}

static int run(const call *asked)
{
    devp2p_node node;
    unsigned ms;
    if (parse_node(&node, asked) ||
        parse_seconds(&ms, asked, TIMEOUT, SECONDS_MAX))
        return USAGE;
    return meet(asked, &node, dial_clock() + (uint64_t)ms * 1000000);
}

const command command_rlpx_info = {
    .path = "rlpx info",
    .args = "ENODE",
    .words = "Become a peer of a node and show both as JSON",
    .options = {
        [CAPS] = { "caps", "LIST", "eth/68,eth/69",
            "The capabilities to have, with commas", NULL, 0 },
        [NAME] = { "name", "NAME", "devp2p", "The client name to have", NULL,
            0 },
        [KEY] = { "key", "FILE", NULL, "The key to have; a new one", NULL, 0 },
        [LISTEN] = { "listen", "ADDR", NULL,
            "Where to listen meanwhile; nowhere", NULL, 0 },
        [TIMEOUT] = { "timeout", "SECONDS", "10",
            "How long all of it may take", NULL, 0 },
    },
    .run = run,
};
