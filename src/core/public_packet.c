/* SPDX-License-Identifier: MIT */
#include "core/public_packet.h"

/* A packet may outlive every server, so its memory is nobody's. */
static const dp_env own_env = { .alloc = dp_default_alloc };

int dp_public_packet_raw(
    devp2p_packet **out, const dp_env *env, uint64_t code, devp2p_slice payload)
{
    devp2p_packet *p = dp_alloc(env, sizeof *p);

    *out = NULL;
    if (!p)
        return DEVP2P_ERR_NOMEM;
    int err = dp_packet_new(&p->plain, env, code, payload, false);
    if (err) {
        dp_free(env, p, sizeof *p);
        return err;
    }
    atomic_init(&p->refs, 1);
    atomic_init(&p->snappy, NULL);
    p->env = env;
    *out = p;
    return 0;
}

int dp_public_packet_new(devp2p_packet **out, const dp_env *env, uint64_t code,
    const dp_source *from)
{
    dp_payload payload;
    int err = dp_payload_init(&payload, env, from);

    *out = NULL;
    if (err)
        return err;
    err = dp_public_packet_raw(out, env, code, payload.bytes);
    dp_payload_fini(&payload);
    return err;
}

devp2p_slice dp_public_packet_payload(const devp2p_packet *p)
{
    return (devp2p_slice){ p->plain->bytes, p->plain->len };
}

/* dp_public_packet_form: two threads may compress at once; the first one's form
 * stays. */
int dp_public_packet_form(dp_packet **out, devp2p_packet *p, bool snappy)
{
    dp_packet *had = NULL, *made;

    *out = snappy ? atomic_load_explicit(&p->snappy, memory_order_acquire)
                  : p->plain;
    if (*out)
        return 0;
    int err = dp_packet_new(
        &made, p->env, p->plain->code, dp_public_packet_payload(p), true);
    if (err)
        return err;
    if (!atomic_compare_exchange_strong_explicit(&p->snappy, &had, made,
            memory_order_acq_rel, memory_order_acquire)) {
        dp_packet_drop(made);
        made = had;
    }
    *out = made;
    return 0;
}

/* --- public --- */

int devp2p_packet_new_raw(
    devp2p_packet **out, uint64_t code, devp2p_slice payload)
{
    return dp_public_packet_raw(out, &own_env, code, payload);
}

int devp2p_packet_new_struct(devp2p_packet **out, uint64_t code,
    const devp2p_rlp_type *type, const void *value)
{
    return dp_public_packet_new(
        out, &own_env, code, &(dp_source){ .type = type, .value = value });
}

int devp2p_packet_new_list(
    devp2p_packet **out, uint64_t code, const devp2p_item *items, size_t n)
{
    return dp_public_packet_new(
        out, &own_env, code, &(dp_source){ .items = items, .n = n });
}

int devp2p_packet_new_one(
    devp2p_packet **out, uint64_t code, const devp2p_item *item)
{
    return dp_public_packet_new(
        out, &own_env, code, &(dp_source){ .items = item, .bare = true });
}

devp2p_packet *devp2p_packet_keep(devp2p_packet *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void devp2p_packet_drop(devp2p_packet *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1)
        return;
    dp_packet_drop(p->plain);
    dp_packet_drop(atomic_load_explicit(&p->snappy, memory_order_relaxed));
    dp_free(p->env, p, sizeof *p);
}
