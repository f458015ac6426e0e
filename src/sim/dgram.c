/* SPDX-License-Identifier: MIT */
#include "sim/dgram.h"

#include "sim/nat.h"

#define INSIDE_NS   (10 * DP_US) /* from a node to itself */
#define OVERTAKE_NS DP_MS        /* at least so much may a reordered one lose */

enum { PORT_FIRST = 49152, PORTS = 65536 - 49152, FLIPS_MAX = 3 };

/* A datagram is on its way, or has arrived and waits to be read. */
typedef struct datagram {
    dp_link link;
    dp_sim_event arrival;
    dp_sim *sim;
    dp_node *from, *for_whom; /* NULL when it is gone */
    devp2p_addr source, to;   /* as the way between them knows them */
    size_t len;
    uint8_t bytes[];
} datagram;

/* --- sockets --- */

static dp_io *socket_at(dp_node *n, const devp2p_addr *at, bool binds)
{
    for (dp_link *k = dp_list_first(&n->sockets); k;
         k = dp_list_next(&n->sockets, k)) {
        dp_io *io = dp_of(k, dp_io, link);
        const devp2p_addr *has = &io->local;
        if (has->family != at->family || has->port != at->port)
            continue;
        if (dp_sim_same_ip(has, at) || dp_addr_is_unspecified(has) ||
            (binds && dp_addr_is_unspecified(at)))
            return io;
    }
    return NULL;
}

/* choose_port finds a port nobody has; false: there is none. */
static bool choose_port(dp_node *n, devp2p_addr *at)
{
    for (unsigned tries = 0; tries < PORTS; tries++) {
        n->dgram_port = (uint16_t)((n->dgram_port + 1) % PORTS);
        at->port = (uint16_t)(PORT_FIRST + n->dgram_port);
        if (!socket_at(n, at, true))
            return true;
    }
    return false;
}

int dp_sim_udp(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound)
{
    dp_node *n = dp_sim_node_of(w);
    devp2p_addr local = *at;

    if (!dp_addr_is_unspecified(at) && dp_sim_host(n->sim, at, n) != n)
        return DEVP2P_ERR_ADDR_UNAVAILABLE;
    if (local.port ? socket_at(n, &local, true) != NULL
                   : !choose_port(n, &local))
        return DEVP2P_ERR_ADDR_IN_USE;
    dp_io *io = dp_alloc(&n->sim->setup.env, sizeof *io);
    if (!io)
        return DEVP2P_ERR_NOMEM;
    io->node = n;
    io->user = user;
    io->datagrams = true;
    io->local = *bound = local;
    dp_list_init(&io->queue);
    dp_list_push(&n->sockets, &io->link);
    *out = io;
    return 0;
}

static unsigned level(const dp_io *io)
{
    return (io->queued ? DP_READ : 0) | DP_WRITE;
}

static void poke(dp_io *io)
{
    if (!(level(io) & io->want))
        return;
    if (!dp_linked(&io->eager))
        dp_list_push(&io->node->eager, &io->eager);
    dp_sim_node_wake(io->node);
}

void dp_sim_dgram_want(dp_io *io, unsigned events)
{
    io->want = events;
    poke(io);
}

void dp_sim_dgram_serve(dp_io *io)
{
    const dp_world *w = &io->node->world;
    unsigned events = level(io) & io->want;

    if (events)
        w->up->ready(w->server, io->user, io, events);
    poke(io); /* one that is closed by now wants nothing */
}

static void drop(datagram *d)
{
    dp_sim *sim = d->sim;
    if (d->from)
        d->from->flying--;
    dp_unlink(&d->link);
    dp_sim_event_fini(sim, &d->arrival);
    dp_free(&sim->setup.env, d, sizeof *d + d->len);
}

/* dp_sim_dgram_close: as of a stream, memory stays until the turn is over. */
void dp_sim_dgram_close(dp_io *io)
{
    dp_node *n = io->node;

    for (dp_link *k; (k = dp_list_first(&io->queue));)
        drop(dp_of(k, datagram, link));
    io->queued = 0;
    io->closed = true;
    io->want = 0;
    dp_unlink(&io->eager);
    dp_unlink(&io->link);
    dp_list_push(&n->closed, &io->link);
    if (n->sim->loop != n)
        dp_sim_io_free(io);
}

/* --- arrival --- */

/* owner is the node that what asks sends to an address is for. */
static dp_node *owner(const devp2p_addr *to, dp_node *asks)
{
    dp_node *n = dp_sim_nat_owner(asks->sim, to);
    return n ? n : dp_sim_host(asks->sim, to, asks);
}

/* inner is the address of n's own that a datagram is for; false when there is
 * none for this sender. */
static bool inner(const datagram *d, dp_node *n, devp2p_addr *out)
{
    *out = d->to;
    if (!n->nat || d->from == n)
        return true;
    return dp_sim_nat_owner(d->sim, &d->to) == n &&
           dp_sim_nat_in(n, out, &d->source);
}

static bool held(const datagram *d, dp_node *n)
{
    if (!d->from || d->from == n)
        return false;
    const dp_pair *p = dp_sim_pair(d->sim, d->from, n);
    return p && dp_sim_pair_held(p, d->from);
}

static void trace(const datagram *d)
{
    char from[DEVP2P_ADDR_TEXT], to[DEVP2P_ADDR_TEXT];
    const devp2p_addr *ends[2] = { &d->source, &d->to };
    uint8_t head[2][18];

    for (size_t i = 0; i < 2; i++) {
        memcpy(head[i], ends[i]->ip, 16);
        head[i][16] = (uint8_t)(ends[i]->port >> 8);
        head[i][17] = (uint8_t)ends[i]->port;
    }
    dp_sim_fold(d->sim, head, sizeof head);
    dp_sim_fold(d->sim, d->bytes, d->len);
    dp_sim_say(d->sim, "datagram %s > %s, %zu bytes",
        devp2p_addr_text(from, &d->source), devp2p_addr_text(to, &d->to),
        d->len);
}

static void arrive(dp_sim_event *e)
{
    datagram *d = dp_of(e, datagram, arrival);
    dp_node *n = d->for_whom ? owner(&d->to, d->for_whom) : NULL;
    devp2p_addr at;
    dp_io *io = NULL;

    if (n && !held(d, n) && inner(d, n, &at))
        io = socket_at(n, &at, false);
    if (!io || io->queued == DP_DGRAMS_HERE) {
        drop(d);
        return;
    }
    if (d->from)
        d->from->flying--;
    d->from = d->for_whom = NULL;
    dp_unlink(&d->link);
    dp_list_push(&io->queue, &d->link);
    io->queued++;
    trace(d);
    poke(io);
}

/* --- sending --- */

/* flip turns 1..FLIPS_MAX different bits over. */
static void flip(datagram *d)
{
    uint64_t flips = 1 + dp_chance_below(&d->sim->chance, FLIPS_MAX);
    uint64_t bits = d->len * 8;

    for (uint64_t i = 0; i < flips; i++) {
        /* each within a part of its own */
        uint64_t at =
            i * (bits / flips) + dp_chance_below(&d->sim->chance, bits / flips);
        d->bytes[at / 8] ^= (uint8_t)(1u << at % 8);
    }
}

static int datagram_new(datagram **out, dp_node *n, const void *at, size_t len)
{
    dp_sim *sim = n->sim;
    datagram *d = dp_alloc(&sim->setup.env, sizeof *d + len);

    if (!d)
        return DEVP2P_ERR_NOMEM;
    int err = dp_sim_event_init(sim, &d->arrival, arrive);
    if (err) {
        dp_free(&sim->setup.env, d, sizeof *d + len);
        return err;
    }
    d->sim = sim;
    d->from = n;
    d->len = len;
    if (len)
        memcpy(d->bytes, at, len);
    n->flying++;
    *out = d;
    return 0;
}

/* mishap is what the way does to one datagram, and how much later it comes. */
static uint64_t mishap(datagram *d, const devp2p_sim_link *how)
{
    dp_sim *sim = d->sim;
    uint64_t room = 4 * DP_US * ((uint64_t)how->latency_us + how->jitter_us);

    if (d->len && dp_sim_happens(sim, how->corrupt_ppm, DEVP2P_SIM_CORRUPT))
        flip(d);
    if (!dp_sim_happens(sim, how->reorder_ppm, DEVP2P_SIM_REORDER))
        return 0;
    room = room > OVERTAKE_NS ? room : OVERTAKE_NS;
    return 1 + dp_chance_below(&sim->chance, room);
}

/* A route is how a datagram goes: between whom, under which addresses. */
typedef struct route {
    dp_node *from, *to;
    devp2p_addr source, target;
} route;

/* fly puts one datagram on its way; a full path drops it. */
static int fly(const route *r, const void *at, size_t len, dp_pair *p)
{
    datagram *d;

    if (r->from->flying >= DP_DGRAMS_FLYING)
        return 0;
    int err = datagram_new(&d, r->from, at, len);
    if (err)
        return err;
    uint64_t when =
        p ? dp_sim_travel(p, r->from, len) : d->sim->now.mono + INSIDE_NS;
    d->for_whom = r->to;
    d->source = r->source;
    d->to = r->target;
    if (p)
        when += mishap(d, dp_sim_pair_link(p));
    dp_list_push(&d->sim->flights, &d->link);
    dp_sim_event_by(d->sim, &d->arrival, when);
    return 0;
}

/* lose draws whether the way loses one, which takes its time all the same. */
static bool lose(const route *r, size_t len, dp_pair *p)
{
    uint32_t ppm = dp_sim_pair_link(p)->loss_ppm;
    if (!dp_sim_happens(r->from->sim, ppm, DEVP2P_SIM_DATAGRAM_LOSS))
        return false;
    dp_sim_travel(p, r->from, len);
    return true;
}

static int cross(const route *r, const void *at, size_t len)
{
    dp_sim *sim = r->from->sim;
    dp_pair *p = dp_sim_pair(sim, r->from, r->to);

    if (!p)
        return DEVP2P_ERR_NOMEM;
    if (dp_sim_pair_held(p, r->from) || lose(r, len, p))
        return 0;
    uint32_t twice = dp_sim_pair_link(p)->duplicate_ppm;
    int err = fly(r, at, len, p);
    /* without memory there is no second one, and the first is on its way */
    if (err == 0 && dp_sim_happens(sim, twice, DEVP2P_SIM_DUPLICATE))
        (void)fly(r, at, len, p);
    return err;
}

int dp_sim_send(dp_io *io, const void *at, size_t len, const devp2p_addr *to)
{
    dp_node *n = io->node;
    route r = { n, owner(to, n), io->local, *to };
    bool loopback = r.to == n && dp_sim_host(n->sim, to, n) == n;

    if (len > DP_DATAGRAM_MAX)
        return DEVP2P_ERR_TOO_BIG;
    if (to->family != io->local.family ||
        (to->family != n->ip.family && !loopback))
        return DEVP2P_ERR_UNREACHABLE;
    if (dp_addr_is_unspecified(&r.source)) {
        r.source = loopback ? *to : n->ip;
        r.source.port = io->local.port;
    }
    if (loopback)
        return fly(&r, at, len, NULL);
    if (n->nat)
        dp_sim_nat_out(n, &r.source, to);
    /* a node that crashed is on no network, and nothing hairpins */
    bool online = dp_sim_host(n->sim, &n->ip, n) == n;
    return r.to && r.to != n && online ? cross(&r, at, len) : 0;
}

int dp_sim_recv(dp_io *io, void *out, size_t cap, size_t *n, devp2p_addr *from)
{
    dp_link *k = dp_list_first(&io->queue);

    *n = 0;
    if (!k)
        return DEVP2P_ERR_AGAIN;
    datagram *d = dp_of(k, datagram, link);
    *n = d->len < cap ? d->len : cap;
    *from = d->source;
    if (*n)
        memcpy(out, d->bytes, *n);
    io->queued--;
    drop(d);
    return 0;
}

/* --- life --- */

void dp_sim_dgrams_leave(dp_node *n)
{
    dp_link *next;

    for (dp_link *k; (k = dp_list_first(&n->sockets));)
        dp_sim_dgram_close(dp_of(k, dp_io, link));
    for (dp_link *k = dp_list_first(&n->sim->flights); k; k = next) {
        datagram *d = dp_of(k, datagram, link);
        next = dp_list_next(&n->sim->flights, k);
        if (d->for_whom == n)
            d->for_whom = NULL;
        if (d->from == n)
            d->from = NULL;
    }
}

void dp_sim_flights_free(dp_sim *sim)
{
    for (dp_link *k; (k = dp_list_first(&sim->flights));)
        drop(dp_of(k, datagram, link));
}
