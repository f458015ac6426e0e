/* SPDX-License-Identifier: MIT */
/* effects.h - between the host and the rest: what it wants is done, dials and
 * commands are told to it. */
#ifndef DP_EFFECTS_H
#define DP_EFFECTS_H

#include "server/line.h"

/* dp_effects_run does what the host wants until it wants nothing. */
void dp_effects_run(devp2p_server *srv, dp_now now);

/* dp_effects_commands gives the host the commands of the mailbox. */
void dp_effects_commands(devp2p_server *srv, dp_now now);

/* dp_effects_dialed: the stream of a dial is up, or it failed and the line is
 * freed. */
void dp_effects_dialed(dp_line *line, int err, dp_now now);

/* dp_effects_drop frees a line of whose end the host is told with tell. */
typedef void dp_effects_tell_fn(const dp_line_setup *s, int err, dp_now now);
void dp_effects_drop(
    dp_line *line, int err, dp_now now, dp_effects_tell_fn *tell);

/* dp_effects_lost tells the host that a connection it knows came to nothing,
 * dp_effects_undialed that a dial did. */
void dp_effects_lost(const dp_line_setup *s, int code, dp_now now);
void dp_effects_undialed(const dp_line_setup *s, int err, dp_now now);

#endif
