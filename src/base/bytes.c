/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include "base/limits.h"

#include <devp2p/base.h>

#include <string.h>

static const char digits_of[] = "0123456789abcdef";

void dp_wipe(void *at, size_t len)
{
    if (!len)
        return;
    memset(at, 0, len);
    /* the compiler must believe that somebody reads the zeros */
    __asm__ volatile("" : : "r"(at) : "memory");
}

/* dp_wipe_stack must have a frame of its own. */
__attribute__((noinline)) void dp_wipe_stack(void)
{
    uint8_t room[DP_STACK_WIPED];
    dp_wipe(room, sizeof room);
}

bool dp_equal_secret(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    unsigned differs = 0;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned)x[i] ^ y[i];
    return differs == 0;
}

char *dp_hex(char *out, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits_of[at[i] >> 4];
        out[2 * i + 1] = digits_of[at[i] & 15];
    }
    out[2 * len] = 0;
    return out;
}

/* digit is the value of a hex digit, 16 for anything else. */
static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

bool dp_unhex(void *out, size_t len, const char *digits, size_t ndigits)
{
    uint8_t *at = out;
    if (ndigits % 2 || ndigits / 2 != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);
        if (high > 15 || low > 15)
            return false;
        at[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool devp2p_slice_is(devp2p_slice slice, const char *string)
{
    size_t len = strlen(string);
    return slice.len == len && (!len || !memcmp(slice.at, string, len));
}

/* escape_one writes one byte as text and returns its length, at most 4. */
static size_t escape_one(char out[4], uint8_t byte)
{
    if (byte == '\\') {
        out[0] = out[1] = '\\';
        return 2;
    }
    if (byte >= ' ' && byte <= '~') {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits_of[byte >> 4];
    out[3] = digits_of[byte & 15];
    return 4;
}

char *devp2p_escape(char *out, size_t cap, devp2p_slice bytes)
{
    char text[4];
    size_t end = 0, cut = 0; /* cut: up to where "..." still fits */
    for (size_t i = 0; i < bytes.len; i++) {
        size_t n = escape_one(text, bytes.at[i]);
        if (end + n >= cap) {
            memcpy(out + cut, "...", 4);
            return out;
        }
        memcpy(out + end, text, n);
        end += n;
        if (end + sizeof "..." <= cap)
            cut = end;
    }
    out[end] = 0;
    return out;
}
