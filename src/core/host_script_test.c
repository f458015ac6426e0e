/* SPDX-License-Identifier: MIT */
/* host_script_test.c - whom a host dials when, in nine scripts: the situations
 * in which go-ethereum's scheduler is tested (p2p/dial_test.go), told anew.
 * A script is a list of rounds of 16 s; in each things happen, and the dials
 * that have begun since the round before are compared. */
#include "core/host_fixture.h"

enum { MOST = 16, ROUND_S = 16, LOOK_S = 2 };

/* A round's lists end with 0. */
typedef struct round {
    uint8_t leave[MOST];   /* peers that go */
    uint8_t add[MOST];     /* static nodes from now on */
    uint8_t cut[MOST];     /* and no more */
    uint8_t enter[MOST];   /* inbound peers that come */
    uint8_t found[MOST];   /* candidates */
    uint8_t reached[MOST]; /* dials that become peers */
    uint8_t failed[MOST];  /* dials without a TCP connection */
    uint8_t asked[MOST];   /* nodes that may be sought, and are not found */
    uint8_t dialled[MOST]; /* what is to be seen */
} round;

typedef struct script {
    fixture f;
    uint8_t source[256]; /* candidates that nobody has asked for */
    size_t first, n;
    uint64_t conn[256];   /* of node n */
    uint8_t dialled[256]; /* since the last look, in order */
    size_t ndialled;
    const uint8_t *asked; /* of this round */
    uint64_t strangers;
    bool barred_below_5; /* a net that candidates must be in */
} script;

static bool lists(const uint8_t *list, uint8_t n)
{
    while (*list && *list != n)
        list++;
    return *list == n;
}

/* look takes the effects and gives candidates, until nothing more happens. */
static void look(script *s)
{
    dp_effect e;
    for (;;) {
        while (dp_host_next(s->f.h, &e, s->f.now)) {
            uint8_t n = e.node.id.b[0];
            if (e.kind == DP_DIAL) {
                s->conn[n] = e.conn;
                s->dialled[s->ndialled++] = n;
            } else if (e.kind == DP_FIND) {
                assert_true(lists(s->asked, n));
                dp_host_resolved(
                    s->f.h, e.conn, NULL, 0, DEVP2P_ERR_NOT_FOUND, s->f.now);
            }
        }
        if (s->first == s->n || !dp_host_wants(s->f.h, s->f.now))
            return;
        devp2p_node node = node_of(s->source[s->first++]);
        if (!s->barred_below_5 || node.id.b[0] >= 5)
            dp_host_offer(s->f.h, &node, s->f.now);
    }
}

static void wait_s(script *s, uint64_t seconds)
{
    for (uint64_t i = 0; i < seconds * 10; i++) {
        pass(&s->f, DP_SEC / 10);
        look(s);
    }
}

static void reach(script *s, uint8_t n)
{
    dialed(&s->f, s->conn[n], 0);
    assert_int_equal(authed(&s->f, s->conn[n], n), 0);
    assert_int_equal(ready(&s->f, s->conn[n]), 0);
}

/* script_init: nodes 1 to peers were dialled as candidates long ago. */
static void script_init(
    script *s, uint32_t max_dialed, uint32_t max_dials, uint8_t peers)
{
    static const uint8_t nobody[1];
    memset(s, 0, sizeof *s);
    dp_host_setup setup = { .max_peers = 10 * max_dialed, .resolves = true };
    setup.access.dial_ratio = 10;
    setup.access.max_pending_out = max_dials;
    fixture_setup(&s->f, setup);
    s->asked = nobody;
    for (uint8_t n = 1; n <= peers; n++) {
        s->source[s->n++] = n;
        look(s);
        reach(s, n);
    }
    wait_s(s, 100);
    s->ndialled = 0;
}

static void happen(script *s, const round *r)
{
    fixture *f = &s->f;
    for (const uint8_t *n = r->leave; *n; n++)
        down(f, s->conn[*n], DEVP2P_ERR_RESET, false);
    for (const uint8_t *n = r->add; *n; n++)
        add(f, 1, *n);
    for (const uint8_t *n = r->cut; *n; n++)
        remove_node(f, 2, *n);
    for (const uint8_t *n = r->enter; *n; n++) {
        s->conn[*n] = ++s->strangers;
        joined(f, s->conn[*n], *n);
    }
    for (const uint8_t *n = r->found; *n; n++)
        s->source[s->n++] = *n;
    look(s);
    for (const uint8_t *n = r->reached; *n; n++)
        reach(s, *n);
    look(s);
    for (const uint8_t *n = r->failed; *n; n++)
        dialed(f, s->conn[*n], DEVP2P_ERR_REFUSED);
    look(s);
}

static void play(script *s, const round *rounds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const round *r = &rounds[i];
        size_t want = strlen((const char *)r->dialled);
        s->asked = r->asked;
        happen(s, r);
        wait_s(s, LOOK_S);
        if (s->ndialled != want)
            fail_msg("round %zu: %zu dials, not %zu", i, s->ndialled, want);
        for (size_t k = 0; k < want; k++)
            if (!lists(r->dialled, s->dialled[k]))
                fail_msg("round %zu: node %d is dialled", i, s->dialled[k]);
        s->ndialled = 0;
        wait_s(s, ROUND_S - LOOK_S);
    }
    fixture_fini(&s->f);
}

#define PLAY(s, ...)                          \
    play((s), (const round[]){ __VA_ARGS__ }, \
        sizeof((const round[]){ __VA_ARGS__ }) / sizeof(round))

/* --- the scripts --- */

/* Candidates are dialled as far as there are slots, and those beyond wait. */
static void candidates(void **state)
{
    (void)state;
    script s;
    script_init(&s, 4, 5, 3);
    PLAY(&s, { .found = { 1, 3, 4, 5, 6, 7, 8, 9 }, .dialled = { 4, 5 } },
        { .failed = { 5 }, .dialled = { 6 } },
        { .reached = { 4 }, .failed = { 6 }, .found = { 10 } },
        { .leave = { 1, 2, 3 },
            .found = { 11, 12, 13, 14, 15 },
            .dialled = { 7, 8, 9, 10, 11 } });
}

/* Those that are outside of the permitted net cost no slot. */
static void candidates_of_one_net(void **state)
{
    (void)state;
    script s;
    script_init(&s, 10, 10, 0);
    s.barred_below_5 = true;
    PLAY(&s, { .found = { 1, 2, 3, 4, 5, 6, 7, 8 }, .dialled = { 5, 6, 7, 8 } },
        { .reached = { 5, 6, 7, 8 } });
}

/* Static nodes are dialled unless they are peers already, and obey the same
 * limits. */
static void static_nodes(void **state)
{
    (void)state;
    script s;
    script_init(&s, 4, 5, 2);
    happen(&s, &(round){ .add = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } });
    assert_int_equal(s.ndialled, 4);
    uint8_t d[4], rest[MOST] = { 0 };
    memcpy(d, s.dialled, 4);
    for (uint8_t n = 3, k = 0; n <= 9; n++)
        if (!memchr(d, n, 4))
            rest[k++] = n;
    s.ndialled = 0;
    wait_s(&s, ROUND_S);
    /* one slot is left: two dials */
    round one = { .reached = { d[0] },
        .failed = { d[1], d[2], d[3] },
        .asked = { d[1], d[2], d[3] } };
    s.asked = one.asked;
    happen(&s, &one);
    assert_int_equal(s.ndialled, 2);
    assert_true(lists(rest, s.dialled[0]) && lists(rest, s.dialled[1]));
    uint8_t last = rest[0];
    for (size_t i = 0; lists(s.dialled, last); i++)
        last = rest[i];
    s.ndialled = 0;
    wait_s(&s, ROUND_S);
    /* one that dialled us is not dialled; one that dropped is */
    PLAY(&s, { .leave = { 1 }, .enter = { last }, .dialled = { 1 } });
}

/* Who is removed is not dialled: not the one in history, not the one that is
 * being dialled, not the one in the pool. */
static void removed_nodes(void **state)
{
    (void)state;
    script s;
    script_init(&s, 1, 1, 0);
    happen(&s, &(round){ .add = { 1, 2, 3 } });
    assert_int_equal(s.ndialled, 1);
    uint8_t first = s.dialled[0];
    s.asked = (const uint8_t[]){ first, 0 };
    happen(&s, &(round){ .failed = { first } });
    assert_int_equal(s.ndialled, 2);
    assert_true(s.dialled[1] != first);
    s.ndialled = 0;
    PLAY(&s, { .cut = { 1, 2, 3 } }, { .add = { 0 } }, { .add = { 0 } },
        { .add = { 0 } });
}

/* Static nodes are dialled in random order: of 2,000 neither the first 40 nor
 * the last ones. */
static void many_static_nodes(void **state)
{
    (void)state;
    script s;
    round leave = { .add = { 0 } };
    size_t early = 0;
    script_init(&s, 10, 20, 10);
    for (unsigned i = 0; i < 2000; i++) {
        devp2p_node node = node_of((uint8_t)(11 + i / 10));
        node.id.b[1] = (uint8_t)i;
        dp_host_add(s.f.h, 1, &node, s.f.now);
    }
    look(&s);
    assert_int_equal(s.ndialled, 0);
    for (uint8_t n = 1; n <= 10; n++)
        leave.leave[n - 1] = n;
    happen(&s, &leave);
    assert_int_equal(s.ndialled, 20);
    for (size_t i = 0; i < 20; i++)
        early += s.dialled[i] < 111;
    assert_in_range(early, 4, 16);
    fixture_fini(&s.f);
}

/* Who was dialled is left alone for 35 s. */
static void history(void **state)
{
    (void)state;
    script s;
    script_init(&s, 3, 3, 0);
    PLAY(&s, { .add = { 1, 2, 3 }, .dialled = { 1, 2, 3 } },
        { .reached = { 1, 2 }, .failed = { 3 }, .asked = { 3 } },
        { .asked = { 3 } }, { .dialled = { 3 } });
}

static void answer_at(fixture *f, const char *addr, int err)
{
    devp2p_addr at = { .family = 0 };
    if (addr)
        assert_int_equal(devp2p_addr_parse(&at, addr), 0);
    dp_host_resolved(f->h, f->question, &at, addr ? 1 : 0, err, f->now);
}

static const char *dialled_at(fixture *f)
{
    static char text[DEVP2P_ADDR_TEXT];
    return devp2p_addr_text(text, &f->node.addr);
}

/* A node without an address is sought, and once more when it is not there. */
static void ids_are_resolved(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 1,
            .resolves = true,
            .access = { .dial_ratio = DEVP2P_NONE, .max_pending_out = 1 } });
    devp2p_node node = { .id = id_of(1) };
    dp_host_add(f.h, 1, &node, f.now);
    expect(&f, "find n1\ncommand 1: ok\n");
    answer_at(&f, "127.0.0.1:30303", 0);
    expect(&f, "dial n1\n");
    assert_string_equal(dialled_at(&f), "127.0.0.1:30303");
    /* not found again within 60 s, as it was found */
    dialed(&f, f.dial[1], DEVP2P_ERR_REFUSED);
    expect(&f, "fail n1 static: connection refused\n");
    pass(&f, 35 * DP_SEC);
    expect(&f, "dial n1\n");
    pass(&f, 25 * DP_SEC);
    dialed(&f, f.dial[1], DEVP2P_ERR_REFUSED);
    expect(&f, "find n1\n");
    answer_at(&f, "127.0.0.55:30303", 0);
    expect(&f, "dial n1\n");
    assert_string_equal(dialled_at(&f), "127.0.0.55:30303");
    fixture_fini(&f);
}

/* A host name is resolved before the dial. */
static void names_are_resolved(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 1,
            .resolves = true,
            .access = { .dial_ratio = DEVP2P_NONE, .max_pending_out = 1 } });
    devp2p_node node = {
        .id = id_of(1), .addr.port = 30303, .host = "node-hostname"
    };
    dp_host_add(f.h, 1, &node, f.now);
    expect(&f, "resolve n1 at node-hostname\ncommand 1: ok\n");
    answer_at(&f, "1.2.3.4:0", 0);
    expect(&f, "dial n1\n");
    assert_string_equal(dialled_at(&f), "1.2.3.4:30303");
    fixture_fini(&f);
}

/* Who proved itself, and is a peer or about to be one, is not dialled.  In
 * go-ethereum a claim is enough for that; see no_dial_to_who_is_here. */
static void inbound_nodes(void **state)
{
    (void)state;
    script s;
    script_init(&s, 4, 5, 2);
    PLAY(&s, { .enter = { 3 }, .found = { 3, 4, 5 }, .dialled = { 4, 5 } },
        { .reached = { 4 },
            .failed = { 5 },
            .found = { 3, 6 },
            .dialled = { 6 } },
        { .leave = { 3 },
            .enter = { 7 },
            .found = { 3, 7 },
            .dialled = { 3 } });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates),
        cmocka_unit_test(candidates_of_one_net),
        cmocka_unit_test(static_nodes),
        cmocka_unit_test(removed_nodes),
        cmocka_unit_test(many_static_nodes),
        cmocka_unit_test(history),
        cmocka_unit_test(ids_are_resolved),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(inbound_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
