/* SPDX-License-Identifier: MIT */
#include "server/effects.h"

#include "server/dialer.h"
#include "server/events.h"
#include "server/relay.h"
#include "server/server.h"

/* --- dials --- */

void dp_effects_lost(const dp_line_setup *s, int code, dp_now now)
{
    const devp2p_event end = { .code = code };

    if (s->relay)
        dp_relay_tell_down(s->relay, &end);
    else
        dp_host_down(s->loop->srv->host, s->number, &end, now);
}

void dp_effects_undialed(const dp_line_setup *s, int err, dp_now now)
{
    if (s->relay)
        dp_relay_tell_dialed(s->relay, err);
    else
        dp_host_dialed(s->loop->srv->host, s->number, err, now);
}

/* dp_effects_drop: a relay takes what it is told before the line leaves it. */
void dp_effects_drop(
    dp_line *line, int err, dp_now now, dp_effects_tell_fn *tell)
{
    const dp_line_setup s = { line->loop, line->relay, line->number, NULL };

    if (s.relay)
        tell(&s, err, now);
    dp_line_free(line);
    if (!s.relay)
        tell(&s, err, now);
}

void dp_effects_dialed(dp_line *line, int err, dp_now now)
{
    dp_loop *loop = line->loop;
    char text[DEVP2P_ADDR_TEXT];

    if (err) {
        dp_log(&loop->self.env, DEVP2P_LOG_DEBUG, "conn", "%s: dial: %s",
            devp2p_addr_text(text, &line->far), devp2p_strerror(err));
        dp_effects_drop(line, err, now, dp_effects_undialed);
        return;
    }
    if (line->relay)
        dp_relay_tell_dialed(line->relay, 0);
    else
        dp_host_dialed(loop->srv->host, line->number, 0, now);
    err = dp_line_open(line, now);
    if (err)
        dp_effects_drop(line, err, now, dp_effects_lost);
}

/* --- events --- */

/* note logs an event. */
static void note(devp2p_server *srv, const devp2p_event *e)
{
    const dp_env *env = &srv->self.env;
    char addr[DEVP2P_ADDR_TEXT];

    devp2p_addr_text(addr, &e->addr);
    switch (e->kind) {
    case DEVP2P_EVENT_PEER_ADD:
        dp_log(env, DEVP2P_LOG_INFO, "server", "peer %s: up", addr);
        break;
    case DEVP2P_EVENT_PEER_DROP:
        dp_log(env, DEVP2P_LOG_INFO, "server", "peer %s: %s%s%s%s", addr,
            devp2p_strerror(e->code), e->remote ? ", it said" : "",
            e->protocol[0] ? ", protocol " : "", e->protocol);
        break;
    case DEVP2P_EVENT_DIAL_FAIL:
        dp_log(env,
            e->flags & DEVP2P_PEER_DYNAMIC ? DEVP2P_LOG_DEBUG : DEVP2P_LOG_INFO,
            "server", "dial %s: %s", addr, devp2p_strerror(e->code));
        break;
    case DEVP2P_EVENT_COMMAND:
    case DEVP2P_EVENT_LOST:
    case DEVP2P_EVENT_MSG_SENT: /* none of the host's */
    case DEVP2P_EVENT_MSG_RECEIVED:
        break;
    }
}

/* --- effects and commands --- */

/* pass does what the host wants of a connection, here or on its loop. */
static void pass(devp2p_server *srv, const dp_effect *e, dp_now now)
{
    dp_line *line = dp_line_find(srv, e->conn);
    dp_relay *r = line ? NULL : dp_relay_find(srv, e->conn);

    if (line && e->kind == DP_CANCEL)
        dp_line_free(line);
    else if (line && e->kind == DP_JUDGE)
        dp_line_judged(line, e->code, now);
    else if (line)
        dp_line_end(line, e->code, SIZE_MAX, now);
    else if (r && e->kind == DP_CANCEL)
        dp_relay_cancel(r);
    else if (r && e->kind == DP_JUDGE)
        dp_relay_judge(r, e->code, now);
    else if (r)
        dp_relay_close(r, e->code);
}

static void obey(devp2p_server *srv, const dp_effect *e, dp_now now)
{
    switch (e->kind) {
    case DP_DIAL:
        dp_dialer_dial(srv, e, now);
        break;
    case DP_CANCEL:
    case DP_JUDGE:
    case DP_CLOSE:
        pass(srv, e, now);
        break;
    case DP_EVENT:
        note(srv, &e->event);
        dp_events_tell(srv, &e->event);
        break;
    case DP_STORE:
        dp_keep_store(srv, now);
        break;
    case DP_RESOLVE:
    case DP_FIND:
        srv->cfg.resolver(srv, e->conn,
            e->kind == DP_RESOLVE ? e->node.host : NULL, &e->node,
            srv->cfg.resolver_user);
        break;
    }
}

void dp_effects_run(devp2p_server *srv, dp_now now)
{
    dp_effect e;

    while (dp_host_next(srv->host, &e, now))
        obey(srv, &e, now);
}

static void follow(devp2p_server *srv, const dp_command *c, dp_now now)
{
    switch (c->kind) {
    case DP_ADD:
        dp_host_add(srv->host, c->ticket, &c->node, now);
        break;
    case DP_REMOVE:
        dp_host_remove(srv->host, c->ticket, &c->node.id, now);
        break;
    case DP_TRUST:
        dp_host_trust(srv->host, c->ticket, &c->node, now);
        break;
    case DP_DISTRUST:
        dp_host_distrust(srv->host, c->ticket, &c->node.id, now);
        break;
    case DP_BAN:
        dp_host_ban(srv->host, c->ticket, &c->ban, c->ms, now);
        break;
    case DP_UNBAN:
        dp_host_unban(srv->host, c->ticket, &c->ban, now);
        break;
    case DP_REPORT:
        dp_host_report(srv->host, &c->node.id, c->points, now);
        break;
    case DP_SETUP:
        dp_dialer_setup(srv, c, now);
        break;
    case DP_DIALED:
        dp_dialer_answered(srv, c, now);
        break;
    case DP_RESOLVED:
        dp_host_resolved(srv->host, c->conn, c->addrs, c->naddrs, c->err, now);
        break;
    }
}

void dp_effects_commands(devp2p_server *srv, dp_now now)
{
    for (;;) {
        pthread_mutex_lock(&srv->lock);
        dp_command *c = dp_mailbox_take(&srv->mail);
        pthread_mutex_unlock(&srv->lock);
        if (!c)
            return;
        follow(srv, c, now);
        dp_server_reflag(srv, &c->node.id);
        dp_free(&srv->cfg.env, c, sizeof *c);
    }
}
