/* SPDX-License-Identifier: MIT */
/* dialer.h - where the stream of a line comes from that no listener accepted: a
 * TCP connection to the node or to a proxy, the program's own dialer, or a
 * socket that the program hands over. */
#ifndef DP_DIALER_H
#define DP_DIALER_H

#include "core/host.h"
#include "server/line.h"
#include "server/mailbox.h"

/* dp_dialer_dial begins the dial that an effect asks for.  However it goes on,
 * dp_effects_dialed follows, after DP_DIAL_NS at the latest. */
void dp_dialer_dial(devp2p_server *srv, const dp_effect *e, dp_now now);

/* dp_dialer_connected: the TCP connection of a dial is up, or failed. */
void dp_dialer_connected(dp_line *line, int err, dp_now now);

/* dp_dialer_talk goes on with a proxy, while line->socks is there. */
void dp_dialer_talk(dp_line *line, dp_now now);

/* dp_dialer_drop frees what the line has of the proxy. */
void dp_dialer_drop(dp_line *line);

/* dp_dialer_begin begins it on the loop where it is to live; false when the
 * host was told already that it came to nothing. */
bool dp_dialer_begin(
    const dp_line_setup *setup, const devp2p_node *node, dp_now now);

/* A dp_accept is a stream that somebody else has made and the host knows. */
typedef struct dp_accept {
    uint64_t number;
    int raw;
    const devp2p_addr *far;
    const devp2p_pubkey *dial; /* whose side we are on; NULL: it came in */
    uint64_t ticket;           /* of who handed it over; 0 */
} dp_accept;

/* dp_dialer_accept gives it to a loop, dp_dialer_open makes a line with a
 * session of it there.  When one fails the stream is closed and the host has
 * been told. */
int dp_dialer_accept(devp2p_server *srv, const dp_accept *a, dp_now now);
int dp_dialer_open(dp_line **out, const dp_line_setup *setup, int raw,
    const devp2p_pubkey *dial, dp_now now);

/* dp_dialer_setup and _answered obey DP_SETUP and DP_DIALED; _given: the
 * program's dialer gives a line its socket, or an error. */
void dp_dialer_setup(devp2p_server *srv, const dp_command *c, dp_now now);
void dp_dialer_answered(devp2p_server *srv, const dp_command *c, dp_now now);
void dp_dialer_given(dp_line *line, int raw, dp_now now);

/* dp_dialer_tell tells the outcome of a command, by ticket. */
void dp_dialer_tell(devp2p_server *srv, const devp2p_event *about, dp_now now);

/* dp_dialer_decided tells the outcome of a line that the program handed over:
 * 0 when it is up; once. */
void dp_dialer_decided(dp_line *line, int code, bool remote, dp_now now);

/* dp_dialer_discard closes the sockets of commands that nobody will obey. */
void dp_dialer_discard(devp2p_server *srv);

#endif
