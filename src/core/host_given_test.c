/* SPDX-License-Identifier: MIT */
/* host_given_test.c - connections that somebody else has dialled for us. */
#include "core/host_fixture.h"

static int outgoing(fixture *f, uint8_t n, uint64_t *conn)
{
    devp2p_node node = node_of(n);
    return dp_host_outgoing(f->h, conn, &node, f->now);
}

static void it_comes_and_goes(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn;
    fixture_init(&f, 10);
    assert_int_equal(outgoing(&f, 7, &conn), 0);
    assert_true(conn >= DP_CONN_DIAL);
    assert_int_equal(authed(&f, conn, 7), 0);
    assert_int_equal(ready(&f, conn), 0);
    expect(&f, "add n7\n");
    down(&f, conn, DEVP2P_DISC_QUITTING, true);
    expect(&f, "drop n7: client quitting (remote)\n");
    assert_int_equal(outgoing(&f, 7, &conn), 0);
    down(&f, conn, DEVP2P_ERR_RESET, false);
    expect(&f, "fail n7: connection reset\n");
    fixture_fini(&f);
}

static void when_it_is_not_wanted(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn, other;
    fixture_init(&f, 10);
    assert_int_equal(outgoing(&f, SELF, &conn), DEVP2P_DISC_SELF);
    assert_int_equal(outgoing(&f, 7, &conn), 0);
    assert_int_equal(outgoing(&f, 7, &other), DEVP2P_ERR_EXISTS);
    assert_int_equal(authed(&f, conn, 7), 0);
    assert_int_equal(ready(&f, conn), 0);
    assert_int_equal(outgoing(&f, 7, &other), DEVP2P_DISC_ALREADY_CONNECTED);
    dp_host_stop(f.h, f.now);
    assert_int_equal(outgoing(&f, 8, &other), DEVP2P_ERR_CLOSED);
    fixture_fini(&f);
}

static void they_count_as_dials(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn, last = 0;
    fixture_init(&f, 100); /* slots for twice as many dials */
    for (uint8_t i = 0; i < DP_PENDING_MAX; i++) {
        assert_int_equal(outgoing(&f, (uint8_t)(i + 1), &conn), 0);
        last = conn;
    }
    assert_int_equal(outgoing(&f, 99, &conn), DEVP2P_ERR_LIMIT);
    add(&f, 1, 98);
    expect(&f, "command 1: ok\n");
    down(&f, last, DEVP2P_ERR_RESET, false);
    expect(&f, "dial n98\nfail n50: connection reset\n");
    fixture_fini(&f);
    fixture_open(&f, 100, &(dp_access){ .max_pending_out = 1 });
    assert_int_equal(outgoing(&f, 1, &conn), 0);
    assert_int_equal(outgoing(&f, 2, &conn), DEVP2P_ERR_LIMIT);
    fixture_fini(&f);
}

/* A dial that is not up makes room; the node is dialled again when what came
 * instead has gone. */
static void instead_of_a_dial(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn;
    fixture_init(&f, 10);
    add(&f, 1, 7);
    expect(&f, "dial n7\ncommand 1: ok\n");
    assert_int_equal(outgoing(&f, 7, &conn), 0);
    expect(&f, "cancel n7\nfail n7 static: already there\n");
    pass(&f, 60 * DP_SEC);
    expect(&f, "");
    assert_int_equal(authed(&f, conn, 7), 0);
    assert_int_equal(ready(&f, conn), 0);
    expect(&f, "add n7 static\n");
    down(&f, conn, DEVP2P_ERR_RESET, false);
    expect(&f, "drop n7 static: connection reset\n");
    pass(&f, DP_RETURN_NS + DP_RETURN_JITTER_NS);
    expect(&f, "dial n7\n");
    fixture_fini(&f);
}

/* Both ends may have done so at the same time: the rule for two that dial each
 * other holds. */
static void two_at_once(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn;
    fixture_init(&f, 10);
    assert_int_equal(outgoing(&f, SMALLER, &conn), 0);
    f.dial[SMALLER] = conn;
    inbound(&f, 1, SMALLER);
    assert_int_equal(authed(&f, conn, SMALLER), 0);
    assert_int_equal(ready(&f, conn), DP_HOLD);
    assert_int_equal(ready(&f, 1), 0);
    expect(&f, "judge n50: already connected\nadd n50 inbound\n");
    fixture_fini(&f);
}

static void without_memory(void **state)
{
    (void)state;
    fixture f;
    uint64_t conn;
    fixture_init(&f, 10);
    test_env_fail(&f.t, 1);
    assert_int_equal(outgoing(&f, 7, &conn), DEVP2P_ERR_NOMEM);
    assert_int_equal(outgoing(&f, 7, &conn), 0);
    fixture_fini(&f);
}

/* A host name is good enough where somebody else looks it up. */
static void by_name(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        test_env t;
        dp_host *h;
        test_env_init(&t);
        dp_now now = { .mono = DP_SEC };
        dp_host_setup setup = {
            .env = t.env, .self = id_of(SELF), .max_peers = 5, .by_name = i == 1
        };
        assert_int_equal(dp_host_new(&h, &setup, now), 0);
        devp2p_node node = { .id = id_of(7), .addr.port = 5, .host = "a.b" };
        assert_int_equal(dp_host_list(h, &node), i ? 0 : DEVP2P_ERR_NAME);
        node.id = id_of(8);
        node.addr.port = 0;
        assert_int_equal(
            dp_host_list(h, &node), i ? DEVP2P_ERR_ADDR : DEVP2P_ERR_NAME);
        node = (devp2p_node){ .id = id_of(9), .addr.port = 5 };
        assert_int_equal(dp_host_list(h, &node), DEVP2P_ERR_ADDR);
        dp_host_free(h);
        assert_int_equal(t.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_and_goes),
        cmocka_unit_test(when_it_is_not_wanted),
        cmocka_unit_test(they_count_as_dials),
        cmocka_unit_test(instead_of_a_dial),
        cmocka_unit_test(two_at_once),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
