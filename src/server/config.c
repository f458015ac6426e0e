/* SPDX-License-Identifier: MIT */
#include "server/config.h"

#include "base/addr.h"
#include "base/bytes.h"
#include "base/import.h"
#include "base/limits.h"
#include "core/rules.h"
#include "core/self.h"
#include "server/join.h"

#include <stdio.h>
#include <string.h>

int dp_config_import(devp2p_config *out, const devp2p_config *cfg, size_t size)
{
    if (!cfg)
        return dp_fail(DEVP2P_ERR_INVALID, "the configuration is NULL");
    return dp_import(out, sizeof *out, cfg, size,
        offsetof(devp2p_config, protocols), "devp2p_config");
}

/* --- strings --- */

/* detail copies the sentence of the last error, to build another on it. */
static const char *detail(char *out, size_t cap)
{
    snprintf(out, cap, "%s", devp2p_last_detail());
    return out;
}

static int copy_string(
    const char **out, const dp_env *env, const char *s, size_t len)
{
    char *copy = dp_alloc(env, len + 1);
    if (!copy)
        return dp_fail(DEVP2P_ERR_NOMEM, "out of memory");
    memcpy(copy, s, len);
    *out = copy;
    return 0;
}

static void free_string(const dp_env *env, const char *s)
{
    if (s)
        dp_free(env, (char *)(uintptr_t)s, strlen(s) + 1);
}

static void free_secret(const dp_env *env, const char *s)
{
    size_t size = s ? strlen(s) + 1 : 0;

    if (s) {
        dp_wipe((char *)(uintptr_t)s, size);
        dp_free(env, (char *)(uintptr_t)s, size);
    }
}

static int copy_name(dp_config *out, const char *name)
{
    if (!name)
        name = "";
    int err = dp_self_check_name(name);
    return err ? err : copy_string(&out->name, &out->env, name, strlen(name));
}

/* --- protocols --- */

void dp_config_protocols(const dp_config *c, dp_protocol *out)
{
    for (size_t i = 0; i < c->nrows; i++)
        out[i] = (dp_protocol){
            .name = { (const uint8_t *)c->rows[i].name,
                strlen(c->rows[i].name) },
            .version = c->rows[i].version,
            .length = c->rows[i].length,
        };
}

static int check_style(const devp2p_protocol *row, size_t i)
{
    bool events =
        row->on_open || row->on_msg || row->on_writable || row->on_close;

    if (!row->run && !row->on_msg)
        return dp_fail(DEVP2P_ERR_INVALID,
            "protocols[%zu]: %s has neither run nor on_msg", i, row->name);
    if (row->run && events)
        return dp_fail(DEVP2P_ERR_INVALID,
            "protocols[%zu]: %s has run and event callbacks", i, row->name);
    return 0;
}

static int check_rows(const dp_config *c)
{
    dp_protocol protocols[DP_PROTOCOLS_MAX];

    dp_config_protocols(c, protocols);
    int err = dp_self_check_protocols(protocols, c->nrows, "protocols");
    for (size_t i = 0; i < c->nrows && !err; i++)
        err = check_style(&c->rows[i], i);
    for (size_t i = 0; i < c->nrows && !err; i++)
        err =
            dp_rules_check(c->rows[i].rules, c->rows[i].length, "protocols", i);
    return err;
}

/* read_row: the rows of a table lie as far apart as the program that made it
 * was told. */
static int read_row(
    devp2p_protocol *out, const devp2p_protocol *table, size_t size, size_t i)
{
    const uint8_t *at = (const uint8_t *)table + i * size;
    return dp_import(out, sizeof *out, at, size,
        offsetof(devp2p_protocol, on_open), "protocols: a devp2p_protocol");
}

/* count_rows: the table ends with a NULL name. */
static int count_rows(size_t *n, const devp2p_protocol *table, size_t size)
{
    devp2p_protocol row;

    for (size_t i = 0; i <= DP_PROTOCOLS_MAX; i++) {
        int err = read_row(&row, table, size, i);
        if (err)
            return err;
        *n = i;
        if (!row.name)
            return 0;
    }
    return dp_fail(DEVP2P_ERR_INVALID,
        "protocols: more than %d rows, or no NULL name at the end",
        DP_PROTOCOLS_MAX);
}

/* copy_rules copies a table with its last row, or as far as it will be looked
 * at to be refused. */
static int copy_rules(const devp2p_rule **out, const dp_env *env)
{
    size_t n = dp_rules_count(*out) + 1;
    devp2p_rule *copy;

    if (!*out)
        return 0;
    copy = dp_alloc(env, n * sizeof *copy);
    if (!copy)
        return dp_fail(DEVP2P_ERR_NOMEM, "out of memory");
    memcpy(copy, *out, (n - 1) * sizeof *copy);
    *out = copy;
    return 0;
}

static void free_rules(const dp_env *env, const devp2p_rule *rules)
{
    size_t n = dp_rules_count(rules) + 1;

    if (rules)
        dp_free(env, (devp2p_rule *)(uintptr_t)rules, n * sizeof *rules);
}

/* copy_row: a row of ours has a name and rules of ours, or none. */
static int copy_row(
    dp_config *out, const devp2p_protocol *table, size_t size, size_t i)
{
    devp2p_protocol row;
    int err = read_row(&row, table, size, i);

    if (!err)
        err = copy_string(&row.name, &out->env, row.name, strlen(row.name));
    if (err)
        return err;
    const devp2p_rule *rules = row.rules;
    row.rules = NULL;
    out->rows[i] = row;
    err = copy_rules(&rules, &out->env);
    if (!err)
        out->rows[i].rules = rules;
    return err;
}

static int copy_protocols(
    dp_config *out, const devp2p_protocol *table, size_t size)
{
    size_t n = 0;
    int err = table ? count_rows(&n, table, size) : 0;

    if (err || n == 0)
        return err;
    out->rows = dp_alloc(&out->env, n * sizeof *out->rows);
    if (!out->rows)
        return dp_fail(DEVP2P_ERR_NOMEM, "out of memory");
    out->nrows = n;
    for (size_t i = 0; i < n && !err; i++)
        err = copy_row(out, table, size, i);
    return err ? err : check_rows(out);
}

/* --- nodes --- */

static int copy_nodes(dp_config *out, const char *const *urls)
{
    size_t n = 0;

    while (urls && urls[n])
        if (++n > DP_STATIC_MAX)
            return dp_fail(DEVP2P_ERR_INVALID,
                "static_nodes: more than %d, or no NULL at the end",
                DP_STATIC_MAX);
    if (n == 0)
        return 0;
    out->nodes = dp_alloc(&out->env, n * sizeof *out->nodes);
    if (!out->nodes)
        return dp_fail(DEVP2P_ERR_NOMEM, "out of memory");
    out->nnodes = n;
    for (size_t i = 0; i < n; i++) {
        int err = devp2p_node_parse(&out->nodes[i], urls[i]);
        if (err)
            return dp_fail(
                err, "static_nodes[%zu]: %s", i, detail((char[256]){ 0 }, 256));
    }
    return 0;
}

/* --- who may connect --- */

/* copy_list copies strings up to the NULL behind them, max at most. */
static int copy_list(const char *const **out, const dp_env *env,
    const char *const *list, size_t max, const char *field)
{
    size_t n = 0;

    if (!list)
        return 0;
    while (list[n])
        if (++n > max)
            return dp_fail(DEVP2P_ERR_INVALID,
                "%s: more than %zu, or no NULL at the end", field, max);
    const char **copy = dp_alloc(env, (n + 1) * sizeof *copy);
    if (!copy)
        return dp_fail(DEVP2P_ERR_NOMEM, "out of memory");
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = copy_string(&copy[i], env, list[i], strlen(list[i]));
    if (!err) {
        *out = copy;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        free_string(env, copy[i]);
    dp_free(env, copy, (n + 1) * sizeof *copy);
    return err;
}

static void free_list(const dp_env *env, const char *const *list)
{
    size_t n = 0;

    if (!list)
        return;
    for (; list[n]; n++)
        free_string(env, list[n]);
    dp_free(env, (void *)(uintptr_t)list, (n + 1) * sizeof *list);
}

static int check_trusted(const char *const *urls)
{
    devp2p_node node;

    for (size_t i = 0; urls && urls[i]; i++) {
        int err = devp2p_node_parse(&node, urls[i]);
        if (err)
            return dp_fail(err, "trusted_nodes[%zu]: %s", i,
                detail((char[256]){ 0 }, 256));
    }
    return 0;
}

static int copy_access(dp_config *out, const devp2p_config *cfg)
{
    dp_access *a = &out->access;
    const dp_env *env = &out->env;

    *a = (dp_access){
        .dial_ratio = cfg->dial_ratio,
        .max_pending_in = cfg->max_pending_in,
        .max_pending_out = cfg->max_pending_out,
        .pending_per_subnet = cfg->pending_per_subnet,
        .accepts_per_s = cfg->accepts_per_s,
        .farewells_per_s = cfg->farewells_per_s,
        .throttle_ms = cfg->throttle_ms,
        .max_bans = cfg->max_bans,
        .max_standings = cfg->max_standings,
        .backoff_ms = cfg->backoff_ms,
        .rotate_ms = cfg->rotate_ms,
        .no_dial = cfg->no_dial,
        .limit_lan = cfg->limit_lan,
    };
    int err = copy_list(
        &a->net_restrict, env, cfg->net_restrict, DP_NETS_MAX, "net_restrict");
    if (!err)
        err = copy_list(
            &a->allow_ids, env, cfg->allow_ids, DP_ALLOWED_MAX, "allow_ids");
    if (!err)
        err = copy_list(&out->trusted, env, cfg->trusted_nodes, DP_TRUSTED_MAX,
            "trusted_nodes");
    if (!err)
        err = check_trusted(out->trusted);
    return err ? err : dp_access_check(a);
}

/* --- all of it --- */

static int check_warm(dp_config *out, uint32_t n)
{
    out->warm_total = n ? n : DP_WARM_TOTAL;
    if (n == 0 || n == DEVP2P_NONE ||
        (n >= DP_WARM_TOTAL_MIN && n <= DP_WARM_TOTAL_MAX))
        return 0;
    return dp_fail(DEVP2P_ERR_INVALID, "warm_total: %u is not from %d to %d", n,
        DP_WARM_TOTAL_MIN, DP_WARM_TOTAL_MAX);
}

/* A store is a number of the configuration, or what so many peers may use. */
typedef struct store {
    const char *field;
    uint32_t *out, theirs;
    uint32_t a_peer, standard, most;
} store;

static int check_store(const store *s, uint32_t peers)
{
    uint32_t n = s->theirs;

    if (n > s->most && n != DEVP2P_NONE)
        return dp_fail(
            DEVP2P_ERR_INVALID, "%s: %u is more than %u", s->field, n, s->most);
    if (n == 0 && peers != DEVP2P_NONE)
        n = peers < s->standard / s->a_peer ? peers * s->a_peer : s->standard;
    *s->out = n == DEVP2P_NONE ? 0 : n;
    return 0;
}

static int check_stores(dp_config *out, const devp2p_config *cfg)
{
    const store keys = { "spare_keys", &out->spare_keys, cfg->spare_keys,
        DP_SPARES_A_PEER, DP_SPARES_MAX, DP_SPARES_MOST };
    const store secrets = { "kept_secrets", &out->kept_secrets,
        cfg->kept_secrets, DP_TOKENS_A_PEER, DP_TOKENS_MAX, DP_TOKENS_MOST };
    int err = check_store(&keys, out->max_peers);

    return err ? err : check_store(&secrets, out->max_peers);
}

static int check_numbers(dp_config *out, const devp2p_config *cfg)
{
    uint32_t peers = cfg->max_peers, stack = cfg->run_stack;

    if (peers > DP_MAX_PEERS && peers != DEVP2P_NONE)
        return dp_fail(DEVP2P_ERR_INVALID, "max_peers: %u is more than %d",
            peers, DP_MAX_PEERS);
    if (cfg->worker_threads > DP_WORKERS_MAX)
        return dp_fail(DEVP2P_ERR_INVALID, "worker_threads: %u is more than %d",
            cfg->worker_threads, DP_WORKERS_MAX);
    if (cfg->io_threads > DP_LOOPS_MAX)
        return dp_fail(DEVP2P_ERR_INVALID, "io_threads: %u is more than %d",
            cfg->io_threads, DP_LOOPS_MAX);
    if (stack != 0 && (stack < DP_RUN_STACK_MIN || stack > DP_RUN_STACK_MAX))
        return dp_fail(DEVP2P_ERR_INVALID,
            "run_stack: %u is not from %d to %d bytes", stack, DP_RUN_STACK_MIN,
            DP_RUN_STACK_MAX);
    out->max_peers = peers ? peers : DP_MAX_PEERS_DEFAULT;
    out->run_stack = stack ? stack : DP_RUN_STACK_DEFAULT;
    out->io_threads = cfg->io_threads ? cfg->io_threads : 1;
    int err = check_stores(out, cfg);
    if (!err)
        err = dp_bandwidth_init(&out->bandwidth, cfg);
    if (!err)
        err = check_warm(out, cfg->warm_total);
    return err ? err : dp_self_check_log_level(cfg->log_level);
}

static int copy_listen(dp_config *out, const char *text)
{
    if (!text)
        return 0;
    out->listens = true;
    if (dp_listen_parse(&out->listen, text) == 0)
        return 0;
    char shown[80];
    devp2p_slice bytes = { (const uint8_t *)text, strlen(text) };
    return dp_fail(DEVP2P_ERR_ADDR,
        "listen_addr: \"%s\" is not of the form :30303, 1.2.3.4:30303 or "
        "[::1]:30303",
        devp2p_escape(shown, sizeof shown, bytes));
}

/* --- how others reach us and how we reach them --- */

/* copy_external: the port may be missing. */
static int copy_external(dp_config *out, const char *text)
{
    char whole[DEVP2P_ADDR_TEXT + 2], shown[80];
    devp2p_slice bytes = { (const uint8_t *)text, text ? strlen(text) : 0 };

    if (!text)
        return 0;
    if (devp2p_addr_parse(&out->external, text)) {
        int n = snprintf(whole, sizeof whole, "%s:0", text);
        if (n >= (int)sizeof whole || devp2p_addr_parse(&out->external, whole))
            out->external = (devp2p_addr){ 0 };
    }
    if (out->external.family && !dp_addr_is_unspecified(&out->external))
        return 0;
    return dp_fail(DEVP2P_ERR_ADDR,
        "external_addr: \"%s\" is not of the form 1.2.3.4, 1.2.3.4:30303, "
        "[2001:db8::1] or [2001:db8::1]:30303",
        devp2p_escape(shown, sizeof shown, bytes));
}

static int copy_dialer(dp_config *out, const devp2p_config *cfg)
{
    char why[128];

    out->dialer = cfg->dialer;
    out->dialer_user = cfg->dialer_user;
    if (!cfg->socks5)
        return 0;
    if (cfg->dialer)
        return dp_fail(DEVP2P_ERR_INVALID,
            "socks5: there is a dialer too, and one of them dials");
    int err =
        copy_string(&out->socks5, &out->env, cfg->socks5, strlen(cfg->socks5));
    if (!err && dp_socks5_parse(&out->proxy, out->socks5))
        err = dp_fail(DEVP2P_ERR_ADDR, "socks5: %s", detail(why, sizeof why));
    return err;
}

static void copy_hooks(dp_config *out, const devp2p_config *cfg)
{
    out->env = (dp_env){
        .alloc = cfg->alloc ? cfg->alloc : dp_default_alloc,
        .alloc_user = cfg->alloc_user,
        .log = cfg->log,
        .log_user = cfg->log_user,
        .log_level = cfg->log_level,
    };
    out->on_event = cfg->on_event;
    out->on_event_user = cfg->on_event_user;
    out->candidates = cfg->dial_candidates;
    out->resolver = cfg->resolver;
    out->resolver_user = cfg->resolver_user;
    out->message_events = cfg->message_events;
}

int dp_config_init(dp_config *out, const devp2p_config *theirs,
    size_t config_size, size_t protocol_size)
{
    devp2p_config cfg;
    int err = dp_config_import(&cfg, theirs, config_size);

    *out = (dp_config){ 0 };
    if (err)
        return err;
    copy_hooks(out, &cfg);
    out->key = cfg.private_key;
    err = check_numbers(out, &cfg);
    if (!err)
        err = copy_name(out, cfg.name);
    if (!err)
        err = copy_listen(out, cfg.listen_addr);
    if (!err)
        err = copy_external(out, cfg.external_addr);
    if (!err)
        err = copy_dialer(out, &cfg);
    if (!err)
        err = copy_protocols(out, cfg.protocols, protocol_size);
    if (!err)
        err = copy_nodes(out, cfg.static_nodes);
    if (!err)
        err = copy_access(out, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    if (err)
        dp_config_fini(out);
    return err;
}

void dp_config_fini(dp_config *c)
{
    dp_env env = c->env;

    free_string(&env, c->name);
    free_secret(&env, c->socks5);
    for (size_t i = 0; i < c->nrows; i++) {
        free_string(&env, c->rows[i].name);
        free_rules(&env, c->rows[i].rules);
    }
    dp_free(&env, c->rows, c->nrows * sizeof *c->rows);
    dp_free(&env, c->nodes, c->nnodes * sizeof *c->nodes);
    free_list(&env, c->access.net_restrict);
    free_list(&env, c->access.allow_ids);
    free_list(&env, c->trusted);
    devp2p_key_wipe(&c->key);
    *c = (dp_config){ 0 };
}
