/* SPDX-License-Identifier: MIT */
#include "sim/world_fixture.h"

#include "noise.h"

/* after lets a fault happen to two nodes that are connected, and time pass. */
static devp2p_sim *after(devp2p_sim_fault_kind kind, bool pair, int64_t amount,
    uint64_t ms, place *a, place *b)
{
    devp2p_sim *sim = world_two(5, a, b);

    assert_int_equal(devp2p_sim_fault_count(sim, kind), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, kind, a->node, pair ? b->node : NULL, amount), 0);
    assert_int_equal(devp2p_sim_run(sim, ms), 0);
    return sim;
}

/* well: the two find each other again, and no check fails. */
static void well(devp2p_sim *sim, const place *a, const place *b)
{
    assert_int_equal(devp2p_sim_settle(sim, 60000), 0);
    assert_true(devp2p_sim_connected(a->node, b->node));
    world_free(sim);
}

static void a_reset_is_heard_at_once(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_RESET, true, 0, 100, &a, &b);

    (void)state;
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_RESET), 1);
    well(sim, &a, &b);
}

static void half_open_is_found_out_by_silence(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_HALF_OPEN, true, 0, 10000, &a, &b);

    (void)state;
    assert_int_equal(a.closes + b.closes, 0);
    assert_int_equal(devp2p_sim_run(sim, 22000), 0);
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_HALF_OPEN), 1);
    well(sim, &a, &b);
}

static void a_partition_ends(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_PARTITION, true, 20000, 19000, &a, &b);
    devp2p_rw *rw;

    (void)state;
    assert_int_equal(a.closes, 0); /* shorter than 30 s: all goes on */
    assert_int_equal(devp2p_sim_run(sim, 20000), 0);
    assert_int_equal(a.closes + b.closes, 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_PARTITION, a.node, b.node, 50000), 0);
    assert_int_equal(devp2p_sim_run(sim, 32000), 0);
    assert_int_equal(a.closes, 1); /* longer: both give up */
    assert_int_equal(b.closes, 1);
    /* others hear them all the time */
    assert_int_equal(devp2p_sim_meet(&rw, a.node, "MyProtocol", 1, 1), 0);
    devp2p_sim_leave(rw);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_PARTITION), 2);
    well(sim, &a, &b);
}

static void one_way_is_enough_to_part(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_ONE_WAY, true, 40000, 32000, &a, &b);

    (void)state;
    assert_int_equal(b.closes, 1); /* hears nothing for 30 s */
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_ONE_WAY), 1);
    well(sim, &a, &b);
}

static void a_squeezed_link_is_slow(void **state)
{
    place a;
    devp2p_sim *sim = world_new(5, (devp2p_sim_link){ .latency_us = 10000 });
    devp2p_rw *rw;
    devp2p_sim_node *script;

    (void)state;
    assert_int_equal(place_add(sim, &a, true, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, a.node, "MyProtocol", 1, 1), 0);
    script = devp2p_sim_node_at(sim, 1);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_SQUEEZE, a.node, script, 10000), 0);
    uint64_t before = devp2p_sim_time_us(sim);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    assert_true(devp2p_sim_time_us(sim) - before >= 600000);
    assert_int_equal(devp2p_sim_run(sim, 10000), 0);
    before = devp2p_sim_time_us(sim);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    assert_true(devp2p_sim_time_us(sim) - before < 100000);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_SQUEEZE), 1);
    devp2p_sim_leave(rw);
    world_free(sim);
}

static void a_slow_reader_reads_later(void **state)
{
    place a;
    devp2p_sim *sim = world_new(5, (devp2p_sim_link){ .latency_us = 10000 });
    devp2p_rw *rw;

    (void)state;
    assert_int_equal(place_add(sim, &a, true, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, a.node, "MyProtocol", 1, 1), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_SLOW_READER, a.node, NULL, 4000), 0);
    uint64_t before = devp2p_sim_time_us(sim);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    assert_true(devp2p_sim_time_us(sim) - before >= 3900000);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_SLOW_READER), 1);
    devp2p_sim_leave(rw);
    world_free(sim);
}

static void a_crash_says_nothing(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_CRASH, false, 0, 10000, &a, &b);

    (void)state;
    assert_null(devp2p_sim_server(a.node));
    assert_int_equal(a.closes, 1); /* so that its program can clean up */
    assert_int_equal(place_told(&a, DEVP2P_EVENT_PEER_DROP), 0);
    assert_int_equal(b.closes, 0); /* has heard nothing */
    assert_int_equal(devp2p_sim_fault(sim, DEVP2P_SIM_CRASH, a.node, NULL, 0),
        DEVP2P_ERR_STATE);
    assert_int_equal(devp2p_sim_start(a.node), 0);
    assert_int_equal(devp2p_sim_run(sim, 20000), 0);
    assert_int_equal(b.closes, 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_CRASH), 1);
    well(sim, &a, &b);
}

static void a_crash_may_end_by_itself(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_CRASH, false, 500, 600, &a, &b);

    (void)state;
    assert_non_null(devp2p_sim_server(a.node));
    well(sim, &a, &b);
}

/* --- clocks --- */

static void clocks_go_wrong_and_nobody_minds(void **state)
{
    place a, b;
    devp2p_sim *sim =
        after(DEVP2P_SIM_CLOCK_JUMP, false, -3600000, 100000, &a, &b);

    (void)state;
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_CLOCK_SKEW, b.node, NULL, 50000), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_CLOCK_SKEW, b.node, NULL, 100001),
        DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_sim_run(sim, 100000), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_PAUSE, b.node, NULL, 20000), 0);
    assert_int_equal(devp2p_sim_run(sim, 40000), 0);
    assert_int_equal(a.closes + b.closes, 0);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_CLOCK_JUMP), 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_CLOCK_SKEW), 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_PAUSE), 1);
    well(sim, &a, &b);
}

static void who_stands_still_too_long_is_given_up(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_PAUSE, false, 40000, 35000, &a, &b);

    (void)state;
    assert_int_equal(b.closes, 1);
    assert_int_equal(a.closes, 0);
    assert_int_equal(devp2p_sim_run(sim, 10000), 0);
    assert_int_equal(a.closes, 1);
    well(sim, &a, &b);
}

/* Who stood still while its stream could take more does not say that the peer
 * makes no progress. */
static void who_stood_still_blames_nobody(void **state)
{
    enum { BULK = 300000 };
    uint8_t *bulk = test_noise(BULK, 1);
    devp2p_sim *sim = world_new(5, (devp2p_sim_link){ .latency_us = 10000 });
    devp2p_slice bytes = { bulk, BULK };
    devp2p_sim_node *script;
    devp2p_rw *rw;
    place p;

    (void)state;
    assert_int_equal(place_add(sim, &p, false, ":30303", 0), 0);
    assert_int_equal(devp2p_sim_meet(&rw, p.node, "MyProtocol", 1, 1), 0);
    assert_int_equal(devp2p_sim_run(sim, 100), 0); /* Hellos have come */
    script = devp2p_sim_node_at(sim, 1);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_SLOW_READER, p.node, NULL, 15000), 0);
    assert_int_equal(devp2p_send_items(rw, 0, bytes), 0);
    assert_int_equal(devp2p_sim_run(sim, 1000), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_PAUSE, script, NULL, 19500), 0);
    assert_int_equal(devp2p_sim_run(sim, 30000), 0);
    assert_int_equal(devp2p_peer_reason(devp2p_rw_peer(rw), NULL), 0);
    assert_int_equal(devp2p_send_items(rw, 0, "foo"), 0);
    assert_int_equal(devp2p_expect_items(rw, 0, "bar"), 0);
    devp2p_sim_leave(rw);
    world_free(sim);
    free(bulk);
}

/* --- want --- */

static void memory_and_randomness_come_back(void **state)
{
    place a, b;
    devp2p_sim *sim = after(DEVP2P_SIM_RESET, true, 0, 100, &a, &b);

    (void)state;
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_NO_MEMORY, a.node, NULL, 1), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_NO_RANDOMNESS, b.node, NULL, 1), 0);
    assert_int_equal(devp2p_sim_run(sim, 80000), 0);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_NO_MEMORY), 1);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_NO_RANDOMNESS), 1);
    well(sim, &a, &b);
}

/* --- addresses and strangers --- */

static void a_node_that_moves_is_found(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(5, &a, &b);
    devp2p_node before, now;

    (void)state;
    devp2p_sim_self(b.node, &before);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_NEW_ADDRESS, b.node, NULL, 0), 0);
    devp2p_sim_self(b.node, &now);
    assert_memory_not_equal(&before.addr, &now.addr, sizeof now.addr);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_NEW_ADDRESS), 1);
    well(sim, &a, &b);
}

static void strangers_become_nobody(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(5, &a, &b);

    (void)state;
    /* a dialled: nobody ever said anything to it first */
    assert_int_equal(devp2p_sim_fault(sim, DEVP2P_SIM_REPLAY, a.node, NULL, 0),
        DEVP2P_ERR_STATE);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_NOISE, a.node, NULL, 600), 0);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_NOISE, a.node, NULL, 0), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            devp2p_sim_fault(sim, DEVP2P_SIM_REPLAY, b.node, NULL, 0), 0);
    assert_int_equal(devp2p_sim_run(sim, 20000), 0);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_NOISE), 2);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_REPLAY), 3);
    assert_int_equal(place_told(&a, DEVP2P_EVENT_PEER_ADD), 1);
    assert_int_equal(place_told(&b, DEVP2P_EVENT_PEER_ADD), 1);
    assert_int_equal(a.closes + b.closes, 0);
    world_free(sim);
}

/* --- asking for the wrong thing --- */

static void what_is_no_fault_is_said(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(5, &a, &b);

    (void)state;
    assert_int_equal(devp2p_sim_fault(sim, DEVP2P_SIM_LOSS, a.node, b.node, 1),
        DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_sim_fault(sim, DEVP2P_SIM_CORRUPT, a.node, b.node, 1),
        DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_sim_fault(sim, DEVP2P_SIM_RESET, a.node, NULL, 1),
        DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_sim_fault(sim, DEVP2P_SIM_RESET, a.node, a.node, 1),
        DEVP2P_ERR_STATE);
    assert_string_equal(
        devp2p_sim_fault_word(DEVP2P_SIM_HALF_OPEN), "half-open");
    assert_string_equal(
        devp2p_sim_fault_word(DEVP2P_SIM_FAULT_KINDS), "unknown");
    world_free(sim);
}

/* --- chance --- */

static void chaos_is_drawn_from_a_set_and_ends(void **state)
{
    place a, b;
    devp2p_sim *sim = world_two(5, &a, &b);
    uint64_t kinds = DEVP2P_SIM_BIT(DEVP2P_SIM_RESET) |
                     DEVP2P_SIM_BIT(DEVP2P_SIM_PAUSE) |
                     DEVP2P_SIM_BIT(DEVP2P_SIM_LOSS);

    (void)state;
    assert_int_equal(devp2p_sim_chaos(sim, kinds, 500, 60000), 0);
    assert_int_equal(devp2p_sim_run(sim, 61000), 0);
    uint64_t resets = devp2p_sim_fault_count(sim, DEVP2P_SIM_RESET);
    uint64_t pauses = devp2p_sim_fault_count(sim, DEVP2P_SIM_PAUSE);
    assert_in_range(pauses, 30, 90); /* 120 draws, half of each */
    assert_in_range(resets, 10, 60); /* half of these name one node twice */
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_CRASH), 0);
    assert_int_equal(devp2p_sim_run(sim, 30000), 0);
    assert_int_equal(devp2p_sim_fault_count(sim, DEVP2P_SIM_RESET), resets);
    well(sim, &a, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_is_heard_at_once),
        cmocka_unit_test(half_open_is_found_out_by_silence),
        cmocka_unit_test(a_partition_ends),
        cmocka_unit_test(one_way_is_enough_to_part),
        cmocka_unit_test(a_squeezed_link_is_slow),
        cmocka_unit_test(a_slow_reader_reads_later),
        cmocka_unit_test(a_crash_says_nothing),
        cmocka_unit_test(a_crash_may_end_by_itself),
        cmocka_unit_test(clocks_go_wrong_and_nobody_minds),
        cmocka_unit_test(who_stands_still_too_long_is_given_up),
        cmocka_unit_test(who_stood_still_blames_nobody),
        cmocka_unit_test(memory_and_randomness_come_back),
        cmocka_unit_test(a_node_that_moves_is_found),
        cmocka_unit_test(strangers_become_nobody),
        cmocka_unit_test(what_is_no_fault_is_said),
        cmocka_unit_test(chaos_is_drawn_from_a_set_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
