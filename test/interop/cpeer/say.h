/* SPDX-License-Identifier: MIT */
/* say.h - what cpeer tells: one JSON object a line on standard output. */
#ifndef CPEER_SAY_H
#define CPEER_SAY_H

#include <devp2p/devp2p.h>
#include <jansson.h>

/* say writes an event; it takes over members, which may be NULL.  Any thread.
 */
void say(const char *ev, json_t *members);

/* reply answers the command that carried tag: with members (taken over, may be
 * NULL) and, unless err is 0, with what went wrong; the member kind is that of
 * a send unless it is there already. */
void reply(const json_t *tag, json_t *members, int err);

/* put_reason stores the number of a disconnect reason, or null for others. */
void put_reason(json_t *members, int code);

/* put_hex stores bytes. */
void put_hex(json_t *members, const char *key, const void *bytes, size_t len);

/* describe tells a payload: its size, its SHA-256, and its bytes when few. */
void describe(json_t *members, devp2p_slice payload);

#endif
