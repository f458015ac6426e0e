/* SPDX-License-Identifier: MIT */
/* rw.h - what a handler reads and sends by, wherever it leads: the head of a
 * channel (channel.h) or of an end of a pipe (pipe.h). */
#ifndef DP_RW_H
#define DP_RW_H

#include "base/env.h"

#include <devp2p/protocol.h>

#include <stdatomic.h>

/* What stands behind the public functions of an rw; read, send,
 * send_packet and wait are devp2p_read_for, devp2p_send_raw, devp2p_send_packet
 * and devp2p_rw_wait. */
typedef struct dp_rw_ops {
    int (*read)(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms);
    /* the reader needs what it read last no more */
    void (*done)(devp2p_rw *rw);
    /* what a send would answer, before anything is encoded */
    int (*ready)(devp2p_rw *rw, uint64_t code);
    int (*send)(devp2p_rw *rw, uint64_t code, devp2p_slice payload);
    int (*send_packet)(devp2p_rw *rw, devp2p_packet *packet);
    int (*wait)(devp2p_rw *rw, uint32_t timeout_ms);
    void (*free)(devp2p_rw *rw); /* the last reference is gone */
} dp_rw_ops;

struct devp2p_rw {
    const dp_rw_ops *ops;
    const dp_env *env; /* of the memory that a send needs for a moment */
    atomic_uint refs;
    devp2p_peer *peer; /* counted */
    void *data;        /* of the user */
};

#endif
