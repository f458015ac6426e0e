/* SPDX-License-Identifier: MIT */
/* toy_curve.h - five curve functions that have the shape of a curve and protect
 * nothing: a public key is its private key and a hash of it.  Handshakes cost
 * next to nothing, so that large worlds and tests can make thousands. */
#ifndef DP_TOY_CURVE_H
#define DP_TOY_CURVE_H

#include "crypto/crypto.h"

extern const dp_curve dp_toy_curve;

#endif
