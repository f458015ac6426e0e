/* SPDX-License-Identifier: MIT */
/* config.h - the checked copy of a devp2p_config that a server owns. */
#ifndef DP_CONFIG_H
#define DP_CONFIG_H

#include "core/access.h"
#include "core/caps.h"
#include "server/bandwidth.h"
#include "wire/socks5.h"

#include "base/env.h"

#include <devp2p/server.h>

typedef struct dp_config {
    dp_env env;     /* memory and log; the server adds randomness */
    devp2p_key key; /* not checked here */
    const char *name;
    bool listens;
    devp2p_addr listen; /* family 0: every address */
    devp2p_protocol *rows;
    size_t nrows;
    devp2p_node *nodes; /* static ones */
    size_t nnodes;
    devp2p_event_fn *on_event;
    void *on_event_user;
    uint32_t max_peers; /* DEVP2P_NONE for none */
    uint32_t run_stack;
    uint32_t io_threads;
    uint32_t spare_keys;   /* 0: none */
    uint32_t kept_secrets; /* 0: none */
    devp2p_addr external;  /* family 0: none; port 0: what is bound */
    const char *socks5;    /* NULL: none; a secret */
    dp_socks5_proxy proxy;
    devp2p_dialer_fn *dialer;
    void *dialer_user;
    dp_access access;
    const char *const *trusted; /* URLs, which have been parsed once */
    dp_bandwidth bandwidth;
    devp2p_iter candidates;
    devp2p_resolve_fn *resolver;
    void *resolver_user;
    bool message_events;
    uint32_t warm_total; /* DEVP2P_NONE for none */
} dp_config;

/* dp_config_init checks and copies.  Every error leaves a sentence that names
 * the field.  Returns as devp2p_server_new. */
int dp_config_init(dp_config *out, const devp2p_config *cfg, size_t config_size,
    size_t protocol_size);

/* dp_config_protocols stores nrows protocols, their names borrowed. */
void dp_config_protocols(const dp_config *c, dp_protocol *out);
void dp_config_fini(dp_config *c); /* wipes the key */

#endif
