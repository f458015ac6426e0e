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

int dp_import_number(uint32_t *out, uint32_t value, uint32_t other,
    uint32_t least, uint32_t most, const char *field)
{
    *out = value ? value : other;
    if (*out < least || *out > most)
        return dp_fail(DEVP2P_ERR_INVALID, "%s: %lu is not between %lu and %lu",
            field, (unsigned long)*out, (unsigned long)least,
            (unsigned long)most);
    return 0;
}
