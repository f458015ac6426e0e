/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "server/config.h"
#include "server/join.h"
#include "test_env.h"

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer, (void)rw, (void)user;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw, (void)msg, (void)user;
    return 0;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    (void)rw, (void)reason, (void)unsent, (void)user;
}

static const char url[] =
    "enode://79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    "@10.0.0.1:30303";

static const devp2p_protocol good_rows[] = {
    { .name = "foo", .version = 1, .length = 2, .run = run },
    { .name = "foo", .version = 2, .length = 3, .on_msg = on_msg },
    { .name = NULL },
};
static const char *const good_nodes[] = { url, NULL };

static devp2p_config good(test_env *t)
{
    devp2p_config cfg = { .name = "me",
        .listen_addr = ":30303",
        .socks5 = "me:word@127.0.0.1:1080",
        .protocols = good_rows,
        .static_nodes = good_nodes };
    cfg.private_key.b[31] = 1;
    cfg.alloc = t->env.alloc;
    cfg.alloc_user = t->env.alloc_user;
    return cfg;
}

static int init(dp_config *out, const devp2p_config *cfg)
{
    return dp_config_init(out, cfg, sizeof *cfg, sizeof(devp2p_protocol));
}

/* Everything is copied. */
static void copies(void **state)
{
    (void)state;
    test_env t;
    dp_config c;
    char name[] = "me", proto[] = "foo";
    devp2p_protocol rows[] = { good_rows[0], { .name = NULL } };
    rows[0].name = proto;
    test_env_init(&t);
    devp2p_config cfg = good(&t);
    cfg.name = name;
    cfg.protocols = rows;

    assert_int_equal(init(&c, &cfg), 0);
    name[0] = proto[0] = '?';
    rows[0].length = 99;
    assert_string_equal(c.name, "me");
    assert_int_equal(c.nrows, 1);
    assert_string_equal(c.rows[0].name, "foo");
    assert_int_equal(c.rows[0].length, 2);
    assert_true(c.listens);
    assert_int_equal(c.listen.port, 30303);
    assert_int_equal(c.listen.family, 0);
    assert_int_equal(c.nnodes, 1);
    assert_int_equal(c.nodes[0].addr.port, 30303);
    assert_int_equal(c.max_peers, DP_MAX_PEERS_DEFAULT);
    assert_int_equal(c.run_stack, DP_RUN_STACK_DEFAULT);
    assert_int_equal(c.key.b[31], 1);
    dp_config_fini(&c);
    assert_int_equal(c.key.b[31], 0);
    assert_int_equal(t.live, 0);
}

/* Nothing but a key is needed. */
static void bare(void **state)
{
    (void)state;
    test_env t;
    dp_config c;
    test_env_init(&t);
    devp2p_config cfg = { .alloc = t.env.alloc, .alloc_user = &t };

    assert_int_equal(init(&c, &cfg), 0);
    assert_string_equal(c.name, "");
    assert_false(c.listens);
    assert_int_equal(c.nrows, 0);
    assert_int_equal(c.nnodes, 0);
    dp_config_fini(&c);
    assert_int_equal(t.live, 0);
}

/* refused checks the code and that the sentence names the field. */
static void refused(test_env *t, const devp2p_config *cfg, int err,
    const char *field, const char *why)
{
    dp_config c;
    assert_int_equal(init(&c, cfg), err);
    const char *said = devp2p_last_detail();
    if (strncmp(said, field, strlen(field)) != 0 || !strstr(said, why))
        fail_msg("\"%s\" does not say %s ... %s", said, field, why);
    assert_int_equal(t->live, 0);
}

/* --- who may connect --- */

static void access_is_copied(void **state)
{
    (void)state;
    test_env t;
    dp_config c;
    char net[] = "10.0.0.0/8", node[sizeof url];
    const char *nets[] = { net, NULL }, *nodes[] = { node, NULL };
    memcpy(node, url, sizeof url);
    test_env_init(&t);
    devp2p_config cfg = good(&t);
    cfg.net_restrict = nets;
    cfg.trusted_nodes = cfg.allow_ids = nodes;
    cfg.dial_ratio = DEVP2P_NONE;
    cfg.max_pending_in = 1;
    cfg.max_pending_out = 2;
    cfg.pending_per_subnet = 3;
    cfg.throttle_ms = 4000;
    cfg.max_bans = 6;
    cfg.max_standings = 17;
    cfg.backoff_ms = 5000;
    cfg.rotate_ms = 70000;
    cfg.spare_keys = 9;
    cfg.kept_secrets = 8;
    cfg.accepts_per_s = 5;
    cfg.farewells_per_s = DEVP2P_NONE;
    cfg.no_dial = cfg.limit_lan = true;

    assert_int_equal(init(&c, &cfg), 0);
    net[0] = node[0] = '?';
    nets[0] = nodes[0] = NULL;
    assert_string_equal(c.access.net_restrict[0], "10.0.0.0/8");
    assert_null(c.access.net_restrict[1]);
    assert_string_equal(c.access.allow_ids[0], url);
    assert_string_equal(c.trusted[0], url);
    assert_int_equal(c.access.dial_ratio, DEVP2P_NONE);
    assert_int_equal(c.access.max_pending_in, 1);
    assert_int_equal(c.access.max_pending_out, 2);
    assert_int_equal(c.access.pending_per_subnet, 3);
    assert_int_equal(c.access.throttle_ms, 4000);
    assert_int_equal(c.access.max_bans, 6);
    assert_int_equal(c.access.max_standings, 17);
    assert_int_equal(c.access.backoff_ms, 5000);
    assert_int_equal(c.access.rotate_ms, 70000);
    assert_int_equal(c.spare_keys, 9);
    assert_int_equal(c.kept_secrets, 8);
    assert_int_equal(c.access.accepts_per_s, 5);
    assert_int_equal(c.access.farewells_per_s, DEVP2P_NONE);
    assert_true(c.access.no_dial && c.access.limit_lan);
    dp_config_fini(&c);
    assert_int_equal(t.live, 0);
}

static void ranges_of_access(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    devp2p_config cfg = good(&t);
    const struct {
        uint32_t *field;
        uint32_t least, most;
        bool none;
        const char *name;
    } rows[] = {
        { &cfg.dial_ratio, 1, DP_DIAL_RATIO_MAX, true, "dial_ratio" },
        { &cfg.max_pending_in, 1, DP_PENDING_MOST, false, "max_pending_in" },
        { &cfg.max_pending_out, 1, DP_PENDING_MOST, false, "max_pending_out" },
        { &cfg.pending_per_subnet, 1, DP_PENDING_MOST, false,
            "pending_per_subnet" },
        { &cfg.accepts_per_s, 1, DP_ACCEPTS_MAX, false, "accepts_per_s" },
        { &cfg.farewells_per_s, 1, DP_FAREWELLS_MAX, true, "farewells_per_s" },
        { &cfg.throttle_ms, DP_THROTTLE_MS_MIN, DP_THROTTLE_MS_MAX, true,
            "throttle_ms" },
        { &cfg.max_bans, 1, DP_BANS_MOST, false, "max_bans" },
        { &cfg.max_standings, DP_STANDINGS_MIN, DP_STANDINGS_MOST, false,
            "max_standings" },
        { &cfg.backoff_ms, DP_BACKOFF_MS_MIN, DP_BACKOFF_MS_MAX, true,
            "backoff_ms" },
        { &cfg.rotate_ms, DP_ROTATE_MS_MIN, DP_ROTATE_MS_MAX, false,
            "rotate_ms" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint32_t fine[] = { rows[i].least, rows[i].most, 0,
            rows[i].none ? DEVP2P_NONE : 0 };
        for (size_t k = 0; k < 4; k++) {
            dp_config c;
            *rows[i].field = fine[k];
            assert_int_equal(init(&c, &cfg), 0);
            dp_config_fini(&c);
        }
        *rows[i].field = rows[i].most + 1;
        refused(&t, &cfg, DEVP2P_ERR_INVALID, rows[i].name, "is not from");
        *rows[i].field = rows[i].none ? rows[i].most + 1 : DEVP2P_NONE;
        refused(&t, &cfg, DEVP2P_ERR_INVALID, rows[i].name, "is not from");
        if (rows[i].least > 1) {
            *rows[i].field = rows[i].least - 1;
            refused(&t, &cfg, DEVP2P_ERR_INVALID, rows[i].name, "is not from");
        }
        *rows[i].field = 0;
    }
}

/* fill makes a list that is longer than max, and not ended before. */
static const char **fill(const char *with, size_t max)
{
    const char **list = calloc(max + 2, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i <= max; i++)
        list[i] = with;
    return list;
}

static void lists_of_access(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    devp2p_config cfg = good(&t);
    const char *bad[] = { url, "12", NULL }, *nets[] = { "::/0", "10/8", NULL };
    cfg.trusted_nodes = bad;
    refused(&t, &cfg, DEVP2P_ERR_URL, "trusted_nodes[1]", "node URL");
    cfg.trusted_nodes = NULL;
    cfg.allow_ids = bad;
    refused(&t, &cfg, DEVP2P_ERR_URL, "allow_ids[1]", "64 hex digits");
    cfg.allow_ids = NULL;
    cfg.net_restrict = nets;
    refused(&t, &cfg, DEVP2P_ERR_ADDR, "net_restrict[1]", "\"10/8\"");
    cfg.net_restrict = NULL;
    const char **many = fill(url, DP_TRUSTED_MAX);
    cfg.trusted_nodes = many;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "trusted_nodes", "more than 256");
    free(many);
    cfg.trusted_nodes = NULL;
    cfg.allow_ids = many = fill(url, DP_ALLOWED_MAX);
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "allow_ids", "more than 4096");
    free(many);
    cfg.allow_ids = NULL;
    cfg.net_restrict = many = fill("::/0", DP_NETS_MAX);
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "net_restrict", "more than 256");
    many[DP_NETS_MAX] = NULL; /* the last one holds too many */
    many[DP_NETS_MAX - 1] = "::/0, ::/1";
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "net_restrict", "more than 256");
    many[DP_NETS_MAX - 1] = "::/0";
    dp_config c;
    assert_int_equal(init(&c, &cfg), 0);
    dp_config_fini(&c);
    free(many);
}

static void every_allocation_of_lists_fails_once(void **state)
{
    (void)state;
    const char *nets[] = { "::/0", "10.0.0.0/8", NULL };
    for (size_t n = 1;; n++) {
        test_env t;
        dp_config c;
        test_env_init(&t);
        devp2p_config cfg = good(&t);
        cfg.net_restrict = nets;
        cfg.trusted_nodes = cfg.allow_ids = good_nodes;
        test_env_fail(&t, n);
        int err = init(&c, &cfg);
        dp_config_fini(&c);
        assert_int_equal(t.live, 0);
        if (!err)
            return;
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
    }
}

static void numbers(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    devp2p_config cfg = good(&t);

    cfg.max_peers = DP_MAX_PEERS + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "max_peers", "100001");
    cfg.max_peers = DEVP2P_NONE;
    cfg.worker_threads = DP_WORKERS_MAX + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "worker_threads", "65");
    cfg.worker_threads = DP_WORKERS_MAX;
    cfg.io_threads = DP_LOOPS_MAX + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "io_threads", "65");
    cfg.io_threads = DP_LOOPS_MAX;
    cfg.spare_keys = DP_SPARES_MOST + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "spare_keys", "65537");
    cfg.spare_keys = DP_SPARES_MOST;
    cfg.kept_secrets = DP_TOKENS_MOST + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "kept_secrets", "1025");
    cfg.kept_secrets = DP_TOKENS_MOST;
    cfg.run_stack = DP_RUN_STACK_MIN - 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "run_stack", "65535");
    cfg.run_stack = DP_RUN_STACK_MAX + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "run_stack", "67108865");
    cfg.run_stack = DP_RUN_STACK_MIN;
    cfg.warm_total = DP_WARM_TOTAL_MIN - 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "warm_total", "1048575");
    cfg.warm_total = DP_WARM_TOTAL_MAX + 1;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "warm_total", "1073741825");
    cfg.warm_total = DP_WARM_TOTAL_MAX;
    cfg.log_level = (devp2p_log_level)(DEVP2P_LOG_TRACE + 1);
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "log_level", "6");
    cfg.log_level = DEVP2P_LOG_TRACE;

    dp_config c;
    assert_int_equal(init(&c, &cfg), 0);
    assert_int_equal(c.max_peers, DEVP2P_NONE);
    assert_int_equal(c.run_stack, DP_RUN_STACK_MIN);
    assert_int_equal(c.spare_keys, DP_SPARES_MOST);
    assert_int_equal(c.kept_secrets, DP_TOKENS_MOST);
    assert_int_equal(c.io_threads, DP_LOOPS_MAX);
    assert_int_equal(c.warm_total, DP_WARM_TOTAL_MAX);
    dp_config_fini(&c);
    cfg.io_threads = cfg.warm_total = 0;
    cfg.spare_keys = cfg.kept_secrets = 0;
    assert_int_equal(init(&c, &cfg), 0);
    assert_int_equal(c.io_threads, 1);
    assert_int_equal(c.warm_total, DP_WARM_TOTAL);
    assert_int_equal(c.spare_keys, 0); /* nobody will come */
    assert_int_equal(c.kept_secrets, 0);
    dp_config_fini(&c);
    cfg.max_peers = 30;
    assert_int_equal(init(&c, &cfg), 0);
    assert_int_equal(c.spare_keys, 60);
    assert_int_equal(c.kept_secrets, 60);
    dp_config_fini(&c);
    cfg.max_peers = DP_MAX_PEERS;
    assert_int_equal(init(&c, &cfg), 0);
    assert_int_equal(c.spare_keys, DP_SPARES_MAX);
    assert_int_equal(c.kept_secrets, DP_TOKENS_MAX);
    dp_config_fini(&c);
}

static void strings(void **state)
{
    (void)state;
    test_env t;
    char name[DP_CLIENT_NAME_MAX + 2];
    test_env_init(&t);
    devp2p_config cfg = good(&t);

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    cfg.name = name;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "name", "257 bytes");
    cfg.name = "tab\t";
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "name", "printable");
    cfg = good(&t);
    cfg.listen_addr = "1.2.3.4";
    refused(&t, &cfg, DEVP2P_ERR_ADDR, "listen_addr", "\"1.2.3.4\"");
    cfg.listen_addr = ":65536";
    refused(&t, &cfg, DEVP2P_ERR_ADDR, "listen_addr", "\":65536\"");
    cfg = good(&t);
    const char *nodes[] = { url, "enode://12", NULL };
    cfg.static_nodes = nodes;
    refused(&t, &cfg, DEVP2P_ERR_URL, "static_nodes[1]", ": ");
    refused(&t, NULL, DEVP2P_ERR_INVALID, "the configuration", "NULL");
}

static void dial_nothing(
    devp2p_server *srv, uint64_t ticket, const devp2p_node *node, void *user)
{
    (void)srv, (void)ticket, (void)node, (void)user;
}

/* A sentence about a proxy does not show its password. */
static void ways(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "1.2.3", "0.0.0.0", "[::]:5",
        "1.2.3.4:", "1.2.3.4:65536", "localhost:5", ":30303", "[::1",
        "[2001:db8:1111:2222:3333:4444:5555:6666%4294967295]:30303:30303:0" };
    test_env t;
    dp_config c;
    char text[DEVP2P_ADDR_TEXT];

    test_env_init(&t);
    devp2p_config cfg = good(&t);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cfg.external_addr = bad[i];
        refused(&t, &cfg, DEVP2P_ERR_ADDR, "external_addr", "of the form");
    }
    cfg.external_addr = "[2001:db8::1%7]";
    cfg.socks5 = "me:hidden@localhost:1080";
    refused(&t, &cfg, DEVP2P_ERR_ADDR, "socks5", "the IP address and port");
    assert_null(strstr(devp2p_last_detail(), "hidden"));
    cfg.socks5 = "me:hidden@[::1]:1080";
    cfg.dialer = dial_nothing;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "socks5", "dialer");
    cfg.dialer = NULL;
    assert_int_equal(init(&c, &cfg), 0);
    assert_string_equal(
        devp2p_addr_text(text, &c.external), "[2001:db8::1%7]:0");
    assert_true(devp2p_slice_is(c.proxy.password, "hidden"));
    assert_ptr_not_equal(c.socks5, cfg.socks5);
    dp_config_fini(&c);
    assert_int_equal(t.live, 0);
}

static void protocols(void **state)
{
    (void)state;
    test_env t;
    test_env_init(&t);
    devp2p_config cfg = good(&t);
    char name[DP_NAME_MAX + 2];
    devp2p_protocol rows[DP_PROTOCOLS_MAX + 2] = { good_rows[0], good_rows[1] };
    cfg.protocols = rows;

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    rows[1].name = name;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1].name", "1 to 64");
    rows[1].name = "";
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1].name", "1 to 64");
    rows[1].name = "\x7f";
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1].name", "printable");
    rows[1] = good_rows[1];
    rows[1].on_msg = NULL;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1]", "neither");
    rows[1].on_close = on_close;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1]", "neither");
    rows[1].run = run;
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1]", "run and event");
    rows[1] = good_rows[0];
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols[1]", "twice");
    for (uint32_t i = 0; i <= DP_PROTOCOLS_MAX; i++) {
        rows[i] = good_rows[0];
        rows[i].version = i;
    }
    refused(&t, &cfg, DEVP2P_ERR_INVALID, "protocols", "more than 64");
    rows[DP_PROTOCOLS_MAX].name = NULL;
    dp_config c;
    assert_int_equal(init(&c, &cfg), 0);
    assert_int_equal(c.nrows, DP_PROTOCOLS_MAX);
    dp_config_fini(&c);
}

/* A program of an older or a newer header: sizes are the version. */
static void sizes(void **state)
{
    (void)state;
    test_env t;
    dp_config c;
    test_env_init(&t);
    struct {
        devp2p_config cfg;
        uint64_t more[2];
    } newer = { .cfg = good(&t) };
    struct {
        devp2p_protocol row;
        uint64_t more;
    } rows[2] = { { .row = good_rows[0] } };
    size_t row = sizeof(devp2p_protocol);

    /* older: what it does not have is default */
    newer.cfg.run_stack = 1;
    assert_int_equal(
        dp_config_init(&c, &newer.cfg, offsetof(devp2p_config, run_stack), row),
        0);
    assert_int_equal(c.run_stack, DP_RUN_STACK_DEFAULT);
    dp_config_fini(&c);
    assert_int_equal(dp_config_init(&c, &newer.cfg, 4, row), DEVP2P_ERR_ABI);
    newer.cfg.run_stack = 0;
    assert_int_equal(
        dp_config_init(&c, &newer.cfg, sizeof newer.cfg, 4), DEVP2P_ERR_ABI);
    newer.cfg.protocols = NULL;
    assert_int_equal(dp_config_init(&c, &newer.cfg, sizeof newer.cfg, 4), 0);
    dp_config_fini(&c);

    /* newer: what we do not have must not be asked for */
    newer.cfg.protocols = &rows[0].row;
    assert_int_equal(
        dp_config_init(&c, &newer.cfg, sizeof newer, sizeof rows[0]), 0);
    assert_int_equal(c.nrows, 1);
    dp_config_fini(&c);
    rows[0].more = 1;
    assert_int_equal(
        dp_config_init(&c, &newer.cfg, sizeof newer, sizeof rows[0]),
        DEVP2P_ERR_ABI);
    rows[0].more = 0;
    newer.more[1] = UINT64_C(1) << 56;
    assert_int_equal(
        dp_config_init(&c, &newer.cfg, sizeof newer, sizeof rows[0]),
        DEVP2P_ERR_ABI);
    assert_non_null(strstr(devp2p_last_detail(), "devp2p_config"));
    assert_int_equal(t.live, 0);
}

static void no_memory(void **state)
{
    (void)state;
    test_env t;
    dp_config c;
    int err = DEVP2P_ERR_NOMEM;

    for (size_t n = 1; err; n++) {
        test_env_init(&t);
        test_env_fail(&t, n);
        devp2p_config cfg = good(&t);
        err = init(&c, &cfg);
        if (err)
            assert_int_equal(err, DEVP2P_ERR_NOMEM);
        else
            dp_config_fini(&c);
        assert_int_equal(t.live, 0);
    }
    assert_true(t.calls >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(bare),
        cmocka_unit_test(access_is_copied),
        cmocka_unit_test(ranges_of_access),
        cmocka_unit_test(lists_of_access),
        cmocka_unit_test(every_allocation_of_lists_fails_once),
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(ways),
        cmocka_unit_test(protocols),
        cmocka_unit_test(sizes),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
