/* SPDX-License-Identifier: MIT */
#include "server/dialer.h"

#include "server/effects.h"
#include "server/relay.h"
#include "server/server.h"

/* --- dials --- */

/* prepare makes a line for a dial, with a word for the proxy if there is one.
 */
static int prepare(
    dp_line **out, const dp_line_setup *setup, const devp2p_node *node)
{
    dp_loop *loop = setup->loop;
    const dp_config *cfg = &loop->srv->cfg;
    dp_line *line;
    int err = dp_line_new(&line, setup);

    if (err)
        return err;
    line->dial = node->pub;
    if (cfg->socks5) {
        line->socks = dp_alloc(&loop->self.env, sizeof *line->socks);
        if (!line->socks) {
            dp_line_free(line);
            return DEVP2P_ERR_NOMEM;
        }
        memcpy(line->socks->host, node->host, sizeof node->host);
        dp_socks5_init(
            &line->socks->talk, &cfg->proxy, line->socks->host, &line->far);
    }
    *out = line;
    return 0;
}

bool dp_dialer_begin(
    const dp_line_setup *setup, const devp2p_node *node, dp_now now)
{
    dp_loop *loop = setup->loop;
    const dp_config *cfg = &loop->srv->cfg;
    const devp2p_addr *to = cfg->socks5 ? &cfg->proxy.addr : &node->addr;
    dp_line *line;
    int err = prepare(&line, setup, node);

    if (err) {
        dp_effects_undialed(setup, err, now);
        return false;
    }
    const dp_now *since = setup->relay ? &setup->relay->since : &now;
    dp_timer_set(loop->timers, &line->timer, dp_after(*since, DP_DIAL_NS));
    if (cfg->dialer)
        return true;
    err = loop->world->ops->connect(loop->world, to, line, &line->io);
    if (err) {
        line->io = NULL;
        dp_dialer_connected(line, err, now);
    }
    return !err;
}

/* relay_dial has a dial made on another loop. */
static bool relay_dial(dp_loop *loop, const dp_effect *e, dp_now now)
{
    dp_relay *r;
    int err = dp_relay_new(&r, loop, e->conn, &e->node.addr);

    if (!err)
        err = dp_relay_dial(r, &e->node, now);
    if (err)
        dp_host_dialed(loop->srv->host, e->conn, err, now);
    return !err;
}

void dp_dialer_dial(devp2p_server *srv, const dp_effect *e, dp_now now)
{
    const dp_config *cfg = &srv->cfg;
    dp_loop *loop = dp_loops_choose(srv);
    const dp_line_setup setup = { loop, NULL, e->conn, &e->node.addr };
    bool begun = loop->number ? relay_dial(loop, e, now)
                              : dp_dialer_begin(&setup, &e->node, now);

    if (begun && cfg->dialer)
        cfg->dialer(srv, e->conn, &e->node, cfg->dialer_user);
}

/* --- through a proxy --- */

static void note(const dp_line *line, int err)
{
    const dp_socks5 *s = &line->socks->talk;
    char proxy[DEVP2P_ADDR_TEXT], node[DEVP2P_ADDR_TEXT];

    dp_log(&line->loop->self.env, DEVP2P_LOG_DEBUG, "conn",
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
    dp_free(&line->loop->self.env, line->socks, sizeof *line->socks);
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
    const dp_world_ops *ops = line->loop->world->ops;
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
    int err = line->loop->world->ops->read(line->io, at, room, &n);

    if (!err && n == 0)
        err = DEVP2P_ERR_CLOSED;
    return err ? err : dp_socks5_recv(&line->socks->talk, n);
}

void dp_dialer_talk(dp_line *line, dp_now now)
{
    const dp_world_ops *ops = line->loop->world->ops;
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
    dp_world *w = line->loop->world;
    int err = w->ops->adopt(w, raw, line, &line->io);

    if (err) {
        line->io = NULL;
        w->ops->refuse(w, raw);
    }
    return err;
}

int dp_dialer_open(dp_line **out, const dp_line_setup *setup, int raw,
    const devp2p_pubkey *dial, dp_now now)
{
    dp_world *w = setup->loop->world;
    dp_line *line = NULL;
    int err = dp_line_new(&line, setup);

    if (err) {
        w->ops->refuse(w, raw);
        dp_effects_lost(setup, err, now);
        return err;
    }
    if (dial)
        line->dial = *dial;
    err = take(line, raw);
    if (!err)
        err = dp_line_open(line, now);
    if (err)
        dp_effects_drop(line, err, now, dp_effects_lost);
    else
        *out = line;
    return err;
}

/* relay_open hands a socket over to another loop. */
static int relay_open(const dp_line_setup *s, int raw,
    const devp2p_pubkey *dial, uint64_t ticket, dp_now now)
{
    devp2p_server *srv = s->loop->srv;
    dp_relay *r;
    int err = dp_relay_new(&r, s->loop, s->number, s->far);

    if (err) {
        srv->world->ops->refuse(srv->world, raw);
        dp_effects_lost(s, err, now);
        return err;
    }
    r->ticket = ticket;
    dp_relay_open(r, raw, dial);
    return 0;
}

int dp_dialer_accept(devp2p_server *srv, const dp_accept *a, dp_now now)
{
    dp_loop *loop = dp_loops_choose(srv);
    const dp_line_setup setup = { loop, NULL, a->number, a->far };
    dp_line *line;

    if (loop->number)
        return relay_open(&setup, a->raw, a->dial, a->ticket, now);
    int err = dp_dialer_open(&line, &setup, a->raw, a->dial, now);
    if (!err)
        line->ticket = a->ticket;
    return err;
}

void dp_dialer_tell(devp2p_server *srv, const devp2p_event *about, dp_now now)
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
    dp_dialer_tell(line->loop->srv, &e, now);
}

void dp_dialer_setup(devp2p_server *srv, const dp_command *c, dp_now now)
{
    dp_accept a = { .raw = c->raw,
        .far = c->inbound ? &c->far : &c->node.addr,
        .dial = c->inbound ? NULL : &c->node.pub,
        .ticket = c->ticket };
    int err = srv->stopping ? DEVP2P_ERR_CLOSED : 0;

    if (!err && c->inbound) {
        a.number = ++srv->numbers;
        err = dp_host_incoming(srv->host, a.number, a.far, now);
    } else if (!err) {
        err = dp_host_outgoing(srv->host, &a.number, &c->node, now);
    }
    if (err)
        srv->world->ops->refuse(srv->world, c->raw);
    else
        err = dp_dialer_accept(srv, &a, now);
    if (!err)
        return;
    devp2p_event e = {
        .ticket = c->ticket, .code = err, .id = c->node.id, .addr = *a.far
    };
    dp_dialer_tell(srv, &e, now);
}

void dp_dialer_given(dp_line *line, int raw, dp_now now)
{
    dp_world *w = line->loop->world;

    if (line->io || line->session || line->over) {
        if (raw >= 0)
            w->ops->refuse(w, raw);
    } else {
        dp_effects_dialed(line, raw < 0 ? raw : take(line, raw), now);
    }
}

void dp_dialer_answered(devp2p_server *srv, const dp_command *c, dp_now now)
{
    dp_line *line = dp_line_find(srv, c->conn);
    dp_relay *r = line ? NULL : dp_relay_find(srv, c->conn);

    if (line && line->number >= DP_CONN_DIAL)
        dp_dialer_given(line, c->raw, now);
    else if (r)
        dp_relay_socket(r, c->raw);
    else if (c->raw >= 0)
        srv->world->ops->refuse(srv->world, c->raw);
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
