/* SPDX-License-Identifier: MIT */
/* devp2p.c - joins the server, and what needs none, to the real world. */
#include "base/bytes.h"
#include "core/rlpx.h"
#include "os/os.h"
#include "server/join.h"
#include "server/pipe.h"

int devp2p_key_generate(devp2p_key *out)
{
    const dp_env env = { .alloc = dp_default_alloc, .random = dp_os_random };
    int err = dp_key_draw(&env, out);
    return err ? dp_fail(err, "the system gives no randomness") : 0;
}

int devp2p_pipe(devp2p_rw **a, devp2p_rw **b)
{
    const dp_env env = { .alloc = dp_default_alloc };
    return dp_fail_plain(dp_pipe_new(a, b, &env, dp_os_now));
}

int devp2p_rlpx_new_sized(
    devp2p_rlpx **out, const devp2p_rlpx_config *theirs, size_t config_size)
{
    devp2p_rlpx_config cfg;
    *out = NULL;
    int err = dp_rlpx_import(&cfg, theirs, config_size);
    if (err)
        return err;
    if (!cfg.random)
        cfg.random = dp_os_random;
    err = dp_rlpx_new(out, &cfg, NULL);
    devp2p_key_wipe(&cfg.private_key);
    return dp_fail_plain(err);
}

/* new_world makes what cfg asks of the world; the server checks the rest. */
static int new_world(dp_world **out, const devp2p_config *cfg)
{
    const dp_os_setup setup = {
        .env = { .alloc = cfg->alloc ? cfg->alloc : dp_default_alloc,
            .alloc_user = cfg->alloc_user,
            .random = dp_os_random,
            .log = cfg->log,
            .log_user = cfg->log_user,
            .log_level = cfg->log_level },
        .workers = cfg->worker_threads,
    };
    return dp_os_new(out, &setup);
}

int devp2p_server_new_sized(devp2p_server **out, const devp2p_config *theirs,
    size_t config_size, size_t protocol_size)
{
    devp2p_config cfg;
    dp_world *world;
    *out = NULL;
    int err = dp_config_import(&cfg, theirs, config_size);
    if (!err)
        err = new_world(&world, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    if (err)
        return dp_fail_plain(err);
    err = dp_server_new(out, theirs, config_size, protocol_size, world, NULL);
    if (err)
        world->ops->free(world);
    return err;
}
