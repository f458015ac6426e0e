/* SPDX-License-Identifier: MIT */
/* keccak.h - Keccak-256 as Ethereum uses it: rate 136, padding byte 0x01. */
#ifndef DP_KECCAK_H
#define DP_KECCAK_H

#include <stddef.h>
#include <stdint.h>

enum { DP_KECCAK_RATE = 136 };

/* A dp_keccak is a sponge; copying the struct copies the state. */
typedef struct dp_keccak {
    uint64_t lane[25];
    uint32_t at; /* bytes absorbed into the open block, below the rate */
} dp_keccak;

void dp_keccak_init(dp_keccak *k);
void dp_keccak_add(dp_keccak *k, const void *bytes, size_t len);

/* dp_keccak_peek is the digest so far; absorbing may go on. */
void dp_keccak_peek(const dp_keccak *k, uint8_t digest[32]);

/* dp_keccak_f1600 is the permutation. */
void dp_keccak_f1600(uint64_t lane[25]);

#endif
