/* SPDX-License-Identifier: MIT */
#include "sim/nat.h"

enum {
    BACKLOG = 128, /* connections in the queue of a listener */
    WINDOW = 64 * 1024,
    PORT_FIRST = 49152,
    PORT_LAST = 65535
};

/* --- addresses --- */

static bool overlap(const devp2p_addr *a, const devp2p_addr *b)
{
    return a->family == b->family && a->port == b->port &&
           (dp_sim_same_ip(a, b) || dp_addr_is_unspecified(a) ||
               dp_addr_is_unspecified(b));
}

static dp_io *listener_at(dp_node *n, const devp2p_addr *at)
{
    for (dp_link *k = dp_list_first(&n->listeners); k;
         k = dp_list_next(&n->listeners, k)) {
        dp_io *io = dp_of(k, dp_io, link);
        if (overlap(&io->local, at))
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

/* --- what an io has to say --- */

/* window is how many bytes of a stream may be in flight. */
static size_t window(const dp_io *io)
{
    uint32_t own = dp_sim_pair_link(io->end->conn->pair)->window;
    return own ? own : WINDOW;
}

/* level: a crashed node writes what nobody hears, and reads nothing; once it
 * shuts a stream that ends, so that nobody waits for the other side. */
static unsigned level(const dp_io *io)
{
    const dp_end *e = io->end;
    unsigned events = 0;

    if (!e)
        return io->queued ? DP_READ : 0;
    if (!io->open)
        return 0;
    if (io->node->host->crashed)
        return io->shut ? DP_READ | DP_WRITE : DP_WRITE;
    if (e->broken || e->ended || !dp_list_empty((dp_list *)&e->here))
        events |= DP_READ;
    if (e->broken || dp_sim_end_other(io->end)->load < window(io))
        events |= DP_WRITE;
    return io->node->host->slow ? events & DP_WRITE : events;
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
        dp_list_push(&io->node->raws, &c->ends[1].of_raws);
        w->up->accepted(w->server, io->user, c->ends[1].raw, &c->ends[0].addr);
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
    dp_list_push(end ? &n->ios : &n->listeners, &io->link);
    if (end) {
        end->io = io;
        end->node = n->host;
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

    if (!dp_addr_is_unspecified(at) && !dp_sim_same_ip(at, &n->ip) &&
        dp_sim_host(n->sim, at, n) != n)
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
    dp_node *loop = dp_sim_node_of(w), *n = loop->host;
    bool inside = dp_sim_is_loopback(to) && dp_sim_host(n->sim, to, n) == n;
    devp2p_addr from = inside ? *to : n->ip;
    dp_conn *c;

    if (n->crashed)
        return DEVP2P_ERR_UNREACHABLE;
    from.port = free_port(n, from);
    devp2p_addr seen = dp_sim_nat_outside(n, &from, to);
    int err = dp_sim_conn_new(&c, n, &seen, to);
    if (err)
        return err;
    dp_io *io = io_new(loop, user, &c->ends[0]);
    if (!io) {
        dp_sim_conn_free(c);
        return DEVP2P_ERR_NOMEM;
    }
    io->local = from;
    *out = io;
    return 0;
}

/* --- accepted connections --- */

int dp_sim_offer(dp_conn *c)
{
    const devp2p_addr *to = &c->ends[1].addr, *from = &c->ends[0].addr;
    dp_node *n = dp_sim_host(c->sim, to, c->ends[0].node);

    if (!n || to->family != from->family || dp_sim_nat_bars(n, c->ends[0].node))
        return DEVP2P_ERR_UNREACHABLE;
    if (n != c->ends[1].node && dp_sim_conn_bind(c, n))
        return DEVP2P_ERR_REFUSED;
    dp_io *io = listener_at(n, to);
    if (!io || io->queued == BACKLOG)
        return DEVP2P_ERR_REFUSED;
    c->ends[1].raw = ++c->sim->raw;
    c->listener = io;
    dp_list_push(&io->queue, &c->waiting);
    io->queued++;
    dp_sim_io_poke(io);
    return 0;
}

/* find_raw finds an end without io by its number. */
static dp_end *find_raw(dp_node *n, int raw)
{
    for (dp_link *k = dp_list_first(&n->raws); k;
         k = dp_list_next(&n->raws, k)) {
        dp_end *e = dp_of(k, dp_end, of_raws);
        if (e->raw == raw)
            return e;
    }
    return NULL;
}

int dp_sim_raw(dp_world *a, dp_world *b, int out[2])
{
    dp_node *n = dp_sim_node_of(a), *m = dp_sim_node_of(b);
    devp2p_addr from = n->ip, to = m->ip;
    dp_conn *c;

    from.port = free_port(n, from);
    to.port = free_port(m, to);
    int err = dp_sim_conn_join(&c, n, m, &from, &to);
    for (size_t i = 0; i < 2 && !err; i++)
        out[i] = c->ends[i].raw;
    return err;
}

int dp_sim_take(dp_world *w, int raw, devp2p_addr *far)
{
    dp_end *e = find_raw(dp_sim_node_of(w)->host, raw);

    if (!e)
        return dp_fail(
            DEVP2P_ERR_INVALID, "descriptor %d is no stream socket", raw);
    *far = dp_sim_end_other(e)->addr;
    return 0;
}

int dp_sim_adopt(dp_world *w, int raw, void *user, dp_io **out)
{
    dp_node *n = dp_sim_node_of(w);
    dp_end *e = find_raw(n->host, raw);

    dp_assert(e);
    dp_io *io = io_new(n, user, e);
    if (!io)
        return DEVP2P_ERR_NOMEM;
    dp_unlink(&e->of_raws);
    io->open = true;
    *out = io;
    return 0;
}

void dp_sim_refuse(dp_world *w, int raw)
{
    dp_end *e = find_raw(dp_sim_node_of(w)->host, raw);
    dp_assert(e);
    dp_unlink(&e->of_raws);
    dp_sim_end_leave(e, true);
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
static size_t slice(const dp_io *io, size_t n)
{
    dp_sim *sim = io->node->sim;
    size_t max = dp_sim_pair_link(io->end->conn->pair)->slice;
    if (max == 0 || n == 0 || sim->calm)
        return n;
    n = n < max ? n : max;
    return 1 + (size_t)dp_chance_below(&sim->chance, n);
}

int dp_sim_read(dp_io *io, void *out, size_t cap, size_t *n)
{
    dp_end *e = io->end, *other = dp_sim_end_other(e);

    *n = 0;
    const dp_node *host = io->node->host;

    if (!io->open || (host->crashed && !io->shut))
        return DEVP2P_ERR_AGAIN;
    if (host->crashed)
        return 0;
    if (e->broken)
        return DEVP2P_ERR_RESET;
    if (host->slow)
        return DEVP2P_ERR_AGAIN;
    if (dp_list_empty(&e->here))
        return e->ended ? 0 : DEVP2P_ERR_AGAIN;
    size_t part = slice(io, cap);
    *n = dp_sim_end_read(e, out, part);
    if (part < cap && !dp_list_empty(&e->here))
        dp_sim_count(io->node->sim, DEVP2P_SIM_SHORT_IO);
    if (other->io)
        dp_sim_io_poke(other->io);
    return 0;
}

int dp_sim_write(dp_io *io, const void *at, size_t len, size_t *n)
{
    dp_end *other = dp_sim_end_other(io->end);
    size_t cap = window(io);

    *n = 0;
    if (!io->open)
        return DEVP2P_ERR_AGAIN;
    if (io->end->broken || io->shut)
        return DEVP2P_ERR_RESET;
    if (io->node->host->crashed) {
        *n = len;
        return 0;
    }
    if (other->load >= cap)
        return DEVP2P_ERR_AGAIN;
    size_t room = len < cap - other->load ? len : cap - other->load;
    size_t part = slice(io, room);
    int err = part ? dp_sim_end_send(io->end, at, part) : 0;
    if (err)
        return err;
    *n = part;
    if (part < room)
        dp_sim_count(io->node->sim, DEVP2P_SIM_SHORT_IO);
    return 0;
}

void dp_sim_shut(dp_io *io)
{
    io->shut = true;
    if (io->open)
        dp_sim_end_finish(io->end);
    if (io->node->host->crashed)
        dp_sim_io_poke(io);
}
