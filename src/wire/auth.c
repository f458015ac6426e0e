/* SPDX-License-Identifier: MIT */
#include "wire/auth.h"

#include "base/assert.h"

#include <devp2p/rlp.h>

/* end is the end of both bodies: a version that may be any number, and elements
 * and bytes that later versions may have added (EIP-8). */
static int end(devp2p_rlp_reader *r)
{
    devp2p_rlp_get_u64(r);
    devp2p_rlp_leave_early(r);
    return r->err;
}

int dp_auth_read(dp_auth *out, const uint8_t *at, size_t len)
{
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_enter(&r);
    devp2p_rlp_get_fixed(&r, out->sig.b, sizeof out->sig.b);
    devp2p_rlp_get_fixed(&r, out->pub, sizeof out->pub);
    devp2p_rlp_get_fixed(&r, out->nonce, sizeof out->nonce);
    return end(&r);
}

int dp_ack_read(dp_ack *out, const uint8_t *at, size_t len)
{
    devp2p_rlp_reader r = devp2p_rlp_read(at, len);
    devp2p_rlp_enter(&r);
    devp2p_rlp_get_fixed(&r, out->eph, sizeof out->eph);
    devp2p_rlp_get_fixed(&r, out->nonce, sizeof out->nonce);
    return end(&r);
}

/* finish writes the version and gives the length, for which there is room. */
static size_t finish(devp2p_rlp_writer *w)
{
    devp2p_slice written;
    devp2p_rlp_put_u64(w, DP_AUTH_VERSION);
    devp2p_rlp_close(w);
    int err = devp2p_rlp_finish(w, &written);
    dp_assert(!err);
    return written.len;
}

size_t dp_auth_write(uint8_t out[DP_AUTH_BODY_MAX], const dp_auth *auth)
{
    devp2p_rlp_writer w = devp2p_rlp_write(out, DP_AUTH_BODY_MAX);
    devp2p_rlp_open(&w);
    devp2p_rlp_put_bytes(&w, auth->sig.b, sizeof auth->sig.b);
    devp2p_rlp_put_bytes(&w, auth->pub, sizeof auth->pub);
    devp2p_rlp_put_bytes(&w, auth->nonce, sizeof auth->nonce);
    return finish(&w);
}

size_t dp_ack_write(uint8_t out[DP_ACK_BODY_MAX], const dp_ack *ack)
{
    devp2p_rlp_writer w = devp2p_rlp_write(out, DP_ACK_BODY_MAX);
    devp2p_rlp_open(&w);
    devp2p_rlp_put_bytes(&w, ack->eph, sizeof ack->eph);
    devp2p_rlp_put_bytes(&w, ack->nonce, sizeof ack->nonce);
    return finish(&w);
}
