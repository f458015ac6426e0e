/* SPDX-License-Identifier: MIT */
#include "core/rules.h"

#include "base/limits.h"

#include <inttypes.h>

static const dp_rule no_rule = { .class = DP_NORMAL,
    .max_size = DP_MESSAGE_MAX };

size_t dp_rules_count(const devp2p_rule *table)
{
    size_t n = 0;

    while (table && n <= DP_RULES_MAX && table[n].priority)
        n++;
    return n;
}

/* --- checks --- */

static bool twice(const devp2p_rule *table, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (table[k].code == table[i].code)
            return true;
    return false;
}

/* check_rule looks at row i, those before it are fine. */
static int check_rule(const devp2p_rule *table, size_t i, uint32_t length,
    const char *field, size_t at)
{
    const devp2p_rule *r = &table[i];

    if (r->code >= length && r->code != DEVP2P_OTHER_CODES)
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].rules[%zu].code: %" PRIu64 " is none of its %u codes",
            field, at, i, r->code, length);
    if ((unsigned)r->priority > DEVP2P_BULK)
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].rules[%zu].priority: %u is no priority", field, at, i,
            (unsigned)r->priority);
    if (r->max_size > DP_MESSAGE_MAX)
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].rules[%zu].max_size: %u is more than %d", field, at, i,
            r->max_size, DP_MESSAGE_MAX);
    if (twice(table, i))
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].rules[%zu]: there are two for code %" PRIu64, field, at, i,
            r->code);
    return 0;
}

int dp_rules_check(
    const devp2p_rule *table, uint32_t length, const char *field, size_t at)
{
    size_t n = dp_rules_count(table);
    int err = 0;

    if (n > DP_RULES_MAX)
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].rules: more than %d, or no row without a priority at the "
            "end",
            field, at, DP_RULES_MAX);
    for (size_t i = 0; i < n && !err; i++)
        err = check_rule(table, i, length, field, at);
    return err;
}

/* --- life --- */

static dp_rule translate(const devp2p_rule *row, size_t bucket)
{
    return (dp_rule){ .code = row->code,
        .class = (dp_class)(row->priority - DEVP2P_URGENT),
        .max_size = row->max_size ? row->max_size : DP_MESSAGE_MAX,
        .per_second = row->per_second,
        .bucket = bucket };
}

int dp_rules_init(dp_rules *out, const dp_env *env, const devp2p_rule *table)
{
    size_t n = dp_rules_count(table);

    *out = (dp_rules){ .n = 0 };
    if (n == 0)
        return 0;
    out->v = dp_alloc(env, n * sizeof *out->v);
    if (!out->v)
        return DEVP2P_ERR_NOMEM;
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        dp_rule rule = translate(&table[i], out->nbuckets);
        size_t k = i;
        for (; k > 0 && out->v[k - 1].code > rule.code; k--)
            out->v[k] = out->v[k - 1];
        out->v[k] = rule;
        out->nbuckets += rule.per_second > 0;
    }
    return 0;
}

void dp_rules_fini(dp_rules *r, const dp_env *env)
{
    dp_free(env, r->v, r->n * sizeof *r->v);
    *r = (dp_rules){ .n = 0 };
}

/* --- asking --- */

/* dp_rules_of: the rule for the other codes, which have the highest number, is
 * the last one. */
const dp_rule *dp_rules_of(const dp_rules *r, uint64_t code)
{
    if (!r || r->n == 0)
        return &no_rule;
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->v[mid].code < code)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < r->n && r->v[low].code == code)
        return &r->v[low];
    const dp_rule *last = &r->v[r->n - 1];
    return last->code == DEVP2P_OTHER_CODES ? last : &no_rule;
}
