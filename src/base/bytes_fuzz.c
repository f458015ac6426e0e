/* SPDX-License-Identifier: MIT */
/* bytes_fuzz.c - strings of strangers as text: what is escaped is printable and
 * fits; hex is read as it is written, and nothing else is hex. */
#include "base/assert.h"
#include "base/bytes.h"

#include <devp2p/base.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* escape: into exactly cap bytes, so that the sanitizer sees one too many. */
static void escape(const uint8_t *data, size_t size, size_t cap)
{
    char *text = malloc(cap);
    dp_assert(text);
    dp_assert(devp2p_escape(text, cap, (devp2p_slice){ data, size }) == text);
    size_t len = strlen(text);
    dp_assert(len < cap);
    for (size_t i = 0; i < len; i++)
        dp_assert(text[i] >= ' ' && text[i] <= '~');
    if (len < size)
        dp_assert(len >= 3 && strcmp(text + len - 3, "...") == 0);
    free(text);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
}

static void hex(const uint8_t *data, size_t size)
{
    size_t len = size / 2;
    uint8_t *bytes = malloc(len + 1);
    char *text = malloc(2 * len + 1);
    dp_assert(bytes && text);
    if (dp_unhex(bytes, len, (const char *)data, size)) {
        dp_hex(text, bytes, len);
        dp_assert(strlen(text) == size);
        for (size_t i = 0; i < size; i++)
            dp_assert(text[i] == lower((char)data[i]));
        dp_assert(devp2p_slice_is(
            (devp2p_slice){ (const uint8_t *)text, size }, text));
        dp_assert(dp_equal_secret(bytes, bytes, len));
        dp_wipe(bytes, len);
        dp_assert(len == 0 || bytes[len - 1] == 0);
    }
    free(text);
    free(bytes);
}

/* The first byte says how much room there is, from 4 on ("..."). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    escape(data + 1, size - 1, (size_t)data[0] + 4);
    hex(data + 1, size - 1);
    return 0;
}
