/* SPDX-License-Identifier: MIT */
#include "server/server.h"
#include "sim/world_fixture.h"

/* --- nodes --- */

static void nodes_live_more_than_once(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    devp2p_node before, after;

    (void)state;
    devp2p_sim_self(b.node, &before);
    assert_int_equal(devp2p_sim_start(b.node), DEVP2P_ERR_STATE);
    devp2p_sim_stop(b.node);
    assert_null(devp2p_sim_server(b.node));
    assert_int_equal(devp2p_sim_life(b.node), 1);
    assert_int_equal(devp2p_sim_run(sim, 10000), 0);
    assert_int_equal(b.closes, 1);
    assert_int_equal(b.last, DEVP2P_DISC_QUITTING);
    assert_int_equal(place_told(&a, DEVP2P_EVENT_PEER_DROP), 1);

    assert_int_equal(devp2p_sim_start(b.node), 0);
    assert_int_equal(devp2p_sim_life(b.node), 2);
    devp2p_sim_self(b.node, &after);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(
        devp2p_sim_run(sim, 40000), 0); /* a dialled at 1 s, and after 35 s */
    assert_true(devp2p_sim_connected(a.node, b.node));

    devp2p_sim_stop(a.node);
    assert_int_equal(devp2p_sim_start(a.node), 0); /* and remembers b */
    assert_int_equal(devp2p_sim_run(sim, 40000), 0);
    assert_int_equal(b.last, DEVP2P_DISC_QUITTING);
    assert_true(devp2p_sim_connected(a.node, b.node));
    assert_int_equal(devp2p_sim_disconnect(a.node, b.node), 0);
    assert_int_equal(devp2p_sim_run(sim, 1000), 0);
    assert_false(devp2p_sim_connected(a.node, b.node));
    assert_int_equal(
        devp2p_sim_disconnect(a.node, b.node), DEVP2P_ERR_NOT_FOUND);
    world_free(sim);
    assert_int_equal(a.opens, a.closes);
    assert_int_equal(b.opens, b.closes);
}

static void keys_and_addresses_are_of_one_node(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    devp2p_config cfg = { .listen_addr = "10.0.0.2:7" };
    devp2p_sim_node *a, *b, *c;
    devp2p_node self;
    char url[DEVP2P_URL_MAX];

    (void)state;
    assert_int_equal(devp2p_sim_add(sim, &a, &cfg), 0);
    assert_int_equal(devp2p_sim_add(sim, &b, &cfg), DEVP2P_ERR_EXISTS);
    assert_null(b);
    cfg.listen_addr = ":8";
    cfg.private_key.b[31] = 1;
    assert_int_equal(devp2p_sim_add(sim, &b, &cfg), 0);
    assert_int_equal(devp2p_sim_add(sim, &c, &cfg), DEVP2P_ERR_EXISTS);
    cfg.private_key.b[31] = 2;
    cfg.listen_addr = "[fd00::5]:9";
    assert_int_equal(devp2p_sim_add(sim, &c, &cfg), 0);
    devp2p_sim_self(c, &self);
    assert_non_null(strstr(devp2p_node_url(url, &self), "@[fd00::5]:9"));
    devp2p_sim_self(b, &self);
    assert_non_null(strstr(devp2p_node_url(url, &self), "@10.0.0.1:8"));
    cfg.private_key.b[31] = 3;
    cfg.listen_addr = "nonsense";
    assert_int_equal(devp2p_sim_add(sim, &c, &cfg), DEVP2P_ERR_ADDR);
    assert_int_equal(devp2p_sim_count(sim), 3);
    assert_ptr_equal(devp2p_sim_node_at(sim, 1), b);
    assert_int_equal(devp2p_sim_number(b), 1);
    assert_null(devp2p_sim_node_at(sim, 3));
    world_free(sim);
}

static void stores_are_as_configured(void **state)
{
    static const uint32_t keys[] = { 0, 9, DEVP2P_NONE };
    static const size_t made[] = { 2 * DP_MAX_PEERS_DEFAULT, 9, 0 };
    static const uint32_t warm[] = { 0, DP_WARM_TOTAL_MIN, DEVP2P_NONE };
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    devp2p_config cfg = { .listen_addr = NULL };

    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        devp2p_sim_node *node;
        cfg.private_key.b[31] = (uint8_t)(i + 1);
        cfg.spare_keys = cfg.kept_secrets = keys[i];
        cfg.warm_total = warm[i];
        assert_int_equal(devp2p_sim_add(sim, &node, &cfg), 0);
        assert_int_equal(devp2p_sim_start(node), 0);
        const devp2p_server *srv = devp2p_sim_server(node);
        assert_int_equal(srv->spares.max, made[i]);
        assert_int_equal(srv->self.tokens != NULL, made[i] != 0);
        assert_int_equal(
            srv->cfg.warm_total, warm[i] ? warm[i] : DP_WARM_TOTAL);
        assert_int_equal(srv->warm != NULL, warm[i] != DEVP2P_NONE);
    }
    world_free(sim);
}

static void links_have_chances_up_to_one(void **state)
{
    devp2p_sim_config how = { .link = { .loss_ppm = 1000001 } };
    devp2p_sim *sim;

    (void)state;
    assert_int_equal(devp2p_sim_new(&sim, &how), DEVP2P_ERR_INVALID);
    assert_null(sim);
    assert_int_equal(devp2p_sim_new_sized(&sim, &how, 8), DEVP2P_ERR_ABI);
    assert_int_equal(devp2p_sim_new(&sim, NULL), 0);
    devp2p_sim_free(sim);
    devp2p_sim_free(NULL);
}

/* answer_us is how long a script waits for an answer. */
static uint64_t answer_us(devp2p_sim *sim, devp2p_rw *rw)
{
    uint64_t before = devp2p_sim_time_us(sim);

    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    return devp2p_sim_time_us(sim) - before;
}

static void a_pair_has_a_link_of_its_own(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    devp2p_sim_link far = { .latency_us = 100000 };
    devp2p_rw *rw, *other;
    place p;

    (void)state;
    assert_int_equal(place_add(sim, &p, true, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, p.node, "MyProtocol", 1, 1), 0);
    assert_in_range(answer_us(sim, rw), 2000, 20000);
    devp2p_sim_node *script = devp2p_sim_node_at(sim, 1);
    assert_int_equal(devp2p_sim_set_link(script, p.node, &far), 0);
    assert_in_range(answer_us(sim, rw), 200000, 220000);
    assert_int_equal(devp2p_sim_meet(&other, p.node, "MyProtocol", 1, 1), 0);
    assert_in_range(answer_us(sim, other), 2000, 20000);
    far.loss_ppm = 1000001;
    assert_int_equal(
        devp2p_sim_set_link(script, p.node, &far), DEVP2P_ERR_INVALID);
    world_free(sim);
}

static void a_link_outlives_its_nodes_servers(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    devp2p_sim_link far = { .latency_us = 300000 };

    (void)state;
    assert_int_equal(devp2p_sim_set_link(a.node, b.node, &far), 0);
    devp2p_sim_stop(a.node);
    assert_int_equal(devp2p_sim_run(sim, 10000), 0);
    uint64_t before = devp2p_sim_time_us(sim);
    assert_int_equal(devp2p_sim_start(a.node), 0);
    while (!devp2p_sim_connected(a.node, b.node))
        assert_int_equal(devp2p_sim_run(sim, 10), 0);
    /* SYN, auth and Hello, and what answers them */
    assert_in_range(devp2p_sim_time_us(sim) - before, 1200000, 2500000);
    world_free(sim);
}

static void regions_are_counted(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(1, &a, &b);
    devp2p_sim_link l = { .latency_us = 1 };

    (void)state;
    assert_int_equal(devp2p_sim_set_region(a.node, 15), 0);
    assert_int_equal(devp2p_sim_set_region(a.node, 16), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_sim_set_region_link(sim, 0, 15, &l), 0);
    assert_int_equal(
        devp2p_sim_set_region_link(sim, 0, 16, &l), DEVP2P_ERR_INVALID);
    world_free(sim);
}

/* --- topologies --- */

static size_t connections(devp2p_sim_topology_kind kind, size_t degree)
{
    enum { NODES = 9 };
    devp2p_sim *sim = world_new(3, (devp2p_sim_link){ .latency_us = 1000 });
    static place p[NODES];
    size_t n = 0;

    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(place_add(sim, &p[i], false, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_topology(sim, kind, degree), 0);
    assert_int_equal(devp2p_sim_topology(sim, kind, 0), 0); /* again: no more */
    assert_int_equal(devp2p_sim_settle(sim, 60000), 0);
    for (size_t i = 0; i < NODES; i++)
        for (size_t k = 0; k < i; k++)
            n += devp2p_sim_connected(p[i].node, p[k].node);
    world_free(sim);
    return n;
}

static void topologies(void **state)
{
    (void)state;
    assert_int_equal(connections(DEVP2P_SIM_CHAIN, 0), 8);
    assert_int_equal(connections(DEVP2P_SIM_RING, 0), 9);
    assert_int_equal(connections(DEVP2P_SIM_STAR, 0), 8);
    assert_int_equal(connections(DEVP2P_SIM_FULL, 0), 36);
    assert_in_range(connections(DEVP2P_SIM_RANDOM, 4), 10, 18);
}

static void nobody_connects_to_what_cannot_be_dialled(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    place a, b;

    (void)state;
    assert_int_equal(place_add(sim, &a, false, ":30303", 0), 0);
    assert_int_equal(place_add(sim, &b, false, NULL, 0), 0);
    assert_int_equal(devp2p_sim_connect(a.node, a.node), DEVP2P_DISC_SELF);
    assert_int_equal(devp2p_sim_connect(a.node, b.node), DEVP2P_ERR_ADDR);
    assert_int_equal(devp2p_sim_connect(b.node, a.node), 0);
    assert_int_equal(devp2p_sim_connect(b.node, a.node), DEVP2P_ERR_EXISTS);
    assert_int_equal(devp2p_sim_topology(sim, 0, 0), DEVP2P_ERR_INVALID);
    world_free(sim);
}

/* A server that stops tells its last events while the next one is there. */
static uint64_t lives[8];
static size_t nlives;

static void note_life(const devp2p_event *event, void *user)
{
    devp2p_sim_node **node = user;

    if (event->kind == DEVP2P_EVENT_PEER_DROP)
        lives[nlives++] = devp2p_sim_life(*node);
}

static void events_are_those_of_a_life(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 10000 });
    devp2p_sim_node *node = NULL;
    place a, unheard = { .last = 0 };
    const devp2p_protocol rows[] = { { .name = "MyProtocol",
                                         .version = 1,
                                         .length = 1,
                                         .user = &unheard,
                                         .on_msg = place_msg },
        { .name = NULL } };
    devp2p_config cfg = { .listen_addr = ":1",
        .protocols = rows,
        .on_event = note_life,
        .on_event_user = &node };

    (void)state;
    nlives = 0;
    assert_int_equal(place_add(sim, &a, true, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_add(sim, &node, &cfg), 0);
    assert_int_equal(devp2p_sim_life(node), 0);
    assert_int_equal(devp2p_sim_start(node), 0);
    assert_int_equal(devp2p_sim_connect(a.node, node), 0);
    assert_int_equal(devp2p_sim_settle(sim, 10000), 0);
    for (uint64_t life = 2; life < 4; life++) {
        devp2p_sim_stop(node);
        assert_int_equal(devp2p_sim_start(node), 0);
        assert_int_equal(devp2p_sim_life(node), life);
        assert_int_equal(devp2p_sim_settle(sim, 60000), 0);
    }
    assert_int_equal(nlives, 2);
    assert_int_equal(lives[0], 1);
    assert_int_equal(lives[1], 2);
    world_free(sim);
}

/* --- time --- */

typedef struct alarm_clock {
    uint64_t rang_us;
    size_t rings;
} alarm_clock;

static void ring(devp2p_sim *sim, void *user)
{
    alarm_clock *a = user;

    a->rang_us = devp2p_sim_time_us(sim);
    a->rings++;
}

static bool rang(void *user)
{
    return ((alarm_clock *)user)->rings > 0;
}

static void time_passes_when_it_is_let(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 1000 });
    alarm_clock a = { 0 }, never = { 0 };

    (void)state;
    assert_int_equal(devp2p_sim_time_us(sim), 0);
    assert_int_equal(devp2p_sim_after(sim, 1500, ring, &a), 0);
    assert_int_equal(devp2p_sim_after(sim, UINT64_MAX, ring, &never), 0);
    assert_int_equal(devp2p_sim_run(sim, 1499), 0);
    assert_int_equal(a.rings, 0);
    assert_int_equal(devp2p_sim_run_until(sim, 100, rang, &a), 0);
    assert_int_equal(a.rang_us, 1500000);
    assert_int_equal(devp2p_sim_time_us(sim), 1500000);
    assert_int_equal(
        devp2p_sim_run_until(sim, 100, rang, &never), DEVP2P_ERR_TIMEOUT);
    assert_int_equal(devp2p_sim_time_us(sim), 1600000);
    world_free(sim);
}

/* --- one integer --- */

static uint64_t hash_of(uint64_t seed)
{
    place a, b;
    devp2p_sim *sim = world_two(seed, &a, &b);
    uint64_t hash = devp2p_sim_hash(sim);

    assert_int_equal(devp2p_sim_random(sim, 0), 0);
    world_free(sim);
    return hash;
}

static void a_seed_repeats_a_run(void **state)
{
    (void)state;
    assert_true(hash_of(7) == hash_of(7));
    assert_true(hash_of(7) != hash_of(8));
}

static void write_down(void *user, const char *line)
{
    char *text = user;
    size_t len = strlen(text);

    snprintf(text + len, 65536 - len, "%s\n", line);
}

static void a_trace_tells_what_programs_hear(void **state)
{
    static char text[65536];
    devp2p_sim_config how = { .seed = 1,
        .link = { .latency_us = 10000 },
        .test_crypto = true,
        .trace = write_down,
        .trace_user = text };
    devp2p_sim *sim;
    place a, b;

    (void)state;
    assert_int_equal(devp2p_sim_new(&sim, &how), 0);
    assert_int_equal(place_add(sim, &a, true, ":30303", 0), 0);
    assert_int_equal(place_add(sim, &b, false, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_connect(a.node, b.node), 0);
    assert_int_equal(devp2p_sim_run(sim, 1000), 0);
    assert_non_null(strstr(text, "10.0.0.1:49152 > 10.0.0.2:30303 SYN"));
    assert_non_null(strstr(text, "node 0 runs for node 1\n"));
    assert_non_null(strstr(text, "node 1 opens node 0\n"));
    assert_non_null(strstr(text, "node 1 adds node 0\n"));
    world_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_live_more_than_once),
        cmocka_unit_test(keys_and_addresses_are_of_one_node),
        cmocka_unit_test(stores_are_as_configured),
        cmocka_unit_test(links_have_chances_up_to_one),
        cmocka_unit_test(a_pair_has_a_link_of_its_own),
        cmocka_unit_test(a_link_outlives_its_nodes_servers),
        cmocka_unit_test(regions_are_counted),
        cmocka_unit_test(topologies),
        cmocka_unit_test(nobody_connects_to_what_cannot_be_dialled),
        cmocka_unit_test(events_are_those_of_a_life),
        cmocka_unit_test(time_passes_when_it_is_let),
        cmocka_unit_test(a_seed_repeats_a_run),
        cmocka_unit_test(a_trace_tells_what_programs_hear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
