/* SPDX-License-Identifier: MIT */
/* await.h - threads that wait for what becomes of a command. */
#ifndef DP_AWAIT_H
#define DP_AWAIT_H

#include <devp2p/server.h>

/* dp_await_tell shows an event to those that wait, dp_await_end sends them away
 * with ERR_CLOSED.  On the loop, the server's lock held. */
void dp_await_tell(devp2p_server *srv, const devp2p_event *event);
void dp_await_end(devp2p_server *srv);

#endif
