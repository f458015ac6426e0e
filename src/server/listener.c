/* SPDX-License-Identifier: MIT */
#include "server/listener.h"

enum {
    PORT_TRIES = 16
}; /* a port free in one family may be taken in the other
                           */

static devp2p_addr anywhere(uint8_t family, uint16_t port)
{
    return (devp2p_addr){ .family = family, .port = port };
}

static int bind_one(dp_io **io, dp_world *w, dp_listener *l,
    const devp2p_addr *at, devp2p_addr *bound)
{
    int err = w->ops->listen(w, at, l, io, bound);

    if (err)
        *io = NULL;
    return err;
}

/* absent: this machine does not have that family. */
static bool absent(int err)
{
    return err == DEVP2P_ERR_ADDR_UNAVAILABLE;
}

static int bind_both(
    dp_listener *l, dp_world *w, uint16_t port, devp2p_addr *bound)
{
    devp2p_addr six = anywhere(6, port), four = anywhere(4, port), at;
    int err = bind_one(&l->io[0], w, l, &six, &at);

    if (err && !absent(err))
        return err;
    if (!err) {
        *bound = at;
        four.port = at.port;
    }
    int err4 = bind_one(&l->io[1], w, l, &four, &at);
    if (!err4)
        *bound = at;
    if (err4 && (err || !absent(err4))) {
        dp_listener_close(l, w);
        return err4;
    }
    return 0;
}

static int bind_any(
    dp_listener *l, dp_world *w, const devp2p_addr *at, devp2p_addr *bound)
{
    int err = bind_both(l, w, at->port, bound);

    for (int i = 1; i < PORT_TRIES && err == DEVP2P_ERR_ADDR_IN_USE; i++) {
        if (at->port != 0)
            break;
        err = bind_both(l, w, 0, bound);
    }
    return err;
}

static int refused(int err, const devp2p_addr *at)
{
    char text[DEVP2P_ADDR_TEXT];

    if (at->family)
        return dp_fail(err, "listen_addr: %s: %s", devp2p_addr_text(text, at),
            devp2p_strerror(err));
    return dp_fail(err, "listen_addr: :%u: %s", at->port, devp2p_strerror(err));
}

/* reachable turns "every address" into one that this machine can dial. */
static void reachable(devp2p_addr *addr)
{
    if (!dp_addr_is_unspecified(addr))
        return;
    if (addr->family == 4) {
        addr->ip[0] = 127;
        addr->ip[3] = 1;
    } else {
        addr->ip[15] = 1;
    }
}

int dp_listener_bind(
    dp_listener *l, dp_world *w, const devp2p_addr *at, devp2p_addr *bound)
{
    int err = at->family ? bind_one(&l->io[0], w, l, at, bound)
                         : bind_any(l, w, at, bound);

    if (err)
        return refused(err, at);
    reachable(bound);
    return 0;
}

void dp_listener_want(dp_listener *l, dp_world *w, bool accepting)
{
    if (l->reading == accepting)
        return;
    l->reading = accepting;
    for (size_t i = 0; i < 2; i++)
        if (l->io[i])
            w->ops->want(l->io[i], accepting ? DP_READ : 0);
}

void dp_listener_close(dp_listener *l, dp_world *w)
{
    for (size_t i = 0; i < 2; i++)
        if (l->io[i])
            w->ops->close(l->io[i], false);
    *l = (dp_listener){ .reading = false };
}
