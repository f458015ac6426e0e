/* SPDX-License-Identifier: MIT */
/* watch.h - events about messages, for who configured message_events. */
#ifndef DP_WATCH_H
#define DP_WATCH_H

#include "server/line.h"

/* dp_watch_sent tells a DP_SENT, dp_watch_received a message that came for a
 * channel, if anybody wants to know.  On the loop, no lock held. */
void dp_watch_sent(dp_line *line, const dp_session_event *ev, dp_now now);
void dp_watch_received(dp_line *line, const dp_channel *ch, uint64_t code,
    size_t full, int64_t at_ms);

#endif
