/* SPDX-License-Identifier: MIT */
#include "core/conduct.h"

#include "base/limits.h"

/* --- scores --- */

int dp_conduct_points(int conduct)
{
    switch (conduct) {
#define X(name, number, words)  \
    case DEVP2P_CONDUCT_##name: \
        return DP_POINTS_##name;
        DEVP2P_CONDUCTS(X)
#undef X
    default:
        return 0;
    }
}

int dp_conduct_add(int score, int points)
{
    if (points > DP_SCORE_MAX - score)
        return DP_SCORE_MAX;
    if (points < DP_SCORE_MIN - score)
        return DP_SCORE_MIN;
    return score + points;
}

int dp_conduct_fade(int score, uint64_t *since, uint64_t now)
{
    while (now - *since >= DP_SCORE_HALF_NS && score) {
        score /= 2;
        *since += DP_SCORE_HALF_NS;
    }
    if (!score)
        *since = now;
    return score;
}

/* --- classes --- */

dp_backoff dp_backoff_of_score(int score)
{
    if (score <= DP_SCORE_LONG)
        return DP_BACKOFF_LONG;
    if (score <= DP_SCORE_MEDIUM)
        return DP_BACKOFF_MEDIUM;
    return score <= DP_SCORE_SHORT ? DP_BACKOFF_SHORT : DP_BACKOFF_NONE;
}

uint64_t dp_backoff_ns(dp_backoff class, unsigned n, uint64_t first)
{
    static const unsigned times[] = { 0, 1, 6, 30 };
    uint64_t ns = first * times[class]; /* an hour's 30 at most: no overflow */

    return ns > DP_BACKOFF_MAX_NS / n ? DP_BACKOFF_MAX_NS : ns * n;
}

int dp_conduct_of_end(int code, bool remote)
{
    if (remote)
        return 0;
    switch (code) {
    case DEVP2P_DISC_PROTOCOL_ERROR:
    case DEVP2P_ERR_FRAME_SIZE:
        return DP_POINTS_BREACH;
    case DEVP2P_DISC_READ_TIMEOUT:
    case DEVP2P_ERR_STALLED:
        return DP_POINTS_SILENT;
    default:
        return 0;
    }
}

dp_backoff dp_backoff_of_reason(int reason)
{
    switch (reason) {
    case DEVP2P_DISC_PROTOCOL_ERROR:
    case DEVP2P_DISC_SUBPROTOCOL_ERROR:
        return DP_BACKOFF_MEDIUM;
    case DEVP2P_DISC_USELESS_PEER:
    case DEVP2P_DISC_INCOMPATIBLE_VERSION:
    case DEVP2P_DISC_INVALID_IDENTITY:
    case DEVP2P_DISC_UNEXPECTED_IDENTITY:
    case DEVP2P_DISC_SELF:
        return DP_BACKOFF_LONG;
    default: /* too many peers, quitting, or what we do not know */
        return DP_BACKOFF_SHORT;
    }
}

dp_backoff dp_backoff_of_dial(int code, bool remote)
{
    if (remote)
        return dp_backoff_of_reason(code);
    switch (code) {
    case DEVP2P_DISC_USELESS_PEER: /* nothing in common; also not welcome */
    case DEVP2P_DISC_INCOMPATIBLE_VERSION:
    case DEVP2P_DISC_INVALID_IDENTITY:
    case DEVP2P_DISC_UNEXPECTED_IDENTITY:
        return DP_BACKOFF_LONG;
    case DEVP2P_DISC_PROTOCOL_ERROR:
    case DEVP2P_ERR_HANDSHAKE:
    case DEVP2P_ERR_FRAME_SIZE:
    case DEVP2P_ERR_FRAME_MAC:
        return DP_BACKOFF_MEDIUM;
    case DEVP2P_ERR_NOMEM: /* ours */
    case DEVP2P_ERR_RANDOM:
    case DEVP2P_ERR_LIMIT:
    case DEVP2P_ERR_AGAIN:
    case DEVP2P_ERR_EXISTS:
    case DEVP2P_ERR_BANNED:
    case DEVP2P_DISC_SUBPROTOCOL_ERROR:
    case DEVP2P_DISC_TOO_MANY_PEERS:
    case DEVP2P_DISC_ALREADY_CONNECTED:
    case DEVP2P_DISC_REQUESTED:
    case DEVP2P_DISC_QUITTING:
    case DEVP2P_DISC_SELF:
        return DP_BACKOFF_NONE;
    default:
        return DP_BACKOFF_SHORT; /* out of reach, silent, gone */
    }
}
