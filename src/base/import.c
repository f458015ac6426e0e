/* SPDX-License-Identifier: MIT */
#include "base/import.h"

#include "base/env.h"

#include <string.h>

/* known: theirs asks for nothing that we do not have. */
static bool known(const uint8_t *theirs, size_t size, size_t own_size)
{
    for (size_t i = own_size; i < size; i++)
        if (theirs[i] != 0)
            return false;
    return true;
}

int dp_import(void *own, size_t own_size, const void *theirs, size_t size,
    size_t least, const char *name)
{
    if (size < least || !known(theirs, size, own_size))
        return dp_fail(DEVP2P_ERR_ABI,
            "%s: %zu bytes ask for more than this library, whose own has %zu, "
            "can do",
            name, size, own_size);
    memset(own, 0, own_size);
    memcpy(own, theirs, size < own_size ? size : own_size);
    return 0;
}
