/* SPDX-License-Identifier: MIT */
#include "core/dials.h"

#include "base/addr.h"
#include "base/index.h"
#include "base/list.h"
#include "base/timer.h"
#include "core/conduct.h"
#include "core/history.h"

#include <string.h>

typedef enum phase {
    RESTING = 0,
    TIMED,     /* its time is to come */
    POOLED,    /* it has come */
    ASKING,    /* the attempt waits for an answer */
    CONNECTING /* the host has it */
} phase;

typedef struct entry {
    dp_timer timer;  /* TIMED: next; ASKING: when it is too late */
    dp_link pooled;  /* POOLED */
    dp_link asking;  /* ASKING */
    dp_link unasked; /* ASKING, and nobody was told the question */
    phase phase;
    uint64_t next; /* no attempt before this moment */
    devp2p_node node;

    devp2p_addr given; /* in the URL */

    /* its addresses: that one, or one of each family that were found */
    devp2p_addr addrs[2];
    size_t naddrs;

    /* the attempt */
    uint64_t ticket; /* of the question */
    size_t at;       /* addresses tried */
    int code;        /* of the last one */
    bool by_id;      /* what is asked */
    bool sought;     /* the id was asked for */

    uint64_t find_at, find_delay; /* not asked for again before */
    uint64_t up_since;
    bool returned; /* the connection came back fast */
} entry;

struct dp_dials {
    const dp_env *env;
    dp_index by_id; /* few nodes have DP_STATIC_MAX: it grows */
    dp_timers *timers;
    dp_list pool, asking, unasked;
    size_t npool, nasking;
    uint64_t tickets;
    bool resolves, by_name;
    uint8_t salt[16];
    uint64_t draws;
    dp_history history;
};

/* --- life --- */

static const uint8_t *id_of(const void *value)
{
    return ((const entry *)value)->node.id.b;
}

int dp_dials_new(dp_dials **out, const dp_env *env, const uint8_t salt[16],
    bool resolves, bool by_name)
{
    dp_dials *d = dp_alloc(env, sizeof *d);
    if (!d)
        return DEVP2P_ERR_NOMEM;
    d->env = env;
    d->resolves = resolves;
    d->by_name = by_name;
    d->by_id = (dp_index){ .key_len = sizeof(devp2p_id), .key = id_of };
    memcpy(d->by_id.salt, salt, sizeof d->by_id.salt);
    memcpy(d->salt, salt, sizeof d->salt);
    dp_list_init(&d->pool);
    dp_list_init(&d->asking);
    dp_list_init(&d->unasked);
    dp_history_init(&d->history, env, salt);
    int err = dp_timers_new(&d->timers, env);
    if (err) {
        dp_dials_free(d);
        return err;
    }
    *out = d;
    return 0;
}

void dp_dials_free(dp_dials *d)
{
    if (!d)
        return;
    size_t at = 0;
    for (entry *e; (e = dp_index_each(&d->by_id, &at));)
        dp_free(d->env, e, sizeof *e);
    dp_index_free(&d->by_id);
    dp_timers_free(d->timers);
    dp_history_fini(&d->history);
    dp_free(d->env, d, sizeof *d);
}

/* draw is a number below bound that nobody outside foresees. */
static uint64_t draw(dp_dials *d, uint64_t bound)
{
    uint8_t bytes[8];
    d->draws++;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(d->draws >> (8 * i));
    return dp_siphash(d->salt, bytes, sizeof bytes) % bound;
}

/* --- phases --- */

/* pause takes a node out of whatever it is in. */
static void pause(dp_dials *d, entry *e)
{
    d->npool -= e->phase == POOLED;
    d->nasking -= e->phase == ASKING;
    dp_timer_set(d->timers, &e->timer, DP_NEVER);
    dp_unlink(&e->pooled);
    dp_unlink(&e->asking);
    dp_unlink(&e->unasked);
    e->phase = RESTING;
}

static void pool(dp_dials *d, entry *e)
{
    pause(d, e);
    e->phase = POOLED;
    dp_list_push(&d->pool, &e->pooled);
    d->npool++;
}

static void ask(dp_dials *d, entry *e, bool by_id, dp_now now)
{
    pause(d, e);
    e->phase = ASKING;
    e->by_id = by_id;
    e->sought |= by_id;
    e->ticket = ++d->tickets;
    dp_list_push(&d->asking, &e->asking);
    dp_list_push(&d->unasked, &e->unasked);
    d->nasking++;
    dp_timer_set(
        d->timers, &e->timer, dp_after(now, by_id ? DP_FIND_NS : DP_NAME_NS));
}

/* --- static nodes --- */

static bool same_endpoint(const entry *e, const devp2p_node *node)
{
    return strcmp(e->node.host, node->host) == 0 &&
           e->given.scope == node->addr.scope &&
           dp_addr_equal(&e->given, &node->addr);
}

/* named: who makes the connection looks its host name up. */
static bool named(const dp_dials *d, const devp2p_node *node)
{
    return d->by_name && node->host[0];
}

static int check(const dp_dials *d, const devp2p_node *node)
{
    bool found = d->resolves || named(d, node);

    if (node->host[0] && !found)
        return DEVP2P_ERR_NAME;
    if (node->addr.family == 0 && !found)
        return DEVP2P_ERR_ADDR;
    if ((node->addr.family || node->host[0]) && node->addr.port == 0)
        return DEVP2P_ERR_ADDR;
    return 0;
}

/* locate says where a node is, for all that we know. */
static void locate(const dp_dials *d, entry *e, const devp2p_node *node)
{
    e->node = *node;
    e->given = node->addr;
    e->naddrs = node->addr.family != 0 || named(d, node);
    e->addrs[0] = node->addr;
    e->next = 0;
    e->find_at = 0;
    e->find_delay = DP_FIND_AGAIN_NS;
}

int dp_dials_add(dp_dials *d, const devp2p_node *node)
{
    int err = check(d, node);
    if (err)
        return err;
    entry *e = dp_index_get(&d->by_id, &node->id);
    if (e && same_endpoint(e, node))
        return DEVP2P_ERR_EXISTS;
    if (e) {
        pause(d, e);
        locate(d, e, node);
        return DP_MOVED;
    }
    size_t count = dp_index_count(&d->by_id);
    if (count == DP_STATIC_MAX)
        return DEVP2P_ERR_LIMIT;
    e = dp_alloc(d->env, sizeof *e);
    if (!e || dp_timers_reserve(d->timers, count + 1) ||
        dp_index_reserve(&d->by_id, d->env, count + 1)) {
        dp_free(d->env, e, sizeof *e);
        return DEVP2P_ERR_NOMEM;
    }
    e->timer.at = DP_NEVER;
    locate(d, e, node);
    dp_index_put(&d->by_id, e);
    return 0;
}

/* dp_dials_cut: a candidate that was dialled as a static node a moment ago is
 * not dialled again either. */
bool dp_dials_cut(dp_dials *d, const devp2p_id *id, dp_now now)
{
    entry *e = dp_index_take(&d->by_id, id);
    if (!e)
        return false;
    if (e->next > now.mono)
        (void)dp_history_note(&d->history, id, now);
    pause(d, e);
    dp_free(d->env, e, sizeof *e);
    return true;
}

const devp2p_node *dp_dials_find(const dp_dials *d, const devp2p_id *id)
{
    const entry *e = dp_index_get(&d->by_id, id);
    return e ? &e->node : NULL;
}

size_t dp_dials_count(const dp_dials *d)
{
    return dp_index_count(&d->by_id);
}

void dp_dials_wake(dp_dials *d, const devp2p_id *id)
{
    entry *e = dp_index_get(&d->by_id, id);
    if (!e || e->phase == POOLED || e->phase == ASKING)
        return;
    if (e->phase == TIMED && e->timer.at == e->next)
        return;
    pause(d, e);
    e->phase = TIMED;
    dp_timer_set(d->timers, &e->timer, e->next);
}

void dp_dials_rest(dp_dials *d, const devp2p_id *id)
{
    entry *e = dp_index_get(&d->by_id, id);
    if (e && e->phase != CONNECTING)
        pause(d, e);
}

/* --- when again --- */

uint64_t dp_dial_delay(int reason, bool up)
{
    switch (reason) {
    case DEVP2P_DISC_ALREADY_CONNECTED: /* up: each refused the other's dial */
        return up ? 0 : DP_REDIAL_NS;
    case DEVP2P_DISC_NETWORK_ERROR:
    case DEVP2P_DISC_QUITTING: /* it may be back at once */
    case DEVP2P_DISC_READ_TIMEOUT:
        return 0;
    default:
        break;
    }
    if (!DEVP2P_IS_DISC(reason))
        return 0;
    switch (dp_backoff_of_reason(reason)) {
    case DP_BACKOFF_MEDIUM:
        return DP_BACKOFF_FIRM_NS;
    case DP_BACKOFF_LONG:
        return DP_BACKOFF_LASTING_NS;
    default:
        return DP_REDIAL_NS;
    }
}

static void not_before(entry *e, uint64_t at)
{
    if (e->next < at)
        e->next = at;
}

/* dp_dials_up: whatever the peer had against us before is over. */
void dp_dials_up(dp_dials *d, const devp2p_id *id, dp_now now)
{
    entry *e = dp_index_get(&d->by_id, id);
    if (!e)
        return;
    e->up_since = now.mono;
    e->next = dp_sooner(e->next, dp_after(now, DP_REDIAL_NS));
}

/* dp_dials_dropped: a connection that we ended ourselves, and one that had come
 * back fast and did not last, are no reason to hurry. */
void dp_dials_dropped(
    dp_dials *d, const devp2p_id *id, int code, bool remote, dp_now now)
{
    entry *e = dp_index_get(&d->by_id, id);
    if (!e)
        return;
    uint64_t delay = remote ? dp_dial_delay(code, true) : 0;
    uint64_t jitter = draw(d, DP_RETURN_JITTER_NS + 1);
    uint64_t soon = dp_after(now, DP_RETURN_NS + jitter);
    bool brief = e->returned && now.mono - e->up_since < DP_REDIAL_NS;
    bool ours = !remote && DEVP2P_IS_DISC(code);
    e->returned = false;
    if (delay) {
        e->next = dp_after(now, delay + jitter);
    } else if (brief || ours) {
        not_before(e, soon);
    } else {
        e->next = soon;
        e->returned = true;
    }
}

void dp_dials_refused(
    dp_dials *d, const devp2p_id *id, int code, bool remote, dp_now now)
{
    entry *e = dp_index_get(&d->by_id, id);
    uint64_t delay = remote ? dp_dial_delay(code, false) : 0;
    if (e && delay)
        not_before(e, dp_after(now, delay + draw(d, DP_RETURN_JITTER_NS + 1)));
}

/* --- attempts --- */

/* go_on tries the next address, asks for the id, or gives up. */
static void go_on(dp_dials *d, entry *e, dp_dial_step *step, dp_now now)
{
    *step = (dp_dial_step){ .kind = DP_STEP_WAIT, .node = &e->node };
    if (e->at < e->naddrs) {
        pause(d, e);
        e->phase = CONNECTING;
        e->node.addr = e->addrs[e->at++];
        step->kind = DP_STEP_CONNECT;
    } else if (d->resolves && !e->sought && e->find_at <= now.mono) {
        ask(d, e, true, now);
    } else {
        pause(d, e);
        step->kind = DP_STEP_FAIL;
        step->code = e->code;
    }
}

bool dp_dials_begin(dp_dials *d, dp_dial_step *step, dp_now now)
{
    if (d->npool == 0)
        return false;
    dp_link *k = dp_list_first(&d->pool);
    for (uint64_t skip = draw(d, d->npool); skip; skip--)
        k = dp_list_next(&d->pool, k);
    entry *e = dp_of(k, entry, pooled);
    e->next = dp_after(now, DP_REDIAL_NS);
    e->at = 0;
    bool asks = e->node.host[0] && !d->by_name;
    e->code = asks ? DEVP2P_ERR_NAME : DEVP2P_ERR_NOT_FOUND;
    e->sought = false;
    if (asks) {
        ask(d, e, false, now);
        *step = (dp_dial_step){ .kind = DP_STEP_WAIT, .node = &e->node };
    } else {
        go_on(d, e, step, now);
    }
    return true;
}

bool dp_dials_failed(
    dp_dials *d, dp_dial_step *step, const devp2p_id *id, int code, dp_now now)
{
    entry *e = dp_index_get(&d->by_id, id);
    if (!e || e->phase != CONNECTING)
        return false;
    e->code = code;
    go_on(d, e, step, now);
    return true;
}

/* take keeps the first address of each family, IPv4 first; false when there is
 * none.  A name's addresses have the port of the URL. */
static bool take(entry *e, const devp2p_addr *addrs, size_t n)
{
    devp2p_addr found[2];
    size_t count = 0;
    for (uint8_t family = 4; family <= 6; family += 2)
        for (size_t i = 0; i < n; i++) {
            if (addrs[i].family != family)
                continue;
            found[count] = addrs[i];
            if (!e->by_id || found[count].port == 0)
                found[count].port = e->given.port;
            count += found[count].port != 0;
            break;
        }
    if (count) {
        memcpy(e->addrs, found, count * sizeof *found);
        e->naddrs = count;
    }
    return count > 0;
}

/* heard: an id that is not found is asked for half as often. */
static void heard(dp_dials *d, entry *e, bool found, dp_now now)
{
    if (!e->by_id) {
        if (!found)
            dp_log(d->env, DEVP2P_LOG_WARN, "host",
                "static node: no address of %s, %s", e->node.host,
                e->naddrs ? "the last one is tried" : "it is sought by its id");
        return;
    }
    if (found)
        e->find_delay = DP_FIND_AGAIN_NS;
    else if ((e->find_delay *= 2) > DP_FIND_AGAIN_MAX_NS)
        e->find_delay = DP_FIND_AGAIN_MAX_NS;
    e->find_at = dp_after(now, e->find_delay);
    if (!found)
        e->at = e->naddrs; /* what there was has been tried */
}

static void answer(dp_dials *d, entry *e, dp_dial_step *step,
    const devp2p_addr *addrs, size_t n, dp_now now)
{
    e->at = 0;
    heard(d, e, take(e, addrs, n), now);
    go_on(d, e, step, now);
}

bool dp_dials_answer(dp_dials *d, dp_dial_step *step, uint64_t ticket,
    const devp2p_addr *addrs, size_t n, int err, dp_now now)
{
    for (dp_link *k = dp_list_first(&d->asking); k;
         k = dp_list_next(&d->asking, k)) {
        entry *e = dp_of(k, entry, asking);
        if (e->ticket != ticket || dp_linked(&e->unasked))
            continue;
        answer(d, e, step, addrs, err ? 0 : n, now);
        return true;
    }
    return false;
}

bool dp_dials_tick(dp_dials *d, dp_dial_step *step, dp_now now)
{
    dp_timer *t = dp_timers_due(d->timers, now.mono);
    if (!t)
        return false;
    entry *e = dp_of(t, entry, timer);
    *step = (dp_dial_step){ .kind = DP_STEP_WAIT, .node = &e->node };
    if (e->phase == ASKING)
        answer(d, e, step, NULL, 0, now);
    else
        pool(d, e);
    return true;
}

uint64_t dp_dials_when(const dp_dials *d)
{
    return dp_timers_first(d->timers);
}

const devp2p_node *dp_dials_ask(dp_dials *d, uint64_t *ticket, bool *by_id)
{
    dp_link *k = dp_list_pop(&d->unasked);
    if (!k)
        return NULL;
    entry *e = dp_of(k, entry, unasked);
    *ticket = e->ticket;
    *by_id = e->by_id;
    return &e->node;
}

size_t dp_dials_asking(const dp_dials *d)
{
    return d->nasking;
}

/* --- history --- */

int dp_dials_note(dp_dials *d, const devp2p_id *id, dp_now now)
{
    return dp_history_note(&d->history, id, now);
}

bool dp_dials_recent(dp_dials *d, const devp2p_id *id, dp_now now)
{
    return dp_history_has(&d->history, id, now);
}

uint64_t dp_dials_full(dp_dials *d, dp_now now)
{
    return dp_history_full(&d->history, now);
}
