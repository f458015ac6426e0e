/* SPDX-License-Identifier: MIT */
#include "core/access.h"

#include "base/bytes.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>

/* --- numbers --- */

/* A range is what one number may be; 0 is always its default. */
typedef struct range {
    const char *field;
    uint32_t value, least, most;
    bool none; /* DEVP2P_NONE may be said too */
} range;

static int check_range(const range *r)
{
    if (r->value == 0 || (r->none && r->value == DEVP2P_NONE) ||
        (r->value >= r->least && r->value <= r->most))
        return 0;
    return dp_fail(DEVP2P_ERR_INVALID, "%s: %u is not from %u to %u", r->field,
        r->value, r->least, r->most);
}

static int check_numbers(const dp_access *a)
{
    const range all[] = {
        { "dial_ratio", a->dial_ratio, 1, DP_DIAL_RATIO_MAX, true },
        { "max_pending_in", a->max_pending_in, 1, DP_PENDING_MOST, false },
        { "max_pending_out", a->max_pending_out, 1, DP_PENDING_MOST, false },
        { "pending_per_subnet", a->pending_per_subnet, 1, DP_PENDING_MOST,
            false },
        { "accepts_per_s", a->accepts_per_s, 1, DP_ACCEPTS_MAX, false },
        { "farewells_per_s", a->farewells_per_s, 1, DP_FAREWELLS_MAX, true },
        { "throttle_ms", a->throttle_ms, DP_THROTTLE_MS_MIN, DP_THROTTLE_MS_MAX,
            true },
        { "max_bans", a->max_bans, 1, DP_BANS_MOST, false },
        { "max_standings", a->max_standings, DP_STANDINGS_MIN,
            DP_STANDINGS_MOST, false },
        { "backoff_ms", a->backoff_ms, DP_BACKOFF_MS_MIN, DP_BACKOFF_MS_MAX,
            true },
        { "rotate_ms", a->rotate_ms, DP_ROTATE_MS_MIN, DP_ROTATE_MS_MAX,
            false },
    };
    int err = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all && !err; i++)
        err = check_range(&all[i]);
    return err;
}

/* --- lists --- */

/* detailed is dp_fail with the place and what the last error said. */
static int detailed(int err, const char *field, size_t i)
{
    char said[256];

    snprintf(said, sizeof said, "%s", devp2p_last_detail());
    return dp_fail(err, "%s[%zu]: %s", field, i, said);
}

/* read_id takes 64 hex digits, or the URL of a node. */
static int read_id(devp2p_id *out, const char *text)
{
    devp2p_node node;

    if (strlen(text) == 2 * sizeof out->b &&
        dp_unhex(out->b, sizeof out->b, text, strlen(text)))
        return 0;
    if (devp2p_node_parse(&node, text))
        return dp_fail(DEVP2P_ERR_URL,
            "neither 64 hex digits nor the enode URL of a node");
    *out = node.id;
    return 0;
}

static int check_ids(const char *const *texts)
{
    devp2p_id id;

    for (size_t i = 0; texts && texts[i]; i++) {
        if (i == DP_ALLOWED_MAX)
            return dp_fail(DEVP2P_ERR_INVALID,
                "allow_ids: more than %d, or no NULL at the end",
                DP_ALLOWED_MAX);
        int err = read_id(&id, texts[i]);
        if (err)
            return detailed(err, "allow_ids", i);
    }
    return 0;
}

static int check_nets(const char *const *texts)
{
    size_t n = 0, more;

    for (size_t i = 0; texts && texts[i]; i++) {
        int err = dp_netlist_parse(NULL, DP_NETS_MAX - n, &more, texts[i]);
        if (err == DEVP2P_ERR_LIMIT || (!err && i == DP_NETS_MAX))
            return dp_fail(DEVP2P_ERR_INVALID,
                "net_restrict: more than %d networks, or no NULL at the end",
                DP_NETS_MAX);
        if (err)
            return detailed(err, "net_restrict", i);
        n += more;
    }
    return 0;
}

int dp_access_check(const dp_access *a)
{
    int err = check_numbers(a);

    if (!err)
        err = check_nets(a->net_restrict);
    if (!err)
        err = check_ids(a->allow_ids);
    return err;
}

int dp_access_ids(
    dp_map **out, const dp_access *a, const dp_env *env, const uint8_t salt[16])
{
    const char *const *texts = a->allow_ids;
    size_t n = 0;
    devp2p_id id;

    *out = NULL;
    if (!texts)
        return 0;
    while (texts[n])
        n++;
    int err = dp_map_new(out, env, salt, n, sizeof id);
    for (size_t i = 0; i < n && !err; i++) {
        err = read_id(&id, texts[i]);
        if (!err && dp_map_put(*out, &id, *out) == DEVP2P_ERR_LIMIT)
            err = DEVP2P_ERR_LIMIT;
    }
    return err;
}

size_t dp_access_nets(dp_net *out, const dp_access *a)
{
    const char *const *texts = a->net_restrict;
    size_t n = 0, more;

    for (size_t i = 0; texts && texts[i]; i++)
        if (!dp_netlist_parse(
                out ? out + n : NULL, DP_NETS_MAX - n, &more, texts[i]))
            n += more;
    return n;
}

/* --- slots --- */

dp_slots dp_slots_of(uint32_t max_peers, const dp_access *a)
{
    size_t up = max_peers == DEVP2P_NONE ? 0 : max_peers;
    size_t ratio = dp_or(a->dial_ratio, DP_DIAL_RATIO);
    dp_slots s = {
        .up = up,
        .most = up + DP_TRUSTED_MAX,
        .inbound = up,
        .dialled = up,
        .pending_in = dp_or(a->max_pending_in, DP_PENDING_MAX),
        .pending_out = dp_or(a->max_pending_out, DP_PENDING_MAX),
    };

    if (a->no_dial) {
        s.dialled = 0;
    } else if (ratio != DEVP2P_NONE && up) {
        s.dialled = up / ratio ? up / ratio : 1;
        s.inbound = up - s.dialled;
    }
    return s;
}
