/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "core/gate.h"
#include "core/handshake.h"
#include "test_env.h"

typedef struct fixture {
    test_env t;
    dp_crypto *crypto;
    dp_gate *g;
    dp_now now;
    devp2p_key key;
    devp2p_pubkey pub;
    size_t empty; /* live bytes without a job */
} fixture;

static void fixture_init(fixture *f)
{
    memset(f, 0, sizeof *f);
    test_env_init(&f->t);
    f->now.mono = DP_SEC;
    assert_int_equal(dp_crypto_new(&f->crypto, &f->t.env, NULL), 0);
    assert_int_equal(dp_key_draw(&f->t.env, &f->key), 0);
    assert_int_equal(
        dp_crypto_curve(f->crypto)->derive(f->crypto, &f->pub, &f->key), 0);
    assert_int_equal(dp_gate_new(&f->g, &f->t.env, f->now), 0);
    f->empty = f->t.live;
}

static void fixture_fini(fixture *f)
{
    dp_gate_free(f->g);
    dp_crypto_free(f->crypto);
    assert_int_equal(f->t.live, 0);
}

/* job_of makes the first curve work of a dial; nobody runs it. */
static dp_ec *job_of(fixture *f, void *owner)
{
    dp_handshake_setup setup = {
        .env = &f->t.env,
        .crypto = f->crypto,
        .key = &f->key,
        .pub = &f->pub,
        .dial = &f->pub,
    };
    dp_handshake *hs;
    dp_ec *ec = NULL;
    assert_int_equal(dp_handshake_new(&hs, &setup), 0);
    assert_int_equal(dp_handshake_ec(hs, &ec), 0);
    assert_non_null(ec);
    dp_handshake_free(hs);
    dp_ec_set_owner(ec, owner);
    return ec;
}

/* addr_of is in a subnet of its own for every n. */
static devp2p_addr addr_of(unsigned n)
{
    return (devp2p_addr){
        .ip = { 11, (uint8_t)(n >> 8), (uint8_t)n, 1 }, .family = 4, .port = 1
    };
}

/* put gives the gate one job; a refused one is freed. */
static int put(fixture *f, void *owner, const devp2p_addr *from)
{
    dp_ec *ec = job_of(f, owner);
    int err = dp_gate_put(f->g, ec, from, f->now);
    if (err)
        dp_ec_free(ec);
    return err;
}

static unsigned next(fixture *f)
{
    dp_ec *ec = dp_gate_next(f->g, f->now);
    unsigned owner = ec ? (unsigned)(uintptr_t)dp_ec_owner(ec) : 0;
    dp_ec_free(ec);
    return owner;
}

static void *name(unsigned n)
{
    return (void *)(uintptr_t)n;
}

/* --- tests --- */

static void in_order_and_dials_first(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    devp2p_addr from = addr_of(1);
    assert_true(dp_gate_when(f.g, f.now) == DP_NEVER);
    assert_int_equal(put(&f, name(1), &from), 0);
    assert_int_equal(put(&f, name(2), &from), 0);
    assert_int_equal(put(&f, name(3), NULL), 0);
    assert_int_equal(put(&f, name(4), NULL), 0);
    assert_true(dp_gate_when(f.g, f.now) == f.now.mono);
    assert_int_equal(next(&f), 3);
    assert_int_equal(next(&f), 4);
    assert_true(dp_gate_when(f.g, f.now) == f.now.mono);
    assert_int_equal(next(&f), 1);
    assert_int_equal(next(&f), 2);
    assert_int_equal(next(&f), 0);
    assert_true(dp_gate_when(f.g, f.now) == DP_NEVER);
    fixture_fini(&f);
}

/* A flood from everywhere: a burst, then 1,000 a second, never more. */
static void the_rate_is_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    unsigned from = 0, ran = 0;
    for (unsigned ms = 0; ms < 2000; ms++) {
        for (int i = 0; i < 4; i++) {
            devp2p_addr addr = addr_of(from++);
            put(&f, name(1), &addr);
        }
        while (next(&f))
            ran++;
        f.now.mono += DP_MS;
    }
    assert_in_range(ran, DP_EC_BURST + 1990, DP_EC_BURST + 2000);
    assert_true(dp_gate_when(f.g, f.now) > f.now.mono - DP_MS);
    /* our own dial needs no token */
    while (next(&f))
        continue;
    assert_int_equal(put(&f, name(7), NULL), 0);
    assert_int_equal(next(&f), 7);
    assert_int_equal(next(&f), 0);
    uint64_t when = dp_gate_when(f.g, f.now);
    assert_true(when > f.now.mono && when <= f.now.mono + DP_MS);
    f.now.mono = when - 1;
    assert_int_equal(next(&f), 0);
    f.now.mono = when;
    assert_int_equal(next(&f), 1);
    fixture_fini(&f);
}

static void a_subnet_is_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    devp2p_addr a = addr_of(1), b = addr_of(2);
    devp2p_addr v6 = { .ip = { 0x20, 1, 0xd, 0xb8, 0, 1 }, .family = 6 };
    devp2p_addr mapped = {
        .ip = { [10] = 0xff, [11] = 0xff, [12] = 11, [14] = 1, [15] = 9 },
        .family = 6
    };
    for (uint8_t i = 0; i < DP_EC_SUBNET_BURST; i++) {
        a.ip[3] = i; /* another address of the same /24 */
        v6.ip[6] = i;
        assert_int_equal(put(&f, name(1), &a), 0);
        assert_int_equal(put(&f, name(1), &v6), 0);
    }
    assert_int_equal(put(&f, name(1), &a), DEVP2P_ERR_LIMIT);
    assert_int_equal(put(&f, name(1), &mapped), DEVP2P_ERR_LIMIT);
    assert_int_equal(put(&f, name(1), &v6), DEVP2P_ERR_LIMIT);
    assert_int_equal(put(&f, name(1), &b), 0);
    f.now.mono += DP_SEC / DP_EC_SUBNET_PER_S + 1;
    assert_int_equal(put(&f, name(1), &a), 0);
    assert_int_equal(put(&f, name(1), &a), DEVP2P_ERR_LIMIT);
    fixture_fini(&f);
}

static void lan_has_no_subnet(void **state)
{
    (void)state;
    static const devp2p_addr lan[] = {
        { .ip = { 127, 0, 0, 1 }, .family = 4 },
        { .ip = { 192, 168, 1, 1 }, .family = 4 },
        { .ip = { 0xfe, 0x80 }, .family = 6 },
    };
    for (size_t k = 0; k < sizeof lan / sizeof *lan; k++) {
        fixture f;
        fixture_init(&f);
        for (int i = 0; i < 2 * DP_EC_SUBNET_BURST; i++)
            assert_int_equal(put(&f, name(1), &lan[k]), 0);
        fixture_fini(&f);
    }
}

/* The table is full: the subnet silent for longest is forgotten, a busy one
 * is not. */
static void lan_can_be_limited(void **state)
{
    (void)state;
    fixture f;
    static const devp2p_addr lan = { .ip = { 127, 0, 0, 1 }, .family = 4 };
    fixture_init(&f);
    dp_gate_limit_lan(f.g);
    for (int i = 0; i < DP_EC_SUBNET_BURST; i++)
        assert_int_equal(put(&f, name(1), &lan), 0);
    assert_int_equal(put(&f, name(1), &lan), DEVP2P_ERR_LIMIT);
    fixture_fini(&f);
}

static void the_oldest_subnet_is_forgotten(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    devp2p_addr busy = addr_of(0), silent = addr_of(1);
    for (int i = 0; i < DP_EC_SUBNET_BURST; i++) {
        assert_int_equal(put(&f, name(1), &busy), 0);
        assert_int_equal(put(&f, name(1), &silent), 0);
        while (next(&f))
            continue;
    }
    for (unsigned n = 2; n <= DP_EC_SUBNETS; n++) {
        devp2p_addr other = addr_of(n);
        assert_int_equal(put(&f, name(1), &busy), DEVP2P_ERR_LIMIT);
        int err = put(&f, name(1), &other);
        assert_true(err == 0 || err == DEVP2P_ERR_AGAIN);
        dp_gate_forget(f.g, name(1));
    }
    assert_int_equal(put(&f, name(1), &busy), DEVP2P_ERR_LIMIT);
    assert_int_equal(put(&f, name(1), &silent), 0);
    fixture_fini(&f);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    size_t full = 0;
    for (unsigned n = 0; n < DP_EC_QUEUE; n++) {
        devp2p_addr from = addr_of(n);
        assert_int_equal(put(&f, name(1), &from), 0);
    }
    full = f.t.live;
    devp2p_addr from = addr_of(5000);
    assert_int_equal(put(&f, name(1), &from), DEVP2P_ERR_AGAIN);
    assert_int_equal(f.t.live, full);
    /* strangers do not keep our dials out, which have a bound of their own */
    for (unsigned n = 0; n < DP_EC_QUEUE; n++)
        assert_int_equal(put(&f, name(2), NULL), 0);
    assert_int_equal(put(&f, name(2), NULL), DEVP2P_ERR_AGAIN);
    for (unsigned n = 0; n < DP_EC_QUEUE; n++)
        assert_int_equal(next(&f), 2);
    assert_int_equal(next(&f), 1);
    assert_int_equal(put(&f, name(1), &from), 0);
    fixture_fini(&f);
}

/* A full pool costs no token and no place; nothing is asked until it has
 * room. */
static void undo_keeps_the_turn(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    for (unsigned n = 1; n <= DP_EC_BURST + 1; n++) {
        devp2p_addr from = addr_of(n);
        assert_int_equal(put(&f, name(n), &from), 0);
    }
    dp_ec *first = dp_gate_next(f.g, f.now), *second;
    dp_gate_undo(f.g, first);
    assert_true(dp_gate_when(f.g, f.now) == DP_NEVER);
    assert_ptr_equal(dp_gate_next(f.g, f.now), first);
    second = dp_gate_next(f.g, f.now);
    dp_gate_undo(f.g, first);
    dp_gate_undo(f.g, second);
    assert_int_equal(put(&f, name(1000), NULL), 0);
    assert_int_equal(next(&f), 1);
    assert_int_equal(next(&f), 2);
    assert_int_equal(next(&f), 1000);
    for (unsigned n = 3; n <= DP_EC_BURST; n++)
        assert_int_equal(next(&f), n);
    assert_int_equal(next(&f), 0);
    fixture_fini(&f);
}

static void forget_takes_what_waits(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    devp2p_addr from = addr_of(1);
    assert_int_equal(put(&f, name(1), &from), 0);
    assert_int_equal(next(&f), 1);
    f.empty = f.t.live; /* with one subnet, which stays known */
    for (unsigned n = 1; n <= 3; n++) {
        assert_int_equal(put(&f, name(n), &from), 0);
        assert_int_equal(put(&f, name(n), NULL), 0);
    }
    dp_gate_undo(f.g, dp_gate_next(f.g, f.now)); /* the dial of 1 */
    dp_gate_forget(f.g, name(1));
    dp_gate_forget(f.g, name(3));
    dp_gate_forget(f.g, name(9));
    assert_int_equal(next(&f), 2);
    assert_int_equal(next(&f), 2);
    assert_int_equal(next(&f), 0);
    assert_int_equal(f.t.live, f.empty);
    assert_int_equal(put(&f, name(4), &from), 0);
    assert_int_equal(next(&f), 4);
    /* what waits at the end is freed with the gate */
    assert_int_equal(put(&f, name(5), &from), 0);
    fixture_fini(&f);
}

static void without_memory_or_chance(void **state)
{
    (void)state;
    test_env t;
    dp_gate *g;
    test_env_init(&t);
    t.no_random = true;
    assert_int_equal(dp_gate_new(&g, &t.env, (dp_now){ 0 }), DEVP2P_ERR_RANDOM);
    t.no_random = false;
    for (size_t n = 1;; n++) {
        test_env_fail(&t, n);
        int err = dp_gate_new(&g, &t.env, (dp_now){ 0 });
        if (!err)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_int_equal(t.live, 0);
    }
    dp_gate_free(g);
    dp_gate_free(NULL);
    assert_int_equal(t.live, 0);
}

/* What a subnet needs to be known fails, at the first one and where the table
 * grows: the job is refused, and the next one of that subnet is as any. */
static void a_subnet_without_memory(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f);
    size_t refused = 0;
    for (unsigned n = 0; n < 100; n++) {
        devp2p_addr from = addr_of(n);
        dp_ec *ec = job_of(&f, name(n + 1));
        size_t live = f.t.live;
        int err;
        for (size_t k = 1;; k++) {
            test_env_fail(&f.t, k);
            err = dp_gate_put(f.g, ec, &from, f.now);
            if (err != DEVP2P_ERR_NOMEM)
                break;
            assert_true(dp_gate_when(f.g, f.now) == DP_NEVER);
            assert_true(f.t.live >= live);
            refused++;
        }
        test_env_fail(&f.t, 0);
        assert_int_equal(err, 0);
        assert_int_equal(next(&f), n + 1);
    }
    assert_in_range(refused, 101, 200);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_and_dials_first),
        cmocka_unit_test(the_rate_is_bounded),
        cmocka_unit_test(a_subnet_is_bounded),
        cmocka_unit_test(lan_has_no_subnet),
        cmocka_unit_test(lan_can_be_limited),
        cmocka_unit_test(the_oldest_subnet_is_forgotten),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(undo_keeps_the_turn),
        cmocka_unit_test(forget_takes_what_waits),
        cmocka_unit_test(a_subnet_without_memory),
        cmocka_unit_test(without_memory_or_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
