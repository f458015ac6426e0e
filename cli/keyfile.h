/* SPDX-License-Identifier: MIT */
/* keyfile.h - the public half of a key file. */
#ifndef CLI_KEYFILE_H
#define CLI_KEYFILE_H

#include <devp2p/key.h>

/* keyfile_public reads the key file at path: 0, or FAILED when it has said why
 * it cannot. */
int keyfile_public(devp2p_pubkey *out, const char *path);

#endif
