/* SPDX-License-Identifier: MIT */
/* vector_frame_mac.h - the operations on frames that look inside the engine. */
#ifndef VECTOR_FRAME_MAC_H
#define VECTOR_FRAME_MAC_H

#include "vector_main.h"

vector_op vector_fixed_mac_frame, vector_mac;

#endif
