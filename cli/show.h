/* SPDX-License-Identifier: MIT */
/* show.h - values as the tool writes them. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <devp2p/key.h>

/* show_id writes a node id in hex, and a newline. */
void show_id(const devp2p_id *id);

#endif
