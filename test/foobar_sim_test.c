/* SPDX-License-Identifier: MIT */
/* foobar_sim_test.c - two servers talk foo and bar in a simulated world: both
 * styles of handler, both forms of the message, whoever dials. */
#include "server/net_fixture.h"

#include <devp2p/devp2p.h>

/* What one side heard. */
typedef struct talk {
    bool bare;   /* says its foo as a bare string */
    bool silent; /* says no foo */
    char heard[64];
    int ends; /* of handlers */
    int end;  /* reason or result of the last one */
} talk;

static int answer(talk *t, devp2p_rw *rw, const devp2p_msg *msg)
{
    devp2p_slice word;

    assert_int_equal(msg->code, 0);
    if (devp2p_decode_items(msg, &word) && devp2p_decode_value(msg, &word))
        return 0;
    strncat(t->heard, (const char *)word.at, word.len);
    strcat(t->heard, " ");
    if (devp2p_slice_is(word, "foo"))
        return devp2p_send_items(rw, 0, "bar");
    return 0;
}

static int greet(talk *t, devp2p_rw *rw)
{
    if (t->silent)
        return 0;
    return t->bare ? devp2p_send_value(rw, 0, "foo")
                   : devp2p_send_items(rw, 0, "foo");
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    talk *t = user;
    devp2p_msg msg;
    int err = greet(t, rw);

    assert_ptr_equal(devp2p_rw_peer(rw), peer);
    while (!err && !(err = devp2p_read(rw, &msg)))
        err = answer(t, rw, &msg);
    t->ends++;
    t->end = err;
    return err;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    assert_ptr_equal(devp2p_rw_peer(rw), peer);
    return greet(user, rw);
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    return answer(user, rw, msg);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    talk *t = user;

    (void)rw;
    assert_int_equal(unsent, 0);
    t->ends++;
    t->end = reason;
}

static devp2p_protocol row(talk *t, bool runs)
{
    devp2p_protocol p = {
        .name = "MyProtocol", .version = 1, .length = 1, .user = t
    };
    if (runs) {
        p.run = run;
    } else {
        p.on_open = on_open;
        p.on_msg = on_msg;
        p.on_close = on_close;
    }
    return p;
}

static bool heard_bar(void *user)
{
    return strcmp(((talk *)user)->heard, "bar ") == 0;
}

/* meet: a dials b, a says foo in some form, b answers. */
static void meet(bool a_runs, bool b_runs, bool bare)
{
    net n;
    node a, b;
    talk ta = { .bare = bare }, tb = { .silent = true };
    devp2p_protocol pa[] = { row(&ta, a_runs), { .name = NULL } };
    devp2p_protocol pb[] = { row(&tb, b_runs), { .name = NULL } };

    net_init(&n, 1);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&a, &b);
    assert_true(net_until(&n, heard_bar, &ta));
    assert_string_equal(tb.heard, "foo ");
    assert_int_equal(devp2p_server_count(a.srv), 1);
    assert_int_equal(devp2p_server_count(b.srv), 1);

    node_stop(&a);
    const devp2p_event *e = node_expect(&b, DEVP2P_EVENT_PEER_DROP);
    assert_int_equal(e->code, DEVP2P_DISC_QUITTING);
    assert_true(e->remote);
    net_run(&n, DP_SEC);
    assert_int_equal(devp2p_server_count(b.srv), 0);
    assert_int_equal(ta.ends, 1);
    assert_int_equal(tb.ends, 1);
    assert_int_equal(ta.end, a_runs ? DEVP2P_ERR_CLOSED : DEVP2P_DISC_QUITTING);
    assert_int_equal(tb.end, b_runs ? DEVP2P_ERR_CLOSED : DEVP2P_DISC_QUITTING);
    node_stop(&b);
    net_fini(&n);
}

static void both_run(void **state)
{
    (void)state;
    meet(true, true, false);
    meet(true, true, true);
}

static void both_events(void **state)
{
    (void)state;
    meet(false, false, false);
    meet(false, false, true);
}

static void run_and_events(void **state)
{
    (void)state;
    meet(true, false, false);
    meet(false, true, true);
}

/* The inbound side speaks first as well. */
static void both_speak(void **state)
{
    (void)state;
    net n;
    node a, b;
    talk ta = { .bare = true }, tb = { .bare = false };
    devp2p_protocol pa[] = { row(&ta, true), { .name = NULL } };
    devp2p_protocol pb[] = { row(&tb, true), { .name = NULL } };

    net_init(&n, 2);
    node_config(&a, 1, pa);
    node_config(&b, 2, pb);
    node_start(&a, &n);
    node_start(&b, &n);
    node_dial(&b, &a);
    net_run(&n, DP_SEC);
    assert_string_equal(ta.heard, "foo bar ");
    assert_string_equal(tb.heard, "foo bar ");
    node_stop(&a);
    node_stop(&b);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_run),
        cmocka_unit_test(both_events),
        cmocka_unit_test(run_and_events),
        cmocka_unit_test(both_speak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
