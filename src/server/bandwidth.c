/* SPDX-License-Identifier: MIT */
#include "server/bandwidth.h"

#include "base/env.h"
#include "base/limits.h"

/* A bound is one number of the configuration. */
typedef struct bound {
    const char *field;
    uint32_t theirs, standard, least, most;
    bool none; /* DEVP2P_NONE means no bound */
} bound;

static int check(uint32_t *out, const bound *b)
{
    uint32_t n = b->theirs ? b->theirs : b->standard;

    *out = n;
    if (n == b->standard || (n >= b->least && n <= b->most) ||
        (b->none && n == DEVP2P_NONE))
        return 0;
    return dp_fail(DEVP2P_ERR_INVALID, "%s: %u is not from %u to %u", b->field,
        n, b->least, b->most);
}

static int check_rates(dp_bandwidth *out, const devp2p_config *cfg)
{
    const struct {
        uint32_t *out;
        const char *field;
        uint32_t theirs;
    } rates[] = {
        { &out->in_per_s, "bytes_in_per_s", cfg->bytes_in_per_s },
        { &out->out_per_s, "bytes_out_per_s", cfg->bytes_out_per_s },
        { &out->peer_in_per_s, "peer_bytes_in_per_s",
            cfg->peer_bytes_in_per_s },
        { &out->peer_out_per_s, "peer_bytes_out_per_s",
            cfg->peer_bytes_out_per_s },
    };
    int err = 0;

    for (size_t i = 0; i < sizeof rates / sizeof *rates && !err; i++) {
        const bound b = { rates[i].field, rates[i].theirs, 0, DP_RATE_MIN,
            UINT32_MAX, false };
        err = check(rates[i].out, &b);
    }
    return err;
}

/* total is a bound that the loops have equal parts of, each enough for what one
 * session may need. */
static bound total(const char *field, uint32_t theirs, uint32_t standard,
    uint32_t least, uint32_t loops)
{
    bound b = { field, theirs, standard, least * loops, UINT32_MAX - 1, true };

    if (standard < b.least)
        b.standard = b.least;
    return b;
}

int dp_bandwidth_init(dp_bandwidth *out, const devp2p_config *cfg)
{
    uint32_t loops = cfg->io_threads ? cfg->io_threads : 1;
    const bound send = { "send_mark", cfg->send_mark, DP_SEND_MARK, DP_MARK_MIN,
        DP_MARK_MAX, false };
    const bound recv = { "recv_mark", cfg->recv_mark, DP_RECV_MARK, DP_MARK_MIN,
        DP_MARK_MAX, false };
    const bound send_total = total(
        "send_total", cfg->send_total, DP_SEND_TOTAL, DP_SEND_TOTAL_MIN, loops);
    const bound recv_total = total(
        "recv_total", cfg->recv_total, DP_RECV_TOTAL, DP_RECV_TOTAL_MIN, loops);
    int err = check_rates(out, cfg);

    out->loops = loops;
    if (!err)
        err = check(&out->send_mark, &send);
    if (!err)
        err = check(&out->recv_mark, &recv);
    if (!err)
        err = check(&out->send_total, &send_total);
    if (!err)
        err = check(&out->recv_total, &recv_total);
    return err;
}

void dp_bandwidth_write(const dp_bandwidth *b, devp2p_config *out)
{
    out->bytes_in_per_s = b->in_per_s;
    out->bytes_out_per_s = b->out_per_s;
    out->peer_bytes_in_per_s = b->peer_in_per_s;
    out->peer_bytes_out_per_s = b->peer_out_per_s;
    out->send_mark = b->send_mark;
    out->recv_mark = b->recv_mark;
    out->send_total = b->send_total;
    out->recv_total = b->recv_total;
    out->io_threads = b->loops;
}

size_t dp_bandwidth_total(uint32_t total)
{
    return total == DEVP2P_NONE ? SIZE_MAX : total;
}

void dp_bandwidth_apply(const dp_bandwidth *b, dp_node_self *self, dp_rate *in,
    dp_rate *out, dp_budget *recv, dp_budget *send)
{
    self->bounds = (dp_bounds){ .in_per_s = b->peer_in_per_s,
        .out_per_s = b->peer_out_per_s,
        .send_mark = b->send_mark,
        .recv_mark = b->recv_mark };
    in->per_s = b->in_per_s;
    out->per_s = b->out_per_s;
    recv->limit = dp_bandwidth_total(b->recv_total) / b->loops;
    send->limit = dp_bandwidth_total(b->send_total) / b->loops;
    self->in = in;
    self->out = out;
    self->recv = recv;
    self->send = send;
}
