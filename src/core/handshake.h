/* SPDX-License-Identifier: MIT */
/* handshake.h - auth and ack as a pure machine (RLPx, "Initial Handshake";
 * EIP-8).  The initiator makes auth and reads ack, the responder the reverse;
 * every step of curve work leaves as a dp_ec.  Whatever goes wrong is
 * ERR_HANDSHAKE, the same for every cause. */
#ifndef DP_HANDSHAKE_H
#define DP_HANDSHAKE_H

#include "core/ec.h"
#include "core/tokens.h"
#include "crypto/frames.h"

typedef struct dp_handshake dp_handshake;

typedef struct dp_handshake_setup {
    const dp_env *env;
    const dp_crypto *crypto;
    const devp2p_key *key;     /* ours */
    const devp2p_pubkey *pub;  /* ours */
    const devp2p_pubkey *dial; /* whom we dialled; NULL: we respond */
    dp_tokens *tokens;         /* NULL: none are kept */
} dp_handshake_setup;

int dp_handshake_new(dp_handshake **out, const dp_handshake_setup *setup);
void dp_handshake_free(dp_handshake *h); /* wipes; NULL is fine */

/* dp_handshake_room lends *at for exactly the bytes that it still wants of the
 * peer's packet (first the 2 of the size prefix), 0 while it wants none: what
 * follows the packet is frames and not its own.  dp_handshake_recv says how
 * many came: 0, or ERR_HANDSHAKE for a size out of bounds (checked before
 * anything of that size exists). */
size_t dp_handshake_room(dp_handshake *h, uint8_t **at);
int dp_handshake_recv(dp_handshake *h, size_t n);

/* dp_handshake_ec makes the next curve work, drawing its random bytes: 0 with
 * *ec owned by the caller, or NULL for none; ERR_RANDOM, ERR_NOMEM.
 * dp_handshake_ec_done takes the result and frees ec: 0, ERR_HANDSHAKE,
 * ERR_NOMEM. */
int dp_handshake_ec(dp_handshake *h, dp_ec **ec);
int dp_handshake_ec_done(dp_handshake *h, dp_ec *ec);

/* dp_handshake_out lends the bytes of our packet, dp_handshake_sent says how
 * many went. */
size_t dp_handshake_out(const dp_handshake *h, const uint8_t **at);
void dp_handshake_sent(dp_handshake *h, size_t n);

/* dp_handshake_done: the peer is named and the secrets are there (our packet
 * may still have to go out).  dp_handshake_take hands both over, once. */
bool dp_handshake_done(const dp_handshake *h);
void dp_handshake_take(
    dp_handshake *h, devp2p_pubkey *peer, dp_secrets *secrets);

/* dp_handshake_token is the static-static secret, for dp_tokens_keep once the
 * peer has proved itself, when it was not kept already; or NULL. */
const uint8_t *dp_handshake_token(const dp_handshake *h);

#endif
