/* SPDX-License-Identifier: MIT */
/* handler.h - the beginning and the end of a peer's handlers. */
#ifndef DP_HANDLER_H
#define DP_HANDLER_H

#include "server/line.h"

/* dp_handler_reason is what a handler's result ends the connection with: a
 * DEVP2P_DISC_* that is told to the peer, or an error that is not. */
int dp_handler_reason(int result);

/* dp_handlers_start calls on_open and starts the threads, in the order of the
 * capabilities, until one ends the connection. */
void dp_handlers_start(dp_line *line, dp_now now);

/* dp_handler_reap joins the thread of ch if it has returned. */
void dp_handler_reap(dp_line *line, dp_channel *ch, dp_now now);

#endif
