/* SPDX-License-Identifier: MIT */
/* relay_line.c - the side of the loop that the line lives on. */
#include "server/relay.h"

#include "core/conduct.h"
#include "server/server.h"

/* --- facts --- */

/* A teller holds the lock of the facts. */
static void begin(dp_relay *r)
{
    pthread_mutex_lock(&r->loop->srv->lock);
}

/* end posts the record if nobody has; until that is heard it stays. */
static void end(dp_relay *r, unsigned what)
{
    devp2p_server *srv = r->loop->srv;
    bool first = !r->told;

    r->facts.what |= what;
    r->told = true;
    pthread_mutex_unlock(&srv->lock);
    if (first)
        srv->world->ops->post(srv->world, &r->to_host);
}

void dp_relay_tell_dialed(dp_relay *r, int err)
{
    begin(r);
    r->facts.dialed = err;
    end(r, DP_FACT_DIALED);
}

void dp_relay_tell_ec(dp_relay *r, dp_ec *ec)
{
    begin(r);
    r->facts.ec = ec;
    end(r, DP_FACT_EC);
}

void dp_relay_tell_authed(dp_relay *r, const devp2p_id *id)
{
    begin(r);
    r->facts.id = *id;
    end(r, DP_FACT_AUTHED);
}

void dp_relay_tell_ready(dp_relay *r, devp2p_peer *peer)
{
    begin(r);
    r->facts.peer = devp2p_peer_keep(peer);
    end(r, DP_FACT_READY);
}

void dp_relay_tell_points(dp_relay *r, int points)
{
    begin(r);
    r->facts.points = dp_conduct_add(r->facts.points, points);
    end(r, DP_FACT_POINTS);
}

void dp_relay_tell_down(dp_relay *r, const devp2p_event *event)
{
    begin(r);
    r->facts.end = *event;
    end(r, DP_FACT_DOWN);
}

static void tell_gone(dp_relay *r)
{
    begin(r);
    end(r, DP_FACT_GONE);
}

void dp_relay_leave(dp_relay *r)
{
    r->line = NULL;
    r->left = true;
    if (!r->busy)
        tell_gone(r);
}

/* --- orders --- */

/* take_orders: of a line that is freed the record may be, too, from here on,
 * unless GONE is told once more; *left says so. */
static dp_orders take_orders(dp_relay *r, bool *left)
{
    pthread_mutex_lock(&r->loop->srv->lock);
    dp_orders o = r->orders;
    r->orders = (dp_orders){ .what = 0 };
    r->ordered = false;
    *left = r->left;
    if (*left)
        end(r, DP_FACT_GONE);
    else
        pthread_mutex_unlock(&r->loop->srv->lock);
    return o;
}

static void refuse(const dp_loop *loop, int raw)
{
    if (raw >= 0)
        loop->world->ops->refuse(loop->world, raw);
}

static void open(dp_relay *r, const dp_orders *o, dp_now now)
{
    const dp_line_setup setup = { r->loop, r, r->number, &r->far };
    bool dialled = r->number >= DP_CONN_DIAL;
    dp_line *line;

    if (o->node)
        dp_dialer_begin(&setup, o->node, now);
    else
        (void)!dp_dialer_open(
            &line, &setup, o->raw, dialled ? &r->dial : NULL, now);
    if (!r->line)
        r->left = true;
}

static void ec_done(dp_relay *r, const dp_orders *o, dp_now now)
{
    dp_line *line = r->line;

    if (!line || !line->session) {
        dp_ec_free(o->ec);
        return;
    }
    line->ec.at = DP_EC_NONE;
    if (o->ec)
        dp_session_ec_done(line->session, o->ec, now);
    else
        dp_line_end(line, o->refused, SIZE_MAX, now);
    dp_line_touch(line);
}

/* obey_socket: the dial may have ended meanwhile. */
static void obey_socket(dp_relay *r, int raw, dp_now now)
{
    if (r->line)
        dp_dialer_given(r->line, raw, now);
    else
        refuse(r->loop, raw);
}

/* discard gives back what came too late. */
static void discard(const dp_loop *loop, const dp_orders *o)
{
    if (o->what & (DP_ORDER_OPEN | DP_ORDER_SOCKET))
        refuse(loop, o->raw);
    dp_ec_free(o->ec);
}

static void named(dp_line *line, int verdict, dp_now now)
{
    if (line->code)
        return;
    dp_line_named(line, verdict, now);
    dp_line_touch(line);
}

/* obey: each order may be the last that finds the line there. */
static void obey(dp_relay *r, const dp_orders *o, dp_now now)
{
    if (o->what & DP_ORDER_OPEN)
        open(r, o, now);
    if (o->what & DP_ORDER_SOCKET)
        obey_socket(r, o->raw, now);
    if (o->what & DP_ORDER_EC)
        ec_done(r, o, now);
    if (r->line && o->what & DP_ORDER_NAMED)
        named(r->line, o->named, now);
    if (r->line && o->what & DP_ORDER_JUDGE)
        dp_line_welcome(r->line, o->judged, now);
    if (r->line && o->what & DP_ORDER_CLOSE)
        dp_line_end(r->line, o->code, SIZE_MAX, now);
    if (r->line && o->what & DP_ORDER_CANCEL)
        dp_line_free(r->line);
}

void dp_relay_obey(dp_relay *r, dp_now now)
{
    dp_loop *loop = r->loop;
    bool left;
    dp_orders o = take_orders(r, &left);

    if (left) {
        discard(loop, &o);
    } else {
        r->busy = true;
        obey(r, &o, now);
        r->busy = false;
        if (r->left)
            tell_gone(r);
    }
    dp_free(&loop->srv->cfg.env, o.node, sizeof *o.node);
}
