/* SPDX-License-Identifier: MIT */
/* frame_lane.h - the insides of the frame engine.
 *
 * A lane is a job under way: what RLPx asks for, cut into steps where the
 * sponge comes in (frame_steps.c).  A step says which bytes the sponge shall
 * absorb, and whether the next step wants its digest.  Who runs the lane does
 * that and calls the next step: frame_one.c for one lane, frame_wide.c for
 * several whose sponges it permutes together.  So a byte does not depend on the
 * way. */
#ifndef DP_FRAME_LANE_H
#define DP_FRAME_LANE_H

#include "crypto/cipher.h"
#include "crypto/cpu.h"
#include "crypto/frames.h"

struct dp_engine {
    dp_env env;
    const dp_cpu *cpu;
    dp_cipher cipher; /* of the one lane */
};

typedef enum dp_lane_want {
    DP_WANT_NOTHING,
    DP_WANT_DIGEST, /* before the next step, in digest */
    DP_WANT_LATER   /* at later, at any time while the job lasts */
} dp_lane_want;

typedef struct dp_lane dp_lane;
struct dp_lane {
    dp_frames *f;
    dp_cipher *cipher;
    void (*next)(dp_lane *l); /* NULL: the job is done */
    const uint8_t *from;      /* left bytes to absorb before it */
    size_t left;
    dp_lane_want want; /* once they are absorbed */
    uint8_t *later;
    uint8_t digest[16];
    uint8_t seed[16];
};

/* dp_lane_begin readies a lane for a job, with the keys of its direction in
 * cipher. */
void dp_lane_begin(dp_lane *l, dp_frames *f, dp_cipher *cipher);

/* dp_lane_seed: the next MAC covers these bytes: the last digest, encrypted and
 * mixed with them, is what the sponge shall absorb.  False when libcrypto
 * fails. */
bool dp_lane_seed(dp_lane *l, const uint8_t covers[16]);

/* dp_lane_finish runs a lane to its end, alone; it may have begun elsewhere. */
void dp_lane_finish(const dp_keccak_kernel *kernel, dp_lane *l);

/* dp_lanes_run works the jobs side by side, if the processor has lanes. */
void dp_lanes_run(const dp_cpu *cpu, dp_frames **v, size_t n);

#endif
