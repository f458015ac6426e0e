/* SPDX-License-Identifier: MIT */
/* mailbox.h - commands on their way to the loop, DP_COMMANDS_MAX at most. */
#ifndef DP_MAILBOX_H
#define DP_MAILBOX_H

#include "base/env.h"
#include "base/list.h"

#include <devp2p/server.h>

typedef enum dp_command_kind {
    DP_ADD = 1,
    DP_REMOVE,
    DP_TRUST,
    DP_DISTRUST,
    DP_BAN,
    DP_UNBAN,
    DP_REPORT,  /* how node behaved: points */
    DP_SETUP,   /* a session on raw: inbound, or to node */
    DP_DIALED,  /* the program's dialer answers */
    DP_RESOLVED /* its resolver does */
} dp_command_kind;

typedef struct dp_command {
    dp_link link;
    dp_command_kind kind;
    uint64_t ticket;
    devp2p_node node;
    uint64_t conn;   /* DIALED: the dial; RESOLVED: the question */
    int raw;         /* SETUP, DIALED: a socket, or an error */
    bool inbound;    /* SETUP */
    devp2p_addr far; /* the other end of raw */

    devp2p_ban ban; /* BAN, UNBAN */
    uint64_t ms;    /* BAN */
    int points;     /* REPORT */

    /* RESOLVED: one of each family at most */
    devp2p_addr addrs[2];
    size_t naddrs;
    int err;
} dp_command;

typedef struct dp_mailbox {
    dp_list list;
    size_t n;
    uint64_t tickets; /* given out; 0 is none */
    bool closed;
} dp_mailbox;

void dp_mailbox_init(dp_mailbox *m);

/* dp_mailbox_put copies a command and gives it a ticket: 0, ERR_CLOSED,
 * ERR_AGAIN when it is full, ERR_NOMEM. */
int dp_mailbox_put(dp_mailbox *m, const dp_env *env, const dp_command *command,
    uint64_t *ticket);

/* dp_mailbox_take gives the oldest command, which the caller frees, or NULL. */
dp_command *dp_mailbox_take(dp_mailbox *m);
void dp_mailbox_fini(dp_mailbox *m, const dp_env *env);

#endif
