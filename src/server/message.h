/* SPDX-License-Identifier: MIT */
/* message.h - a received message that waits for its handler, as it came or
 * plain. */
#ifndef DP_MESSAGE_H
#define DP_MESSAGE_H

#include "base/buf.h"
#include "base/list.h"
#include "core/session.h"

struct dp_inflate;

typedef struct dp_message {
    dp_link link;
    uint64_t code;
    int64_t received_ms;
    devp2p_slice body;          /* in bytes, or in block */
    size_t full;                /* bytes inflated */
    bool snappy;                /* body is not plain yet */
    size_t room;                /* of bytes */
    dp_buf block;               /* at is NULL when there is none */
    struct dp_inflate *inflate; /* it is being made plain; owns its out */
    uint8_t bytes[];
} dp_message;

/* dp_message_new copies the body of a head; _around does not, and takes over
 * the head's block.  NULL when memory is out. */
dp_message *dp_message_new(const dp_env *env, const dp_message *head);
dp_message *dp_message_around(const dp_env *env, const dp_message *head);

/* dp_message_unfold makes a body plain, about max bytes more at each call, in
 * memory of its own: 0 when it is, ERR_AGAIN, ERR_SNAPPY, ERR_NOMEM. */
int dp_message_unfold(const dp_env *env, dp_message *m, size_t max);

/* dp_message_shed gives the memory of the body back. */
void dp_message_shed(const dp_env *env, dp_message *m);

void dp_message_free(const dp_env *env, dp_message *m);
void dp_messages_free(const dp_env *env, dp_list *messages);

#endif
