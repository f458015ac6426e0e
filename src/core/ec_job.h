/* SPDX-License-Identifier: MIT */
/* ec_job.h - what is inside a dp_ec; for handshake.c, ec.c,
 * spares.c and their tests.
 *
 * One job serves a handshake from its first step to its last: it travels to the
 * pool and comes back, and whoever has it owns all of the handshake's bytes. */
#ifndef DP_EC_JOB_H
#define DP_EC_JOB_H

#include "base/limits.h"
#include "core/ec.h"
#include "core/handshake.h"
#include "crypto/ecies.h"
#include "wire/auth.h"

/* Zeros behind the body, so that its kind cannot be told by its size (EIP-8).
 */
enum {
    DP_PAD_MIN = 100,
    DP_PAD_MAX = 199,
    DP_EC_IN_MAX = 2 + DP_HANDSHAKE_PACKET_MAX,
    DP_EC_PLAIN_MAX = DP_AUTH_BODY_MAX + DP_PAD_MAX,
    DP_EC_OUT_MAX = 2 + DP_ECIES_OVERHEAD + DP_EC_PLAIN_MAX
};

typedef enum dp_ec_step {
    DP_EC_MAKE_AUTH = 0, /* the initiator's first */
    DP_EC_READ_ACK,      /* and second; secrets follow */
    DP_EC_READ_AUTH      /* the responder's: makes ack and secrets too */
} dp_ec_step;

/* A dp_ec_chance is all that one end draws for a handshake.  Of a key that was
 * made ahead (spares.h) the public half is there too. */
typedef struct dp_ec_chance {
    devp2p_key eph; /* of the exchange */
    devp2p_pubkey eph_pub;
    bool eph_made, envelope_made;
    uint8_t nonce[32];
    devp2p_key envelope; /* of the ECIES envelope */
    devp2p_pubkey envelope_pub;
    uint8_t iv[16];
    uint8_t padding; /* its length, as a fraction of the range */
} dp_ec_chance;

struct dp_ec {
    dp_work work;
    void *owner;
    dp_env env;
    const dp_crypto *crypto;
    devp2p_key key;
    devp2p_pubkey pub;
    devp2p_pubkey peer; /* known to the initiator, found by the responder */
    dp_ec_chance chance;
    dp_tokens *tokens; /* outlives the job; or NULL */
    uint8_t token[32]; /* of the two static keys, */
    bool token_new;    /* when it was computed, and tokens might keep it */
    dp_ec_step step;
    int err; /* of the step: 0, ERR_HANDSHAKE, ERR_NOMEM */
    dp_secrets secrets;
    size_t in_len, out_len;
    uint8_t in[DP_EC_IN_MAX];   /* the peer's packet, size prefix included */
    uint8_t out[DP_EC_OUT_MAX]; /* ours */
};

int dp_ec_new(dp_ec **out, const dp_handshake_setup *setup);

/* dp_ec_draw fills chance: 0 or ERR_RANDOM. */
int dp_ec_draw(dp_ec *ec);

/* The parts of the steps: 0, ERR_KEY, ERR_NOMEM.  The bodies are plain and
 * without padding, dp_ec_seal makes out from a padded one, dp_ec_secrets makes
 * secrets from both packets and what the peer's said. */
int dp_ec_auth_body(dp_ec *ec, uint8_t *out, size_t *len);
int dp_ec_ack_body(dp_ec *ec, uint8_t *out, size_t *len);
int dp_ec_seal(dp_ec *ec, const uint8_t *plain, size_t len);
int dp_ec_secrets(
    dp_ec *ec, const devp2p_pubkey *peer_eph, const uint8_t peer_nonce[32]);

#endif
