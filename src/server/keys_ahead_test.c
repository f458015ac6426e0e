/* SPDX-License-Identifier: MIT */
/* keys_ahead_test.c - when a server makes keys ahead, and what becomes of them
 * (spares.h). */
#include "server/net_fixture.h"

enum { GUESTS = 8, PACKET = 400 };

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static const devp2p_protocol one[] = {
    { .name = "one", .version = 1, .length = 1, .on_msg = on_msg },
    { .name = NULL },
};

typedef struct party {
    net n;
    node host, guests[GUESTS];
} party;

/* party_init: the host keeps so many keys, 0 by default as many as it wants;
 * guests keep none. */
static void party_init(party *p, uint32_t keys)
{
    net_init(&p->n, 5);
    node_config(&p->host, 1, one);
    p->host.cfg.spare_keys = keys;
    p->host.cfg.max_peers = GUESTS + 1;
    p->host.cfg.dial_ratio = DEVP2P_NONE;
    for (uint8_t i = 0; i < GUESTS; i++) {
        node_config(&p->guests[i], (uint8_t)(2 + i), one);
        p->guests[i].cfg.spare_keys = DEVP2P_NONE;
    }
}

static void party_fini(party *p)
{
    node_stop(&p->host);
    for (int i = 0; i < GUESTS; i++)
        if (p->guests[i].srv)
            node_stop(&p->guests[i]);
    net_fini(&p->n);
}

static dp_spares *spares(party *p)
{
    return &p->host.srv->spares;
}

static void rest(party *p)
{
    net_run(&p->n, DP_SPARES_REST_NS + DP_SEC);
}

static void come(party *p, int guest)
{
    assert_int_equal(
        devp2p_server_add_peer(p->guests[guest].srv, NULL, p->host.url), 0);
}

/* --- tests --- */

static void filled_when_idle(void **state)
{
    (void)state;
    static const struct {
        uint32_t keys, peers;
        size_t made;
    } rows[] = {
        { 0, 5, 10 },
        { 0, 1000, DP_SPARES_MAX },
        { 0, DEVP2P_NONE, 0 },
        { 21, 5, 21 },
        { DEVP2P_NONE, 5, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        party p;
        party_init(&p, rows[i].keys);
        p.host.cfg.max_peers = rows[i].peers;
        node_start(&p.host, &p.n);
        net_run(&p.n, DP_SPARES_REST_NS - 1);
        assert_int_equal(spares(&p)->n, 0);
        assert_null(spares(&p)->keys);
        net_run(&p.n, DP_SEC);
        assert_int_equal(spares(&p)->n, rows[i].made);
        party_fini(&p);
    }
}

static dp_world_up counting;
static const dp_world_up *counted_up;
static size_t turns;

static uint64_t count_turn(void *server, dp_now now)
{
    turns++;
    return counted_up->turn(server, now);
}

/* turns_of is how often a server turns in an hour without anybody, the first
 * two seconds apart. */
static size_t turns_of(uint32_t keys, size_t *first)
{
    party p;
    party_init(&p, keys);
    node_start(&p.host, &p.n);
    counted_up = p.host.world->up;
    counting = *counted_up;
    counting.turn = count_turn;
    p.host.world->up = &counting;
    turns = 0;
    net_run(&p.n, 2 * DP_SEC);
    *first = turns;
    net_run(&p.n, 3600 * DP_SEC);
    size_t n = turns - *first;
    party_fini(&p);
    return n;
}

/* One filling, and the server sleeps as one without keys. */
static void sleeps_then(void **state)
{
    (void)state;
    size_t first, first_without;
    size_t with = turns_of(64, &first);
    assert_int_equal(with, turns_of(DEVP2P_NONE, &first_without));
    assert_in_range(first - first_without, 64 / DP_SPARES_BATCH,
        3 * (64 / DP_SPARES_BATCH));
}

/* all_in: no key is made while a handshake is in the pool, or was a moment ago.
 */
static size_t most_out;

static bool all_in(void *user)
{
    party *p = user;
    const dp_spares *s = spares(p);
    if (s->out)
        assert_int_equal(s->batch, 0);
    if (s->out > most_out)
        most_out = s->out;
    return devp2p_server_count(p->host.srv) == GUESTS;
}

static void taken_in_a_burst(void **state)
{
    (void)state;
    party p;
    party_init(&p, 6); /* of three handshakes: the others make their own */
    node_start(&p.host, &p.n);
    for (int i = 0; i < GUESTS; i++)
        node_start(&p.guests[i], &p.n);
    rest(&p);
    assert_int_equal(spares(&p)->n, 6);
    for (int i = 0; i < GUESTS; i++)
        come(&p, i);
    most_out = 0;
    assert_true(net_until(&p.n, all_in, &p));
    assert_true(most_out > 1);
    assert_int_equal(spares(&p)->n, 0);
    net_run(&p.n, DP_SPARES_REST_NS / 2);
    assert_int_equal(spares(&p)->n, 0);
    rest(&p);
    assert_int_equal(spares(&p)->n, 6);
    party_fini(&p);
}

/* A dialler has a use for one. */
static void taken_by_a_dial(void **state)
{
    (void)state;
    party p;
    party_init(&p, 6);
    p.host.cfg.dial_ratio = 0;
    node_start(&p.host, &p.n);
    node_start(&p.guests[0], &p.n);
    rest(&p);
    node_dial(&p.host, &p.guests[0]);
    assert_int_equal(spares(&p)->n, 5);
    party_fini(&p);
}

/* --- who fails with a key --- */

static int liar_raw;

/* A liar sends a whole packet of noise, or ends at once. */
static void lie(party *p, bool ends)
{
    static uint8_t packet[PACKET];
    dp_world *w = p->guests[0].world;
    int raw[2];
    dp_io *io;
    size_t n;

    net_noise(packet, sizeof packet);
    packet[0] = (PACKET - 2) >> 8;
    packet[1] = (PACKET - 2) & 0xff;
    assert_int_equal(dp_sim_raw(w, p->host.world, raw), 0);
    assert_int_equal(devp2p_server_setup_conn(
                         p->host.srv, NULL, raw[1], DEVP2P_PEER_INBOUND, NULL),
        0);
    assert_int_equal(w->ops->adopt(w, raw[0], &liar_raw, &io), 0);
    assert_int_equal(w->ops->write(io, packet, sizeof packet, &n), 0);
    assert_int_equal(n, sizeof packet);
    if (ends)
        dp_sim_latch(p->n.sim, true);
    net_run(&p->n, DP_SPARES_REST_NS / 2);
    w->ops->close(io, true);
    net_run(&p->n, DP_SPARES_REST_NS / 4);
    dp_sim_latch(p->n.sim, false);
}

/* A key that a handshake had is gone, however that ended; the next ones are
 * others. */
static void never_given_back(void **state)
{
    (void)state;
    party p;
    dp_spare before[6];
    party_init(&p, 6);
    node_start(&p.host, &p.n);
    node_start(&p.guests[0], &p.n);
    rest(&p);
    memcpy(before, spares(&p)->keys, sizeof before);
    lie(&p, false);
    assert_int_equal(spares(&p)->n, 4);
    lie(&p, true);
    assert_int_equal(spares(&p)->n, 2);
    rest(&p);
    assert_int_equal(spares(&p)->n, 6);
    for (size_t i = 2; i < 6; i++)
        for (size_t k = 2; k < 6; k++)
            assert_memory_not_equal(
                &before[i], &spares(&p)->keys[k], sizeof *before);
    party_fini(&p);
}

/* --- trouble --- */

/* making more: there are some, and a job is out. */
static bool making_more(void *user)
{
    return spares(user)->n && spares(user)->batch;
}

/* A server that stops keeps no key, and needs not wait for the pool. */
static void stopped_while_it_makes_some(void **state)
{
    (void)state;
    party p;
    party_init(&p, 64);
    node_start(&p.host, &p.n);
    assert_true(net_until(&p.n, making_more, &p));
    dp_sim_latch(p.n.sim, true);
    net_run(&p.n, DP_SEC);
    assert_true(making_more(&p));
    size_t n = spares(&p)->n;
    devp2p_server_stop(p.host.srv);
    net_run(&p.n, DP_SEC);
    assert_int_equal(spares(&p)->n, 0);
    for (size_t i = 0; i < n * sizeof(dp_spare); i++)
        assert_int_equal(((uint8_t *)spares(&p)->keys)[i], 0);
    assert_int_equal(devp2p_server_wait(p.host.srv), 0);
    dp_sim_latch(p.n.sim, false);
    party_fini(&p);
}

static dp_world_ops broken;
static const dp_world_ops *whole;
static bool no_chance, no_pool;

static int broken_random(dp_world *w, void *out, size_t len)
{
    return no_chance ? DEVP2P_ERR_RANDOM : whole->random(w, out, len);
}

static int broken_work(dp_world *w, dp_work *job)
{
    return no_pool ? DEVP2P_ERR_AGAIN : whole->work(w, job);
}

/* What fails is tried again behind the next handshake, and nobody notices. */
static void trouble_is_nobodys(void **state)
{
    (void)state;
    bool *const troubles[] = { &no_chance, &no_pool };
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        party p;
        party_init(&p, 10);
        node_start(&p.host, &p.n);
        node_start(&p.guests[0], &p.n);
        whole = p.host.world->ops;
        broken = *whole;
        broken.random = broken_random;
        broken.work = broken_work;
        p.host.world->ops = &broken;
        *troubles[i] = true;
        rest(&p);
        assert_int_equal(spares(&p)->n, 0);
        assert_int_equal(spares(&p)->batch, 0);
        *troubles[i] = false;
        net_run(&p.n, 100 * DP_SEC);
        assert_int_equal(spares(&p)->n, 0);
        node_dial(&p.guests[0], &p.host);
        rest(&p);
        assert_int_equal(spares(&p)->n, 10);
        p.host.world->ops = whole;
        party_fini(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filled_when_idle),
        cmocka_unit_test(sleeps_then),
        cmocka_unit_test(taken_in_a_burst),
        cmocka_unit_test(taken_by_a_dial),
        cmocka_unit_test(never_given_back),
        cmocka_unit_test(stopped_while_it_makes_some),
        cmocka_unit_test(trouble_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
