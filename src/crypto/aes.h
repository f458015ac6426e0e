/* SPDX-License-Identifier: MIT */
/* aes.h - AES-256 by the processor's own instructions, where it has them.  For
 * the few blocks of a small frame a call of libcrypto is most of the cost, and
 * for a direction's turn at the engine the keys are: 20 ns for 4, and 200 for
 * 25.  The bytes are the same. */
#ifndef DP_AES_H
#define DP_AES_H

#include <stddef.h>
#include <stdint.h>

/* A dp_aes_key is a key made ready: its round keys. */
typedef struct dp_aes_key {
    uint8_t round[15][16];
} dp_aes_key;

typedef struct dp_aes_kernel {
    void (*ready)(dp_aes_key *k, const uint8_t key[32]);
    void (*block)(const dp_aes_key *k, uint8_t out[16], const uint8_t in[16]);
    /* stream: so many blocks of counter mode (SP 800-38A, 6.5), in place; the
     * counter began with 0 and is at first now */
    void (*stream)(
        const dp_aes_key *k, uint64_t first, uint8_t *at, size_t blocks);
} dp_aes_kernel;

#if defined(__x86_64__)
extern const dp_aes_kernel dp_aes_ni, dp_aes_vaes;

/* What both have. */
void dp_aes_ni_ready(dp_aes_key *k, const uint8_t key[32]);
void dp_aes_ni_block(
    const dp_aes_key *k, uint8_t out[16], const uint8_t in[16]);
#endif

#endif
