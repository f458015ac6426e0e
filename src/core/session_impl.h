/* SPDX-License-Identifier: MIT */
/* session_impl.h - the parts of a session, for session*.c alone. */
#ifndef DP_SESSION_IMPL_H
#define DP_SESSION_IMPL_H

#include "core/farewell.h"
#include "core/handshake.h"
#include "core/ping.h"
#include "core/rx.h"
#include "core/session.h"

typedef enum dp_stage {
    DP_STAGE_KEYS = 0, /* auth and ack */
    DP_STAGE_NAMED,    /* AUTHED waits for its verdict */
    DP_STAGE_GREETING, /* our Hello goes out, theirs has not come */
    DP_STAGE_HELD,     /* READY waits for its verdict */
    DP_STAGE_OPEN,     /* messages */
    DP_STAGE_LEAVING,  /* the farewell */
    DP_STAGE_LOST,     /* DOWN waits to be told */
    DP_STAGE_DEAD      /* DOWN was told */
} dp_stage;

struct dp_session {
    const dp_node_self *self;
    dp_stage stage;
    dp_session_event_kind tell; /* waits to be told; 0: nothing */
    dp_session_event end;       /* what DOWN will say */
    bool ended;                 /* no byte follows from the peer */
    int ended_err;              /* why; 0: it ended its side in order */
    uint64_t born;
    uint64_t look; /* when a starved session looks at the total again */
    dp_handshake *handshake; /* NULL once its last byte was written */
    uint8_t *token; /* to be kept when the peer is let in, 32 bytes; or NULL */
    devp2p_pubkey peer;
    dp_hello hello;
    bool greeted;         /* hello holds one */
    uint8_t *hello_block; /* what hello borrows from */
    size_t hello_size;
    dp_rx rx;
    dp_mux mux;
    dp_tx tx;
    dp_flow *in, *out; /* NULL: no bound; in is a block of both */
    dp_meter meter;
    dp_ping ping;
    dp_farewell farewell;
};

/* dp_session_note puts the token aside before the handshake is dropped. */
void dp_session_note(dp_session *s);

/* dp_session_lose ends the session without a word; a first reason stays. */
void dp_session_lose(dp_session *s, int reason, bool reset);

/* dp_session_walk handles the messages that were opened, up to one for a
 * capability, which it puts into ev. */
bool dp_session_walk(dp_session *s, dp_session_event *ev, dp_now now);

/* dp_session_walks: what was opened may be handled now. */
bool dp_session_walks(const dp_session *s);

/* dp_session_opens and dp_session_seals: a lend would give something. */
bool dp_session_opens(const dp_session *s);
bool dp_session_seals(const dp_session *s);

/* dp_session_waits: a reader is at its mark, or too much waits for readers
 * while the total is exhausted. */
static inline bool dp_session_waits(const dp_session *s)
{
    return dp_mux_blocked(&s->mux) || s->mux.share.over;
}

/* --- session_pace.c: how fast bytes and messages may come and go --- */

/* dp_session_pace gives a session what the configuration says: 0, ERR_NOMEM;
 * dp_session_unpace frees it. */
int dp_session_pace(dp_session *s);
void dp_session_unpace(dp_session *s);

/* dp_session_came and _went pay for bytes that were read, or put into the
 * window. */
void dp_session_came(dp_session *s, size_t n, dp_now now);
void dp_session_went(dp_session *s, size_t n, dp_now now);

/* dp_session_room_in is how many bytes may be read at once. */
size_t dp_session_room_in(const dp_session *s);

/* dp_session_wake ends the rests whose time is over, and looks at what the
 * totals have left. */
void dp_session_wake(dp_session *s, dp_now now);

/* dp_session_rests: we do not read for a while, the peer's clocks rest. */
bool dp_session_rests(const dp_session *s);

/* dp_session_wakes is when it reads again, dp_session_sends when what is queued
 * may go on; DP_NEVER when there is nothing to wait for. */
uint64_t dp_session_wakes(const dp_session *s);
uint64_t dp_session_sends(const dp_session *s);

#endif
