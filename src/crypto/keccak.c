/* SPDX-License-Identifier: MIT */
#include "crypto/keccak.h"

#include "base/bytes.h"
#include "crypto/cpu.h"

#include <devp2p/key.h>

void dp_keccak_init(dp_keccak *k)
{
    memset(k, 0, sizeof *k);
}

void dp_keccak_f1600(uint64_t lane[25])
{
    dp_cpu_chosen()->keccak->permute(lane);
}

void dp_keccak_add_by(
    const dp_keccak_kernel *kernel, dp_keccak *k, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    size_t room = DP_KECCAK_RATE - k->at;
    if (k->at && len >= room) {
        dp_keccak_mix(k->lane, 1, k->at, at, room);
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
    dp_keccak_mix(k->lane, 1, k->at, at, len);
    k->at += (uint32_t)len;
}

void dp_keccak_add(dp_keccak *k, const void *bytes, size_t len)
{
    dp_keccak_add_by(dp_cpu_chosen()->keccak, k, bytes, len);
}

void dp_keccak_peek(const dp_keccak *k, uint8_t digest[32])
{
    uint64_t lane[25];
    memcpy(lane, k->lane, sizeof lane);
    dp_keccak_pad(lane, 1, k->at);
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
