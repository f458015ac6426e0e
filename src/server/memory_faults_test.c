/* SPDX-License-Identifier: MIT */
/* memory_faults_test.c - every allocation of every scenario fails, once or from
 * then on; when memory returns, everything works again. */
#include "server/scenarios.h"

#include <openssl/crypto.h>

/* --- memory of a server --- */

static void plant(stage *s, const fault *f)
{
    s->memory.fail_from = f->from;
    s->memory.fail_to = f->to;
}

/* plant_cold: a server that keeps no buffers asks for more of them, and none of
 * it is made up for by giving back what is kept. */
static void plant_cold(stage *s, const fault *f)
{
    s->a.x.cfg.warm_total = DEVP2P_NONE;
    plant(s, f);
}

static void heal(stage *s)
{
    s->memory.fail_from = 0;
}

/* --- memory of libcrypto, which all servers share --- */

static struct {
    size_t calls, fails;
    size_t from, to; /* 0: none fails */
} crypto;

static bool crypto_fails(size_t n)
{
    if (!n || !crypto.from)
        return false;
    size_t call = ++crypto.calls;
    bool fails = call >= crypto.from && call <= crypto.to;
    crypto.fails += fails;
    return fails;
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return crypto_fails(n) ? NULL : malloc(n);
}

static void *crypto_realloc(void *at, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return crypto_fails(n) ? NULL : realloc(at, n);
}

static void crypto_free(void *at, const char *file, int line)
{
    (void)file, (void)line;
    free(at);
}

static void plant_crypto(stage *s, const fault *f)
{
    (void)s;
    crypto.calls = crypto.fails = 0;
    crypto.from = f->from;
    crypto.to = f->to;
}

static void heal_crypto(stage *s)
{
    (void)s;
    crypto.from = 0;
}

/* --- one after the other --- */

static stage the_stage;

/* each_of fails allocation after allocation until there are no more. */
static void each_of(const scenario *c, fault f, bool for_good)
{
    stage *s = &the_stage;
    size_t good = 0, last;

    do {
        f.from++;
        f.to = for_good ? SIZE_MAX : f.from;
        crypto.fails = 0;
        last = play_scenario(c, s, &f);
        good += last;
    } while (s->memory.fails + crypto.fails);
    assert_true(last); /* without a failure */
    print_message("%s: %zu allocations fail %s, %zu complete\n", c->name,
        f.from - 1, for_good ? "from then on" : "once", good - 1);
}

static const fault of_server = {
    .plant = plant,
    .heal = heal,
    .what = "from call",
    .err = DEVP2P_ERR_NOMEM,
};
static const fault of_cold_server = {
    .plant = plant_cold,
    .heal = heal,
    .what = "without warm buffers, from call",
    .err = DEVP2P_ERR_NOMEM,
};
static const fault of_libcrypto = {
    .plant = plant_crypto,
    .heal = heal_crypto,
    .what = "for libcrypto, call",
    .err = DEVP2P_ERR_NOMEM,
};

static void each_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        each_of(&scenarios[i], of_server, false);
}

static void each_of_a_cold_server_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        each_of(&scenarios[i], of_cold_server, false);
}

static void each_fails_from_then_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        each_of(&scenarios[i], of_server, true);
}

/* The curve work and the frames of a connection that goes up. */
static void each_of_libcrypto_fails(void **state)
{
    (void)state;
    each_of(&scenarios[DIAL], of_libcrypto, false);
    each_of(&scenarios[DIAL], of_libcrypto, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_fails_once, tell_where),
        cmocka_unit_test_teardown(each_of_a_cold_server_fails, tell_where),
        cmocka_unit_test_teardown(each_fails_from_then_on, tell_where),
        cmocka_unit_test_teardown(each_of_libcrypto_fails, tell_where),
    };
    /* before it allocates anything */
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
