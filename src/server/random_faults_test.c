/* SPDX-License-Identifier: MIT */
/* random_faults_test.c - every draw of every scenario fails, once or from then
 * on: no server is made, or the handshake ends without a byte; never does
 * anything go on with what was not drawn. */
#include "server/scenarios.h"

static stage the_stage;

/* plant: no handshake depends on the draws of keys made ahead. */
static void plant(stage *s, const fault *f)
{
    s->a.x.cfg.spare_keys = DEVP2P_NONE;
    s->world.which = FAULTY_RANDOM;
    s->world.err = f->err;
    s->world.from = f->from;
    s->world.to = f->to;
}

static void heal(stage *s)
{
    s->world.from = 0;
}

/* each_draw fails draw after draw until there are no more. */
static void each_draw(const scenario *c, bool for_good)
{
    fault f = {
        .plant = plant, .heal = heal, .what = "draw", .err = DEVP2P_ERR_RANDOM
    };
    stage *s = &the_stage;
    size_t silent = 0, good = 0, last;

    do {
        f.from++;
        f.to = for_good ? SIZE_MAX : f.from;
        last = play_scenario(c, s, &f);
        good += last;
        silent += s->world.silent;
        assert_int_equal(s->world.hits, s->unmade + s->world.silent);
        if (c == &scenarios[DIAL] && s->world.silent)
            assert_true(told(&s->a, DEVP2P_ERR_RANDOM));
    } while (s->world.hits);
    assert_true(last); /* without a failure */
    print_message(
        "%s: %zu draws fail %s, %zu silent handshakes, %zu complete\n", c->name,
        f.from - 1, for_good ? "from then on" : "once", silent, good - 1);
}

static void each_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        each_draw(&scenarios[i], false);
}

static void each_fails_from_then_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIOS; i++)
        each_draw(&scenarios[i], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_fails_once, tell_where),
        cmocka_unit_test_teardown(each_fails_from_then_on, tell_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
