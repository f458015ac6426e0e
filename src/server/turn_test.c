/* SPDX-License-Identifier: MIT */
/* turn_test.c - how many turns of its loop a message costs a server. */
#include "server/net_fixture.h"
#include "server/turn.h"

enum { ECHOES = 20 };

/* --- a server whose turns are counted --- */

static struct {
    uint64_t (*turn)(void *server, dp_now now);
    const devp2p_server *srv;
    int turns;
} counted;

static uint64_t count_turn(void *server, dp_now now)
{
    if (((dp_loop *)server)->srv == counted.srv)
        counted.turns++;
    return counted.turn(server, now);
}

/* count_turns puts itself between a world and its server. */
static void count_turns(node *x, dp_world_up *up)
{
    *up = *x->world->up;
    counted.turn = up->turn;
    counted.srv = x->srv;
    counted.turns = 0;
    up->turn = count_turn;
    x->world->up = up;
}

/* --- ping and pong --- */

typedef struct end {
    devp2p_rw *rw;
    bool answers;
    int heard;
} end;

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    ((end *)user)->rw = rw;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    end *e = user;

    e->heard++;
    return e->answers ? devp2p_send_raw(rw, 0, msg->payload) : 0;
}

static bool has_heard(void *user)
{
    return ((end *)user)->heard != 0;
}

static devp2p_protocol row(end *e)
{
    return (devp2p_protocol){ .name = "echo",
        .version = 1,
        .length = 1,
        .user = e,
        .on_open = on_open,
        .on_msg = on_msg };
}

/* What on_msg sends goes out in the turn that brought the message, and no turn
 * follows that has nothing to do. */
static void an_echo_is_one_turn(void **state)
{
    (void)state;
    net n;
    node a, b;
    dp_world_up up;
    end asks = { .rw = NULL }, answers = { .answers = true };
    devp2p_protocol pa[] = { row(&asks), { .name = NULL } };
    devp2p_protocol pb[] = { row(&answers), { .name = NULL } };

    net_init(&n, 1);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    net_run(&n, DP_SEC);
    count_turns(&b, &up);
    for (int i = 0; i < ECHOES; i++) {
        asks.heard = 0;
        assert_int_equal(devp2p_send_items(asks.rw, 0, 7u), 0);
        assert_true(net_until(&n, has_heard, &asks));
    }
    assert_int_equal(answers.heard, ECHOES);
    assert_int_equal(counted.turns, ECHOES);
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_is_one_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
