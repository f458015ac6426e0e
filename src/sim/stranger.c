/* SPDX-License-Identifier: MIT */
#include "sim/stranger.h"

#define PATIENCE_NS (60 * DP_SEC)

typedef struct dp_stranger {
    dp_link link;
    devp2p_sim *sim;
    dp_world *world;
    dp_io *io;
    uint8_t *words;
    size_t len, said;
    uint64_t until;
} dp_stranger;

/* --- its conversation --- */

static void leave(dp_stranger *s)
{
    const dp_world_ops *ops = s->world->ops;

    if (s->io)
        ops->close(s->io, true);
    s->io = NULL;
    ops->end(s->world);
    ops->wake(s->world);
}

static void connected(void *server, void *user, dp_io *io, int err)
{
    dp_stranger *s = server;

    (void)user;
    if (err)
        leave(s);
    else
        s->world->ops->want(io, DP_READ | (s->len ? DP_WRITE : 0));
}

static void speak(dp_stranger *s)
{
    size_t n;
    int err =
        s->world->ops->write(s->io, s->words + s->said, s->len - s->said, &n);

    s->said += err ? 0 : n;
    if (s->said == s->len)
        s->world->ops->want(s->io, DP_READ);
}

static void ready(void *server, void *user, dp_io *io, unsigned events)
{
    dp_stranger *s = server;
    uint8_t heard[512];
    size_t n;

    (void)user;
    if (events & DP_WRITE)
        speak(s);
    if (!(events & DP_READ))
        return;
    int err = s->world->ops->read(io, heard, sizeof heard, &n);
    if (err != DEVP2P_ERR_AGAIN && (err || n == 0))
        leave(s);
}

static uint64_t turn(void *server, dp_now now)
{
    dp_stranger *s = server;

    if (now.mono >= s->until && s->io)
        leave(s);
    return s->io ? s->until : DP_NEVER;
}

static const dp_world_up up = {
    .connected = connected, .ready = ready, .turn = turn
};

/* --- life --- */

static void stranger_free(dp_stranger *s)
{
    const dp_env *env = &s->sim->env;

    if (s->world)
        s->world->ops->free(s->world);
    dp_unlink(&s->link);
    dp_free(env, s->words, s->len);
    dp_free(env, s, sizeof *s);
}

/* fresh_ip: strangers live in 172.16.0.0/12, or in fd01::/16. */
static devp2p_addr fresh_ip(devp2p_sim *sim, uint8_t family)
{
    uint32_t n = ++sim->last_stranger;
    devp2p_addr ip = { .family = family };
    uint8_t *at = ip.ip + (family == 4 ? 1 : 13);

    ip.ip[0] = family == 4 ? 172 : 0xfd;
    ip.ip[1] = family == 4 ? 16 : 1;
    at[0] = family == 4 ? (uint8_t)(16 + (n >> 16) % 16) : (uint8_t)(n >> 16);
    at[1] = (uint8_t)(n >> 8);
    at[2] = (uint8_t)n;
    return ip;
}

static int begin(dp_stranger *s, devp2p_sim_node *to, devp2p_slice bytes)
{
    devp2p_addr ip = fresh_ip(s->sim, to->self.addr.family);

    s->words = dp_alloc(&s->sim->env, bytes.len);
    if (!s->words && bytes.len)
        return DEVP2P_ERR_NOMEM;
    s->len = bytes.len;
    if (bytes.len)
        memcpy(s->words, bytes.at, bytes.len);
    int err = dp_sim_world(&s->world, s->sim->world, &ip);
    if (err)
        return err;
    dp_world_attach(s->world, &up, s);
    err = s->world->ops->connect(s->world, &to->self.addr, s, &s->io);
    if (!err)
        err = s->world->ops->start(s->world);
    return err;
}

int dp_stranger_send(devp2p_sim_node *to, devp2p_slice bytes)
{
    devp2p_sim *sim = to->sim;

    if (!to->life || !to->cfg.listens)
        return DEVP2P_ERR_STATE;
    dp_stranger *s = dp_alloc(&sim->env, sizeof *s);
    if (!s)
        return DEVP2P_ERR_NOMEM;
    s->sim = sim;
    s->until = dp_after(dp_sim_now(sim->world), PATIENCE_NS);
    dp_list_push(&sim->strangers, &s->link);
    int err = begin(s, to, bytes);
    if (err)
        stranger_free(s);
    return err;
}

void dp_strangers_bury(devp2p_sim *sim)
{
    for (dp_link *k = dp_list_first(&sim->strangers), *next; k; k = next) {
        dp_stranger *s = dp_of(k, dp_stranger, link);
        next = dp_list_next(&sim->strangers, k);
        if (dp_sim_node_of(s->world)->ended)
            stranger_free(s);
    }
}

void dp_strangers_end(devp2p_sim *sim)
{
    for (dp_link *k = dp_list_first(&sim->strangers); k;
         k = dp_list_next(&sim->strangers, k))
        leave(dp_of(k, dp_stranger, link));
}
