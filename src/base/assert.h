/* SPDX-License-Identifier: MIT */
/* assert.h - for our own broken promises; stays on in release.  Bytes from the
 * network are errors, never asserts. */
#ifndef DP_ASSERT_H
#define DP_ASSERT_H

#include <stdlib.h>

#define dp_assert(condition) \
    do {                     \
        if (!(condition))    \
            abort();         \
    } while (0)

#endif
