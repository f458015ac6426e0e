/* SPDX-License-Identifier: MIT */
#include "sim/parts.h"

enum {
    BACKLOG = 128, /* connections in the queue of a listener */
    PORT_FIRST = 49152,
    PORT_LAST = 65535
};

/* --- addresses --- */

static bool is_loopback(const devp2p_addr *a)
{
    static const uint8_t one[16] = { [15] = 1 };
    return a->family == 4 ? a->ip[0] == 127 : memcmp(a->ip, one, 16) == 0;
}

static bool overlap(const devp2p_addr *a, const devp2p_addr *b)
{
    return a->family == b->family && a->port == b->port &&
           (dp_sim_same_ip(a, b) || dp_addr_is_unspecified(a) ||
               dp_addr_is_unspecified(b));
}

static dp_io *listener_at(dp_node *n, const devp2p_addr *at)
{
    for (dp_link *k = dp_list_first(&n->ios); k; k = dp_list_next(&n->ios, k)) {
        dp_io *io = dp_of(k, dp_io, link);
        if (!io->end && overlap(&io->local, at))
            return io;
    }
    return NULL;
}

/* free_port is the next port that nobody listens on. */
static uint16_t free_port(dp_node *n, devp2p_addr at)
{
    do {
        n->port = n->port < PORT_FIRST || n->port == PORT_LAST
                      ? PORT_FIRST
                      : (uint16_t)(n->port + 1);
        at.port = n->port;
    } while (listener_at(n, &at));
    return at.port;
}

/* host_of is the node with an address; a loopback address that no node has
 * belongs to the one who asks. */
static dp_node *host_of(
    dp_sim *sim, const devp2p_addr *addr, const devp2p_addr *asks)
{
    dp_node *self = NULL;
    for (dp_link *k = dp_list_first(&sim->nodes); k;
         k = dp_list_next(&sim->nodes, k)) {
        dp_node *n = dp_of(k, dp_node, link);
        if (dp_sim_same_ip(&n->ip, addr))
            return n;
        if (dp_sim_same_ip(&n->ip, asks))
            self = n;
    }
    return is_loopback(addr) ? self : NULL;
}

/* --- what an io has to say --- */

static unsigned level(const dp_io *io)
{
    const dp_end *e = io->end;
    unsigned events = 0;

    if (!e)
        return io->queued ? DP_READ : 0;
    if (!io->open)
        return 0;
    if (e->broken)
        return DP_READ | DP_WRITE;
    if (e->ended || !dp_list_empty((dp_list *)&e->here))
        events |= DP_READ;
    if (dp_sim_end_other(io->end)->load < io->node->sim->setup.stream_bytes)
        events |= DP_WRITE;
    return events;
}

void dp_sim_io_poke(dp_io *io)
{
    if (!io->answered && !(level(io) & io->want))
        return;
    if (!dp_linked(&io->eager))
        dp_list_push(&io->node->eager, &io->eager);
    dp_sim_node_wake(io->node);
}

void dp_sim_io_answer(dp_io *io, int err)
{
    io->answered = true;
    io->answer = err;
    dp_sim_io_poke(io);
}

static void accept_some(dp_io *io)
{
    const dp_world *w = &io->node->world;
    for (unsigned i = 0; i < DP_ACCEPTS_PER_TURN; i++) {
        dp_link *k = io->want & DP_READ ? dp_list_first(&io->queue) : NULL;
        if (!k)
            return;
        dp_conn *c = dp_of(k, dp_conn, waiting);
        dp_unlink(k);
        io->queued--;
        c->listener = NULL;
        dp_list_push(&io->node->raws, k);
        w->up->accepted(w->server, io->user, c->raw, &c->ends[0].addr);
    }
}

void dp_sim_io_serve(dp_io *io)
{
    const dp_world *w = &io->node->world;

    if (!io->end) {
        accept_some(io);
    } else if (io->answered) {
        io->answered = false;
        io->open = io->answer == 0;
        w->up->connected(w->server, io->user, io, io->answer);
    } else if (level(io) & io->want) {
        w->up->ready(w->server, io->user, io, level(io) & io->want);
    }
    if (!io->closed)
        dp_sim_io_poke(io);
}

/* --- life --- */

static dp_io *io_new(dp_node *n, void *user, dp_end *end)
{
    dp_io *io = dp_alloc(&n->sim->setup.env, sizeof *io);
    if (!io)
        return NULL;
    io->node = n;
    io->user = user;
    io->end = end;
    dp_list_init(&io->queue);
    dp_list_push(&n->ios, &io->link);
    if (end) {
        end->io = io;
        end->state = DP_END_OPEN;
        io->local = end->addr;
        io->remote = dp_sim_end_other(end)->addr;
    }
    return io;
}

void dp_sim_io_free(dp_io *io)
{
    dp_unlink(&io->link);
    dp_free(&io->node->sim->setup.env, io, sizeof *io);
}

void dp_sim_close(dp_io *io, bool reset)
{
    dp_node *n = io->node;

    io->closed = true;
    io->want = 0;
    dp_unlink(&io->eager);
    dp_unlink(&io->link);
    dp_list_push(&n->closed, &io->link);
    for (dp_link *k; (k = dp_list_pop(&io->queue));)
        dp_sim_end_leave(&dp_of(k, dp_conn, waiting)->ends[1], true);
    if (io->end)
        dp_sim_end_leave(io->end, reset);
    if (n->sim->loop != n)
        dp_sim_io_free(io);
}

int dp_sim_listen(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound)
{
    dp_node *n = dp_sim_node_of(w);
    devp2p_addr want = *at;

    if (!dp_addr_is_unspecified(at) && host_of(n->sim, at, &n->ip) != n)
        return DEVP2P_ERR_ADDR_UNAVAILABLE;
    if (want.port == 0)
        want.port = free_port(n, want);
    else if (listener_at(n, &want))
        return DEVP2P_ERR_ADDR_IN_USE;
    dp_io *io = io_new(n, user, NULL);
    if (!io)
        return DEVP2P_ERR_NOMEM;
    io->local = *bound = want;
    *out = io;
    return 0;
}

int dp_sim_connect(dp_world *w, const devp2p_addr *to, void *user, dp_io **out)
{
    dp_node *n = dp_sim_node_of(w);
    bool inside = is_loopback(to) && host_of(n->sim, to, &n->ip) == n;
    devp2p_addr from = inside ? *to : n->ip;
    dp_conn *c;

    from.port = free_port(n, from);
    int err = dp_sim_conn_new(&c, n->sim, &from, to);
    if (err)
        return err;
    dp_io *io = io_new(n, user, &c->ends[0]);
    if (!io) {
        dp_sim_conn_free(c);
        return DEVP2P_ERR_NOMEM;
    }
    *out = io;
    return 0;
}

/* --- accepted connections --- */

int dp_sim_offer(dp_conn *c)
{
    const devp2p_addr *to = &c->ends[1].addr, *from = &c->ends[0].addr;
    dp_node *n = host_of(c->sim, to, &c->ends[0].io->node->ip);

    if (!n || to->family != from->family)
        return DEVP2P_ERR_UNREACHABLE;
    dp_io *io = listener_at(n, to);
    if (!io || io->queued == BACKLOG)
        return DEVP2P_ERR_REFUSED;
    c->raw = ++c->sim->raw;
    c->listener = io;
    dp_list_push(&io->queue, &c->waiting);
    io->queued++;
    dp_sim_io_poke(io);
    return 0;
}

/* take finds an accepted connection by its number. */
static dp_conn *take(dp_node *n, int raw)
{
    for (dp_link *k = dp_list_first(&n->raws); k;
         k = dp_list_next(&n->raws, k)) {
        dp_conn *c = dp_of(k, dp_conn, waiting);
        if (c->raw != raw)
            continue;
        dp_unlink(k);
        return c;
    }
    return NULL;
}

int dp_sim_adopt(dp_world *w, int raw, void *user, dp_io **out)
{
    dp_node *n = dp_sim_node_of(w);
    dp_conn *c = take(n, raw);

    dp_assert(c);
    dp_io *io = io_new(n, user, &c->ends[1]);
    if (!io) {
        dp_list_push(&n->raws, &c->waiting);
        return DEVP2P_ERR_NOMEM;
    }
    io->open = true;
    *out = io;
    return 0;
}

void dp_sim_refuse(dp_world *w, int raw)
{
    dp_conn *c = take(dp_sim_node_of(w), raw);
    dp_assert(c);
    dp_sim_end_leave(&c->ends[1], true);
}

/* --- bytes --- */

void dp_sim_names(dp_io *io, devp2p_addr *local, devp2p_addr *remote)
{
    *local = io->local;
    *remote = io->remote;
}

void dp_sim_want(dp_io *io, unsigned events)
{
    io->want = events;
    dp_sim_io_poke(io);
}

/* slice is how many of n bytes one call moves. */
static size_t slice(dp_sim *sim, size_t n)
{
    size_t max = sim->setup.slice_bytes;
    if (max == 0 || n == 0)
        return n;
    n = n < max ? n : max;
    return 1 + (size_t)dp_chance_below(&sim->chance, n);
}

int dp_sim_read(dp_io *io, void *out, size_t cap, size_t *n)
{
    dp_end *e = io->end, *other = dp_sim_end_other(e);

    *n = 0;
    if (!io->open)
        return DEVP2P_ERR_AGAIN;
    if (e->broken)
        return DEVP2P_ERR_RESET;
    if (dp_list_empty(&e->here))
        return e->ended ? 0 : DEVP2P_ERR_AGAIN;
    *n = dp_sim_end_read(e, out, slice(io->node->sim, cap));
    if (other->io)
        dp_sim_io_poke(other->io);
    return 0;
}

int dp_sim_write(dp_io *io, const void *at, size_t len, size_t *n)
{
    dp_end *other = dp_sim_end_other(io->end);
    size_t cap = io->node->sim->setup.stream_bytes;

    *n = 0;
    if (!io->open)
        return DEVP2P_ERR_AGAIN;
    if (io->end->broken || io->shut)
        return DEVP2P_ERR_RESET;
    if (other->load >= cap)
        return DEVP2P_ERR_AGAIN;
    size_t part = len < cap - other->load ? len : cap - other->load;
    part = slice(io->node->sim, part);
    int err = part ? dp_sim_end_send(io->end, at, part) : 0;
    if (err == 0)
        *n = part;
    return err;
}

void dp_sim_shut(dp_io *io)
{
    io->shut = true;
    if (io->open)
        dp_sim_end_finish(io->end);
}
