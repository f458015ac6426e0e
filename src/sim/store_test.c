/* SPDX-License-Identifier: MIT */
#include "sim/node_fixture.h"
#include "sim/store.h"

static net p;
static dp_disk *disk;

static void start(void)
{
    net_init(&p, 1, (devp2p_sim_link){ 0 });
    assert_int_equal(dp_sim_disk(&disk, p.sim), 0);
    dp_sim_insert(p.n[0].w, disk);
}

static void finish(void)
{
    if (p.n[0].w)
        node_down(&p.n[0]);
    dp_sim_disk_free(disk);
    net_fini(&p);
}

static devp2p_slice slice(const char *text)
{
    return text ? (devp2p_slice){ (const uint8_t *)text, strlen(text) }
                : (devp2p_slice){ 0 };
}

static int keep(uint64_t token, const char *key, const char *value)
{
    dp_row row = { slice(key), slice(value) };
    return p.n[0].w->ops->store(p.n[0].w, token, &row, 1);
}

/* settled lets the last call be answered, and is its error. */
static int settled(void)
{
    node *x = &p.n[0];
    size_t n = x->answers_n;
    pass(&p, DP_SEC);
    assert_true(x->answers_n > n);
    return x->answers[x->answers_n - 1].err;
}

/* loaded is how many rows there are, by asking for them. */
static size_t loaded(void)
{
    node *x = &p.n[0];
    assert_int_equal(x->w->ops->load(x->w, 5), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(x->answers[x->answers_n - 1].token, 5);
    return x->answers[x->answers_n - 1].n;
}

static void expect_row(size_t i, const char *key, const char *value)
{
    assert_string_equal(p.n[0].rows[i][0], key);
    assert_string_equal(p.n[0].rows[i][1], value);
}

/* --- rows --- */

static void rows_are_kept_replaced_and_deleted(void **state)
{
    (void)state;
    start();
    assert_int_equal(loaded(), 0);
    dp_row rows[4] = { { slice("b"), slice("2") }, { slice("a"), slice("1") },
        { slice("ab"), slice("") }, { slice(""), slice("0") } };
    dp_world *w = p.n[0].w;
    assert_int_equal(w->ops->store(w, 9, rows, 4), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(p.n[0].answers[1].token, 9);
    assert_int_equal(loaded(), 4);
    expect_row(0, "", "0");
    expect_row(1, "a", "1");
    expect_row(2, "ab", "");
    expect_row(3, "b", "2");

    assert_int_equal(keep(10, "a", "another"), 0);
    assert_int_equal(keep(11, "b", NULL), 0);
    assert_int_equal(keep(12, "nobody", NULL), 0);
    assert_int_equal(w->ops->store(w, 13, NULL, 0), 0);
    assert_int_equal(loaded(), 3);
    expect_row(1, "a", "another");
    expect_row(2, "ab", "");

    /* within one call the last one counts */
    dp_row twice[3] = { { slice("a"), slice("x") }, { slice("a"), slice(NULL) },
        { slice("a"), slice("y") } };
    assert_int_equal(w->ops->store(w, 14, twice, 3), 0);
    assert_int_equal(loaded(), 3);
    expect_row(1, "a", "y");
    finish();
}

static void many_rows_are_found_again(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    start();
    char key[ROWS][8];
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(key[i], sizeof key[i], "k%03u", i * 7 % ROWS);
        assert_int_equal(keep(i, key[i], "v"), 0);
        if (i % DP_ASKS_MAX == 0) {
            pass(&p, 2 * DP_SEC);
            p.n[0].answers_n = 0;
        }
    }
    pass(&p, 2 * DP_SEC);
    assert_int_equal(loaded(), ROWS);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(key[0], sizeof key[0], "k%03u", i);
        expect_row(i, key[0], "v");
    }
    p.n[0].answers_n = 0;
    assert_int_equal(keep(0, "k499", NULL), 0);
    assert_int_equal(keep(0, "k000", NULL), 0);
    assert_int_equal(loaded(), ROWS - 2);
    expect_row(0, "k001", "v");
    finish();
}

static void commits_take_their_time_and_stay_in_order(void **state)
{
    (void)state;
    start();
    node *x = &p.n[0];
    uint64_t last = dp_sim_now(p.sim).mono, most = 0;
    for (unsigned i = 0; i < DP_ASKS_MAX; i++)
        assert_int_equal(keep(i, "key", i % 2 ? "odd" : "even"), 0);
    assert_int_equal(x->answers_n, 0);
    assert_int_equal(dp_sim_disk_rows(disk), 0);
    pass(&p, 3 * DP_SEC);
    assert_int_equal(x->answers_n, DP_ASKS_MAX);
    for (unsigned i = 0; i < DP_ASKS_MAX; i++) {
        uint64_t took = x->answers[i].at - last;
        last = x->answers[i].at;
        assert_int_equal(x->answers[i].token, i);
        assert_in_range(took, DP_MS, 20 * DP_MS + 2 * DP_US);
        most = took > most ? took : most;
    }
    assert_true(most > 15 * DP_MS);
    assert_int_equal(loaded(), 1);
    expect_row(0, "key", "odd");
    finish();
}

static void so_many_commits_can_be_out(void **state)
{
    (void)state;
    start();
    dp_world *w = p.n[0].w;
    for (unsigned i = 0; i < DP_ASKS_MAX; i++)
        assert_int_equal(keep(i, "key", "value"), 0);
    assert_int_equal(keep(0, "more", "value"), DEVP2P_ERR_AGAIN);
    for (unsigned i = 0; i < DP_ASKS_MAX; i++)
        assert_int_equal(w->ops->load(w, i), 0);
    assert_int_equal(w->ops->load(w, 0), DEVP2P_ERR_AGAIN);
    pass(&p, 5 * DP_SEC);
    assert_int_equal(p.n[0].answers_n, 2 * DP_ASKS_MAX);
    p.n[0].answers_n = 0;
    assert_int_equal(keep(0, "more", "value"), 0);
    assert_int_equal(loaded(), 2);
    finish();
}

/* --- what outlives what --- */

static void committed_rows_outlive_their_node(void **state)
{
    (void)state;
    start();
    node *x = &p.n[0];
    assert_int_equal(keep(1, "kept", "1"), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(keep(2, "lost", "2"), 0);
    node_down(x); /* at once */
    pass(&p, DP_SEC);
    assert_int_equal(x->answers_n, 1);
    node_up_again(&p, x);
    assert_int_equal(keep(3, "none", "3"), DEVP2P_ERR_IO);
    assert_int_equal(x->w->ops->load(x->w, 1), DEVP2P_ERR_IO);
    dp_sim_insert(x->w, disk);
    assert_int_equal(loaded(), 1);
    expect_row(0, "kept", "1");
    finish();
}

static void a_crash_loses_what_is_not_committed(void **state)
{
    (void)state;
    start();
    node *x = &p.n[0];
    assert_int_equal(keep(1, "kept", "1"), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(keep(2, "lost", "2"), 0);
    assert_int_equal(x->w->ops->load(x->w, 3), 0);
    x->answers_n = 0;
    dp_sim_crash(x->w);
    pass(&p, DP_SEC);
    assert_int_equal(x->answers_n, 2); /* so that a server can end */
    assert_int_equal(x->answers[0].err, DEVP2P_ERR_IO);
    assert_int_equal(x->answers[1].err, DEVP2P_ERR_IO);
    assert_int_equal(keep(4, "late", "4"), DEVP2P_ERR_IO);

    /* another node with the disk, while the old one still ends */
    dp_sim_insert(p.n[1].w, disk);
    assert_int_equal(p.n[1].w->ops->load(p.n[1].w, 1), 0);
    pass(&p, DP_SEC);
    assert_int_equal(p.n[1].answers[0].n, 1);
    assert_string_equal(p.n[1].rows[0][0], "kept");
    node_down(&p.n[1]);
    finish();
}

/* A load that was answered in time, but whose node lost its disk before the
 * turn, has nothing to give. */
static void a_disk_can_go_before_the_turn(void **state)
{
    (void)state;
    start();
    node *x = &p.n[0];
    assert_int_equal(keep(1, "key", "1"), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(x->w->ops->load(x->w, 3), 0);
    const dp_node *n = dp_sim_node_of(x->w);
    while (dp_list_empty((dp_list *)(uintptr_t)&n->answers))
        assert_true(dp_sim_step(p.sim));
    dp_sim_eject(x->w);
    assert_int_equal(settled(), DEVP2P_ERR_IO);
    finish();
}

/* --- faults --- */

static void a_full_disk_keeps_nothing_of_a_call(void **state)
{
    (void)state;
    start();
    dp_row rows[2] = { { slice("a"), slice(NULL) },
        { slice("b"), slice("2") } };
    dp_world *w = p.n[0].w;
    assert_int_equal(keep(1, "a", "1"), 0);
    assert_int_equal(settled(), 0);
    dp_sim_disk_full(disk, true);
    assert_int_equal(w->ops->store(w, 2, rows, 2), 0);
    assert_int_equal(settled(), DEVP2P_ERR_IO);
    assert_int_equal(counted(&p, DEVP2P_SIM_DISK_FULL), 1);
    assert_int_equal(loaded(), 1);
    expect_row(0, "a", "1");
    dp_sim_disk_full(disk, false);
    assert_int_equal(w->ops->store(w, 3, rows, 2), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(counted(&p, DEVP2P_SIM_DISK_FULL), 1);
    assert_int_equal(loaded(), 1);
    expect_row(0, "b", "2");
    finish();
}

static void a_disk_can_be_wiped(void **state)
{
    (void)state;
    start();
    assert_int_equal(keep(1, "a", "1"), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(counted(&p, DEVP2P_SIM_STORE_LOST), 0);
    dp_sim_disk_wipe(disk);
    assert_int_equal(counted(&p, DEVP2P_SIM_STORE_LOST), 1);
    assert_int_equal(loaded(), 0);
    assert_int_equal(keep(2, "b", "2"), 0);
    assert_int_equal(loaded(), 1);
    finish();
}

/* Whichever allocation fails: all rows of a call are there, or none, and the
 * call or its answer says which. */
static void without_memory_nothing_is_half_kept(void **state)
{
    (void)state;
    unsigned refused = 0, failed = 0;
    for (size_t n = 1;; n++) {
        start();
        dp_row rows[2] = { { slice("a"), slice("1") },
            { slice("b"), slice("2") } };
        dp_world *w = p.n[0].w;
        test_env_fail(&p.t, n);
        int err = w->ops->store(w, 2, rows, 2);
        refused += err != 0;
        if (err == 0) {
            err = settled();
            failed += err != 0;
        }
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        assert_int_equal(dp_sim_disk_rows(disk), err ? 0 : 2);
        bool done = p.t.fails == 0;
        finish();
        if (done)
            break;
    }
    assert_true(refused >= 3);
    assert_int_equal(failed, 1);

    start();
    assert_int_equal(keep(1, "a", "1"), 0);
    assert_int_equal(settled(), 0);
    assert_int_equal(p.n[0].w->ops->load(p.n[0].w, 1), 0);
    test_env_fail(&p.t, 1);
    assert_int_equal(settled(), DEVP2P_ERR_NOMEM);
    dp_disk *other;
    test_env_fail(&p.t, 1);
    assert_int_equal(dp_sim_disk(&other, p.sim), DEVP2P_ERR_NOMEM);
    assert_int_equal(loaded(), 1);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_kept_replaced_and_deleted),
        cmocka_unit_test(many_rows_are_found_again),
        cmocka_unit_test(commits_take_their_time_and_stay_in_order),
        cmocka_unit_test(so_many_commits_can_be_out),
        cmocka_unit_test(committed_rows_outlive_their_node),
        cmocka_unit_test(a_crash_loses_what_is_not_committed),
        cmocka_unit_test(a_disk_can_go_before_the_turn),
        cmocka_unit_test(a_full_disk_keeps_nothing_of_a_call),
        cmocka_unit_test(a_disk_can_be_wiped),
        cmocka_unit_test(without_memory_nothing_is_half_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
