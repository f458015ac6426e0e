/* SPDX-License-Identifier: MIT */
/* raw_peer.h - a peer that owns the keys of a connection and says whatever a
 * test wants: it has a handshake and two directions, and no rules. */
#ifndef RAW_PEER_H
#define RAW_PEER_H

#include "session_pair.h"

#include "base/bytes.h"
#include "core/caps.h"
#include "core/feed.h"
#include "core/handshake.h"
#include "wire/disconnect.h"

typedef struct raw_peer {
    pair_world *w;
    pair_node *node;
    pair_end *to; /* the session it talks to */
    pair_pipe in;
    dp_handshake *handshake;
    devp2p_pubkey peer;
    dp_dir seal, open;
    bool snappy;       /* what it says is compressed */
    uint8_t *frame;    /* the frame heard last */
    uint64_t id;       /* of it */
    const uint8_t *at; /* its payload, inflated if snappy */
    size_t len;
    uint8_t plain[4096];
} raw_peer;

/* raw_init connects a raw peer of node with end; if it dials, dial is set. */
static inline void raw_init(
    raw_peer *r, pair_end *to, pair_node *node, const devp2p_pubkey *dial)
{
    memset(r, 0, sizeof *r);
    r->w = to->w;
    r->node = node;
    r->to = to;
    r->in.limit = SIZE_MAX / 2;
    to->out = &r->in;
    const dp_handshake_setup setup = { .env = &r->w->env.env,
        .crypto = r->w->crypto,
        .key = &node->self.key,
        .pub = &node->self.pub,
        .dial = dial };
    assert_int_equal(dp_handshake_new(&r->handshake, &setup), 0);
}

static inline void raw_fini(raw_peer *r)
{
    dp_handshake_free(r->handshake);
    free(r->in.at);
    free(r->frame);
}

static inline void raw_put(raw_peer *r, const uint8_t *at, size_t n)
{
    size_t limit = r->to->in.limit;
    r->to->in.limit = SIZE_MAX / 2;
    pipe_put(&r->to->in, at, n);
    r->to->in.limit = limit;
}

/* raw_step moves the raw side of the handshake on; true when it moved. */
static inline bool raw_step(raw_peer *r)
{
    bool moved = false;
    uint8_t *at;
    size_t n;
    while ((n = dp_handshake_room(r->handshake, &at)) > 0 &&
           (n = pipe_get(&r->in, at, n)) > 0) {
        assert_int_equal(dp_handshake_recv(r->handshake, n), 0);
        moved = true;
    }
    dp_ec *ec;
    assert_int_equal(dp_handshake_ec(r->handshake, &ec), 0);
    if (ec) {
        dp_ec_run(ec);
        assert_int_equal(dp_handshake_ec_done(r->handshake, ec), 0);
        moved = true;
    }
    const uint8_t *out;
    if ((n = dp_handshake_out(r->handshake, &out)) > 0) {
        raw_put(r, out, n);
        dp_handshake_sent(r->handshake, n);
        moved = true;
    }
    return moved;
}

/* raw_keys does the handshake; both sides have keys then. */
static inline void raw_keys(raw_peer *r)
{
    dp_secrets secrets;
    bool moved = true;
    while (moved) {
        moved = raw_step(r);
        moved |= pair_turn(r->to);
    }
    assert_true(dp_handshake_done(r->handshake));
    dp_handshake_take(r->handshake, &r->peer, &secrets);
    dp_dir_init(&r->seal, &secrets, &secrets.egress);
    dp_dir_init(&r->open, &secrets, &secrets.ingress);
}

/* raw_frame says one frame as it is: its body is the RLP of id, then at. */
static inline void raw_frame(
    raw_peer *r, uint64_t id, const void *at, size_t len)
{
    dp_feed f;
    dp_feed_start(&f, id, at, len);
    uint8_t *wire = malloc(f.wire);
    assert_non_null(wire);
    size_t n = dp_feed_copy(&f, wire, f.wire);
    dp_frames job = { .dir = &r->seal,
        .at = wire,
        .end = wire + n,
        .count_max = 1 },
              *jobs = &job;
    dp_frames_run(r->w->engine, &jobs, 1);
    assert_int_equal(job.err, 0);
    raw_put(r, wire, n);
    free(wire);
}

/* raw_body says a frame whose body is exactly these bytes. */
static inline void raw_body(raw_peer *r, const void *at, size_t len)
{
    size_t n = dp_frame_wire(len);
    uint8_t *wire = calloc(1, n);
    assert_non_null(wire);
    dp_frame_header(wire, (uint32_t)len);
    memcpy(wire + DP_FRAME_HEAD, at, len);
    dp_frames job = { .dir = &r->seal,
        .at = wire,
        .end = wire + n,
        .count_max = 1 },
              *jobs = &job;
    dp_frames_run(r->w->engine, &jobs, 1);
    raw_put(r, wire, n);
    free(wire);
}

/* raw_say says a message, compressed when snappy is on. */
static inline void raw_say(raw_peer *r, uint64_t id, const void *at, size_t len)
{
    if (!r->snappy) {
        raw_frame(r, id, at, len);
        return;
    }
    size_t cap = dp_snappy_bound(len);
    uint8_t *out = malloc(cap);
    assert_non_null(out);
    raw_frame(r, id, out, dp_snappy_deflate(out, cap, at, len));
    free(out);
}

static inline void raw_hello_as(
    raw_peer *r, const devp2p_pubkey *pub, uint64_t version)
{
    uint8_t hello[2048];
    size_t len = pair_hello(
        hello, pub, version, r->node->protocols, r->node->self.nprotocols);
    raw_frame(r, DP_ID_HELLO, hello, len);
}

/* raw_open is the handshake and both Hellos; messages may follow. */
static inline void raw_open(raw_peer *r)
{
    raw_keys(r);
    raw_hello_as(r, &r->node->self.pub, 5);
    r->snappy = true;
    pair_settle(r->to, 1);
    assert_true(r->to->ready);
}

/* raw_hear opens the next frame that the session has written; false when there
 * is none. */
static inline bool raw_hear(raw_peer *r)
{
    uint8_t *have = r->in.at + r->in.head;
    size_t n = r->in.len - r->in.head;
    if (n < DP_FRAME_HEAD)
        return false;
    free(r->frame);
    r->frame = malloc(n);
    assert_non_null(r->frame);
    memcpy(r->frame, have, n);
    dp_dir dir = r->open;
    dp_frames job = { .dir = &dir,
        .at = r->frame,
        .end = r->frame + n,
        .size_max = DP_FRAME_MAX,
        .count_max = 1,
        .open = true },
              *jobs = &job;
    dp_frames_run(r->w->engine, &jobs, 1);
    assert_int_equal(job.err, 0);
    if (!job.count)
        return false;
    r->open = dir;
    r->in.head += (size_t)(job.at - r->frame);
    devp2p_rlp_reader body =
        devp2p_rlp_read(r->frame + DP_FRAME_HEAD, dp_get24(r->frame));
    r->id = devp2p_rlp_get_u64(&body);
    assert_int_equal(body.err, 0);
    r->at = body.at;
    r->len = (size_t)(body.end - body.at);
    size_t full;
    if (r->snappy && r->id != DP_ID_HELLO) {
        assert_int_equal(dp_snappy_size(&full, r->at, r->len), 0);
        if (full <= sizeof r->plain) {
            assert_int_equal(
                dp_snappy_inflate(r->plain, full, r->at, r->len), 0);
            r->at = r->plain;
            r->len = full;
        }
    }
    return true;
}

/* A lone is one session, and a raw peer that dialled it. */
typedef struct lone {
    pair_world w;
    pair_node node, other;
    pair_end e;
    raw_peer r;
} lone;

static inline void lone_init(lone *l, size_t ours, size_t theirs)
{
    memset(l, 0, sizeof *l);
    pair_world_init(&l->w);
    pair_node_init(&l->node, &l->w, 1, ours);
    pair_node_init(&l->other, &l->w, 2, theirs);
    pair_end_init(&l->e, &l->w, &l->node, NULL, NULL);
    raw_init(&l->r, &l->e, &l->other, &l->node.self.pub);
}

static inline void lone_fini(lone *l)
{
    raw_fini(&l->r);
    pair_end_fini(&l->e);
    pair_node_fini(&l->other);
    pair_node_fini(&l->node);
    pair_world_fini(&l->w);
}

/* lone_told: the session leaves with reason, and the raw peer hears it. */
static inline void lone_told(lone *l, int reason)
{
    pair_settle(&l->e, 1);
    assert_true(l->e.shut);
    bool heard = false;
    while (!heard && raw_hear(&l->r))
        heard = l->r.id == DP_ID_DISCONNECT;
    assert_true(heard);
    uint8_t got;
    assert_int_equal(dp_disconnect_read(&got, l->r.at, l->r.len), 0);
    assert_int_equal(DEVP2P_DISC(got), reason);
    assert_false(raw_hear(&l->r)); /* nothing behind it */
    l->e.in.shut = true;
    pair_settle(&l->e, 1);
    assert_true(l->e.down);
    assert_int_equal(l->e.end.reason, reason);
    assert_false(l->e.end.remote);
    assert_false(l->e.end.reset);
}

#endif
