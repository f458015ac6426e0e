/* SPDX-License-Identifier: MIT */
#include "sim/names.h"
#include "sim/node_fixture.h"

static net p;

static void ask(node *x, uint64_t token, const char *name, bool txt)
{
    assert_int_equal(x->w->ops->resolve(x->w, token, name, txt), 0);
}

/* answer_of is the error that a question ends with. */
static int answer_of(node *x, const char *name, bool txt)
{
    size_t n = x->answers_n;
    ask(x, 77, name, txt);
    assert_int_equal(x->answers_n, n); /* not before the call returns */
    pass(&p, 10 * DP_SEC);
    assert_int_equal(x->answers_n, n + 1);
    assert_int_equal(x->answers[n].token, 77);
    return x->answers[n].err;
}

static void names_have_addresses_and_texts(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    node *x = &p.n[0];
    devp2p_addr a[2] = { addr_of("10.1.2.3:99"), addr_of("[fd00::7]:0") };

    assert_int_equal(dp_sim_name(p.sim, "boot.example", a, 2), 0);
    assert_int_equal(dp_sim_txt(p.sim, "tree.example", "first"), 0);
    assert_int_equal(dp_sim_txt(p.sim, "tree.example", "second"), 0);
    assert_int_equal(answer_of(x, "BOOT.example", false), 0);
    assert_int_equal(x->answers[0].n, 2);
    a[0].port = 0;
    assert_true(dp_addr_equal(&x->addrs[0], &a[0]));
    assert_true(dp_addr_equal(&x->addrs[1], &a[1]));
    assert_int_equal(answer_of(x, "tree.example", true), 0);
    assert_int_equal(x->answers[1].n, 2);
    assert_string_equal(x->texts[0], "first");
    assert_string_equal(x->texts[1], "second");

    /* what a name does not have is not found */
    assert_int_equal(answer_of(x, "tree.example", false), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer_of(x, "boot.example", true), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer_of(x, "boot.exampl", false), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer_of(x, "boot.examples", true), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer_of(x, "BULL.example", false), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(answer_of(x, "", true), DEVP2P_ERR_NOT_FOUND);

    assert_int_equal(dp_sim_name(p.sim, "boot.example", &a[1], 1), 0);
    assert_int_equal(answer_of(x, "boot.example", false), 0);
    assert_true(dp_addr_equal(&x->addrs[0], &a[1]));
    assert_int_equal(dp_sim_name(p.sim, "boot.example", NULL, 0), 0);
    assert_int_equal(answer_of(x, "boot.example", false), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(dp_sim_txt(p.sim, "tree.example", NULL), 0);
    assert_int_equal(answer_of(x, "tree.example", true), DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(dp_sim_txt(p.sim, "tree.example", "third"), 0);
    assert_int_equal(answer_of(x, "tree.example", true), 0);
    assert_string_equal(x->texts[0], "third");
    net_fini(&p);
}

static void an_answer_takes_its_time(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    node *x = &p.n[0];
    uint64_t begin = dp_sim_now(p.sim).mono, least = DP_NEVER, most = 0;
    bool disorder = false;
    for (unsigned i = 0; i < DP_ASKS_MAX; i++)
        ask(x, i, "nobody.example", false);
    pass(&p, DP_SEC);
    assert_int_equal(x->answers_n, DP_ASKS_MAX);
    for (unsigned i = 0; i < DP_ASKS_MAX; i++) {
        uint64_t took = x->answers[i].at - begin;
        least = took < least ? took : least;
        most = took > most ? took : most;
        disorder = disorder || x->answers[i].token != i;
    }
    assert_in_range(least, 5 * DP_MS, 10 * DP_MS);
    assert_in_range(most, 45 * DP_MS, 50 * DP_MS + 2 * DP_US);
    assert_true(disorder);
    net_fini(&p);
}

static void so_many_questions_can_be_out(void **state)
{
    (void)state;
    char name[255];
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    node *x = &p.n[0];
    memset(name, 'n', sizeof name - 1);
    name[254] = '\0';
    assert_int_equal(
        x->w->ops->resolve(x->w, 1, name, true), DEVP2P_ERR_INVALID);
    name[253] = '\0';
    ask(x, 0, name, true);
    for (unsigned i = 1; i < DP_ASKS_MAX; i++) {
        dp_sim_resolver_down(x->w, i % 2); /* counts all the same */
        ask(x, i, "nobody.example", i % 3);
    }
    dp_sim_resolver_down(x->w, false);
    assert_int_equal(x->w->ops->resolve(x->w, 99, "a", true), DEVP2P_ERR_AGAIN);
    ask(&p.n[1], 0, "a", true); /* a bound of each node */
    pass(&p, 10 * DP_SEC);
    assert_int_equal(x->answers_n, DP_ASKS_MAX);
    ask(x, 100, "a", true);

    /* one that is out when its node is freed is forgotten */
    node_down(x);
    pass(&p, DP_SEC);
    assert_int_equal(x->answers_n, DP_ASKS_MAX);
    net_fini(&p);
}

static void a_resolver_can_be_down(void **state)
{
    (void)state;
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    node *x = &p.n[0];
    assert_int_equal(dp_sim_txt(p.sim, "tree.example", "root"), 0);
    dp_sim_resolver_down(x->w, true);
    uint64_t begin = dp_sim_now(p.sim).mono;
    assert_int_equal(answer_of(x, "tree.example", true), DEVP2P_ERR_TIMEOUT);
    assert_in_range(x->answers[0].at - begin, 5 * DP_SEC, 5 * DP_SEC + DP_MS);
    assert_int_equal(counted(&p, DEVP2P_SIM_NO_RESOLVER), 1);
    assert_int_equal(answer_of(x, "nobody", true), DEVP2P_ERR_TIMEOUT);
    assert_int_equal(counted(&p, DEVP2P_SIM_NO_RESOLVER), 2);
    assert_int_equal(answer_of(&p.n[1], "tree.example", true), 0);
    dp_sim_resolver_down(x->w, false);
    assert_int_equal(answer_of(x, "tree.example", true), 0);
    assert_int_equal(counted(&p, DEVP2P_SIM_NO_RESOLVER), 2);
    net_fini(&p);
}

static int define_and_ask(void)
{
    devp2p_addr a = addr_of("10.1.2.3:0");
    int err = dp_sim_name(p.sim, "boot.example", &a, 1);
    if (err == 0)
        err = dp_sim_txt(p.sim, "boot.example", "first");
    if (err == 0)
        err = dp_sim_txt(p.sim, "boot.example", "second");
    if (err == 0)
        err = p.n[0].w->ops->resolve(p.n[0].w, 1, "boot.example", false);
    return err;
}

static void without_memory_nothing_is_half_known(void **state)
{
    (void)state;
    size_t n = 1;
    for (int err = DEVP2P_ERR_NOMEM; err; n++) {
        net_init(&p, 1, (devp2p_sim_link){ 0 });
        test_env_fail(&p.t, n);
        err = define_and_ask();
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        if (err)
            assert_int_equal(define_and_ask(), 0);
        pass(&p, DP_SEC);
        assert_int_equal(p.n[0].answers_n, 1);
        assert_int_equal(p.n[0].answers[0].err, 0);
        assert_int_equal(p.n[0].answers[0].n, 1);
        net_fini(&p);
    }
    assert_true(n > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_addresses_and_texts),
        cmocka_unit_test(an_answer_takes_its_time),
        cmocka_unit_test(so_many_questions_can_be_out),
        cmocka_unit_test(a_resolver_can_be_down),
        cmocka_unit_test(without_memory_nothing_is_half_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
