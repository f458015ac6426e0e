/* SPDX-License-Identifier: MIT */
#include "sim/ask.h"

static size_t count(dp_list *l, const dp_ask_kind *kind)
{
    size_t n = 0;
    for (dp_link *k = dp_list_first(l); k; k = dp_list_next(l, k))
        n += dp_of(k, dp_ask, link)->kind == kind;
    return n;
}

static void answer(dp_ask *a)
{
    dp_unlink(&a->link);
    dp_list_push(&a->node->answers, &a->link);
    dp_sim_node_wake(a->node);
}

static void due(dp_sim_event *e)
{
    dp_ask *a = dp_of(e, dp_ask, due);
    if (a->kind->act)
        a->kind->act(a);
    answer(a);
}

int dp_ask_new(dp_ask **out, dp_node *n, const dp_ask_kind *kind, size_t size,
    uint64_t token)
{
    if (count(&n->asks, kind) + count(&n->answers, kind) >= DP_ASKS_MAX)
        return DEVP2P_ERR_AGAIN;
    dp_ask *a = dp_alloc(&n->sim->setup.env, size);
    if (!a)
        return DEVP2P_ERR_NOMEM;
    int err = dp_sim_event_init(n->sim, &a->due, due);
    if (err) {
        dp_free(&n->sim->setup.env, a, size);
        return err;
    }
    a->node = n;
    a->kind = kind;
    a->token = token;
    a->size = size;
    *out = a;
    return 0;
}

void dp_ask_go(dp_ask *a, uint64_t at)
{
    dp_list_push(&a->node->asks, &a->link);
    dp_sim_event_by(a->node->sim, &a->due, at);
}

void dp_ask_fail(dp_ask *a, int err)
{
    dp_timer_set(a->node->sim->heap, &a->due.timer, DP_NEVER);
    a->err = err;
    answer(a);
}

void dp_ask_free(dp_ask *a)
{
    dp_sim *sim = a->node->sim;
    if (a->kind->drop)
        a->kind->drop(a);
    dp_unlink(&a->link);
    dp_sim_event_fini(sim, &a->due);
    dp_free(&sim->setup.env, a, a->size);
}

void dp_asks_init(dp_node *n)
{
    dp_list_init(&n->asks);
    dp_list_init(&n->answers);
}

void dp_asks_serve(dp_node *n)
{
    for (dp_link *k; (k = dp_list_pop(&n->answers));) {
        dp_ask *a = dp_of(k, dp_ask, link);
        a->kind->say(a);
        dp_ask_free(a);
    }
}

void dp_asks_free(dp_node *n)
{
    dp_list_splice(&n->asks, &n->answers);
    for (dp_link *k; (k = dp_list_first(&n->asks));)
        dp_ask_free(dp_of(k, dp_ask, link));
}
