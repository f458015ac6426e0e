/* SPDX-License-Identifier: MIT */
/* parity_test.c - one script of steps on the real and on the simulated world:
 * every node tells the same list of events in both. */
#include "test.h"

#include "base/limits.h"
#include "os/os.h"
#include "server/join.h"
#include "sim/sim.h"
#include "test_log.h"

#include <devp2p/devp2p.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NODES = 8, LINES = 128, LINE = 160, PATIENCE_S = 20 };

/* What the handlers of the script's protocol do with a message. */
enum { ECHO = 0, ECHOED, RETURN, LENGTH };

typedef struct stage stage;

typedef struct node {
    stage *on;
    char letter;
    devp2p_server *srv;
    dp_world *world;
    devp2p_config cfg;
    devp2p_node self;
    char url[DEVP2P_URL_MAX];
    devp2p_rw *rw; /* of the latest peer, kept */
    char log[LINES][LINE];
    size_t n, seen;
} node;

struct stage {
    dp_sim *sim; /* NULL: the real world */
    pthread_mutex_t mutex;
    pthread_cond_t news;
    node nodes[NODES];
};

/* --- what is told --- */

static void note(node *x, const char *line)
{
    pthread_mutex_lock(&x->on->mutex);
    assert_true(x->n < LINES);
    snprintf(x->log[x->n++], LINE, "%s", line);
    pthread_cond_broadcast(&x->on->news);
    pthread_mutex_unlock(&x->on->mutex);
}

/* letter_of names the node of an id; '?' is none of ours. */
static char letter_of(const stage *s, const devp2p_id *id)
{
    for (size_t i = 0; i < NODES; i++)
        if (!memcmp(&s->nodes[i].self.id, id, sizeof *id))
            return s->nodes[i].letter;
    return '?';
}

static void on_event(const devp2p_event *e, void *user)
{
    static const char *const kinds[] = { "", "add", "drop", "dial failed",
        "command", "lost" };
    node *x = user;
    char line[LINE];
    snprintf(line, sizeof line, "%s %c: %s%s%s", kinds[e->kind],
        letter_of(x->on, &e->id), devp2p_strerror(e->code),
        e->protocol[0] ? ", " : "", e->protocol);
    note(x, line);
}

/* --- handlers --- */

static int handle(node *x, devp2p_rw *rw, const devp2p_msg *msg)
{
    static const int results[] = { 0, DEVP2P_DISC_USELESS_PEER,
        DEVP2P_ERR_RLP_KIND, DEVP2P_ERR_INVALID };
    char line[LINE];
    uint32_t n;
    if (msg->code == ECHO)
        return devp2p_send_raw(rw, ECHOED, msg->payload);
    if (msg->code == ECHOED) {
        snprintf(line, sizeof line, "heard %zu bytes", msg->payload.len);
        note(x, line);
        return 0;
    }
    int err = devp2p_decode_items(msg, &n);
    return err ? err : results[n] ? results[n] : 1;
}

static void keep(node *x, devp2p_rw *rw)
{
    pthread_mutex_lock(&x->on->mutex);
    devp2p_rw *old = x->rw;
    x->rw = devp2p_rw_keep(rw);
    pthread_mutex_unlock(&x->on->mutex);
    devp2p_rw_drop(old);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    node *x = user;
    devp2p_msg msg;
    int err;
    (void)peer;
    keep(x, rw);
    note(x, "handler begins");
    while (!(err = devp2p_read(rw, &msg)))
        if ((err = handle(x, rw, &msg)) != 0)
            return err == 1 ? 0 : err;
    return err;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    keep(user, rw);
    note(user, "handler begins");
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    return handle(user, rw, msg);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    char line[LINE];
    (void)rw;
    snprintf(
        line, sizeof line, "closed: %s, %u", devp2p_strerror(reason), unsent);
    note(user, line);
}

static devp2p_protocol talk(node *x, uint32_t version, bool runs)
{
    devp2p_protocol p = {
        .name = "talk", .version = version, .length = LENGTH, .user = x
    };
    if (runs) {
        p.run = run;
        return p;
    }
    p.on_open = on_open;
    p.on_msg = on_msg;
    p.on_close = on_close;
    return p;
}

/* --- time --- */

/* told: the node has told a line like this after the one waited for last. */
static bool told(node *x, const char *line)
{
    pthread_mutex_lock(&x->on->mutex);
    bool found = false;
    for (size_t i = x->seen; i < x->n && !found; i++)
        if (!strncmp(x->log[i], line, strlen(line))) {
            x->seen = i + 1;
            found = true;
        }
    pthread_mutex_unlock(&x->on->mutex);
    return found;
}

typedef struct wish {
    node *x;
    const char *line;
} wish;

static bool granted(void *user)
{
    wish *w = user;
    return told(w->x, w->line);
}

static bool wait_for_news(stage *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    return pthread_cond_timedwait(&s->news, &s->mutex, &until) == 0;
}

/* expect lets time pass until the node tells a line that begins like this. */
static void expect(node *x, const char *line)
{
    stage *s = x->on;
    wish w = { x, line };
    uint64_t limit = PATIENCE_S * DP_SEC;
    bool found;
    if (s->sim) {
        found =
            dp_sim_run(s->sim, dp_sim_now(s->sim).mono + limit, granted, &w);
    } else {
        bool news = true;
        size_t looked = x->seen; /* lines that were looked at */
        while (!(found = told(x, line)) && news) {
            pthread_mutex_lock(&s->mutex);
            news = x->n > looked || wait_for_news(s);
            looked = x->n;
            pthread_mutex_unlock(&s->mutex);
        }
    }
    if (!found)
        fail_msg("%c does not tell \"%s\"", x->letter, line);
}

/* --- nodes --- */

static node *prepare(stage *s, size_t i, const devp2p_protocol *protocols)
{
    node *x = &s->nodes[i];
    *x = (node){ .on = s, .letter = (char)('a' + i) };
    x->cfg.private_key.b[31] = (uint8_t)(i + 1);
    test_secret(x->cfg.private_key.b);
    x->cfg.log = test_log;
    x->cfg.log_level = DEVP2P_LOG_TRACE;
    x->cfg.protocols = protocols;
    x->cfg.listen_addr = s->sim ? ":30303" : "127.0.0.1:0";
    x->cfg.on_event = on_event;
    x->cfg.on_event_user = x;
    devp2p_pubkey pub;
    assert_int_equal(devp2p_key_public(&pub, &x->cfg.private_key), 0);
    x->self.id = devp2p_pubkey_id(&pub);
    return x;
}

static int make(node *x)
{
    dp_env env = { .alloc = dp_default_alloc, .random = dp_os_random };
    dp_os_setup setup = { .env = env };
    devp2p_addr ip = { .family = 4,
        .ip = { 10, 0, 0, (uint8_t)(x->letter - 'a' + 1) } };
    int err = x->on->sim ? dp_sim_world(&x->world, x->on->sim, &ip)
                         : dp_os_new(&x->world, &setup);
    assert_int_equal(err, 0);
    err = dp_server_new(&x->srv, &x->cfg, sizeof x->cfg,
        sizeof(devp2p_protocol), x->world, NULL);
    assert_int_equal(err, 0);
    return devp2p_server_start(x->srv);
}

static void start(node *x)
{
    assert_int_equal(make(x), 0);
    devp2p_server_self(x->srv, &x->self);
    if (x->on->sim) {
        x->self.addr.family = 4;
        memcpy(x->self.addr.ip,
            (uint8_t[16]){ 10, 0, 0, (uint8_t)(x->letter - 'a' + 1) }, 16);
    }
    devp2p_node_url(x->url, &x->self);
}

static void end(node *x)
{
    devp2p_rw_drop(x->rw);
    x->rw = NULL;
    devp2p_server_free(x->srv);
    x->srv = NULL;
}

/* --- steps --- */

static void expect_about(node *x, const char *what, const node *y, int code)
{
    char line[LINE];
    snprintf(
        line, sizeof line, "%s %c: %s", what, y->letter, devp2p_strerror(code));
    expect(x, line);
}

static void add(node *x, const node *y, int outcome)
{
    assert_int_equal(
        devp2p_server_add_peer(x->srv, &(uint64_t){ 0 }, y->url), 0);
    expect_about(x, "command", y, outcome);
}

static void forget(node *x, const node *y, int outcome)
{
    assert_int_equal(
        devp2p_server_remove_peer(x->srv, &(uint64_t){ 0 }, y->url), 0);
    expect_about(x, "command", y, outcome);
}

static void join(node *x, node *y)
{
    add(x, y, 0);
    expect_about(x, "add", y, 0);
    expect_about(y, "add", x, 0);
    if (x->cfg.protocols) {
        expect(x, "handler begins");
        expect(y, "handler begins");
    }
}

/* part: both tell that the other is gone, with the same code. */
static void parted(node *x, node *y, int code)
{
    expect_about(x, "drop", y, code);
    expect_about(y, "drop", x, code);
}

static void echo(node *x, size_t len)
{
    char line[LINE];
    uint8_t *payload = calloc(1, len + 1);
    assert_non_null(payload);
    assert_int_equal(
        devp2p_send_raw(x->rw, ECHO, (devp2p_slice){ payload, len }), 0);
    free(payload);
    snprintf(line, sizeof line, "heard %zu bytes", len);
    expect(x, line);
}

/* fail_dial: x dials y in vain; that is told as something for each code. */
static void fail_dial(node *x, const node *y, int code)
{
    add(x, y, 0);
    expect_about(x, "dial failed", y, code);
    forget(x, y, 0);
}

/* --- the script --- */

static void handlers_end(node *a, node *b)
{
    static const int told_as[] = { DEVP2P_DISC_QUITTING,
        DEVP2P_DISC_USELESS_PEER, DEVP2P_DISC_PROTOCOL_ERROR,
        DEVP2P_DISC_SUBPROTOCOL_ERROR };
    for (uint32_t i = 0; i < sizeof told_as / sizeof *told_as; i++) {
        join(b, a);
        assert_int_equal(devp2p_send_items(b->rw, RETURN, i), 0);
        parted(a, b, told_as[i]);
        forget(b, a, 0);
    }
}

static void sends_refused(node *b)
{
    static uint8_t big[1 << 24];
    devp2p_slice payload = { big, sizeof big };
    assert_int_equal(devp2p_send_items(b->rw, LENGTH, 1u), DEVP2P_ERR_INVALID);
    assert_int_equal(devp2p_send_raw(b->rw, ECHO, payload), DEVP2P_ERR_TOO_BIG);
    echo(b, 7);
}

/* wrong_key: the right address under another key. */
static void wrong_key(node *b, const node *a)
{
    devp2p_key key = { { [31] = 99 } };
    node other = { .letter = '?', .self = a->self };
    assert_int_equal(devp2p_key_public(&other.self.pub, &key), 0);
    other.self.id = devp2p_pubkey_id(&other.self.pub);
    devp2p_node_url(other.url, &other.self);
    fail_dial(b, &other, DEVP2P_ERR_RESET);
}

static void script(stage *s)
{
    devp2p_protocol rows[NODES][2] = { { { .name = NULL } } };
    for (size_t i = 0; i < NODES; i++)
        rows[i][0] = talk(&s->nodes[i], i == 4 ? 2 : 1, i != 2);
    node *a = prepare(s, 0, rows[0]), *b = prepare(s, 1, rows[1]);
    node *c = prepare(s, 2, rows[2]); /* events */
    node *d = prepare(s, 3, rows[3]); /* one peer */
    node *e = prepare(s, 4, rows[4]); /* another version */
    node *f = prepare(s, 5, NULL), *g = prepare(s, 6, NULL);
    node *h = prepare(s, 7, rows[7]); /* stops early */
    d->cfg.max_peers = 1;
    d->cfg.dial_ratio = DEVP2P_NONE;
    for (size_t i = 0; i < NODES; i++)
        start(&s->nodes[i]);
    assert_int_equal(devp2p_server_start(a->srv), DEVP2P_ERR_STATE);

    join(b, a);
    echo(b, 1);
    echo(a, 0);
    echo(b, 1 << 20);
    add(b, a, DEVP2P_ERR_EXISTS);
    add(b, b, DEVP2P_DISC_SELF);
    sends_refused(b);
    forget(b, a, 0);
    parted(a, b, DEVP2P_DISC_REQUESTED);
    forget(b, a, DEVP2P_ERR_NOT_FOUND);
    assert_int_equal(
        devp2p_server_add_peer(b->srv, NULL, "enode://12@"), DEVP2P_ERR_URL);

    handlers_end(a, b);

    join(c, a); /* events on one side */
    echo(c, 100);
    devp2p_peer_disconnect(devp2p_rw_peer(c->rw), DEVP2P_DISC_INVALID_IDENTITY);
    expect(c, "closed");
    parted(a, c, DEVP2P_DISC_INVALID_IDENTITY);
    forget(c, a, 0);

    join(c, d); /* full */
    fail_dial(b, d, DEVP2P_DISC_TOO_MANY_PEERS);
    echo(c, 2);
    fail_dial(b, e, DEVP2P_DISC_USELESS_PEER);
    wrong_key(b, a);
    join(f, g); /* nothing in common, and nothing at all */

    devp2p_server_stop(h->srv);
    assert_int_equal(devp2p_server_wait(h->srv), 0);
    assert_int_equal(
        devp2p_server_add_peer(h->srv, NULL, a->url), DEVP2P_ERR_CLOSED);
    assert_int_equal(devp2p_server_start(h->srv), DEVP2P_ERR_STATE);
    fail_dial(b, h, DEVP2P_ERR_REFUSED);

    join(b, a);
    devp2p_server_stop(a->srv);
    parted(b, a, DEVP2P_DISC_QUITTING);
    assert_int_equal(devp2p_server_wait(a->srv), 0);
    for (size_t i = 0; i < NODES; i++)
        end(&s->nodes[i]);
}

static void play(stage *s, bool simulated)
{
    memset(s, 0, sizeof *s);
    dp_sim_setup setup = { .seed = 5,
        .link = { .latency_us = 1000 },
        .env = { .alloc = dp_default_alloc } };
    assert_int_equal(pthread_mutex_init(&s->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&s->news, NULL), 0);
    if (simulated)
        assert_int_equal(dp_sim_new(&s->sim, &setup), 0);
    script(s);
    if (simulated)
        dp_sim_free(s->sim);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->mutex);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Two threads of one node may tell in either order what one step brought, so
 * the lists are compared as sets. */
static void test_same_events(void **state)
{
    static stage real, simulated;
    (void)state;
    play(&real, false);
    play(&simulated, true);
    for (size_t i = 0; i < NODES; i++) {
        node *x = &real.nodes[i], *y = &simulated.nodes[i];
        qsort(x->log, x->n, LINE, compare);
        qsort(y->log, y->n, LINE, compare);
        for (size_t k = 0; k < x->n || k < y->n; k++)
            assert_string_equal(x->log[k], y->log[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same_events) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
