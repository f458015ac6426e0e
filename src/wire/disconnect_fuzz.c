/* SPDX-License-Identifier: MIT */
/* disconnect_fuzz.c - a reason that is read and written again is the same. */
#include "wire/disconnect.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(uint8_t reason)
{
    uint8_t out[3], again;
    size_t len = dp_disconnect_write(out, reason);
    dp_assert(len <= sizeof out);
    dp_assert(dp_disconnect_read(&again, out, len) == 0 && again == reason);
    dp_assert(dp_disconnect_read_any(&again, out, len) == 0);
    dp_assert(again == reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t plain, any;
    if (dp_disconnect_read(&plain, data, size) == 0)
        write_again(plain);
    if (dp_disconnect_read_any(&any, data, size) == 0)
        write_again(any);
    return 0;
}
