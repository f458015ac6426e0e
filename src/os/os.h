/* SPDX-License-Identifier: MIT */
/* os.h - the real world behind world.h: libuv's loop, sockets of our own,
 * threads, a pool for curve work. */
#ifndef DP_OS_H
#define DP_OS_H

#include "base/world.h"

typedef struct dp_os_setup {
    dp_env env;       /* memory and log; random is the world's own */
    uint32_t workers; /* threads of the pool; 0 for the default */
} dp_os_setup;

int dp_os_new(dp_world **out, const dp_os_setup *setup);

/* dp_os_random is the system's randomness, dp_os_now its time, for use where no
 * world is. */
int dp_os_random(void *user, void *out, size_t len);
dp_now dp_os_now(void);

#endif
