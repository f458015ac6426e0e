/* SPDX-License-Identifier: MIT */
/* encode.c - devp2p_send_* and devp2p_decode_*: between C values, RLP and
 * payloads, on the thread of the caller. */
#include "core/encode.h"
#include "core/public_packet.h"
#include "core/scratch.h"
#include "server/rw.h"

/* --- sending --- */

static int send_source(devp2p_rw *rw, uint64_t code, const dp_source *from)
{
    dp_payload payload;
    int err = rw->ops->ready(rw, code);

    if (!err)
        err = dp_payload_init(&payload, rw->env, from);
    if (err)
        return err;
    err = rw->ops->send(rw, code, payload.bytes);
    dp_payload_fini(&payload);
    return err;
}

int devp2p_send_raw(devp2p_rw *rw, uint64_t code, devp2p_slice payload)
{
    int err = rw->ops->ready(rw, code);
    return err ? err : rw->ops->send(rw, code, payload);
}

int devp2p_send_packet(devp2p_rw *rw, devp2p_packet *packet)
{
    int err = rw->ops->ready(rw, packet->plain->code);
    return err ? err : rw->ops->send_packet(rw, packet);
}

int devp2p_send_struct(devp2p_rw *rw, uint64_t code,
    const devp2p_rlp_type *type, const void *value)
{
    return send_source(rw, code, &(dp_source){ .type = type, .value = value });
}

int devp2p_send_list(
    devp2p_rw *rw, uint64_t code, const devp2p_item *items, size_t n)
{
    return send_source(rw, code, &(dp_source){ .items = items, .n = n });
}

int devp2p_send_one(devp2p_rw *rw, uint64_t code, const devp2p_item *item)
{
    return send_source(rw, code, &(dp_source){ .items = item, .bare = true });
}

/* --- decoding --- */

/* A target takes the values; the second try has an arena. */
typedef struct target {
    const devp2p_rlp_type *type;
    void *value;
    const devp2p_dest *dests;
    size_t n;
    bool bare;
} target;

static int decode_once(const devp2p_msg *msg, const target *to)
{
    devp2p_rlp_reader r = devp2p_rlp_read(msg->payload.at, msg->payload.len);

    if (to->type)
        devp2p_rlp_get_struct(&r, to->type, to->value, msg->arena);
    else if (to->bare)
        devp2p_rlp_get_item(&r, to->dests, msg->arena);
    else
        devp2p_rlp_get_items(&r, to->dests, to->n, msg->arena);
    return devp2p_rlp_done(&r);
}

static int decode(const devp2p_msg *msg, const target *to)
{
    int err = decode_once(msg, to);

    if (err == DEVP2P_ERR_NOBUF && dp_arena_grow(msg->arena))
        err = decode_once(msg, to);
    return err;
}

int devp2p_decode_struct(
    const devp2p_msg *msg, const devp2p_rlp_type *type, void *out)
{
    return decode(msg, &(target){ .type = type, .value = out });
}

int devp2p_decode_list(
    const devp2p_msg *msg, const devp2p_dest *dests, size_t n)
{
    return decode(msg, &(target){ .dests = dests, .n = n });
}

int devp2p_decode_one(const devp2p_msg *msg, const devp2p_dest *dest)
{
    return decode(msg, &(target){ .dests = dest, .bare = true });
}
