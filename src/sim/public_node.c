/* SPDX-License-Identifier: MIT */
/* public_node.c - nodes of a simulation and the lives of their servers. */
#include "sim/public.h"

#include "core/host.h"
#include "server/join.h"
#include "server/server.h"
#include "sim/check.h"

#include <stdio.h>

enum { PORT_DEFAULT = 30303, INDEX_FIRST = 64, LISTEN_TEXT = DEVP2P_ADDR_TEXT };

/* --- finding them --- */

static const uint8_t *id_key(const void *node)
{
    return ((const devp2p_sim_node *)node)->self.id.b;
}

static const uint8_t *ip_key(const void *node)
{
    return ((const devp2p_sim_node *)node)->ip_key;
}

static void make_ip_key(uint8_t key[17], const devp2p_addr *ip)
{
    memset(key, 0, 17);
    key[0] = ip->family;
    memcpy(key + 1, ip->ip, ip->family == 4 ? 4 : 16);
}

void dp_sim_index_init(devp2p_sim *sim)
{
    sim->ids = (dp_index){ .key_len = sizeof(devp2p_id), .key = id_key };
    sim->ips = (dp_index){ .key_len = 17, .key = ip_key };
}

devp2p_sim_node *dp_sim_find(const devp2p_sim *sim, const devp2p_id *id)
{
    return dp_index_get(&sim->ids, id->b);
}

static devp2p_sim_node *at_ip(const devp2p_sim *sim, const devp2p_addr *ip)
{
    uint8_t key[17];

    make_ip_key(key, ip);
    return dp_index_get(&sim->ips, key);
}

/* --- addresses --- */

devp2p_addr dp_sim_fresh_ip(devp2p_sim *sim, uint8_t family)
{
    devp2p_addr ip = { .family = family };

    do {
        uint32_t n = ++sim->last_ip;
        uint8_t *at = ip.ip + (family == 4 ? 0 : 12);
        ip.ip[0] = 0xfd;
        at[0] = family == 4 ? 10 : 0;
        at[1] = (uint8_t)(n >> 16);
        at[2] = (uint8_t)(n >> 8);
        at[3] = (uint8_t)n;
    } while (at_ip(sim, &ip));
    return ip;
}

static int note_ip(devp2p_sim_node *node, const devp2p_addr *ip)
{
    devp2p_addr *addrs = dp_sim_longer(
        &node->sim->env, node->addrs, node->naddrs, sizeof *addrs);

    if (!addrs)
        return DEVP2P_ERR_NOMEM;
    node->addrs = addrs;
    addrs[node->naddrs++] = *ip;
    node->self.addr = *ip;
    node->self.addr.port = node->self.udp =
        node->cfg.listens ? node->cfg.listen.port : 0;
    make_ip_key(node->ip_key, ip);
    return 0;
}

int dp_sim_move(devp2p_sim_node *node, const devp2p_addr *ip)
{
    dp_index_cut(&node->sim->ips, node);
    int err = note_ip(node, ip);
    dp_index_put(&node->sim->ips, node);
    return err;
}

/* choose_ip: the address of a listener, if it has one. */
static int choose_ip(devp2p_sim_node *node, devp2p_addr *out)
{
    const devp2p_addr *listen = &node->cfg.listen;

    if (node->cfg.listens && listen->family &&
        !dp_addr_is_unspecified(listen)) {
        *out = *listen;
        if (at_ip(node->sim, listen))
            return dp_fail(DEVP2P_ERR_EXISTS,
                "listen_addr: another node has this address");
        return 0;
    }
    *out = dp_sim_fresh_ip(node->sim, listen->family == 6 ? 6 : 4);
    return 0;
}

/* --- making one --- */

static int identify(devp2p_sim_node *node)
{
    devp2p_sim *sim = node->sim;
    devp2p_key *key = &node->cfg.key;
    static const devp2p_key zero;
    int err = 0;

    if (memcmp(key, &zero, sizeof zero) == 0)
        err = dp_key_draw(&sim->env, key);
    if (!err)
        err = dp_crypto_curve(sim->crypto)
                  ->derive(sim->crypto, &node->self.pub, key);
    if (err)
        return dp_fail(err, "private_key: %s", devp2p_strerror(err));
    node->self.id = devp2p_pubkey_id(&node->self.pub);
    if (dp_sim_find(sim, &node->self.id))
        return dp_fail(
            DEVP2P_ERR_EXISTS, "private_key: another node has this key");
    return 0;
}

/* settle_down gives a node its key, address and port. */
static int settle_down(devp2p_sim_node *node)
{
    devp2p_addr ip;
    int err = identify(node);

    if (!err)
        err = choose_ip(node, &ip);
    if (err)
        return err;
    node->cfg.listen.port =
        node->cfg.listen.port ? node->cfg.listen.port : PORT_DEFAULT;
    return note_ip(node, &ip);
}

/* wish makes the static nodes of the configuration wishes. */
static int wish_all(devp2p_sim_node *node)
{
    const dp_env *env = &node->sim->env;

    for (size_t i = 0; i < node->cfg.nnodes; i++) {
        dp_wish *w = dp_sim_longer(
            env, node->wishes, node->nwishes, sizeof *node->wishes);
        if (!w)
            return DEVP2P_ERR_NOMEM;
        node->wishes = w;
        w[node->nwishes++].target = node->cfg.nodes[i];
    }
    return 0;
}

static int enter(devp2p_sim *sim, devp2p_sim_node *node)
{
    devp2p_sim_node **nodes;
    int err = dp_index_reserve(&sim->ids, &sim->env, sim->nnodes + 1);

    if (!err)
        err = dp_index_reserve(&sim->ips, &sim->env, sim->nnodes + 1);
    if (err)
        return err;
    nodes = dp_sim_longer(&sim->env, sim->nodes, sim->nnodes, sizeof(void *));
    if (!nodes)
        return DEVP2P_ERR_NOMEM;
    sim->nodes = nodes;
    node->number = sim->nnodes;
    nodes[sim->nnodes++] = node;
    dp_index_put(&sim->ids, node);
    dp_index_put(&sim->ips, node);
    return 0;
}

void dp_sim_node_free(devp2p_sim_node *node)
{
    const dp_env *env = &node->sim->env;

    dp_free(env, node->addrs, node->naddrs * sizeof *node->addrs);
    dp_free(env, node->wishes, node->nwishes * sizeof *node->wishes);
    if (node->cfg.env.alloc)
        dp_config_fini(&node->cfg);
    dp_free(env, node, sizeof *node);
}

int devp2p_sim_add_sized(devp2p_sim *sim, devp2p_sim_node **out,
    const devp2p_config *cfg, size_t config_size, size_t protocol_size)
{
    devp2p_sim_node *node = dp_alloc(&sim->env, sizeof *node);

    *out = NULL;
    if (!node)
        return dp_fail_plain(DEVP2P_ERR_NOMEM);
    node->sim = sim;
    int err = dp_config_init(&node->cfg, cfg, config_size, protocol_size);
    if (!err)
        err = settle_down(node);
    if (!err)
        err = wish_all(node);
    if (!err)
        err = enter(sim, node);
    if (err) {
        dp_sim_node_free(node);
        return dp_fail_plain(err);
    }
    *out = node;
    return 0;
}

/* --- a life --- */

/* node_alloc is the program's allocator, with the failures of NO_MEMORY. */
static void *node_alloc(void *user, void *old, size_t old_size, size_t new_size)
{
    devp2p_sim_node *node = user;

    if (new_size && node->failing) {
        node->failing--;
        node->faults[DEVP2P_SIM_NO_MEMORY]++;
        dp_sim_count(node->sim->world, DEVP2P_SIM_NO_MEMORY);
        return NULL;
    }
    return node->cfg.env.alloc(
        node->cfg.env.alloc_user, old, old_size, new_size);
}

static void listen_text(char out[LISTEN_TEXT], const devp2p_sim_node *node)
{
    devp2p_addr at = node->self.addr;

    out[0] = 0;
    if (node->cfg.listens && node->cfg.listen.family)
        devp2p_addr_text(out, &at);
    else if (node->cfg.listens)
        snprintf(out, LISTEN_TEXT, ":%u", node->cfg.listen.port);
}

/* same_access says again who may connect. */
static void same_access(devp2p_config *cfg, const dp_config *c)
{
    const dp_access *a = &c->access;

    cfg->trusted_nodes = c->trusted;
    cfg->net_restrict = a->net_restrict;
    cfg->allow_ids = a->allow_ids;
    cfg->dial_ratio = a->dial_ratio;
    cfg->max_pending_in = a->max_pending_in;
    cfg->max_pending_out = a->max_pending_out;
    cfg->pending_per_subnet = a->pending_per_subnet;
    cfg->throttle_ms = a->throttle_ms;
    cfg->accepts_per_s = a->accepts_per_s;
    cfg->farewells_per_s = a->farewells_per_s;
    cfg->max_bans = a->max_bans;
    cfg->max_standings = a->max_standings;
    cfg->backoff_ms = a->backoff_ms;
    cfg->rotate_ms = a->rotate_ms;
    cfg->no_dial = a->no_dial;
    cfg->limit_lan = a->limit_lan;
}

/* make_server makes a server as the configuration says. */
static int make_server(dp_lifetime *life)
{
    devp2p_sim_node *node = life->node;
    const dp_config *c = &node->cfg;
    char listen[LISTEN_TEXT], external[DEVP2P_ADDR_TEXT];
    devp2p_config cfg = { .private_key = c->key,
        .name = c->name,
        .socks5 = c->socks5,
        .dialer = c->dialer,
        .dialer_user = c->dialer_user,
        .log = c->env.log,
        .log_user = c->env.log_user,
        .log_level = c->env.log_level,
        .alloc = node_alloc,
        .alloc_user = node,
        .max_peers = c->max_peers,
        .run_stack = c->run_stack,
        .io_threads = c->io_threads,
        .warm_total = c->warm_total,
        .spare_keys = c->spare_keys ? c->spare_keys : DEVP2P_NONE,
        .kept_secrets = c->kept_secrets ? c->kept_secrets : DEVP2P_NONE,
        .dial_candidates = c->candidates,
        .resolver = c->resolver,
        .resolver_user = c->resolver_user };

    same_access(&cfg, c);
    dp_bandwidth_write(&c->bandwidth, &cfg);
    listen_text(listen, node);
    cfg.listen_addr = listen[0] ? listen : NULL;
    if (c->external.family)
        cfg.external_addr = devp2p_addr_text(external, &c->external);
    int err = dp_tap_init(&life->tap, life, &cfg);
    if (!err)
        err = dp_sim_world(&life->world, node->sim->world, &node->self.addr);
    if (!err)
        err = dp_server_new(&life->srv, &cfg, sizeof cfg,
            sizeof(devp2p_protocol), life->world, node->sim->curve);
    devp2p_key_wipe(&cfg.private_key);
    return err;
}

static void life_free(dp_lifetime *life)
{
    if (life->srv)
        devp2p_server_free(life->srv);
    else if (life->world)
        life->world->ops->free(life->world);
    dp_tap_fini(&life->tap);
    dp_free(&life->node->sim->env, life, sizeof *life);
}

/* begin: its static nodes are those that it was told of so far. */
static int begin(dp_lifetime *life)
{
    devp2p_sim_node *node = life->node;
    int err = make_server(life);

    for (size_t i = 0; i < node->nwishes && !err; i++) {
        node->wishes[i].untold = false;
        node->wishes[i].retold = false;
        node->wishes[i].told_at = 0;
        node->wishes[i].dialled_at = 0;
        node->wishes[i].dropped_at = 0;
        node->wishes[i].due = 0;
        err = dp_host_list(life->srv->host, &node->wishes[i].target);
        if (err != DEVP2P_ERR_NOMEM)
            err = 0; /* as a server: one that cannot be dialled is not */
    }
    if (err)
        return err;
    dp_sim_set_region(life->world, node->region);
    dp_tap_attach(&life->tap);
    return devp2p_server_start(life->srv);
}

int devp2p_sim_start(devp2p_sim_node *node)
{
    devp2p_sim *sim = node->sim;

    if (node->life)
        return dp_fail(DEVP2P_ERR_STATE, "node %zu runs", node->number);
    dp_lifetime *life = dp_alloc(&sim->env, sizeof *life);
    if (!life)
        return dp_fail_plain(DEVP2P_ERR_NOMEM);
    life->node = node;
    life->number = ++node->lives;
    node->failing = 0;
    int err = begin(life);
    if (err) {
        life_free(life);
        return err;
    }
    node->life = life;
    return dp_fail_plain(dp_links_apply(node));
}

void dp_lifetime_end(devp2p_sim_node *node, bool crash)
{
    dp_lifetime *life = node->life;

    if (!life)
        return;
    node->life = NULL;
    node->failing = 0;
    life->crashed = crash;
    if (crash)
        dp_sim_crash(life->world);
    devp2p_server_stop(life->srv);
    dp_list_push(&node->sim->ending, &life->link);
}

void devp2p_sim_stop(devp2p_sim_node *node)
{
    dp_lifetime_end(node, false);
}

void dp_lifetimes_bury(devp2p_sim *sim)
{
    for (dp_link *k = dp_list_first(&sim->ending), *next; k; k = next) {
        dp_lifetime *life = dp_of(k, dp_lifetime, link);
        next = dp_list_next(&sim->ending, k);
        if (!dp_sim_over(life->world))
            continue;
        dp_check_ended(&life->tap);
        dp_unlink(k);
        life_free(life);
    }
}

/* --- asking --- */

devp2p_server *devp2p_sim_server(const devp2p_sim_node *node)
{
    return node->life ? node->life->srv : NULL;
}

uint64_t devp2p_sim_life(const devp2p_sim_node *node)
{
    return node->telling ? node->telling : node->lives;
}

size_t devp2p_sim_count(const devp2p_sim *sim)
{
    return sim->nnodes;
}

devp2p_sim_node *devp2p_sim_node_at(const devp2p_sim *sim, size_t i)
{
    return i < sim->nnodes ? sim->nodes[i] : NULL;
}

size_t devp2p_sim_number(const devp2p_sim_node *node)
{
    return node->number;
}

void devp2p_sim_self(const devp2p_sim_node *node, devp2p_node *out)
{
    *out = node->self;
}
