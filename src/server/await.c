/* SPDX-License-Identifier: MIT */
#include "server/await.h"

#include "server/server.h"

#include <string.h>

/* A waiter stands on the stack of its thread. */
typedef struct waiter {
    dp_link link;
    dp_parker *parker;
    dp_command_kind kind;
    devp2p_id id;

    /* under the server's lock */
    uint64_t ticket;
    bool told; /* COMMAND came */
    bool done;
    int code;
    devp2p_event event;
} waiter;

/* --- the loop's side --- */

static void finish(devp2p_server *srv, waiter *w, int code)
{
    w->done = true;
    w->code = code;
    srv->world->ops->unpark(w->parker);
}

/* hear_command: a command that did nothing, or all there is to do. */
static void hear_command(
    devp2p_server *srv, waiter *w, const devp2p_event *event)
{
    bool connected = event->outcome & DEVP2P_OUTCOME_CONNECTED;

    w->told = true;
    w->event = *event;
    if (event->code || connected == (w->kind == DP_ADD))
        finish(srv, w, event->code);
}

/* decides: a dial that lost against another connection of the same node decides
 * nothing, since that one is about to be a peer. */
static bool decides(const waiter *w, const devp2p_event *event)
{
    if (memcmp(&event->id, &w->id, sizeof w->id) != 0)
        return false;
    if (w->kind == DP_REMOVE)
        return event->kind == DEVP2P_EVENT_PEER_DROP;
    if (event->kind == DEVP2P_EVENT_DIAL_FAIL)
        return event->code != DEVP2P_DISC_ALREADY_CONNECTED;
    return event->kind == DEVP2P_EVENT_PEER_ADD;
}

void dp_await_tell(devp2p_server *srv, const devp2p_event *event)
{
    for (dp_link *k = dp_list_first(&srv->waiters); k;
         k = dp_list_next(&srv->waiters, k)) {
        waiter *w = dp_of(k, waiter, link);
        if (w->done)
            continue;
        if (event->kind == DEVP2P_EVENT_COMMAND && event->ticket == w->ticket) {
            hear_command(srv, w, event);
        } else if (w->told && decides(w, event)) {
            w->event = *event;
            finish(srv, w, w->kind == DP_ADD ? event->code : 0);
        }
    }
}

void dp_await_end(devp2p_server *srv)
{
    for (dp_link *k = dp_list_first(&srv->waiters); k;
         k = dp_list_next(&srv->waiters, k))
        if (!dp_of(k, waiter, link)->done)
            finish(srv, dp_of(k, waiter, link), DEVP2P_ERR_CLOSED);
}

/* --- the thread's side --- */

static void leave(devp2p_server *srv, waiter *w)
{
    pthread_mutex_lock(&srv->lock);
    dp_unlink(&w->link);
    pthread_mutex_unlock(&srv->lock);
    srv->world->ops->parker_free(w->parker);
}

static bool done(devp2p_server *srv, waiter *w)
{
    pthread_mutex_lock(&srv->lock);
    bool is = w->done;
    pthread_mutex_unlock(&srv->lock);
    return is;
}

/* await waits: 0, or why nobody may wait any longer. */
static int await(devp2p_server *srv, waiter *w, uint32_t timeout_ms)
{
    uint64_t until = timeout_ms == DEVP2P_FOREVER
                         ? DP_NEVER
                         : dp_after(dp_server_now(srv), timeout_ms * DP_MS);
    int err = 0;

    while (!done(srv, w) && !err)
        err = srv->world->ops->park(w->parker, until);
    return err;
}

static int command(devp2p_server *srv, devp2p_event *out, dp_command_kind kind,
    const char *url, uint32_t timeout_ms)
{
    devp2p_node node;
    waiter w = { .kind = kind };
    int err = devp2p_node_parse(&node, url);

    if (out)
        *out = w.event;
    if (!err && dp_server_inside(srv))
        err = dp_fail(DEVP2P_ERR_STATE, "the server's loop may not wait");
    if (!err)
        err = srv->world->ops->parker(srv->world, &w.parker);
    if (err)
        return err;
    w.id = node.id;
    pthread_mutex_lock(&srv->lock);
    dp_list_push(&srv->waiters, &w.link);
    pthread_mutex_unlock(&srv->lock);
    err = dp_server_command(srv, kind, &node, &w.ticket);
    if (!err)
        err = await(srv, &w, timeout_ms);
    leave(srv, &w);
    if (out)
        *out = w.event;
    return w.done ? w.code : err;
}

int devp2p_server_add_peer_wait(
    devp2p_server *srv, devp2p_event *out, const char *url, uint32_t timeout_ms)
{
    return command(srv, out, DP_ADD, url, timeout_ms);
}

int devp2p_server_remove_peer_wait(
    devp2p_server *srv, devp2p_event *out, const char *url, uint32_t timeout_ms)
{
    return command(srv, out, DP_REMOVE, url, timeout_ms);
}
