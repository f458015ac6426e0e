/* SPDX-License-Identifier: MIT */
#include "server/dialer.h"

#include "server/effects.h"
#include "server/server.h"

/* --- dials --- */

/* prepare makes a line for a dial, with a word for the proxy if there is one.
 */
static int prepare(dp_line **out, devp2p_server *srv, const dp_effect *e)
{
    const dp_config *cfg = &srv->cfg;
    dp_line *line;
    int err = dp_line_new(&line, srv, e->conn, &e->node.addr);

    if (err)
        return err;
    line->dial = e->node.pub;
    if (cfg->socks5) {
        line->socks = dp_alloc(&srv->self.env, sizeof *line->socks);
        if (!line->socks) {
            dp_line_free(line);
            return DEVP2P_ERR_NOMEM;
        }
        memcpy(line->socks->host, e->node.host, sizeof e->node.host);
        dp_socks5_init(
            &line->socks->talk, &cfg->proxy, line->socks->host, &line->far);
    }
    *out = line;
    return 0;
}

void dp_dialer_dial(devp2p_server *srv, const dp_effect *e, dp_now now)
{
    const dp_config *cfg = &srv->cfg;
    const devp2p_addr *to = cfg->socks5 ? &cfg->proxy.addr : &e->node.addr;
    dp_line *line;
    int err = prepare(&line, srv, e);

    if (err) {
        dp_host_dialed(srv->host, e->conn, err, now);
        return;
    }
    dp_timer_set(srv->timers, &line->timer, dp_after(now, DP_DIAL_NS));
    if (cfg->dialer) {
        cfg->dialer(srv, e->conn, &e->node, cfg->dialer_user);
        return;
    }
    err = srv->world->ops->connect(srv->world, to, line, &line->io);
    if (err) {
        line->io = NULL;
        dp_dialer_connected(line, err, now);
    }
}

/* --- through a proxy --- */

static void note(const dp_line *line, int err)
{
    const dp_socks5 *s = &line->socks->talk;
    char proxy[DEVP2P_ADDR_TEXT], node[DEVP2P_ADDR_TEXT];

    dp_log(&line->srv->self.env, DEVP2P_LOG_DEBUG, "conn",
        "%s%s: proxy %s: step %d, answer %u: %s", line->socks->host,
        devp2p_addr_text(node, &line->far),
        devp2p_addr_text(proxy, &s->proxy->addr), (int)s->step, s->reply,
        devp2p_strerror(err));
}

/* blame: whatever the way to the proxy ends with, the proxy is out of reach;
 * what it says itself has codes of its own. */
static int blame(int err)
{
    bool own = err == DEVP2P_ERR_NOMEM || err == DEVP2P_ERR_LIMIT ||
               err == DEVP2P_ERR_TIMEOUT;
    bool said = err <= DEVP2P_ERR_PROXY && err >= DEVP2P_ERR_PROXY_ADDRESS;

    return own || said ? err : DEVP2P_ERR_PROXY;
}

void dp_dialer_drop(dp_line *line)
{
    if (!line->socks)
        return;
    dp_socks5_fini(&line->socks->talk);
    dp_free(&line->srv->self.env, line->socks, sizeof *line->socks);
    line->socks = NULL;
}

void dp_dialer_connected(dp_line *line, int err, dp_now now)
{
    if (!line->socks) {
        dp_effects_dialed(line, err, now);
    } else if (err) {
        note(line, err);
        dp_effects_dialed(line, blame(err), now);
    } else {
        dp_dialer_talk(line, now);
    }
}

/* say sends what is to be sent. */
static int say(dp_line *line)
{
    const dp_world_ops *ops = line->srv->world->ops;
    const uint8_t *at;
    size_t len, n;

    while ((len = dp_socks5_out(&line->socks->talk, &at)) > 0) {
        int err = ops->write(line->io, at, len, &n);
        if (err)
            return err;
        dp_socks5_sent(&line->socks->talk, n);
    }
    return 0;
}

/* hear reads what is expected, and not a byte more: the next one would be the
 * node's. */
static int hear(dp_line *line)
{
    uint8_t *at;
    size_t n, room = dp_socks5_room(&line->socks->talk, &at);
    int err = line->srv->world->ops->read(line->io, at, room, &n);

    if (!err && n == 0)
        err = DEVP2P_ERR_CLOSED;
    return err ? err : dp_socks5_recv(&line->socks->talk, n);
}

void dp_dialer_talk(dp_line *line, dp_now now)
{
    const dp_world_ops *ops = line->srv->world->ops;
    const uint8_t *at;
    int err;

    do
        err = say(line);
    while (!err && !(err = hear(line)) && !dp_socks5_open(&line->socks->talk));
    if (err == DEVP2P_ERR_AGAIN) {
        bool more = dp_socks5_out(&line->socks->talk, &at) > 0;
        ops->want(line->io, more ? DP_WRITE : DP_READ);
        return;
    }
    if (err) {
        note(line, err);
        dp_effects_dialed(line, blame(err), now);
        return;
    }
    ops->want(line->io, 0);
    dp_dialer_drop(line);
    dp_effects_dialed(line, 0, now);
}

/* --- sockets of the program --- */

static int take(dp_line *line, int raw)
{
    dp_world *w = line->srv->world;
    int err = w->ops->adopt(w, raw, line, &line->io);

    if (err) {
        line->io = NULL;
        w->ops->refuse(w, raw);
    }
    return err;
}

int dp_dialer_open(dp_line **out, devp2p_server *srv, uint64_t number, int raw,
    const devp2p_addr *far, const devp2p_pubkey *dial, dp_now now)
{
    dp_line *line = NULL;
    int err = dp_line_new(&line, srv, number, far);

    if (err) {
        srv->world->ops->refuse(srv->world, raw);
    } else {
        if (dial)
            line->dial = *dial;
        err = take(line, raw);
        if (!err)
            err = dp_line_open(line, now);
        if (err)
            dp_line_free(line);
    }
    if (err)
        dp_effects_lost(srv, number, err, now);
    else
        *out = line;
    return err;
}

static void tell(devp2p_server *srv, const devp2p_event *about, dp_now now)
{
    devp2p_event e = *about;

    e.kind = DEVP2P_EVENT_COMMAND;
    dp_host_tell(srv->host, &e, now);
}

void dp_dialer_decided(dp_line *line, int code, bool remote, dp_now now)
{
    devp2p_event e = { .ticket = line->ticket,
        .code = code,
        .addr = line->far,
        .remote = remote };

    if (!line->ticket)
        return;
    line->ticket = 0;
    if (line->peer)
        e.id = line->peer->id;
    else if (line->number >= DP_CONN_DIAL)
        e.id = devp2p_pubkey_id(&line->dial);
    tell(line->srv, &e, now);
}

void dp_dialer_setup(devp2p_server *srv, const dp_command *c, dp_now now)
{
    const devp2p_addr *far = c->inbound ? &c->far : &c->node.addr;
    uint64_t number = 0;
    dp_line *line;
    int err = srv->stopping ? DEVP2P_ERR_CLOSED : 0;

    if (!err && c->inbound) {
        number = ++srv->numbers;
        err = dp_host_incoming(srv->host, number, far, now);
    } else if (!err) {
        err = dp_host_outgoing(srv->host, &number, &c->node, now);
    }
    if (err)
        srv->world->ops->refuse(srv->world, c->raw);
    else
        err = dp_dialer_open(&line, srv, number, c->raw, far,
            c->inbound ? NULL : &c->node.pub, now);
    if (!err) {
        line->ticket = c->ticket;
        return;
    }
    devp2p_event e = {
        .ticket = c->ticket, .code = err, .id = c->node.id, .addr = *far
    };
    tell(srv, &e, now);
}

void dp_dialer_answered(devp2p_server *srv, const dp_command *c, dp_now now)
{
    dp_line *line = dp_line_find(srv, c->conn);
    bool waits = line && line->number >= DP_CONN_DIAL && !line->io;

    if (c->raw < 0) {
        if (waits)
            dp_effects_dialed(line, c->raw, now);
    } else if (waits) {
        dp_effects_dialed(line, take(line, c->raw), now);
    } else {
        srv->world->ops->refuse(srv->world, c->raw);
    }
}

static bool has_socket(const dp_command *c)
{
    return c->kind == DP_SETUP || (c->kind == DP_DIALED && c->raw >= 0);
}

void dp_dialer_discard(devp2p_server *srv)
{
    for (dp_command *c; (c = dp_mailbox_take(&srv->mail)) != NULL;) {
        if (has_socket(c))
            srv->world->ops->refuse(srv->world, c->raw);
        dp_free(&srv->cfg.env, c, sizeof *c);
    }
}

/* --- public --- */

/* send: a socket goes over to the server when its command does. */
static int send(devp2p_server *srv, dp_command *c, uint64_t *ticket)
{
    int err = 0;

    if (c->raw >= 0 || c->kind == DP_SETUP)
        err = srv->world->ops->take(srv->world, c->raw, &c->far);
    return err ? err : dp_server_send(srv, c, ticket);
}

int devp2p_server_setup_conn(devp2p_server *srv, uint64_t *ticket, int fd,
    uint32_t flags, const devp2p_node *node)
{
    dp_command c = { .kind = DP_SETUP, .raw = fd, .inbound = !node };
    int err = 0;

    if (flags != (node ? 0 : DEVP2P_PEER_INBOUND))
        return dp_fail(DEVP2P_ERR_INVALID,
            "flags are DEVP2P_PEER_INBOUND without a node, or 0 with one");
    if (node) {
        err = devp2p_pubkey_parse(&c.node.pub, node->pub.b, sizeof node->pub.b);
        c.node.id = devp2p_pubkey_id(&c.node.pub);
        c.node.addr = node->addr;
    }
    return err ? err : send(srv, &c, ticket);
}

int devp2p_server_dialed(devp2p_server *srv, uint64_t ticket, int fd)
{
    dp_command c = { .kind = DP_DIALED, .conn = ticket, .raw = fd };

    if (!srv->cfg.dialer)
        return dp_fail(DEVP2P_ERR_INVALID, "the server has no dialer");
    return send(srv, &c, NULL);
}
