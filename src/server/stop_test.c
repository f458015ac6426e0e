/* SPDX-License-Identifier: MIT */
/* stop_test.c - an orderly stop: from wherever it is asked for, under load,
 * with peers that take nothing; it takes 2 s at most, every peer is told, every
 * message accounted for. */
#include "server/flood_fixture.h"
#include "sim/parts.h"

#include <devp2p/info.h>

enum { PEERS = 3, SIZE = 5000, LOTS = 1000000 };
enum { FAST = 2 << 20, SLOW = 256 << 10 }; /* bytes a second of a link */

/* Where devp2p_server_stop is called. */
typedef enum place {
    OUTSIDE = 0,
    ON_OPEN,
    ON_MSG,
    ON_CLOSE,
    ON_EVENT,
    IN_RUN,
    NODE_INFO,
    PLACES
} place;

/* A crowd: a hub that stops, and peers that dial it.  All send all the time, by
 * "one" in events; by "two" the hub's threads send and read. */
typedef struct crowd {
    net n;
    flooder hub, peers[PEERS];
    place place;
    bool armed, asked;
    uint64_t asked_at;
    size_t threads, returned; /* of the hub */
    uint64_t run_accepted;
    uint32_t dropped, unsent; /* by the hub's events */
    size_t adds, drops;
} crowd;

/* ask stops the hub when this is the place for it. */
static void ask(crowd *c, place here)
{
    if (!c->armed || c->place != here)
        return;
    c->asked_at = dp_sim_now(c->n.sim).mono;
    c->asked = true;
    c->armed = false;
    devp2p_server_stop(c->hub.x.srv);
}

static crowd *crowd_of(void *flood_of_hub)
{
    return (crowd *)((uint8_t *)flood_of_hub - offsetof(crowd, hub.one));
}

static int hub_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    ask(crowd_of(user), ON_OPEN);
    return flood_open(peer, rw, user);
}

static int hub_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    ask(crowd_of(user), ON_MSG);
    return flood_msg(rw, msg, user);
}

static void hub_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    ask(crowd_of(user), ON_CLOSE);
    flood_close(rw, reason, unsent, user);
}

static void hub_event(const devp2p_event *e, void *user)
{
    crowd *c = user;

    ask(c, ON_EVENT);
    c->adds += e->kind == DEVP2P_EVENT_PEER_ADD;
    if (e->kind != DEVP2P_EVENT_PEER_DROP)
        return;
    c->drops++;
    c->unsent += e->unsent;
}

/* hub_run sends and reads by turns until it is over. */
static int hub_run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    crowd *c = user;
    devp2p_msg msg;
    int err = 0;

    (void)peer;
    c->threads++;
    while (!err) {
        ask(c, IN_RUN);
        err = devp2p_send_raw(rw, 1, flood_bytes(SIZE));
        c->run_accepted += err == 0;
        if (!err)
            err = devp2p_read_for(rw, &msg, 0);
        if (err == DEVP2P_ERR_TIMEOUT)
            err = 0;
    }
    assert_int_equal(err, DEVP2P_ERR_CLOSED);
    c->returned++;
    return err;
}

static int hub_info(char *out, size_t cap, void *user)
{
    ask(user, NODE_INFO);
    return snprintf(out, cap, "x");
}

static crowd *crowd_new(place where)
{
    static crowd c;

    memset(&c, 0, sizeof c);
    c.place = where;
    net_init(&c.n, 71);
    flooder_config(&c.hub, &c.n, 1);
    c.hub.one.rounds = LOTS;
    c.hub.one.size[0] = SIZE;
    c.hub.rows[0].on_open = hub_open;
    c.hub.rows[0].on_msg = hub_msg;
    c.hub.rows[0].on_close = hub_close;
    c.hub.rows[1] = (devp2p_protocol){ .name = "two",
        .version = 1,
        .length = FLOOD_CODES,
        .run = hub_run,
        .node_info = hub_info,
        .user = &c };
    c.hub.x.cfg.on_event = hub_event;
    c.hub.x.cfg.on_event_user = &c;
    c.hub.x.cfg.log_level = DEVP2P_LOG_INFO;
    flooder_start(&c.hub, &c.n);
    for (uint8_t i = 0; i < PEERS; i++) {
        flooder *p = &c.peers[i];
        flooder_config(p, &c.n, (uint8_t)(2 + i));
        p->x.cfg.log_level = DEVP2P_LOG_INFO;
        p->one.rounds = p->two.rounds = LOTS;
        p->one.size[0] = p->two.size[0] = SIZE;
    }
    return &c;
}

static void crowd_meet(crowd *c, uint64_t bytes_per_s)
{
    for (size_t i = 0; i < PEERS; i++) {
        flooder_start(&c->peers[i], &c->n);
        flood_link(&c->n, &c->hub, &c->peers[i], bytes_per_s);
        assert_int_equal(
            devp2p_server_add_peer(c->peers[i].x.srv, NULL, c->hub.x.url), 0);
    }
}

static bool crowd_asked(void *user)
{
    crowd *c = user;
    return c->asked;
}

static bool hub_ended(void *user)
{
    crowd *c = user;
    return dp_sim_node_of(c->hub.x.world)->ended;
}

/* end_in lets time pass until the hub has ended: how long that took since it
 * was asked to, in ms. */
static uint64_t end_in(crowd *c)
{
    assert_true(net_until(&c->n, hub_ended, c));
    return (dp_sim_now(c->n.sim).mono - c->asked_at) / DP_MS;
}

static void crowd_end(crowd *c)
{
    node_stop(&c->hub.x);
    for (size_t i = 0; i < PEERS; i++)
        node_stop(&c->peers[i].x);
    net_fini(&c->n);
}

/* told_why: the last connection of a peer ended with a word of the hub's. */
static bool told_why(const flooder *p)
{
    for (size_t i = p->x.nevents; i-- > 0;)
        if (p->x.events[i].kind == DEVP2P_EVENT_PEER_DROP)
            return p->x.events[i].remote &&
                   p->x.events[i].code == DEVP2P_DISC_QUITTING;
    return false;
}

/* delivered is what handlers of the peers got from the hub. */
static uint64_t delivered(const crowd *c)
{
    uint64_t n = 0;

    for (size_t i = 0; i < PEERS; i++)
        n += c->peers[i].one.got[0] + c->peers[i].two.got[1];
    return n;
}

/* trigger lets the place be reached. */
static void trigger(crowd *c)
{
    devp2p_server *srv = c->hub.x.srv;
    devp2p_node_info *info;
    devp2p_peer *one;

    c->armed = !c->asked;
    ask(c, OUTSIDE);
    if (c->place == ON_CLOSE) {
        assert_int_equal(devp2p_server_peers(srv, &one, 1), 1);
        devp2p_peer_disconnect(one, DEVP2P_DISC_REQUESTED);
        devp2p_peer_drop(one);
    } else if (c->place == ON_EVENT) {
        assert_int_equal(devp2p_server_remove_peer(srv, NULL, c->hub.x.url), 0);
    } else if (c->place == NODE_INFO) {
        assert_int_equal(devp2p_node_info_new(&info, srv), 0);
        devp2p_node_info_free(info);
    }
    assert_true(net_until(&c->n, crowd_asked, c));
}

/* stopped: it has ended in time, and everything is accounted for. */
static void stopped(crowd *c)
{
    uint64_t took = end_in(c), accepted = c->hub.one.accepted + c->run_accepted;

    print_message("place %d: %u ms, %u accepted, %u unsent\n", (int)c->place,
        (unsigned)took, (unsigned)accepted, (unsigned)c->unsent);
    assert_in_range(took, 0, 2000);
    assert_int_equal(devp2p_server_wait(c->hub.x.srv), 0);
    assert_int_equal(c->returned, c->threads);
    assert_int_equal(c->adds, c->drops);
    net_run(&c->n, 5 * DP_SEC);
    assert_int_equal(delivered(c) + c->unsent, accepted);
}

/* From anywhere, while all send as much as they can: 2 s at most; every peer is
 * told; what the hub accepted was delivered, or is counted. */
static void from_everywhere(void **state)
{
    (void)state;
    for (place where = 0; where < PLACES; where++) {
        crowd *c = crowd_new(where);

        c->armed = where == ON_OPEN; /* else not before all is under way */
        crowd_meet(c, FAST);
        net_run(&c->n, DP_SEC);
        trigger(c);
        stopped(c);
        assert_true(where == ON_OPEN || c->adds >= PEERS);
        for (size_t i = 0; i < PEERS && where != ON_OPEN; i++)
            assert_true(told_why(&c->peers[i]) || where == ON_CLOSE);
        crowd_end(c);
    }
}

/* What does not fit into the time is counted, and the reason still comes. */
static void more_than_fits(void **state)
{
    (void)state;
    crowd *c = crowd_new(OUTSIDE);

    crowd_meet(c, SLOW);
    net_run(&c->n, 5 * DP_SEC);
    trigger(c);
    stopped(c);
    assert_true(c->unsent > 100);
    for (size_t i = 0; i < PEERS; i++)
        assert_true(told_why(&c->peers[i]));
    crowd_end(c);
}

/* A peer that takes nothing any more costs 2 s, not more; the others hear the
 * reason as ever. */
static void a_peer_that_takes_nothing(void **state)
{
    (void)state;
    crowd *c = crowd_new(OUTSIDE);

    crowd_meet(c, FAST);
    net_run(&c->n, DP_SEC);
    dp_sim_slow(c->peers[0].x.world, true);
    net_run(&c->n, 5 * DP_SEC);
    trigger(c);
    uint64_t took = end_in(c);
    assert_in_range(took, 1900, 2000);
    net_run(&c->n, DP_SEC);
    assert_true(told_why(&c->peers[1]) && told_why(&c->peers[2]));
    assert_true(c->unsent > 0);
    crowd_end(c);
}

/* So does one that we began to leave before. */
static void a_peer_that_we_leave_already(void **state)
{
    (void)state;
    for (uint64_t before_ms = 0; before_ms < 4000; before_ms += 600) {
        crowd *c = crowd_new(OUTSIDE);
        devp2p_peer *peers[PEERS];

        crowd_meet(c, FAST);
        net_run(&c->n, DP_SEC);
        for (size_t i = 0; i < PEERS; i++)
            dp_sim_slow(c->peers[i].x.world, true);
        net_run(&c->n, 5 * DP_SEC);
        assert_int_equal(
            devp2p_server_peers(c->hub.x.srv, peers, PEERS), PEERS);
        for (size_t i = 0; i < PEERS; i++) {
            devp2p_peer_disconnect(peers[i], DEVP2P_DISC_REQUESTED);
            devp2p_peer_drop(peers[i]);
        }
        net_run(&c->n, before_ms * DP_MS);
        trigger(c);
        assert_in_range(end_in(c), 0, 2000);
        crowd_end(c);
    }
}

/* Dials and handshakes that are under way end at once. */
static void what_is_not_up_yet(void **state)
{
    (void)state;
    crowd *c = crowd_new(OUTSIDE);
    const devp2p_sim_link slow = { .latency_us = 400000 };

    for (size_t i = 0; i < PEERS; i++) {
        flooder_start(&c->peers[i], &c->n);
        assert_int_equal(dp_sim_set_link(c->n.sim, c->hub.x.world,
                             c->peers[i].x.world, &slow),
            0);
        assert_int_equal(
            devp2p_server_add_peer(c->hub.x.srv, NULL, c->peers[i].x.url), 0);
        net_run(&c->n, 400 * DP_MS); /* one after the other */
    }
    trigger(c);
    assert_in_range(end_in(c), 0, 2000);
    assert_int_equal(c->adds, c->drops);
    crowd_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_everywhere),
        cmocka_unit_test(more_than_fits),
        cmocka_unit_test(a_peer_that_takes_nothing),
        cmocka_unit_test(a_peer_that_we_leave_already),
        cmocka_unit_test(what_is_not_up_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
