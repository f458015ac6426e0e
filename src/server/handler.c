/* SPDX-License-Identifier: MIT */
#include "server/handler.h"

#include "server/server.h"

int dp_handler_reason(int result)
{
    if (result == 0)
        return DEVP2P_DISC_QUITTING;
    if (DEVP2P_IS_DISC(result) || result == DEVP2P_ERR_CLOSED)
        return result;
    if (result <= DEVP2P_ERR_RLP_SHORT && result >= DEVP2P_ERR_RLP_DEPTH)
        return DEVP2P_DISC_PROTOCOL_ERROR;
    return DEVP2P_DISC_SUBPROTOCOL_ERROR;
}

/* handler_main is the thread of a run-style handler. */
static void handler_main(void *arg)
{
    dp_channel *ch = arg;
    devp2p_peer *peer = ch->rw.peer;
    int result = ch->row->run(peer, &ch->rw, ch->row->user);

    dp_peer_lock(peer);
    ch->returned = true;
    ch->result = result;
    dp_peer_nudge(peer);
    dp_peer_unlock(peer);
}

static int start_thread(dp_line *line, dp_channel *ch)
{
    dp_world *w = line->loop->world;
    size_t stack = line->loop->srv->cfg.run_stack;
    int err = w->ops->parker(w, &ch->parker);

    if (!err)
        err = w->ops->spawn(w, handler_main, ch, stack, &ch->task);
    if (!err)
        line->threads++;
    return err;
}

/* begin: from here on a broadcast reaches the handler's peer. */
static void begin(dp_channel *ch)
{
    dp_peer_lock(ch->rw.peer);
    ch->begun = true;
    dp_peer_unlock(ch->rw.peer);
}

/* open_one gives a handler its peer: 0, or what the connection ends with. */
static int open_one(dp_line *line, dp_channel *ch)
{
    int err = 0;

    if (ch->runs) {
        begin(ch);
        err = start_thread(line, ch);
        if (!err)
            return 0;
        dp_log(&line->loop->self.env, DEVP2P_LOG_WARN, "server",
            "no thread for a handler of %s: %s", ch->row->name,
            devp2p_strerror(err));
        return DEVP2P_DISC_TOO_MANY_PEERS;
    }
    ch->opened = true;
    if (ch->row->on_open)
        err = ch->row->on_open(ch->rw.peer, &ch->rw, ch->row->user);
    if (err)
        return dp_handler_reason(err);
    begin(ch);
    return 0;
}

void dp_handlers_start(dp_line *line, dp_now now)
{
    for (size_t i = 0; i < line->nchannels; i++) {
        if (line->code || dp_peer_ending(line->peer))
            return;
        int code = open_one(line, line->channels[i]);
        if (code)
            dp_line_end(line, code, i, now);
    }
}

void dp_handler_reap(dp_line *line, dp_channel *ch, dp_now now)
{
    dp_peer_lock(ch->rw.peer);
    bool returned = ch->returned;
    int result = ch->result;
    ch->returned = false;
    dp_peer_unlock(ch->rw.peer);
    if (!returned)
        return;
    line->loop->world->ops->join(ch->task);
    ch->task = NULL;
    line->threads--;
    dp_line_end(line, dp_handler_reason(result), ch->cap, now);
}
