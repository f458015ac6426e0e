/* SPDX-License-Identifier: MIT */
#include "sim/sim_fixture.h"

#include "sim/parts.h"

static uint64_t mono(play *p)
{
    return dp_sim_now(p->sim).mono;
}

static uint64_t counted(play *p, devp2p_sim_fault_kind kind)
{
    return dp_sim_counted(p->sim, kind);
}

/* connect_ns is how long a dial and its answer take: one way and back. */
static uint64_t connect_ns(play *p, host *from, devp2p_addr to)
{
    uint64_t begin = mono(p);
    from->answered = false;
    dial(from, to, 0);
    dp_io *io = from->stream;
    assert_true(dp_sim_run(p->sim, soon(p), answered, from));
    assert_int_equal(from->answer, 0);
    from->w->ops->close(io, false);
    return from->answered_at - begin;
}

static bool got_all(void *user)
{
    play *p = user;
    return p->h[1].heard == p->h[0].send;
}

/* send_ns is how long it takes until the second host has heard so much from the
 * first one, beginning with the first byte. */
static uint64_t send_ns(play *p, unsigned bytes)
{
    p->h[0].answered = false;
    dial(&p->h[0], p->h[1].at, bytes);
    assert_true(dp_sim_run(p->sim, soon(p), answered, &p->h[0]));
    uint64_t begin = mono(p);
    assert_true(dp_sim_run(p->sim, soon(p), got_all, p));
    assert_int_equal(p->h[1].wrong, 0);
    return mono(p) - begin;
}

/* --- latency and jitter --- */

static void jitter_spreads_within_its_bounds(void **state)
{
    (void)state;
    play p;
    play_init(
        &p, (dp_sim_setup){ .link = { .latency_us = 1000, .jitter_us = 500 } });
    uint64_t least = DP_NEVER, most = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t took = connect_ns(&p, &p.h[0], p.h[1].at);
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    assert_in_range(least, 2 * DP_MS, 2 * DP_MS + 200 * DP_US);
    assert_in_range(most, 3 * DP_MS - 200 * DP_US, 3 * DP_MS + 3 * DP_US);
    play_fini(&p);
}

/* --- whose link it is --- */

static const devp2p_sim_link slow_link = { .latency_us = 50000 };
static const devp2p_sim_link far_link = { .latency_us = 200000 };

static void own_links_come_before_regions_and_those_before_the_rest(
    void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    host *a = &p.h[0], *b = &p.h[1];
    enum { TURNS = 3000 }; /* ns */
    assert_in_range(connect_ns(&p, a, b->at), 2 * DP_MS, 2 * DP_MS + TURNS);

    dp_sim_set_region(b->w, 3);
    assert_in_range(connect_ns(&p, a, b->at), 2 * DP_MS, 2 * DP_MS + TURNS);
    dp_sim_set_region_link(p.sim, 3, 0, &far_link);
    assert_in_range(connect_ns(&p, a, b->at), 400 * DP_MS, 400 * DP_MS + TURNS);
    assert_in_range(connect_ns(&p, b, a->at), 400 * DP_MS, 400 * DP_MS + TURNS);
    assert_in_range(connect_ns(&p, b, b->at), 2 * DP_MS, 2 * DP_MS + TURNS);

    assert_int_equal(dp_sim_set_link(p.sim, b->w, a->w, &slow_link), 0);
    assert_in_range(connect_ns(&p, a, b->at), 100 * DP_MS, 100 * DP_MS + TURNS);
    assert_int_equal(dp_sim_set_link(p.sim, a->w, b->w, NULL), 0);
    assert_in_range(connect_ns(&p, a, b->at), 400 * DP_MS, 400 * DP_MS + TURNS);
    dp_sim_set_region_link(p.sim, 0, 3, NULL);
    assert_in_range(connect_ns(&p, a, b->at), 2 * DP_MS, 2 * DP_MS + TURNS);

    dp_sim_set_region(b->w, 0);
    dp_sim_set_region_link(p.sim, 0, 0, &slow_link);
    assert_in_range(connect_ns(&p, a, b->at), 100 * DP_MS, 100 * DP_MS + TURNS);
    play_fini(&p);
}

/* --- bandwidth --- */

static void bytes_take_their_time(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .bytes_per_s = 10000 } });
    assert_in_range(
        send_ns(&p, 100000), 10 * DP_SEC, 10 * DP_SEC + 100 * DP_MS);
    play_fini(&p);
}

/* Streams share the way, and each way is free for itself. */
static void a_direction_carries_one_thing_at_a_time(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .latency_us = 1000 } });
    devp2p_sim_link thin = { .bytes_per_s = 1000, .latency_us = 20000 };
    dp_node *a = dp_sim_node_of(p.h[0].w), *b = dp_sim_node_of(p.h[1].w);
    assert_int_equal(dp_sim_set_link(p.sim, p.h[0].w, p.h[1].w, &thin), 0);
    dp_pair *pair = dp_sim_pair(p.sim, b, a);
    assert_ptr_equal(pair, dp_sim_pair(p.sim, a, b));
    uint64_t now = mono(&p), way = 20 * DP_MS;
    assert_int_equal(dp_sim_travel(pair, a, 500), now + way + 500 * DP_MS);
    assert_int_equal(dp_sim_travel(pair, a, 1), now + way + 501 * DP_MS);
    assert_int_equal(dp_sim_travel(pair, b, 7), now + way + 7 * DP_MS);
    dp_sim_run(p.sim, now + 10 * DP_SEC, NULL, NULL);
    now = mono(&p);
    assert_int_equal(dp_sim_travel(pair, a, 2), now + way + 2 * DP_MS);
    assert_int_equal(dp_sim_pair_link(pair)->bytes_per_s, 1000);
    play_fini(&p);
}

static void a_way_is_busy_for_ever_at_most(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .bytes_per_s = 1 } });
    dp_node *a = dp_sim_node_of(p.h[0].w), *b = dp_sim_node_of(p.h[1].w);
    dp_pair *pair = dp_sim_pair(p.sim, a, b);
    uint64_t last = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t at = dp_sim_travel(pair, a, SIZE_MAX);
        assert_true(at >= last && at < DP_NEVER);
        last = at;
    }
    play_fini(&p);
}

/* --- loss --- */

static void what_is_lost_comes_later_and_in_order(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .seed = 4,
                      .link = { .latency_us = 1000, .loss_ppm = 100000 } });
    uint64_t took = send_ns(&p, 20000);
    uint64_t lost = counted(&p, DEVP2P_SIM_LOSS);
    assert_in_range(lost, 10, 100); /* of 200 there and 200 back, about 40 */
    assert_in_range(took, 200 * DP_MS, 4 * DP_SEC);
    play_fini(&p);
}

/* A link that loses everything is late by 200 ms, 400 ms and so on, five
 * times. */
static void what_is_always_lost_comes_in_the_end(void **state)
{
    (void)state;
    play p;
    play_init(&p,
        (dp_sim_setup){ .link = { .latency_us = 1000, .loss_ppm = 1000000 } });
    uint64_t late = (200 + 400 + 800 + 1600 + 3200) * DP_MS;
    assert_in_range(connect_ns(&p, &p.h[0], p.h[1].at), 2 * (late + DP_MS),
        2 * (late + DP_MS) + 3 * DP_US);
    assert_true(counted(&p, DEVP2P_SIM_LOSS) >= 10);
    play_fini(&p);
}

static void what_cannot_happen_draws_nothing(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ 0 });
    dp_chance before = p.sim->chance;
    assert_false(dp_sim_happens(p.sim, 0, DEVP2P_SIM_CORRUPT));
    assert_memory_equal(&before, &p.sim->chance, sizeof before);
    assert_true(dp_sim_happens(p.sim, 1000000, DEVP2P_SIM_CORRUPT));
    assert_int_equal(counted(&p, DEVP2P_SIM_CORRUPT), 1);
    unsigned n = 0;
    for (unsigned i = 0; i < 10000; i++)
        n += dp_sim_happens(p.sim, 250000, DEVP2P_SIM_CORRUPT);
    assert_in_range(n, 2300, 2700);
    assert_int_equal(counted(&p, DEVP2P_SIM_CORRUPT), 1 + n);
    play_fini(&p);
}

/* --- windows and slices --- */

/* With a window of 1000 bytes and 100 ms for what is in flight, a second moves
 * 10,000 bytes. */
static void a_window_bounds_what_is_in_flight(void **state)
{
    (void)state;
    play p;
    play_init(
        &p, (dp_sim_setup){ .link = { .latency_us = 100000, .window = 1000 } });
    assert_in_range(send_ns(&p, 20000), 1900 * DP_MS, 2100 * DP_MS);

    /* a wider one lets a writer that waits go on */
    p.h[1].deaf = true;
    p.h[0].sent = p.h[1].heard = 0;
    dial(&p.h[0], p.h[1].at, 5000);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(p.h[0].sent, 1000);
    devp2p_sim_link wide = { .window = 3000 };
    assert_int_equal(dp_sim_set_link(p.sim, p.h[0].w, p.h[1].w, &wide), 0);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    assert_int_equal(p.h[0].sent, 3000);
    play_fini(&p);
}

/* What a full window or a small buffer shortens is no fault, nor is a slice
 * that was all there was. */
static void what_could_not_be_more_is_not_short(void **state)
{
    (void)state;
    static const devp2p_sim_link links[] = { { .window = 100 },
        { .window = 1, .slice = 1 } };
    uint8_t bytes[200];
    size_t n;
    for (size_t i = 0; i < 2; i++) {
        play p;
        play_init(&p, (dp_sim_setup){ .link = links[i] });
        host *a = &p.h[0], *b = &p.h[1];
        b->deaf = true;
        dial(a, b->at, 0);
        assert_true(dp_sim_run(p.sim, soon(&p), answered, a));
        memset(bytes, 0, sizeof bytes);
        assert_int_equal(
            a->w->ops->write(a->stream, bytes, sizeof bytes, &n), 0);
        assert_int_equal(n, links[i].window);
        dp_sim_run(p.sim, soon(&p), NULL, NULL);
        size_t cap = i ? sizeof bytes : 1;
        assert_int_equal(b->w->ops->read(b->stream, bytes, cap, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(counted(&p, DEVP2P_SIM_SHORT_IO), 0);
        play_fini(&p);
    }
}

static void slices_are_counted_when_they_shorten(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ .link = { .slice = 100 } });
    send_ns(&p, 1);
    assert_int_equal(counted(&p, DEVP2P_SIM_SHORT_IO), 0);
    p.h[0].sent = p.h[1].heard = 0;
    send_ns(&p, 5000);
    assert_in_range(counted(&p, DEVP2P_SIM_SHORT_IO), 50, 2000);
    play_fini(&p);
}

/* --- the trace --- */

typedef struct lines {
    unsigned n, syn, data, fin, rst;
    char first[100];
} lines;

static void note(void *user, const char *line)
{
    lines *l = user;
    if (l->n++ == 0)
        strncpy(l->first, line, sizeof l->first - 1);
    l->syn += strstr(line, " SYN ") != NULL;
    l->data += strstr(line, " DATA ") != NULL;
    l->fin += strstr(line, " FIN ") != NULL;
    l->rst += strstr(line, " RST ") != NULL;
}

static uint64_t traced(uint64_t seed, lines *l)
{
    play p;
    play_init(&p, (dp_sim_setup){ .seed = seed,
                      .trace = l ? note : NULL,
                      .trace_user = l,
                      .link = { .latency_us = 2000,
                          .jitter_us = 1000,
                          .loss_ppm = 50000,
                          .bytes_per_s = 100000 } });
    send_ns(&p, 3000);
    p.h[0].w->ops->close(p.h[0].stream, true);
    dp_sim_run(p.sim, soon(&p), NULL, NULL);
    uint64_t trace = dp_sim_trace(p.sim);
    play_fini(&p);
    return trace;
}

static void a_trace_tells_every_segment(void **state)
{
    (void)state;
    lines l = { 0 };
    uint64_t hash = traced(1, &l);
    assert_int_equal(traced(1, NULL), hash);
    assert_int_not_equal(traced(2, NULL), hash);
    assert_int_equal(l.syn, 2);
    assert_true(l.data >= 30);
    assert_int_equal(l.rst, 1);
    assert_non_null(strstr(l.first, " 10.0.0.1:49153 > 10.0.0.2:49152 SYN 0"));
    assert_memory_equal(l.first, "0.00", 4);
    assert_int_equal(l.first[11], ' ');
}

static void what_is_folded_changes_the_hash(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ 0 });
    uint64_t empty = dp_sim_trace(p.sim);
    dp_sim_fold(p.sim, "a", 1);
    uint64_t one = dp_sim_trace(p.sim);
    dp_sim_fold(p.sim, "a", 1);
    assert_int_not_equal(one, empty);
    assert_int_not_equal(dp_sim_trace(p.sim), one);
    p.sim->trace = empty;
    dp_sim_run(p.sim, mono(&p) + 1, NULL, NULL); /* at another time */
    dp_sim_fold(p.sim, "a", 1);
    assert_int_not_equal(dp_sim_trace(p.sim), one);
    play_fini(&p);
}

/* --- many nodes --- */

static int dials_each(void **worlds, size_t n)
{
    int err = 0;
    for (size_t i = 0; i < n; i++) {
        dp_world *w = worlds[i];
        devp2p_addr to = dp_sim_node_of(worlds[(i + 1) % n])->ip;
        dp_io *io;
        to.port = 7;
        err = err ? err : w->ops->connect(w, &to, NULL, &io);
    }
    return err;
}

static void tables_grow_with_the_world(void **state)
{
    (void)state;
    enum { N = 1000 };
    test_env t;
    test_env_init(&t);
    dp_sim *sim;
    dp_sim_setup setup = { .env = t.env };
    void *worlds[N];
    assert_int_equal(dp_sim_new(&sim, &setup), 0);
    for (unsigned i = 0; i < N; i++) {
        devp2p_addr a = ip("10.0.0.0:0");
        a.ip[2] = (uint8_t)(i >> 8);
        a.ip[3] = (uint8_t)i;
        dp_world *w;
        assert_int_equal(dp_sim_world(&w, sim, &a), 0);
        worlds[i] = w;
    }
    assert_int_equal(dials_each(worlds, N), 0);
    assert_int_equal(dp_map_count(sim->pairs.map), N);
    for (unsigned i = 0; i < N; i++) {
        dp_node *n = dp_sim_node_of(worlds[i]);
        assert_ptr_equal(dp_sim_host(sim, &n->ip, NULL), n);
    }
    for (unsigned i = 0; i < N; i++)
        ((dp_world *)worlds[i])->ops->free(worlds[i]);
    assert_int_equal(dp_map_count(sim->pairs.map), 0);
    assert_int_equal(dp_map_count(sim->hosts.map), 0);
    dp_sim_free(sim);
    assert_int_equal(t.live, 0);
}

static void without_memory_there_is_no_pair(void **state)
{
    (void)state;
    play p;
    play_init(&p, (dp_sim_setup){ 0 });
    dp_world *a = p.h[0].w, *b = p.h[1].w;
    dp_io *io;
    test_env_fail(&p.t, 1);
    assert_int_equal(dp_sim_hold(p.sim, a, b, true), DEVP2P_ERR_NOMEM);
    test_env_fail(&p.t, 1);
    assert_int_equal(
        dp_sim_set_link(p.sim, a, b, &slow_link), DEVP2P_ERR_NOMEM);
    for (size_t n = 1;; n++) {
        test_env_fail(&p.t, n);
        int err = a->ops->connect(a, &p.h[1].at, NULL, &io);
        test_env_fail(&p.t, 0);
        if (err == 0)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
    }
    p.h[0].stream = io;
    assert_true(dp_sim_run(p.sim, soon(&p), answered, &p.h[0]));
    play_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_spreads_within_its_bounds),
        cmocka_unit_test(
            own_links_come_before_regions_and_those_before_the_rest),
        cmocka_unit_test(bytes_take_their_time),
        cmocka_unit_test(a_direction_carries_one_thing_at_a_time),
        cmocka_unit_test(a_way_is_busy_for_ever_at_most),
        cmocka_unit_test(what_is_lost_comes_later_and_in_order),
        cmocka_unit_test(what_is_always_lost_comes_in_the_end),
        cmocka_unit_test(what_cannot_happen_draws_nothing),
        cmocka_unit_test(a_window_bounds_what_is_in_flight),
        cmocka_unit_test(what_could_not_be_more_is_not_short),
        cmocka_unit_test(slices_are_counted_when_they_shorten),
        cmocka_unit_test(a_trace_tells_every_segment),
        cmocka_unit_test(what_is_folded_changes_the_hash),
        cmocka_unit_test(tables_grow_with_the_world),
        cmocka_unit_test(without_memory_there_is_no_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
