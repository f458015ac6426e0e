/* SPDX-License-Identifier: MIT */
/* rw.c - the functions of an rw that do not depend on where it leads, and the
 * way to those that do. */
#include "server/rw.h"

devp2p_rw *devp2p_rw_keep(devp2p_rw *rw)
{
    atomic_fetch_add_explicit(&rw->refs, 1, memory_order_relaxed);
    return rw;
}

void devp2p_rw_drop(devp2p_rw *rw)
{
    if (rw &&
        atomic_fetch_sub_explicit(&rw->refs, 1, memory_order_acq_rel) == 1)
        rw->ops->free(rw);
}

devp2p_peer *devp2p_rw_peer(devp2p_rw *rw)
{
    return rw->peer;
}

void devp2p_rw_set_data(devp2p_rw *rw, void *data)
{
    rw->data = data;
}

void *devp2p_rw_data(devp2p_rw *rw)
{
    return rw->data;
}

int devp2p_rw_wait(devp2p_rw *rw, uint32_t timeout_ms)
{
    return rw->ops->wait(rw, timeout_ms);
}

int devp2p_read_for(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms)
{
    return rw->ops->read(rw, msg, timeout_ms);
}

int devp2p_read(devp2p_rw *rw, devp2p_msg *msg)
{
    return devp2p_read_for(rw, msg, DEVP2P_FOREVER);
}
