/* SPDX-License-Identifier: MIT */
#include "server/message.h"

#include "wire/inflate.h"

#include <string.h>

dp_message *dp_message_around(const dp_env *env, const dp_message *head)
{
    dp_message *m = dp_resize(env, NULL, 0, sizeof *m);

    if (!m)
        return NULL;
    *m = *head;
    m->room = 0;
    return m;
}

dp_message *dp_message_new(const dp_env *env, const dp_message *head)
{
    size_t len = head->body.len;
    dp_message *m = dp_resize(env, NULL, 0, sizeof *m + len);

    if (!m)
        return NULL;
    *m = *head;
    m->room = len;
    if (len)
        memcpy(m->bytes, head->body.at, len);
    m->body.at = m->bytes;
    return m;
}

/* begin takes the memory that a message needs to become plain. */
static int begin(const dp_env *env, dp_message *m)
{
    dp_inflate *f = dp_resize(env, NULL, 0, sizeof *f);
    uint8_t *out = f ? dp_resize(env, NULL, 0, m->full) : NULL;
    int err = DEVP2P_ERR_NOMEM;

    if (out)
        err = dp_inflate_begin(f, out, m->full, m->body.at, m->body.len);
    if (!err) {
        m->inflate = f;
        return 0;
    }
    dp_free(env, out, m->full);
    dp_free(env, f, sizeof *f);
    return err;
}

/* end forgets how it was made plain, but for the bytes. */
static uint8_t *end(const dp_env *env, dp_message *m)
{
    uint8_t *out = m->inflate->out;

    dp_free(env, m->inflate, sizeof *m->inflate);
    m->inflate = NULL;
    return out;
}

int dp_message_unfold(const dp_env *env, dp_message *m, size_t max)
{
    int err = m->inflate ? 0 : begin(env, m);

    if (!err)
        err = dp_inflate_some(m->inflate, max);
    if (err)
        return err;
    uint8_t *plain = end(env, m);
    dp_message_shed(env, m);
    m->block = (dp_buf){ .at = plain, .len = m->full, .cap = m->full };
    m->body = (devp2p_slice){ plain, m->full };
    m->snappy = false;
    return 0;
}

void dp_message_shed(const dp_env *env, dp_message *m)
{
    if (m->inflate)
        dp_free(env, end(env, m), m->full);
    if (!m->block.at)
        return;
    dp_free(env, m->block.at, m->block.cap);
    m->block = (dp_buf){ .at = NULL };
    m->body = (devp2p_slice){ 0 };
}

void dp_message_free(const dp_env *env, dp_message *m)
{
    if (!m)
        return;
    dp_message_shed(env, m);
    dp_free(env, m, sizeof *m + m->room);
}

void dp_messages_free(const dp_env *env, dp_list *messages)
{
    for (dp_link *k; (k = dp_list_pop(messages));)
        dp_message_free(env, dp_of(k, dp_message, link));
}
