/* SPDX-License-Identifier: MIT */
#include "server/events.h"

/* A ring has one place more than DP_EVENTS_RING, for the LOST event. */
enum { PLACES = DP_EVENTS_RING + 1 };

struct devp2p_events {
    dp_link link;
    devp2p_server *srv;
    dp_parker *parker;
    size_t first, n; /* these, under the server's lock */
    devp2p_event ring[PLACES];
};

static devp2p_event *place(devp2p_events *r, size_t i)
{
    return &r->ring[(r->first + i) % PLACES];
}

/* keep: what does not fit is counted in one LOST event behind the others. */
static void keep(devp2p_events *r, const devp2p_event *event)
{
    if (r->n < DP_EVENTS_RING) {
        *place(r, r->n++) = *event;
        return;
    }
    devp2p_event *last = place(r, r->n - 1);
    if (last->kind != DEVP2P_EVENT_LOST) {
        last = place(r, r->n++);
        *last = (devp2p_event){ .kind = DEVP2P_EVENT_LOST };
    }
    last->time_ms = event->time_ms;
    last->count++;
}

void dp_events_tell(devp2p_server *srv, const devp2p_event *event)
{
    if (srv->cfg.on_event)
        srv->cfg.on_event(event, srv->cfg.on_event_user);
    pthread_mutex_lock(&srv->lock);
    dp_await_tell(srv, event);
    for (dp_link *k = dp_list_first(&srv->rings); k;
         k = dp_list_next(&srv->rings, k)) {
        devp2p_events *r = dp_of(k, devp2p_events, link);
        keep(r, event);
        srv->world->ops->unpark(r->parker);
    }
    pthread_mutex_unlock(&srv->lock);
}

void dp_events_end(devp2p_server *srv)
{
    pthread_mutex_lock(&srv->lock);
    srv->silent = true;
    for (dp_link *k = dp_list_first(&srv->rings); k;
         k = dp_list_next(&srv->rings, k))
        srv->world->ops->unpark(dp_of(k, devp2p_events, link)->parker);
    pthread_mutex_unlock(&srv->lock);
}

int devp2p_events_open(devp2p_events **out, devp2p_server *srv)
{
    devp2p_events *r = dp_alloc(&srv->cfg.env, sizeof *r);

    *out = NULL;
    if (!r)
        return DEVP2P_ERR_NOMEM;
    int err = srv->world->ops->parker(srv->world, &r->parker);
    if (err) {
        dp_free(&srv->cfg.env, r, sizeof *r);
        return err;
    }
    r->srv = srv;
    pthread_mutex_lock(&srv->lock);
    dp_list_push(&srv->rings, &r->link);
    pthread_mutex_unlock(&srv->lock);
    *out = r;
    return 0;
}

/* take gives the oldest event: 0, ERR_AGAIN, ERR_CLOSED. */
static int take(devp2p_events *r, devp2p_event *out)
{
    devp2p_server *srv = r->srv;
    int err = 0;

    pthread_mutex_lock(&srv->lock);
    if (r->n) {
        *out = *place(r, 0);
        r->first = (r->first + 1) % PLACES;
        r->n--;
    } else {
        err = srv->silent ? DEVP2P_ERR_CLOSED : DEVP2P_ERR_AGAIN;
    }
    pthread_mutex_unlock(&srv->lock);
    return err;
}

int devp2p_events_next(devp2p_events *r, devp2p_event *out, uint32_t timeout_ms)
{
    devp2p_server *srv = r->srv;
    uint64_t until = timeout_ms == DEVP2P_FOREVER
                         ? DP_NEVER
                         : dp_after(dp_server_now(srv), timeout_ms * DP_MS);
    int parked = 0;

    for (;;) {
        int err = take(r, out);
        if (err != DEVP2P_ERR_AGAIN)
            return err;
        if (parked)
            return parked;
        if (dp_server_inside(srv))
            return DEVP2P_ERR_STATE;
        if (timeout_ms == 0)
            return DEVP2P_ERR_TIMEOUT;
        parked = srv->world->ops->park(r->parker, until);
    }
}

void devp2p_events_close(devp2p_events *r)
{
    if (!r)
        return;
    devp2p_server *srv = r->srv;
    pthread_mutex_lock(&srv->lock);
    dp_unlink(&r->link);
    pthread_mutex_unlock(&srv->lock);
    srv->world->ops->parker_free(r->parker);
    dp_free(&srv->cfg.env, r, sizeof *r);
}
