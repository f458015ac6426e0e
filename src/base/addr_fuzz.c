/* SPDX-License-Identifier: MIT */
/* addr_fuzz.c - an address that is read, written and read again is the same. */
#include "base/addr.h"
#include "base/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256], again[DEVP2P_ADDR_TEXT];
    devp2p_addr a, b;
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (dp_listen_parse(&a, text) != 0)
        return 0;
    dp_assert(dp_listen_parse(&b, devp2p_addr_text(again, &a)) == 0);
    dp_assert(dp_addr_equal(&a, &b));
    dp_assert(strlen(again) < sizeof again);
    /* only ":port" is read as a listen address alone */
    dp_assert((devp2p_addr_parse(&b, text) == 0) == (a.family != 0));
    return 0;
}
