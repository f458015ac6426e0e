/* SPDX-License-Identifier: MIT */
/* dial.h - a TCP connection to a node, in bounded time.  Moments are those of
 * dial_clock. */
#ifndef CLI_DIAL_H
#define CLI_DIAL_H

#include <devp2p/node.h>

#define DIAL_TEXT (DEVP2P_HOST_MAX + DEVP2P_ADDR_TEXT)

/* dial_clock is the time in nanoseconds, of a clock that never goes back. */
uint64_t dial_clock(void);

/* dial_wait waits for events of poll(2) on fd: false when the moment end came
 * first. */
bool dial_wait(int fd, short events, uint64_t end);

/* dial_text writes the host and port of a node; it returns out. */
char *dial_text(char out[DIAL_TEXT], const devp2p_node *node);

/* dial connects to the host and TCP port of a node; a name is looked up and its
 * addresses are tried in turn.  It returns 0, or FAILED when it has said why
 * not; at the moment end it gives up.
 *
 * Out: fd - a socket that does not block. */
int dial(int *fd, const devp2p_node *node, uint64_t end);

/* dial_ended says why a connection to a node came to nothing, be it for a
 * reason that the node gave; it returns FAILED. */
int dial_ended(const devp2p_node *node, int reason, bool remote);

#endif
