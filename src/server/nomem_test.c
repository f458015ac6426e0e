/* SPDX-License-Identifier: MIT */
/* nomem_test.c - every allocation of a server fails once: it says so, or a
 * connection ends; nothing is lost, nothing hangs. */
#include "server/net_fixture.h"

enum { TALK = 20, BIG = 80 * 1024 };

struct table {
    struct {
        uint32_t *at;
        size_t len;
    } rows;
};
DEVP2P_RLP_TABLE(table, DEVP2P_FIELD_LIST(table, rows));

typedef struct side {
    int opens, closes, runs, returns;
    uint32_t heard;
    bool first;
} side;

static int say(side *s, devp2p_rw *rw)
{
    uint32_t numbers[] = { s->heard, 7, 8 };
    struct table t = { { numbers, 3 } };
    static uint8_t big[BIG];
    devp2p_slice payload = { big, sizeof big };

    if (s->heard >= TALK)
        return 0;
    if (s->heard % 10 == 5)
        return devp2p_send_items(rw, 1, payload);
    return devp2p_send(rw, 0, table, &t);
}

static int hear(side *s, devp2p_rw *rw, const devp2p_msg *msg)
{
    struct table t;

    if (msg->code == 0) {
        int err = devp2p_decode(msg, table, &t);
        if (err == DEVP2P_ERR_NOBUF)
            return err; /* the arena had no memory */
        assert_int_equal(err, 0);
        assert_int_equal(t.rows.len, 3);
        assert_int_equal(t.rows.at[2], 8);
    }
    s->heard++;
    return say(s, rw);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    side *s = user;
    devp2p_msg msg;
    int tries = 0;

    (void)peer;
    s->runs++;
    int err = s->first ? say(s, rw) : 0;
    while (!err) {
        err = devp2p_read(rw, &msg);
        if (err == DEVP2P_ERR_NOMEM && tries++ == 0)
            err = 0; /* the message waits */
        else if (!err)
            err = hear(s, rw, &msg);
    }
    s->returns++;
    return err;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    side *s = user;

    (void)peer;
    s->opens++;
    return s->first ? say(s, rw) : 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    return hear(user, rw, msg);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    side *s = user;

    (void)rw, (void)reason, (void)unsent;
    s->closes++;
}

static void rows_of(devp2p_protocol rows[3], side sides[2])
{
    rows[0] = (devp2p_protocol){
        .name = "run", .version = 1, .length = 2, .run = run, .user = &sides[0]
    };
    rows[1] = (devp2p_protocol){ .name = "events",
        .version = 1,
        .length = 2,
        .on_open = on_open,
        .on_msg = on_msg,
        .on_close = on_close,
        .user = &sides[1] };
}

/* talk runs a conversation whose n-th allocation fails in a, which dials b or
 * is dialled; true when it was over before there were so many. */
static bool talk(size_t n, bool dials, size_t *finished)
{
    net w;
    node a, b;
    test_env memory;
    side sa[2] = { { .first = true }, { .first = true } };
    side sb[2] = { { .first = false }, { .first = false } };
    devp2p_protocol pa[3] = { { .name = NULL } }, pb[3] = { { .name = NULL } };
    devp2p_events *ring = NULL;
    uint64_t ticket;

    devp2p_node self = { .addr = node_ip(1) };
    devp2p_key key = { { [31] = 1 } };
    char a_url[DEVP2P_URL_MAX];

    self.addr.port = 30303;
    assert_int_equal(devp2p_key_public(&self.pub, &key), 0);
    devp2p_node_url(a_url, &self);
    rows_of(pa, sa);
    rows_of(pb, sb);
    net_init(&w, 31);
    test_env_init(&memory);
    test_env_fail(&memory, n);
    node_config(&b, 2, pb);
    node_start(&b, &w);
    node_config(&a, 1, pa);
    a.memory = &memory;
    int err = node_new(&a, &w);
    if (err) {
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_int_equal(memory.live, 0);
    } else {
        assert_int_equal(devp2p_server_start(a.srv), 0);
        err = devp2p_events_open(&ring, a.srv);
        if (!err && dials)
            err = devp2p_server_add_peer(a.srv, &ticket, b.url);
        if (!dials)
            assert_int_equal(devp2p_server_add_peer(b.srv, &ticket, a_url), 0);
        assert_true(err == 0 || err == DEVP2P_ERR_NOMEM);
        net_run(&w, 20 * DP_SEC);
        *finished += sb[0].heard == TALK && sb[1].heard == TALK;
        devp2p_server_stop(a.srv);
        net_run(&w, 5 * DP_SEC);
        devp2p_events_close(ring);
        node_stop(&a);
        assert_int_equal(memory.live, 0);
    }
    node_stop(&b);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sa[i].opens, sa[i].closes);
        assert_int_equal(sb[i].opens, sb[i].closes);
        assert_int_equal(sa[i].runs, sa[i].returns);
        assert_int_equal(sb[i].runs, sb[i].returns);
    }
    net_fini(&w);
    return memory.calls < n;
}

static void each_fails(void **state)
{
    (void)state;
    for (int dials = 0; dials < 2; dials++) {
        size_t finished = 0, n = 1;
        while (!talk(n, dials, &finished))
            n++;
        assert_true(n > 50);
        assert_true(finished >= 1); /* the last one, without a failure */
        printf("%zu allocations, %zu conversations in spite of one\n", n - 1,
            finished - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
