/* SPDX-License-Identifier: MIT */
#include "core/host_fixture.h"

#include "core/trust.h"

typedef struct bench {
    test_env t;
    dp_trust *trust;
    dp_now now;
} bench;

static void bench_init(bench *b)
{
    static const uint8_t salt[16] = { 1 };
    memset(b, 0, sizeof *b);
    test_env_init(&b->t);
    b->now.mono = DP_SEC;
    assert_int_equal(dp_trust_new(&b->trust, &b->t.env, salt), 0);
}

static void bench_fini(bench *b)
{
    dp_trust_free(b->trust);
    assert_int_equal(b->t.live, 0);
}

static int trust(bench *b, uint8_t n, uint8_t ip)
{
    devp2p_node node = node_of(n);
    node.addr.ip[3] = ip;
    if (!ip)
        node.addr = (devp2p_addr){ .family = 0 };
    return dp_trust_add(b->trust, &node, b->now);
}

static bool passes(bench *b, uint8_t ip)
{
    devp2p_addr from = addr_of(ip);
    from.port = 50000;
    return dp_trust_pass(b->trust, &from, b->now);
}

static void one_a_second_of_an_address(void **state)
{
    (void)state;
    bench b;
    bench_init(&b);
    assert_false(passes(&b, 1));
    assert_int_equal(trust(&b, 7, 1), 0);
    assert_int_equal(trust(&b, 8, 1), 0); /* both behind one address */
    assert_int_equal(trust(&b, 9, 2), 0);
    assert_int_equal(trust(&b, 7, 1), DEVP2P_ERR_EXISTS);
    assert_true(passes(&b, 1));
    assert_false(passes(&b, 1));
    assert_true(passes(&b, 2));
    assert_false(passes(&b, 3));
    b.now.mono += DP_SEC - 1;
    assert_false(passes(&b, 1));
    b.now.mono += 1;
    assert_true(passes(&b, 1));
    b.now.mono += 10 * DP_SEC; /* no more than one is saved up */
    assert_true(passes(&b, 1));
    assert_false(passes(&b, 1));
    bench_fini(&b);
}

static void an_address_goes_with_its_last_node(void **state)
{
    (void)state;
    bench b;
    devp2p_id seven = id_of(7), eight = id_of(8);
    bench_init(&b);
    assert_int_equal(trust(&b, 7, 1), 0);
    assert_int_equal(trust(&b, 8, 1), 0);
    assert_true(dp_trust_cut(b.trust, &seven));
    assert_false(dp_trust_cut(b.trust, &seven));
    assert_false(dp_trust_has(b.trust, &seven));
    assert_true(passes(&b, 1));
    assert_int_equal(trust(&b, 8, 2), 0); /* it moves */
    b.now.mono += DP_SEC;
    assert_false(passes(&b, 1));
    assert_true(passes(&b, 2));
    assert_int_equal(trust(&b, 8, 0), DEVP2P_ERR_EXISTS); /* and stays */
    assert_true(dp_trust_has(b.trust, &eight));
    assert_int_equal(trust(&b, 9, 0), 0); /* known by its id alone */
    bench_fini(&b);
}

static void trusted_nodes_are_bounded(void **state)
{
    (void)state;
    bench b;
    devp2p_node node = node_of(1);
    bench_init(&b);
    for (unsigned i = 0; i <= DP_TRUSTED_MAX; i++) {
        node.id.b[1] = (uint8_t)(i >> 8);
        node.id.b[2] = (uint8_t)i;
        node.addr.ip[1] = (uint8_t)(i >> 8);
        node.addr.ip[2] = (uint8_t)i;
        assert_int_equal(dp_trust_add(b.trust, &node, b.now),
            i < DP_TRUSTED_MAX ? 0 : DEVP2P_ERR_LIMIT);
    }
    /* all places are taken, and one may still move */
    node.id.b[1] = node.id.b[2] = 0;
    assert_int_equal(dp_trust_add(b.trust, &node, b.now), 0);
    bench_fini(&b);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    bench b;
    for (size_t n = 1; n <= 2; n++) {
        devp2p_id seven = id_of(7);
        bench_init(&b);
        test_env_fail(&b.t, n);
        assert_int_equal(trust(&b, 7, 1), DEVP2P_ERR_NOMEM);
        assert_false(dp_trust_has(b.trust, &seven));
        assert_false(passes(&b, 1));
        assert_int_equal(trust(&b, 7, 1), 0);
        test_env_fail(&b.t, 1);
        assert_int_equal(trust(&b, 7, 2), DEVP2P_ERR_NOMEM);
        assert_true(passes(&b, 1));
        bench_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_a_second_of_an_address),
        cmocka_unit_test(an_address_goes_with_its_last_node),
        cmocka_unit_test(trusted_nodes_are_bounded),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
