/* SPDX-License-Identifier: MIT */
/* message.h - a received message that waits for its handler, as it came. */
#ifndef DP_MESSAGE_H
#define DP_MESSAGE_H

#include "base/list.h"
#include "core/session.h"

typedef struct dp_message {
    dp_link link;
    uint64_t code;
    int64_t received_ms;
    size_t len, full; /* bytes here, bytes inflated */
    bool snappy;
    uint8_t bytes[];
} dp_message;

/* dp_message_new copies; NULL when memory is out. */
dp_message *dp_message_new(const dp_env *env, uint64_t code, devp2p_slice body,
    size_t full, bool snappy, dp_now now);
void dp_message_free(const dp_env *env, dp_message *m);
void dp_messages_free(const dp_env *env, dp_list *messages);

#endif
