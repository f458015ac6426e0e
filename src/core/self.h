/* SPDX-License-Identifier: MIT */
/* self.h - what all sessions of a node share: its identity, its Hello, its
 * protocols, and where their memory is counted. */
#ifndef DP_SELF_H
#define DP_SELF_H

#include "base/budget.h"
#include "base/pool.h"
#include "core/caps.h"
#include "core/flow.h"
#include "core/rules.h"
#include "core/tokens.h"
#include "crypto/crypto.h"

/* A dp_bounds is what the configuration says of a connection; zero is the
 * default. */
typedef struct dp_bounds {
    uint32_t in_per_s, out_per_s; /* bytes; 0: no bound */
    uint32_t send_mark, recv_mark;
} dp_bounds;

/* A dp_node_self outlives its sessions. */
typedef struct dp_node_self {
    dp_env env;
    const dp_crypto *crypto;
    devp2p_key key;
    devp2p_pubkey pub;
    devp2p_id id;
    uint8_t *hello; /* our Hello's payload */
    size_t hello_len;
    const dp_protocol *protocols; /* in the order of the config */
    size_t nprotocols;
    dp_pool *pool;          /* of the session's loop */
    dp_budget *recv, *send; /* totals of the server */
    const dp_rules *rules;  /* of the protocols, NULL: none has any */
    dp_bounds bounds;
    dp_tokens *tokens;       /* of the server, or NULL */
    dp_rate *in, *out;       /* of all sessions, NULL: no bound */
    devp2p_traffic *traffic; /* counts of all sessions, or NULL */
    bool tells_sent;         /* sessions tell SENT */
} dp_node_self;

/* dp_self_identify copies the key and derives what follows from it: 0, ERR_KEY.
 */
int dp_self_identify(
    dp_node_self *self, const dp_crypto *crypto, const devp2p_key *key);

/* dp_self_hello encodes what every session says first, when env, identity and
 * protocols are set: 0, ERR_INVALID when it does not fit, ERR_NOMEM. */
int dp_self_hello(dp_node_self *self, const char *name, const char *field);
void dp_self_fini(dp_node_self *self); /* wipes the key */

/* The checks of a configuration: 0, or ERR_INVALID with a sentence that names
 * the field; field is what the table of protocols is called there. */
int dp_self_check_name(const char *name);
int dp_self_check_protocols(
    const dp_protocol *rows, size_t n, const char *field);
int dp_self_check_log_level(devp2p_log_level level);

#endif
