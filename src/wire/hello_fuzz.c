/* SPDX-License-Identifier: MIT */
/* hello_fuzz.c - a Hello that is read and written again says the same. */
#include "wire/hello.h"

#include "base/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(devp2p_slice a, devp2p_slice b)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _Alignas(16) static uint8_t memory[2][32 * 1024];
    static uint8_t out[4096];
    devp2p_arena arena = { memory[0], memory[0] + sizeof memory[0] };
    dp_hello a, b;
    size_t len;
    if (size > 2048 || dp_hello_read(&a, data, size, &arena))
        return 0;
    dp_assert(dp_hello_write(out, sizeof out, &len, &a) == 0);
    arena = (devp2p_arena){ memory[1], memory[1] + sizeof memory[1] };
    dp_assert(dp_hello_read(&b, out, len, &arena) == 0);
    dp_assert(a.version == b.version && a.ncaps == b.ncaps);
    dp_assert(same(a.name, b.name) && !memcmp(&a.pub, &b.pub, sizeof a.pub));
    for (size_t i = 0; i < a.ncaps; i++)
        dp_assert(same(a.caps[i].name, b.caps[i].name) &&
                  a.caps[i].version == b.caps[i].version);
    return 0;
}
