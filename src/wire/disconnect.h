/* SPDX-License-Identifier: MIT */
/* disconnect.h - the Disconnect message (RLPx, "Disconnect (0x01)"). */
#ifndef DP_DISCONNECT_H
#define DP_DISCONNECT_H

#include <devp2p/base.h>

/* No payload is longer, inflated; geth has the same limit. */
enum { DP_DISCONNECT_MAX = 100 };

/* dp_disconnect_read takes a list, a bare integer or a byte string that holds a
 * list; *reason is the byte.  Returns 0 or ERR_MESSAGE when there is no usable
 * reason: the connection closes all the same. */
int dp_disconnect_read(uint8_t *reason, const uint8_t *at, size_t len);

/* dp_disconnect_read_any is dp_disconnect_read of a payload as it came: snappy
 * or plain, whatever was agreed (some peers never compress it). */
int dp_disconnect_read_any(uint8_t *reason, const uint8_t *at, size_t len);

/* dp_disconnect_write makes a list of one integer: 2 or 3 bytes to out. */
size_t dp_disconnect_write(uint8_t out[3], uint8_t reason);

#endif
