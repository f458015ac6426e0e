/* SPDX-License-Identifier: MIT */
/* devp2p/packet.h - one message for any number of peers: encoded once, and
 * compressed once for all of them.
 *
 *     devp2p_packet *block;
 *     int err = devp2p_packet_new(&block, NEW_BLOCK, block_msg, &value);
 *     if (!err)
 *         err = devp2p_server_broadcast(srv, &sent, &full, "eth", 68, block);
 *     devp2p_packet_drop(block);
 *
 * A packet never changes and belongs to no server.  It is counted; its memory
 * comes from malloc, not from the allocator of a configuration, since it may
 * outlive every server that it was given to. */
#ifndef DEVP2P_PACKET_H
#define DEVP2P_PACKET_H

#include <devp2p/rlp.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct devp2p_packet devp2p_packet;

/* devp2p_packet_new_raw makes a packet of a payload that is RLP already (or
 * empty).
 *
 * Returns: 0; ERR_TOO_BIG when the payload is above 2^24 - 1 bytes; ERR_NOMEM.
 * Out:     out - owned by the caller, who gives it back with
 *          devp2p_packet_drop; NULL after an error.
 * In:      code - relative to the protocol that it will be sent by; payload -
 *          copied.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_packet_new_raw(
    devp2p_packet **out, uint64_t code, devp2p_slice payload);

/* devp2p_packet_new_struct makes one of a struct as a list (macro
 * devp2p_packet_new), devp2p_packet_new_list of n values as a list (macro
 * devp2p_packet_new_items), devp2p_packet_new_one of one bare value (macro
 * devp2p_packet_new_value).
 *
 * Returns: as devp2p_packet_new_raw, or ERR_RLP_*.
 * Out:     out - as there.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_packet_new_struct(devp2p_packet **out,
    uint64_t code, const devp2p_rlp_type *type, const void *value);
DEVP2P_API DEVP2P_CHECK int devp2p_packet_new_list(
    devp2p_packet **out, uint64_t code, const devp2p_item *items, size_t n);
DEVP2P_API DEVP2P_CHECK int devp2p_packet_new_one(
    devp2p_packet **out, uint64_t code, const devp2p_item *item);

/* devp2p_packet_keep adds a reference, devp2p_packet_drop gives one back; NULL
 * is fine for drop.  What was sent keeps itself.
 *
 * Returns: keep returns its packet.
 * Thread:  any. */
DEVP2P_API devp2p_packet *devp2p_packet_keep(devp2p_packet *packet);
DEVP2P_API void devp2p_packet_drop(devp2p_packet *packet);

#ifndef __cplusplus
/* The same three shapes as devp2p_send, _items and _value. */
#define devp2p_packet_new(out, code, tag, ptr) \
    devp2p_packet_new_struct(                  \
        (out), (code), &tag##_rlp, 1 ? (ptr) : (const struct tag *)0)
#define devp2p_packet_new_items(out, code, ...) \
    devp2p_packet_new_list((out), (code), DEVP2P_ITEMS(__VA_ARGS__))
#define devp2p_packet_new_value(out, code, value) \
    devp2p_packet_new_one(                        \
        (out), (code), (const devp2p_item[]){ DEVP2P_ITEM(value) })
#endif

#ifdef __cplusplus
}
#endif
#endif
