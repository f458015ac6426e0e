/* SPDX-License-Identifier: MIT */
/* host_dial_test.c - the moments of dials, the addresses they go to, and
 * candidates; host_script_test.c has the scripts. */
#include "core/host_fixture.h"

#include "core/dials.h"

/* reach brings the last dial to n to a slot. */
static void reach(fixture *f, uint8_t n)
{
    dialed(f, f->dial[n], 0);
    assert_int_equal(authed(f, f->dial[n], n), 0);
    assert_int_equal(ready(f, f->dial[n]), 0);
    said(f);
}

/* until_dial tells how many ns pass until the next dial, 2,000 s at most. */
static uint64_t until_dial(fixture *f)
{
    uint64_t begun = f->now.mono;
    said(f);
    while (f->now.mono < begun + 2000 * DP_SEC) {
        uint64_t at = dp_host_deadline(f->h);
        if (at == DP_NEVER)
            return DP_NEVER;
        pass(f, at > f->now.mono ? at - f->now.mono : 0);
        if (strstr(said(f), "dial "))
            return f->now.mono - begun;
    }
    return DP_NEVER;
}

static void connected_once(fixture *f)
{
    fixture_init(f, 10);
    add(f, 1, 7);
    said(f);
    reach(f, 7);
}

/* --- when again --- */

static void who_was_connected_is_back_soon(void **state)
{
    (void)state;
    fixture f;
    uint64_t least = DP_NEVER, most = 0;
    connected_once(&f);
    for (int i = 0; i < 50; i++) {
        pass(&f, 40 * DP_SEC);
        down(&f, f.dial[7], i % 2 ? DEVP2P_ERR_RESET : DEVP2P_DISC_QUITTING,
            i % 2 == 0);
        uint64_t took = until_dial(&f);
        least = took < least ? took : least;
        most = took > most ? took : most;
        reach(&f, 7);
    }
    assert_in_range(least, DP_SEC, DP_SEC + DP_SEC / 4);
    assert_in_range(most, 2 * DP_SEC - DP_SEC / 4, 2 * DP_SEC);
    fixture_fini(&f);
}

/* Also who connected to us; and outside the history. */
static void whoever_dialled(void **state)
{
    (void)state;
    fixture f;
    connected_once(&f);
    pass(&f, DP_SEC);
    down(&f, f.dial[7], DEVP2P_ERR_TIMEOUT, false);
    assert_in_range(until_dial(&f), DP_SEC, 2 * DP_SEC);
    dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
    joined(&f, 1, 7);
    pass(&f, DP_REDIAL_NS);
    down(&f, 1, DEVP2P_ERR_RESET, false);
    assert_in_range(until_dial(&f), DP_SEC, 2 * DP_SEC);
    fixture_fini(&f);
}

/* A fast return that ends before the handshake did, or whose connection is gone
 * again at once, is not followed by another. */
static void fast_once(void **state)
{
    (void)state;
    fixture f;
    for (int how = 0; how < 3; how++) {
        connected_once(&f);
        pass(&f, 100 * DP_SEC);
        down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
        assert_in_range(until_dial(&f), DP_SEC, 2 * DP_SEC);
        if (how == 0) {
            dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
        } else if (how == 1) {
            dialed(&f, f.dial[7], 0);
            down(&f, f.dial[7], DEVP2P_ERR_CLOSED, false);
        } else {
            reach(&f, 7);
            down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
        }
        assert_int_equal(until_dial(&f), DP_REDIAL_NS);
        /* one that lasts makes good */
        reach(&f, 7);
        pass(&f, DP_REDIAL_NS);
        down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
        assert_in_range(until_dial(&f), DP_SEC, 2 * DP_SEC);
        fixture_fini(&f);
    }
}

typedef struct patience {
    int reason;
    uint64_t ns; /* 0: as without */
} patience;

static const patience patiences[] = {
    { DEVP2P_DISC_REQUESTED, DP_REDIAL_NS },
    { DEVP2P_DISC_NETWORK_ERROR, 0 },
    { DEVP2P_DISC_PROTOCOL_ERROR, DP_BACKOFF_FIRM_NS },
    { DEVP2P_DISC_USELESS_PEER, DP_BACKOFF_LASTING_NS },
    { DEVP2P_DISC_TOO_MANY_PEERS, DP_REDIAL_NS },
    { DEVP2P_DISC_ALREADY_CONNECTED, DP_REDIAL_NS },
    { DEVP2P_DISC_INCOMPATIBLE_VERSION, DP_BACKOFF_LASTING_NS },
    { DEVP2P_DISC_INVALID_IDENTITY, DP_BACKOFF_LASTING_NS },
    { DEVP2P_DISC_QUITTING, 0 },
    { DEVP2P_DISC_UNEXPECTED_IDENTITY, DP_BACKOFF_LASTING_NS },
    { DEVP2P_DISC_SELF, DP_BACKOFF_LASTING_NS },
    { DEVP2P_DISC_READ_TIMEOUT, 0 },
    { DEVP2P_DISC_SUBPROTOCOL_ERROR, DP_BACKOFF_FIRM_NS },
    { DEVP2P_DISC(0xff), DP_REDIAL_NS },
    { DEVP2P_ERR_RESET, 0 },
    { DEVP2P_ERR_TIMEOUT, 0 },
};
enum { PATIENCES = sizeof patiences / sizeof *patiences };

/* Only a reason that the peer sent makes a node wait longer. */
static void as_long_as_the_peer_asks(void **state)
{
    (void)state;
    fixture f;
    for (size_t i = 0; i < PATIENCES; i++) {
        const patience *p = &patiences[i];
        bool said_it = DEVP2P_IS_DISC(p->reason);
        bool twice = p->reason == DEVP2P_DISC_ALREADY_CONNECTED;
        uint64_t as_peer = twice ? 0 : p->ns;
        assert_int_equal(dp_dial_delay(p->reason, true), as_peer);
        assert_int_equal(dp_dial_delay(p->reason, false), p->ns);

        connected_once(&f); /* from a peer */
        pass(&f, 100 * DP_SEC);
        down(&f, f.dial[7], p->reason, said_it);
        uint64_t took = until_dial(&f);
        uint64_t least = as_peer ? as_peer : DP_SEC;
        assert_in_range(took, least, least + DP_SEC);

        dialed(&f, f.dial[7], 0); /* in handshake */
        pass(&f, DP_SEC);
        down(&f, f.dial[7], p->reason, said_it);
        took = until_dial(&f);
        if (p->ns)
            assert_in_range(took, p->ns, p->ns + DP_SEC);
        else
            assert_int_equal(took, DP_REDIAL_NS - DP_SEC);

        reach(&f, 7); /* the same from us */
        pass(&f, 100 * DP_SEC);
        down(&f, f.dial[7], p->reason, false);
        assert_in_range(until_dial(&f), DP_SEC, 2 * DP_SEC);
        fixture_fini(&f);
    }
}

/* Who lets us in has nothing against us any more. */
static void a_reason_ends_with_a_connection(void **state)
{
    (void)state;
    fixture f;
    connected_once(&f);
    down(&f, f.dial[7], DEVP2P_DISC_USELESS_PEER, true);
    pass(&f, 100 * DP_SEC);
    joined(&f, 1, 7);
    down(&f, 1, DEVP2P_DISC_SUBPROTOCOL_ERROR, false);
    expect(&f, "drop n7 static: useless peer (remote)\nadd n7 inbound static\n"
               "drop n7 inbound static: subprotocol error\n");
    assert_int_equal(until_dial(&f), DP_REDIAL_NS);
    fixture_fini(&f);
}

/* --- addresses --- */

static void resolver_init(fixture *f)
{
    fixture_setup(f, (dp_host_setup){ .max_peers = 10,
                         .resolves = true,
                         .access = { .dial_ratio = DEVP2P_NONE } });
}

static void add_name(fixture *f, uint8_t n)
{
    devp2p_node node = { .id = id_of(n), .addr.port = 30303, .host = "h" };
    dp_host_add(f->h, 1, &node, f->now);
}

/* answer: "" is not found; two addresses stand apart by a blank. */
static void answer(fixture *f, const char *text)
{
    devp2p_addr at[2];
    char one[DEVP2P_ADDR_TEXT];
    size_t n = 0;
    for (int len = 0; sscanf(text, " %63s%n", one, &len) == 1; text += len)
        assert_int_equal(devp2p_addr_parse(&at[n++], one), 0);
    dp_host_resolved(
        f->h, f->question, at, n, n ? 0 : DEVP2P_ERR_NOT_FOUND, f->now);
}

static void expect_at(fixture *f, const char *addr)
{
    char text[DEVP2P_ADDR_TEXT];
    expect(f, "dial n7\n");
    assert_string_equal(devp2p_addr_text(text, &f->node.addr), addr);
}

/* Of each family the first address is tried, IPv4 first; it is one attempt. */
static void both_families(void **state)
{
    (void)state;
    fixture f;
    resolver_init(&f);
    add_name(&f, 7);
    said(&f);
    answer(&f, "[2001:db8::1]:1 1.2.3.4:0");
    expect_at(&f, "1.2.3.4:30303");
    dialed(&f, f.dial[7], DEVP2P_ERR_UNREACHABLE);
    expect_at(&f, "[2001:db8::1]:30303");
    /* then the id is sought, and what is found has its own port */
    dialed(&f, f.dial[7], DEVP2P_ERR_TIMEOUT);
    expect(&f, "find n7\n");
    answer(&f, "5.6.7.8:9");
    expect_at(&f, "5.6.7.8:9");
    dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
    expect(&f, "fail n7 static: connection refused\n");
    pass(&f, DP_REDIAL_NS);
    expect(&f, "resolve n7 at h\n");
    fixture_fini(&f);
}

/* A name is asked for before every dial; without an answer, or with one that
 * comes too late, the old address is tried. */
static void names_anew_each_time(void **state)
{
    (void)state;
    fixture f;
    resolver_init(&f);
    add_name(&f, 7);
    expect(&f, "resolve n7 at h\ncommand 1: ok\n");
    answer(&f, "1.2.3.4:0");
    expect_at(&f, "1.2.3.4:30303");
    reach(&f, 7);
    pass(&f, 100 * DP_SEC);
    down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
    pass(&f, 2 * DP_SEC);
    expect(&f, "resolve n7 at h\ndrop n7 static: connection reset\n");
    answer(&f, "");
    expect_at(&f, "1.2.3.4:30303");
    reach(&f, 7);
    pass(&f, 100 * DP_SEC);
    down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
    pass(&f, 2 * DP_SEC);
    said(&f);
    pass(&f, DP_NAME_NS - 1);
    expect(&f, "");
    pass(&f, 1);
    expect_at(&f, "1.2.3.4:30303");
    answer(&f, "9.9.9.9:0"); /* too late */
    expect(&f, "");
    dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
    expect(&f, "find n7\n");
    pass(&f, DP_FIND_NS);
    expect(&f, "resolve n7 at h\nfail n7 static: connection refused\n");
    fixture_fini(&f);
}

static void names_that_lead_nowhere(void **state)
{
    (void)state;
    fixture f;
    resolver_init(&f);
    add_name(&f, 7);
    said(&f);
    answer(&f, "");
    expect(&f, "find n7\n");
    answer(&f, "");
    expect(&f, "fail n7 static: host name not resolved\n");
    pass(&f, DP_REDIAL_NS);
    expect(&f, "resolve n7 at h\n");
    answer(&f, "1.2.3.4:0"); /* never fatal */
    expect_at(&f, "1.2.3.4:30303");
    fixture_fini(&f);
    /* nobody resolves */
    fixture_init(&f, 10);
    add_name(&f, 7);
    devp2p_node node = { .id = id_of(8) };
    dp_host_add(f.h, 2, &node, f.now);
    expect(&f, "command 1: host name not resolved\n"
               "command 2: malformed network address\n");
    fixture_fini(&f);
}

/* An id that is not found is asked for after 2, 4, 8, ... minutes, 1 h at most.
 */
static void seeking_slows_down(void **state)
{
    (void)state;
    fixture f;
    uint64_t want = 2 * DP_FIND_AGAIN_NS, asked = 0;
    resolver_init(&f);
    devp2p_node node = { .id = id_of(7) };
    dp_host_add(f.h, 1, &node, f.now);
    for (int n = 0; n < 9; f.now.mono += DP_SEC) {
        dp_host_tick(f.h, f.now);
        if (!strstr(said(&f), "find n7"))
            continue;
        uint64_t took = f.now.mono - asked;
        if (asked) { /* at the first attempt after that time */
            assert_in_range(took, want, want + DP_REDIAL_NS);
            want = 2 * want;
            want = want < DP_FIND_AGAIN_MAX_NS ? want : DP_FIND_AGAIN_MAX_NS;
        }
        asked = f.now.mono;
        answer(&f, "");
        expect(&f, "fail n7 static: not found\n");
        n++;
    }
    assert_int_equal(want, DP_FIND_AGAIN_MAX_NS);
    fixture_fini(&f);
}

/* Who waits for an answer takes a slot; answers that nobody waits for are
 * ignored, also after the node has come, was removed, or the end. */
static void questions_and_slots(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 10,
            .resolves = true,
            .access = { .dial_ratio = DEVP2P_NONE, .max_pending_out = 1 } });
    add_name(&f, 7);
    add(&f, 2, 8);
    expect(&f, "resolve n7 at h\ncommand 1: ok\ncommand 2: ok\n");
    assert_false(dp_host_wants(f.h, f.now));
    inbound(&f, 2, 7); /* somebody claims to be it, and is gone again */
    down(&f, 2, DEVP2P_ERR_RESET, false);
    expect(&f, "");
    joined(&f, 1, 7);
    expect(&f, "dial n8\nadd n7 inbound static\n");
    answer(&f, "1.2.3.4:0");
    expect(&f, "");
    dialed(&f, f.dial[8], DEVP2P_ERR_REFUSED);
    down(&f, 1, DEVP2P_ERR_RESET, false);
    assert_non_null(strstr(said(&f), "find n8\n"));
    remove_node(&f, 3, 8);
    answer(&f, "1.2.3.4:5");
    expect(&f, "command 3: ok\n");
    pass(&f, 2 * DP_SEC);
    expect(&f, "resolve n7 at h\n");
    dp_host_stop(f.h, f.now);
    answer(&f, "1.2.3.4:0");
    pass(&f, 100 * DP_SEC);
    expect(&f, "");
    fixture_fini(&f);
}

/* --- results --- */

static void expect_outcome(fixture *f, int code, uint32_t outcome)
{
    said(f);
    assert_int_equal(f->event.kind, DEVP2P_EVENT_COMMAND);
    assert_int_equal(f->event.code, code);
    assert_int_equal(f->event.outcome, outcome);
}

static void a_command_tells_how_a_node_stands(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 10,
            .access = { .dial_ratio = DEVP2P_NONE, .max_pending_out = 1 } });
    add(&f, 1, 7);
    expect_outcome(&f, 0, DEVP2P_OUTCOME_ADDED | DEVP2P_OUTCOME_DIALLING);
    add(&f, 2, 7);
    expect_outcome(&f, DEVP2P_ERR_EXISTS, DEVP2P_OUTCOME_DIALLING);
    add(&f, 3, 8); /* waits for the slot */
    expect_outcome(&f, 0, DEVP2P_OUTCOME_ADDED);
    reach(&f, 7);
    add(&f, 4, 7);
    expect_outcome(&f, DEVP2P_ERR_EXISTS, DEVP2P_OUTCOME_CONNECTED);
    joined(&f, 1, 9);
    add(&f, 5, 9);
    expect_outcome(&f, 0, DEVP2P_OUTCOME_ADDED | DEVP2P_OUTCOME_CONNECTED);
    remove_node(&f, 6, 9);
    expect_outcome(&f, 0, DEVP2P_OUTCOME_REMOVED | DEVP2P_OUTCOME_CONNECTED);
    remove_node(&f, 7, 10);
    expect_outcome(&f, DEVP2P_ERR_NOT_FOUND, 0);
    add(&f, 8, SELF);
    expect_outcome(&f, DEVP2P_DISC_SELF, 0);
    fixture_fini(&f);
}

static void add_at(fixture *f, uint8_t n, uint16_t port)
{
    devp2p_node node = node_of(n);
    node.addr.port = port;
    dp_host_add(f->h, 2, &node, f->now);
}

/* A node that is added with another endpoint is dialled there, at once. */
static void an_endpoint_is_updated(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    add(&f, 1, 7);
    said(&f);
    add_at(&f, 7, 4); /* while TCP connects */
    expect(&f, "cancel n7\ndial n7\nfail n7 static: disconnect requested\n"
               "command 2: ok\n");
    assert_int_equal(
        f.event.outcome, DEVP2P_OUTCOME_UPDATED | DEVP2P_OUTCOME_DIALLING);
    assert_int_equal(f.node.addr.port, 4);
    dialed(&f, f.dial[7], DEVP2P_ERR_REFUSED);
    said(&f);
    add_at(&f, 7, 5); /* while it waits for its time */
    expect(&f, "dial n7\ncommand 2: ok\n");
    assert_int_equal(f.node.addr.port, 5);
    dialed(&f, f.dial[7], 0);
    add_at(&f, 7, 6); /* in handshake: that goes on */
    expect(&f, "command 2: ok\n");
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    add_at(&f, 7, 7); /* connected: it stays so */
    expect(&f, "add n7 static\ncommand 2: ok\n");
    assert_int_equal(
        f.event.outcome, DEVP2P_OUTCOME_UPDATED | DEVP2P_OUTCOME_CONNECTED);
    pass(&f, 100 * DP_SEC);
    down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
    pass(&f, 2 * DP_SEC);
    expect(&f, "dial n7\ndrop n7 static: connection reset\n");
    assert_int_equal(f.node.addr.port, 7);
    fixture_fini(&f);
}

/* --- candidates --- */

static int offer(fixture *f, uint8_t n)
{
    devp2p_node node = node_of(n);
    return dp_host_offer(f->h, &node, f->now);
}

static void why_a_candidate_is_not_dialled(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 10,
            .access = { .dial_ratio = DEVP2P_NONE, .max_pending_out = 3 } });
    assert_int_equal(offer(&f, SELF), DEVP2P_DISC_SELF);
    devp2p_node node = node_of(1);
    node.addr.port = 0;
    assert_int_equal(dp_host_offer(f.h, &node, f.now), DEVP2P_ERR_ADDR);
    node = (devp2p_node){ .id = id_of(1), .host = "h", .addr.port = 1 };
    assert_int_equal(dp_host_offer(f.h, &node, f.now), DEVP2P_ERR_ADDR);
    joined(&f, 1, 2);
    assert_int_equal(offer(&f, 2), DEVP2P_DISC_ALREADY_CONNECTED);
    add(&f, 1, 3);
    assert_int_equal(offer(&f, 3), DEVP2P_ERR_EXISTS); /* dialled */
    dialed(&f, f.dial[3], DEVP2P_ERR_REFUSED);
    assert_int_equal(offer(&f, 3), DEVP2P_ERR_EXISTS); /* static */
    said(&f);
    assert_int_equal(offer(&f, 4), 0);
    assert_int_equal(offer(&f, 4), DEVP2P_ERR_EXISTS);
    expect(&f, "dial n4\n");
    dialed(&f, f.dial[4], DEVP2P_ERR_REFUSED);
    expect(&f, "fail n4 dynamic: connection refused\n");
    pass(&f, DP_REDIAL_NS - 1);
    assert_int_equal(offer(&f, 4), DEVP2P_ERR_AGAIN);
    pass(&f, 1);
    said(&f);
    assert_int_equal(offer(&f, 4), 0);
    inbound(&f, 2, 5); /* only claims to be 5 */
    assert_int_equal(offer(&f, 5), 0);
    assert_false(dp_host_wants(f.h, f.now));
    assert_int_equal(offer(&f, 6), DEVP2P_ERR_LIMIT);
    dp_host_stop(f.h, f.now);
    assert_int_equal(offer(&f, 6), DEVP2P_ERR_CLOSED);
    fixture_fini(&f);
}

/* Who proved himself and waits for his verdict is not dialled. */
/* Neither a candidate nor a name leads out of net_restrict. */
static void not_beyond_the_networks(void **state)
{
    (void)state;
    fixture f;
    const char *nets[] = { "10.0.2.0/28", NULL };
    fixture_setup(&f, (dp_host_setup){ .max_peers = 10,
                          .resolves = true,
                          .access = { .net_restrict = nets } });
    assert_int_equal(offer(&f, 15), 0);
    assert_int_equal(offer(&f, 16), DEVP2P_ERR_ACCESS);
    expect(&f, "dial n15\n");
    add_name(&f, 7);
    expect(&f, "resolve n7 at h\ncommand 1: ok\n");
    answer(&f, "198.51.100.1:0 [2001:db8::1]:0");
    expect(&f, "find n7\n"); /* neither was dialled */
    answer(&f, "10.0.2.3:30303");
    expect(&f, "dial n7\n");
    fixture_fini(&f);
}

static void only_candidates_of_mine(void **state)
{
    (void)state;
    fixture f;
    char hex[65] = { 0 };
    const char *ids[] = { hex, NULL };
    memset(hex, '0', 64);
    memcpy(hex, "07", 2);
    fixture_open(&f, 10, &(dp_access){ .allow_ids = ids });
    assert_int_equal(offer(&f, 8), DEVP2P_DISC_USELESS_PEER);
    assert_int_equal(offer(&f, 7), 0);
    fixture_fini(&f);
}

static void who_is_held_is_not_dialled(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    assert_int_equal(offer(&f, LARGER), 0);
    said(&f);
    dialed(&f, f.dial[LARGER], 0);
    inbound(&f, 1, LARGER);
    assert_int_equal(ready(&f, 1), DP_HOLD);
    assert_int_equal(offer(&f, LARGER), DEVP2P_ERR_EXISTS);
    add(&f, 1, LARGER); /* now a static node: no second dial either */
    expect(&f, "command 1: ok\n");
    down(&f, f.dial[LARGER], DEVP2P_ERR_TIMEOUT, false);
    expect(&f, "judge c1: ok\nfail n150 static dynamic: timed out\n"
               "add n150 inbound static\n");
    fixture_fini(&f);
}

static void a_candidate_is_a_dynamic_peer(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    assert_int_equal(offer(&f, 7), 0);
    expect(&f, "dial n7\n");
    devp2p_addr at = addr_of(7);
    assert_true(memcmp(&f.node.addr, &at, sizeof at) == 0);
    dialed(&f, f.dial[7], 0);
    assert_int_equal(authed(&f, f.dial[7], 7), 0);
    assert_int_equal(ready(&f, f.dial[7]), 0);
    expect(&f, "add n7 dynamic\n");
    assert_int_equal(dp_host_flags(f.h, f.dial[7]), DEVP2P_PEER_DYNAMIC);
    down(&f, f.dial[7], DEVP2P_ERR_RESET, false);
    pass(&f, 100 * DP_SEC);
    expect(&f, "drop n7 dynamic: connection reset\n");
    /* removed static nodes are remembered like them */
    add(&f, 1, 8);
    remove_node(&f, 2, 8);
    assert_int_equal(offer(&f, 8), DEVP2P_ERR_AGAIN);
    fixture_fini(&f);
}

/* The history has an end: 1,024 dials in 35 s. */
static void the_history_is_bounded(void **state)
{
    (void)state;
    fixture f;
    fixture_init(&f, 10);
    devp2p_node node = node_of(1);
    uint64_t begun = f.now.mono;
    for (unsigned i = 0; i < DP_DIAL_HISTORY; i++) {
        node.id.b[1] = (uint8_t)(i >> 8);
        node.id.b[2] = (uint8_t)i;
        assert_true(dp_host_wants(f.h, f.now));
        assert_int_equal(dp_host_offer(f.h, &node, f.now), 0);
        said(&f);
        dialed(&f, f.dial[1], DEVP2P_ERR_REFUSED);
        f.now.mono += DP_MS;
    }
    node.id.b[3] = 1;
    assert_false(dp_host_wants(f.h, f.now));
    assert_true(dp_host_wants_at(f.h, f.now) == begun + DP_REDIAL_NS);
    assert_int_equal(dp_host_offer(f.h, &node, f.now), DEVP2P_ERR_LIMIT);
    f.now.mono = begun + DP_REDIAL_NS;
    assert_true(dp_host_wants(f.h, f.now));
    assert_int_equal(dp_host_offer(f.h, &node, f.now), 0);
    fixture_fini(&f);
}

/* Two dials for each peer that is missing among those that we dial. */
static void slots_for_dials(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f,
        (dp_host_setup){ .max_peers = 10, .access = { .dial_ratio = 10 / 2 } });
    for (uint8_t n = 1; n <= 4; n++)
        assert_int_equal(offer(&f, n), 0);
    assert_int_equal(offer(&f, 5), DEVP2P_ERR_LIMIT);
    said(&f);
    reach(&f, 1);
    dialed(&f, f.dial[2], DEVP2P_ERR_REFUSED);
    assert_int_equal(offer(&f, 5), DEVP2P_ERR_LIMIT);
    dialed(&f, f.dial[3], DEVP2P_ERR_REFUSED);
    assert_int_equal(offer(&f, 5), 0);
    said(&f);
    reach(&f, 5);
    add(&f, 1, 6); /* static nodes count as well */
    expect(&f, "command 1: ok\n");
    down(&f, f.dial[5], DEVP2P_ERR_RESET, false);
    assert_non_null(strstr(said(&f), "dial n6\n"));
    fixture_fini(&f);
}

/* --- the log --- */

static void count_lines(
    void *user, devp2p_log_level level, const char *area, const char *line)
{
    (void)area;
    if (level == DEVP2P_LOG_INFO && strstr(line, "looking for peers: "))
        ++*(int *)user;
}

static void looking_for_peers(void **state)
{
    (void)state;
    fixture f;
    int lines = 0;
    fixture_init(&f, 10);
    fixture_fini(&f);
    f.t.env.log = count_lines;
    f.t.env.log_user = &lines;
    dp_host_setup setup = {
        .env = f.t.env,
        .self = id_of(SELF),
        .max_peers = 10,
        .access = { .dial_ratio = DEVP2P_NONE },
    };
    assert_int_equal(dp_host_new(&f.h, &setup, f.now), 0);
    for (int i = 0; i < 100; i++, f.now.mono += DP_SEC)
        dp_host_tick(f.h, f.now);
    assert_int_equal(lines, 0); /* there is nobody to look for */
    for (uint8_t n = 1; n <= DP_LOOKING_PEERS; n++)
        add(&f, n, n);
    said(&f);
    for (int i = 0; i < 100; i++, f.now.mono += DP_SEC)
        dp_host_tick(f.h, f.now);
    assert_int_equal(lines, 10);
    for (uint8_t n = 1; n <= DP_LOOKING_PEERS; n++)
        reach(&f, n);
    for (int i = 0; i < 100; i++, f.now.mono += DP_SEC)
        dp_host_tick(f.h, f.now);
    assert_int_equal(lines, 11); /* one before the third was there */
    fixture_fini(&f);
}

/* --- memory --- */

static void a_life(fixture *f)
{
    add_name(f, 7);
    said(f);
    if (f->question) {
        answer(f, "1.2.3.4:0 [2001:db8::1]:0");
        said(f);
    }
    if (f->dial[7]) {
        dialed(f, f->dial[7], DEVP2P_ERR_REFUSED);
        said(f);
    }
    offer(f, 8);
    said(f);
    if (f->dial[8])
        dialed(f, f->dial[8], DEVP2P_ERR_REFUSED);
    add_at(f, 7, 9);
    pass(f, 100 * DP_SEC);
    offer(f, 8);
    said(f);
    remove_node(f, 3, 7);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        fixture f;
        resolver_init(&f);
        test_env_fail(&f.t, n);
        a_life(&f);
        bool came = f.t.calls >= f.t.fail_from;
        said(&f);
        assert_true(f.lost <= 1);
        f.t.fail_from = 0;
        /* and everything works again */
        add(&f, 9, 9);
        assert_non_null(strstr(said(&f), "dial n9\n"));
        assert_int_equal(offer(&f, 10), 0);
        fixture_fini(&f);
        if (!came)
            break;
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_connected_is_back_soon),
        cmocka_unit_test(whoever_dialled),
        cmocka_unit_test(fast_once),
        cmocka_unit_test(as_long_as_the_peer_asks),
        cmocka_unit_test(a_reason_ends_with_a_connection),
        cmocka_unit_test(both_families),
        cmocka_unit_test(names_anew_each_time),
        cmocka_unit_test(names_that_lead_nowhere),
        cmocka_unit_test(seeking_slows_down),
        cmocka_unit_test(questions_and_slots),
        cmocka_unit_test(a_command_tells_how_a_node_stands),
        cmocka_unit_test(an_endpoint_is_updated),
        cmocka_unit_test(why_a_candidate_is_not_dialled),
        cmocka_unit_test(not_beyond_the_networks),
        cmocka_unit_test(only_candidates_of_mine),
        cmocka_unit_test(who_is_held_is_not_dialled),
        cmocka_unit_test(a_candidate_is_a_dynamic_peer),
        cmocka_unit_test(the_history_is_bounded),
        cmocka_unit_test(slots_for_dials),
        cmocka_unit_test(looking_for_peers),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
