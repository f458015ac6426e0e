/* SPDX-License-Identifier: MIT */
#include "wire/hello.h"

#include "base/limits.h"
#include "rlp/arena.h"
#include "rlp/uint.h"

#include <string.h>

/* The shortest capability is a list of two empty strings; beside them a Hello
 * has at least 75 bytes. */
_Static_assert(
    (DP_HELLO_MAX - 75) / 3 * sizeof(devp2p_cap) + 15 <= DP_HELLO_ARENA,
    "no Hello has more capabilities");

static void read_caps(devp2p_rlp_reader *r, dp_hello *out, devp2p_arena *arena)
{
    devp2p_rlp_enter(r);
    size_t n = devp2p_rlp_count(r);
    devp2p_cap *caps = n ? dp_arena_take(arena, n, sizeof *caps) : NULL;
    if (n && !caps) {
        r->err = DEVP2P_ERR_NOBUF;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        devp2p_rlp_enter(r);
        caps[i].name = devp2p_rlp_get_bytes(r);
        caps[i].version = devp2p_rlp_get_u64(r);
        devp2p_rlp_leave(r);
    }
    devp2p_rlp_leave(r);
    out->caps = caps;
    out->ncaps = n;
}

/* read_port takes any byte string: nobody uses the number, and some peers write
 * a zero with its own byte. */
static uint64_t read_port(devp2p_rlp_reader *r)
{
    devp2p_slice bytes = devp2p_rlp_get_bytes(r);
    return bytes.len <= 8 ? dp_uint_read(bytes.at, bytes.len) : 0;
}

static bool read_pub(devp2p_rlp_reader *r, devp2p_pubkey *out)
{
    static const devp2p_pubkey zero;
    devp2p_slice bytes = devp2p_rlp_get_bytes(r);
    if (bytes.len != sizeof out->b)
        return false;
    memcpy(out->b, bytes.at, sizeof out->b);
    return memcmp(out, &zero, sizeof zero) != 0;
}

int dp_hello_read(
    dp_hello *out, const uint8_t *at, size_t len, devp2p_arena *arena)
{
    *out = (dp_hello){ 0 };
    if (len > DP_HELLO_MAX)
        return DEVP2P_ERR_TOO_BIG;
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_enter(&r);
    out->version = devp2p_rlp_get_u64(&r);
    out->name = devp2p_rlp_get_bytes(&r);
    read_caps(&r, out, arena);
    out->port = read_port(&r);
    bool has_pub = read_pub(&r, &out->pub);
    devp2p_rlp_leave_early(&r);
    if (r.err)
        return r.err;
    return has_pub ? 0 : DEVP2P_ERR_KEY;
}

int dp_hello_write(uint8_t *out, size_t cap, size_t *len, const dp_hello *hello)
{
    devp2p_rlp_writer w = devp2p_rlp_write(out, cap);
    devp2p_rlp_open(&w);
    devp2p_rlp_put_u64(&w, hello->version);
    devp2p_rlp_put_bytes(&w, hello->name.at, hello->name.len);
    devp2p_rlp_open(&w);
    for (size_t i = 0; i < hello->ncaps; i++) {
        const devp2p_cap *c = &hello->caps[i];
        devp2p_rlp_open(&w);
        devp2p_rlp_put_bytes(&w, c->name.at, c->name.len);
        devp2p_rlp_put_u64(&w, c->version);
        devp2p_rlp_close(&w);
    }
    devp2p_rlp_close(&w);
    devp2p_rlp_put_u64(&w, hello->port);
    devp2p_rlp_put_bytes(&w, hello->pub.b, sizeof hello->pub.b);
    devp2p_rlp_close(&w);
    devp2p_slice written;
    int err = devp2p_rlp_finish(&w, &written);
    *len = written.len;
    return err;
}
