/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include "server/dialer.h"
#include "server/join.h"
#include "server/turn.h"

#include <string.h>

bool dp_server_inside(const devp2p_server *srv)
{
    for (size_t i = 0; i < srv->nloops; i++)
        if (dp_loop_inside(&srv->loops[i]))
            return true;
    return false;
}

/* --- making one --- */

static int world_random(void *user, void *out, size_t len)
{
    dp_world *w = user;
    return w->ops->random(w, out, len);
}

/* tell_external: what others are to dial may be another address than what is
 * bound, and another port. */
static void tell_external(devp2p_server *srv)
{
    const devp2p_addr *external = &srv->cfg.external;
    uint16_t port = external->port ? external->port : srv->node.addr.port;

    if (external->family == 0)
        return;
    srv->node.addr = *external;
    srv->node.addr.port = port;
}

static int make_identity(devp2p_server *srv, const dp_curve *curve)
{
    dp_node_self *self = &srv->self;
    int err = dp_crypto_new(&srv->crypto, &self->env, curve);

    if (!err)
        err = dp_self_identify(self, srv->crypto, &srv->cfg.key);
    if (err)
        return err;
    srv->node.pub = self->pub;
    srv->node.id = self->id;
    srv->node.addr = (devp2p_addr){ .ip = { 127, 0, 0, 1 }, .family = 4 };
    tell_external(srv);
    return 0;
}

/* make_rules: a server whose protocols have none needs no table. */
static int make_rules(devp2p_server *srv)
{
    const dp_env *env = &srv->cfg.env;
    size_t n = srv->cfg.nrows, i = 0;
    int err = 0;

    while (i < n && !srv->cfg.rows[i].rules)
        i++;
    if (i == n)
        return 0;
    srv->rules = dp_alloc(env, n * sizeof *srv->rules);
    if (!srv->rules)
        return DEVP2P_ERR_NOMEM;
    for (i = 0; i < n && !err; i++)
        err = dp_rules_init(&srv->rules[i], env, srv->cfg.rows[i].rules);
    srv->self.rules = srv->rules;
    return err;
}

static void unmake_rules(devp2p_server *srv)
{
    const dp_env *env = &srv->cfg.env;

    for (size_t i = 0; srv->rules && i < srv->cfg.nrows; i++)
        dp_rules_fini(&srv->rules[i], env);
    dp_free(env, srv->rules, srv->cfg.nrows * sizeof *srv->rules);
}

static int make_protocols(devp2p_server *srv)
{
    size_t n = srv->cfg.nrows;

    if (n == 0)
        return 0;
    srv->protocols = dp_alloc(&srv->cfg.env, n * sizeof *srv->protocols);
    if (!srv->protocols)
        return DEVP2P_ERR_NOMEM;
    dp_config_protocols(&srv->cfg, srv->protocols);
    srv->self.protocols = srv->protocols;
    srv->self.nprotocols = n;
    return make_rules(srv);
}

/* make_loop makes the next loop, the first one of the world that is there. */
static int make_loop(devp2p_server *srv)
{
    unsigned number = (unsigned)srv->nloops;
    dp_world *w = srv->world;
    int err = number ? w->ops->loop(srv->world, &w) : 0;

    if (err)
        return err;
    dp_loop *loop = &srv->loops[srv->nloops++];
    err = dp_loop_init(loop, srv, number, w);
    if (number)
        dp_world_attach(w, &dp_turn_up, loop);
    return err;
}

/* warmed: only the first loop looks at the time, so it has to wake for that. */
static void warmed(void *user)
{
    devp2p_server *srv = user;

    if (atomic_load(&srv->life) == DP_LIFE_RUNNING &&
        !dp_loop_inside(&srv->loops[0]))
        srv->world->ops->wake(srv->world);
}

static int make_warm(devp2p_server *srv)
{
    size_t total = srv->cfg.warm_total;

    if (srv->cfg.warm_total == DEVP2P_NONE)
        return 0;
    return dp_warm_new(
        &srv->warm, &srv->cfg.env, total - total / DP_WARM_CHUNKS, warmed, srv);
}

static int make_loops(devp2p_server *srv, const uint8_t salt[16], size_t lines)
{
    const dp_env *env = &srv->self.env;
    size_t n = srv->cfg.io_threads;
    int err = 0;

    dp_list_init(&srv->relays);
    dp_list_init(&srv->outgoing);
    srv->send_limit = dp_bandwidth_total(srv->cfg.bandwidth.send_total);
    srv->loops = dp_alloc(env, n * sizeof *srv->loops);
    if (!srv->loops)
        return DEVP2P_ERR_NOMEM;
    err = make_warm(srv);
    while (srv->nloops < n && !err)
        err = make_loop(srv);
    if (!err && n > 1)
        err = dp_map_new(&srv->relayed, env, salt, lines, sizeof(uint64_t));
    return err;
}

static int make_machines(devp2p_server *srv)
{
    const dp_env *env = &srv->self.env;
    dp_now now = dp_server_now(srv);
    uint32_t max = srv->cfg.max_peers;
    dp_host_setup setup = { .env = *env,
        .self = srv->self.id,
        .max_peers = max,
        .access = srv->cfg.access,
        .by_name = srv->cfg.dialer || srv->cfg.socks5,
        .resolves = srv->cfg.resolver != NULL };
    dp_slots slots = dp_slots_of(max, &srv->cfg.access);
    /* a dial that was given up stays a line until the host's effect is taken */
    size_t lines = slots.most + slots.pending_in + 2 * slots.pending_out;
    uint8_t salt[16];
    int err = dp_random(env, salt, sizeof salt);

    srv->self.tells_sent = srv->cfg.message_events;
    dp_candidates_init(&srv->candidates, &srv->cfg);
    if (!err && srv->cfg.kept_secrets)
        err = dp_tokens_new(&srv->self.tokens, env, srv->cfg.kept_secrets);
    if (!err)
        err = dp_map_new(&srv->lines, env, salt, lines, sizeof(uint64_t));
    if (!err)
        err = make_loops(srv, salt, lines);
    if (!err)
        err = dp_gate_new(&srv->gate, env, now);
    if (!err && srv->cfg.access.limit_lan)
        dp_gate_limit_lan(srv->gate);
    if (!err)
        err = dp_host_new(&srv->host, &setup, now);
    dp_spares_init(&srv->spares, env, srv->crypto, srv->cfg.spare_keys, now);
    return err;
}

/* list_nodes makes the nodes of the configuration static.  One that cannot be
 * dialled is a line in the log; one that there is no memory for would be missed
 * for good. */
static int list_nodes(devp2p_server *srv)
{
    char addr[DEVP2P_ADDR_TEXT];

    for (size_t i = 0; i < srv->cfg.nnodes; i++) {
        const devp2p_node *node = &srv->cfg.nodes[i];
        int err = dp_host_list(srv->host, node);
        if (err == DEVP2P_ERR_NOMEM)
            return err;
        if (err)
            dp_log(&srv->self.env, DEVP2P_LOG_WARN, "server",
                "static node %s: %s", devp2p_addr_text(addr, &node->addr),
                devp2p_strerror(err));
    }
    return dp_server_trust_list(srv, srv->cfg.trusted);
}

/* free_loops frees the loops and the worlds that the server made for them. */
static void free_loops(devp2p_server *srv)
{
    size_t n = srv->cfg.io_threads;

    while (srv->nloops) {
        dp_loop *loop = &srv->loops[--srv->nloops];
        if (loop->number)
            loop->world->ops->free(loop->world);
        dp_loop_fini(loop);
    }
    dp_free(&srv->cfg.env, srv->loops, n * sizeof *srv->loops);
    srv->loops = NULL;
}

/* unmake frees all but the world. */
static void unmake(devp2p_server *srv)
{
    dp_env env = srv->cfg.env;

    dp_assert(atomic_load(&srv->outside) == 0);
    dp_host_free(srv->host);
    dp_gate_free(srv->gate);
    dp_spares_fini(&srv->spares);
    dp_tokens_free(srv->self.tokens);
    free_loops(srv);
    dp_warm_free(srv->warm);
    dp_map_free(srv->lines);
    dp_map_free(srv->relayed);
    unmake_rules(srv);
    dp_free(&env, srv->protocols, srv->self.nprotocols * sizeof(dp_protocol));
    dp_free(&env, srv->peers, srv->peers_cap * sizeof(devp2p_peer *));
    dp_free(&env, srv->bans, srv->bans_cap * sizeof *srv->bans);
    dp_crypto_free(srv->crypto);
    dp_mailbox_fini(&srv->mail, &env);
    pthread_mutex_destroy(&srv->lock);
    dp_self_fini(&srv->self);
    dp_config_fini(&srv->cfg);
    dp_free(&env, srv, sizeof *srv);
}

/* make_shell is a server that can be unmade. */
static int make_shell(devp2p_server **out, dp_config *cfg, dp_world *world)
{
    devp2p_server *srv = dp_alloc(&cfg->env, sizeof *srv);

    if (!srv || pthread_mutex_init(&srv->lock, NULL) != 0) {
        dp_free(&cfg->env, srv, sizeof *srv);
        dp_config_fini(cfg);
        return DEVP2P_ERR_NOMEM;
    }
    srv->cfg = *cfg;
    devp2p_key_wipe(&cfg->key);
    srv->world = world;
    srv->self.env = srv->cfg.env;
    srv->self.env.random = world_random;
    srv->self.env.random_user = world;
    dp_mailbox_init(&srv->mail);
    dp_list_init(&srv->rings);
    dp_list_init(&srv->waiters);
    *out = srv;
    return 0;
}

int dp_server_new(devp2p_server **out, const devp2p_config *theirs,
    size_t config_size, size_t protocol_size, dp_world *world,
    const dp_curve *curve)
{
    devp2p_server *srv;
    dp_config cfg;

    *out = NULL;
    int err = dp_config_init(&cfg, theirs, config_size, protocol_size);
    if (err)
        return dp_fail_plain(err);
    err = make_shell(&srv, &cfg, world);
    if (err)
        return dp_fail_plain(err);
    err = make_identity(srv, curve);
    if (!err)
        err = make_protocols(srv);
    if (!err)
        err = dp_self_hello(&srv->self, srv->cfg.name, "protocols");
    if (!err)
        err = make_machines(srv);
    if (!err)
        err = list_nodes(srv);
    if (err) {
        unmake(srv);
        return dp_fail_plain(err);
    }
    dp_world_attach(world, &dp_turn_up, &srv->loops[0]);
    *out = srv;
    return 0;
}

/* --- life --- */

/* told_listening is how a listener is shown, every address as the IPv6 one. */
static devp2p_addr told_listening(
    const dp_config *cfg, const devp2p_addr *bound)
{
    devp2p_addr at = cfg->listen;

    if (!cfg->listens)
        return (devp2p_addr){ .family = 0 };
    at.port = bound->port;
    if (at.family == 0)
        at.family = 6;
    return at;
}

/* start_loops starts them, but for those that a start that failed has, the
 * first one last. */
static int start_loops(devp2p_server *srv)
{
    int err = 0;

    for (size_t i = 1; i < srv->nloops && !err; i++) {
        dp_loop *loop = &srv->loops[i];
        if (!loop->started)
            err = loop->world->ops->start(loop->world);
        loop->started |= !err;
    }
    return err ? err : srv->world->ops->start(srv->world);
}

/* stop_loops: a start failed, and nobody tried again. */
static void stop_loops(devp2p_server *srv)
{
    atomic_store(&srv->over, true);
    for (size_t i = 1; i < srv->nloops; i++) {
        dp_loop *loop = &srv->loops[i];
        if (!loop->started)
            continue;
        loop->world->ops->wake(loop->world);
        dp_assert(loop->world->ops->wait(loop->world) == 0);
    }
}

/* begin binds the listener and starts the loops. */
static int begin(devp2p_server *srv)
{
    devp2p_addr bound = srv->node.addr;
    int err = 0;

    if (srv->cfg.listens)
        err = dp_listener_bind(
            &srv->listener, srv->world, &srv->cfg.listen, &bound);
    if (err)
        return dp_fail_plain(err);
    pthread_mutex_lock(&srv->lock);
    srv->node.addr = bound;
    srv->listens_at = told_listening(&srv->cfg, &bound);
    tell_external(srv);
    pthread_mutex_unlock(&srv->lock);
    err = start_loops(srv);
    if (err) {
        dp_listener_close(&srv->listener, srv->world);
        return dp_fail(err, "the server's thread: %s", devp2p_strerror(err));
    }
    return 0;
}

int devp2p_server_start(devp2p_server *srv)
{
    int expected = DP_LIFE_NEW;

    if (atomic_load(&srv->stop) || !atomic_compare_exchange_strong(
                                       &srv->life, &expected, DP_LIFE_STARTING))
        return dp_fail(DEVP2P_ERR_STATE,
            "the server was started or stopped before; a server starts once");
    int err = begin(srv);
    atomic_store(&srv->life, err ? DP_LIFE_NEW : DP_LIFE_RUNNING);
    if (!err)
        srv->world->ops->wake(srv->world); /* a stop may have come meanwhile */
    return err;
}

int devp2p_server_run(devp2p_server *srv)
{
    int err = devp2p_server_start(srv);
    return err ? err : devp2p_server_wait(srv);
}

/* devp2p_server_stop runs in signal handlers: two atomics and a wake. */
void devp2p_server_stop(devp2p_server *srv)
{
    if (!srv)
        return;
    atomic_store(&srv->stop, true);
    if (atomic_load(&srv->life) == DP_LIFE_RUNNING)
        srv->world->ops->wake(srv->world);
}

int devp2p_server_wait(devp2p_server *srv)
{
    if (atomic_load(&srv->life) != DP_LIFE_RUNNING)
        return dp_fail(DEVP2P_ERR_STATE, "the server was not started");
    for (size_t i = 0; i < srv->nloops; i++)
        if (srv->loops[i].world->ops->wait(srv->loops[i].world))
            return dp_fail(DEVP2P_ERR_STATE,
                "devp2p_server_wait on the server's loop or in a handler would "
                "wait for itself");
    return 0;
}

void devp2p_server_free(devp2p_server *srv)
{
    if (!srv)
        return;
    devp2p_server_stop(srv);
    if (atomic_load(&srv->life) == DP_LIFE_RUNNING)
        dp_assert(devp2p_server_wait(srv) == 0);
    else
        stop_loops(srv);
    dp_world *world = srv->world;
    dp_dialer_discard(srv);
    dp_warm_close(srv->warm); /* it is not to wake a world that is gone */
    free_loops(srv);
    world->ops->free(world);
    unmake(srv);
}

/* --- asking --- */

void devp2p_server_self(devp2p_server *srv, devp2p_node *out)
{
    pthread_mutex_lock(&srv->lock);
    *out = srv->node;
    pthread_mutex_unlock(&srv->lock);
}

size_t devp2p_server_count(devp2p_server *srv)
{
    pthread_mutex_lock(&srv->lock);
    size_t n = srv->npeers;
    pthread_mutex_unlock(&srv->lock);
    return n;
}

size_t devp2p_server_peers(devp2p_server *srv, devp2p_peer **out, size_t cap)
{
    pthread_mutex_lock(&srv->lock);
    size_t n = srv->npeers < cap ? srv->npeers : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = devp2p_peer_keep(srv->peers[i]);
    pthread_mutex_unlock(&srv->lock);
    return n;
}

static int grow_peers(devp2p_server *srv)
{
    size_t cap = srv->peers_cap ? 2 * srv->peers_cap : 16;
    devp2p_peer **peers = dp_resize(&srv->cfg.env, srv->peers,
        srv->peers_cap * sizeof *peers, cap * sizeof *peers);

    if (!peers)
        return DEVP2P_ERR_NOMEM;
    srv->peers = peers;
    srv->peers_cap = cap;
    return 0;
}

int dp_server_list(devp2p_server *srv, devp2p_peer *peer)
{
    pthread_mutex_lock(&srv->lock);
    int err = srv->npeers == srv->peers_cap ? grow_peers(srv) : 0;
    if (!err && !peer->unlisted)
        srv->peers[srv->npeers++] = devp2p_peer_keep(peer);
    pthread_mutex_unlock(&srv->lock);
    return err;
}

void dp_server_unlist(devp2p_server *srv, devp2p_peer *peer)
{
    size_t i = 0;

    pthread_mutex_lock(&srv->lock);
    while (i < srv->npeers && srv->peers[i] != peer)
        i++;
    bool listed = i < srv->npeers;
    peer->unlisted = true;
    if (listed)
        srv->peers[i] = srv->peers[--srv->npeers];
    pthread_mutex_unlock(&srv->lock);
    if (listed)
        devp2p_peer_drop(peer);
}

/* --- changing --- */

int dp_server_send(
    devp2p_server *srv, const dp_command *command, uint64_t *ticket)
{
    pthread_mutex_lock(&srv->lock);
    int err = atomic_load(&srv->stop)
                  ? DEVP2P_ERR_CLOSED
                  : dp_mailbox_put(&srv->mail, &srv->cfg.env, command, ticket);
    pthread_mutex_unlock(&srv->lock);
    if (!err && atomic_load(&srv->life) == DP_LIFE_RUNNING)
        srv->world->ops->wake(srv->world);
    return err;
}

int dp_server_command(devp2p_server *srv, dp_command_kind kind,
    const devp2p_node *node, uint64_t *ticket)
{
    return dp_server_send(
        srv, &(dp_command){ .kind = kind, .node = *node }, ticket);
}

static int command(
    devp2p_server *srv, dp_command_kind kind, const char *url, uint64_t *ticket)
{
    devp2p_node node;
    int err = devp2p_node_parse(&node, url);

    return err ? err : dp_server_command(srv, kind, &node, ticket);
}

/* devp2p_server_resolved copies the first address of each family. */
int devp2p_server_resolved(devp2p_server *srv, uint64_t ticket,
    const devp2p_addr *addrs, size_t n, int err)
{
    dp_command c = { .kind = DP_RESOLVED, .conn = ticket, .err = err };

    for (uint8_t family = 4; family <= 6; family += 2)
        for (size_t i = 0; i < n; i++)
            if (addrs[i].family == family) {
                c.addrs[c.naddrs++] = addrs[i];
                break;
            }
    return dp_server_send(srv, &c, NULL);
}

int devp2p_server_add_peer(
    devp2p_server *srv, uint64_t *ticket, const char *url)
{
    return command(srv, DP_ADD, url, ticket);
}

int devp2p_server_remove_peer(
    devp2p_server *srv, uint64_t *ticket, const char *url)
{
    return command(srv, DP_REMOVE, url, ticket);
}
