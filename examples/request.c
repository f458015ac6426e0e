/* SPDX-License-Identifier: MIT */
/* request: requests, answers and time-outs without a thread per peer.  Of two
 * nodes on this machine one has a thousand things; the other gets them, at each
 * time as many as the first is known to deliver.  The second request is left
 * until the third comes: it times out, and its answer is late. */
#include <devp2p/devp2p.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { GET_THINGS = 0, THINGS, LENGTH };
enum { ALL = 1000, AT_ONCE = 100, LOOK_MS = 50 };

struct get_things { /* a request with its id: one line more */
    uint64_t id;
    uint32_t from, count;
};
DEVP2P_RLP_TYPE(get_things, id, from, count);

struct things {
    uint64_t id;
    struct {
        uint32_t *at;
        size_t len;
    } list;
};
DEVP2P_RLP_TABLE(
    things, DEVP2P_FIELD(things, id), DEVP2P_FIELD_LIST(things, list));

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- who answers --- */

static int answer(devp2p_rw *rw, const struct get_things *get)
{
    uint32_t list[AT_ONCE];
    struct things out = { get->id, { list, 0 } };

    for (uint32_t i = get->from;
         i < ALL && out.list.len < AT_ONCE && out.list.len < get->count; i++)
        list[out.list.len++] = i;
    return devp2p_send(rw, THINGS, things, &out);
}

static int store_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    static unsigned asked;
    struct get_things get, *left = user;
    int err = devp2p_decode(msg, get_things, &get);

    if (!err && ++asked == 2) {
        *left = get;
        return 0;
    }
    if (!err && asked == 3)
        err = answer(rw, left);
    return err ? err : answer(rw, &get);
}

/* --- who asks --- */

typedef struct client {
    pthread_mutex_t lock; /* answers come on the loop, time-outs on main */
    devp2p_requests *requests;
    devp2p_rates *rates;
    devp2p_rate *rate; /* of the one peer */
    devp2p_rw *rw;
    uint32_t have;
} client;

static int ask(client *c)
{
    uint64_t now = now_ms(), id, target = devp2p_rates_target(c->rates, now);
    uint32_t count = devp2p_rate_capacity(c->rate, THINGS, target);
    devp2p_request what = { .peer = c->rw,
        .answer = THINGS,
        .max_items = count,
        .deadline_ms = now + devp2p_rates_timeout(c->rates, now) };
    int err = devp2p_requests_track(c->requests, &id, &what, now);
    struct get_things get = { id, c->have, count };

    return err ? err : devp2p_send(c->rw, GET_THINGS, get_things, &get);
}

static int client_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    client *c = user;
    (void)peer;
    pthread_mutex_lock(&c->lock);
    c->rw = devp2p_rw_keep(rw);
    int err = ask(c);
    pthread_mutex_unlock(&c->lock);
    return err;
}

static int client_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    client *c = user;
    struct things got;
    devp2p_request what;
    int err = devp2p_decode(msg, things, &got);

    if (err)
        return err;
    pthread_mutex_lock(&c->lock);
    err = devp2p_requests_fulfil(
        c->requests, &what, rw, got.id, msg->code, got.list.len, now_ms());
    if (!err) {
        devp2p_rate_update(c->rate, THINGS, what.took_ms, got.list.len);
        c->have += (uint32_t)got.list.len;
        err = c->have < ALL ? ask(c) : DEVP2P_DISC_REQUESTED;
    } else if (err == DEVP2P_ERR_TIMEOUT) {
        err = 0; /* late: these were asked for again */
    }
    pthread_mutex_unlock(&c->lock);
    return err; /* unasked, another code, too many: the connection ends */
}

/* give_up asks again for what has timed out. */
static int give_up(client *c)
{
    devp2p_request what;
    int err = 0;

    pthread_mutex_lock(&c->lock);
    while (!err && devp2p_requests_expire(c->requests, &what, now_ms())) {
        devp2p_rate_update(c->rate, THINGS, what.took_ms, 0);
        err = ask(c);
    }
    pthread_mutex_unlock(&c->lock);
    return err;
}

/* --- both --- */

static int start(devp2p_server **srv, devp2p_protocol row, const char *dial)
{
    devp2p_config cfg = { .name = "request",
        .listen_addr = dial ? NULL : "127.0.0.1:0", /* 0: any free port */
        .protocols = (devp2p_protocol[]){ row, { .name = NULL } },
        .static_nodes = (const char *[]){ dial, NULL } };
    int err = devp2p_key_generate(&cfg.private_key);

    if (!err)
        err = devp2p_server_new(srv, &cfg);
    return err ? err : devp2p_server_start(*srv);
}

/* get_all runs until the connection of the two ends. */
static int get_all(client *c, devp2p_server **store, devp2p_server **asker)
{
    static struct get_things left;
    devp2p_events *events = NULL;
    devp2p_event event = { .kind = 0 };
    devp2p_node self;
    char url[DEVP2P_URL_MAX];
    int err = start(store,
        (devp2p_protocol){ "things", 1, LENGTH, &left, .on_msg = store_msg },
        NULL);

    if (!err)
        err = devp2p_events_open(&events, *store);
    if (!err) {
        devp2p_server_self(*store, &self);
        err = start(asker,
            (devp2p_protocol){ "things", 1, LENGTH, c, .on_open = client_open,
                .on_msg = client_msg },
            devp2p_node_url(url, &self));
    }
    while (!err && event.kind != DEVP2P_EVENT_PEER_DROP) {
        err = devp2p_events_next(events, &event, LOOK_MS);
        if (err == DEVP2P_ERR_TIMEOUT)
            err = give_up(c);
    }
    devp2p_events_close(events);
    return err;
}

int main(void)
{
    /* the defaults are for the Internet, these for two nodes on one machine */
    devp2p_rates_config times = { .kinds = LENGTH,
        .min_round_trip_ms = 50,
        .max_round_trip_ms = 100,
        .max_timeout_ms = 300 };
    client c = { .lock = PTHREAD_MUTEX_INITIALIZER };
    devp2p_server *store = NULL, *asker = NULL;
    devp2p_requests_count count = { 0 };
    int err = devp2p_requests_new(&c.requests, NULL);

    if (!err)
        err = devp2p_rates_new(&c.rates, &times, now_ms());
    if (!err)
        err = devp2p_rate_new(&c.rate, c.rates);
    if (!err)
        err = get_all(&c, &store, &asker);
    devp2p_server_free(asker);
    devp2p_server_free(store);
    if (err)
        fprintf(stderr, "request: %s\n", devp2p_strerror(err));
    else
        devp2p_requests_counts(c.requests, &count);
    printf("%" PRIu32 " things, %" PRIu64 " answers in time, %" PRIu64
           " requests timed out, %" PRIu64 " answered late\n",
        c.have, count.fulfilled, count.lost, count.late);
    devp2p_rw_drop(c.rw);
    devp2p_rate_free(c.rate);
    devp2p_rates_free(c.rates);
    devp2p_requests_free(c.requests);
    return err != 0;
}
