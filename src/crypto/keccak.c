/* SPDX-License-Identifier: MIT */
#include "crypto/keccak.h"

#include "base/bytes.h"
#include "crypto/keccak_kernels.h"

#include <devp2p/key.h>

void dp_keccak_init(dp_keccak *k)
{
    memset(k, 0, sizeof *k);
}

void dp_keccak_f1600(uint64_t lane[25])
{
    dp_keccak_kernel_best()->permute(lane);
}

/* mix adds bytes to the open block, which has room for them.  The state is
 * written by whole lanes only: the permutation reads it so right afterwards,
 * and a processor makes it wait for writes of another shape. */
static void mix(dp_keccak *k, const uint8_t *at, size_t len)
{
    while (len) {
        size_t n = len < 8 ? len : 8;
        uint64_t word = dp_keccak_load(at, n);
        uint64_t *lane = &k->lane[k->at / 8];
        size_t skip = k->at % 8;
        lane[0] ^= word << 8 * skip;
        if (skip + n > 8)
            lane[1] ^= word >> 8 * (8 - skip);
        k->at += (uint32_t)n;
        at += n;
        len -= n;
    }
}

void dp_keccak_add(dp_keccak *k, const void *bytes, size_t len)
{
    const dp_keccak_kernel *kernel = dp_keccak_kernel_best();
    const uint8_t *at = bytes;
    size_t room = DP_KECCAK_RATE - k->at;
    if (k->at && len >= room) {
        mix(k, at, room);
        kernel->permute(k->lane);
        k->at = 0;
        at += room;
        len -= room;
    }
    if (!k->at && len >= DP_KECCAK_RATE) {
        size_t blocks = len / DP_KECCAK_RATE;
        kernel->absorb(k->lane, at, blocks);
        at += blocks * DP_KECCAK_RATE;
        len -= blocks * DP_KECCAK_RATE;
    }
    mix(k, at, len);
}

void dp_keccak_peek(const dp_keccak *k, uint8_t digest[32])
{
    uint64_t lane[25];
    memcpy(lane, k->lane, sizeof lane);
    lane[k->at / 8] ^= (uint64_t)0x01 << 8 * (k->at % 8);
    lane[DP_KECCAK_RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
    dp_keccak_f1600(lane);
    for (size_t i = 0; i < 4; i++)
        dp_keccak_store(digest + 8 * i, lane[i]);
    dp_wipe(lane, sizeof lane);
}

void devp2p_keccak256(uint8_t out[32], const void *bytes, size_t len)
{
    dp_keccak k;
    dp_keccak_init(&k);
    dp_keccak_add(&k, bytes, len);
    dp_keccak_peek(&k, out);
    /* what was hashed may have been secret */
    dp_wipe(&k, sizeof k);
}
