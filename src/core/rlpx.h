/* SPDX-License-Identifier: MIT */
/* rlpx.h - what devp2p/rlpx.h shows: a session whose lent work is done by the
 * thread that calls it. */
#ifndef DP_RLPX_H
#define DP_RLPX_H

#include "core/scratch.h"
#include "core/session.h"

#include <devp2p/rlpx.h>

/* dp_rlpx_import reads a configuration of a program that was compiled with
 * another size of it: 0, ERR_INVALID, ERR_ABI. */
int dp_rlpx_import(
    devp2p_rlpx_config *out, const devp2p_rlpx_config *cfg, size_t size);

/* dp_rlpx_new is devp2p_rlpx_new with a configuration whose random is set;
 * curve NULL is the real one. */
int dp_rlpx_new(
    devp2p_rlpx **out, const devp2p_rlpx_config *cfg, const dp_curve *curve);

#endif
