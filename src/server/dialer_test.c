/* SPDX-License-Identifier: MIT */
/* dialer_test.c - connections on sockets that the program has connected: handed
 * over, or made by its dialer; and the address that a server tells. */
#include "server/net_fixture.h"

#include "sim/parts.h"

typedef struct pair {
    net w;
    node a, b;
    devp2p_node to_b; /* as a knows it */
} pair;

static void know(pair *p)
{
    devp2p_server_self(p->b.srv, &p->to_b);
    p->to_b.addr = node_ip(2);
    p->to_b.addr.port = 30303;
}

/* Neither listens. */
static void pair_init(pair *p)
{
    net_init(&p->w, 5);
    node_config(&p->a, 1, NULL);
    node_config(&p->b, 2, NULL);
    p->a.cfg.listen_addr = p->b.cfg.listen_addr = NULL;
}

static void pair_start(pair *p)
{
    node_start(&p->a, &p->w);
    node_start(&p->b, &p->w);
    know(p);
}

static void pair_fini(pair *p)
{
    node_stop(&p->a);
    node_stop(&p->b);
    net_fini(&p->w);
}

static void connect_raw(pair *p, int raw[2])
{
    assert_int_equal(dp_sim_raw(p->a.world, p->b.world, raw), 0);
}

static uint64_t hand_over(node *x, int raw, const devp2p_node *to)
{
    uint64_t ticket;
    assert_int_equal(devp2p_server_setup_conn(x->srv, &ticket, raw,
                         to ? 0 : DEVP2P_PEER_INBOUND, to),
        0);
    return ticket;
}

static const devp2p_event *decided(node *x, uint64_t ticket)
{
    const devp2p_event *e = node_expect(x, DEVP2P_EVENT_COMMAND);
    assert_int_equal(e->ticket, ticket);
    return e;
}

/* join_raw connects a to b. */
static void join_raw(pair *p)
{
    int raw[2];
    connect_raw(p, raw);
    uint64_t a = hand_over(&p->a, raw[0], &p->to_b);
    uint64_t b = hand_over(&p->b, raw[1], NULL);
    assert_int_equal(decided(&p->a, a)->code, 0);
    assert_int_equal(decided(&p->b, b)->code, 0);
}

/* is_open asks whether nobody has ended what is at the other side of raw. */
static bool is_open(node *x, int raw)
{
    dp_node *n = dp_sim_node_of(x->world);
    for (dp_link *k = dp_list_first(&n->raws); k;
         k = dp_list_next(&n->raws, k)) {
        dp_end *e = dp_of(k, dp_end, of_raws);
        if (e->raw == raw)
            return !e->broken && !e->ended;
    }
    fail_msg("no such descriptor: %d", raw);
    return false;
}

/* --- handed over --- */

/* Both become peers, in the order PEER_ADD, COMMAND. */
static void a_connection_is_handed_over(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pair_start(&p);
    join_raw(&p);

    assert_int_equal(p.a.nevents, 2);
    assert_int_equal(p.a.events[0].kind, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(p.a.events[0].flags, 0);
    assert_int_equal(p.b.nevents, 2);
    assert_int_equal(p.b.events[0].kind, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(p.b.events[0].flags, DEVP2P_PEER_INBOUND);
    devp2p_node self;
    devp2p_server_self(p.a.srv, &self);
    assert_memory_equal(&p.b.events[1].id, &self.id, sizeof self.id);
    assert_memory_equal(&p.a.events[1].id, &p.to_b.id, sizeof self.id);
    assert_int_equal(p.a.events[1].addr.port, 30303);

    devp2p_peer *peer;
    assert_int_equal(devp2p_server_peers(p.a.srv, &peer, 1), 1);
    devp2p_peer_disconnect(peer, DEVP2P_DISC_REQUESTED);
    devp2p_peer_drop(peer);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    node_expect(&p.b, DEVP2P_EVENT_PEER_DROP);
    pair_fini(&p);
}

/* Who is not the node that was named is found out, and both ends hear of it. */
static void the_wrong_node(void **state)
{
    (void)state;
    pair p;
    int raw[2];
    pair_init(&p);
    pair_start(&p);
    connect_raw(&p, raw);
    devp2p_node self;
    devp2p_server_self(p.a.srv, &self);
    devp2p_key key = { { [31] = 99 } };
    assert_int_equal(devp2p_key_public(&p.to_b.pub, &key), 0);
    memset(&p.to_b.id, 0, sizeof p.to_b.id); /* the key counts */

    uint64_t a = hand_over(&p.a, raw[0], &p.to_b);
    uint64_t b = hand_over(&p.b, raw[1], NULL);
    const devp2p_event *e = node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    int code = e->code;
    assert_int_not_equal(code, 0);
    e = decided(&p.a, a);
    assert_int_equal(e->code, code);
    devp2p_id id = devp2p_pubkey_id(&p.to_b.pub);
    assert_memory_equal(&e->id, &id, sizeof e->id);
    assert_int_equal(decided(&p.b, b)->code, DEVP2P_ERR_HANDSHAKE);
    assert_int_equal(p.b.nevents, 1);
    pair_fini(&p);
}

/* The reason of the other side comes as its own. */
static void a_full_server_refuses(void **state)
{
    (void)state;
    pair p;
    int raw[2];
    pair_init(&p);
    p.b.cfg.max_peers = DEVP2P_NONE;
    pair_start(&p);
    connect_raw(&p, raw);
    uint64_t a = hand_over(&p.a, raw[0], &p.to_b);
    uint64_t b = hand_over(&p.b, raw[1], NULL);
    const devp2p_event *e = decided(&p.a, a);
    assert_int_equal(e->code, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_true(e->remote);
    e = decided(&p.b, b);
    assert_int_equal(e->code, DEVP2P_DISC_TOO_MANY_PEERS);
    assert_false(e->remote);
    pair_fini(&p);
}

/* Who says nothing has the time of a handshake. */
static void silence(void **state)
{
    (void)state;
    pair p;
    int raw[2];
    pair_init(&p);
    pair_start(&p);
    connect_raw(&p, raw);
    uint64_t began = dp_sim_now(p.w.sim).mono;
    uint64_t a = hand_over(&p.a, raw[0], &p.to_b);
    assert_int_equal(decided(&p.a, a)->code, DEVP2P_ERR_TIMEOUT);
    assert_in_range(dp_sim_now(p.w.sim).mono - began, DP_HANDSHAKE_NS,
        DP_HANDSHAKE_NS + DP_SEC);
    net_run(&p.w, DP_SEC);
    assert_false(is_open(&p.b, raw[1]));
    pair_fini(&p);
}

/* A call that fails leaves the socket to the caller. */
static void arguments(void **state)
{
    (void)state;
    pair p;
    int raw[2];
    pair_init(&p);
    pair_start(&p);
    connect_raw(&p, raw);
    devp2p_server *srv = p.a.srv;
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, raw[0], 0, NULL),
        DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "flags"));
    assert_int_equal(devp2p_server_setup_conn(
                         srv, NULL, raw[0], DEVP2P_PEER_INBOUND, &p.to_b),
        DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, raw[0], 8, &p.to_b),
        DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, -1, 0, &p.to_b),
        DEVP2P_ERR_INVALID);
    assert_non_null(strstr(devp2p_last_detail(), "descriptor -1"));
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, raw[1], 0, &p.to_b),
        DEVP2P_ERR_INVALID); /* b's */
    assert_int_equal(devp2p_server_dialed(srv, 1, raw[0]), DEVP2P_ERR_INVALID);
    devp2p_node nobody = { .addr = p.to_b.addr };
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, raw[0], 0, &nobody),
        DEVP2P_ERR_KEY);
    devp2p_server_stop(srv);
    assert_int_equal(devp2p_server_setup_conn(srv, NULL, raw[0], 0, &p.to_b),
        DEVP2P_ERR_CLOSED);
    net_run(&p.w, DP_SEC);
    assert_true(is_open(&p.b, raw[1]));
    pair_fini(&p);
}

/* A server that never starts closes what it was given. */
static void never_started(void **state)
{
    (void)state;
    pair p;
    int raw[2], more[2];
    uint64_t ticket;
    pair_init(&p);
    assert_int_equal(node_new(&p.a, &p.w), 0);
    node_start(&p.b, &p.w);
    know(&p);
    connect_raw(&p, raw);
    connect_raw(&p, more);
    hand_over(&p.a, raw[0], &p.to_b);
    for (int i = 1; i < DP_COMMANDS_MAX; i++)
        assert_int_equal(devp2p_server_add_peer(p.a.srv, &ticket, p.b.url), 0);
    assert_int_equal(
        devp2p_server_setup_conn(p.a.srv, NULL, more[0], 0, &p.to_b),
        DEVP2P_ERR_AGAIN);
    assert_true(is_open(&p.a, more[0]));
    node_stop(&p.a);
    net_run(&p.w, DP_SEC);
    assert_false(is_open(&p.b, raw[1]));
    node_stop(&p.b);
    net_fini(&p.w);
}

/* The stop decides what is under way, and what waits. */
static void stop(void **state)
{
    (void)state;
    pair p;
    int raw[2], more[2];
    pair_init(&p);
    pair_start(&p);
    connect_raw(&p, raw);
    connect_raw(&p, more);
    uint64_t first = hand_over(&p.a, raw[0], &p.to_b);
    net_run(&p.w, DP_SEC);
    uint64_t second = hand_over(&p.a, more[0], NULL);
    devp2p_server_stop(p.a.srv);
    net_run(&p.w, 5 * DP_SEC);
    assert_int_equal(decided(&p.a, second)->code, DEVP2P_ERR_CLOSED);
    assert_int_equal(decided(&p.a, first)->code, DEVP2P_DISC_QUITTING);
    assert_false(is_open(&p.b, raw[1]));
    assert_false(is_open(&p.b, more[1]));
    pair_fini(&p);
}

static void twice(void **state)
{
    (void)state;
    pair p;
    int raw[2], more[2];
    devp2p_node self;
    pair_init(&p);
    pair_start(&p);
    devp2p_server_self(p.a.srv, &self);
    connect_raw(&p, raw);
    connect_raw(&p, more);
    assert_int_equal(
        decided(&p.a, hand_over(&p.a, more[0], &self))->code, DEVP2P_DISC_SELF);

    uint64_t first = hand_over(&p.a, raw[0], &p.to_b);
    connect_raw(&p, more);
    assert_int_equal(decided(&p.a, hand_over(&p.a, more[0], &p.to_b))->code,
        DEVP2P_ERR_EXISTS);
    hand_over(&p.b, raw[1], NULL);
    assert_int_equal(decided(&p.a, first)->code, 0);
    connect_raw(&p, more);
    assert_int_equal(decided(&p.a, hand_over(&p.a, more[0], &p.to_b))->code,
        DEVP2P_DISC_ALREADY_CONNECTED);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    pair_fini(&p);
}

/* They count among the handshakes and dials that are under way. */
static void limits(void **state)
{
    (void)state;
    pair p;
    int raw[2];
    pair_init(&p);
    pair_start(&p);
    for (uint8_t i = 0; i < DP_PENDING_MAX; i++) {
        devp2p_node to = { .addr = node_ip(100) };
        devp2p_key key = { { [30] = 1, [31] = i } };
        assert_int_equal(devp2p_key_public(&to.pub, &key), 0);
        to.id = devp2p_pubkey_id(&to.pub);
        connect_raw(&p, raw);
        hand_over(&p.a, raw[0], NULL);
        connect_raw(&p, raw);
        hand_over(&p.a, raw[0], &to);
    }
    net_run(&p.w, DP_SEC);
    assert_int_equal(p.a.nevents, 0);
    for (int i = 0; i < 2; i++) {
        connect_raw(&p, raw);
        uint64_t ticket = hand_over(&p.a, raw[0], i ? &p.to_b : NULL);
        assert_int_equal(decided(&p.a, ticket)->code, DEVP2P_ERR_LIMIT);
    }
    net_run(&p.w, 10 * DP_SEC); /* they have said nothing */
    p.a.seen = p.a.nevents;
    join_raw(&p);
    pair_fini(&p);
}

/* --- dialled by the program --- */

/* A service is the dialer of a test. */
typedef struct service {
    pair *p;
    unsigned calls;
    uint64_t ticket;
    char host[DEVP2P_HOST_MAX + 1];
    int answer; /* at once; 1: nothing, 2: a connection */
    int raw[2];
} service;

static void serve(
    devp2p_server *srv, uint64_t ticket, const devp2p_node *to, void *user)
{
    service *s = user;
    assert_ptr_equal(srv, s->p->a.srv);
    assert_int_equal(to->addr.port, 30303);
    snprintf(s->host, sizeof s->host, "%s", to->host);
    s->calls++;
    s->ticket = ticket;
    if (s->answer == 2) {
        connect_raw(s->p, s->raw);
        if (devp2p_server_dialed(srv, ticket, s->raw[0])) {
            dp_world *w = s->p->a.world;
            w->ops->refuse(w, s->raw[0]);
        }
        assert_int_equal(devp2p_server_setup_conn(s->p->b.srv, NULL, s->raw[1],
                             DEVP2P_PEER_INBOUND, NULL),
            0);
    } else if (s->answer < 0) {
        assert_int_equal(devp2p_server_dialed(srv, ticket, s->answer), 0);
    }
}

static void service_init(service *s, pair *p, int answer)
{
    memset(s, 0, sizeof *s);
    s->p = p;
    s->answer = answer;
    pair_init(p);
    p->a.cfg.dialer = serve;
    p->a.cfg.dialer_user = s;
    pair_start(p);
}

static int dial_b(pair *p, const char *host)
{
    char url[DEVP2P_URL_MAX];
    devp2p_node to = p->to_b;
    if (host[0]) {
        to.addr = (devp2p_addr){ .port = 30303 };
        snprintf(to.host, sizeof to.host, "%s", host);
    }
    assert_int_equal(
        devp2p_server_add_peer(p->a.srv, NULL, devp2p_node_url(url, &to)), 0);
    return node_expect(&p->a, DEVP2P_EVENT_COMMAND)->code;
}

/* The dialer has the host name, and nobody looks it up. */
static void the_program_dials(void **state)
{
    (void)state;
    static const char *const hosts[] = { "", "b.example" };
    for (size_t i = 0; i < 2; i++) {
        pair p;
        service s;
        service_init(&s, &p, 2);
        assert_int_equal(dial_b(&p, hosts[i]), 0);
        node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
        assert_string_equal(s.host, hosts[i]);
        assert_int_equal(s.calls, 1);
        assert_int_equal(p.a.events[1].flags, DEVP2P_PEER_STATIC);
        pair_fini(&p);
    }
}

/* Without one a name is not dialled. */
static void a_name_and_nobody_to_dial(void **state)
{
    (void)state;
    pair p;
    pair_init(&p);
    pair_start(&p);
    assert_int_equal(dial_b(&p, "b.example"), DEVP2P_ERR_NAME);
    pair_fini(&p);
}

static void an_error_of_the_program(void **state)
{
    (void)state;
    pair p;
    service s;
    service_init(&s, &p, DEVP2P_ERR_ACCESS);
    assert_int_equal(dial_b(&p, ""), 0);
    assert_int_equal(
        node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL)->code, DEVP2P_ERR_ACCESS);
    s.answer = 2; /* it is asked again */
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(s.calls, 2);
    pair_fini(&p);
}

/* After 15 s the dial has failed, and its socket is closed when it comes. */
static void an_answer_too_late(void **state)
{
    (void)state;
    pair p;
    service s;
    int raw[2];
    service_init(&s, &p, 1);
    uint64_t began = dp_sim_now(p.w.sim).mono;
    assert_int_equal(dial_b(&p, ""), 0);
    assert_int_equal(
        node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL)->code, DEVP2P_ERR_TIMEOUT);
    assert_in_range(
        dp_sim_now(p.w.sim).mono - began, DP_DIAL_NS, DP_DIAL_NS + DP_SEC);
    connect_raw(&p, raw);
    assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, raw[0]), 0);
    net_run(&p.w, DP_SEC);
    assert_false(is_open(&p.b, raw[1]));
    assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, DEVP2P_ERR_IO), 0);
    net_run(&p.w, DP_SEC);
    assert_int_equal(s.calls, 1);
    pair_fini(&p);
}

static bool called_twice(void *user)
{
    return ((service *)user)->calls == 2;
}

/* answer_at plays a dial that is answered at a moment, or never: when it has
 * failed by itself.  It is the second one: of two loops, the other's. */
static uint64_t answer_at(uint64_t moment)
{
    pair p;
    service s;
    int raw[2];
    service_init(&s, &p, 1);
    assert_int_equal(dial_b(&p, ""), 0);
    node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    assert_true(net_until(&p.w, called_twice, &s));
    connect_raw(&p, raw);
    if (moment) {
        net_run(&p.w, moment - dp_sim_now(p.w.sim).mono);
        assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, raw[0]), 0);
    }
    node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL);
    uint64_t failed = dp_sim_now(p.w.sim).mono;
    net_run(&p.w, DP_SEC);
    if (moment)
        assert_false(is_open(&p.b, raw[1]));
    pair_fini(&p);
    return failed;
}

/* At whatever moment around the end of a dial its answer comes, the socket is
 * closed. */
static void an_answer_just_then(void **state)
{
    (void)state;
    enum { STEP_NS = 100, STEPS = 100 };
    uint64_t end = answer_at(0);
    for (uint64_t i = 0; i <= STEPS; i++)
        answer_at(end - STEP_NS * STEPS / 2 + STEP_NS * i);
}

/* What is answered twice, or for a dial that nobody wants any more, or for none
 * at all, is closed and does no harm. */
static void answers_that_nobody_wants(void **state)
{
    (void)state;
    pair p;
    service s;
    int raw[2], more[2];
    service_init(&s, &p, 1);
    connect_raw(&p, raw);
    assert_int_equal(devp2p_server_dialed(p.a.srv, 12345, raw[0]), 0);
    net_run(&p.w, DP_SEC);
    assert_false(is_open(&p.b, raw[1]));

    assert_int_equal(dial_b(&p, ""), 0);
    assert_int_equal(s.calls, 1);
    connect_raw(&p, raw);
    connect_raw(&p, more);
    assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, raw[0]), 0);
    assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, more[0]), 0);
    assert_int_equal(
        devp2p_server_dialed(p.a.srv, s.ticket, DEVP2P_ERR_REFUSED), 0);
    hand_over(&p.b, raw[1], NULL);
    node_expect(&p.a, DEVP2P_EVENT_PEER_ADD);
    assert_false(is_open(&p.b, more[1]));

    assert_int_equal(devp2p_server_remove_peer(p.a.srv, NULL, p.b.url), 0);
    net_run(&p.w, 40 * DP_SEC);
    p.a.seen = p.a.nevents;
    assert_int_equal(dial_b(&p, ""), 0);
    assert_int_equal(s.calls, 2);
    assert_int_equal(devp2p_server_remove_peer(p.a.srv, NULL, p.b.url), 0);
    net_run(&p.w, DP_SEC);
    connect_raw(&p, raw);
    assert_int_equal(devp2p_server_dialed(p.a.srv, s.ticket, raw[0]), 0);
    net_run(&p.w, DP_SEC);
    assert_false(is_open(&p.b, raw[1]));
    assert_int_equal(devp2p_server_count(p.a.srv), 0);
    pair_fini(&p);
}

/* A dial that is not up gives way to a connection that is. */
static void a_connection_instead_of_a_dial(void **state)
{
    (void)state;
    pair p;
    service s;
    service_init(&s, &p, 1);
    assert_int_equal(dial_b(&p, ""), 0);
    join_raw(&p);
    size_t fails = 0;
    for (size_t i = 0; i < p.a.nevents; i++)
        if (p.a.events[i].kind == DEVP2P_EVENT_DIAL_FAIL) {
            assert_int_equal(p.a.events[i].code, DEVP2P_ERR_EXISTS);
            fails++;
        }
    assert_int_equal(fails, 1);
    net_run(&p.w, 100 * DP_SEC);
    assert_int_equal(s.calls, 1);
    assert_int_equal(devp2p_server_count(p.a.srv), 1);
    pair_fini(&p);
}

/* Each allocation fails once; nothing stays behind, and a later dial is up. */
static void without_memory(void **state)
{
    (void)state;
    size_t n = 0, fails;
    do {
        pair p;
        service s;
        test_env memory;
        char url[DEVP2P_URL_MAX];
        test_env_init(&memory);
        pair_init(&p);
        memset(&s, 0, sizeof s);
        s.p = &p;
        s.answer = 2;
        p.a.memory = &memory;
        p.a.cfg.dialer = serve;
        p.a.cfg.dialer_user = &s;
        pair_start(&p);
        test_env_fail(&memory, ++n);
        devp2p_node_url(url, &p.to_b);
        int err = devp2p_server_add_peer(p.a.srv, NULL, url);
        net_run(&p.w, 2 * DP_SEC);
        fails = memory.fails;
        memory.fail_from = 0;
        if (devp2p_server_count(p.a.srv) == 0) {
            assert_int_equal(fails, 1);
            (void)!devp2p_server_add_peer(p.a.srv, NULL, url);
            net_run(&p.w, 80 * DP_SEC);
        }
        assert_true(!err || err == DEVP2P_ERR_NOMEM);
        assert_int_equal(devp2p_server_count(p.a.srv), 1);
        node_stop(&p.a);
        assert_int_equal(memory.live, 0);
        node_stop(&p.b);
        net_fini(&p.w);
    } while (fails);
    assert_true(n > 10);
}

static void stop_while_dialling(void **state)
{
    (void)state;
    pair p;
    service s;
    int raw[2];
    service_init(&s, &p, 1);
    assert_int_equal(dial_b(&p, ""), 0);
    devp2p_server_stop(p.a.srv);
    assert_int_equal(
        node_expect(&p.a, DEVP2P_EVENT_DIAL_FAIL)->code, DEVP2P_DISC_QUITTING);
    connect_raw(&p, raw);
    assert_int_equal(
        devp2p_server_dialed(p.a.srv, s.ticket, raw[0]), DEVP2P_ERR_CLOSED);
    assert_true(is_open(&p.b, raw[1]));
    pair_fini(&p);
}

/* --- what is told --- */

/* told_as is the endpoint that a server with these addresses tells. */
static void told_as(const char *listen, const char *external, const char *early,
    const char *started)
{
    net w;
    node a;
    devp2p_node self;
    char text[DEVP2P_ADDR_TEXT];

    net_init(&w, 6);
    node_config(&a, 1, NULL);
    a.cfg.listen_addr = listen;
    a.cfg.external_addr = external;
    assert_int_equal(node_new(&a, &w), 0);
    devp2p_server_self(a.srv, &self);
    assert_string_equal(devp2p_addr_text(text, &self.addr), early);
    assert_int_equal(devp2p_server_start(a.srv), 0);
    devp2p_server_self(a.srv, &self);
    assert_string_equal(devp2p_addr_text(text, &self.addr), started);
    node_stop(&a);
    net_fini(&w);
}

static void external_addresses(void **state)
{
    (void)state;
    told_as(":30303", NULL, "127.0.0.1:0", "127.0.0.1:30303");
    told_as("10.0.0.1:30303", NULL, "127.0.0.1:0", "10.0.0.1:30303");
    told_as(":30303", "203.0.113.5", "203.0.113.5:0", "203.0.113.5:30303");
    told_as("10.0.0.1:30303", "203.0.113.5:4000", "203.0.113.5:4000",
        "203.0.113.5:4000");
    told_as(
        ":30303", "[2001:db8::1]", "[2001:db8::1]:0", "[2001:db8::1]:30303");
    told_as(":30303", "[2001:db8::1]:9", "[2001:db8::1]:9", "[2001:db8::1]:9");
    told_as(NULL, "203.0.113.5", "203.0.113.5:0", "203.0.113.5:0");
}

/* start_at starts a server at an address of its own. */
static void start_at(node *x, net *w, const char *at)
{
    devp2p_addr ip;
    devp2p_node self;

    x->net = w;
    x->cfg.listen_addr = at;
    x->cfg.alloc = test_alloc;
    x->cfg.alloc_user = &w->t;
    assert_int_equal(devp2p_addr_parse(&ip, at), 0);
    assert_int_equal(dp_sim_world(&x->world, w->sim, &ip), 0);
    assert_int_equal(dp_server_new(&x->srv, &x->cfg, sizeof x->cfg,
                         sizeof(devp2p_protocol), x->world, NULL),
        0);
    assert_int_equal(devp2p_server_start(x->srv), 0);
    devp2p_server_self(x->srv, &self);
    devp2p_node_url(x->url, &self);
    assert_non_null(strstr(x->url, at));
}

/* Others reach a server at the address that it listens on. */
static void one_address_of_either_family(void **state)
{
    (void)state;
    static const char *const at[][2] = { { "10.0.0.1:30303", "10.0.0.2:30303" },
        { "[fd00::1]:30303", "[fd00::2]:30303" } };
    for (size_t i = 0; i < 2; i++) {
        pair p;
        pair_init(&p);
        start_at(&p.a, &p.w, at[i][0]);
        start_at(&p.b, &p.w, at[i][1]);
        node_dial(&p.a, &p.b);
        pair_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_handed_over),
        cmocka_unit_test(the_wrong_node),
        cmocka_unit_test(a_full_server_refuses),
        cmocka_unit_test(silence),
        cmocka_unit_test(arguments),
        cmocka_unit_test(never_started),
        cmocka_unit_test(stop),
        cmocka_unit_test(twice),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_program_dials),
        cmocka_unit_test(a_name_and_nobody_to_dial),
        cmocka_unit_test(an_error_of_the_program),
        cmocka_unit_test(an_answer_too_late),
        cmocka_unit_test(an_answer_just_then),
        cmocka_unit_test(answers_that_nobody_wants),
        cmocka_unit_test(a_connection_instead_of_a_dial),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(stop_while_dialling),
        cmocka_unit_test(external_addresses),
        cmocka_unit_test(one_address_of_either_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
