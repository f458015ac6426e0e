/* SPDX-License-Identifier: MIT */
/* line.h - one connection of a server, inbound or dialled: the stream, its
 * session, the peer and the handlers above it.  Everything here belongs to the
 * loop unless a line says otherwise. */
#ifndef DP_LINE_H
#define DP_LINE_H

#include "base/timer.h"
#include "server/channel.h"
#include "server/loop.h"
#include "wire/socks5.h"

#include <devp2p/server.h>

struct dp_relay;

/* What a dp_post is embedded in. */
enum { DP_POST_LINE = 0, DP_POST_RELAY };

/* Where the curve work of a line is. */
typedef enum dp_ec_place {
    DP_EC_NONE = 0,
    DP_EC_GATE, /* it waits for a token */
    DP_EC_POOL,
    DP_EC_AWAY /* with the relay */
} dp_ec_place;

/* A dp_ec_holder is the owner of curve work at the gate or in the pool: a line
 * of the first loop, or the relay of another one. */
typedef struct dp_ec_holder {
    uint8_t at; /* dp_ec_place */
    bool relayed;
} dp_ec_holder;

/* A dp_socks is what a dial through a proxy needs until it is up. */
typedef struct dp_socks {
    dp_socks5 talk;
    char host[DEVP2P_HOST_MAX + 1]; /* what the proxy is to look up, or "" */
} dp_socks;

typedef struct dp_line {
    dp_loop *loop;
    struct dp_relay *relay; /* NULL: it lives on the first loop */
    uint64_t number;        /* the conn of dp_host */
    dp_link all;            /* of the loop's lines */
    dp_link dirty;          /* of those that have something to do */
    dp_timer timer;
    dp_post post;

    dp_io *io;
    unsigned want;       /* what io was asked to tell */
    int broken;          /* why it takes nothing any more, 0: it does */
    devp2p_addr far;     /* the other end */
    devp2p_pubkey dial;  /* whom we dial */
    dp_socks *socks;     /* while a dial is with a proxy; NULL */
    uint64_t ticket;     /* of who handed it over, until it is decided; 0 */
    dp_session *session; /* NULL while the dial lasts, and after the end */

    dp_ec_holder ec;
    bool full;     /* the session gave no room to read into */
    bool choked;   /* the stream takes nothing */
    bool ended;    /* the stream gives nothing any more */
    bool again;    /* a turn must follow at once */
    bool starved;  /* the loop's share of this turn was used up */
    bool retry;    /* a handler said ERR_AGAIN without a reason of ours */
    bool starting; /* accepted; the handlers are not started */
    bool over;     /* only the last threads are to come */
    unsigned threads;
    int code;     /* what we ended it with, 0: not yet */
    size_t blame; /* the capability that it was ended for, or SIZE_MAX */

    devp2p_peer *peer;     /* from READY on */
    dp_channel **channels; /* one for each shared capability */
    size_t nchannels;
} dp_line;

/* A dp_line_setup is where a connection is to live. */
typedef struct dp_line_setup {
    dp_loop *loop;
    struct dp_relay *relay; /* NULL on the first loop */
    uint64_t number;
    const devp2p_addr *far;
} dp_line_setup;

/* dp_line_new makes a line without stream or session: 0, ERR_NOMEM, ERR_LIMIT.
 */
int dp_line_new(dp_line **out, const dp_line_setup *setup);

/* dp_line_free frees one that is over, or never had a stream. */
void dp_line_free(dp_line *line);

/* dp_line_find finds one of the first loop. */
dp_line *dp_line_find(devp2p_server *srv, uint64_t number);

/* dp_line_open starts the session on the stream; it is the initiator of a line
 * that we dialled. */
int dp_line_open(dp_line *line, dp_now now);

/* dp_line_touch makes the next turn work on the line; dp_line_sends, which has
 * just given the session something to send, needs none when this turn is still
 * to seal and write. */
void dp_line_touch(dp_line *line);
void dp_line_sends(dp_line *line);

/* dp_line_end ends it: a reason is told to the peer after what was sent, an
 * error is not.  The first code stays; cap is to blame, or SIZE_MAX. */
void dp_line_end(dp_line *line, int code, size_t cap, dp_now now);

/* dp_line_read and _write move bytes between stream and session, dp_line_want
 * asks the stream for what is needed next. */
void dp_line_read(dp_line *line, dp_now now);
void dp_line_write(dp_line *line, dp_now now);
void dp_line_want(dp_line *line);

/* dp_line_events takes what the session has to tell. */
void dp_line_events(dp_line *line, dp_now now);

/* dp_line_judged passes a verdict on READY that the host gave on its own loop;
 * dp_line_named and _welcome what came of AUTHED and READY to the session. */
void dp_line_judged(dp_line *line, int verdict, dp_now now);
void dp_line_named(dp_line *line, int verdict, dp_now now);
void dp_line_welcome(dp_line *line, int verdict, dp_now now);

/* dp_line_start starts the handlers of a line that was accepted, once. */
void dp_line_start(dp_line *line, dp_now now);

/* dp_line_posted takes what threads did, dp_line_settle lets them see what the
 * loop did. */
void dp_line_posted(dp_line *line, dp_now now);
void dp_line_settle(dp_line *line, dp_now now);

/* dp_line_gone tells whether nothing can touch a line that is over. */
bool dp_line_gone(dp_line *line);

/* --- for channel and peer; the peer's lock held, any thread --- */
dp_world *dp_line_world(const dp_line *line);
void dp_line_post(dp_line *line);
bool dp_line_inside(const dp_line *line); /* on the loop's own thread */
uint64_t dp_line_until(const dp_line *line, uint32_t timeout_ms);
void dp_line_outside(dp_line *line, size_t was, size_t is); /* of an outbox */
bool dp_line_crowded(const dp_line *line); /* the send total is used up */
dp_session *dp_line_session(const dp_line *line); /* on the loop */
dp_now dp_line_now(const dp_line *line);

#endif
