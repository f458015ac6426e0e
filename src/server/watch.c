/* SPDX-License-Identifier: MIT */
#include "server/watch.h"

#include "server/events.h"
#include "server/server.h"

#include <string.h>

/* tell: both kinds are told on the loop, so that they stand between PEER_ADD
 * and PEER_DROP, whatever threads send and read. */
static void tell(dp_line *line, const dp_channel *ch, devp2p_event *e)
{
    const devp2p_peer *peer = ch->rw.peer;
    const devp2p_protocol *row = ch->row;

    e->id = peer->id;
    e->addr = peer->remote;
    e->flags = devp2p_peer_flags(peer);
    e->version = row->version;
    memcpy(e->protocol, row->name, strlen(row->name));
    dp_events_tell(line->loop->srv, e);
}

void dp_watch_sent(dp_line *line, const dp_session_event *ev, dp_now now)
{
    devp2p_event e = {
        .kind = DEVP2P_EVENT_MSG_SENT,
        .time_ms = now.wall > 0 ? (uint64_t)now.wall : 0,
        .msg_code = ev->code,
        .msg_size = (uint32_t)ev->full,
    };

    tell(line, line->channels[ev->cap], &e);
}

void dp_watch_received(dp_line *line, const dp_channel *ch, uint64_t code,
    size_t full, int64_t at_ms)
{
    if (!line->loop->srv->cfg.message_events)
        return;
    devp2p_event e = {
        .kind = DEVP2P_EVENT_MSG_RECEIVED,
        .time_ms = at_ms > 0 ? (uint64_t)at_ms : 0,
        .msg_code = code,
        .msg_size = (uint32_t)full,
    };

    tell(line, ch, &e);
}
