/* SPDX-License-Identifier: MIT */
/* join.h - what joins a server to a world. */
#ifndef DP_JOIN_H
#define DP_JOIN_H

#include "base/world.h"
#include "crypto/crypto.h"

#include <devp2p/server.h>

/* dp_config_import reads a configuration of a program that was compiled with
 * another size of it, for who must look into it before the server is made. What
 * the fields say is not checked.  Returns 0, ERR_INVALID, ERR_ABI. */
int dp_config_import(devp2p_config *out, const devp2p_config *cfg, size_t size);

/* dp_fail_plain is dp_fail for errors that nobody can say more about; others
 * have left their sentence already. */
static inline int dp_fail_plain(int err)
{
    if (err == DEVP2P_ERR_NOMEM || err == DEVP2P_ERR_RANDOM)
        return dp_fail(err, "%s", devp2p_strerror(err));
    return err;
}

/* dp_server_new is devp2p_server_new in a given world, which it owns from the
 * moment it succeeds.  curve NULL is the real one. */
int dp_server_new(devp2p_server **out, const devp2p_config *cfg,
    size_t config_size, size_t protocol_size, dp_world *world,
    const dp_curve *curve);

#endif
