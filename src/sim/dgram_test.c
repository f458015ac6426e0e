/* SPDX-License-Identifier: MIT */
#include "sim/dgram.h"
#include "sim/node_fixture.h"

static net p;

/* send_many sends the numbers 0.. from the first node to the second. */
static void send_many(uint32_t n, size_t len)
{
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(put(&p.n[0], p.n[1].at, i, len), 0);
}

/* send_slowly leaves a pause after each, so that no buffer is full. */
#define PAUSE (10 * DP_US)
static void send_slowly(uint32_t n, size_t len)
{
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(put(&p.n[0], p.n[1].at, i, len), 0);
        pass(&p, PAUSE);
    }
}

/* disorder is how many came after one that was sent later. */
static size_t disorder(const node *x)
{
    size_t n = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < x->heard_n; i++) {
        n += x->heard[i].number < most;
        most = x->heard[i].number > most ? x->heard[i].number : most;
    }
    return n;
}

/* --- sockets --- */

static void a_socket_has_an_address_of_its_own(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    dp_world *w = p.n[0].w;
    const dp_world_ops *ops = w->ops;
    dp_io *io[4];
    devp2p_addr at, other, any4 = addr_of("0.0.0.0:7"),
                           any6 = addr_of("[::]:7");
    devp2p_addr one = addr_of("10.0.0.1:7"), loop = addr_of("127.0.0.1:7");
    devp2p_addr free4 = addr_of("0.0.0.0:0");

    assert_int_equal(ops->udp(w, &any4, NULL, &io[0], &at), 0);
    assert_int_equal(at.port, 7);
    assert_int_equal(ops->udp(w, &any6, NULL, &io[1], &at), 0);
    assert_int_equal(
        ops->udp(w, &any4, NULL, &io[2], &at), DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(
        ops->udp(w, &one, NULL, &io[2], &at), DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(
        ops->udp(w, &loop, NULL, &io[2], &at), DEVP2P_ERR_ADDR_IN_USE);
    ops->close(io[0], false);
    assert_int_equal(ops->udp(w, &one, NULL, &io[0], &at), 0);
    assert_int_equal(ops->udp(w, &loop, NULL, &io[2], &at), 0);
    assert_int_equal(
        ops->udp(w, &any4, NULL, &io[3], &at), DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(ops->udp(w, &p.n[1].at, NULL, &io[3], &at),
        DEVP2P_ERR_ADDR_UNAVAILABLE);
    assert_int_equal(ops->udp(w, &free4, NULL, &io[3], &at), 0);
    ops->names(io[3], &other, &loop);
    assert_int_equal(other.port, at.port);
    assert_true(at.port >= 49152);
    assert_int_equal(ops->udp(w, &free4, NULL, &io[0], &other), 0);
    assert_int_not_equal(at.port, other.port);

    /* ports of streams are others */
    at = addr_of("10.0.0.1:30303");
    assert_int_equal(ops->listen(w, &at, NULL, &io[0], &other), 0);
    net_fini(&p);
}

static void all_ports_can_be_taken(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    dp_world *w = p.n[0].w;
    devp2p_addr any = addr_of("10.0.0.1:0"), at;
    dp_io *io;
    unsigned n = 0;
    while (w->ops->udp(w, &any, NULL, &io, &at) == 0)
        n++;
    assert_int_equal(n, 65536 - 49152);
    net_fini(&p);
}

static void a_datagram_comes_whole_or_cut(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *a = &p.n[0], *b = &p.n[1];
    const dp_world_ops *ops = b->w->ops;
    uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, got[8];
    devp2p_addr from;
    size_t n;

    ops->want(b->io, 0);
    assert_int_equal(
        ops->recv(b->io, got, sizeof got, &n, &from), DEVP2P_ERR_AGAIN);
    assert_int_equal(ops->send(a->io, bytes, 8, &b->at), 0);
    assert_int_equal(
        ops->recv(b->io, got, sizeof got, &n, &from), DEVP2P_ERR_AGAIN);
    pass(&p, DP_MS);
    assert_int_equal(ops->send(a->io, bytes, 8, &b->at), 0);
    pass(&p, DP_MS);
    assert_int_equal(ops->send(a->io, NULL, 0, &b->at), 0);
    pass(&p, DP_MS);
    assert_int_equal(b->ready, 0);
    assert_int_equal(ops->recv(b->io, got, sizeof got, &n, &from), 0);
    assert_int_equal(n, 8);
    assert_memory_equal(got, bytes, 8);
    assert_true(dp_addr_equal(&from, &a->at));
    assert_int_equal(ops->recv(b->io, got, 5, &n, &from), 0);
    assert_int_equal(n, 5);
    assert_int_equal(ops->recv(b->io, got, 5, &n, &from), 0);
    assert_int_equal(n, 0);
    assert_int_equal(ops->recv(b->io, got, 5, &n, &from), DEVP2P_ERR_AGAIN);
    net_fini(&p);
}

static void what_cannot_be_sent_says_why(void **state)
{
    (void)state;
    static uint8_t big[65508];
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *a = &p.n[0], *b = &p.n[1];
    const dp_world_ops *ops = a->w->ops;
    dp_io *io;
    devp2p_addr any6 = addr_of("[::]:7"), at;

    assert_int_equal(ops->send(a->io, big, 65508, &b->at), DEVP2P_ERR_TOO_BIG);
    assert_int_equal(ops->send(a->io, big, 65507, &b->at), 0);
    assert_int_equal(put(a, p.n[3].at, 0, 4), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(put(&p.n[3], a->at, 0, 4), DEVP2P_ERR_UNREACHABLE);
    assert_int_equal(ops->udp(a->w, &any6, a, &io, &at), 0);
    assert_int_equal(ops->send(io, big, 4, &p.n[3].at), DEVP2P_ERR_UNREACHABLE);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 1);
    assert_int_equal(p.n[3].heard_n + a->heard_n, 0);
    net_fini(&p);
}

static void a_node_can_send_to_itself(void **state)
{
    (void)state;
    net_init(
        &p, 1, (devp2p_sim_link){ .latency_us = 1000000, .loss_ppm = 1000000 });
    node *a = &p.n[0];
    dp_io *io;
    devp2p_addr any = addr_of("0.0.0.0:7"), at;
    devp2p_addr loop = addr_of("127.0.0.1:7"), own = addr_of("10.0.0.1:7");

    assert_int_equal(a->w->ops->udp(a->w, &any, a, &io, &at), 0);
    a->w->ops->want(io, DP_READ);
    assert_int_equal(a->w->ops->send(io, "loop", 4, &loop), 0);
    pass(&p, DP_MS);
    assert_int_equal(a->heard_n, 1);
    assert_true(dp_addr_equal(&a->heard[0].from, &loop));
    assert_int_equal(a->w->ops->send(io, "own", 3, &own), 0);
    pass(&p, DP_MS);
    assert_int_equal(a->heard_n, 2);
    assert_true(dp_addr_equal(&a->heard[1].from, &own));
    loop.port = PORT; /* bound to the node's address alone */
    assert_int_equal(a->w->ops->send(io, "none", 4, &loop), 0);
    pass(&p, DP_SEC);
    assert_int_equal(a->heard_n, 2);
    net_fini(&p);
}

static void readiness_is_a_level(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *b = &p.n[1];
    b->w->ops->want(b->io, 0);
    send_many(3, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->ready, 0);
    b->w->ops->want(b->io, DP_READ);
    pass(&p, DP_SEC);
    assert_int_equal(b->ready, 3);
    assert_int_equal(b->heard_n, 3);
    assert_int_equal(b->events, DP_READ);
    b->w->ops->want(b->io, DP_WRITE);
    pass(&p, DP_SEC);
    assert_int_equal(b->ready, 4);
    assert_int_equal(b->events, DP_READ | DP_WRITE);

    /* closed in an up call, with more to read */
    b->closes = true;
    send_many(3, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 4);
    assert_null(b->io);
    net_fini(&p);
}

/* --- links --- */

/* on_time: the way has 1000 bytes a second, whether it loses some or not. */
static void on_time(uint32_t loss_ppm, size_t least)
{
    devp2p_sim_link link = {
        .bytes_per_s = 1000, .latency_us = 50000, .loss_ppm = loss_ppm
    };
    net_init(&p, 1, link);
    uint64_t begin = dp_sim_now(p.sim).mono;
    send_many(20, 100);
    pass(&p, 3 * DP_SEC);
    assert_in_range(p.n[1].heard_n, least, 20);
    for (size_t i = 0; i < p.n[1].heard_n; i++) {
        const heard *h = &p.n[1].heard[i];
        uint64_t due = begin + (100 * (h->number + 1) + 50) * DP_MS;
        assert_in_range(h->at, due, due + 10 * DP_US);
    }
    assert_true(loss_ppm == 0 || p.n[1].heard_n < 18);
    net_fini(&p);
}

static void a_way_takes_its_time(void **state)
{
    (void)state;
    on_time(0, 20);
    on_time(500000, 2);

    uint64_t least = DP_NEVER, most = 0;
    net_init(
        &p, 1, (devp2p_sim_link){ .latency_us = 50000, .jitter_us = 10000 });
    uint64_t begin = dp_sim_now(p.sim).mono;
    send_many(200, 100);
    pass(&p, DP_SEC);
    assert_int_equal(p.n[1].heard_n, 200);
    for (size_t i = 0; i < 200; i++) {
        uint64_t took = p.n[1].heard[i].at - begin;
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    assert_in_range(least, 50 * DP_MS, 51 * DP_MS);
    assert_in_range(most, 59 * DP_MS, 61 * DP_MS);
    assert_true(disorder(&p.n[1]) > 10);
    assert_int_equal(counted(&p, DEVP2P_SIM_REORDER), 0);
    net_fini(&p);
}

static void a_pair_has_a_link_of_its_own(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    devp2p_sim_link bad = { .loss_ppm = 1000000 };
    assert_int_equal(dp_sim_set_link(p.sim, p.n[0].w, p.n[1].w, &bad), 0);
    send_many(5, 10);
    assert_int_equal(put(&p.n[0], p.n[2].at, 0, 10), 0);
    pass(&p, DP_SEC);
    assert_int_equal(p.n[1].heard_n, 0);
    assert_int_equal(p.n[2].heard_n, 1);
    assert_int_equal(counted(&p, DEVP2P_SIM_DATAGRAM_LOSS), 5);
    net_fini(&p);
}

enum { MANY = 1000 };

static void datagrams_are_lost(void **state)
{
    (void)state;
    static const uint32_t ppm[3] = { 0, 200000, 1000000 };
    for (size_t i = 0; i < 3; i++) {
        net_init(
            &p, 1, (devp2p_sim_link){ .latency_us = 1000, .loss_ppm = ppm[i] });
        send_slowly(MANY, 10);
        pass(&p, DP_SEC);
        uint64_t lost = counted(&p, DEVP2P_SIM_DATAGRAM_LOSS);
        assert_int_equal(p.n[1].heard_n + lost, MANY);
        assert_in_range(lost, ppm[i] * 9ull / 10000, ppm[i] * 11ull / 10000);
        assert_int_equal(disorder(&p.n[1]), 0);
        net_fini(&p);
    }
}

static void datagrams_come_twice(void **state)
{
    (void)state;
    static const uint32_t ppm[2] = { 0, 200000 };
    for (size_t i = 0; i < 2; i++) {
        net_init(&p, 1,
            (devp2p_sim_link){ .latency_us = 1000, .duplicate_ppm = ppm[i] });
        send_slowly(MANY / 2, 10);
        pass(&p, DP_SEC);
        uint64_t twice = counted(&p, DEVP2P_SIM_DUPLICATE);
        assert_int_equal(p.n[1].heard_n, MANY / 2 + twice);
        assert_in_range(twice, ppm[i] * 4ull / 10000, ppm[i] * 6ull / 10000);
        net_fini(&p);
    }
}

static void datagrams_are_overtaken(void **state)
{
    (void)state;
    static const uint32_t latency[2] = { 10000, 0 };
    for (size_t i = 0; i < 2; i++) {
        devp2p_sim_link link = { .latency_us = latency[i],
            .reorder_ppm = 100000 };
        net_init(&p, 1, link);
        uint64_t begin = dp_sim_now(p.sim).mono;
        send_slowly(MANY, 10);
        pass(&p, DP_SEC);
        size_t n = p.n[1].heard_n, late = 0;
        uint64_t most = 5 * latency[i] * DP_US + (latency[i] ? 0 : DP_MS);
        assert_int_equal(n, MANY);
        for (size_t k = 0; k < n; k++) {
            const heard *h = &p.n[1].heard[k];
            uint64_t took = h->at - begin - h->number * PAUSE;
            late += took > latency[i] * DP_US + DP_MS / 2;
            assert_in_range(took, latency[i] * DP_US, most + DP_MS);
        }
        assert_in_range(counted(&p, DEVP2P_SIM_REORDER), 70, 130);
        assert_in_range(disorder(&p.n[1]), 10, 130);
        assert_true(late > 30);
        net_fini(&p);
    }
}

static unsigned bits_of(uint8_t b)
{
    unsigned n = 0;
    for (; b; b = (uint8_t)(b & (b - 1)))
        n++;
    return n;
}

static void datagrams_are_corrupted(void **state)
{
    (void)state;
    static const uint32_t ppm[2] = { 0, 1000000 };
    for (size_t i = 0; i < 2; i++) {
        bool seen[4] = { false };
        net_init(&p, 1,
            (devp2p_sim_link){ .latency_us = 1000, .corrupt_ppm = ppm[i] });
        for (unsigned k = 0; k < 200; k++) {
            unsigned flipped = 0;
            size_t len = k % 2 ? 1 : 1 + k % 50;
            assert_int_equal(put(&p.n[0], p.n[1].at, 0, len), 0);
            pass(&p, DP_SEC);
            for (size_t b = 0; b < len; b++)
                flipped += bits_of(p.n[1].last[b]);
            assert_in_range(flipped, i, 3 * i);
            seen[flipped] = true;
        }
        assert_int_equal(p.n[1].heard_n, 200);
        assert_int_equal(counted(&p, DEVP2P_SIM_CORRUPT), 200 * i);
        assert_true(seen[1] == i && seen[2] == i && seen[3] == i);
        assert_int_equal(put(&p.n[0], p.n[1].at, 0, 0), 0);
        pass(&p, DP_SEC);
        assert_int_equal(p.n[1].heard_n, 201);
        assert_int_equal(counted(&p, DEVP2P_SIM_CORRUPT), 200 * i);
        net_fini(&p);
    }
}

/* --- bounds --- */

static void a_socket_keeps_so_many(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *b = &p.n[1];
    b->w->ops->want(b->io, 0);
    send_many(DP_DGRAMS_HERE + 50, 10);
    pass(&p, DP_SEC);
    b->w->ops->want(b->io, DP_READ);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, DP_DGRAMS_HERE);
    assert_int_equal(b->heard[b->heard_n - 1].number, DP_DGRAMS_HERE - 1);
    send_many(1, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, DP_DGRAMS_HERE + 1);
    net_fini(&p);
}

static void a_path_holds_so_many(void **state)
{
    (void)state;
    net_init(
        &p, 1, (devp2p_sim_link){ .latency_us = 1000000, .jitter_us = 900000 });
    size_t live = p.t.live;
    send_many(DP_DGRAMS_FLYING, 10);
    size_t full = p.t.live;
    assert_true(full > live);
    send_many(50, 10);
    assert_int_equal(p.t.live, full);
    pass(&p, 2 * DP_SEC);
    assert_int_equal(p.n[1].heard_n, DP_DGRAMS_FLYING);
    send_many(50, 10);
    pass(&p, 2 * DP_SEC);
    assert_int_equal(p.n[1].heard_n, DP_DGRAMS_FLYING + 50);
    net_fini(&p);
}

/* --- where nothing arrives --- */

static void what_nobody_waits_for_vanishes(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *a = &p.n[0], *b = &p.n[1];
    devp2p_addr shut = b->at;
    shut.port++;
    assert_int_equal(put(a, shut, 0, 4), 0);
    assert_int_equal(put(a, addr_of("10.0.0.9:30303"), 0, 4), 0);
    pass(&p, DP_SEC);
    send_many(3, 10);
    b->w->ops->close(b->io, false);
    pass(&p, DP_SEC);
    devp2p_addr at;
    assert_int_equal(b->w->ops->udp(b->w, &b->at, b, &b->io, &at), 0);
    b->w->ops->want(b->io, 0);
    send_many(3, 10);
    pass(&p, DP_SEC);
    b->w->ops->close(b->io, false); /* unread ones go along */
    assert_int_equal(b->w->ops->udp(b->w, &b->at, b, &b->io, &at), 0);
    b->w->ops->want(b->io, DP_READ);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 0);
    send_many(1, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 1);
    net_fini(&p);
}

static void a_hold_drops_one_way(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *a = &p.n[0], *b = &p.n[1];
    send_many(2, 10); /* on their way */
    assert_int_equal(dp_sim_hold(p.sim, a->w, b->w, true), 0);
    pass(&p, DP_SEC);
    send_many(2, 10);
    assert_int_equal(put(b, a->at, 0, 4), 0);
    assert_int_equal(put(a, p.n[2].at, 0, 4), 0);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 0);
    assert_int_equal(a->heard_n, 1);
    assert_int_equal(p.n[2].heard_n, 1);
    assert_int_equal(dp_sim_hold(p.sim, a->w, b->w, false), 0);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 0); /* dropped, not kept */
    assert_int_equal(dp_sim_hold(p.sim, a->w, b->w, true), 0);
    send_many(2, 10);
    assert_int_equal(dp_sim_hold(p.sim, a->w, b->w, false), 0);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 0); /* also when it ends before they come */
    send_many(2, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 2);
    net_fini(&p);
}

static void nodes_come_and_go(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
    node *a = &p.n[0], *b = &p.n[1];

    /* what a node sent before it was freed arrives, what is for it does not */
    send_many(2, 10);
    assert_int_equal(put(b, a->at, 0, 4), 0);
    assert_int_equal(put(a, a->at, 0, 4), 0);
    node_down(a);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 2);
    assert_int_equal(a->heard_n, 0);
    assert_int_equal(put(b, a->at, 0, 4), 0);
    node_up_again(&p, a);
    send_many(1, 10);
    pass(&p, DP_SEC);
    assert_int_equal(b->heard_n, 3);

    dp_sim_crash(b->w);
    send_many(1, 10);
    assert_int_equal(put(b, a->at, 0, 4), 0);
    pass(&p, DP_SEC);
    assert_int_equal(a->heard_n, 0);
    assert_int_equal(b->heard_n, 3);

    devp2p_addr moved = addr_of("10.0.0.7:0");
    node *c = &p.n[2];
    dp_sim_readdress(c->w, &moved);
    moved.port = PORT;
    assert_int_equal(put(a, c->at, 0, 4), 0);
    assert_int_equal(put(a, moved, 0, 4), 0); /* bound to the old one */
    devp2p_addr any = addr_of("0.0.0.0:7"), at;
    dp_io *io;
    assert_int_equal(c->w->ops->udp(c->w, &any, c, &io, &at), 0);
    c->w->ops->want(io, DP_READ);
    moved.port = 7;
    assert_int_equal(put(a, moved, 7, 4), 0);
    pass(&p, DP_SEC);
    assert_int_equal(c->heard_n, 1);
    assert_int_equal(c->heard[0].number, 7);
    net_fini(&p);
}

/* --- the run --- */

typedef struct lines {
    unsigned n;
    char last[128];
} lines;

static void keep_line(void *user, const char *line)
{
    lines *l = user;
    l->n++;
    snprintf(l->last, sizeof l->last, "%s", line);
}

static uint64_t hash_of(uint64_t seed, uint32_t number, const char *to)
{
    lines l = { 0 };
    devp2p_sim_link link = { .latency_us = 1000,
        .jitter_us = 1000,
        .loss_ppm = 100000,
        .duplicate_ppm = 100000,
        .reorder_ppm = 100000,
        .corrupt_ppm = 100000 };
    net_init_traced(&p, seed, link, keep_line, &l);
    uint64_t before = dp_sim_trace(p.sim);
    send_many(100, 10);
    pass(&p, DP_SEC);
    assert_int_not_equal(dp_sim_trace(p.sim), before);
    assert_int_equal(l.n, p.n[1].heard_n);
    for (size_t i = 1; i < 3; i++) {
        devp2p_sim_link good = { .latency_us = 1000 };
        assert_int_equal(dp_sim_set_link(p.sim, p.n[0].w, p.n[i].w, &good), 0);
    }
    assert_int_equal(put(&p.n[0], addr_of(to), number, 98), 0);
    pass(&p, DP_SEC);
    char line[128];
    snprintf(line, sizeof line, "datagram 10.0.0.1:30303 > %s, 98 bytes", to);
    assert_non_null(strstr(l.last, line)); /* behind the time */
    uint64_t hash = dp_sim_trace(p.sim);
    net_fini(&p);
    return hash;
}

static void one_integer_repeats_a_run(void **state)
{
    (void)state;
    static const char to[] = "10.0.0.2:30303", other[] = "10.0.0.3:30303";
    uint64_t first = hash_of(1, 7, to);
    assert_int_equal(hash_of(1, 7, to), first);
    assert_int_not_equal(hash_of(2, 7, to), first);
    assert_int_not_equal(hash_of(1, 8, to), first);
    assert_int_not_equal(hash_of(1, 7, other), first);
}

static void without_memory_nothing_is_half_sent(void **state)
{
    (void)state;
    size_t n = 1;
    for (int err = DEVP2P_ERR_NOMEM; err; n++) {
        net_init(&p, 1, (devp2p_sim_link){ .latency_us = 1000 });
        node *a = &p.n[0];
        devp2p_addr at = addr_of("10.0.0.1:7"), bound;
        dp_io *io = NULL;
        test_env_fail(&p.t, n);
        err = a->w->ops->udp(a->w, &at, a, &io, &bound);
        if (err == 0)
            err = a->w->ops->send(io, "1234", 4, &p.n[1].at);
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        pass(&p, DP_SEC);
        assert_int_equal(p.n[1].heard_n, err == 0);
        net_fini(&p);
    }
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_has_an_address_of_its_own),
        cmocka_unit_test(all_ports_can_be_taken),
        cmocka_unit_test(a_datagram_comes_whole_or_cut),
        cmocka_unit_test(what_cannot_be_sent_says_why),
        cmocka_unit_test(a_node_can_send_to_itself),
        cmocka_unit_test(readiness_is_a_level),
        cmocka_unit_test(a_way_takes_its_time),
        cmocka_unit_test(a_pair_has_a_link_of_its_own),
        cmocka_unit_test(datagrams_are_lost),
        cmocka_unit_test(datagrams_come_twice),
        cmocka_unit_test(datagrams_are_overtaken),
        cmocka_unit_test(datagrams_are_corrupted),
        cmocka_unit_test(a_socket_keeps_so_many),
        cmocka_unit_test(a_path_holds_so_many),
        cmocka_unit_test(what_nobody_waits_for_vanishes),
        cmocka_unit_test(a_hold_drops_one_way),
        cmocka_unit_test(nodes_come_and_go),
        cmocka_unit_test(one_integer_repeats_a_run),
        cmocka_unit_test(without_memory_nothing_is_half_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
