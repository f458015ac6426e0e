/* SPDX-License-Identifier: MIT */
/* frames.h - the frame engine: opens and seals RLPx frames in place (RLPx,
 * "Framing").
 *
 * A frame in memory: header 16, header MAC 16, body padded to 16, body MAC 16.
 * To seal, the plain header and the zero-padded plain body stand there and the
 * engine fills the MACs; opened, the header and body are plain again.
 *
 * A job is one direction's state and a range of bytes.  It may end anywhere,
 * also inside a frame: at moves past what is done, always a multiple of 16
 * bytes, and dir remembers the place, so that the next job goes on from there.
 * Jobs of different directions are independent; dp_frames_run may interleave
 * them, and the bytes it makes do not depend on how. */
#ifndef DP_FRAMES_H
#define DP_FRAMES_H

#include "crypto/crypto.h"
#include "crypto/keccak.h"

enum { DP_FRAME_HEAD = 32, DP_FRAME_TAIL = 16 };

/* dp_frame_body is the body's padded length, dp_frame_wire all of the frame. */
static inline size_t dp_frame_body(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static inline size_t dp_frame_wire(size_t size)
{
    return DP_FRAME_HEAD + dp_frame_body(size) + DP_FRAME_TAIL;
}

typedef enum dp_frame_place {
    DP_AT_HEADER = 0, /* between two frames */
    DP_AT_BODY,       /* header done; left bytes of the body to come */
    DP_AT_MAC         /* only the body MAC to come */
} dp_frame_place;

/* A dp_dir is the state of one direction: keys, cipher position, MAC sponge. */
typedef struct dp_dir {
    uint8_t aes_key[32];
    uint8_t mac_key[32];
    uint64_t block;     /* position in the CTR stream, in blocks of 16 bytes */
    dp_keccak mac;      /* rolling MAC state */
    uint8_t digest[16]; /* its digest now: the seed of the next MAC */
    dp_frame_place place;
    uint32_t left; /* padded body bytes still to come */
    uint32_t size; /* of the frame at hand, as its header says */
} dp_dir;

/* A dp_secrets is what a handshake yields. */
typedef struct dp_secrets {
    uint8_t aes[32];
    uint8_t mac[32];
    dp_keccak egress, ingress; /* seeded with nonces and packets */
} dp_secrets;

/* dp_dir_init starts a direction; dp_dir_fini wipes it. */
void dp_dir_init(dp_dir *dir, const dp_secrets *s, const dp_keccak *mac);
void dp_dir_fini(dp_dir *dir);

/* dp_frame_header writes the 16 plain bytes: size, then the header-data that
 * go-ethereum sends. */
void dp_frame_header(uint8_t out[16], uint32_t size);

typedef struct dp_frames {
    dp_dir *dir;
    uint8_t *at, *end;  /* bytes to work on; at moves past what is done */
    uint32_t size_max;  /* opening: refuse a larger frame */
    uint32_t count_max; /* stop after so many frames */
    uint32_t count;     /* out: frames finished (opened: both MACs held) */
    int err;            /* out: 0, ERR_FRAME_MAC, ERR_FRAME_SIZE (0 included),
                           ERR_NOMEM when libcrypto fails */
    bool open;
} dp_frames;

/* A dp_engine belongs to one loop: cipher contexts, re-keyed per job. */
typedef struct dp_engine dp_engine;
int dp_engine_new(dp_engine **out, const dp_env *env, const dp_crypto *crypto);
void dp_engine_free(dp_engine *e);

/* dp_engine_forget overwrites the keys of the last job, when its direction is
 * no more. */
void dp_engine_forget(dp_engine *e);

/* dp_frames_run works every job of v as far as its bytes go. */
void dp_frames_run(dp_engine *e, dp_frames **v, size_t n);

#endif
