/* SPDX-License-Identifier: MIT */
/* show_info.h - infos as JSON, with the names and the order that go-ethereum
 * gives them in admin_nodeInfo and admin_peers. */
#ifndef CLI_SHOW_INFO_H
#define CLI_SHOW_INFO_H

#include "json.h"

#include <devp2p/info.h>

/* What is said of protocols is JSON. */
void show_node_info(json *j, const char *name, const devp2p_node_info *info);
void show_peer_info(json *j, const char *name, const devp2p_peer_info *info);

#endif
