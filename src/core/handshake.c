/* SPDX-License-Identifier: MIT */
#include "core/handshake.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "core/ec_job.h"

/* START: the initiator has its packet to make.  READ: the peer's packet comes
 * in.  WHOLE: it is there.  WORKING: the job is out. */
typedef enum place { START, READ, WHOLE, WORKING, DONE, FAILED } place;

struct dp_handshake {
    dp_env env;
    dp_ec *ec; /* NULL while WORKING */
    place place;
    size_t sent;
};

int dp_handshake_new(dp_handshake **out, const dp_handshake_setup *setup)
{
    *out = NULL;
    dp_handshake *h = dp_alloc(setup->env, sizeof *h);
    if (!h)
        return DEVP2P_ERR_NOMEM;
    h->env = *setup->env;
    h->place = setup->dial ? START : READ;
    int err = dp_ec_new(&h->ec, setup);
    if (err)
        dp_free(setup->env, h, sizeof *h);
    else
        *out = h;
    return err;
}

void dp_handshake_free(dp_handshake *h)
{
    if (!h)
        return;
    dp_ec_free(h->ec);
    dp_env env = h->env;
    dp_free(&env, h, sizeof *h);
}

/* wanted is the length of the peer's packet as far as it is known. */
static size_t wanted(const dp_ec *ec)
{
    return ec->in_len < 2 ? 2 : (size_t)2 + dp_get16(ec->in);
}

/* dp_handshake_room: an answer to a packet that is not out yet is none. */
size_t dp_handshake_room(dp_handshake *h, uint8_t **at)
{
    if (h->place != READ || h->sent < h->ec->out_len)
        return 0;
    *at = h->ec->in + h->ec->in_len;
    return wanted(h->ec) - h->ec->in_len;
}

int dp_handshake_recv(dp_handshake *h, size_t n)
{
    uint8_t *at;
    dp_assert(n <= dp_handshake_room(h, &at));
    dp_ec *ec = h->ec;
    ec->in_len += n;
    if (ec->in_len == 2) {
        size_t size = dp_get16(ec->in);
        if (size <= DP_ECIES_OVERHEAD || size > DP_HANDSHAKE_PACKET_MAX) {
            h->place = FAILED;
            return DEVP2P_ERR_HANDSHAKE;
        }
    }
    if (ec->in_len == wanted(ec))
        h->place = WHOLE;
    return 0;
}

int dp_handshake_ec(dp_handshake *h, dp_ec **ec)
{
    *ec = NULL;
    if (h->place != START && h->place != WHOLE)
        return 0;
    /* the initiator draws once, for both of its steps */
    if (h->ec->step != DP_EC_READ_ACK) {
        int err = dp_ec_draw(h->ec);
        if (err)
            return err;
    }
    *ec = h->ec;
    h->ec = NULL;
    h->place = WORKING;
    return 0;
}

int dp_handshake_ec_done(dp_handshake *h, dp_ec *ec)
{
    dp_assert(h->place == WORKING);
    h->ec = ec;
    if (ec->err) {
        h->place = FAILED;
        return ec->err;
    }
    h->place = DONE;
    if (ec->step == DP_EC_MAKE_AUTH) {
        ec->step = DP_EC_READ_ACK;
        ec->err = DEVP2P_ERR_HANDSHAKE; /* until that step has run */
        h->place = READ;
    }
    return 0;
}

size_t dp_handshake_out(const dp_handshake *h, const uint8_t **at)
{
    if (h->place == WORKING || h->place == FAILED)
        return 0;
    *at = h->ec->out + h->sent;
    return h->ec->out_len - h->sent;
}

void dp_handshake_sent(dp_handshake *h, size_t n)
{
    const uint8_t *at;
    dp_assert(n <= dp_handshake_out(h, &at));
    h->sent += n;
}

bool dp_handshake_done(const dp_handshake *h)
{
    return h->place == DONE;
}

const uint8_t *dp_handshake_token(const dp_handshake *h)
{
    return h->ec->token_new ? h->ec->token : NULL;
}

void dp_handshake_take(
    dp_handshake *h, devp2p_pubkey *peer, dp_secrets *secrets)
{
    dp_assert(h->place == DONE);
    *peer = h->ec->peer;
    *secrets = h->ec->secrets;
    dp_wipe(&h->ec->secrets, sizeof h->ec->secrets);
}
