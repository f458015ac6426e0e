/* SPDX-License-Identifier: MIT */
#include "server/message.h"

#include <string.h>

dp_message *dp_message_new(const dp_env *env, uint64_t code, devp2p_slice body,
    size_t full, bool snappy, dp_now now)
{
    dp_message *m = dp_resize(env, NULL, 0, sizeof *m + body.len);

    if (!m)
        return NULL;
    *m = (dp_message){
        .code = code,
        .received_ms = now.wall,
        .len = body.len,
        .full = full,
        .snappy = snappy,
    };
    if (body.len)
        memcpy(m->bytes, body.at, body.len);
    return m;
}

void dp_message_free(const dp_env *env, dp_message *m)
{
    if (m)
        dp_free(env, m, sizeof *m + m->len);
}

void dp_messages_free(const dp_env *env, dp_list *messages)
{
    for (dp_link *k; (k = dp_list_pop(messages));)
        dp_message_free(env, dp_of(k, dp_message, link));
}
