/* SPDX-License-Identifier: MIT */
/* devp2p/devp2p.h - everything. */
#ifndef DEVP2P_DEVP2P_H
#define DEVP2P_DEVP2P_H

#include <devp2p/base.h>
#include <devp2p/info.h>
#include <devp2p/key.h>
#include <devp2p/node.h>
#include <devp2p/packet.h>
#include <devp2p/pipe.h>
#include <devp2p/protocol.h>
#include <devp2p/request.h>
#include <devp2p/rlp.h>
#include <devp2p/rlpx.h>
#include <devp2p/server.h>

#endif
