/* SPDX-License-Identifier: MIT */
/* deliver.h - messages on their way to handlers: called at once in the event
 * style, queued for the thread of the run style.  A long message of the event
 * style is queued too, and made plain a piece a turn before on_msg gets it;
 * what comes behind it for the same protocol waits, all else goes on. */
#ifndef DP_DELIVER_H
#define DP_DELIVER_H

#include "server/line.h"

/* dp_deliver takes a DP_MSG. */
void dp_deliver(dp_line *line, const dp_session_event *ev, dp_now now);

/* dp_deliver_settle ends a turn for one channel: threads that wait for
 * messages or for room are woken, on_writable is called when it is due, long
 * messages get on, and what on_msg put off comes again. */
void dp_deliver_settle(dp_line *line, dp_channel *ch, dp_now now);

/* dp_deliver_rest gives on_msg what the other end said before it left, when the
 * session has ended; a message that is put off once more, and those behind it,
 * are lost. */
void dp_deliver_rest(dp_line *line, dp_channel *ch);

/* dp_deliver_close calls on_close if on_open was called; what waited for on_msg
 * is freed. */
void dp_deliver_close(dp_channel *ch, int reason);

#endif
