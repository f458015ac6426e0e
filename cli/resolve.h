/* SPDX-License-Identifier: MIT */
/* resolve.h - from the host of a node URL to addresses, in bounded time. */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include <devp2p/node.h>

/* clock_ms is the time in milliseconds, of a clock that never goes back. */
int64_t clock_ms(void);

/* resolve finds the TCP endpoints of a node: that of the URL, or those of its
 * host name.  It returns 0, or FAILED when it has said why there is none; the
 * moment end is when it gives up.
 *
 * Out: out - *n endpoints, at least 1 and at most cap. */
int resolve(devp2p_addr *out, size_t cap, size_t *n, const devp2p_node *node,
    int64_t end);

#endif
