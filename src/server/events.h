/* SPDX-License-Identifier: MIT */
/* events.h - telling events: to the callback, then to every ring. */
#ifndef DP_EVENTS_H
#define DP_EVENTS_H

#include "server/server.h"

/* dp_events_tell, on the loop. */
void dp_events_tell(devp2p_server *srv, const devp2p_event *event);

/* dp_events_end: nothing follows; readers are woken. */
void dp_events_end(devp2p_server *srv);

#endif
