/* SPDX-License-Identifier: MIT */
/* now.h - time is a value, sampled by the world once a turn. */
#ifndef DP_NOW_H
#define DP_NOW_H

#include <stdint.h>

#define DP_US    UINT64_C(1000)
#define DP_MS    UINT64_C(1000000)
#define DP_SEC   UINT64_C(1000000000)
#define DP_NEVER UINT64_MAX

/* Timers use mono; wall is for what leaves the process. */
typedef struct dp_now {
    uint64_t mono; /* ns, never goes back */
    int64_t wall;  /* ms since 1970, may jump */
} dp_now;

/* dp_after is a deadline that cannot wrap. */
static inline uint64_t dp_after(dp_now now, uint64_t ns)
{
    return ns > DP_NEVER - now.mono ? DP_NEVER : now.mono + ns;
}

static inline uint64_t dp_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
