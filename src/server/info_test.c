/* SPDX-License-Identifier: MIT */
/* info_test.c - what a server and its peers tell of themselves in one piece,
 * and what the program says of its protocols. */
#include "server/net_fixture.h"
#include "server/peer.h"
#include "sim/parts.h"

#include <devp2p/info.h>
#include <devp2p/pipe.h>

/* A speaker is what a program says of one protocol. */
typedef struct speaker {
    size_t len;   /* of its texts, filled with letters; 0: "<name> <number>" */
    size_t grows; /* by so much with every call */
    int result;   /* of the callback when it is below 0 */
    const char *name;
    devp2p_peer *peer; /* the last one that it was asked about, borrowed */
    size_t calls;
    node *stops; /* when it is asked; NULL */
} speaker;

static int write_text(speaker *s, char *out, size_t cap)
{
    s->calls++;
    if (s->result < 0)
        return s->result;
    if (!s->len)
        return snprintf(out, cap, "%s %zu", s->name, s->calls);
    size_t len = s->len;
    for (size_t i = 0; i < cap; i++)
        out[i] = i < len && i + 1 < cap ? (char)('a' + i % 26) : '\0';
    s->len += s->grows;
    return (int)len;
}

static int node_info(char *out, size_t cap, void *user)
{
    return write_text(user, out, cap);
}

static int peer_info(devp2p_peer *peer, char *out, size_t cap, void *user)
{
    speaker *s = user;

    s->peer = peer;
    if (s->stops) {
        devp2p_server_stop(s->stops->srv);
        net_run(s->stops->net, 10 * DP_SEC);
        assert_int_not_equal(devp2p_peer_reason(peer, NULL), 0);
        assert_false(dp_sim_node_of(s->stops->world)->ended);
    }
    return write_text(s, out, cap);
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static devp2p_protocol row(const char *name, uint32_t version, speaker *s)
{
    return (devp2p_protocol){ .name = name,
        .version = version,
        .length = 1,
        .on_msg = on_msg,
        .node_info = s ? node_info : NULL,
        .peer_info = s ? peer_info : NULL,
        .user = s };
}

/* A pair: a dials b; both speak of "p" and not of "q". */
typedef struct pair {
    net n;
    node a, b;
    speaker sa, sb;
    devp2p_protocol pa[4], pb[4];
    devp2p_peer *b_at_a, *a_at_b;
} pair;

static void pair_config(pair *p)
{
    memset(p, 0, sizeof *p);
    net_init(&p->n, 61);
    p->sa.name = "a";
    p->sb.name = "b";
    p->pa[0] = row("q", 3, NULL);
    p->pa[1] = row("p", 1, &p->sa);
    p->pa[2] = row("p", 2, &p->sa);
    p->pb[0] = row("p", 2, &p->sb);
    p->pb[1] = row("q", 3, NULL);
    p->pb[2] = row("p", 1, &p->sb);
    node_config(&p->a, 1, p->pa);
    node_config(&p->b, 2, p->pb);
    p->a.cfg.name = "the first";
    p->b.cfg.name = "back\\slash of 21 bytes";
}

static void pair_meet(pair *p)
{
    node_start(&p->a, &p->n);
    node_start(&p->b, &p->n);
    node_dial(&p->a, &p->b);
    assert_int_equal(devp2p_server_peers(p->a.srv, &p->b_at_a, 1), 1);
    assert_int_equal(devp2p_server_peers(p->b.srv, &p->a_at_b, 1), 1);
}

static void pair_fini(pair *p)
{
    devp2p_peer_drop(p->b_at_a);
    devp2p_peer_drop(p->a_at_b);
    node_stop(&p->a);
    node_stop(&p->b);
    net_fini(&p->n);
}

/* --- a node --- */

static void of_a_node(void **state)
{
    (void)state;
    static pair p;
    devp2p_node_info *info;
    devp2p_node self;

    pair_config(&p);
    p.a.cfg.external_addr = "203.0.113.5:4444";
    assert_int_equal(node_new(&p.a, &p.n), 0);
    assert_int_equal(devp2p_node_info_new(&info, p.a.srv), 0);
    assert_int_equal(info->listen.family, 0); /* not yet */
    devp2p_node_info_free(info);
    assert_int_equal(devp2p_server_start(p.a.srv), 0);
    p.b.cfg.listen_addr = NULL;
    node_start(&p.b, &p.n);
    assert_int_equal(devp2p_node_info_new(&info, p.a.srv), 0);
    devp2p_server_self(p.a.srv, &self);
    assert_memory_equal(&info->node.id, &self.id, sizeof self.id);
    assert_int_equal(info->node.addr.port, 4444);
    assert_int_equal(info->node.addr.ip[0], 203);
    assert_int_equal(info->listen.family, 6);
    assert_int_equal(info->listen.port, 30303);
    assert_string_equal(info->name, "the first");
    assert_int_equal(info->nprotocols, 3);
    assert_string_equal(info->protocols[0].name, "q");
    assert_int_equal(info->protocols[0].version, 3);
    assert_null(info->protocols[0].text);
    assert_string_equal(info->protocols[1].text, "a 3");
    assert_string_equal(info->protocols[2].text, "a 4");
    node_stop(&p.a);
    assert_string_equal(info->name, "the first"); /* it outlives the server */
    devp2p_node_info_free(info);
    devp2p_node_info_free(NULL);
    assert_int_equal(devp2p_node_info_new(&info, p.b.srv), 0);
    assert_int_equal(info->listen.family, 0);
    devp2p_node_info_free(info);
    pair_fini(&p);
}

/* --- a peer --- */

static void of_a_peer(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;
    devp2p_node self;

    pair_config(&p);
    pair_meet(&p);
    net_run(&p.n, 3 * DP_SEC);
    devp2p_server_self(p.b.srv, &self);
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), 0);
    assert_memory_equal(&info->node.id, &self.id, sizeof self.id);
    assert_memory_equal(&info->node.pub, &self.pub, sizeof self.pub);
    assert_int_equal(info->node.addr.port, 30303);
    assert_string_equal(info->name, "back\\\\slash of 21 bytes");
    assert_int_equal(info->version, 5);
    assert_int_equal(info->ncaps, 3);
    assert_true(devp2p_slice_is(info->caps[2].name, "q"));
    assert_int_equal(info->local.ip[3], 1);
    assert_int_equal(info->remote.ip[3], 2);
    assert_int_equal(info->flags, DEVP2P_PEER_STATIC);
    assert_in_range(info->lifetime_ms, 2900, 3100);
    assert_true(info->traffic.in.wire > 0);
    assert_int_equal(info->nprotocols, 2);
    assert_string_equal(info->protocols[0].name, "p");
    assert_int_equal(info->protocols[0].version, 2);
    assert_string_equal(info->protocols[0].text, "a 1");
    assert_string_equal(info->protocols[1].name, "q");
    assert_null(info->protocols[1].text);
    assert_ptr_equal(p.sa.peer, p.b_at_a);
    devp2p_peer_info_free(info);
    devp2p_peer_info_free(NULL);
    assert_int_equal(devp2p_peer_info_new(&info, p.a_at_b), 0);
    assert_int_equal(info->flags, DEVP2P_PEER_INBOUND);
    assert_int_equal(info->node.addr.ip[3], 1);
    assert_int_equal(info->node.addr.port, 0); /* its Hello names none */
    assert_int_equal(info->node.udp, 0);
    assert_true(info->remote.port > 0);
    devp2p_peer_info_free(info);
    pair_fini(&p);
}

/* After the end it is as it was, nobody is asked, and the lifetime stands. */
static void of_a_peer_that_has_left(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;

    pair_config(&p);
    pair_meet(&p);
    net_run(&p.n, 3 * DP_SEC);
    node_stop(&p.b);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    uint64_t lived = devp2p_peer_lifetime_ms(p.b_at_a);
    assert_in_range(lived, 2900, 3500);
    net_run(&p.n, 30 * DP_SEC);
    node_stop(&p.a);
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), 0);
    assert_int_equal(info->lifetime_ms, lived);
    assert_int_equal(info->nprotocols, 2);
    assert_string_equal(info->protocols[0].name, "p");
    assert_null(info->protocols[0].text);
    assert_int_equal(p.sa.calls, 0);
    devp2p_peer_drop(p.b_at_a);
    p.b_at_a = NULL;
    assert_int_equal(info->remote.ip[3], 2); /* it outlives the peer */
    assert_string_equal(info->name, "back\\\\slash of 21 bytes");
    devp2p_peer_info_free(info);
    pair_fini(&p);
}

/* --- texts --- */

/* A text is whole whatever its length, up to the bound, also when it grows
 * while it is asked for. */
static void texts_of_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = { 1, 510, 511, 512, 513, 1024, 5000,
        DP_INFO_TEXT };
    static pair p;
    devp2p_peer_info *info;

    pair_config(&p);
    pair_meet(&p);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t grows = 0; grows < 2; grows++) {
            p.sa.len = lengths[i] - 2 * grows * (lengths[i] == DP_INFO_TEXT);
            p.sa.grows = grows;
            p.sa.calls = 0;
            assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), 0);
            const char *text = info->protocols[0].text;
            assert_int_equal(strlen(text), p.sa.len - grows);
            assert_int_equal(
                text[p.sa.len - grows - 1], 'a' + (p.sa.len - grows - 1) % 26);
            assert_in_range(p.sa.calls, 1, 3);
            devp2p_peer_info_free(info);
        }
    pair_fini(&p);
}

static void too_long_a_text(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;
    devp2p_node_info *self;

    pair_config(&p);
    pair_meet(&p);
    p.sa.len = DP_INFO_TEXT + 1;
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), DEVP2P_ERR_TOO_BIG);
    assert_null(info);
    assert_non_null(strstr(devp2p_last_detail(), "protocol p "));
    assert_int_equal(devp2p_node_info_new(&self, p.a.srv), DEVP2P_ERR_TOO_BIG);
    p.sa.len = 600; /* one that always grows beyond what it was given */
    p.sa.grows = 50000;
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), DEVP2P_ERR_TOO_BIG);
    pair_fini(&p);
}

static void nothing_to_tell(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;

    pair_config(&p);
    pair_meet(&p);
    p.sa.result = -1;
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), 0);
    assert_string_equal(info->protocols[0].text, "");
    devp2p_peer_info_free(info);
    pair_fini(&p);
}

/* --- threads and the end --- */

/* A server that is stopped waits for who is asked about a peer of its, and what
 * was said is there. */
static void stopped_while_asked(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;

    pair_config(&p);
    pair_meet(&p);
    p.sa.stops = &p.a;
    assert_int_equal(devp2p_peer_info_new(&info, p.b_at_a), 0);
    assert_string_equal(info->protocols[0].text, "a 1");
    devp2p_peer_info_free(info);
    net_run(&p.n, DP_SEC);
    assert_true(dp_sim_node_of(p.a.world)->ended);
    pair_fini(&p);
}

/* asking is on_event: the loop asks its own peers. */
static void asking(const devp2p_event *e, void *user)
{
    pair *p = user;
    devp2p_peer_info *info;
    devp2p_node_info *self;
    devp2p_peer *peer;

    node_event(e, &p->a);
    if (e->kind != DEVP2P_EVENT_PEER_ADD)
        return;
    assert_int_equal(devp2p_server_peers(p->a.srv, &peer, 1), 1);
    assert_int_equal(devp2p_peer_info_new(&info, peer), 0);
    assert_string_equal(info->protocols[0].text, "a 1");
    assert_int_equal(info->lifetime_ms, 0);
    assert_int_equal(devp2p_node_info_new(&self, p->a.srv), 0);
    devp2p_peer_drop(peer);
    devp2p_peer_info_free(info);
    devp2p_node_info_free(self);
}

static void on_the_loop(void **state)
{
    (void)state;
    static pair p;

    pair_config(&p);
    p.a.cfg.on_event = asking;
    p.a.cfg.on_event_user = &p;
    pair_meet(&p);
    assert_int_equal(p.sa.calls, 3);
    pair_fini(&p);
}

/* --- memory --- */

static void each_allocation_fails(void **state)
{
    (void)state;
    static pair p;
    devp2p_peer_info *info;
    devp2p_node_info *self;
    size_t n;

    pair_config(&p);
    pair_meet(&p);
    p.sa.len = 2000;
    for (n = 1;; n++) {
        size_t live = p.n.t.live;
        test_env_fail(&p.n.t, n);
        int err = devp2p_peer_info_new(&info, p.b_at_a);
        p.n.t.fail_from = 0;
        if (!err)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_null(info);
        assert_int_equal(p.n.t.live, live);
    }
    assert_int_equal(n, 4); /* the info, and a long text twice */
    devp2p_peer_info_free(info);
    for (n = 1;; n++) {
        test_env_fail(&p.n.t, n);
        int err = devp2p_node_info_new(&self, p.a.srv);
        p.n.t.fail_from = 0;
        if (!err)
            break;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_null(self);
    }
    assert_int_equal(n, 6);
    devp2p_node_info_free(self);
    pair_fini(&p);
}

/* --- the rest of what a peer tells --- */

static bool runs(const devp2p_peer *peer, const char *name, uint32_t version)
{
    return devp2p_peer_runs(peer, name, &version, 1);
}

static void what_runs(void **state)
{
    (void)state;
    static pair p;

    pair_config(&p);
    pair_meet(&p);
    assert_true(runs(p.b_at_a, "p", 2));
    assert_false(runs(p.b_at_a, "p", 1)); /* both have it, and a higher one */
    assert_true(runs(p.b_at_a, "q", 3));
    assert_false(runs(p.b_at_a, "q", 2));
    assert_false(runs(p.b_at_a, "r", 3));
    assert_true(
        devp2p_peer_runs(p.b_at_a, "p", (const uint32_t[]){ 1, 7, 2 }, 3));
    assert_false(devp2p_peer_runs(p.b_at_a, "p", NULL, 0));
    node_stop(&p.b);
    node_expect(&p.a, DEVP2P_EVENT_PEER_DROP);
    assert_true(runs(p.b_at_a, "p", 2));
    pair_fini(&p);
}

static void of_a_test_peer(void **state)
{
    (void)state;
    const devp2p_cap caps[] = { DEVP2P_CAP("eth", 68), DEVP2P_CAP("eth", 69),
        DEVP2P_CAP("snap", 1), DEVP2P_CAP("odd", UINT64_MAX) };
    char name[DEVP2P_SHORT_NAME];
    devp2p_peer_info *info;
    devp2p_peer *peer;
    devp2p_node whom;

    assert_int_equal(devp2p_test_peer(&peer, "Geth/v1.17.5-stable/linux\n",
                         caps, 4, DEVP2P_PEER_INBOUND, NULL),
        0);
    assert_true(runs(peer, "eth", 69) && !runs(peer, "eth", 68));
    assert_true(runs(peer, "snap", 1) && !runs(peer, "odd", UINT32_MAX));
    assert_string_equal(
        devp2p_peer_short_name(name, peer), "Geth/v1.17.5-stable/...");
    assert_int_equal(devp2p_peer_lifetime_ms(peer), 0);
    devp2p_peer_node(peer, &whom);
    assert_memory_equal(&whom.id, devp2p_peer_id(peer), sizeof whom.id);
    assert_int_equal(devp2p_peer_info_new(&info, peer), 0);
    assert_int_equal(info->nprotocols, 2);
    assert_string_equal(info->protocols[0].name, "eth");
    assert_null(info->protocols[0].text);
    devp2p_peer_info_free(info);
    devp2p_peer_drop(peer);
}

/* Whom we dialled is where we dialled it; who came is where its Hello says. */
static void where_a_node_is(void **state)
{
    (void)state;
    static const struct {
        uint64_t says;
        uint32_t flags;
        uint16_t port;
    } cases[] = { { 30303, DEVP2P_PEER_INBOUND, 30303 },
        { 30303, DEVP2P_PEER_STATIC, 5000 }, { 0, DEVP2P_PEER_INBOUND, 0 },
        { 65536 + 30303, DEVP2P_PEER_INBOUND, 0 } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_env t;
        dp_hello hello = { .port = cases[i].says };
        dp_peer_setup setup = { .env = &t.env,
            .pub = &hello.pub,
            .hello = &hello,
            .remote = node_ip(9),
            .flags = cases[i].flags };
        devp2p_peer *peer;
        devp2p_node whom;

        test_env_init(&t);
        setup.remote.port = 5000;
        assert_int_equal(dp_peer_new(&peer, &setup), 0);
        devp2p_peer_node(peer, &whom);
        assert_int_equal(whom.addr.ip[3], 9);
        assert_int_equal(whom.addr.port, cases[i].port);
        assert_int_equal(whom.udp, cases[i].port);
        devp2p_peer_drop(peer);
        assert_int_equal(t.live, 0);
    }
}

/* A short name has 20 bytes of the peer, however they are shown. */
static void short_names(void **state)
{
    (void)state;
    static const struct {
        const char *whole, *brief;
    } names[] = { { "", "" },
        { "12345678901234567890", "12345678901234567890" },
        { "123456789012345678901", "12345678901234567890..." },
        { "\x01\\345678901234567890", "\\x01\\\\345678901234567890" },
        { "123456789012345678\\\x01!", "123456789012345678\\\\\\x01..." },
        { "\x01\x02\x03\x04\x05\x06\x07\x01\x02\x03\x04\x05\x06\x07\x01\x02\x03"
          "\x04\x05\x06\x07",
            "\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x01\\x02\\x03\\x04\\x05\\x06"
            "\\x07\\x01\\x02\\x03\\x04\\x05\\x06..." } };
    char out[DEVP2P_SHORT_NAME];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        devp2p_peer *peer;
        assert_int_equal(
            devp2p_test_peer(&peer, names[i].whole, NULL, 0, 0, NULL), 0);
        assert_string_equal(devp2p_peer_short_name(out, peer), names[i].brief);
        devp2p_peer_drop(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_node),
        cmocka_unit_test(of_a_peer),
        cmocka_unit_test(of_a_peer_that_has_left),
        cmocka_unit_test(texts_of_any_length),
        cmocka_unit_test(too_long_a_text),
        cmocka_unit_test(nothing_to_tell),
        cmocka_unit_test(stopped_while_asked),
        cmocka_unit_test(on_the_loop),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(what_runs),
        cmocka_unit_test(of_a_test_peer),
        cmocka_unit_test(where_a_node_is),
        cmocka_unit_test(short_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
