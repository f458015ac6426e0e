/* SPDX-License-Identifier: MIT */
#include "core/book_row.h"

#include "base/addr.h"
#include "base/limits.h"

#include <string.h>

enum {
    HEAD = 2, /* 'B' and the kind */
    VERSION = 1,
    BAN_VALUE = 17,
    V4_KEY = HEAD + 2 + 4,
    V6_KEY = HEAD + 2 + 16,
    MAPPED_BITS = 96 /* before an IPv4 address mapped into IPv6 */
};

/* --- keys --- */

static size_t ip_len(uint8_t family)
{
    return family == 4 ? 4 : 16;
}

void dp_book_key(uint8_t out[DP_BOOK_KEY], const devp2p_ban *ban)
{
    memset(out, 0, DP_BOOK_KEY);
    out[0] = 'B';
    out[1] = ban->net.family ? DP_BOOK_NET : DP_BOOK_ID;
    if (!ban->net.family) {
        memcpy(out + HEAD, ban->id.b, sizeof ban->id.b);
        return;
    }
    out[2] = ban->net.family;
    out[3] = (uint8_t)ban->bits;
    memcpy(out + 4, ban->net.ip, ip_len(ban->net.family));
}

void dp_book_key_of_id(uint8_t out[DP_BOOK_KEY], const devp2p_id *id)
{
    out[0] = 'B';
    out[1] = DP_BOOK_STANDING;
    memcpy(out + HEAD, id->b, sizeof id->b);
}

size_t dp_book_key_len(const uint8_t key[DP_BOOK_KEY])
{
    if (key[1] != DP_BOOK_NET)
        return DP_BOOK_KEY;
    return key[2] == 4 ? V4_KEY : V6_KEY;
}

devp2p_ban dp_book_ban_of(const uint8_t key[DP_BOOK_KEY])
{
    devp2p_ban ban = { .bits = 0 };

    if (key[1] == DP_BOOK_ID) {
        memcpy(ban.id.b, key + HEAD, sizeof ban.id.b);
        return ban;
    }
    ban.net.family = key[2];
    ban.bits = key[3];
    memcpy(ban.net.ip, key + 4, ip_len(key[2]));
    return ban;
}

/* --- values --- */

static void put64(uint8_t *at, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        at[i] = (uint8_t)v;
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | at[i];
    return v;
}

size_t dp_book_value(uint8_t out[DP_BOOK_VALUE], const dp_book_row *row)
{
    uint16_t score = (uint16_t)(row->score - DP_SCORE_MIN);

    out[0] = VERSION;
    if (row->kind != DP_BOOK_STANDING) {
        put64(out + 1, row->ban.until_ms);
        put64(out + 9, row->length);
        return BAN_VALUE;
    }
    put64(out + 1, row->scored);
    put64(out + 9, row->avoid);
    put64(out + 17, row->shun);
    out[25] = (uint8_t)(score >> 8);
    out[26] = (uint8_t)score;
    out[27] = row->strikes;
    out[28] = row->misses;
    return DP_BOOK_VALUE;
}

/* --- reading --- */

/* whole: nothing is set behind the bits of a network, and IPv4 is not dressed
 * up as IPv6. */
static bool whole(const devp2p_ban *ban)
{
    size_t len = ip_len(ban->net.family);

    if (ban->bits > 8 * len)
        return false;
    if (ban->bits >= MAPPED_BITS &&
        dp_addr_unmap(&ban->net).family != ban->net.family)
        return false;
    for (size_t i = ban->bits; i < 8 * len; i++)
        if (ban->net.ip[i / 8] >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool read_key(dp_book_row *out, devp2p_slice key)
{
    uint8_t padded[DP_BOOK_KEY] = { 0 };

    out->kind = (dp_book_kind)key.at[1];
    if (key.len > DP_BOOK_KEY)
        return false;
    memcpy(padded, key.at, key.len);
    if (out->kind == DP_BOOK_NET && padded[2] != 4 && padded[2] != 6)
        return false;
    if (key.len != dp_book_key_len(padded))
        return false;
    if (out->kind == DP_BOOK_STANDING) {
        memcpy(out->id.b, padded + HEAD, sizeof out->id.b);
        return true;
    }
    out->ban = dp_book_ban_of(padded);
    return out->kind == DP_BOOK_ID || whole(&out->ban);
}

/* read_ban: one without an end has no length either. */
static bool read_ban(dp_book_row *out, devp2p_slice value)
{
    if (value.len != BAN_VALUE)
        return false;
    out->ban.until_ms = get64(value.at + 1);
    out->length = get64(value.at + 9);
    return out->length <= DP_BAN_MS_MAX && !out->length == !out->ban.until_ms;
}

static bool read_standing(dp_book_row *out, devp2p_slice value)
{
    if (value.len != DP_BOOK_VALUE)
        return false;
    out->scored = get64(value.at + 1);
    out->avoid = get64(value.at + 9);
    out->shun = get64(value.at + 17);
    int score = value.at[25] << 8 | value.at[26];
    out->score = score + DP_SCORE_MIN;
    out->strikes = value.at[27];
    out->misses = value.at[28];
    return score <= DP_SCORE_MAX - DP_SCORE_MIN;
}

int dp_book_read(dp_book_row *out, const dp_row *row)
{
    devp2p_slice key = row->key, value = row->value;

    memset(out, 0, sizeof *out);
    if (key.len < HEAD || key.at[0] != 'B' || !memchr("inr", key.at[1], 3))
        return DEVP2P_ERR_NOT_FOUND;
    if (!read_key(out, key) || value.len == 0 || value.at[0] != VERSION)
        return DEVP2P_ERR_INVALID;
    bool good = out->kind == DP_BOOK_STANDING ? read_standing(out, value)
                                              : read_ban(out, value);
    return good ? 0 : DEVP2P_ERR_INVALID;
}
