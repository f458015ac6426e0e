/* SPDX-License-Identifier: MIT */
/* bytes.h - big-endian numbers, hex, secrets. */
#ifndef DP_BYTES_H
#define DP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t dp_get16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t dp_get24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline void dp_put16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static inline void dp_put24(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 16);
    at[1] = (uint8_t)(v >> 8);
    at[2] = (uint8_t)v;
}

/* dp_big64 is v with its bytes in big-endian order, and the way back. */
static inline uint64_t dp_big64(uint64_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static inline uint64_t dp_get64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return dp_big64(v);
}

static inline void dp_put64(uint8_t *at, uint64_t v)
{
    v = dp_big64(v);
    memcpy(at, &v, sizeof v);
}

/* dp_wipe overwrites secrets in a way no compiler removes. */
void dp_wipe(void *at, size_t len);

/* dp_wipe_stack overwrites DP_STACK_WIPED bytes below the caller's own frame:
 * what functions that have returned, of a library too, spilled there. */
void dp_wipe_stack(void);

/* dp_equal_secret compares in a time that depends on len alone. */
bool dp_equal_secret(const void *a, const void *b, size_t len);

/* dp_hex writes 2 * len digits and NUL; dp_unhex reads exactly 2 * len digits,
 * of either case, and returns false for anything else. */
char *dp_hex(char *out, const void *bytes, size_t len);
bool dp_unhex(void *out, size_t len, const char *digits, size_t ndigits);

#endif
