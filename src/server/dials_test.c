/* SPDX-License-Identifier: MIT */
/* dials_test.c - dial candidates, names, waiting for the outcome of a command:
 * what a program sees of them; whom to dial when is tested in core. */
#include "server/net_fixture.h"

#include "server/server.h"

enum { NODES = 4 };

static int idle(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    int err;
    (void)peer;
    (void)user;
    do
        err = devp2p_read(rw, &msg);
    while (!err);
    return err;
}

static const devp2p_protocol talk[] = {
    { .name = "talk", .version = 1, .length = 1, .run = idle }, { .name = NULL }
};

/* A queue is a source of candidates. */
typedef struct queue {
    devp2p_node v[NODES];
    size_t n, at, calls;
    bool ends, again; /* the last one is given for ever */
} queue;

static int next(devp2p_node *out, void *user)
{
    queue *q = user;
    q->calls++;
    if (q->again && q->n) {
        *out = q->v[q->n - 1];
        return 0;
    }
    if (q->at == q->n)
        return q->ends ? DEVP2P_ERR_END : DEVP2P_ERR_AGAIN;
    *out = q->v[q->at++];
    out->id = (devp2p_id){ { 0 } }; /* it follows from the key */
    return 0;
}

static void put(queue *q, const node *x)
{
    assert_int_equal(devp2p_node_parse(&q->v[q->n++], x->url), 0);
}

typedef struct place {
    net n;
    node a, others[NODES];
    queue q;
} place;

static void place_init(place *p)
{
    memset(p, 0, sizeof *p);
    net_init(&p->n, 61);
    for (uint8_t i = 0; i < NODES; i++) {
        node_config(&p->others[i], (uint8_t)(2 + i), talk);
        node_start(&p->others[i], &p->n);
    }
    node_config(&p->a, 1, talk);
}

static void place_fini(place *p)
{
    node_stop(&p->a);
    for (int i = 0; i < NODES; i++)
        if (p->others[i].srv)
            node_stop(&p->others[i]);
    net_fini(&p->n);
}

/* --- candidates --- */

static void candidates_are_dialled(void **state)
{
    (void)state;
    place p;
    devp2p_peer *peer;
    place_init(&p);
    p.a.cfg.dial_candidates = (devp2p_iter){ next, &p.q };
    put(&p.q, &p.others[0]);
    node_start(&p.a, &p.n);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(e->flags, DEVP2P_PEER_DYNAMIC);
    assert_int_equal(devp2p_server_peers(p.a.srv, &peer, 1), 1);
    assert_int_equal(devp2p_peer_flags(peer), DEVP2P_PEER_DYNAMIC);
    devp2p_peer_drop(peer);
    /* it is asked again when it says so, and not before */
    size_t calls = p.q.calls;
    put(&p.q, &p.others[1]);
    net_run(&p.n, 60 * DP_SEC);
    assert_int_equal(p.q.calls, calls);
    devp2p_server_wake(p.a.srv);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    /* and after the end never */
    p.q.ends = true;
    devp2p_server_wake(p.a.srv);
    net_run(&p.n, DP_SEC);
    calls = p.q.calls;
    put(&p.q, &p.others[2]);
    devp2p_server_wake(p.a.srv);
    net_run(&p.n, 60 * DP_SEC);
    assert_int_equal(p.q.calls, calls);
    place_fini(&p);
}

/* Several sources are asked in turn; one that several rows give is one. */
static void sources_take_turns(void **state)
{
    (void)state;
    place p;
    queue other = { .n = 0 };
    devp2p_protocol rows[] = { talk[0], talk[0], talk[0], { .name = NULL } };
    place_init(&p);
    rows[1].version = 2;
    rows[2].version = 3;
    rows[0].dial_candidates = rows[1].dial_candidates =
        (devp2p_iter){ next, &p.q };
    rows[2].dial_candidates = (devp2p_iter){ next, &other };
    p.a.cfg.protocols = rows;
    p.a.cfg.max_peers = 1; /* two dials */
    put(&p.q, &p.others[0]);
    put(&p.q, &p.others[1]);
    put(&other, &p.others[2]);
    put(&other, &p.others[3]);
    node_start(&p.a, &p.n);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(p.q.at, 1);
    assert_int_equal(other.at, 1);
    assert_int_equal(p.q.calls, 1);
    place_fini(&p);
}

/* A source that always gives the same does not keep us busy. */
static void a_useless_source_is_asked_seldom(void **state)
{
    (void)state;
    place p;
    place_init(&p);
    p.a.cfg.dial_candidates = (devp2p_iter){ next, &p.q };
    p.q.again = true;
    put(&p.q, &p.others[0]);
    node_start(&p.a, &p.n);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    size_t calls = p.q.calls;
    net_run(&p.n, 100 * DP_SEC);
    calls = p.q.calls - calls;
    assert_in_range(
        calls, 98 * DP_CANDIDATES_PER_TURN, 102 * DP_CANDIDATES_PER_TURN);
    place_fini(&p);
}

/* A key that is none, and an address where nobody is. */
static void bad_candidates(void **state)
{
    (void)state;
    place p;
    place_init(&p);
    p.a.cfg.dial_candidates = (devp2p_iter){ next, &p.q };
    put(&p.q, &p.others[0]);
    memset(&p.q.v[0].pub, 0xff, sizeof p.q.v[0].pub);
    put(&p.q, &p.others[1]);
    p.q.v[1].addr.port = 4;
    put(&p.q, &p.others[2]);
    p.q.v[2].addr.family = 0;
    put(&p.q, &p.others[3]);
    node_start(&p.a, &p.n);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    assert_int_equal(e->flags, DEVP2P_PEER_DYNAMIC);
    node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    net_run(&p.n, 5 * DP_SEC);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    place_fini(&p);
}

/* --- names --- */

typedef struct names {
    const char *addr;  /* what a name stands for; NULL: nobody answers */
    const char *place; /* where an id is found; NULL: nowhere */
    bool later;
    size_t names, ids;
    uint64_t ticket;
    char asked[DEVP2P_HOST_MAX + 1];
} names;

static void give(devp2p_server *srv, uint64_t ticket, const char *text)
{
    devp2p_addr addr;
    assert_int_equal(devp2p_addr_parse(&addr, text), 0);
    assert_int_equal(devp2p_server_resolved(srv, ticket, &addr, 1, 0), 0);
}

static void resolve(devp2p_server *srv, uint64_t ticket, const char *name,
    const devp2p_node *who, void *user)
{
    names *w = user;
    (void)who;
    w->ticket = ticket;
    if (!name) {
        w->ids++;
        if (w->place)
            give(srv, ticket, w->place);
        else
            assert_int_equal(devp2p_server_resolved(
                                 srv, ticket, NULL, 0, DEVP2P_ERR_NOT_FOUND),
                0);
        return;
    }
    w->names++;
    strcpy(w->asked, name);
    if (w->addr && !w->later)
        give(srv, ticket, w->addr);
}

static void url_of(char *out, const node *x, const char *host)
{
    snprintf(out, DEVP2P_URL_MAX, "%.*s@%s",
        (int)(strchr(x->url, '@') - x->url), x->url, host);
}

static void names_are_resolved(void **state)
{
    (void)state;
    place p;
    names w = { .addr = "10.0.0.2:1" };
    char url[DEVP2P_URL_MAX];
    const char *nodes[] = { url, NULL };
    place_init(&p);
    url_of(url, &p.others[0], "b.example.org:30303");
    p.a.cfg.static_nodes = nodes;
    p.a.cfg.resolver = resolve;
    p.a.cfg.resolver_user = &w;
    node_start(&p.a, &p.n);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(w.names, 1);
    assert_string_equal(w.asked, "b.example.org");
    /* it moves, and is back after the next question */
    node_stop(&p.others[0]);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    node_config(&p.others[0], 2, talk);
    devp2p_addr ip = node_ip(77);
    node *b = &p.others[0];
    b->net = &p.n;
    b->cfg.alloc = test_alloc;
    b->cfg.alloc_user = &p.n.t;
    assert_int_equal(dp_sim_world(&b->world, p.n.sim, &ip), 0);
    assert_int_equal(dp_server_new(&b->srv, &b->cfg, sizeof b->cfg,
                         sizeof(devp2p_protocol), b->world, NULL),
        0);
    assert_int_equal(devp2p_server_start(b->srv), 0);
    w.addr = "10.0.0.77:1";
    w.later = true;
    while (w.names < 2)
        net_run(&p.n, DP_SEC);
    net_run(&p.n, 2 * DP_SEC);
    give(p.a.srv, w.ticket, w.addr);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    /* nonsense is ignored */
    give(p.a.srv, w.ticket, w.addr);
    give(p.a.srv, 12345, w.addr);
    net_run(&p.n, DP_SEC);
    devp2p_server_stop(p.a.srv);
    assert_int_equal(
        devp2p_server_resolved(p.a.srv, 1, NULL, 0, 0), DEVP2P_ERR_CLOSED);
    place_fini(&p);
}

static void ids_are_found(void **state)
{
    (void)state;
    place p;
    names w = { .place = "10.0.0.2:30303" };
    char url[DEVP2P_URL_MAX];
    place_init(&p);
    p.a.cfg.resolver = resolve;
    p.a.cfg.resolver_user = &w;
    node_start(&p.a, &p.n);
    url_of(url, &p.others[0], "10.0.0.9:4");
    assert_int_equal(devp2p_server_add_peer_wait(p.a.srv, NULL, url, 60000), 0);
    assert_int_equal(w.ids, 1);
    assert_int_equal(w.names, 0);
    /* nobody answers */
    w.addr = w.place = NULL;
    url_of(url, &p.others[1], "c.example.org:30303");
    uint64_t begun = dp_sim_now(p.n.sim).mono;
    assert_int_equal(devp2p_server_add_peer_wait(p.a.srv, NULL, url, 60000),
        DEVP2P_ERR_NAME);
    uint64_t took = dp_sim_now(p.n.sim).mono - begun;
    assert_in_range(took, DP_NAME_NS, DP_NAME_NS + DP_SEC);
    place_fini(&p);
}

/* --- waiting --- */

static void waits_tell_what_happened(void **state)
{
    (void)state;
    place p;
    devp2p_event e;
    char url[DEVP2P_URL_MAX];
    place_init(&p);
    p.others[1].cfg.max_peers = DEVP2P_NONE;
    node_stop(&p.others[1]);
    node_start(&p.others[1], &p.n);
    node_start(&p.a, &p.n);
    devp2p_server *srv = p.a.srv;
    const char *b = p.others[0].url, *full = p.others[1].url;

    assert_int_equal(devp2p_server_add_peer_wait(srv, &e, b, 10000), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(devp2p_server_count(srv), 1);
    assert_int_equal(
        devp2p_server_add_peer_wait(srv, &e, b, 10000), DEVP2P_ERR_EXISTS);
    assert_int_equal(e.outcome, DEVP2P_OUTCOME_CONNECTED);
    url_of(url, &p.others[0], "10.0.0.2:4"); /* updated, and still there */
    assert_int_equal(devp2p_server_add_peer_wait(srv, &e, url, 10000), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
    assert_int_equal(
        e.outcome, DEVP2P_OUTCOME_UPDATED | DEVP2P_OUTCOME_CONNECTED);

    assert_int_equal(devp2p_server_add_peer_wait(srv, &e, full, 10000),
        DEVP2P_DISC_TOO_MANY_PEERS);
    assert_int_equal(e.kind, DEVP2P_EVENT_DIAL_FAIL);
    assert_true(e.remote);
    url_of(url, &p.others[2], "10.0.0.4:4");
    assert_int_equal(
        devp2p_server_add_peer_wait(srv, &e, url, 10000), DEVP2P_ERR_REFUSED);
    net_hold(&p.n, p.a.world, p.others[3].world, true);
    assert_int_equal(
        devp2p_server_add_peer_wait(srv, &e, p.others[3].url, 3000),
        DEVP2P_ERR_TIMEOUT);
    assert_int_equal(e.outcome, DEVP2P_OUTCOME_ADDED | DEVP2P_OUTCOME_DIALLING);
    assert_int_equal(
        devp2p_server_add_peer_wait(srv, &e, p.a.url, 3000), DEVP2P_DISC_SELF);
    assert_int_equal(
        devp2p_server_add_peer_wait(srv, NULL, "x", 3000), DEVP2P_ERR_URL);

    assert_int_equal(devp2p_server_remove_peer_wait(srv, &e, b, 10000), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(devp2p_server_count(srv), 0);
    assert_int_equal(devp2p_server_remove_peer_wait(srv, &e, b, 10000),
        DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(e.kind, DEVP2P_EVENT_COMMAND);
    net_hold(&p.n, p.a.world, p.others[3].world, false);
    place_fini(&p);
}

/* A wanderer is a run-style handler that waits for commands of its own. */
typedef struct wanderer {
    node *x;
    const char *url;
    int added, removed, stopped;
    bool begun;
} wanderer;

static int wander(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    wanderer *w = user;
    char own[DEVP2P_URL_MAX];
    devp2p_node who = { .pub = *devp2p_peer_pubkey(peer),
        .addr = *devp2p_peer_remote(peer) };
    (void)rw;
    if (w->begun) /* the node that it has added itself */
        return 0;
    w->begun = true;
    w->added = devp2p_server_add_peer_wait(w->x->srv, NULL, w->url, 10000);
    w->removed = devp2p_server_remove_peer_wait(
        w->x->srv, NULL, devp2p_node_url(own, &who), 10000);
    /* nobody is there, and the server stops */
    w->stopped = devp2p_server_add_peer_wait(
        w->x->srv, NULL, devp2p_node_url(own, &who), DEVP2P_FOREVER);
    return 0;
}

static void a_handler_may_wait(void **state)
{
    (void)state;
    place p;
    wanderer w = { .x = &p.a, .added = 1, .removed = 1 };
    devp2p_protocol rows[] = { talk[0], { .name = NULL } };
    place_init(&p);
    rows[0].run = wander;
    rows[0].user = &w;
    w.url = p.others[1].url;
    p.a.cfg.protocols = rows;
    node_start(&p.a, &p.n);
    net_hold(&p.n, p.a.world, p.others[1].world, false);
    assert_int_equal(devp2p_server_add_peer(p.a.srv, NULL, p.others[0].url), 0);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    net_hold(&p.n, p.a.world, p.others[0].world, true);
    net_run(&p.n, 10 * DP_SEC);
    assert_int_equal(w.added, 0);
    assert_int_equal(w.removed, 0);
    assert_int_equal(w.stopped, 0);
    node_stop(&p.a);
    assert_int_equal(w.stopped, DEVP2P_ERR_CLOSED);
    node_config(&p.a, 1, talk);
    node_start(&p.a, &p.n);
    place_fini(&p);
}

/* lose tells those that wait at a of a dial that lost against another one. */
static void lose(const devp2p_event *e, void *user)
{
    place *p = user;
    devp2p_node who;
    devp2p_event lost = { .kind = DEVP2P_EVENT_DIAL_FAIL,
        .code = DEVP2P_DISC_ALREADY_CONNECTED };
    if (e->kind != DEVP2P_EVENT_DIAL_FAIL)
        return;
    assert_int_equal(devp2p_node_parse(&who, p->others[0].url), 0);
    lost.id = who.id;
    pthread_mutex_lock(&p->a.srv->lock);
    dp_await_tell(p->a.srv, &lost);
    pthread_mutex_unlock(&p->a.srv->lock);
    net_hold(&p->n, p->a.world, p->others[0].world, false);
}

/* The connection that it lost against is about to be told. */
static void a_dial_that_lost_decides_nothing(void **state)
{
    (void)state;
    place p;
    char url[DEVP2P_URL_MAX];
    devp2p_event e;
    place_init(&p);
    node_start(&p.a, &p.n);
    node_stop(&p.others[1]);
    p.others[1].cfg.on_event = lose;
    p.others[1].cfg.on_event_user = &p;
    node_start(&p.others[1], &p.n);
    net_hold(&p.n, p.a.world, p.others[0].world, true);
    url_of(url, &p.others[0], "10.0.0.2:4"); /* refused, in a moment */
    assert_int_equal(devp2p_server_add_peer(p.others[1].srv, NULL, url), 0);
    assert_int_equal(
        devp2p_server_add_peer_wait(p.a.srv, &e, p.others[0].url, 10000), 0);
    assert_int_equal(e.kind, DEVP2P_EVENT_PEER_ADD);
    place_fini(&p);
}

static void on_event(const devp2p_event *e, void *user)
{
    place *p = user;
    if (e->kind == DEVP2P_EVENT_COMMAND)
        p->q.calls = (size_t)-devp2p_server_add_peer_wait(
            p->a.srv, NULL, p->a.url, 10000);
}

static void the_loop_may_not_wait(void **state)
{
    (void)state;
    place p;
    place_init(&p);
    p.a.cfg.on_event = on_event;
    p.a.cfg.on_event_user = &p;
    node_start(&p.a, &p.n);
    assert_int_equal(devp2p_server_remove_peer(p.a.srv, NULL, p.a.url), 0);
    net_run(&p.n, DP_SEC);
    assert_int_equal(p.q.calls, -DEVP2P_ERR_STATE);
    devp2p_server_stop(p.a.srv);
    assert_int_equal(devp2p_server_add_peer_wait(p.a.srv, NULL, p.a.url, 10000),
        DEVP2P_ERR_CLOSED);
    place_fini(&p);
}

/* --- static nodes --- */

static void back_after_a_reset(void **state)
{
    (void)state;
    place p;
    place_init(&p);
    node_start(&p.a, &p.n);
    node_dial(&p.a, &p.others[0]);
    dp_sim_cut(p.n.sim, p.a.world, p.others[0].world);
    uint64_t at = node_expect(&p.a, DEVP2P_EVENT_PEER_DROP)->time_ms;
    at = node_expect(&p.a, DEVP2P_EVENT_PEER_ADD)->time_ms - at;
    assert_in_range(at, 1000, 2200);
    place_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_dialled),
        cmocka_unit_test(sources_take_turns),
        cmocka_unit_test(a_useless_source_is_asked_seldom),
        cmocka_unit_test(bad_candidates),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(ids_are_found),
        cmocka_unit_test(waits_tell_what_happened),
        cmocka_unit_test(a_dial_that_lost_decides_nothing),
        cmocka_unit_test(a_handler_may_wait),
        cmocka_unit_test(the_loop_may_not_wait),
        cmocka_unit_test(back_after_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
