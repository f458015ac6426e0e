/* SPDX-License-Identifier: MIT */
/* session_chaos_test.c - chance decides how bytes are cut, what is said and
 * when memory fails; a seed repeats it. */
#include "session_pair.h"

enum { RUNS = 2000, MESSAGES = 15 };

static uint64_t seed;

static uint64_t chance(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 33;
}

/* --- random splits --- */

/* A flow is what one end says on one capability: numbered messages. */
typedef struct flow {
    unsigned said, heard;
} flow;

static flow flows[2][PAIR_CAPS];

static size_t size_of(size_t e, size_t cap, unsigned number)
{
    uint32_t x = (number * 2654435761u) ^ (uint32_t)(e * 77 + cap * 1013);
    x ^= x >> 15;
    return x % 31 ? 4 + x % 700 : 4 + x % 50000;
}

static void fill(uint8_t *at, size_t len, unsigned number)
{
    memset(at, (int)(number * 7), len);
    memcpy(at, &number, sizeof number);
}

static void check(pair_end *e, const dp_session_event *ev, const uint8_t *at)
{
    static uint8_t want[50010];
    size_t from = 2 - e->node->self.key.b[0]; /* the other one */
    flow *f = &flows[from][ev->cap];
    size_t len = size_of(from, ev->cap, f->heard);
    assert_true(f->heard < f->said);
    assert_int_equal(ev->full, len);
    assert_int_equal(ev->code, f->heard % (ev->cap == 2 ? 1 : 2));
    fill(want, len, f->heard);
    assert_memory_equal(at, want, len);
    f->heard++;
}

static bool say(pair *p, size_t e, size_t cap)
{
    static uint8_t payload[50010];
    flow *f = &flows[e][cap];
    if (!p->e[e].ready || f->said == MESSAGES)
        return false;
    size_t len = size_of(e, cap, f->said);
    fill(payload, len, f->said);
    if (pair_send(&p->e[e], cap, f->said % (cap == 2 ? 1 : 2), payload, len))
        return false;
    f->said++;
    return true;
}

static bool all_heard(void)
{
    for (size_t e = 0; e < 2; e++)
        for (size_t c = 0; c < PAIR_CAPS; c++)
            if (flows[e][c].heard < MESSAGES)
                return false;
    return true;
}

static void chaos_run(size_t read_max, size_t write_max)
{
    pair p;
    pair_init_keep(&p, 3, 3, chance() % 8 ? 4 : 0);
    memset(flows, 0, sizeof flows);
    for (size_t i = 0; i < 2; i++) {
        p.e[i].on_msg = check;
        p.e[i].chance = chance;
        p.e[i].read_max = read_max;
        p.e[i].write_max = write_max;
        p.e[i].in.limit = 1 + chance() % 60000;
        p.e[i].park[chance() % PAIR_CAPS] = chance() % 2;
    }
    for (unsigned turns = 0; !all_heard(); turns++) {
        assert_true(turns < 4000000);
        size_t e = chance() % 2;
        if (chance() % 4 == 0)
            say(&p, e, chance() % PAIR_CAPS);
        if (p.e[e].nparked && chance() % 3 == 0)
            pair_took(&p.e[e], 1 + chance() % p.e[e].nparked);
        pair_turn(&p.e[e]);
    }
    size_t closer = chance() % 2;
    dp_session_close(p.e[closer].s, DEVP2P_DISC_QUITTING, true, p.w.now);
    pair_run(&p, 10 * DP_SEC);
    assert_true(p.e[0].down && p.e[1].down);
    assert_int_equal(p.e[closer].end.reason, DEVP2P_DISC_QUITTING);
    assert_true(p.e[1 - closer].end.remote);
    for (size_t i = 0; i < 2; i++)
        for (size_t c = 0; c < PAIR_CAPS; c++)
            assert_int_equal(p.e[i].unsent[c], 0);
    pair_fini(&p);
}

static void test_random_splits(void **state)
{
    (void)state;
    for (unsigned run = 0; run < RUNS; run++) {
        seed = run;
        static const size_t most[] = { 20, 100, 1500, 20000, 100000 };
        chaos_run(most[chance() % 5], most[chance() % 5]);
    }
}

static void test_single_bytes(void **state)
{
    (void)state;
    seed = 1;
    chaos_run(1, 1);
}

/* --- random ends --- */

/* Whatever happens in whatever order, each session ends once and leaves
 * nothing; every message was heard or counts as unsent at its sender, unless
 * it was on its way. */
static void random_end(void)
{
    pair p;
    pair_init(&p, 3, 3);
    memset(flows, 0, sizeof flows);
    for (size_t i = 0; i < 2; i++) {
        p.e[i].on_msg = check;
        p.e[i].chance = chance;
        p.e[i].read_max = p.e[i].write_max = 1 + chance() % 5000;
        p.e[i].in.limit = 1 + chance() % 60000;
        if (chance() % 8 == 0)
            p.e[i].on_authed = DEVP2P_DISC_TOO_MANY_PEERS;
        if (chance() % 8 == 0)
            p.e[i].on_ready = PAIR_HOLD;
    }
    unsigned steps = (unsigned)(chance() % 400);
    for (unsigned k = 0; k < steps; k++) {
        pair_end *e = &p.e[chance() % 2];
        if (!e->down && e->on_ready == 0)
            say(&p, (size_t)(e - p.e), chance() % PAIR_CAPS);
        pair_turn(e);
        switch (chance() % 60) {
        case 0:
            dp_session_close(
                e->s, DEVP2P_DISC(chance() % 256), chance() % 2, p.w.now);
            break;
        case 1:
            dp_session_close(e->s, DEVP2P_ERR_IO, chance() % 2, p.w.now);
            break;
        case 2:
            e->in.broken = DEVP2P_ERR_RESET;
            break;
        case 3:
            dp_session_judge(e->s, DEVP2P_DISC_SELF, p.w.now);
            break;
        case 4:
            if (e->in.len > e->in.head)
                e->in.at[e->in.head] ^= 1;
            break;
        case 5:
            p.w.now.mono += chance() % (3 * DP_SEC);
            break;
        }
    }
    for (size_t i = 0; i < 2; i++)
        dp_session_close(p.e[i].s, DEVP2P_DISC_QUITTING, chance() % 2, p.w.now);
    pair_run(&p, 10 * DP_SEC);
    for (size_t i = 0; i < 2; i++) {
        assert_true(p.e[i].down);
        for (size_t c = 0; c < PAIR_CAPS; c++)
            assert_true(
                flows[i][c].heard + p.e[i].unsent[c] <= flows[i][c].said);
    }
    pair_fini(&p);
}

static void test_random_ends(void **state)
{
    (void)state;
    for (unsigned run = 0; run < RUNS; run++) {
        seed = run;
        random_end();
    }
}

/* --- memory --- */

/* A conversation with everything in it: both Hellos, small and long messages,
 * a full queue, a goodbye. */
static void conversation(pair *p)
{
    uint8_t *noise = test_noise(150000, 4);
    for (unsigned i = 0; i < 12; i++) {
        pair_run(p, 0);
        for (size_t e = 0; e < 2; e++)
            if (!p->e[e].down && p->e[e].ready)
                (void)pair_send(&p->e[e], i % 3, 0, noise, i % 4 ? 50 : 150000);
    }
    free(noise);
    pair_run(p, 16 * DP_SEC);
    for (size_t e = 0; e < 2; e++)
        if (!p->e[e].down)
            dp_session_close(p->e[e].s, DEVP2P_DISC_QUITTING, true, p->w.now);
    pair_run(p, 10 * DP_SEC);
}

/* with_failures plays it; allocations from number from to number to fail.  It
 * returns how many there were. */
static size_t with_failures(size_t from, size_t to)
{
    pair p;
    pair_world_init(&p.w);
    pair_node_init(&p.node[0], &p.w, 1, 3);
    pair_node_init(&p.node[1], &p.w, 2, 3);
    size_t before = p.w.env.calls;
    if (from) {
        p.w.env.fail_from = before + from;
        p.w.env.fail_to = to == SIZE_MAX ? to : before + to;
    }
    pair_end_init(&p.e[0], &p.w, &p.node[0], &p.node[1].self.pub, &p.e[1].in);
    pair_end_init(&p.e[1], &p.w, &p.node[1], NULL, &p.e[0].in);
    for (size_t i = 0; i < 2; i++)
        if (p.e[i].down) /* it was never born: the other one sees the end */
            p.e[i].out->shut = true;
    conversation(&p);
    size_t calls = p.w.env.calls - before;
    p.w.env.fail_from = 0;
    bool failed = from && from <= calls;
    for (size_t i = 0; i < 2; i++) {
        assert_true(p.e[i].down);
        if (!failed)
            assert_true(DEVP2P_IS_DISC(p.e[i].end.reason));
    }
    pair_fini(&p); /* checks that nothing is left */
    return calls;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    size_t calls = with_failures(0, 0);
    assert_in_range(calls, 100, 5000);
    for (size_t i = 1; i <= calls; i++)
        with_failures(i, i);
}

static void test_memory_fails_from_then_on(void **state)
{
    (void)state;
    size_t calls = with_failures(0, 0);
    for (size_t i = 1; i <= calls; i++)
        with_failures(i, SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_splits),
        cmocka_unit_test(test_single_bytes),
        cmocka_unit_test(test_random_ends),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_memory_fails_from_then_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
