/* SPDX-License-Identifier: MIT */
#include "core/tokens.h"

#include "test.h"
#include "test_env.h"

enum { MAX = 5 };

static struct {
    test_env env;
    dp_tokens *tokens;
    bool reenters;
    int inside; /* finds that another one's work let find something */
} t;

static devp2p_pubkey peer_of(uint8_t n)
{
    return (devp2p_pubkey){ .b = { 7, n, [63] = n } };
}

static void keep(uint8_t n)
{
    devp2p_pubkey peer = peer_of(n);
    uint8_t token[32];
    memset(token, n, sizeof token);
    dp_tokens_keep(t.tokens, &peer, token);
}

static bool known(uint8_t n)
{
    devp2p_pubkey peer = peer_of(n);
    uint8_t token[32] = { 0 }, right[32];
    memset(right, n, sizeof right);
    if (!dp_tokens_find(t.tokens, token, &peer))
        return false;
    assert_memory_equal(token, right, sizeof token);
    return true;
}

/* checked_alloc: what is given back holds nothing; a second thread may be just
 * here. */
static void *checked_alloc(
    void *user, void *old, size_t old_size, size_t new_size)
{
    if (!new_size && old_size >= MAX * sizeof(devp2p_pubkey))
        for (size_t i = 0; i < old_size; i++)
            assert_int_equal(((uint8_t *)old)[i], 0);
    if (t.reenters) {
        t.inside += known(1);
        keep(2);
        t.inside += known(2);
    }
    return test_alloc(user, old, old_size, new_size);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    test_env_init(&t.env);
    t.env.env.alloc = checked_alloc;
    return dp_tokens_new(&t.tokens, &t.env.env, MAX);
}

static int teardown(void **state)
{
    (void)state;
    dp_tokens_free(t.tokens);
    return t.env.live != 0;
}

static void kept_until_the_oldest(void **state)
{
    (void)state;
    assert_false(known(1));
    for (uint8_t n = 1; n <= MAX; n++)
        keep(n);
    for (uint8_t n = 1; n <= MAX; n++)
        assert_true(known(n));
    assert_false(known(MAX + 1));
    /* that somebody asks counts for nothing, that 1 was let in again does */
    assert_true(known(2));
    devp2p_pubkey peer = peer_of(1);
    dp_tokens_keep(t.tokens, &peer, NULL);
    keep(MAX + 1);
    assert_false(known(2));
    assert_true(known(1) && known(3) && known(MAX + 1));
    keep(3);
    keep(MAX + 2);
    assert_false(known(4));
    assert_true(known(1) && known(3));
}

static void nothing_of_who_was_not(void **state)
{
    (void)state;
    devp2p_pubkey peer = peer_of(1);
    dp_tokens_keep(t.tokens, &peer, NULL);
    assert_false(known(1));
    keep(2);
    dp_tokens_keep(t.tokens, &peer, NULL);
    assert_false(known(1));
}

/* The memory is taken once, with the first; without it nothing is kept. */
static void memory(void **state)
{
    (void)state;
    size_t live = t.env.live;
    test_env_fail(&t.env, 1);
    keep(1);
    assert_false(known(1));
    assert_int_equal(t.env.live, live);
    keep(1);
    assert_true(known(1));
    size_t with = t.env.live;
    for (int i = 0; i < 100; i++)
        keep((uint8_t)i);
    assert_int_equal(t.env.live, with);
    assert_in_range(with - live, 1, (size_t)MAX * 104);
    dp_tokens *none;
    test_env_fail(&t.env, 1);
    assert_int_equal(dp_tokens_new(&none, &t.env.env, MAX), DEVP2P_ERR_NOMEM);
    assert_null(none);
}

/* Who comes while another one is at it does without, and waits for nobody. */
static void nobody_waits(void **state)
{
    (void)state;
    t.reenters = true;
    keep(1);
    t.reenters = false;
    assert_int_equal(t.inside, 0);
    assert_true(known(1));
    assert_false(known(2));
}

static void none(void **state)
{
    (void)state;
    dp_tokens_free(t.tokens);
    assert_int_equal(dp_tokens_new(&t.tokens, &t.env.env, 0), 0);
    keep(1);
    assert_false(known(1));
    dp_tokens_free(t.tokens);
    t.tokens = NULL;
    keep(1);
    assert_false(known(1));
}

#define with(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with(kept_until_the_oldest),
        with(nothing_of_who_was_not),
        with(memory),
        with(nobody_waits),
        with(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
