/* SPDX-License-Identifier: MIT */
/* tokens.h - the static-static secrets of peers that were here: what auth signs
 * (RLPx, "Initial Handshake") costs an exchange, whose result is the same each
 * time that the same peer comes.
 *
 * Only who has shown in a frame that it has the key that it names, and was let
 * in, is kept, so strangers fill nothing.  A kept secret replaces a computation
 * and no check.  Whose secret is kept shows in the time of an answer: to who
 * asks under the name of a recent peer we answer sooner.
 *
 * Any thread may call, and none waits: who finds another one at it does as if
 * nothing were kept.  Our key is the same for as long as the cache lives. */
#ifndef DP_TOKENS_H
#define DP_TOKENS_H

#include "base/env.h"

#include <devp2p/key.h>

typedef struct dp_tokens dp_tokens;

/* dp_tokens_new makes one for at most max peers, which takes their memory with
 * the first: 0, ERR_NOMEM.  dp_tokens_free wipes; NULL is fine, here and
 * below. */
int dp_tokens_new(dp_tokens **out, const dp_env *env, size_t max);
void dp_tokens_free(dp_tokens *t);

/* dp_tokens_find copies what is kept of peer; false: nothing is. */
bool dp_tokens_find(dp_tokens *t, uint8_t token[32], const devp2p_pubkey *peer);

/* dp_tokens_keep keeps token (NULL: what is kept already) of a peer that was
 * let in, instead of the one who was let in longest ago. */
void dp_tokens_keep(
    dp_tokens *t, const devp2p_pubkey *peer, const uint8_t *token);

#endif
