/* SPDX-License-Identifier: MIT */
#include "server/mailbox.h"

#include "base/limits.h"

void dp_mailbox_init(dp_mailbox *m)
{
    *m = (dp_mailbox){ .n = 0 };
    dp_list_init(&m->list);
}

int dp_mailbox_put(dp_mailbox *m, const dp_env *env, const dp_command *command,
    uint64_t *ticket)
{
    if (m->closed)
        return DEVP2P_ERR_CLOSED;
    if (m->n == DP_COMMANDS_MAX)
        return DEVP2P_ERR_AGAIN;
    dp_command *c = dp_alloc(env, sizeof *c);
    if (!c)
        return DEVP2P_ERR_NOMEM;
    *c = *command;
    c->link = (dp_link){ NULL, NULL };
    c->ticket = ++m->tickets;
    dp_list_push(&m->list, &c->link);
    m->n++;
    if (ticket)
        *ticket = c->ticket;
    return 0;
}

dp_command *dp_mailbox_take(dp_mailbox *m)
{
    dp_link *k = dp_list_pop(&m->list);

    if (!k)
        return NULL;
    m->n--;
    return dp_of(k, dp_command, link);
}

void dp_mailbox_fini(dp_mailbox *m, const dp_env *env)
{
    for (dp_command *c; (c = dp_mailbox_take(m)) != NULL;)
        dp_free(env, c, sizeof *c);
}
