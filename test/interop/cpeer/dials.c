/* SPDX-License-Identifier: MIT */
#include "dials.h"

#include "say.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A dial that has been answered waits for the end of its connection. */
typedef struct dial {
    struct dial *next;
    uint64_t ticket;
    devp2p_id id;
    json_t *tag; /* NULL: answered */
    char url[DEVP2P_URL_MAX];
} dial;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static dial *dials;

static void answer(const json_t *tag, int err)
{
    bool tcp = err == DEVP2P_ERR_REFUSED || err == DEVP2P_ERR_UNREACHABLE;
    json_t *members = json_object();
    if (err)
        json_object_set_new(
            members, "kind", json_string(tcp ? "connect" : "handshake"));
    reply(tag, members, err);
}

void dials_keep(devp2p_server *srv, const char *url, const json_t *tag)
{
    answer(tag, devp2p_server_add_peer(srv, NULL, url));
}

void dials_begin(devp2p_server *srv, const char *url, const json_t *tag)
{
    devp2p_node node;
    dial *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    int err = devp2p_node_parse(&node, url);
    if (!err) {
        /* The event may come before the call returns: the lock holds it up. */
        pthread_mutex_lock(&lock);
        if (!(err = devp2p_server_add_peer(srv, &d->ticket, url))) {
            d->id = node.id;
            d->tag = json_deep_copy(tag);
            devp2p_node_url(d->url, &node);
            d->next = dials;
            dials = d;
        }
        pthread_mutex_unlock(&lock);
    }
    if (err) {
        free(d);
        answer(tag, err);
    }
}

static bool decides(const devp2p_event *event, const dial *d)
{
    bool same = !memcmp(&event->id, &d->id, sizeof d->id);
    if (!d->tag)
        return same && event->kind == DEVP2P_EVENT_PEER_DROP;
    switch (event->kind) {
    case DEVP2P_EVENT_COMMAND:
        return event->code && event->ticket == d->ticket;
    case DEVP2P_EVENT_PEER_ADD:
        return same && !(event->flags & DEVP2P_PEER_INBOUND);
    case DEVP2P_EVENT_DIAL_FAIL:
        return same;
    default:
        return false;
    }
}

/* up: an outcome that something is to come after. */
static bool up(const devp2p_event *event)
{
    return event->kind == DEVP2P_EVENT_PEER_ADD;
}

/* take finds the dial that an event decides, and forgets it unless it is up. */
static dial *take(const devp2p_event *event, json_t **tag)
{
    pthread_mutex_lock(&lock);
    dial **at = &dials, *d;
    while ((d = *at) && !decides(event, d))
        at = &d->next;
    if (d) {
        *tag = d->tag;
        d->tag = NULL;
        if (!up(event))
            *at = d->next;
    }
    pthread_mutex_unlock(&lock);
    return d;
}

void dials_event(devp2p_server *srv, const devp2p_event *event)
{
    json_t *tag = NULL;
    dial *d = take(event, &tag);
    if (!d)
        return;
    if (tag) {
        answer(tag, event->code);
        json_decref(tag);
    }
    if (up(event))
        return;
    /* One connection is what was asked for: no second one later. */
    if (event->kind != DEVP2P_EVENT_COMMAND) {
        int err = devp2p_server_remove_peer(srv, NULL, d->url);
        if (err && err != DEVP2P_ERR_CLOSED)
            abort();
    }
    free(d);
}
