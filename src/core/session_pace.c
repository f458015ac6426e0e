/* SPDX-License-Identifier: MIT */
/* session_pace.c - the rates of a session: bytes in and out, messages of a code
 * that has a bound.  While it rests it does not read, so that TCP stops the
 * peer. */
#include "core/session_impl.h"

static bool bounded(const dp_rate *r)
{
    return r && r->per_s;
}

static int make_flows(dp_session *s)
{
    const dp_node_self *self = s->self;
    const dp_bounds *b = &self->bounds;

    if (!b->in_per_s && !b->out_per_s && !bounded(self->in) &&
        !bounded(self->out))
        return 0;
    s->in = dp_alloc(&self->env, 2 * sizeof *s->in);
    if (!s->in)
        return DEVP2P_ERR_NOMEM;
    s->out = s->in + 1;
    dp_flow_init(s->in, b->in_per_s, self->in);
    dp_flow_init(s->out, b->out_per_s, self->out);
    return 0;
}

static size_t room_out(const dp_session *s)
{
    return s->out ? dp_flow_room(s->out) : SIZE_MAX;
}

int dp_session_pace(dp_session *s)
{
    const dp_node_self *self = s->self;
    int err = make_flows(s);

    s->mux.rules = self->rules;
    if (self->bounds.recv_mark)
        s->mux.mark = self->bounds.recv_mark;
    if (self->bounds.send_mark)
        s->tx.mark = self->bounds.send_mark;
    s->tx.classes = self->rules ? DP_CLASSES : 1;
    s->tx.meter = &s->meter;
    s->tx.tells = self->tells_sent;
    s->meter.sum = self->traffic;
    s->tx.allowed = room_out(s);
    return err;
}

void dp_session_unpace(dp_session *s)
{
    dp_free(&s->self->env, s->in, 2 * sizeof *s->in);
    s->in = s->out = NULL;
}

void dp_session_came(dp_session *s, size_t n, dp_now now)
{
    dp_meter_bytes(&s->meter, DP_IN, n);
    if (s->in)
        dp_flow_spend(s->in, n, now);
}

size_t dp_session_room_in(const dp_session *s)
{
    return s->in ? dp_flow_room(s->in) : SIZE_MAX;
}

void dp_session_went(dp_session *s, size_t n, dp_now now)
{
    if (s->out)
        dp_flow_spend(s->out, n, now);
    s->tx.allowed = room_out(s);
}

/* forgive: for so long it was us who did not read. */
static void forgive(dp_session *s, uint64_t ns, dp_now now)
{
    if (!ns)
        return;
    dp_rx_rest(&s->rx, ns, now);
    dp_ping_rest(&s->ping, ns, now);
}

/* The rests of a session, each NULL when it can have none. */
static dp_rest *rest_in(const dp_session *s)
{
    return s->in ? &s->in->rest : NULL;
}

static dp_rest *rest_out(const dp_session *s)
{
    return s->out ? &s->out->rest : NULL;
}

void dp_session_wake(dp_session *s, dp_now now)
{
    dp_share_look(&s->mux.share);
    dp_share_look(&s->tx.share);
    forgive(s, dp_rest_end(rest_in(s), now), now);
    forgive(s, dp_rest_end(dp_mux_rest(&s->mux), now), now);
    dp_rest_end(rest_out(s), now);
    s->tx.allowed = room_out(s);
}

bool dp_session_rests(const dp_session *s)
{
    return dp_session_wakes(s) != DP_NEVER;
}

uint64_t dp_session_wakes(const dp_session *s)
{
    return dp_sooner(
        dp_rest_until(rest_in(s)), dp_rest_until(dp_mux_rest(&s->mux)));
}

uint64_t dp_session_sends(const dp_session *s)
{
    return s->tx.waiting ? dp_rest_until(rest_out(s)) : DP_NEVER;
}
