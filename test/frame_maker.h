/* SPDX-License-Identifier: MIT */
/* frame_maker.h - the two ends of one direction with keys that a test knows:
 * one seals frames, the other has what it takes to open them. */
#ifndef FRAME_MAKER_H
#define FRAME_MAKER_H

#include "core/feed.h"
#include "test.h"
#include "test_env.h"

#include "crypto/frames.h"

typedef struct frame_maker {
    dp_crypto *crypto;
    dp_engine *engine;
    dp_dir seal, open;
} frame_maker;

static inline void frame_maker_init(frame_maker *m, const dp_env *env)
{
    dp_secrets secrets = { .aes = "an AES key of 32 bytes is known",
        .mac = "a MAC key of 32 bytes is known." };
    dp_keccak_init(&secrets.egress);
    secrets.ingress = secrets.egress;
    assert_int_equal(dp_crypto_new(&m->crypto, env, NULL), 0);
    assert_int_equal(dp_engine_new(&m->engine, env, m->crypto), 0);
    dp_dir_init(&m->seal, &secrets, &secrets.egress);
    dp_dir_init(&m->open, &secrets, &secrets.ingress);
}

static inline void frame_maker_fini(frame_maker *m)
{
    dp_engine_free(m->engine);
    dp_crypto_free(m->crypto);
}

static inline void frame_maker_run(frame_maker *m, dp_frames *job)
{
    dp_frames_run(m->engine, &job, 1);
}

/* frame_make writes a sealed frame to out and returns its length. */
static inline size_t frame_make(frame_maker *m, uint8_t *out, uint64_t id,
    const uint8_t *payload, size_t len)
{
    dp_feed f;
    dp_feed_start(&f, id, payload, len);
    size_t n = dp_feed_copy(&f, out, f.wire);
    dp_frames job = {
        .dir = &m->seal, .at = out, .end = out + n, .count_max = 1
    };
    frame_maker_run(m, &job);
    assert_int_equal(job.err, 0);
    return n;
}

#endif
