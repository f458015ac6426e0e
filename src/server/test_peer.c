/* SPDX-License-Identifier: MIT */
/* test_peer.c - a peer that no server knows, for tests of handlers. */
#include "server/peer.h"
#include "server/pipe.h"

#include <string.h>

/* key_of makes a key that follows from a name. */
static int key_of(devp2p_pubkey *out, const char *name)
{
    devp2p_key key;

    devp2p_keccak256(key.b, name, strlen(name));
    return devp2p_key_public(out, &key);
}

/* run_all: what it announces runs, as far as versions of one name allow. */
static int run_all(devp2p_peer *peer)
{
    dp_protocol rows[DP_PROTOCOLS_MAX];
    dp_shared v[DP_PROTOCOLS_MAX];
    dp_caps shared = { .v = v };
    size_t n = 0;

    for (size_t i = 0; i < peer->ncaps && n < DP_PROTOCOLS_MAX; i++)
        if (peer->caps[i].version <= UINT32_MAX)
            rows[n++] = (dp_protocol){ .name = peer->caps[i].name,
                .version = (uint32_t)peer->caps[i].version };
    dp_caps_match(&shared, rows, n, peer->caps, peer->ncaps);
    return dp_traffic_open(
        &peer->traffic, &peer->env, peer->caps, peer->ncaps, &shared, rows);
}

/* make leaves the peer with a reference of its own to the pipe. */
static int make(devp2p_peer **out, const dp_hello *hello, uint32_t flags,
    devp2p_rw *end, const dp_env *env)
{
    dp_pipe *pipe = end ? dp_pipe_keep(dp_pipe_of(end)) : NULL;
    dp_peer_setup setup = {
        .env = env,
        .pub = &hello->pub,
        .hello = hello,
        .flags = flags,
        .pipe = pipe,
    };
    int err = dp_peer_new(out, &setup);

    if (err) {
        dp_pipe_drop(pipe);
        return err;
    }
    err = run_all(*out);
    if (!err && end)
        err = dp_pipe_meet(end, *out);
    if (err) {
        devp2p_peer_drop(*out);
        *out = NULL;
    }
    return err;
}

int devp2p_test_peer(devp2p_peer **out, const char *name,
    const devp2p_cap *caps, size_t n, uint32_t flags, devp2p_rw *end)
{
    const dp_env heap = { .alloc = dp_default_alloc };
    dp_hello hello = {
        .version = DP_P2P_VERSION,
        .name = { (const uint8_t *)name, strlen(name) },
        .caps = caps,
        .ncaps = n,
    };

    *out = NULL;
    if (end && !dp_pipe_of(end))
        return dp_fail(DEVP2P_ERR_INVALID, "the rw is no end of a pipe");
    int err = key_of(&hello.pub, name);
    if (!err)
        err = make(out, &hello, flags, end,
            end ? dp_pipe_env(dp_pipe_of(end)) : &heap);
    return err;
}
