/* SPDX-License-Identifier: MIT */
#include "sim/world_fixture.h"

static void a_script_plays_the_other_node(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 20000 });
    devp2p_rw *rw;
    place p;

    (void)state;
    assert_int_equal(place_add(sim, &p, true, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, p.node, "MyProtocol", 1, 1), 0);
    uint64_t before = devp2p_sim_time_us(sim);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    assert_true(devp2p_sim_time_us(sim) - before >= 40000); /* there and back */

    /* "foo" is answered, nothing else is */
    assert_int_equal(devp2p_send_items(rw, 0, "hello"), 0);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "foo"), DEVP2P_ERR_UNEXPECTED);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), DEVP2P_ERR_TIMEOUT);
    assert_int_equal(p.foos, 2);
    devp2p_sim_leave(rw);
    assert_int_equal(devp2p_sim_run(sim, 5000), 0);
    assert_int_equal(p.closes, 1);
    world_free(sim);
}

static void a_script_hears_the_end(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 20000 });
    devp2p_rw *rw;
    place p;

    (void)state;
    assert_int_equal(place_add(sim, &p, false, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, p.node, "MyProtocol", 1, 1), 0);
    assert_int_equal(
        devp2p_sim_expect_end(rw, DEVP2P_DISC_QUITTING), DEVP2P_ERR_TIMEOUT);
    /* not a list: the handler's error, and its reason */
    assert_int_equal(devp2p_send_value(rw, 0, "foo"), 0);
    assert_int_equal(
        devp2p_sim_expect_end(rw, DEVP2P_DISC_QUITTING), DEVP2P_ERR_UNEXPECTED);
    assert_int_equal(devp2p_sim_expect_end(rw, DEVP2P_DISC_PROTOCOL_ERROR), 0);
    devp2p_sim_leave(rw);
    world_free(sim);
}

static void who_is_refused_hears_why(void **state)
{
    devp2p_sim *sim = world_new(1, (devp2p_sim_link){ .latency_us = 20000 });
    devp2p_rw *first, *second;
    place p;

    (void)state;
    assert_int_equal(
        place_add(sim, &p, false, ":30303", 2), 0); /* one inbound */
    assert_int_equal(devp2p_sim_meet(&first, p.node, "Other", 1, 1),
        DEVP2P_DISC_USELESS_PEER);
    assert_null(first);
    assert_int_equal(devp2p_sim_meet(&first, p.node, "MyProtocol", 1, 1), 0);
    assert_int_equal(devp2p_sim_meet(&second, p.node, "MyProtocol", 1, 1),
        DEVP2P_DISC_TOO_MANY_PEERS);
    assert_null(second);
    world_free(sim); /* leaves for a script that did not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_plays_the_other_node),
        cmocka_unit_test(a_script_hears_the_end),
        cmocka_unit_test(who_is_refused_hears_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
