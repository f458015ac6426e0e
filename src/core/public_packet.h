/* SPDX-License-Identifier: MIT */
/* public_packet.h - devp2p_packet: one message in each form that its peers
 * need.  The compressed one is made for the first peer that wants it and then
 * shared by all, whatever thread sends. */
#ifndef DP_PUBLIC_PACKET_H
#define DP_PUBLIC_PACKET_H

#include "core/encode.h"
#include "core/packet.h"

#include <devp2p/packet.h>

struct devp2p_packet {
    atomic_uint refs;
    const dp_env *env;
    dp_packet *plain;
    _Atomic(dp_packet *) snappy; /* NULL: nobody has wanted it yet */
};

/* dp_public_packet_new and _raw are devp2p_packet_new_* with memory of the
 * caller's. */
int dp_public_packet_raw(devp2p_packet **out, const dp_env *env, uint64_t code,
    devp2p_slice payload);
int dp_public_packet_new(devp2p_packet **out, const dp_env *env, uint64_t code,
    const dp_source *from);

/* dp_public_packet_form is the message for a peer with snappy or without,
 * borrowed from p: 0, ERR_NOMEM. */
int dp_public_packet_form(dp_packet **out, devp2p_packet *p, bool snappy);

/* dp_public_packet_payload is borrowed from p. */
devp2p_slice dp_public_packet_payload(const devp2p_packet *p);

#endif
