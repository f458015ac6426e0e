/* SPDX-License-Identifier: MIT */
#include "sim/names.h"

#include "sim/ask.h"

#define ANSWER_NS     (5 * DP_MS) /* and up to */
#define ANSWER_JITTER (45 * DP_MS)
#define SILENCE_NS    (5 * DP_SEC) /* of a resolver that is down */

/* A record is a name with what it stands for; the name follows it. */
typedef struct record {
    dp_link link;
    devp2p_addr *addrs;
    size_t addrs_n;
    devp2p_slice *texts;
    size_t texts_n;
    size_t size;
} record;

typedef struct question {
    dp_ask ask;
    bool txt, unheard;
    char name[];
} question;

/* --- records --- */

static char *name_of(record *r)
{
    return (char *)(r + 1);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static record *find(dp_sim *sim, const char *name)
{
    for (dp_link *k = dp_list_first(&sim->names); k;
         k = dp_list_next(&sim->names, k)) {
        record *r = dp_of(k, record, link);
        if (same_name(name_of(r), name))
            return r;
    }
    return NULL;
}

static record *find_or_make(dp_sim *sim, const char *name)
{
    record *r = find(sim, name);
    size_t len = strlen(name) + 1;

    if (r)
        return r;
    r = dp_alloc(&sim->setup.env, sizeof *r + len);
    if (!r)
        return NULL;
    r->size = sizeof *r + len;
    memcpy(name_of(r), name, len);
    dp_list_push(&sim->names, &r->link);
    return r;
}

static void set_addrs(dp_sim *sim, record *r, devp2p_addr *addrs, size_t n)
{
    dp_free(&sim->setup.env, r->addrs, r->addrs_n * sizeof *addrs);
    r->addrs = addrs;
    r->addrs_n = n;
}

int dp_sim_name(
    dp_sim *sim, const char *name, const devp2p_addr *addrs, size_t n)
{
    devp2p_addr *copy = NULL;
    record *r = find_or_make(sim, name);

    if (!r)
        return DEVP2P_ERR_NOMEM;
    if (n) {
        copy = dp_alloc(&sim->setup.env, n * sizeof *copy);
        if (!copy)
            return DEVP2P_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        copy[i] = addrs[i];
        copy[i].port = 0;
    }
    set_addrs(sim, r, copy, n);
    return 0;
}

static void forget_texts(dp_sim *sim, record *r)
{
    for (size_t i = 0; i < r->texts_n; i++)
        dp_free(&sim->setup.env, (void *)(uintptr_t)r->texts[i].at,
            r->texts[i].len + 1);
    dp_free(&sim->setup.env, r->texts, r->texts_n * sizeof *r->texts);
    r->texts = NULL;
    r->texts_n = 0;
}

int dp_sim_txt(dp_sim *sim, const char *name, const char *text)
{
    const dp_env *env = &sim->setup.env;
    record *r = find_or_make(sim, name);

    if (!r)
        return DEVP2P_ERR_NOMEM;
    if (!text) {
        forget_texts(sim, r);
        return 0;
    }
    size_t len = strlen(text), had = r->texts_n * sizeof *r->texts;
    uint8_t *copy = dp_alloc(env, len + 1);
    devp2p_slice *texts =
        copy ? dp_resize(env, r->texts, had, had + sizeof *texts) : NULL;
    if (!texts) {
        dp_free(env, copy, len + 1);
        return DEVP2P_ERR_NOMEM;
    }
    memcpy(copy, text, len + 1);
    texts[r->texts_n++] = (devp2p_slice){ copy, len };
    r->texts = texts;
    return 0;
}

void dp_sim_names_free(dp_sim *sim)
{
    for (dp_link *k; (k = dp_list_pop(&sim->names));) {
        record *r = dp_of(k, record, link);
        set_addrs(sim, r, NULL, 0);
        forget_texts(sim, r);
        dp_free(&sim->setup.env, r, r->size);
    }
}

/* --- the resolver --- */

/* say looks only now, so that what is borrowed is still there. */
static void say(dp_ask *a)
{
    const dp_world *w = &a->node->world;
    const question *q = dp_of(a, question, ask);
    record *r = find(a->node->sim, q->name);
    dp_answer answer = { 0 };

    if (r && q->txt)
        answer = (dp_answer){ .texts = r->texts, .n = r->texts_n };
    else if (r)
        answer = (dp_answer){ .addrs = r->addrs, .n = r->addrs_n };
    int err = a->err || answer.n ? a->err : DEVP2P_ERR_NOT_FOUND;
    w->up->resolved(w->server, a->token, err, err ? NULL : &answer);
}

static void act(dp_ask *a)
{
    if (!dp_of(a, question, ask)->unheard)
        return;
    a->err = DEVP2P_ERR_TIMEOUT;
    dp_sim_count(a->node->sim, DEVP2P_SIM_NO_RESOLVER);
}

static const dp_ask_kind questions = { .act = act, .say = say };

void dp_sim_resolver_down(dp_world *w, bool down)
{
    dp_sim_node_of(w)->mute_resolver = down;
}

int dp_sim_resolve(dp_world *w, uint64_t token, const char *name, bool txt)
{
    dp_node *n = dp_sim_node_of(w);
    dp_sim *sim = n->sim;
    size_t len = strlen(name);
    dp_ask *a;

    if (len > DP_NAME_BYTES)
        return DEVP2P_ERR_INVALID;
    int err = dp_ask_new(&a, n, &questions, sizeof(question) + len + 1, token);
    if (err)
        return err;
    question *q = dp_of(a, question, ask);
    q->txt = txt;
    q->unheard = n->mute_resolver;
    memcpy(q->name, name, len + 1);
    uint64_t takes = ANSWER_NS + dp_chance_below(&sim->chance, ANSWER_JITTER);
    dp_ask_go(a, sim->now.mono + (q->unheard ? SILENCE_NS : takes));
    return 0;
}
