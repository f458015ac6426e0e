/* SPDX-License-Identifier: MIT */
/* relay.h - what stands between the host and a line that lives on another loop
 * than the first: one record for each such connection, made with it and freed
 * when both sides have let go of it.
 *
 * The line tells facts, the first loop gives orders.  Each kind has a place of
 * its own in the record and is said at most once before it is heard, so that
 * saying something never allocates and never loses anything; the record is
 * posted to the other side once, however much it holds by then.  What the host
 * said in a turn leaves at the end of it, behind its events: a handler begins
 * behind the PEER_ADD of its peer.
 *
 * A verdict may arrive when the line has ended; the session ignores it, and the
 * host hears of the end as it would have otherwise.  Lines of the first loop
 * have no relay and call the host in the same turn. */
#ifndef DP_RELAY_H
#define DP_RELAY_H

#include "core/host.h"
#include "server/dialer.h"
#include "server/line.h"

/* Facts and orders, in the order they are heard in. */
enum {
    DP_FACT_DIALED = 1, /* as dp_host_dialed */
    DP_FACT_EC = 2,     /* curve work for the gate */
    DP_FACT_AUTHED = 4,
    DP_FACT_READY = 8,
    DP_FACT_DOWN = 16,   /* the session has ended */
    DP_FACT_GONE = 32,   /* the line is freed: nobody obeys any more */
    DP_FACT_POINTS = 64, /* reported of the peer, before DOWN */

    DP_ORDER_OPEN = 1,   /* begin on a socket, or a dial of node */
    DP_ORDER_SOCKET = 2, /* the program's dialer answers */
    DP_ORDER_EC = 4,     /* curve work is done, or was refused */
    DP_ORDER_NAMED = 8,  /* the verdict on AUTHED */
    DP_ORDER_JUDGE = 16, /* the verdict on READY */
    DP_ORDER_CLOSE = 32,
    DP_ORDER_CANCEL = 64 /* free it, the host has forgotten the dial */
};

typedef struct dp_facts {
    unsigned what;
    int dialed;
    dp_ec *ec;
    devp2p_id id;      /* AUTHED */
    devp2p_peer *peer; /* READY: counted */
    int points;        /* POINTS: their sum */
    devp2p_event end;  /* DOWN: as for dp_host_down */
} dp_facts;

typedef struct dp_orders {
    unsigned what;
    int raw;           /* OPEN, SOCKET: a socket, or an error */
    devp2p_node *node; /* OPEN: a dial; NULL: raw */
    dp_ec *ec;         /* EC: done; NULL: refused with */
    int refused;
    int named, judged, code; /* NAMED, JUDGE, CLOSE */
} dp_orders;

typedef struct dp_relay {
    /* never changes */
    dp_loop *loop;
    uint64_t number;
    devp2p_addr far;
    devp2p_pubkey dial; /* whom we dialled */
    dp_now since;       /* when the host wanted a dial */
    dp_post to_host, to_loop;

    /* under the server's lock */
    dp_facts facts;
    dp_orders orders;
    bool told, ordered; /* posted, and not yet heard */

    /* of the first loop */
    dp_link all;
    dp_link out;    /* of those with something in next */
    dp_orders next; /* given in this turn */
    dp_ec_holder ec;
    uint64_t ticket;   /* as of a line */
    devp2p_peer *peer; /* from READY on; counted */
    bool answered;     /* the dialer has */
    bool down, gone;

    /* of its loop */
    dp_line *line; /* NULL: not made, or freed */
    bool busy;     /* orders are being obeyed */
    bool left;     /* the line is freed, GONE is to be told */
} dp_relay;

/* --- on the first loop --- */

/* dp_relay_new makes the record of a connection that the host knows: 0,
 * ERR_NOMEM, ERR_LIMIT. */
int dp_relay_new(
    dp_relay **out, dp_loop *loop, uint64_t number, const devp2p_addr *far);

/* dp_relay_open gives a new one its socket, which it takes; dp_relay_dial a
 * node to dial, which is copied: 0, or ERR_NOMEM and it is freed. */
void dp_relay_open(dp_relay *r, int raw, const devp2p_pubkey *dial);
int dp_relay_dial(dp_relay *r, const devp2p_node *node, dp_now now);

/* dp_relay_find finds one that the host may know, or NULL. */
dp_relay *dp_relay_find(devp2p_server *srv, uint64_t number);

void dp_relay_socket(dp_relay *r, int raw); /* or an error */
void dp_relay_judge(dp_relay *r, int verdict, dp_now now);
void dp_relay_close(dp_relay *r, int code);
void dp_relay_cancel(dp_relay *r);
void dp_relay_worked(dp_relay *r, dp_ec *ec);

/* dp_relay_heard takes what the line told; dp_relays_flush sends all orders of
 * a turn. */
void dp_relay_heard(dp_relay *r, dp_now now);
void dp_relays_flush(devp2p_server *srv);

/* --- on its loop --- */

void dp_relay_tell_dialed(dp_relay *r, int err);
void dp_relay_tell_ec(dp_relay *r, dp_ec *ec);
void dp_relay_tell_authed(dp_relay *r, const devp2p_id *id);
void dp_relay_tell_ready(dp_relay *r, devp2p_peer *peer);
void dp_relay_tell_points(dp_relay *r, int points);
void dp_relay_tell_down(dp_relay *r, const devp2p_event *end);

/* dp_relay_leave: the line is freed. */
void dp_relay_leave(dp_relay *r);

/* dp_relay_obey takes what the host ordered. */
void dp_relay_obey(dp_relay *r, dp_now now);

#endif
