/* SPDX-License-Identifier: MIT */
/* payload.h - the payloads that a send command asks for. */
#ifndef CPEER_PAYLOAD_H
#define CPEER_PAYLOAD_H

#include <devp2p/devp2p.h>
#include <jansson.h>

/* payload_make makes the bytes of a command: forms list and bare hold the
 * string value, hex the given bytes, zeros and random size bytes.
 *
 * Returns: 0, ERR_INVALID for a form that is none.
 * Out:     out - its bytes are the caller's to free. */
int payload_make(devp2p_slice *out, const json_t *command);

/* text_of and number_of read a member; a missing one is "" or 0. */
const char *text_of(const json_t *object, const char *key);
uint64_t number_of(const json_t *object, const char *key);

#endif
