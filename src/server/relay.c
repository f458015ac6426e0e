/* SPDX-License-Identifier: MIT */
/* relay.c - the side of the first loop. */
#include "server/relay.h"

#include "server/effects.h"
#include "server/server.h"

#include <string.h>

/* --- life --- */

int dp_relay_new(
    dp_relay **out, dp_loop *loop, uint64_t number, const devp2p_addr *far)
{
    devp2p_server *srv = loop->srv;
    dp_relay *r = dp_alloc(&srv->cfg.env, sizeof *r);

    if (!r)
        return DEVP2P_ERR_NOMEM;
    r->loop = loop;
    r->number = number;
    r->far = *far;
    r->to_host.what = r->to_loop.what = DP_POST_RELAY;
    r->ec.relayed = true;
    int err = dp_map_put(srv->relayed, &number, r);
    if (err) {
        dp_free(&srv->cfg.env, r, sizeof *r);
        return err;
    }
    dp_list_push(&srv->relays, &r->all);
    loop->load++;
    *out = r;
    return 0;
}

/* forget: the host does not know it any more. */
static void forget(dp_relay *r)
{
    dp_map_cut(r->loop->srv->relayed, &r->number);
}

static void relay_free(dp_relay *r)
{
    devp2p_server *srv = r->loop->srv;

    forget(r);
    r->loop->load--;
    devp2p_peer_drop(r->peer);
    dp_unlink(&r->out);
    dp_unlink(&r->all);
    dp_free(&srv->cfg.env, r, sizeof *r);
}

/* discard gives back what orders hold that nobody will obey. */
static void discard(dp_relay *r, dp_orders *o)
{
    devp2p_server *srv = r->loop->srv;
    bool raw = o->what & (DP_ORDER_OPEN | DP_ORDER_SOCKET);

    if (raw && o->raw >= 0)
        srv->world->ops->refuse(srv->world, o->raw);
    dp_free(&srv->cfg.env, o->node, sizeof *o->node);
    dp_ec_free(o->ec);
    *o = (dp_orders){ .what = 0 };
}

/* rest frees a relay that nobody holds any more. */
static void rest(dp_relay *r)
{
    devp2p_server *srv = r->loop->srv;

    if (!r->gone || r->ec.at == DP_EC_POOL)
        return;
    pthread_mutex_lock(&srv->lock);
    bool held = r->told || r->ordered;
    pthread_mutex_unlock(&srv->lock);
    if (held)
        return;
    discard(r, &r->next);
    relay_free(r);
}

dp_relay *dp_relay_find(devp2p_server *srv, uint64_t number)
{
    return srv->relayed ? dp_map_get(srv->relayed, &number) : NULL;
}

/* --- orders --- */

/* order puts one beside those of this turn. */
static void order(dp_relay *r, unsigned what)
{
    r->next.what |= what;
    if (!dp_linked(&r->out))
        dp_list_push(&r->loop->srv->outgoing, &r->out);
}

void dp_relay_open(dp_relay *r, int raw, const devp2p_pubkey *dial)
{
    if (dial)
        r->dial = *dial;
    r->next.raw = raw;
    order(r, DP_ORDER_OPEN);
}

int dp_relay_dial(dp_relay *r, const devp2p_node *node, dp_now now)
{
    devp2p_node *copy = dp_alloc(&r->loop->srv->cfg.env, sizeof *copy);

    if (!copy) {
        relay_free(r);
        return DEVP2P_ERR_NOMEM;
    }
    *copy = *node;
    r->dial = node->pub;
    r->since = now;
    r->next.node = copy;
    r->next.raw = DEVP2P_ERR_AGAIN; /* none yet */
    order(r, DP_ORDER_OPEN);
    return 0;
}

/* dp_relay_socket: who answers twice is not heard. */
void dp_relay_socket(dp_relay *r, int raw)
{
    dp_world *w = r->loop->srv->world;

    if (r->answered || r->number < DP_CONN_DIAL) {
        if (raw >= 0)
            w->ops->refuse(w, raw);
        return;
    }
    r->answered = true;
    r->next.raw = raw;
    order(r, DP_ORDER_SOCKET);
}

/* decided tells the outcome of a socket that the program handed over. */
static void decided(dp_relay *r, int code, bool remote, dp_now now)
{
    devp2p_event e = {
        .ticket = r->ticket, .code = code, .addr = r->far, .remote = remote
    };

    if (!r->ticket)
        return;
    r->ticket = 0;
    if (r->peer)
        e.id = r->peer->id;
    else if (r->number >= DP_CONN_DIAL)
        e.id = devp2p_pubkey_id(&r->dial);
    dp_dialer_tell(r->loop->srv, &e, now);
}

void dp_relay_judge(dp_relay *r, int verdict, dp_now now)
{
    devp2p_server *srv = r->loop->srv;

    if (r->down || !r->peer)
        return;
    if (!verdict && dp_server_admit(srv, r->number, r->peer, now)) {
        dp_relay_close(r, DEVP2P_ERR_NOMEM);
        return;
    }
    r->next.judged = verdict;
    order(r, DP_ORDER_JUDGE);
    if (!verdict)
        decided(r, 0, false, now);
}

void dp_relay_close(dp_relay *r, int code)
{
    if (r->next.what & DP_ORDER_CLOSE)
        return; /* the first reason stays */
    r->next.code = code;
    order(r, DP_ORDER_CLOSE);
}

void dp_relay_cancel(dp_relay *r)
{
    forget(r);
    order(r, DP_ORDER_CANCEL);
}

/* --- curve work --- */

static void drop_ec(dp_relay *r)
{
    if (r->ec.at != DP_EC_GATE)
        return;
    dp_gate_forget(r->loop->srv->gate, &r->ec);
    r->ec.at = DP_EC_NONE;
}

/* ask puts curve work before the gate. */
static void ask(dp_relay *r, dp_ec *ec, dp_now now)
{
    devp2p_server *srv = r->loop->srv;
    bool ours = r->number >= DP_CONN_DIAL || r->far.family == 0;

    dp_ec_set_owner(ec, &r->ec);
    int err = dp_gate_put(srv->gate, ec, ours ? NULL : &r->far, now);
    if (!err) {
        r->ec.at = DP_EC_GATE;
        return;
    }
    dp_ec_free(ec);
    r->next.refused = err;
    order(r, DP_ORDER_EC);
}

void dp_relay_worked(dp_relay *r, dp_ec *ec)
{
    r->ec.at = DP_EC_NONE;
    if (!r->down && !r->gone) {
        r->next.ec = ec;
        order(r, DP_ORDER_EC);
        return;
    }
    dp_ec_free(ec);
    rest(r);
}

/* --- facts --- */

static dp_facts take_facts(dp_relay *r)
{
    pthread_mutex_t *lock = &r->loop->srv->lock;

    pthread_mutex_lock(lock);
    dp_facts f = r->facts;
    r->facts = (dp_facts){ .what = 0 };
    r->told = false;
    pthread_mutex_unlock(lock);
    return f;
}

static void dialed(dp_relay *r, int err, dp_now now)
{
    if (err)
        forget(r);
    dp_host_dialed(r->loop->srv->host, r->number, err, now);
}

static void authed(dp_relay *r, const devp2p_id *id, dp_now now)
{
    r->next.named = dp_host_authed(r->loop->srv->host, r->number, id, now);
    order(r, DP_ORDER_NAMED);
}

static void ready(dp_relay *r, dp_now now)
{
    int verdict = dp_host_ready(r->loop->srv->host, r->number, now);

    if (verdict != DP_HOLD)
        dp_relay_judge(r, verdict, now);
}

static void down(dp_relay *r, const devp2p_event *end, dp_now now)
{
    r->down = true;
    drop_ec(r);
    forget(r);
    dp_host_down(r->loop->srv->host, r->number, end, now);
    decided(r, end->code, end->remote, now);
}

void dp_relay_heard(dp_relay *r, dp_now now)
{
    dp_facts f = take_facts(r);
    bool ends = f.what & (DP_FACT_DOWN | DP_FACT_GONE);

    /* all in order, but that who has ended asks for no slot */
    if (f.what & DP_FACT_DIALED)
        dialed(r, f.dialed, now);
    if (f.what & DP_FACT_EC)
        ask(r, f.ec, now);
    if (f.what & DP_FACT_AUTHED)
        authed(r, &f.id, now);
    if (f.what & DP_FACT_READY)
        r->peer = f.peer;
    if (f.what & DP_FACT_READY && !ends)
        ready(r, now);
    if (f.what & DP_FACT_POINTS)
        dp_server_judge(r->loop->srv, r->peer, f.points, now);
    if (f.what & DP_FACT_DOWN)
        down(r, &f.end, now);
    if (f.what & DP_FACT_GONE) {
        r->gone = true;
        drop_ec(r);
    }
    rest(r);
}

/* --- sending --- */

/* merge puts new orders beside those that are not heard yet. */
static void merge(dp_orders *to, const dp_orders *o)
{
    unsigned news = o->what & ~to->what;

    if (news & (DP_ORDER_OPEN | DP_ORDER_SOCKET))
        to->raw = o->raw;
    if (news & DP_ORDER_OPEN)
        to->node = o->node;
    if (news & DP_ORDER_EC) {
        to->ec = o->ec;
        to->refused = o->refused;
    }
    if (news & DP_ORDER_NAMED)
        to->named = o->named;
    if (news & DP_ORDER_JUDGE)
        to->judged = o->judged;
    if (news & DP_ORDER_CLOSE)
        to->code = o->code;
    to->what |= news;
}

static void flush(dp_relay *r)
{
    dp_world *w = r->loop->world;
    pthread_mutex_t *lock = &r->loop->srv->lock;

    if (r->gone) {
        discard(r, &r->next);
        return;
    }
    pthread_mutex_lock(lock);
    merge(&r->orders, &r->next);
    bool first = !r->ordered;
    r->ordered = true;
    pthread_mutex_unlock(lock);
    r->next = (dp_orders){ .what = 0 };
    if (first)
        w->ops->post(w, &r->to_loop);
}

void dp_relays_flush(devp2p_server *srv)
{
    for (dp_link *k; (k = dp_list_pop(&srv->outgoing));)
        flush(dp_of(k, dp_relay, out));
}
