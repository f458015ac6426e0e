/* SPDX-License-Identifier: MIT */
#include "server/outbox.h"

enum {
    FIRST = 8,
    KEPT = 64 /* a ring of so many stays when it is empty */
};

/* weigh: an empty message is not free of charge. */
static size_t weigh(const dp_packet *p)
{
    return sizeof *p + p->len;
}

static int grow(dp_outbox *o, const dp_env *env)
{
    size_t cap = o->cap ? 2 * o->cap : FIRST;
    dp_packet **ring = dp_alloc(env, cap * sizeof *ring);

    if (!ring)
        return DEVP2P_ERR_NOMEM;
    for (size_t i = 0; i < o->n; i++)
        ring[i] = o->ring[(o->first + i) % o->cap];
    dp_free(env, o->ring, o->cap * sizeof *o->ring);
    o->ring = ring;
    o->first = 0;
    o->cap = cap;
    return 0;
}

int dp_outbox_add(dp_outbox *o, const dp_env *env, dp_packet *p)
{
    int err = o->n == o->cap ? grow(o, env) : 0;

    if (err)
        return err;
    o->ring[(o->first + o->n++) % o->cap] = dp_packet_keep(p);
    o->bytes += weigh(p);
    return 0;
}

dp_packet *dp_outbox_first(const dp_outbox *o)
{
    return o->n ? o->ring[o->first] : NULL;
}

void dp_outbox_pop(dp_outbox *o)
{
    dp_packet *p = o->ring[o->first];

    o->first = (o->first + 1) % o->cap;
    o->n--;
    o->bytes -= weigh(p);
    dp_packet_drop(p);
}

void dp_outbox_shrink(dp_outbox *o, const dp_env *env)
{
    if (o->n == 0 && o->cap > KEPT)
        dp_outbox_fini(o, env);
}

void dp_outbox_fini(dp_outbox *o, const dp_env *env)
{
    while (o->n)
        dp_outbox_pop(o);
    dp_free(env, o->ring, o->cap * sizeof *o->ring);
    *o = (dp_outbox){ 0 };
}
