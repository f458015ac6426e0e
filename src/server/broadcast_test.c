/* SPDX-License-Identifier: MIT */
/* broadcast_test.c - one packet for one peer, and for all of them. */
#include "core/public_packet.h"
#include "core/session_impl.h"
#include "server/net_fixture.h"
#include "server/server.h"

enum { CROWD = 50, CODE = 1 };

/* A guest is a node that counts what it hears. */
typedef struct guest {
    node x;
    devp2p_protocol rows[2];
    devp2p_slice want; /* the payload of every message */
    uint32_t heard;
} guest;

/* A seat is the host's side of a guest. */
typedef struct seat {
    devp2p_rw *rw; /* kept */
    int writable;
    uint32_t unsent;
} seat;

typedef struct hall hall;

/* A hall is a host with guests, some of the run style. */
struct hall {
    net n;
    node host;
    test_env memory, packets; /* of the host, of its packets */
    devp2p_protocol rows[3];
    guest *guests;
    seat *seats;
    size_t nguests, nseats;
    devp2p_packet *packet;  /* of the test */
    void (*speak)(hall *h); /* on the loop, when a guest says something */
    bool on_open, on_event; /* speak there too */
    size_t sent, full;      /* of the last broadcast, and what it returned */
    int err;
    size_t fail_at; /* the host's allocation that fails */
    bool failed;    /* it did */
};

/* --- guests --- */

static int hear(guest *g, const devp2p_msg *msg)
{
    assert_int_equal(msg->code, CODE);
    assert_int_equal(msg->payload.len, g->want.len);
    assert_memory_equal(msg->payload.at, g->want.at, g->want.len);
    g->heard++;
    return 0;
}

static int guest_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    int err;

    (void)peer;
    while (!(err = devp2p_read(rw, &msg)))
        hear(user, &msg);
    return err;
}

static int guest_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw;
    return hear(user, msg);
}

/* --- the host --- */

static void tell_all(hall *h)
{
    h->err = devp2p_server_broadcast(
        h->host.srv, &h->sent, &h->full, "talk", 2, h->packet);
}

static int host_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    hall *h = user;
    seat *s = &h->seats[h->nseats++];

    (void)peer;
    s->rw = devp2p_rw_keep(rw);
    devp2p_rw_set_data(rw, s);
    if (h->on_open)
        h->speak(h);
    return 0;
}

static int host_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    hall *h = user;

    (void)rw, (void)msg;
    h->speak(h);
    return 0;
}

static void host_writable(devp2p_rw *rw, void *user)
{
    seat *s = devp2p_rw_data(rw);

    (void)user;
    s->writable++;
}

static void host_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    seat *s = devp2p_rw_data(rw);

    (void)reason, (void)user;
    s->unsent = unsent;
}

static void host_event(const devp2p_event *event, void *user)
{
    hall *h = user;

    node_event(event, &h->host);
    if (h->on_event && event->kind == DEVP2P_EVENT_PEER_DROP)
        h->speak(h);
}

static int host_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    hall *h = user;
    devp2p_msg msg;
    int err;

    host_open(peer, rw, user);
    while (!(err = devp2p_read(rw, &msg)))
        h->speak(h);
    return err;
}

/* --- a hall --- */

static void hall_packet(hall *h, const void *at, size_t len)
{
    devp2p_packet_drop(h->packet);
    for (size_t i = 0; i < h->nguests; i++)
        h->guests[i].want = (devp2p_slice){ at, len };
    assert_int_equal(dp_public_packet_raw(&h->packet, &h->packets.env, CODE,
                         (devp2p_slice){ at, len }),
        0);
}

static void hall_rows(hall *h, bool host_runs)
{
    devp2p_protocol talk = { "talk", 2, 2, h, .run = host_run };

    if (!host_runs)
        talk = (devp2p_protocol){ "talk", 2, 2, h, .on_open = host_open,
            .on_msg = host_msg, .on_writable = host_writable,
            .on_close = host_close };
    h->rows[0] = (devp2p_protocol){ "talk", 1, 2, .on_msg = guest_msg };
    h->rows[1] = talk;
}

static void hall_guest(hall *h, size_t i)
{
    guest *g = &h->guests[i];

    g->rows[0] = (devp2p_protocol){ "talk", 2, 2, g, .run = guest_run };
    if (i % 2)
        g->rows[0] = (devp2p_protocol){ "talk", 2, 2, g, .on_msg = guest_msg };
    node_config(&g->x, (uint8_t)(i + 2), g->rows);
    node_start(&g->x, &h->n);
}

static void hall_join(hall *h, size_t i)
{
    node_dial(&h->guests[i].x, &h->host);
}

/* hall_new starts the host and its guests and connects them. */
static hall *hall_new(size_t nguests, bool host_runs)
{
    hall *h = calloc(1, sizeof *h);

    h->guests = calloc(nguests, sizeof *h->guests);
    h->seats = calloc(2 * nguests, sizeof *h->seats); /* they may return */
    h->nguests = nguests;
    h->speak = tell_all;
    net_init(&h->n, 61);
    test_env_init(&h->memory);
    test_env_init(&h->packets);
    hall_rows(h, host_runs);
    node_config(&h->host, 1, h->rows);
    h->host.cfg.dial_ratio = DEVP2P_NONE;
    h->host.memory = &h->memory;
    h->host.cfg.on_event = host_event;
    h->host.cfg.on_event_user = h;
    node_start(&h->host, &h->n);
    for (size_t i = 0; i < nguests; i++)
        hall_guest(h, i);
    return h;
}

static hall *hall_full(size_t nguests, bool host_runs)
{
    hall *h = hall_new(nguests, host_runs);

    for (size_t i = 0; i < nguests; i++)
        hall_join(h, i);
    net_run(&h->n, DP_SEC);
    assert_int_equal(h->nseats, nguests);
    return h;
}

static void hall_free(hall *h)
{
    node_stop(&h->host);
    for (size_t i = 0; i < h->nguests; i++)
        node_stop(&h->guests[i].x);
    for (size_t i = 0; i < h->nseats; i++)
        devp2p_rw_drop(h->seats[i].rw);
    devp2p_packet_drop(h->packet);
    net_fini(&h->n);
    assert_int_equal(h->memory.live, 0);
    assert_int_equal(h->packets.live, 0);
    free(h->guests);
    free(h->seats);
    free(h);
}

/* hall_ask makes the host speak on its loop, or on a handler's thread. */
static void hall_ask(hall *h)
{
    dp_line *line =
        dp_of(dp_list_first(&h->guests[0].x.srv->loops[0].all), dp_line, all);

    assert_int_equal(devp2p_send_items(&line->channels[0]->rw, 0, 1u), 0);
    net_run(&h->n, DP_SEC);
}

static void assert_told(hall *h, size_t sent, size_t full)
{
    assert_int_equal(h->err, 0);
    assert_int_equal(h->sent, sent);
    assert_int_equal(h->full, full);
}

static void tell_and(hall *h, size_t sent, size_t full)
{
    tell_all(h);
    assert_told(h, sent, full);
}

/* assert_heard: so many of the guests have heard n messages by now, the others
 * one less. */
static void assert_heard(hall *h, size_t guests, uint32_t n)
{
    size_t there = 0;

    net_run(&h->n, 2 * DP_SEC);
    for (size_t i = 0; i < h->nguests; i++) {
        there += h->guests[i].heard == n;
        assert_in_range(h->guests[i].heard, n - 1, n);
    }
    assert_int_equal(there, guests);
}

/* --- to all --- */

static uint8_t text[200 * 1024];

/* 50 peers get one broadcast.  It is compressed once, and all of them send the
 * same bytes from the same place. */
static void fifty(void **state)
{
    (void)state;
    for (int runs = 0; runs < 2; runs++) {
        hall *h = hall_full(CROWD, runs);
        hall_packet(h, text, sizeof text);
        size_t made = h->packets.calls, live = h->memory.live;

        tell_and(h, CROWD, 0);
        assert_int_equal(h->packets.calls, made + 2); /* a form, and its cut */
        assert_true(h->memory.live < live + CROWD * 256);
        dp_packet *form = atomic_load(&h->packet->snappy);
        for (size_t i = 0; i < CROWD; i++)
            assert_ptr_equal(
                dp_outbox_first(&dp_channel_of(h->seats[i].rw)->out), form);
        assert_int_equal(atomic_load(&form->refs), CROWD + 1);
        assert_heard(h, CROWD, 1);
        assert_int_equal(atomic_load(&form->refs), 1);

        tell_and(h, CROWD, 0);
        assert_int_equal(h->packets.calls, made + 2);
        assert_heard(h, CROWD, 2);
        hall_free(h);
    }
}

/* become_old makes a guest, whose Hello said version 4, mean it: our nodes
 * themselves always speak version 5. */
static void become_old(guest *g)
{
    dp_line *line = dp_of(dp_list_first(&g->x.srv->loops[0].all), dp_line, all);

    line->session->mux.snappy = line->session->tx.base.snappy = false;
    line->channels[0]->snappy = false;
}

static void say_old(guest *g)
{
    static const devp2p_cap talk = { { (const uint8_t *)"talk", 4 }, 2 };
    dp_node_self *self = &g->x.srv->self;
    dp_hello hello = {
        .version = 4, .caps = &talk, .ncaps = 1, .pub = self->pub
    };

    assert_int_equal(dp_hello_write(self->hello, DP_HANDSHAKE_PACKET_MAX,
                         &self->hello_len, &hello),
        0);
}

/* A peer of base protocol version 4 gets the plain form of the same packet, at
 * the same time as others get the compressed one. */
static void mixed(void **state)
{
    (void)state;
    hall *h = hall_new(4, false);

    hall_packet(h, text, sizeof text);
    size_t made = h->packets.calls;
    for (size_t i = 0; i < 2; i++) {
        say_old(&h->guests[i]);
        hall_join(h, i);
        become_old(&h->guests[i]);
    }
    net_run(&h->n, DP_SEC);
    tell_and(h, 2, 0);
    assert_int_equal(h->packets.calls, made); /* nobody needs it compressed */
    assert_int_equal(atomic_load(&h->packet->plain->refs), 3);
    net_run(&h->n, 2 * DP_SEC);
    assert_int_equal(h->guests[0].heard + h->guests[1].heard, 2);
    hall_join(h, 2);
    hall_join(h, 3);
    net_run(&h->n, DP_SEC);
    tell_and(h, 4, 0);
    assert_int_equal(h->packets.calls, made + 2);
    assert_int_equal(atomic_load(&h->packet->plain->refs), 3);
    net_run(&h->n, 2 * DP_SEC);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(h->guests[i].heard, i < 2 ? 2 : 1);
    hall_free(h);
}

static uint8_t noise[2 * DP_WINDOW];

/* A peer at its mark misses what others get and is counted.  Its handler asked
 * for nothing, so no on_writable follows; one that did ask is told once. */
static void at_the_mark(void **state)
{
    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        hall *h = hall_full(3, false);
        size_t told = 0;

        net_noise(noise, sizeof noise);
        hall_packet(h, noise, sizeof noise);
        net_hold(&h->n, h->host.world, h->guests[0].x.world, true);
        do {
            tell_all(h);
            assert_int_equal(h->err, 0);
            assert_int_equal(h->sent + h->full, 3);
            told++;
            net_run(&h->n, 100 * DP_MS);
        } while (!h->full);
        assert_true(told > DP_SEND_MARK / sizeof noise);
        assert_true(told < 2 * DP_SEND_MARK / sizeof noise);
        tell_and(h, 2, 1);
        seat *s = &h->seats[0];
        if (asks)
            assert_int_equal(
                devp2p_send_packet(s->rw, h->packet), DEVP2P_ERR_AGAIN);
        tell_and(h, 2, 1);
        net_hold(&h->n, h->host.world, h->guests[0].x.world, false);
        net_run(&h->n, 5 * DP_SEC);
        assert_int_equal(s->writable, asks);
        assert_int_equal(h->guests[0].heard, told - 1);
        assert_int_equal(h->guests[1].heard, told + 2);
        tell_and(h, 3, 0);
        net_run(&h->n, 5 * DP_SEC);
        assert_int_equal(h->guests[0].heard, told);
        hall_free(h);
    }
}

static void speak_twice(hall *h)
{
    tell_and(h, 2, 0);
    tell_and(h, 0, 2);
}

/* The total of all peers refuses on the loop, where a broadcast goes straight
 * into sessions; there is no on_writable after that either, and all goes on. */
static void refused_on_the_loop(void **state)
{
    (void)state;
    hall *h = hall_full(2, false);

    net_noise(noise, sizeof noise);
    hall_packet(h, noise, sizeof noise);
    node_send_total(&h->host, sizeof noise / 2);
    h->speak = speak_twice;
    for (uint32_t i = 0; i < 3; i++) {
        hall_ask(h);
        assert_heard(h, 2, i + 1);
        assert_int_equal(h->seats[0].writable + h->seats[1].writable, 0);
    }
    hall_free(h);
}

static void speak_to_the_last(hall *h)
{
    tell_and(h, 2, 0);
    assert_int_equal(
        devp2p_send_packet(h->seats[1].rw, h->packet), DEVP2P_ERR_AGAIN);
}

/* Who is refused there by the total, below its own mark, is told when there is
 * room, and not before. */
static void told_when_there_is_room(void **state)
{
    (void)state;
    hall *h = hall_full(2, false);

    net_noise(noise, sizeof noise);
    hall_packet(h, noise, sizeof noise);
    node_send_total(&h->host, sizeof noise / 2);
    h->speak = speak_to_the_last;
    net_hold(&h->n, h->host.world, h->guests[1].x.world, true);
    hall_ask(h);
    net_run(&h->n, 5 * DP_SEC);
    assert_int_equal(h->seats[1].writable, 0);
    net_hold(&h->n, h->host.world, h->guests[1].x.world, false);
    assert_heard(h, 2, 1);
    assert_int_equal(h->seats[1].writable, 1);
    hall_free(h);
}

/* From callbacks: on_open, before which its own peer is not there; on_msg;
 * on_event of a peer that has gone.  And from a handler's thread. */
static void from_callbacks(void **state)
{
    (void)state;
    for (int runs = 0; runs < 2; runs++) {
        hall *h = hall_new(3, runs);
        hall_packet(h, text, 100);
        h->on_open = h->on_event = true;
        for (size_t i = 0; i < 3; i++) {
            hall_join(h, i);
            net_run(&h->n, DP_SEC);
            assert_told(h, runs ? i + 1 : i, 0);
        }
        uint32_t before = h->guests[2].heard;
        hall_ask(h);
        assert_told(h, 3, 0);
        assert_int_equal(h->guests[2].heard, before + 1);
        devp2p_peer_disconnect(
            devp2p_rw_peer(h->seats[0].rw), DEVP2P_DISC_REQUESTED);
        net_run(&h->n, DP_SEC);
        assert_told(h, 2, 0);
        assert_int_equal(h->guests[2].heard, before + 2);
        h->on_open = h->on_event = false;
        hall_free(h);
    }
}

/* --- what is refused --- */

static void refused(void **state)
{
    (void)state;
    static uint8_t big[DP_MESSAGE_MAX];
    hall *h = hall_new(2, false);
    devp2p_server *srv = h->host.srv;
    size_t sent = 9, full = 9;

    hall_packet(h, text, 10);
    tell_and(h, 0, 0); /* nobody is there */
    assert_int_equal(
        devp2p_server_broadcast(srv, &sent, &full, "talk", 3, h->packet),
        DEVP2P_ERR_NOT_FOUND);
    assert_string_equal(
        devp2p_last_detail(), "the server has no protocol talk/3");
    assert_int_equal(sent + full, 0);
    assert_int_equal(
        devp2p_server_broadcast(srv, NULL, NULL, "tal", 2, h->packet),
        DEVP2P_ERR_NOT_FOUND);
    hall_join(h, 0);
    net_run(&h->n, DP_SEC);
    /* it shares talk/2, so talk/1 is not spoken with it */
    assert_int_equal(
        devp2p_server_broadcast(srv, &sent, NULL, "talk", 1, h->packet), 0);
    assert_int_equal(sent, 0);

    devp2p_packet *other;
    assert_int_equal(devp2p_packet_new_items(&other, 2, 1u), 0);
    assert_int_equal(
        devp2p_server_broadcast(srv, &sent, NULL, "talk", 2, other),
        DEVP2P_ERR_INVALID);
    assert_int_equal(
        devp2p_send_packet(h->seats[0].rw, other), DEVP2P_ERR_INVALID);
    devp2p_packet_drop(other);

    /* compressed it exceeds a frame; plain it fits, id included */
    net_noise(big, sizeof big);
    devp2p_slice payload = { big, sizeof big - 1 };
    assert_int_equal(devp2p_packet_new_raw(&other, CODE, payload), 0);
    assert_int_equal(
        devp2p_server_broadcast(srv, &sent, &full, "talk", 2, other),
        DEVP2P_ERR_TOO_BIG);
    assert_int_equal(sent + full, 0);
    assert_int_equal(
        devp2p_send_packet(h->seats[0].rw, other), DEVP2P_ERR_TOO_BIG);
    devp2p_packet_drop(other);

    assert_int_equal(devp2p_send_packet(h->seats[0].rw, h->packet), 0);
    tell_and(h, 1, 0);
    net_run(&h->n, DP_SEC);
    assert_int_equal(h->guests[0].heard, 2);

    /* a peer on its way out is neither sent to nor full */
    devp2p_peer_disconnect(
        devp2p_rw_peer(h->seats[0].rw), DEVP2P_DISC_REQUESTED);
    tell_and(h, 0, 0);
    assert_int_equal(
        devp2p_send_packet(h->seats[0].rw, h->packet), DEVP2P_ERR_CLOSED);
    hall_free(h);
}

/* --- no memory --- */

static void speak_failing(hall *h)
{
    test_env_fail(&h->memory, h->fail_at);
    tell_all(h);
    h->failed = h->memory.calls >= h->memory.fail_from;
    h->memory.fail_from = 0;
}

/* Each allocation of a broadcast fails, from outside and on the loop: the
 * counts say who hears it, and at most the peer whose session found no memory
 * is lost. */
static void each_allocation_fails(void **state)
{
    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        bool failed = true;
        size_t n = 0;
        while (failed) {
            hall *h = hall_full(3, false);
            h->fail_at = ++n;
            hall_packet(h, text, 3000);
            h->speak = speak_failing;
            if (inside)
                hall_ask(h);
            else
                speak_failing(h);
            failed = h->failed;
            assert_int_equal(h->err, failed ? DEVP2P_ERR_NOMEM : 0);
            assert_int_equal(h->full, 0);
            assert_in_range(h->sent, failed ? 0 : 3, failed ? 2 : 3);
            net_run(&h->n, 3 * DP_SEC); /* who is lost comes back */
            size_t heard = 0;
            for (size_t i = 0; i < 3; i++)
                heard += h->guests[i].heard;
            assert_int_equal(heard, h->sent);
            size_t up = devp2p_server_count(h->host.srv);
            assert_int_equal(up, 3);
            tell_and(h, up, 0);
            hall_free(h);
        }
        assert_int_equal(n, 5); /* the list, one for each peer, none */
    }
}

/* The memory of the packet itself: nobody hears it, and the next one works. */
static void no_compressed_form(void **state)
{
    (void)state;
    hall *h = hall_full(3, false);

    hall_packet(h, text, 3000);
    h->packets.fail_from = h->packets.calls + 1;
    h->packets.fail_to = SIZE_MAX;
    tell_all(h);
    assert_int_equal(h->err, DEVP2P_ERR_NOMEM);
    assert_int_equal(h->sent + h->full, 0);
    assert_int_equal(
        devp2p_send_packet(h->seats[0].rw, h->packet), DEVP2P_ERR_NOMEM);
    h->packets.fail_from = 0;
    tell_and(h, 3, 0);
    assert_heard(h, 3, 1);
    hall_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty),
        cmocka_unit_test(mixed),
        cmocka_unit_test(at_the_mark),
        cmocka_unit_test(refused_on_the_loop),
        cmocka_unit_test(told_when_there_is_room),
        cmocka_unit_test(from_callbacks),
        cmocka_unit_test(refused),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(no_compressed_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
