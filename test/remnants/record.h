/* SPDX-License-Identifier: MIT */
/* record.h - writes down every secret of this process for who searches its
 * memory.  The linker puts these functions around the library's own
 * (-Wl,--wrap), so the library knows nothing of it, and a secret goes from
 * where it lies straight to the kernel: the record makes no copy. */
#ifndef RECORD_H
#define RECORD_H

#include "crypto/frames.h"

/* record_to names the file descriptor of the record; -1, as before: none. */
void record_to(int fd);

/* record_secrets writes down those of a session that had no handshake. */
void record_secrets(const dp_secrets *secrets);

#endif
