/* SPDX-License-Identifier: MIT */
/* frame_steps.c - what is done to a frame (RLPx, "Framing" and "MAC"), in steps;
 * see frame_lane.h. */
#include "crypto/frame_lane.h"

#include "base/bytes.h"

#include <string.h>

enum { BLOCK = 16 };

static void header(dp_lane *l);

static size_t there(const dp_lane *l)
{
    return (size_t)(l->f->end - l->f->at);
}

static void end(dp_lane *l, int err)
{
    l->f->err = err;
    l->next = NULL;
}

/* crypt is the key stream, to seal and to open. */
static bool crypt(dp_lane *l, uint8_t *at, size_t len)
{
    return dp_cipher_stream(l->cipher, &l->f->dir->block, at, len);
}

bool dp_lane_seed(dp_lane *l, const uint8_t covers[BLOCK])
{
    uint64_t seed[2], more[2];
    if (!dp_cipher_block(l->cipher, l->seed, l->f->dir->digest))
        return false;
    memcpy(seed, l->seed, BLOCK);
    memcpy(more, covers, BLOCK);
    seed[0] ^= more[0];
    seed[1] ^= more[1];
    memcpy(l->seed, seed, BLOCK);
    l->from = l->seed;
    l->left = BLOCK;
    return true;
}

/* --- the body's MAC: the digest seeds it and is what it covers --- */

static void tail_mac(dp_lane *l)
{
    dp_frames *f = l->f;
    dp_dir *dir = f->dir;
    memcpy(dir->digest, l->digest, BLOCK);
    if (!f->open)
        memcpy(f->at, dir->digest, BLOCK);
    else if (!dp_equal_secret(dir->digest, f->at, BLOCK)) {
        end(l, DEVP2P_ERR_FRAME_MAC);
        return;
    }
    dir->place = DP_AT_HEADER;
    f->at += DP_FRAME_TAIL;
    f->count++;
    header(l);
}

static void tail_seed(dp_lane *l)
{
    dp_dir *dir = l->f->dir;
    memcpy(dir->digest, l->digest, BLOCK);
    if (!dp_lane_seed(l, dir->digest)) {
        end(l, DEVP2P_ERR_NOMEM);
        return;
    }
    l->want = DP_WANT_DIGEST;
    l->next = tail_mac;
}

static void tail(dp_lane *l)
{
    if (there(l) < DP_FRAME_TAIL) {
        end(l, 0);
        return;
    }
    l->want = DP_WANT_DIGEST;
    l->next = tail_seed;
}

/* --- the body, as much of it as there is; the MAC covers ciphertext --- */

static size_t body_there(const dp_lane *l)
{
    size_t n = there(l) & ~(size_t)(BLOCK - 1);
    return n < l->f->dir->left ? n : l->f->dir->left;
}

static void body_done(dp_lane *l)
{
    dp_frames *f = l->f;
    size_t n = body_there(l);
    if (f->open && !crypt(l, f->at, n)) {
        end(l, DEVP2P_ERR_NOMEM);
        return;
    }
    f->at += n;
    f->dir->left -= (uint32_t)n;
    if (f->dir->left) {
        end(l, 0);
        return;
    }
    f->dir->place = DP_AT_MAC;
    tail(l);
}

static void body(dp_lane *l)
{
    size_t n = body_there(l);
    if (!n) {
        end(l, 0);
        return;
    }
    if (!l->f->open && !crypt(l, l->f->at, n)) {
        end(l, DEVP2P_ERR_NOMEM);
        return;
    }
    l->from = l->f->at;
    l->left = n;
    l->next = body_done;
}

/* --- the header: the digest before it is the MAC of the frame before, which is
 *     at hand --- */

static void begin_body(dp_lane *l)
{
    dp_dir *dir = l->f->dir;
    dir->left = (uint32_t)dp_frame_body(dir->size);
    dir->place = DP_AT_BODY;
    l->f->at += DP_FRAME_HEAD;
    body(l);
}

/* open_header looks at the size only when the MAC holds. */
static void open_header(dp_lane *l)
{
    dp_frames *f = l->f;
    memcpy(f->dir->digest, l->digest, BLOCK);
    if (!dp_equal_secret(l->digest, f->at + BLOCK, BLOCK)) {
        end(l, DEVP2P_ERR_FRAME_MAC);
        return;
    }
    if (!crypt(l, f->at, BLOCK)) {
        end(l, DEVP2P_ERR_NOMEM);
        return;
    }
    f->dir->size = dp_get24(f->at);
    if (!f->dir->size || f->dir->size > f->size_max) {
        end(l, DEVP2P_ERR_FRAME_SIZE);
        return;
    }
    begin_body(l);
}

/* header: what is sealed goes on without its MAC, nobody waits for that. */
static void header(dp_lane *l)
{
    dp_frames *f = l->f;
    if (f->count >= f->count_max || there(l) < DP_FRAME_HEAD) {
        end(l, 0);
        return;
    }
    if (!f->open) {
        f->dir->size = dp_get24(f->at);
        if (!f->dir->size) {
            end(l, DEVP2P_ERR_FRAME_SIZE);
            return;
        }
    }
    if ((!f->open && !crypt(l, f->at, BLOCK)) || !dp_lane_seed(l, f->at)) {
        end(l, DEVP2P_ERR_NOMEM);
        return;
    }
    l->want = f->open ? DP_WANT_DIGEST : DP_WANT_LATER;
    l->later = f->at + BLOCK;
    l->next = f->open ? open_header : begin_body;
}

void dp_lane_begin(dp_lane *l, dp_frames *f, dp_cipher *cipher)
{
    static void (*const steps[])(dp_lane *) = { header, body, tail };
    dp_dir *dir = f->dir;
    *l = (dp_lane){ .f = f, .cipher = cipher };
    f->count = 0;
    if (!dp_cipher_rekey(cipher, dir->aes_key, dir->mac_key, dir->block))
        end(l, DEVP2P_ERR_NOMEM);
    else if (!f->count_max)
        end(l, 0);
    else
        steps[dir->place](l);
}
